"""Categories: rows whose levels and numbers are seldom seen together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.models.robust import Gaussian, lowest
from amiss.numerics.calibration import ZScore, centre_and_spread
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space
from amiss.part import Stored

_CLEAN_SPACES, _MIXED_SPACES = ("standard", "minmax"), ("standard", "asinh")
_NEIGHBOUR = 5
_RIDGE, _TRUSTED = 1.0, 0.8
_MOST_LEVELS = 100
_MOST_MENDING = 2_000  # stored rows that a row is compared with when one of its categories is ignored
_FEW = 10  # different whole numbers, at most, that are levels as much as numbers
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
    """How seldom the levels and the numbers of a row are seen together.

    Rows are numbers in a column space and the indicators of levels. Clean training data: the mean over column spaces of
    the distance to the fifth nearest row, in standard deviations from its training mean, above 0 on the scale of square
    roots: where few rows lie, distances grow without a row being wrong.

    Mixed training data: half of it the distance to the fifth nearest of the trusted rows, half the Mahalanobis distance
    to their centre, both as log-compressed standard deviations. Rows that are wrong in the same way are near to each
    other; far from the centre they stay. Trusted are the 80 % of rows nearest to the centre; scales and centre are
    those of the 80 % that are central at a first look.

    Indicators never enter the committee of numeric models: they drown it.
    """

    spaces: list[Space]
    neighbours: list[NearestRows]
    centres: list[float]
    spreads: list[float]
    centre: Gaussian | None = None  # none where the training data are clean, or in files of earlier versions
    far: ZScore | None = None

    def fit_score(
        self,
        batch: Batch,
        indicators: FloatArray,
        random_state: np.random.Generator,
        clean: bool = False,
        good: BoolArray | None = None,
        most: int = 5_000,
    ) -> FloatArray:
        """Keep at most ``most`` rows, drawn at random; return what `score` returns for the training rows.

        Rows known to be ``good`` are trusted, however far from the centre they are.
        """
        central = np.arange(len(batch)) if clean else self._central(batch, indicators)
        kinds = _CLEAN_SPACES if clean else _MIXED_SPACES
        scales = batch.take(central)
        self.spaces = [Space(kind).fit(scales) for kind in kinds] if batch.names else [Space().fit(scales)]
        joined = [self._joined(space, batch, indicators) for space in self.spaces]
        kept = central if clean else self._learn_centre(joined[0], central)
        if good is not None:
            kept = np.union1d(kept, np.flatnonzero(good))
        if len(kept) > most:
            kept = np.sort(random_state.choice(kept, most, replace=False))
        self.neighbours = [NearestRows(rows[kept]) for rows in joined]
        distances = [self._distance(n, rows) for n, rows in zip(self.neighbours, joined, strict=True)]
        measured = [centre_and_spread(d) for d in distances]
        self.centres, self.spreads = [c for c, _ in measured], [max(s, _LEAST_SPREAD) for _, s in measured]
        return self._combined(distances, joined[0])

    def _central(self, batch: Batch, indicators: FloatArray) -> IntArray:
        """Return the places of the rows nearest to the centre of all: no gross number sets the scale of its column."""
        rows = self._joined(Space("asinh").fit(batch), batch, indicators)
        return lowest(Gaussian(rows, _RIDGE).squared_distance(rows), _TRUSTED)

    def _learn_centre(self, rows: FloatArray, central: IntArray) -> IntArray:
        """Learn the centre of the central rows; return the places of those to trust."""
        self.centre = Gaussian(rows[central], _RIDGE)
        far = self.centre.squared_distance(rows)
        self.far = ZScore().fit(far)
        return lowest(far, _TRUSTED)

    def score(self, batch: Batch, indicators: FloatArray) -> FloatArray:
        """Return how far each row is from its like, shape (rows,), 0 about usual."""
        joined = [self._joined(space, batch, indicators) for space in self.spaces]
        asked = zip(self.neighbours, joined, strict=True)
        return self._combined([self._distance(n, rows) for n, rows in asked], joined[0])

    def mended(self, batch: Batch, indicators: FloatArray) -> FloatArray:
        """Return by how much a row comes nearer to its like when one category is ignored, shape (rows, categories).

        It is the fall of the squared distance to the fifth nearest row, in the first column space, >= 0.

        Parameters
        ----------
        batch : Batch
        indicators : ndarray of shape (rows, sum of levels)
        """
        stored = self.neighbours[0].rows
        stored = stored[:: -(-len(stored) // _MOST_MENDING)]
        rows = self._joined(self.spaces[0], batch, indicators)
        ends = rows.shape[1] - sum(batch.levels) + np.cumsum([0, *batch.levels])
        nth = min(_NEIGHBOUR, len(stored)) - 1
        out = np.zeros((len(rows), len(batch.levels)))
        for i, row in enumerate(rows):
            parts = (stored - row) ** 2
            whole = parts.sum(axis=1)
            away = np.partition(whole, nth)[nth]
            for j, (start, end) in enumerate(itertools.pairwise(ends.tolist())):
                without = whole - parts[:, start:end].sum(axis=1)
                out[i, j] = max(away - np.partition(without, nth)[nth], 0.0)
        return out

    def _combined(self, distances: list[FloatArray], rows: FloatArray) -> FloatArray:
        z = [(d - c) / s for d, c, s in zip(distances, self.centres, self.spreads, strict=True)]
        if self.centre is not None and self.far is not None:
            near = np.mean([np.sign(one) * np.log1p(np.abs(one)) for one in z], axis=0)
            return np.asarray(0.5 * near + 0.5 * self.far.apply(self.centre.squared_distance(rows)))
        mean = np.mean(z, axis=0)
        return np.asarray(np.where(mean > 0, 2 * (np.sqrt(1 + np.abs(mean)) - 1), mean))

    @staticmethod
    def _joined(space: Space, batch: Batch, indicators: FloatArray) -> FloatArray:
        return np.hstack([space.apply(batch), indicators])

    @staticmethod
    def _distance(neighbours: NearestRows, rows: FloatArray) -> FloatArray:
        return neighbours.nearest(rows, _NEIGHBOUR)[0][:, -1]


def levels_among(batch: Batch) -> int:
    """Return how many columns hold few different whole numbers: grades and counts, levels as much as numbers."""
    columns = (values[~lost] for values, lost in zip(batch.values.T, batch.mask.T, strict=True))
    return sum(len(np.unique(c)) <= _FEW and bool(np.all(c == np.round(c))) for c in columns)
