"""Time zones: the hour that comes twice, the one that never comes, and back."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive_resampling as naive
from amiss.errors import ParameterError
from amiss.reading.zones import check_zone, from_the_wall, local_texts, on_the_wall, zone_named

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # sets its clocks by half an hour
    "Africa/Casablanca",
    "UTC",
)


def moments(*texts):
    return np.array(texts, "datetime64[us]")


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        (
            "Europe/Berlin",
            ["2024-10-27T01:30", "2024-10-27T02:00", "2024-10-27T02:30", "2024-10-27T02:00", "2024-10-27T03:00"],
            ["2024-10-26T23:30", "2024-10-27T00:00", "2024-10-27T00:30", "2024-10-27T01:00", "2024-10-27T02:00"],
        ),
        (
            "America/New_York",
            ["2024-11-03T00:00", "2024-11-03T01:00", "2024-11-03T01:00", "2024-11-03T02:00"],
            ["2024-11-03T04:00", "2024-11-03T05:00", "2024-11-03T06:00", "2024-11-03T07:00"],
        ),
        (  # sorted: each time of the hour stands twice, one behind the other
            "Europe/Berlin",
            ["2024-10-27T02:00", "2024-10-27T02:00", "2024-10-27T02:30", "2024-10-27T02:30"],
            ["2024-10-27T00:00", "2024-10-27T01:00", "2024-10-27T00:30", "2024-10-27T01:30"],
        ),
        ("Europe/Berlin", ["2024-10-27T02:00", "2024-10-27T02:30"], ["2024-10-27T00:00", "2024-10-27T00:30"]),
        ("UTC+05:30", ["2024-01-01T00:00"], ["2023-12-31T18:30"]),
    ],
)  # fmt: skip
def test_of_an_hour_that_comes_twice_the_first_is_first(zone, wall, utc):
    """By the order of the rows; where nothing tells, it is the first time."""
    found, never = from_the_wall(moments(*wall), zone_named(zone))
    assert found.tolist() == moments(*utc).tolist()
    assert not never.any()


@pytest.mark.parametrize(
    ("zone", "wall", "never"),
    [
        ("Europe/Berlin", ["2024-03-31T01:59", "2024-03-31T02:00", "2024-03-31T03:00"], [False, True, False]),
        ("America/New_York", ["2024-03-10T02:30", "2024-03-10T03:00"], [True, False]),
    ],
)
def test_a_time_that_never_comes_is_told(zone, wall, never):
    """The hour in which clocks are set forward."""
    assert from_the_wall(moments(*wall), zone_named(zone))[1].tolist() == never


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1)), min_size=1, max_size=8),
)
def test_the_wall_is_that_of_the_twin(zone, texts):
    """There: moment by moment as Python has it. Back: as Python, the first time where there are two."""
    where = ZoneInfo(zone)
    times = np.array(texts, "datetime64[us]")
    assert on_the_wall(times, where).tolist() == naive.on_the_wall(texts, where)
    for text in texts:
        utc, never = from_the_wall(np.array([text], "datetime64[us]"), where)
        assert utc.tolist() == [naive.from_the_wall(text, where)]
        assert never.tolist() == [naive.never(text, where)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_year_of_local_times_comes_back(zone):
    """Every ten minutes of a year, told in local time without a zone, are read as they were."""
    utc = np.datetime64("2024-01-01", "us") + np.arange(366 * 144) * np.timedelta64(600_000_000, "us")
    wall = on_the_wall(utc, ZoneInfo(zone))
    found, never = from_the_wall(wall, ZoneInfo(zone))
    assert (found == utc).all()
    assert not never.any()


@pytest.mark.parametrize(
    ("zone", "near"),
    [
        ("Berlin", "Did you mean 'Europe/Berlin'"),
        ("europe/berlin", "Did you mean 'Europe/Berlin'"),
        ("America/New York", "Did you mean 'America/New_York'"),
        ("nowhere at all", "or None.$"),
        (1, "tz is 1, and there is no such time zone"),
        ("../../etc/passwd", "there is no such time zone"),
    ],
)
def test_a_zone_that_is_not_known_is_named_with_its_neighbours(zone, near):
    """One sentence, what is legal, and what may have been meant."""
    with pytest.raises(ParameterError, match=near):
        check_zone(zone)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+01:00", "UTC-03:30"])
def test_legal_zones(zone):
    """Names, offsets, nothing."""
    check_zone(zone)


def test_moments_beyond_the_years_of_python_are_told_in_utc():
    """A clock that runs wild is shown all the same."""
    times = moments("9999-12-31T23:30", "12000-01-01", "2024-07-01")
    assert local_texts(times, ZoneInfo("Europe/Berlin")) == [
        "9999-12-31T23:30:00+00:00",
        "12000-01-01T00:00:00+00:00",
        "2024-07-01T02:00:00+02:00",
    ]
    assert on_the_wall(times, ZoneInfo("Europe/Berlin")).shape == (3,)
