"""Memory: stored normal rows; what is far from all of them is abnormal."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space


class Memory(Model):
    """Distance to the k-th nearest trusted row; a value is rebuilt as the mean of the k nearest.

    Parameters
    ----------
    k : int
        Which neighbour; the farthest there is where fewer are stored.
    space : str
        Column space: "standard", "minmax", "asinh" or "rank".
    rows : int
        At most so many rows are kept, drawn at random.
    """

    name = "memory"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {"k": (1, inf), "rows": (1, inf)}
    k: int
    space: str
    rows: int
    space_: Space
    neighbours_: NearestRows

    def __init__(self, k: int = 5, space: str = "asinh", rows: int = 5_000) -> None:
        self.k = k
        self.space = space
        self.rows = rows

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space(self.space).fit(batch)
        kept = np.flatnonzero(normal)
        if len(kept) > self.rows:
            kept = np.sort(random_state.choice(kept, self.rows, replace=False))
        self.neighbours_ = NearestRows(self.space_.apply(batch.take(kept)))
        return self

    def score(self, batch: Batch) -> FloatArray:
        """Return the distance to the k-th nearest kept row, shape (items,), in units of the space."""
        return self.neighbours_.nearest(self.space_.apply(batch), self.k)[0][:, -1]

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the squared difference of each cell to the mean of the k nearest rows."""
        rows = self.space_.apply(batch)
        return np.where(batch.mask, 0.0, (rows - self._nearby(rows)) ** 2)

    def expected(self, batch: Batch) -> FloatArray:
        """Return the mean of the k nearest rows, shape (items, columns), raw units."""
        return self.space_.invert(self._nearby(self.space_.apply(batch)))

    def _nearby(self, rows: FloatArray) -> FloatArray:
        _, places = self.neighbours_.nearest(rows, self.k)
        return np.asarray(self.neighbours_.rows[places].mean(axis=1))
