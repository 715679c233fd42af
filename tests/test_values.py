"""Text of one cell -> number, date or missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.reading.values import (
    are_missing,
    dates,
    is_missing,
    number_style,
    numbers,
    read_number,
    read_numbers,
)


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "NaN", "None", "null", "-", "\\N", None, "<NA>"])
def test_missing_tokens_are_told_from_values(text: str | None) -> None:
    """The usual ways to write "no value" are known, in any case and with blanks around."""
    assert is_missing(text)


def test_a_value_is_not_missing() -> None:
    """Zero, a word and a dash within a value are values; more tokens can be named."""
    assert not any(map(is_missing, ["0", "nano", "a-b", "unknown"]))
    assert is_missing("Unknown", {"unknown"})
    assert are_missing(["x", "unknown", ""], ["unknown"]).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("1,234,567.5", ".", 1234567.5),
        ("1.234,5", ",", 1234.5),
        ("12,5", ",", 12.5),
        ("(1,200)", ".", -1200.0),
        ("-$5", ".$", -5.0),
        ("$ -5", ".$", -5.0),
        ("45 %", ".%", 45.0),
        ("1 234", ".", 1234.0),
        ("−3", ".", -3.0),
        ("1e-3", ".", 0.001),
        (".5", ".", 0.5),
        ("12 EUR", ".EUR", 12.0),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, style: str, value: float) -> None:
    """Thousands marks, decimal commas, brackets, signs, units."""
    assert read_number(text, style)[0] == value


@pytest.mark.parametrize(
    "text", ["1,23", "12,34,567", "1_000", "0x10", "12 oz", "5%", "--5", "(5", "nan", "inf", "٣", "1.2.3"]
)
def test_what_is_no_plain_number_is_not_read_as_one(text: str) -> None:
    """Wrong thousands marks, other units, other notations and words are no numbers."""
    assert math.isnan(read_number(text)[0])


def test_codes_with_leading_zeros_are_not_numbers() -> None:
    """A column of codes such as "007" keeps its zeros, so it is no column of numbers."""
    assert number_style(["007", "012", "400"])[1] == 0.0
    assert number_style(["12345678901234567"])[1] == 0.0


def test_the_style_fits_the_column_not_the_cell() -> None:
    """ "1,234" alone reads as thousands; beside "1,5" the comma is a decimal mark."""
    assert numbers(["1,234", "5"])[0].tolist() == [1234.0, 5.0]
    assert numbers(["1,234", "1,5", "0,25"])[0].tolist() == [1.234, 1.5, 0.25]


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_reading_undoes_writing(values: list[float]) -> None:
    """Numbers written by Python are read back exactly."""
    assert read_numbers([repr(v) for v in values]).tolist() == values


@settings(deadline=None)
@given(st.lists(st.text()))
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    """No text makes reading fail; a number read is finite."""
    values, found = numbers(texts)
    assert np.isfinite(values[found]).all()
    moments, found, _ = dates(texts)
    assert not np.isnat(moments[found]).any()
