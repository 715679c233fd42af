"""Repeated value: several rows hold a value of a column whose values are otherwise unique."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from amiss.batch import FloatArray
from amiss.evidence.base import Cells, Evidence, Reason, in_rows
from amiss.reading.columns import Column

_UNIQUE = 0.5
_LEAST_SHARE = 0.05  # a rarer repetition is no stronger evidence: alone it makes no row abnormal
_FEWEST = 20
_MEASURED = 0.1


class RepeatedValue(Evidence):
    """Surprise of a repetition in a column of text of which more than half of the rows hold a value of their own.

    Of n rows with the same value one may hold it rightly, so that it counts (n - 1) / n. Numbers with fractions are
    measured and repeat by chance: they are not judged.
    """

    name = "repeated value"
    weight = 2.0

    total_: float
    surprise_: list[float]

    def fit(self, cells: Cells) -> Self:
        """Find the columns of unique values, and how seldom one of them is repeated."""
        self.total_ = float(len(cells))
        self.surprise_ = [0.0 for _ in cells.table.columns]
        for j, column in cells.spelled():
            rows = np.where(cells.missing_of_distinct(j), 0.0, cells.rows[j])
            present = float(rows.sum())
            if present < _FEWEST or _measured(column):
                continue
            share = float(rows[rows > 1].sum()) / present
            if share < 1.0 - _UNIQUE:
                self.surprise_[j] = -math.log(max(share, _LEAST_SHARE))
        return self

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in cells.spelled():
            if self.surprise_[j]:
                rows = np.where(cells.missing_of_distinct(j), 1.0, np.maximum(cells.rows[j], 1.0))
                out[:, j] = self.weight * self.surprise_[j] * (1.0 - 1.0 / rows)[column.codes]
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        rows = float(cells.rows[column][cells.table.columns[column].codes[row]])
        return Reason(
            f"{in_rows(rows, self.total_)}, where nearly all values are unique", "a value of its own"
        )


def _measured(column: Column) -> bool:
    """Return whether a column holds numbers with fractions."""
    if column.kind != "numeric" or column.numbers is None:
        return False
    known = column.numbers[np.isfinite(column.numbers)]
    return bool(np.mean(known != np.round(known)) > _MEASURED)
