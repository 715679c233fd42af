"""Kinds of columns, told from what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from amiss.errors import DataError, ParameterError
from amiss.reading.columns import Column, ColumnReader, factorize

N = 60
NAMES = [f"the {a} house of {b}" for a in ("red", "old", "big", "new", "tall", "dry") for b in "abcdefghij"]
EXAMPLES: dict[str, tuple[list[Any], str]] = {
    "plain numbers": ([str(i * 0.37) for i in range(N)], "numeric"),
    "thousands": ([f"{i * 991:,}" for i in range(N)], "numeric"),
    "currency": ([f"${i * 3}.50" for i in range(N)], "numeric"),
    "percent": ([f"{i % 7} %" for i in range(N)], "numeric"),
    "dirty numbers": (
        [str(i * 0.37) for i in range(N - 6)] + ["x1", "1o", "n/a", "2,,3", "??", "a"],
        "numeric",
    ),
    "codes": ([f"{i * 13 % 97:05}" for i in range(N)], "identifier"),
    "yes and no": (["yes", "no", "Yes", "NO"] * (N // 4), "boolean"),
    "0 and 1": (["0", "1", "1"] * (N // 3), "boolean"),
    "levels": (["a", "b", "c", "d"] * (N // 4), "categorical"),
    "dates": ([f"2020-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(N)], "date"),
    "american dates": ([f"{1 + i % 12}/{1 + i % 28}/2020 5:00 PM" for i in range(N)], "date"),
    "times of day": ([f"{i % 24}:{i:02}" for i in range(N)], "date"),
    "compact dates": ([f"202001{1 + i % 31:02}" for i in range(N)], "date"),
    "row numbers": ([str(i + 1) for i in range(N)], "identifier"),
    "serials": ([f"M{14000 + 7 * i}" for i in range(N)], "identifier"),
    "names": (NAMES, "text"),
    "one value": (["x"] * N, "constant"),
    "nothing": (["", "NA", "null"] * (N // 3), "constant"),
    "typed numbers": ([i * 0.37 for i in range(N)], "numeric"),
    "typed flags": ([i % 3 == 0 for i in range(N)], "boolean"),
    "typed row numbers": (list(range(N)), "identifier"),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_kind_is_told_from_the_values(name: str) -> None:
    """Each column of examples is of the kind a person would say."""
    values, kind = EXAMPLES[name]
    table = ColumnReader().fit({"c": values})
    assert table.columns[0].kind == kind


def test_bare_arrays_hold_measurements() -> None:
    """Counting numbers without a name are numbers: nobody said that they name rows."""
    table = ColumnReader().fit(np.arange(80.0).reshape(40, 2))
    assert [c.kind for c in table.columns] == ["numeric", "numeric"]


def test_missing_cells_and_unreadable_cells_are_told_apart() -> None:
    """Both hold no number; only the first is missing."""
    column = ColumnReader().fit({"c": ["1", "n/a", "2", "oops", "3", "4", "5", "6", "7", "8"]}).columns[0]
    assert column.missing.tolist() == [False, True] + [False] * 8
    assert np.isnan(column.numbers).tolist() == [False, True, False, True] + [False] * 6  # type: ignore[arg-type]


def test_the_batch_holds_numbers_flags_and_days() -> None:
    """Numeric, boolean and date columns; missing cells masked; infinity bounded."""
    frame = pd.DataFrame(
        {
            "n": [1.5, np.nan, np.inf],
            "b": [True, False, True],
            "d": pd.to_datetime(["1970-01-02", "1970-01-01 12:00", None], format="ISO8601"),
            "t": ["a", "b", "a"],
        }
    )
    batch = ColumnReader().fit(frame).numeric()
    assert batch.names == ("n", "b", "d")
    assert np.isfinite(batch.values).all()
    assert batch.mask.tolist() == [[False, False, False], [True, False, False], [False, False, True]]
    assert batch.values[0].tolist() == [1.5, 1.0, 1.0]
    assert batch.values[1, 2] == 0.5
    assert batch.values[2, 0] == 1e150


def test_a_learnt_table_is_read_the_same_way_again() -> None:
    """Kinds and styles are learnt once: what looks like a date alone is a number in a column of numbers."""
    reader = ColumnReader()
    reader.fit({"c": [str(i * 1001) for i in range(1, 50)], "t": ["a", "b", "c"] * 16 + ["a"]})
    table = reader.read({"t": ["a"], "c": ["20200101"]})
    assert table.columns[0].kind == "numeric"
    assert table.columns[0].numbers is not None
    assert table.columns[0].numbers.tolist() == [20200101.0]


def test_columns_are_matched_by_name() -> None:
    """Reordered columns are found, extra ones noted, missing ones refused by name."""
    reader = ColumnReader()
    reader.fit({"a": [1.0, 2.0, 4.0], "b": ["x", "y", "x"]})
    table = reader.read({"b": ["x"], "extra": [1], "a": [3.0]})
    assert table.names == ("a", "b")
    assert "'extra'" in table.notes[0]
    with pytest.raises(DataError, match="Column 'a' is missing"):
        reader.read({"b": ["x"]})
    with pytest.raises(DataError, match="X has 1 features, but TableDetector is expecting 2 features"):
        reader.read(np.zeros((3, 1)))


def test_kinds_and_missing_values_can_be_decided() -> None:
    """The caller's word counts more than the values."""
    table = ColumnReader(kinds={"zip": "categorical"}, missing=["unknown"]).fit(
        {"zip": [10.0, 20.0, 10.0], "x": ["1", "2", "Unknown"]}
    )
    assert table.columns[0].kind == "categorical"
    assert table.columns[1].missing.tolist() == [False, False, True]


@pytest.mark.parametrize("kinds", [{"zap": "text"}, {"zip": "number"}])
def test_unknown_columns_and_kinds_are_refused(kinds: dict[str, str]) -> None:
    """The refusal lists what is legal."""
    with pytest.raises(ParameterError, match=r"zip|numeric, boolean"):
        ColumnReader(kinds=kinds).fit({"zip": [1.0, 2.0]})


def test_factorize_finds_each_text_once() -> None:
    """Texts in order of appearance, outer blanks taken off, None as the empty text."""
    texts, codes = factorize(["b", " a", "b ", None, ""])
    assert texts == ["b", "a", ""]
    assert codes.tolist() == [0, 1, 0, 2, 2]


def test_typed_values_have_text_too() -> None:
    """Numbers and moments are told as a person writes them."""
    table = ColumnReader().fit(
        {"n": [12.0, 0.5], "d": np.array(["2020-01-01", "2020-01-02T03:04"], "M8[us]")}
    )
    assert [c.text(i) for c in table.columns for i in (0, 1)] == [
        "12",
        "0.5",
        "2020-01-01",
        "2020-01-02 03:04:00",
    ]
    assert table.columns[0].distinct == ["0.5", "12"]


@pytest.mark.parametrize(
    "cells",
    [
        np.array(
            [0.5, 12.0, -0.0, np.nan, np.inf, -np.inf, 1e15, 123456789012345.0, 5e-324, 1e-5, 0.1 + 0.2]
        ),
        np.array([], dtype=float),
        np.array(["2020-03-01T10:00", "NaT", "2020-03-02"], dtype="datetime64[us]"),
        np.array([" a ", None, "b, c"], dtype=object),
    ],
    ids=["numbers", "none", "moments", "texts"],
)
def test_texts_are_those_of_the_cells(cells: Any) -> None:
    """All cells at once read as each of them alone."""
    column = Column("a", "numeric", np.zeros(len(cells), bool), None, True, "", cells)
    assert column.texts() == [column.text(row) for row in range(len(cells))]
