"""Hypothesis strategies: what people and programs put into tables, series and lists."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

ODD_FLOATS = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1.7e308, 5e-324, 1e-300, 2.0**53, math.nan, math.inf, -math.inf]
)
FLOATS = ODD_FLOATS | st.floats(-100, 100) | st.floats()
CHARACTERS = st.characters(exclude_categories=())  # lone surrogates and NUL included
ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "a\x00b",
        "\ud800",
        "\udfff\ud800",
        "𝄞",
        "é",
        "e\u0301",
        "\u202eabc",
        "NaN",
        "null",
        "1e5",
        "١٢",
        *["=1+1", "<b>", "x" * 5000, "\n", "\r\n", '"', "2026-02-30", "-0", "1,5", "inf"],
    ]
)
TEXTS = ODD_TEXTS | st.text(CHARACTERS, max_size=12)
CELLS = st.none() | FLOATS | st.integers() | st.booleans() | TEXTS


@st.composite
def arrays(draw: st.DrawFn, max_rows: int = 12, max_columns: int = 4) -> np.ndarray[Any, Any]:
    """Return tables of numbers with odd ones, some columns constant."""
    rows, columns = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    table = np.empty((rows, columns))
    for j in range(columns):
        constant = draw(st.booleans())
        values = [draw(FLOATS)] * rows if constant else draw(st.lists(FLOATS, min_size=rows, max_size=rows))
        table[:, j] = values
    return table


@st.composite
def tables(draw: st.DrawFn, max_rows: int = 12, max_columns: int = 4) -> dict[str, list[Any]]:
    """Return tables of anything as a dict of columns: of one type each, or mixed."""
    rows, columns = draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns))
    names = draw(st.lists(st.text(max_size=5) | TEXTS, min_size=columns, max_size=columns, unique=True))
    kinds = [FLOATS, st.integers(), st.booleans(), TEXTS, st.none() | FLOATS, st.none() | TEXTS, CELLS]
    kinds += [st.just(None), st.dates(), st.datetimes(), st.none() | st.datetimes()]
    return {
        name: draw(st.sampled_from(kinds).flatmap(lambda k: st.lists(k, min_size=rows, max_size=rows)))
        for name in names
    }


def strings(max_size: int = 20) -> st.SearchStrategy[list[str]]:
    """Return lists of any strings."""
    return st.lists(TEXTS, min_size=1, max_size=max_size)


def series(max_points: int = 40) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    """Return series of one or many channels with odd values and holes."""
    return arrays(max_points, 3)
