"""Usual values: what a column holds, in words."""

import numpy as np
import pytest

from amiss.reading.columns import ColumnReader
from amiss.usual import Usual


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.repeat(np.arange(101.0), 2), "2 to 98"),
        (np.linspace(0.5, 1.5, 101), "0.52 to 1.48"),
        (["DE"] * 60 + ["FR"] * 40, '"DE" 60%, "FR" 40%'),
        (np.arange("2024-01-01", "2024-04-11", dtype="datetime64[D]"), "2024-01-03 to 2024-04-08"),
        ([None] * 10, "nothing"),
        ([f"A{i:03d}-X" for i in range(100)], "100 different texts, 6 to 6 characters"),
    ],
)
def test_words(values, words):
    """Numbers and dates as the range of the middle 95 %, levels by share, identifiers by length."""
    (column,) = ColumnReader().fit({"x": values}).columns
    assert Usual(column).words == words
