"""The numbers the models see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
AnyArray = NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """Values of cells, which of them are missing, and the names of the cells.

    Parameters
    ----------
    values : ndarray of shape (items, cells), float64
        Raw units, always finite; a missing cell holds 0.0.
    mask : ndarray of shape (items, cells), bool
        True where the cell is missing.
    names : tuple of str
        One name a cell: a column of a table, a channel of a series.
    codes : ndarray of shape (items, categories), int64
        Categories beside the numbers, for the models that take them: the place of the level among the learnt ones;
        -1: missing, or never seen.
    lost : ndarray of shape (items, categories), bool
        True where a category is missing.
    levels : tuple of int
        How many levels each category has.
    """

    values: FloatArray
    mask: BoolArray
    names: tuple[str, ...]
    codes: IntArray = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    lost: BoolArray = field(default_factory=lambda: np.zeros((0, 0), bool))
    levels: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: AnyArray) -> Batch:
        """Return the batch of the items at ``rows`` (indices or a mask)."""
        if not self.levels:
            return Batch(self.values[rows], self.mask[rows], self.names)
        return Batch(
            self.values[rows], self.mask[rows], self.names, self.codes[rows], self.lost[rows], self.levels
        )
