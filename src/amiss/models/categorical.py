"""Categories: rows whose levels and numbers are seldom seen together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from amiss.batch import Batch, FloatArray, IntArray
from amiss.calibration import standard_deviation
from amiss.neighbours import NearestRows
from amiss.part import Stored
from amiss.spaces import Space

_SPACES = ("standard", "minmax")
_NEIGHBOUR = 5
_MOST_LEVELS = 100


class Levels(Stored):
    """The levels of one categorical column as 0 and 1, a column a level; a level never seen is all zeros.

    Parameters
    ----------
    texts : sequence of str
        The different texts of the column.
    rows : ndarray of shape (texts,)
        Rows that hold each.
    """

    levels: list[str]

    def __init__(self, texts: Sequence[str], rows: FloatArray) -> None:
        frequent = np.argsort(-rows, kind="stable")[:_MOST_LEVELS]
        self.levels = [texts[i] for i in frequent.tolist()]

    def indicators(self, texts: Sequence[str], codes: IntArray) -> FloatArray:
        """Return 1 where a row holds the level, else 0, shape (rows, levels).

        Parameters
        ----------
        texts : sequence of str
            The different texts.
        codes : ndarray of shape (rows,)
            For each row the position of its text among them.
        """
        place = {text: i for i, text in enumerate(self.levels)}
        known = np.array([place.get(text, len(place)) for text in texts], dtype=np.int64)
        return np.eye(len(place) + 1, len(place))[known[codes]]


class CategoricalMemory(Stored):
    """Distance to the fifth nearest row over numbers and level indicators.

    In two column spaces, each distance in standard deviations from its training mean; the mean of both.

    Indicators never enter the committee of numeric models: they drown it.
    """

    spaces: list[Space]
    neighbours: list[NearestRows]
    centres: list[float]
    spreads: list[float]

    def fit(
        self, batch: Batch, indicators: FloatArray, random_state: np.random.Generator, most: int = 5_000
    ) -> Self:
        """Keep at most ``most`` rows of the numbers and indicators, drawn at random."""
        kept = np.arange(len(batch))
        if len(batch) > most:
            kept = np.sort(random_state.choice(len(batch), most, replace=False))
        self.spaces = [Space(kind).fit(batch) for kind in _SPACES] if batch.names else [Space().fit(batch)]
        joined = [self._joined(space, batch, indicators) for space in self.spaces]
        self.neighbours = [NearestRows(rows[kept]) for rows in joined]
        distances = [self._distance(n, rows) for n, rows in zip(self.neighbours, joined, strict=True)]
        self.centres = [float(d.mean()) for d in distances]
        self.spreads = [standard_deviation(d) for d in distances]
        return self

    def score(self, batch: Batch, indicators: FloatArray) -> FloatArray:
        """Return the mean z-score of the distances of each row, shape (rows,)."""
        total = np.zeros(len(batch))
        for space, neighbours, centre, spread in zip(
            self.spaces, self.neighbours, self.centres, self.spreads, strict=True
        ):
            total += (self._distance(neighbours, self._joined(space, batch, indicators)) - centre) / spread
        return total / len(self.spaces)

    @staticmethod
    def _joined(space: Space, batch: Batch, indicators: FloatArray) -> FloatArray:
        return np.hstack([space.apply(batch), indicators])

    @staticmethod
    def _distance(neighbours: NearestRows, rows: FloatArray) -> FloatArray:
        return neighbours.nearest(rows, _NEIGHBOUR)[0][:, -1]
