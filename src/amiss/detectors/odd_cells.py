"""Odd cells: one cell that makes its whole row abnormal, whatever the rest of the row looks like."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import Batch, FloatArray, IntArray
from amiss.cell_evidence import CellEvidence, Explained
from amiss.models import Gaps, Span
from amiss.numerics.calibration import standard_deviation
from amiss.part import Stored
from amiss.reading.columns import Table

_ODD_EVIDENCE = (6.0, 15.0)  # nats from which a cell makes its row odd: what 1 % of rows reach, in this range
_EVEN = 0.1  # a date column is a clock where the shares of rows before each date are this near to even
_RARE_GAP = 4.0  # nats from which a missing cell alone makes a row odd: missing in fewer than 2 % of rows
_GAP_WEIGHT = 3.0
_MOST_ROWS = 1_000_000  # whose texts are counted: the counts of larger tables would outgrow memory


class OddCells(Stored):
    """A text that does not fit, a value missing where there always is one, a date far from all others.

    Parameters
    ----------
    growing : list of int
        Places of date columns that go on evenly, as the dates of a log do.
    alone : bool
        True where nothing else judges the rows: then even slightly odd cells count.
    """

    growing: list[int]
    alone: bool
    gaps: Gaps
    usual_gap: float
    span: Span
    evidence: CellEvidence | None
    usual: float
    unit: float

    def __init__(self, growing: list[int], alone: bool) -> None:
        self.growing = growing
        self.alone = alone

    def fit(self, table: Table, random_state: np.random.Generator) -> Self:
        """Learn from a training table; one of typed columns alone has no texts to judge."""
        everyone = np.ones(len(table), dtype=bool)
        self.gaps = Gaps().fit(_gaps(table), everyone, random_state)
        worst_gap = self.gaps.surprise(_gaps(table)).max(axis=1)
        self.usual_gap = max(_RARE_GAP, float(np.quantile(worst_gap, 0.99)))
        self.span = Span().fit(numbers_of(table, self.growing), everyone, random_state)
        self.evidence, self.usual, self.unit = None, 0.0, 1.0
        if all(c.typed for c in table.columns):
            return self
        some = table
        if len(table) > _MOST_ROWS:
            some = table.take(np.linspace(0, len(table) - 1, _MOST_ROWS).astype(np.int64))
        self.evidence = CellEvidence().fit(some)
        worst = self._worst(table)
        if not self.alone:
            self.usual = float(np.clip(np.quantile(worst, 0.99), *_ODD_EVIDENCE))
        self.unit = max(standard_deviation(worst), 1.0)
        return self

    def score(self, table: Table) -> FloatArray:
        """Return what odd cells add to the score of each row, shape (rows,), >= 0."""
        gaps = _gaps(table, unread=self.evidence is None)
        worst = np.full(len(table), self.gaps.present_cost_.max())
        if gaps.mask.any():
            some = np.flatnonzero(gaps.mask.any(axis=1))
            worst[some] = self.gaps.surprise(gaps.take(some)).max(axis=1)
        score = _GAP_WEIGHT * np.maximum(worst - self.usual_gap, 0.0)
        if self.growing:
            score = score + self.span.surprise(numbers_of(table, self.growing)).max(axis=1)
        if self.evidence is not None:
            score = score + np.maximum(self._worst(table) - self.usual, 0.0) / self.unit
        return np.asarray(score)

    def surprise(self, table: Table, explained: Explained | None = None) -> FloatArray:
        """Return how odd each cell is, shape (rows, columns), >= 0.

        Parameters
        ----------
        table : Table
        explained : Explained, optional
            What `explain` returned for the same table.
        """
        out = np.zeros((len(table), len(table.columns)))
        if self.growing:
            out[:, self.growing] = self.span.surprise(numbers_of(table, self.growing))
        if self.evidence is None:
            return out + self.gaps.surprise(_gaps(table, unread=True))
        return out + (self.evidence.surprise(table) if explained is None else explained.surprise)

    def explain(self, table: Table) -> Explained | None:
        """Return the evidence against the cells of a table with its reasons; None where there is none."""
        if self.evidence is None or not len(table):
            return None
        return self.evidence.explain(table, np.arange(len(table)))

    def _worst(self, table: Table) -> FloatArray:
        """Return the strongest evidence against a cell that came as text, shape (rows,)."""
        texts: IntArray = np.flatnonzero([not c.typed for c in table.columns])
        if self.evidence is None or not len(texts):
            return np.zeros(len(table))
        return np.asarray(self.evidence.surprise(table)[:, texts].max(axis=1))


def numbers_of(table: Table, places: list[int]) -> Batch:
    """Return the columns at ``places`` as numbers, shape (rows, places)."""
    values = np.full((len(table), len(places)), np.nan)
    for i, j in enumerate(places):
        numbers = table.columns[j].numbers
        if numbers is not None:
            values[:, i] = numbers
    mask, names = np.isnan(values), table.names
    if mask.any():
        values[mask] = 0.0
    return Batch(values, mask, tuple(names[j] for j in places))


def _gaps(table: Table, unread: bool = False) -> Batch:
    """Return which cells of all columns are missing; with ``unread``, texts where numbers are learnt as well."""
    lost = [c.missing for c in table.columns]
    if unread:
        lost = [c.missing if c.typed or c.numbers is None else np.isnan(c.numbers) for c in table.columns]
    mask = np.column_stack(lost)
    return Batch(np.zeros(mask.shape), mask, table.names)


def spread_evenly(numbers: FloatArray | None) -> bool:
    """Return whether values spread evenly over their range, as the moments of a log do."""
    values = np.zeros(0) if numbers is None else np.sort(numbers[~np.isnan(numbers)])
    if len(values) < 20 or values[0] == values[-1]:
        return False
    uneven = (values - values[0]) / (values[-1] - values[0]) - np.linspace(0, 1, len(values))
    return float(np.abs(uneven).max()) < _EVEN
