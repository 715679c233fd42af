"""Dates and times written as text."""

from __future__ import annotations

import math

import numpy as np
import pytest

from amiss.reading.moments import date_style, read_date
from amiss.reading.values import dates


@pytest.mark.parametrize(
    ("texts", "style", "first"),
    [
        (["2020-03-01", "2020-12-31"], "ymd", "2020-03-01T00:00:00"),
        (["2020-03-01T10:20:30.5Z"], "ymd", "2020-03-01T10:20:30.5"),
        (["2020-03-01 10:20:30+02:00"], "ymd", "2020-03-01T08:20:30"),
        (["03/25/2020", "01/02/2020"], "mdy", "2020-03-25T00:00:00"),
        (["25.03.2020", "01.02.2020"], "dmy", "2020-03-25T00:00:00"),
        (["5 Jan 2020", "7 Mar 2021"], "dby", "2020-01-05T00:00:00"),
        (["January 5, 2020"], "bdy", "2020-01-05T00:00:00"),
        (["1950-01", "1950-02"], "ym", "1950-01-01T00:00:00"),
        (["20200131", "20200201"], "compact", "2020-01-31T00:00:00"),
        (["11/11/2022 11:59:59 PM", "12/25/2022 1:00:00 AM"], "mdy", "2022-11-11T23:59:59"),
    ],
)
def test_dates_are_read_as_people_write_them(texts: list[str], style: str, first: str) -> None:
    """Order of day and month is told from the whole column; offsets are turned to UTC."""
    assert date_style(texts) == style
    moments, found, zone = dates(texts)
    assert found.all()
    assert moments[0] == np.datetime64(first, "us")
    assert (zone == "UTC") == ("Z" in texts[0] or "+" in texts[0])


def test_days_that_do_not_exist_are_no_dates() -> None:
    """One such day leaves the others readable."""
    moments, found, _ = dates(["2021-02-28", "2021-02-29", "2021-03-01", "2021-03-02", "2021-03-03"])
    assert found.tolist() == [True, False, True, True, True]
    assert str(moments[2]) == "2021-03-01T00:00:00.000000"
    assert math.isnan(read_date("10:61", "clock"))
    assert read_date("1:30 pm", "clock") == 13.5 * 3600


def test_words_are_no_dates() -> None:
    """A list of words has no date style, nor has an empty list."""
    assert date_style(["May", "June", "a 2020"]) is None
    assert date_style([]) is None
