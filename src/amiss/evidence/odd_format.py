"""Odd format: the value is written as few others in its column."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.evidence.base import Cells, Evidence, Reason, entropy, excess_surprise, in_rows, quoted
from amiss.part import Stored
from amiss.text.characters import DIGIT, LETTER, LOWER, MARK, UPPER, Characters, HashArray, Strings
from amiss.text.row_counts import find

_SYMBOLS = {DIGIT: "0", UPPER: "A", LOWER: "a", LETTER: "o", MARK: "^"}
_MEASURED = 0.25


class FormatCounts(Stored):
    """Rows of a column that hold each format, by the hash of the format."""

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("keys", "rows"),)
    keys: HashArray
    rows: FloatArray
    centre: float
    usual: str
    usual_rows: float

    def __init__(self, hashes: HashArray, rows: FloatArray, distinct: list[str]) -> None:
        self.keys, first, where = np.unique(hashes, return_index=True, return_inverse=True)
        self.rows = np.bincount(where, rows, len(self.keys)).astype(float)
        self.centre = entropy(self.rows)
        top = int(np.argmax(self.rows))
        self.usual, self.usual_rows = distinct[first[top]], float(self.rows[top])

    def of(self, hashes: HashArray) -> FloatArray:
        """Return the rows that hold each format."""
        where, found = find(self.keys, hashes)
        return np.where(found, self.rows[where], 0.0)


class OddFormat(Evidence):
    """Excess surprise of three formats: digits alike; a class a character; runs of a class as one.

    In a column of measured numbers the length of a number says little, so that the first two count a quarter
    for what can be read as a number.
    """

    name = "odd format"
    weights = (1.0, 0.25, 0.5)

    total_: float
    counts_: list[list[FormatCounts]]

    def fit(self, cells: Cells) -> Self:
        """Count the formats of each column of text."""
        self.total_ = float(len(cells))
        self.counts_ = [[] for _ in cells.table.columns]
        for j, column in cells.spelled():
            hashes = _formats(column.distinct)
            self.counts_[j] = [FormatCounts(h, cells.rows[j], column.distinct) for h in hashes]
        return self

    def _parts(self, cells: Cells, j: int) -> FloatArray:
        """Return the weighted evidence of each format of each different text, shape (3, distinct)."""
        column = cells.table.columns[j]
        hashes = _formats(column.distinct)
        parts = np.stack(
            [
                w * excess_surprise(c.of(h), self.total_, c.centre)
                for w, c, h in zip(self.weights, self.counts_[j], hashes, strict=True)
            ]
        )
        numbers = cells.number_of_distinct(j)
        if numbers is not None and column.kind in ("numeric", "identifier") and self._measured(j):
            parts[:2, np.isfinite(numbers)] *= _MEASURED
        return parts

    def _measured(self, j: int) -> bool:
        """Return whether no single spelling of the digits stands for most of the column."""
        digits = self.counts_[j][0]
        return digits.usual_rows < 0.8 * self.total_

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in cells.spelled():
            if self.counts_[j]:
                out[:, j] = self._parts(cells, j).sum(axis=0)[column.codes]
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        if not self.counts_[column]:
            return Reason("")
        one = cells.table.columns[column]
        text = one.distinct[one.codes[row]]
        if not text:
            return Reason("")
        excess = self._parts(cells, column)[:, one.codes[row]] / np.array(self.weights)
        which = 1 if excess[1] >= 0.5 * excess.max() else int(np.argmax(excess))
        counts = self.counts_[column][which]
        rows = max(float(counts.of(_formats([text])[which])[0]), 1.0)
        shape, usual = format_of(text, which), format_of(counts.usual, which)
        if counts.usual_rows < 0.2 * self.total_ or shape == usual:
            return Reason(f"format {quoted(shape)} {in_rows(rows, self.total_)}")
        words = f"format {quoted(shape)} {in_rows(rows, self.total_)}, usually {quoted(usual)}"
        return Reason(words, f"like {quoted(usual)}")


def _formats(distinct: list[str]) -> list[HashArray]:
    found = [_block_formats(block) for _, block in Strings(distinct, np.ones(len(distinct))).blocks()]
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def _block_formats(block: Characters) -> list[HashArray]:
    runs = block.classes.collapsed(np.ones(len(block.classes.symbol), bool))
    return [block.digits_masked.hashes(), block.classes.hashes(), runs.hashes()]


def format_of(text: str, which: int = 1) -> str:
    """Return the format of a text: 0 digits alike, 1 a class a character, 2 runs of a class as one.

    Examples
    --------
    >>> format_of("AB-12"), format_of("AB-12", 0), format_of("AB-12", 2)
    ('AA-00', 'AB-00', 'A-0')
    """
    block = Characters.of([text])
    symbols = block.digits_masked.symbol if which == 0 else block.classes.symbol
    if which == 2:
        symbols = block.classes.collapsed(np.ones(len(symbols), bool)).symbol
    return "".join(_SYMBOLS.get(s) or chr(s) for s in symbols.tolist())
