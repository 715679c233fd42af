"""Departures at Newark over both changes of the clocks in 2013: real data, see tests/data/README.md."""

from __future__ import annotations

import functools
import pathlib
from typing import Any

import polars as pl
import pytest

from amiss import SeriesDetector

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")

PLACE = pathlib.Path(__file__).parent / "data" / "newark_2013.csv"
ZONE = "America/New_York"
CHANGE = {"spring": "2013-03-10", "autumn": "2013-11-03"}


def hours(season: str) -> pl.DataFrame:
    """Return the hours around a change: time as text, local; departures."""
    of_spring = pl.col("time") < "2013-07"
    return pl.read_csv(PLACE).filter(of_spring if season == "spring" else ~of_spring).drop("temperature")


def learnt(frame: pl.DataFrame, tz: str | None = ZONE) -> SeriesDetector:
    return SeriesDetector(models="fast", random_state=0, tz=tz).fit(frame)


@functools.cache
def of_season(season: str) -> SeriesDetector:
    return learnt(hours(season))


@pytest.mark.parametrize(
    ("season", "points", "missing"), [("spring", 56 * 24 - 1, 3), ("autumn", 49 * 24 + 1, 14)]
)
def test_the_grid_holds_the_hours_that_came(season: str, points: int, missing: int) -> None:
    """An hour less than days times 24 in spring, one more in autumn; none is merged, and no hole is at the change."""
    detector = of_season(season)
    assert detector.timeline_.points == points
    assert len(hours(season)) == points - missing
    assert f"0 merged, {missing} moments without data." in detector.notes_[-1]


def test_the_hour_that_comes_twice_is_two_points() -> None:
    """Each of its rows has the time it stands for; without the zone they are one time, and a note says so."""
    found = of_season("autumn").detect(hours("autumn")).evidence.times
    assert [time for time in found if time.startswith("2013-11-03T01:00")] == [
        "2013-11-03T01:00:00-04:00",
        "2013-11-03T01:00:00-05:00",
    ]
    assert learnt(hours("autumn"), tz=None).notes_[0].startswith("1 row more than there are times")


def test_no_event_is_at_the_change() -> None:
    """Nothing is amiss in spring; in autumn nothing but that rows are missing, the evening before among them."""
    assert len(of_season("spring").detect(hours("spring"))) == 0
    told = [
        (event.kind, event.label.split(":00-")[0]) for event in of_season("autumn").detect(hours("autumn"))
    ]
    assert sorted(told) == [("data stopped", "2013-10-25T19:00"), ("data stopped", "2013-11-02T19:00")]


@pytest.mark.parametrize("season", list(CHANGE))
def test_what_is_expected_follows_the_clock_on_the_wall(season: str) -> None:
    """The first departures are expected at six before the change and after it, and few are off by more than one."""
    frame = hours(season)
    detector = of_season(season)
    assert detector.periods_ == ("daily", "weekly")
    expected = frame.with_columns(detector.expected(frame), hour=pl.col("time").str.slice(11, 2).cast(int))
    after = pl.col("time") >= CHANGE[season]
    for part in (expected.filter(after), expected.filter(~after)):
        assert part.filter(pl.col("hour") == 3)["departures_expected"].max() < 2
        assert part.filter(pl.col("hour") == 6)["departures_expected"].min() > 8
        assert (part["departures"] - part["departures_expected"]).abs().mean() < 1.5


@pytest.mark.parametrize(("season", "hours_of_the_day", "twice"), [("spring", 23, 0), ("autumn", 25, 1)])
def test_a_forecast_over_the_change_keeps_the_wall(season: str, hours_of_the_day: int, twice: int) -> None:
    """The day of the change has 23 or 25 hours, and the morning comes at six; nine in ten points lie in the band."""
    before = hours(season).filter(pl.col("time") < ("2013-03-09" if season == "spring" else "2013-11-02"))
    told = learnt(before).forecast(72)
    time: Any = told["time"]
    day = told.filter(time.dt.strftime("%F") == CHANGE[season])
    hour = day["time"].dt.hour().to_list()
    assert len(hour) == hours_of_the_day
    assert hour.count(1) == 1 + twice
    assert hour.count(2) == (season == "autumn")
    expected = dict(zip(hour, day["departures_expected"].to_list(), strict=True))
    assert max(expected[at] for at in (0, 1, 3, 4)) < 2
    assert expected[6] > 8
    seen = hours(season).with_columns(pl.col("time").str.to_datetime()).unique("time", keep="none")
    joined = told.with_columns(time=time.dt.replace_time_zone(None)).join(seen, on="time")
    inside = joined.filter(pl.col("departures").is_between("departures_lower", "departures_upper"))
    assert len(inside) >= 0.9 * len(joined) > 50
