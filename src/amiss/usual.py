"""Usual values: what a column of a table normally holds, in words and as a range."""

from __future__ import annotations

import numpy as np

from amiss.part import Stored
from amiss.reading.columns import Column
from amiss.reading.frames import number_text

_USUAL = (0.025, 0.975)
_SHOWN = 3
_DAY = 86_400


class Usual(Stored):
    """What one column normally holds.

    Parameters
    ----------
    column : Column
        The column of the training table.

    Attributes
    ----------
    name, kind : str
    words : str
        "90 to 160"; '"DE" 61 %, "FR" 20 %'; "812 different texts, 3 to 12 characters".
    missing : float
        Share of cells without a value.
    low, high : float
        The range that holds the middle 95 % of the numbers; 0.0 where the column holds none.
    whole : bool
        True where all numbers are whole.
    """

    name: str
    kind: str
    words: str
    missing: float
    low: float
    high: float
    whole: bool

    def __init__(self, column: Column) -> None:
        self.name, self.kind = column.name, column.kind
        self.missing = float(column.missing.mean())
        numbers = np.zeros(0) if column.numbers is None else column.numbers[~np.isnan(column.numbers)]
        self.whole = bool((numbers == np.round(numbers)).all())
        self.low = self.high = 0.0
        if len(numbers):
            self.low, self.high = (float(q) for q in np.quantile(numbers, _USUAL, method="nearest"))
        measured = column.kind in ("numeric", "date") and len(numbers)
        self.words = self.range_words(self.low, self.high) if measured else _level_words(column)

    def number_words(self, value: float) -> str:
        """Return a number of the column as a person reads it: a date as a date, whole where all are whole."""
        if self.kind == "date":
            return moment_words(value)
        if self.whole and abs(value) < 1e15:
            return number_text(float(round(value)))
        return number_text(float(f"{value:.4g}")) if abs(value) < 1e5 else f"{value:.6g}"

    def range_words(self, low: float, high: float) -> str:
        """Return a range in words, one number where both ends read the same."""
        first, last = self.number_words(low), self.number_words(high)
        return first if first == last else f"{first} to {last}"


def moment_words(days: float) -> str:
    """Return a date, given in days since 1970, as a person reads it; a time of day from a share of the day."""
    seconds = round(min(max(days, -1e6), 1e7) * _DAY)
    if 0 <= days <= 1:
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
    return str(np.datetime64(seconds, "s")).removesuffix("T00:00:00").replace("T", " ")


def _level_words(column: Column) -> str:
    rows = np.bincount(column.codes[~column.missing], minlength=len(column.distinct))
    present = np.flatnonzero(rows)
    if not len(present):
        return "nothing"
    if column.kind in ("identifier", "text"):
        lengths = [len(column.distinct[i]) for i in present.tolist()]
        return f"{len(present):,} different texts, {min(lengths)} to {max(lengths)} characters"
    top = present[np.argsort(-rows[present], kind="stable")][:_SHOWN]
    total = int(rows.sum())
    return ", ".join(f'"{_cut(column.distinct[i])}" {rows[i] / total:.0%}' for i in top.tolist())


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
