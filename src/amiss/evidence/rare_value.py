"""Rare value: the value itself is seldom seen in a column of values that recur."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import FloatArray
from amiss.evidence.base import Cells, Evidence, Reason, entropy, excess_surprise, in_rows, quoted

_FREQUENT_ROWS = 3.0
_FREQUENT_SHARE = 0.01
_CODED = 0.8
_FEW = 3


class RareValue(Evidence):
    """Excess surprise of the value, times the share of rows whose value is frequent.

    Frequent is a value of at least 3 rows and 1 % of all. Columns of measured numbers, where values hardly
    recur, count half.
    """

    name = "rare value"
    weight = 1.0

    total_: float
    centre_: list[float]
    trust_: list[float]
    usual_: list[list[str]]
    usual_rows_: list[FloatArray]

    def fit(self, cells: Cells) -> Self:
        """Count the values of each column."""
        self.total_ = float(len(cells))
        self.centre_, self.trust_, self.usual_, self.usual_rows_ = [], [], [], []
        for column, rows in zip(cells.table.columns, cells.rows, strict=True):
            if not len(rows):
                rows = np.ones(1)
            frequent = rows >= max(_FREQUENT_ROWS, _FREQUENT_SHARE * self.total_)
            share = float(rows[frequent].sum()) / self.total_
            measured = column.kind in ("numeric", "date") and share < _CODED
            self.centre_.append(entropy(rows))
            self.trust_.append(share * (0.5 if measured else 1.0))
            top = [
                i
                for i in np.argsort(-rows, kind="stable")[: _FEW + 1].tolist()
                if share and column.distinct[i]
            ]
            self.usual_.append([column.distinct[i] for i in top[:_FEW]])
            self.usual_rows_.append(rows[top[:_FEW]])
        return self

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in enumerate(cells.table.columns):
            if self.trust_[j]:
                excess = excess_surprise(cells.rows[j], self.total_, self.centre_[j])
                out[:, j] = self.weight * self.trust_[j] * excess[column.codes]
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        one = cells.table.columns[column]
        rows = cells.rows[column][one.codes[row]]
        if one.missing[row]:
            return Reason(f"missing, as {in_rows(rows, self.total_)}", "a value")
        seen = "never seen" if rows < 1 else f"seen {in_rows(rows, self.total_)}"
        usual, share = self.usual_[column], self.usual_rows_[column] / self.total_
        if not usual or share[0] < 0.05:
            return Reason(seen)
        named = ", ".join(f"{quoted(v)} {s:.0%}" for v, s in zip(usual, share, strict=True) if s >= 0.05)
        expected = usual[0] if share[0] > 0.5 else f"usually {named}"
        words = f"{seen}, usually {quoted(usual[0])}" if share[0] >= 0.2 else seen
        return Reason(words, expected, exact=bool(share[0] > 0.9))
