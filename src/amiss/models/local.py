"""Local density: far from the nearest row, and lonelier than that row's own surroundings."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.models.base import Model
from amiss.numerics.calibration import Tail
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space

_CLOSEST = 3


class Local(Model):
    """Distance to the nearest trusted row, and local outlier factor, in one column space.

    The score is the mean of both, each as -log of the share of stored rows that lie at least as far out.

    Parameters
    ----------
    k : int
        Nearest rows that make up a surrounding; all there are where fewer are stored.
    space : str
        Column space: "standard", "minmax", "asinh" or "rank".
    rows : int
        At most so many rows are kept, drawn at random.
    rescaled : bool
        Whether each column is divided by how far a row is from its three nearest in it, as a rule: what tells
        close rows apart then counts less than what they have in common.

    References
    ----------
    Breunig, Kriegel, Ng and Sander (2000), LOF: identifying density-based local outliers, definitions 5 to 7.
    """

    name = "local"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    weight: ClassVar[float] = 2.0
    legal: ClassVar[dict[str, tuple[float, float]]] = {"k": (1, inf), "rows": (1, inf)}
    k: int
    space: str
    rows: int
    rescaled: bool = False  # files of earlier versions do not say
    space_: Space
    scale_: FloatArray = np.ones(1)
    neighbours_: NearestRows
    radius_: FloatArray
    density_: FloatArray
    distance_tail_: Tail
    factor_tail_: Tail

    def __init__(
        self, k: int = 10, space: str = "standard", rows: int = 10_000, rescaled: bool = False
    ) -> None:
        self.k = k
        self.space = space
        self.rows = rows
        self.rescaled = rescaled

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Local:
        self.space_ = Space(self.space).fit(batch)
        kept = np.flatnonzero(normal)
        if len(kept) > self.rows:
            kept = np.sort(random_state.choice(kept, self.rows, replace=False))
        stored = self.space_.apply(batch.take(kept))
        self.scale_ = _usual_differences(stored) if self.rescaled else np.ones(1)
        stored = stored / self.scale_
        self.neighbours_ = NearestRows(stored)
        distances, places = self.neighbours_.nearest(stored, self.k)
        self.radius_ = distances[:, -1]
        self.density_ = self._density(distances, places)
        self.distance_tail_ = Tail().fit(distances[:, 0])
        self.factor_tail_ = Tail().fit(self._factor(distances, places))
        return self

    def _density(self, distances: FloatArray, places: IntArray) -> FloatArray:
        """Return 1 / mean reachability distance, shape (n,)."""
        reach = np.maximum(distances, self.radius_[places])
        return np.asarray(1 / np.maximum(np.einsum("nk->n", reach) / reach.shape[1], 1e-10))

    def _factor(self, distances: FloatArray, places: IntArray) -> FloatArray:
        """Return the local outlier factor, shape (n,): the neighbours' density over the row's own."""
        around = np.einsum("nk->n", self.density_[places]) / places.shape[1]
        return np.asarray(around / self._density(distances, places))

    def score(self, batch: Batch) -> FloatArray:
        """Return the mean of the two tail scores, shape (items,), >= 0, in nats."""
        distances, places = self.neighbours_.nearest(self._rows(batch), self.k)
        factor = self._factor(distances, places)
        return 0.5 * self.distance_tail_.apply(distances[:, 0]) + 0.5 * self.factor_tail_.apply(factor)

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the squared difference of each cell to the nearest row's, in units of the rescaled space."""
        rows = self._rows(batch)
        return np.where(batch.mask, 0.0, (rows - self._nearest(rows)) ** 2)

    def expected(self, batch: Batch) -> FloatArray:
        """Return the nearest row, shape (items, columns), raw units."""
        return self.space_.invert(self._nearest(self._rows(batch)) * self.scale_)

    def _rows(self, batch: Batch) -> FloatArray:
        return np.ascontiguousarray(self.space_.apply(batch) / self.scale_)

    def _nearest(self, rows: FloatArray) -> FloatArray:
        _, places = self.neighbours_.nearest(rows, self.k)
        return np.asarray(self.neighbours_.rows[places[:, 0]])


def _usual_differences(rows: FloatArray) -> FloatArray:
    """Return, for each column, the root mean square difference between a row and its three nearest, shape (columns,).

    At least a hundredth of the mean over the columns; 1.0 where no rows differ.
    """
    _, places = NearestRows(rows).nearest(rows, _CLOSEST)
    usual = np.sqrt(np.mean([((rows[near] - rows) ** 2).mean(axis=0) for near in places.T], axis=0))
    return np.maximum(usual, 0.01 * usual.mean()) if usual.any() else np.ones(rows.shape[1])
