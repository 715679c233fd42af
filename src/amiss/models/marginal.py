"""Marginal density: how rare each value is in its own column."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model
from amiss.numerics.spaces import Space
from amiss.part import Stored

_FEWEST_BINS, _MOST_BINS = 8, 60
_USUAL = (0.025, 0.975)


class Marginal(Model):
    """The density of each column on its own; a value costs -log(p / largest p).

    Columns of few distinct values: their shares. Others: a histogram of sqrt(n) bins on the asinh scale,
    smoothed over neighbouring bins. Beyond the training range + log(1 + 5 x overshoot). All rows count,
    trusted or not. Missing cells cost nothing here (see the model "gaps").
    """

    name = "marginal"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    space_: Space
    columns_: list[ColumnDensity]
    low_: FloatArray
    high_: FloatArray

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space("asinh").fit(batch)
        units = self.space_.apply(batch)
        present = [u[~m] for u, m in zip(units.T, batch.mask.T, strict=True)]
        self.columns_ = [
            ColumnDensity().fit(u) if len(u) else ColumnDensity().fit(np.zeros(1)) for u in present
        ]
        raw = [
            v[~m] if not m.all() else np.zeros(1) for v, m in zip(batch.values.T, batch.mask.T, strict=True)
        ]
        self.low_, self.high_ = (
            np.array([np.quantile(v, _USUAL, method="nearest") for v in raw]).reshape(-1, 2).T
        )
        return self

    def surprise(self, batch: Batch) -> FloatArray:
        units = self.space_.apply(batch)
        out = np.empty(units.shape)
        for j, column in enumerate(self.columns_):
            out[:, j] = column.surprise(np.ascontiguousarray(units[:, j]))
        return np.where(batch.mask, 0.0, out)

    def expected(self, batch: Batch) -> FloatArray:
        """Return the most usual value of each column, shape (items, columns), raw units."""
        usual = self.space_.invert(np.array([[c.mode for c in self.columns_]]))
        return np.broadcast_to(usual, batch.values.shape)


class ColumnDensity(Stored):
    """The density of one column: its distinct values, or the edges of bins, and the cost of each."""

    discrete: bool
    cuts: FloatArray
    costs: FloatArray
    unseen: float

    def fit(self, units: FloatArray) -> Self:
        """Learn from the values of one column, shape (n,)."""
        bins = int(np.clip(np.sqrt(len(units)), _FEWEST_BINS, _MOST_BINS))
        distinct, counts = np.unique(units, return_counts=True)
        self.discrete = len(distinct) <= bins
        self.cuts = distinct if self.discrete else np.linspace(distinct[0], distinct[-1], bins + 1)
        weights = counts.astype(float) if self.discrete else _smoothed_histogram(units, self.cuts)
        self.costs = np.log(weights.max()) - np.log(weights)
        self.unseen = float(np.log(weights.max() / 0.5))
        return self

    @property
    def mode(self) -> float:
        """The most frequent value, or the middle of the fullest bin."""
        best = int(np.argmin(self.costs))
        return float(self.cuts[best] if self.discrete else (self.cuts[best] + self.cuts[best + 1]) / 2)

    def surprise(self, units: FloatArray) -> FloatArray:
        """Return the cost of each value, shape (n,), >= 0."""
        low, high, last = self.cuts[0], self.cuts[-1], len(self.costs) - 1
        if self.discrete:
            place = np.minimum(np.searchsorted(self.cuts, units), last)
            cost = np.where(self.cuts[place] == units, self.costs[place], self.unseen)
        else:
            place = np.clip((units - low) / (high - low) * len(self.costs), 0, last).astype(int)
            cost = self.costs[place]
        return np.asarray(cost + np.log1p(5 * np.maximum(np.maximum(low - units, units - high), 0)))


def _smoothed_histogram(units: FloatArray, edges: FloatArray) -> FloatArray:
    counts = np.histogram(units, edges)[0].astype(float)
    padded = np.concatenate([counts[:1], counts, counts[-1:]])
    return np.asarray(np.convolve(padded, [0.25, 0.5, 0.25], mode="valid") + 0.5)
