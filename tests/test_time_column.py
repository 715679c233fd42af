"""A column of times: formats, units, zones, and what is told where there was a guess."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from amiss.errors import DataError, ParameterError
from amiss.reading.frames import read_frame
from amiss.reading.time_column import check_format, read_times
from amiss.reading.timeline import Timeline


def read(values, **options):
    return read_times(read_frame({"t": values, "v": list(range(len(values)))}), "t", **options)


@pytest.mark.parametrize(
    ("texts", "first", "last"),
    [
        (["2024-03-01 14", "2024-03-01 15"], "2024-03-01T14:00", "2024-03-01T15:00"),
        (["01.03.2024 14:05", "02.03.2024 14:05"], "2024-03-01T14:05", "2024-03-02T14:05"),
        (["03/14/2024 2:05 PM", "03/14/2024 3:05 PM"], "2024-03-14T14:05", "2024-03-14T15:05"),
        (["Fri, 01 Mar 2024 14:05:00 +0100", "Sat, 02 Mar 2024 14:05 +0100"], "2024-03-01T13:05", "2024-03-02T13:05"),
        (["Fri, 1 Mar 2024 14:05:00 GMT"] * 2, "2024-03-01T14:05", "2024-03-01T14:05"),
        (["Fri Mar  1 14:05:00 2024", "Sat Mar  2 14:05:00 2024"], "2024-03-01T14:05", "2024-03-02T14:05"),
        (["01/Mar/2024:14:05:00 +0100", "01/Mar/2024:14:06:00 +0100"], "2024-03-01T13:05", "2024-03-01T13:06"),
        (["2024-W01", "2024-W02"], "2024-01-01", "2024-01-08"),
        (["2024-W09-5", "2024-W10-5"], "2024-03-01", "2024-03-08"),
        (["2024-Q1", "2024-Q2"], "2024-01-01", "2024-04-01"),
        (["2024-02", "2024-03"], "2024-02-01", "2024-03-01"),
        (["20240301T140500Z", "20240301T140600Z"], "2024-03-01T14:05", "2024-03-01T14:06"),
        (["2024-03-01 14:05:00+01", "2024-03-01 14:06:00+01"], "2024-03-01T13:05", "2024-03-01T13:06"),
        (["2024-03-01 14:05 CET", "2024-07-01 14:05 CEST"], "2024-03-01T13:05", "2024-07-01T12:05"),
        (["2024-03-01T14:05+01:00[Europe/Berlin]"] * 2, "2024-03-01T13:05", "2024-03-01T13:05"),
        (["2024-03-01 14:05 Europe/Berlin", "2024-07-01 14:05 Europe/Berlin"], "2024-03-01T13:05", "2024-07-01T12:05"),
        (["1709301900", "1709301960"], "2024-03-01T14:05", "2024-03-01T14:06"),
        (["1709301900000", "1709301960000"], "2024-03-01T14:05", "2024-03-01T14:06"),
    ],
)  # fmt: skip
def test_times_are_read_as_people_write_them(texts, first, last):
    """In whatever form they come, as long as it means one thing."""
    moments = read(texts).moments
    assert moments.tolist() == np.array([first, last], "datetime64[us]").tolist()


@pytest.mark.parametrize(
    ("numbers", "unit", "first"),
    [
        ([1_709_301_900, 1_709_301_960], None, "2024-03-01T14:05"),
        ([1_709_301_900_000_000, 1_709_301_960_000_000], None, "2024-03-01T14:05"),
        ([1.7093019e18, 1.70930196e18], None, "2024-03-01T14:05"),
        ([3600, 7200], "s", "1970-01-01T01:00"),
        ([3_600_000, 7_200_000], "ms", "1970-01-01T01:00"),
        ([45352.586805555555, 45353.0], "excel", "2024-03-01T14:05"),
        ([1, 2], "excel", "1899-12-31"),
    ],
)
def test_numbers_are_read_in_the_unit_found_or_stated(numbers, unit, first):
    """Seconds to nanoseconds by their size; small ones and days of Excel where it is said."""
    found = read(numbers, time_format=unit)
    assert abs(found.moments[0] - np.datetime64(first, "us")) < np.timedelta64(1, "ms")
    assert not found.counted


def test_dates_without_marks_may_be_numbers():
    """20240131 is the last of January where all such numbers are days; else it counts something."""
    found = read([20240131, 20240201])
    assert found.moments.tolist() == np.array(["2024-01-31", "2024-02-01"], "datetime64[us]").tolist()
    assert not found.counted
    assert read([20240131, 20240132]).counted


def test_small_numbers_count_something_else():
    """They stay what they are."""
    assert read([10.0, 20.0]).counted


@pytest.mark.parametrize(
    ("texts", "first", "note"),
    [
        (["01/03/2024", "02/03/2024", "03/03/2024", "05/03/2024"], "2024-03-01", "('01/03/2024' is 2024-03-01)"),
        (["01/03/2024", "01/04/2024", "01/05/2024", "01/07/2024"], "2024-01-03", "the month first"),
        (["03/03/2024", "04/04/2024"], "2024-03-03", "no date tells"),
        (["01/03/2024", "13/03/2024"], "2024-03-01", None),
        (["03/01/2024", "03/13/2024"], "2024-03-01", None),
        (["01.03.2024", "02.03.2024"], "2024-03-01", None),
    ],
)  # fmt: skip
def test_day_and_month_are_told_by_the_whole_column(texts, first, note):
    """One date that tells decides for all; else the way round in which the steps are steadier, and a note says so."""
    found = read(texts)
    assert str(found.moments[0])[:10] == first
    assert (note in found.notes[0]) if note else not found.notes


def test_the_order_stated_is_the_order_taken():
    """No guess, no note; and a date that does not fit is named."""
    found = read(["01/03/2024", "02/03/2024"], time_format="mdy")
    assert str(found.moments[0])[:10] == "2024-01-03"
    assert not found.notes
    with pytest.raises(DataError, match=r"no time in row 1 \('13/03/2024'\)"):
        read(["01/03/2024", "13/03/2024"], time_format="mdy")
    with pytest.raises(ParameterError, match=r"time_format is 'excle'\. Legal: 's', 'ms'"):
        check_format("excle")


def test_new_data_is_read_as_the_data_learnt_from():
    """A few new dates that could be either way round are read like the old ones."""
    timeline = Timeline("t")
    timeline.fit(pl.DataFrame({"t": [f"{day:02d}/03/2024" for day in range(1, 31)], "v": range(30)}))
    series = timeline.read(pl.DataFrame({"t": ["01/04/2024", "02/04/2024"], "v": [1.0, 2.0]}))
    assert series.times.tolist() == np.array(["2024-04-01", "2024-04-02"], "datetime64[us]").tolist()
    assert not series.notes


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["2024-07-01 12:00", "2024-07-01 13:00"], "2024-07-01T12:00:00+02:00"),
        (["2024-07-01T12:00Z", "2024-07-01T13:00Z"], "2024-07-01T14:00:00+02:00"),
        (["2024-07-01T12:00-04:00", "2024-07-01T13:00-04:00"], "2024-07-01T18:00:00+02:00"),
        ([1_719_835_200, 1_719_838_800], "2024-07-01T14:00:00+02:00"),
        (["2024-07-01T12:00Z", "2024-07-01T15:00"], "2024-07-01T14:00:00+02:00"),  # the second is local
    ],
)
def test_times_without_a_zone_are_local_and_those_with_one_are_told_there(values, told):
    """tz="Europe/Berlin" in all cases."""
    timeline = Timeline("t", tz="Europe/Berlin")
    series = timeline.fit({"t": values, "v": [1.0, 2.0]})
    assert timeline.texts(series.times)[0] == told
    assert series.times[1] - series.times[0] == np.timedelta64(1, "h")


def test_times_that_meet_others_of_a_zone_without_one_are_noted():
    """Learnt with a zone, asked without one: taken as UTC, and told."""
    timeline = Timeline()
    timeline.fit({"t": ["2024-07-01T12:00+02:00", "2024-07-01T13:00+02:00"], "v": [1.0, 2.0]})
    series = timeline.read({"t": ["2024-07-01T12:00"], "v": [1.0]})
    assert series.notes == (
        "The times of 't' name no zone and are taken as UTC; those learnt from were told in UTC+02:00.",
    )
