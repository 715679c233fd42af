"""Middle: how far each value is from the middle of its own column, levels too, by rank and share."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model
from amiss.numerics.spaces import Space


class Middle(Model):
    """Distance from the middle of each column: normal quantiles of ranks, and 2 (1 - share) of a level, summed.

    Columns are not weighed by how they depend on each other, and no row has neighbours: rows that are wrong in the same
    way and many, which bend a covariance and vouch for each other in a memory, stay far. Where a column holds one
    value nearly always, any other is far, however small. All rows count, trusted or not.
    """

    name = "middle"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    takes_levels: ClassVar[bool] = True
    weight: ClassVar[float] = 2.0
    space_: Space
    shares_: list[FloatArray]

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space("rank").fit(batch)
        columns = zip(batch.codes.T, batch.levels, strict=True) if batch.levels else ()
        self.shares_ = [np.bincount(codes + 1, minlength=1 + n) / len(batch) for codes, n in columns]
        return self

    def score(self, batch: Batch) -> FloatArray:
        """Return the summed distance of each item, shape (items,)."""
        far = np.abs(self.space_.apply(batch)).sum(axis=1)
        for codes, shares in zip(batch.codes.T, self.shares_, strict=True):
            far += 2 * (1 - shares[codes + 1])
        return np.asarray(far)

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the squared distance of each cell from the middle of its column."""
        return np.where(batch.mask, 0.0, self.space_.apply(batch) ** 2)
