"""Calibration: scores of one model -> a scale on which the scores of several can be added."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import FloatArray
from amiss.part import Stored

_TAIL = 0.98  # quantile from which the tail is taken as exponential
_BEFORE = 0.9  # the stretch between this quantile and the tail tells how fast the tail should fall
_HEAVIER, _LIGHTER = 5.0, 0.25
_LEVELS = 1001
_MOST = 12.0
_LINEAR = 3.0
_FAR = 10.0
_MOST_KEPT = 100_000  # training scores that a tail keeps


class Calibration(Stored):
    """Scores of one model -> a scale on which models can be added; monotone, learnt on training scores."""

    def fit(self, scores: FloatArray) -> Self:
        """Learn the scale from training scores, shape (items,)."""
        raise NotImplementedError

    def apply(self, scores: FloatArray) -> FloatArray:
        """Return calibrated scores of the same shape, finite."""
        raise NotImplementedError

    def optimism(self, scores: FloatArray) -> FloatArray:
        """Return by how much training scores would be higher, had the scale been learnt without each; 0 by default."""
        return np.zeros(len(scores))


class ZScore(Calibration):
    """Standard deviations from the training mean, log-compressed: sign(z) log(1 + abs(z)).

    Scores far beyond the quartiles count as less than they are, see `centre_and_spread`.
    """

    centre: float
    spread: float

    def fit(self, scores: FloatArray) -> Self:
        self.centre, self.spread = centre_and_spread(scores)
        return self

    def apply(self, scores: FloatArray) -> FloatArray:
        z = (scores - self.centre) / self.spread
        return np.asarray(np.sign(z) * np.log1p(np.abs(z)))


class Tail(Calibration):
    """-log(share of training scores at least as high) + log(1 + how far beyond the training maximum).

    Of more than 100,000 training scores so many are kept, evenly spread by rank, the highest among them.
    """

    ordered: FloatArray
    spread: float

    def fit(self, scores: FloatArray) -> Self:
        ordered = np.sort(scores)
        kept = np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_KEPT)).astype(np.int64)
        self.ordered = ordered[kept]
        self.spread = standard_deviation(scores)
        return self

    def apply(self, scores: FloatArray) -> FloatArray:
        count = len(self.ordered)
        at_least = count - np.searchsorted(self.ordered, scores, side="left")
        beyond = np.maximum(scores - self.ordered[-1], 0.0) / self.spread
        return np.asarray(-np.log(np.maximum(at_least, 1) / count) + np.log1p(beyond))

    def optimism(self, scores: FloatArray) -> FloatArray:
        """Return by how much training scores would be higher, had the scale been learnt without each, >= 0.

        Of n scores the k-th highest is told k / n; a new item in its place would be told (k - 1) / (n - 1), and how
        far it lies beyond the others.
        """
        count = len(self.ordered)
        if count < 2:
            return np.zeros(len(scores))
        others = np.maximum(count - np.searchsorted(self.ordered, scores, side="left") - 1, 0)
        beyond = np.where(others == 0, np.maximum(scores - self.ordered[-2], 0.0) / self.spread, 0.0)
        alone = -np.log(np.maximum(others, 1) / (count - 1)) + np.log1p(beyond)
        return np.asarray(np.maximum(alone - self.apply(scores), 0.0))


class UpperQuantile(Calibration):
    """The score in multiples of a high training quantile, capped."""

    unit: float

    def __init__(self, quantile: float = 0.9, cap: float = 20.0) -> None:
        self.quantile = quantile
        self.cap = cap

    quantile: float
    cap: float

    def fit(self, scores: FloatArray) -> Self:
        self.unit = float(np.quantile(scores, self.quantile)) or float(scores.max()) or 1.0
        return self

    def apply(self, scores: FloatArray) -> FloatArray:
        return np.minimum(scores / self.unit, self.cap)


class ExponentialTail(Calibration):
    """-log10 of the share of training scores at least as high; beyond the 0.98 quantile an exponential tail.

    Scores of shape (items, cells) are taken cell by cell.

    Parameters
    ----------
    bend : float or None
        Beyond it the tail grows with its logarithm, so that what is odder still scores higher and yet does not outvote
        all others; None: it ends at 12.
    """

    bend: float | None = None  # files of earlier versions hold none
    levels: FloatArray
    start: FloatArray
    slope: FloatArray

    def __init__(self, bend: float | None = None) -> None:
        self.bend = bend

    def fit(self, scores: FloatArray) -> Self:
        columns = scores.reshape(len(scores), -1)
        self.start = np.quantile(columns, _TAIL, axis=0)
        self.levels = np.quantile(columns, np.linspace(0.0, 1.0, _LEVELS), axis=0, method="higher")
        beyond = np.maximum(columns - self.start, 0.0)
        mean = beyond.sum(axis=0) / np.maximum((beyond > 0).sum(axis=0), 1)
        # the mean excess is that of the anomalies where there are some: then what lies before them tells more
        before = (self.start - np.quantile(columns, _BEFORE, axis=0)) / np.log((1 - _BEFORE) / (1 - _TAIL))
        usual = np.clip(_HEAVIER * before, _LIGHTER * mean, mean)
        self.slope = np.maximum(usual, 1e-3 * np.abs(self.start) + 1e-9)
        return self

    def apply(self, scores: FloatArray) -> FloatArray:
        columns = scores.reshape(len(scores), -1)
        out = np.empty(columns.shape)
        for i, (column, levels) in enumerate(zip(columns.T, self.levels.T, strict=True)):
            below = np.searchsorted(levels, column - 1e-9 * np.abs(column), side="left")
            out[:, i] = -np.log10(np.maximum(1.0 - below / _LEVELS, 1.0 - _TAIL))
        beyond = np.maximum(columns - self.start, 0.0) / self.slope
        inside = np.where(beyond > 0, -np.log10(1.0 - _TAIL), out)
        tail = inside + beyond / np.log(10.0)
        if self.bend is None:
            tail = np.minimum(tail, _MOST)
        else:
            tail = np.minimum(tail, self.bend) + self.bend * np.log(np.maximum(tail / self.bend, 1.0))
        return np.asarray(tail.reshape(scores.shape))


def standard_deviation(scores: FloatArray) -> float:
    """Return the standard deviation; 1.0 where it is but the rounding of equal scores."""
    spread = float(scores.std())
    return spread if spread > 1e-9 * float(np.abs(scores).max()) else 1.0


def centre_and_spread(scores: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation of scores, those far out drawn in.

    Beyond the upper quartile by more than ten times what lies between the quartiles, a score counts as
    standing there: otherwise a single gross one would squeeze all others together.
    """
    lower, upper = np.quantile(scores, (0.25, 0.75))
    if upper > lower:
        scores = np.minimum(scores, upper + _FAR * (upper - lower))
    return float(scores.mean()), standard_deviation(scores)


def positive(scores: FloatArray) -> FloatArray:
    """Return scores of either sign as scores >= 0, in the same order: log(1 + exp(score))."""
    return np.asarray(np.maximum(scores, 0.0) + np.log1p(np.exp(-np.abs(scores))))


def opened(scores: FloatArray) -> FloatArray:
    """Return log-compressed scores as scores >= 0, in the same order: exp(score), beyond 3 its tangent."""
    near = np.minimum(scores, _LINEAR)
    return np.asarray(np.exp(near) * (1 + scores - near))


def closed(scores: FloatArray) -> FloatArray:
    """Return what `opened` turns into these scores, each > 0."""
    far = np.exp(_LINEAR)
    return np.asarray(np.where(scores <= far, np.log(scores), scores / far + _LINEAR - 1))


def lifted(scores: FloatArray) -> FloatArray:
    """Return scores of either sign as scores > 0, in the same order: 1 + score, below 0 1 / (1 - score)."""
    size = 1 + np.abs(scores)
    return np.asarray(np.where(scores >= 0, size, 1 / size))
