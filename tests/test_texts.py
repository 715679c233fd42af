"""Texts: every kind of list becomes a list of str, or one sentence says why not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from amiss.errors import DataError
from amiss.text.texts import named, quoted, read_strings

VALUES = ["AB-1", "", "é"]


@pytest.mark.parametrize(
    "data",
    [
        VALUES,
        tuple(VALUES),
        np.array(VALUES),
        np.array(VALUES, object)[:, None],
        pd.Series(VALUES),
        pd.DataFrame({"code": VALUES}),
        pl.Series(VALUES),
        pl.DataFrame({"code": VALUES}),
        pa.array(VALUES),
        pa.table({"code": VALUES}),
        (value for value in VALUES),
    ],
    ids=lambda data: type(data).__module__ + "." + type(data).__name__,
)
def test_every_kind_of_list_is_read(data: object) -> None:
    """Lists, arrays, columns and frames of one column."""
    assert read_strings(data) == (VALUES, 0)


def test_missing_values_are_counted_and_read_as_empty() -> None:
    """None, NaN and pandas' NA."""
    assert read_strings([None, math.nan, pd.NA, "x"]) == (["", "", "", "x"], 3)


def test_what_is_no_text_is_read_as_python_shows_it() -> None:
    """Numbers as numbers, bytes as UTF-8 with what is not UTF-8 kept apart."""
    assert read_strings([17, 1.5, b"a\xff"])[0] == ["17", "1.5", "a\udcff"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("AB-1", "One text was given"),
        ([], "0 sample"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "2 columns"),
        (np.array([["x", "y"]]), r"shape \(1, 2\)"),
        (17, "int was given"),
    ],
)
def test_what_cannot_be_read_is_told(data: object, words: str) -> None:
    """Fact, then what to do."""
    with pytest.raises(DataError, match=words):
        read_strings(data)


def test_quotes_show_what_cannot_be_seen() -> None:
    """Controls, direction marks and lone surrogates as escapes; long texts are cut."""
    assert quoted("a\n\u202e\ud800") == '"a\\n\\u202e\\ud800"'
    assert quoted("x" * 100, limit=5) == '"xxxxx..."'


def test_look_alikes_are_named() -> None:
    """A Cyrillic letter is told from a Latin one."""
    assert named("А") == '"А" (cyrillic capital letter a)'
    assert named("A") == '"A"'
