"""Frames and arrays in and out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_array

from amiss.errors import DataError
from amiss.reading.frames import like, number_text, read_frame

COLUMNS: dict[str, list[Any]] = {
    "number": [1, 2, None],
    "text": ["x", None, "z"],
    "flag": [True, False, None],
    "day": [dt.datetime(2020, 1, 1), None, dt.datetime(2020, 1, 3)],
}
KINDS = {
    "dict": lambda: COLUMNS,
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars lazy": lambda: pl.DataFrame(COLUMNS).lazy(),
    "arrow": lambda: pa.table(COLUMNS),
    "narwhals": lambda: nw.from_native(pl.DataFrame(COLUMNS)),
    "rows": lambda: [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_reads_the_same(kind: str) -> None:
    """Numbers, text, flags and moments with gaps come out alike whatever held them."""
    frame = read_frame(KINDS[kind]())
    assert frame.names == ("number", "text", "flag", "day")
    assert frame.booleans == ("flag",)
    np.testing.assert_array_equal(frame.columns[0], [1.0, 2.0, np.nan])
    assert frame.columns[1].tolist() == ["x", None, "z"]
    np.testing.assert_array_equal(frame.columns[2], [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(frame.columns[3], np.array(["2020-01-01", "NaT", "2020-01-03"], "M8[us]"))


def test_arrays_have_columns_by_position() -> None:
    """A bare array has no names of its own."""
    frame = read_frame(np.array([[1, 2], [3, 4]]))
    assert (frame.names, frame.named) == (("x0", "x1"), False)
    assert frame.columns[1].tolist() == [2.0, 4.0]


def test_rows_of_numbers_and_text_keep_both() -> None:
    """A list of mixed rows is not turned into text as a whole."""
    frame = read_frame([[1, "a"], [2.5, None]])
    assert frame.columns[0].tolist() == [1.0, 2.5]
    assert frame.columns[1].tolist() == ["a", None]


def test_time_zones_are_kept_beside_utc() -> None:
    """Moments are UTC inside; the zone they came in is remembered."""
    frame = read_frame(pd.DataFrame({"t": pd.date_range("2020-01-01", periods=2, tz="Europe/Berlin")}))
    assert frame.columns[0][0] == np.datetime64("2019-12-31T23:00", "us")
    assert frame.timezones == {"t": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros(3), "Expected 2D array, got 1D array instead.*[Rr]eshape your data"),
        (5, "got scalar array instead"),
        (np.zeros((2, 2, 2)), "Found array with dim 3"),
        (np.zeros((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.zeros((5, 0)), r"0 feature\(s\) \(shape=\(5, 0\)\) while a minimum of 1 is required"),
        (np.zeros((2, 2), complex), "Complex data not supported"),
        ({"a": [1, 2], "b": [1]}, "Column 'b' has 1 values, others have 2"),
        ([[1, 2], [3]], "differ in length"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Column 'a' occurs twice"),
        ({"a": [{"b": 1}]}, "Column 'a' holds a dict in row 0"),
        ({"a": 3}, "Column 'a' holds a single int"),
    ],
)
def test_what_is_no_table_is_refused_with_place_and_value(data: Any, words: str) -> None:
    """Each refusal names what was found, and where."""
    with pytest.raises(DataError, match=words):
        read_frame(data)


def test_sparse_data_is_refused_by_name() -> None:
    """scikit-learn's checks ask for a TypeError that says sparse."""
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        read_frame(csr_array(np.eye(3)))


@pytest.mark.parametrize(
    ("native", "kind"),
    [
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame),
        (pl.DataFrame({"a": [1, 2]}), pl.DataFrame),
        (pa.table({"a": [1, 2]}), pa.Table),
        (nw.from_native(pl.DataFrame({"a": [1]})), nw.DataFrame),
        (np.zeros((2, 1)), pl.DataFrame),
        ([[1], [2]], pl.DataFrame),
    ],
)
def test_answers_come_in_the_callers_kind_of_frame(native: Any, kind: type) -> None:
    """Who gave pandas gets pandas; who gave an array gets polars."""
    got = like(native, {"score": np.array([0.5, 1.5]), "flag": [True, False]})
    assert isinstance(got, kind)
    assert read_frame(got).columns[0].tolist() == [0.5, 1.5]


def test_whole_numbers_have_no_point_as_text() -> None:
    """So that the text of 12 and of 12.0 is the same."""
    assert [number_text(v) for v in (12.0, -0.5, 1e300, float("nan"))] == ["12", "-0.5", "1e+300", ""]


def test_numbers_of_polars_are_seen_where_they_lie() -> None:
    """Columns of floats without gaps are not copied, and cannot be written to."""
    series = pl.Series("a", [0.5, 1.5, 2.5])
    column = read_frame(series.to_frame()).columns[0]
    assert np.shares_memory(column, series.to_numpy())
    assert not column.flags.writeable


def test_numbers_of_pandas_stay_as_they_were_read() -> None:
    """What is written into a pandas frame afterwards is not seen."""
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5]})
    column = read_frame(frame).columns[0]
    frame.iloc[0, 0] = 9.0
    assert column.tolist() == [0.5, 1.5, 2.5]
