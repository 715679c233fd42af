"""Categories: rows whose levels and numbers are seldom seen together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amiss.batch import Batch, FloatArray, IntArray
from amiss.numerics.calibration import centre_and_spread
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space
from amiss.part import Stored

_SPACES = ("standard", "minmax")
_NEIGHBOUR = 5
_MOST_LEVELS = 100
_LEAST_SPREAD = 0.1  # of distances: where rows recur most are near 0, and any other would be without measure


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
        count = len(self.levels)
        return np.eye(count + 1, count)[self.places(texts, codes)]

    def places(self, texts: Sequence[str], codes: IntArray) -> IntArray:
        """Return the place of each row's level among the learnt ones, shape (rows,); -1 for one never seen."""
        place = {text: i for i, text in enumerate(self.levels)}
        return np.array([place.get(text, -1) for text in texts], dtype=np.int64)[codes]


class CategoricalMemory(Stored):
    """Distance to the fifth nearest row over numbers and level indicators.

    In two column spaces, each distance in standard deviations from its training mean; the mean of both, above 0
    on the scale of square roots: where few rows lie, distances grow without a row being wrong.

    Indicators never enter the committee of numeric models: they drown it.
    """

    spaces: list[Space]
    neighbours: list[NearestRows]
    centres: list[float]
    spreads: list[float]

    def fit_score(
        self, batch: Batch, indicators: FloatArray, random_state: np.random.Generator, most: int = 5_000
    ) -> FloatArray:
        """Keep at most ``most`` rows, drawn at random; return what `score` returns for the training rows."""
        kept = np.arange(len(batch))
        if len(batch) > most:
            kept = np.sort(random_state.choice(len(batch), most, replace=False))
        self.spaces = [Space(kind).fit(batch) for kind in _SPACES] if batch.names else [Space().fit(batch)]
        joined = [self._joined(space, batch, indicators) for space in self.spaces]
        self.neighbours = [NearestRows(rows[kept]) for rows in joined]
        distances = [self._distance(n, rows) for n, rows in zip(self.neighbours, joined, strict=True)]
        measured = [centre_and_spread(d) for d in distances]
        self.centres, self.spreads = [c for c, _ in measured], [max(s, _LEAST_SPREAD) for _, s in measured]
        return self._combined(distances)

    def score(self, batch: Batch, indicators: FloatArray) -> FloatArray:
        """Return how far each row is from its like, shape (rows,), 0 about usual."""
        asked = zip(self.spaces, self.neighbours, strict=True)
        return self._combined([self._distance(n, self._joined(s, batch, indicators)) for s, n in asked])

    def _combined(self, distances: list[FloatArray]) -> FloatArray:
        z = [(d - c) / s for d, c, s in zip(distances, self.centres, self.spreads, strict=True)]
        mean = np.mean(z, axis=0)
        return np.asarray(np.where(mean > 0, 2 * (np.sqrt(1 + np.abs(mean)) - 1), mean))

    @staticmethod
    def _joined(space: Space, batch: Batch, indicators: FloatArray) -> FloatArray:
        return np.hstack([space.apply(batch), indicators])

    @staticmethod
    def _distance(neighbours: NearestRows, rows: FloatArray) -> FloatArray:
        return neighbours.nearest(rows, _NEIGHBOUR)[0][:, -1]
