"""Calendar places: days on the wall, be they of 23 or 25 hours, leap years, months, holes that were cut."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive_seasons as naive
from amiss.reading.calendar import Calendar, Cycle
from amiss.reading.timeline import Timeline

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
NONE = np.zeros(0, np.int64)


def learnt(moments, zone=None, holidays=NONE):
    timeline = Timeline(tz=zone)
    series = timeline.fit(pd.DataFrame({"at": moments, "value": np.arange(len(moments)) % 7.0}))
    return Calendar.of(timeline, holidays), series


def as_rows(places):
    return [tuple(row) for row in zip(*(array.tolist() for array in vars(places).values()), strict=True)]


@settings(max_examples=40)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1)),
    st.sampled_from([60, 300, 420, 3600, 21600]),
    st.integers(-50, 400),
)
def test_places_are_those_on_the_wall(zone: str, first: datetime, seconds: int, start: int) -> None:
    """Time of day, day, weekday, week, date and year of a point are what Python's own dates say, before and after."""
    first, step = first.replace(microsecond=0), timedelta(seconds=seconds)
    moments = pd.date_range(pd.Timestamp(first, tz="UTC"), periods=60, freq=step).tz_convert(zone)
    calendar, _ = learnt(moments)
    assert calendar is not None
    free = first.date() + timedelta(days=1)
    calendar.holidays = np.array([(free - date(1970, 1, 1)).days])
    expected = naive.places(first + start * step, step, 100, zone, {free})
    assert as_rows(calendar.places(start, 100)) == expected


def test_a_day_of_23_and_one_of_25_hours_are_days() -> None:
    """In Berlin a Sunday in March has no slot 2, one in October has it twice; midnight stays midnight."""
    calendar, _ = learnt(pd.date_range("2024-03-25", "2024-11-04", freq="h", tz="Europe/Berlin"))
    assert calendar is not None
    places = calendar.places(0, 5400)
    spring, autumn = ((date(2024, m, d) - date(1970, 1, 1)).days for m, d in ((3, 31), (10, 27)))
    assert places.slot[places.day == spring].tolist() == [0, 1, *range(3, 24)]
    assert places.slot[places.day == autumn].tolist() == [0, 1, 2, 2, *range(3, 24)]


def test_a_date_has_one_number_in_leap_years_and_others() -> None:
    """The 1st of March is day 60 of both, the 29th of February is 59, and New Year's Eve is 365."""
    calendar, _ = learnt(pd.date_range("2023-01-01", "2025-12-31", freq="D"))
    assert calendar is not None
    places, days = calendar.places(0, 1096), pd.date_range("2023-01-01", "2025-12-31", freq="D")
    for month, day, number in ((3, 1, 60), (2, 29, 59), (12, 31, 365), (1, 1, 0)):
        found = places.date[(days.month == month) & (days.day == day)]
        assert set(found.tolist()) == {number}


@pytest.mark.parametrize("freq", ["MS", "QS", "D"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_days_and_months_are_counted_on_the_wall(freq: str, zone: str | None) -> None:
    """The moments of a grid of days, months or quarters are its own, through summer time and leap years."""
    moments = pd.date_range("2019-01-01", periods=60, freq=freq, tz=zone)
    calendar, series = learnt(moments, zone)
    assert calendar is not None
    assert len(series) == 60
    wall = moments.tz_localize(None).to_numpy().astype("datetime64[us]")
    assert (calendar.wall(np.arange(60)) == wall).all()


def test_holes_that_were_cut_are_leapt_over() -> None:
    """After a hole too long for the grid the places are those of the times, not those of the count."""
    begin = pd.date_range("2024-01-01", periods=100, freq="h")
    moments = begin.append(pd.date_range("2024-06-01 05:00", periods=100, freq="h"))
    calendar, series = learnt(moments)
    assert calendar is not None
    assert series.rows is not None
    assert len(series) < 1000
    assert (calendar.wall(series.rows.points) == moments.to_numpy().astype("datetime64[us]")).all()


def test_no_calendar_where_times_are_counted_or_missing() -> None:
    """Small numbers are no moments, and no times are none."""
    timeline = Timeline()
    timeline.fit(np.arange(20.0))
    assert Calendar.of(timeline, NONE) is None
    timeline = Timeline(time="at")
    timeline.fit(pd.DataFrame({"at": np.arange(20), "value": np.arange(20.0)}))
    assert Calendar.of(timeline, NONE) is None


def test_a_cycle_takes_the_period_for_the_day() -> None:
    """Without times, the slot is the place in the period, the weekday that of the period in the longer one."""
    places = Cycle(4, 3).places(10, 5)
    assert places.slot.tolist() == [2, 3, 0, 1, 2]
    assert places.day.tolist() == [2, 2, 3, 3, 3]
    assert places.weekday.tolist() == [2, 2, 0, 0, 0]
    assert places.week.tolist() == [0, 0, 1, 1, 1]
