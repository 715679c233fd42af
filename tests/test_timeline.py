"""Timeline: the time column, the channels, the step, the zone, and where a stretch stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from amiss.errors import DataError
from amiss.reading.timeline import Timeline

HOURS = np.datetime64("2026-03-01", "us") + np.arange(10) * np.timedelta64(1, "h")


def frame(**more):
    return pl.DataFrame({"at": HOURS, "load": np.arange(10.0), **more})


def test_the_column_of_dates_is_the_time():
    """Without being told, dates are the time, numbers the channels, other text is left out."""
    timeline = Timeline()
    series = timeline.fit(frame(host=["a"] * 10))
    assert timeline.time == "at"
    assert timeline.channels == ["load"]
    assert series.left_out == ("host",)
    assert timeline.step_text() == "1 h"


@pytest.mark.parametrize(
    ("data", "step"),
    [
        (pd.DataFrame({"v": range(4)}, index=pd.date_range("2026-01-01", periods=4, freq="5min")), "5 min"),
        (pl.DataFrame({"t": ["2026-01-01", "2026-01-02", "2026-01-03"], "v": [1, 2, 3]}), "1 d"),
        (pl.DataFrame({"m": ["1950-01", "1950-02", "1950-03", "1950-04"], "v": [1, 2, 3, 4]}), "1 month"),
        (pl.DataFrame({"t": ["2026-01-01", "2026-01-02", "2026-01-05"], "v": [1, 2, 3]}), "about 2 d"),
        (pd.Series([1.0, 2.0, 3.0], index=pd.date_range("2026-01-01", periods=3, freq="s")), "1 s"),
    ],
)  # fmt: skip
def test_time_is_read_from_what_people_have(data, step):
    """Indexes of pandas, ISO texts and months are times."""
    timeline = Timeline()
    timeline.fit(data)
    assert timeline.step_text() == step


@pytest.mark.parametrize("data", [[1.0, 2.0, None], np.arange(3), pl.Series("v", [1, 2, 3]), [[1], [2], [3]]])
def test_a_bare_channel_is_a_series(data):
    """Lists, arrays and single columns are series without time."""
    series = Timeline().fit(data)
    assert series.values.shape == (3, 1)
    assert series.times is None


def test_seconds_since_1970_are_times():
    """A column of numbers that is named as the time is read by its size: here milliseconds."""
    timeline = Timeline("ts")
    timeline.fit(pl.DataFrame({"ts": [1_750_000_000_000, 1_750_000_060_000], "v": [1.0, 2.0]}))
    assert timeline.step_text() == "1 min"


def test_the_time_zone_is_kept():
    """Moments are written in the zone of the data, over a change to summer time too."""
    times = pd.date_range("2026-03-29 00:30", periods=3, freq="h", tz="Europe/Berlin")
    timeline = Timeline()
    series = timeline.fit(pd.DataFrame({"t": times, "v": [1.0, 2.0, 3.0]}))
    assert timeline.timezone == "Europe/Berlin"
    assert timeline.texts(series.times)[1:] == ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"]


def test_times_are_written_as_short_as_they_allow():
    """Days need no clock."""
    timeline = Timeline()
    series = timeline.fit(pl.DataFrame({"t": ["2026-01-01", "2026-01-02"], "v": [1, 2]}))
    assert timeline.texts(series.times) == ["2026-01-01", "2026-01-02"]


def test_where_a_stretch_stands():
    """A stretch right behind the training series follows on, a later one does not."""
    timeline = Timeline()
    timeline.fit(frame())
    hour = np.timedelta64(1, "h")
    assert timeline.place(HOURS + 10 * hour) == (10, True)
    assert timeline.place(HOURS + 50 * hour) == (50, False)
    assert timeline.place(HOURS[3:]) == (3, False)
    assert timeline.place(None) == (10, True)


@pytest.mark.parametrize(
    ("time", "data", "message"),
    [
        ("when", {"at": HOURS, "v": np.arange(10.0)}, "'when' is not there. The columns are 'at', 'v'"),
        ("at", {"at": ["2026-01-01", "soon", *["2026-01-03"] * 8], "v": HOURS}, "no time in row 1 .'soon'."),
        (None, {"a": ["x", "y"], "b": ["u", "v"]}, "None of the columns .'a', 'b'. holds numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_series(time, data, message):
    """The error names the column and the row."""
    with pytest.raises(DataError, match=message):
        Timeline(time).fit(pl.DataFrame(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"at": HOURS, "speed": np.arange(10.0)}, "Column 'load' is not there"),
        ({"at": HOURS, "load": HOURS}, "Column 'load' holds datetime64"),
        (np.zeros((3, 2)), "X has 2 features, but SeriesDetector is expecting 1 features"),
    ],
)
def test_new_data_must_have_the_channels(data, message):
    """A channel that is not there is named."""
    timeline = Timeline()
    timeline.fit(frame())
    with pytest.raises(DataError, match=message):
        timeline.read(pl.DataFrame(data) if isinstance(data, dict) else data)


def test_new_columns_and_order_do_not_matter():
    """Channels are found by name; a text that is no number is missing."""
    timeline = Timeline()
    timeline.fit(frame(speed=np.ones(10)))
    series = timeline.read(pl.DataFrame({"new": [1], "speed": ["n/a"], "load": ["7"]}))
    assert np.array_equal(series.values, [[7.0, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("written", "zone", "told"),
    [
        ("2024-03-01T00:{}:00+01:00", "UTC+01:00", "2024-03-01T00:10:00+01:00"),
        ("2024-03-01 00:{}:00-0330", "UTC-03:30", "2024-03-01T00:10:00-03:30"),
        ("2024-03-01T00:{}:00Z", "UTC", "2024-03-01T00:10:00+00:00"),
    ],
)
def test_times_are_told_with_the_offset_they_came_with(written, zone, told):
    """A reader finds the moment in the data as it is written there."""
    timeline = Timeline()
    series = timeline.fit(pl.DataFrame({"t": [written.format(m) for m in (10, 20, 30)], "v": [1, 2, 3]}))
    assert timeline.timezone == zone
    assert timeline.texts(series.times)[0] == told


def test_offsets_that_differ_are_told_in_utc():
    """There is no one offset to tell them in."""
    timeline = Timeline()
    times = ["2024-03-31T00:00:00+01:00", "2024-03-31T01:00:00+01:00", "2024-03-31T03:00:00+02:00"]
    series = timeline.fit(pl.DataFrame({"t": times, "v": [1, 2, 3]}))
    assert timeline.texts(series.times)[2] == "2024-03-31T01:00:00+00:00"
    assert timeline.step_text() == "1 h"


def test_numbers_as_time_stay_numbers():
    """Numbers too small for seconds since 1970 count something else."""
    timeline = Timeline("t")
    series = timeline.fit(pl.DataFrame({"t": [0.5, 1.0, 1.5, 2.0], "v": [1.0, 2.0, 1.0, 2.0]}))
    assert timeline.texts(series.times) == ["0.5", "1", "1.5", "2"]
    assert timeline.step_text() == "0.5"
    assert timeline.place(timeline.read(pl.DataFrame({"t": [2.5, 3.0], "v": [1.0, 2.0]})).times) == (4, True)


def test_the_columns_that_are_there_are_named():
    """Who gives another table sees what is in it; of many columns the first."""
    timeline = Timeline()
    timeline.fit(frame())
    with pytest.raises(DataError, match=r"'load' is not there; the columns are 'c0', .* 'c11' and 28 more"):
        timeline.read(pl.DataFrame({f"c{i}": [1.0] for i in range(40)}))
