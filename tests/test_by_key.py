"""Rows taken apart by key: as an obvious loop does it, whatever the keys are and whatever holds them."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.errors import DataError, ParameterError
from amiss.reading.by_key import Key, LongForm, WideForm, key_columns, key_text
from amiss.reading.frames import Frame

KEYS = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.integers(-3, 3),
    st.sampled_from([0.5, 2.0, float("nan"), True]),
    st.dates(),
)


def naive(rows):
    """Return the rows of each key, in the order of the first."""
    found = {}
    for place, row in enumerate(rows):
        found.setdefault(tuple(key_text(value) for value in row), []).append(place)
    return found


def column(cells):
    out = np.empty(len(cells), dtype=object)
    out[:] = cells
    return out


@given(st.lists(st.tuples(KEYS, KEYS), min_size=1, max_size=30))
def test_rows_by_key_are_those_of_an_obvious_loop(rows):
    """Any kinds of values side by side, two key columns."""
    first, second = (column(cells) for cells in zip(*rows, strict=True))
    parts = LongForm({"a": first, "b": second, "v": np.arange(len(rows))}, ["a", "b"])
    wanted = naive(rows)
    assert [tuple(json.loads(key.identity)) for key in parts.keys] == list(wanted)
    assert [parts.places(place).tolist() for place in range(len(parts))] == list(wanted.values())
    assert len({key.name for key in parts.keys}) == len(parts)
    assert [parts.frame(place)["v"].tolist() for place in range(len(parts))] == list(wanted.values())


@given(st.lists(st.one_of(st.none(), st.text(max_size=2)), min_size=1, max_size=30), st.booleans())
def test_polars_and_arrow_keys_are_those_of_an_obvious_loop(keys, arrow):
    """Texts with gaps, in a frame."""
    frame = pl.DataFrame({"a": pl.Series(keys, dtype=pl.String), "v": range(len(keys))})
    parts = LongForm(frame.to_arrow() if arrow else frame, ["a"])
    wanted = naive([(key,) for key in keys])
    assert [parts.places(place).tolist() for place in range(len(parts))] == list(wanted.values())


@pytest.mark.parametrize(
    "keys",
    [
        pl.Series(["x", None, "x"], dtype=pl.Categorical),
        pl.Series([1.5, float("nan"), 1.5]),
        pl.Series([True, None, True]),
        pl.Series(["1.50", None, "1.50"]).cast(pl.Decimal(10, 2)),
        pl.Series(["2026-03-01", None, "2026-03-01"]).str.to_date(),
    ],
    ids=lambda keys: str(keys.dtype),
)
def test_keys_of_every_type_of_a_frame(keys):
    """Two keys, one of them missing."""
    parts = LongForm(pl.DataFrame({"k": keys, "v": [1.0, 2.0, 3.0]}), ["k"])
    assert [parts.places(place).tolist() for place in range(len(parts))] == [[0, 2], [1]]
    assert parts.keys[1].name == "k (missing)"


def test_names_say_each_thing_once_and_differ():
    """A value that begins with the name of its column says it already; a text like "(missing)" is told apart."""
    data = {"pump": column(["pump 1", "2", "(missing)", None, " "]), "v": np.arange(5)}
    names = [key.name for key in LongForm(data, ["pump"]).keys]
    assert names == ["pump 1", "pump 2", "pump (missing)", "pump (missing) (2)", 'pump " "']


def test_columns_apart_share_their_rows():
    """Each column with the time, nothing else."""
    frame = Frame(("t", "a", "b"), [np.arange(3.0), np.zeros(3), np.ones(3)])
    parts = WideForm(frame, "t")
    assert parts.keys == [Key('["a"]', "a"), Key('["b"]', "b")]
    assert parts.frame(1).names == ("t", "b")
    assert parts.places(0).tolist() == parts.places(1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("by", [None, "", [], ["a", ""], ["a", 3], ["a", "a"], {"a": 1}])
def test_what_names_no_columns_is_refused(by):
    """With what is legal."""
    with pytest.raises(ParameterError, match="Legal: the name of a column, or a list of names that differ"):
        key_columns(by)


def test_keys_alone_are_no_series():
    """There must be something to measure."""
    with pytest.raises(DataError, match="There are no columns but the keys"):
        LongForm({"k": ["a", "b"]}, ["k"])


@pytest.mark.parametrize("data", [{}, {"k": [], "v": []}, pl.DataFrame({"k": [], "v": []}), []])
def test_nothing_is_refused(data):
    """As everywhere."""
    with pytest.raises(DataError, match=r"a minimum of 1 is required|Expected 2D array"):
        LongForm(data, ["k"])


def test_columns_of_different_lengths_are_refused():
    """As everywhere."""
    with pytest.raises(DataError, match="All columns must have the same length"):
        LongForm({"k": ["a", "b"], "v": [1.0]}, ["k"])
