"""Unread: no value where there always is one, a text that is no number or date, another notation, outer
blanks."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.evidence.base import Cells, Evidence, Reason, in_rows
from amiss.reading.columns import Column
from amiss.reading.values import read_number

_MIXED = 6.0
_MOST = 10.0


class Unread(Evidence):
    """Surprise of a missing value, of a text that cannot be read, of blanks around a text, and of a second
    notation in a column of numbers.

    A column of numbers is written in one way: where some carry a unit ("5 %", "$5") and the rest none, the
    smaller part is taken for wrong, however large it is: a minority notation is no rare value, but a mistake
    all the same.
    """

    name = "unread"
    weight = 1.0

    total_: float
    missing_: list[float]
    padded_: list[float]
    unread_: list[float]
    unit_usual_: list[bool]
    unit_odd_: list[float]

    def fit(self, cells: Cells) -> Self:
        """Count missing, unread and oddly written cells of each column."""
        self.total_ = float(len(cells))
        self.padded_ = [float(c.padded.sum()) for c in cells.table.columns]
        self.missing_, self.unread_, self.unit_usual_, self.unit_odd_ = [], [], [], []
        for column in cells.table.columns:
            self.missing_.append(float(column.missing.sum()))
            self.unread_.append(float((self._is_unread(column) & ~column.missing).sum()))
            with_unit = (
                self._has_unit(column)[column.codes] if _has_units(column) else np.zeros(len(column), bool)
            )
            read = ~self._is_unread(column)
            share = float(with_unit.sum()) / max(float(read.sum()), 1.0)
            self.unit_usual_.append(share > 0.5)
            self.unit_odd_.append(min(share, 1.0 - share))
        return self

    @staticmethod
    def _is_unread(column: Column) -> BoolArray:
        if column.numbers is None or column.kind == "constant":
            return np.zeros(len(column), bool)
        return np.isnan(column.numbers)

    @staticmethod
    def _has_unit(column: Column) -> BoolArray:
        return np.array([bool(read_number(t, column.style)[1]) for t in column.distinct], bool)

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in enumerate(cells.table.columns):
            if self.missing_[j] < 0.5 * self.total_:
                out[column.missing, j] = -math.log(max(self.missing_[j], 1.0) / self.total_)
            if self.padded_[j] < 0.5 * self.total_:
                out[column.padded, j] = -math.log(max(self.padded_[j], 1.0) / self.total_)
            unread = self._is_unread(column) & ~column.missing
            out[unread, j] = -math.log(max(self.unread_[j], 1.0) / self.total_)
            if _has_units(column):
                odd = self._has_unit(column)[column.codes] != self.unit_usual_[j]
                out[odd & ~self._is_unread(column), j] = self._notation(j)
        return self.weight * out

    def _notation(self, j: int) -> float:
        odd = max(self.unit_odd_[j], 1.0 / self.total_)
        return min(_MIXED - math.log(odd), _MOST) if odd < 0.4 else 0.0

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        one = cells.table.columns[column]
        if one.missing[row]:
            return Reason(f"missing, as {in_rows(self.missing_[column], self.total_)}", "a value")
        if self._is_unread(one)[row]:
            what = {"date": "a date", "boolean": "yes or no"}.get(one.kind, "a number")
            return Reason(f"cannot be read as {what}, as the rest is", what)
        if one.padded[row]:
            words = f"blanks around it, as {in_rows(max(self.padded_[column], 1.0), self.total_)}"
            return Reason(words, one.text(row), exact=True)
        unit = one.style[1:]
        if self.unit_usual_[column]:
            return Reason(f"without {unit}, which the others carry", f"{one.text(row)} with {unit}")
        plain = one.text(row).replace(unit, "").strip()
        return Reason(f"with {unit}, which the others do not carry", plain, exact=True)


def _has_units(column: Column) -> bool:
    return not column.typed and column.kind == "numeric" and len(column.style) > 1
