"""Odd number: far out in its column, or far from what rows with nearly the same other number hold."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.evidence.base import Cells, Evidence, Reason
from amiss.part import Stored
from amiss.reading.columns import Column
from amiss.reading.frames import number_text
from amiss.usual import moment_words

_DEGREES = 3.0
_FREE = 1.5
_FREE_RESIDUAL = 2.0
_MOST = 15.0
_FEWEST = 30
_RELATED = 0.7
_PREDICTORS = 3
_SAMPLE = 1_000
_HALF = 3
_MOST_PAIRS = 20_000


class OddNumber(Evidence):
    """Student's tail of the robust deviation, and of the residual to the neighbours in a column that
    predicts it.

    References ---------- Lange, Little and Taylor (1989), "Robust statistical modeling using the t
    distribution", section 2: the tail.
    """

    name = "odd number"
    weights = (0.25, 0.5)

    tails_: list[NumberTail | None]
    neighbours_: list[list[NumberNeighbours]]
    predictors_: list[list[int]]

    def fit(self, cells: Cells) -> Self:
        """Learn where the numbers of each column lie, and which columns predict which."""
        columns = cells.table.columns
        judged = [c.numbers if c.kind in ("numeric", "date") else None for c in columns]
        known = [np.zeros(0) if x is None else x[np.isfinite(x)] for x in judged]
        self.tails_ = [NumberTail(x) if len(x) >= 8 else None for x in known]
        self.neighbours_ = [[] for _ in columns]
        self.predictors_ = [[] for _ in columns]
        useful = [j for j, c in enumerate(columns) if c.numbers is not None and c.kind != "constant"]
        related = _rank_correlation([columns[j].numbers for j in useful])  # type: ignore[misc]
        for at, j in enumerate(useful):
            if judged[j] is not None:
                order = np.argsort(-related[at], kind="stable")[: _PREDICTORS + 1]
                self._learn_predictors(cells, j, [useful[k] for k in order if related[at, k] >= _RELATED])
        return self

    def _learn_predictors(self, cells: Cells, j: int, predictors: list[int]) -> None:
        for k in predictors:
            x, y = cells.table.columns[k].numbers, cells.table.columns[j].numbers
            if k == j or x is None or y is None:
                continue
            both = np.isfinite(x) & np.isfinite(y)
            if both.sum() < _FEWEST:
                continue
            neighbours = NumberNeighbours(x[both], y[both])
            if neighbours.gain >= 0.5:
                self.predictors_[j].append(k)
                self.neighbours_[j].append(neighbours)

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in enumerate(cells.table.columns):
            tail, y = self.tails_[j], column.numbers
            if tail is None or y is None:
                continue
            out[:, j] = self.weights[0] * tail.surprise(y)
            residuals = [self._residual_surprise(cells, j, i) for i in range(len(self.predictors_[j]))]
            if residuals:
                out[:, j] += self.weights[1] * np.max(residuals, axis=0)
        return out

    def _residual_surprise(self, cells: Cells, j: int, i: int) -> FloatArray:
        x, y = cells.table.columns[self.predictors_[j][i]].numbers, cells.table.columns[j].numbers
        out = np.zeros(len(cells))
        if x is not None and y is not None:
            both = np.isfinite(x) & np.isfinite(y)
            out[both] = self.neighbours_[j][i].surprise(x[both], y[both])
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        one, tail = cells.table.columns[column], self.tails_[column]
        if tail is None or one.numbers is None:
            return Reason("")
        y = one.numbers[row : row + 1]
        alone = self.weights[0] * float(tail.surprise(y)[0])
        together = [
            self.weights[1] * self._residual_surprise(cells, column, i)[row]
            for i in range(len(self.predictors_[column]))
        ]
        if together and max(together) > alone:
            i = int(np.argmax(together))
            other = cells.table.columns[self.predictors_[column][i]]
            x = other.numbers[row : row + 1]  # type: ignore[index]
            expected = _words(one, float(self.neighbours_[column][i].expected(x, y)[0]))
            words = f"rows with {other.name} near {other.text(row)} hold about {expected}"
            return Reason(words, f"about {expected}")
        low, high = (_words(one, v) for v in tail.usual())
        return Reason(f"expected {low} to {high}", f"{low} to {high}")


class NumberTail(Stored):
    """How far out a number lies: the smaller of the robust deviations on the plain and on the logarithmic
    scale."""

    centre: tuple[float, float]
    spread: tuple[float, float]

    def __init__(self, values: FloatArray) -> None:
        found = [_robust(values), _robust(_log_scale(values))]
        self.centre = (found[0][0], found[1][0])
        self.spread = (found[0][1], found[1][1])

    def surprise(self, values: FloatArray) -> FloatArray:
        """Return the surprise of each number, in nats; 0 for NaN."""
        out = np.zeros(len(values))
        known = np.isfinite(values)
        x = values[known]
        plain = _deviations(x - self.centre[0], self.spread[0])
        z = np.minimum(plain, _deviations(_log_scale(x) - self.centre[1], self.spread[1]))
        out[known] = np.maximum(0.0, student_surprise(z) - student_surprise(np.array(_FREE)))
        return out

    def usual(self) -> tuple[float, float]:
        """Return the range within two robust deviations."""
        return self.centre[0] - 2 * self.spread[0], self.centre[0] + 2 * self.spread[0]


class NumberNeighbours(Stored):
    """A number y told from the rows whose x is nearest: the median of the three before and the three behind.

    Of the rows with the very x, one that also has the very y is left out, whoever asks; where more than six
    rows have that x, they alone are asked. Of more than 20,000 pairs so many are kept, evenly spread over the rows.

    Attributes
    ----------
    x, y : ndarray of shape (rows,)
        Pairs, ascending by x, then by y.
    gain : float
        Share by which the neighbours shrink the (trimmed) deviation of y.
    spread : float
        Robust deviation of the residuals.
    """

    x: FloatArray
    y: FloatArray
    gain: float
    spread: float

    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        some = np.linspace(0, len(x) - 1, min(len(x), _MOST_PAIRS)).astype(np.int64)
        x, y = x[some], y[some]
        order = np.lexsort((y, x))
        self.x, self.y = x[order], y[order]
        residual = np.abs(self.y - self.expected(self.x, self.y))
        deviation = np.abs(self.y - np.median(self.y))
        most = 3 * np.quantile(deviation, 0.5) + 1e-300
        whole = float(np.minimum(deviation, most).mean())
        self.gain = 1.0 - float(np.minimum(residual, most).mean()) / whole if whole > 0 else 0.0
        wide = max(np.quantile(residual, 0.75) / 1.15, np.quantile(residual, 0.9) / 2)
        self.spread = float(max(wide, 1e-3 * float(np.std(self.y)), 1e-300))

    def surprise(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the surprise of each y given its x, in nats."""
        z = _deviations(y - self.expected(x, y), self.spread)
        excess = student_surprise(z) - student_surprise(np.array(_FREE_RESIDUAL))
        return np.clip(excess * self.gain, 0.0, _MOST)

    def expected(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Return the median y of the neighbours of each pair, shape (pairs,)."""
        first, behind = np.searchsorted(self.x, x, "left"), np.searchsorted(self.x, x, "right")
        tied = behind - first > 2 * _HALF
        out = np.empty(len(x))
        out[tied] = self._median_of_tied(first[tied], (behind - first)[tied], y[tied])
        out[~tied] = self._median_of_near(first[~tied], behind[~tied], y[~tied])
        return out

    def _median_of_near(self, first: IntArray, behind: IntArray, y: FloatArray) -> FloatArray:
        n = len(self.y)
        where = first[:, None] + np.arange(-_HALF, 3 * _HALF + 1)
        valid = (where >= 0) & (where < np.minimum(behind + _HALF, n)[:, None])
        near = np.where(valid, self.y[np.clip(where, 0, n - 1)], np.inf)
        same = valid & (where >= first[:, None]) & (where < behind[:, None]) & (near == y[:, None])
        near[same & (np.cumsum(same, axis=1) == 1)] = np.inf
        near.sort(axis=1)
        count = np.isfinite(near).sum(axis=1)
        row = np.arange(len(near))
        low, high = (
            near[row, np.maximum(count - 1, 0) // 2],
            near[row, np.minimum(count // 2, near.shape[1] - 1)],
        )
        return np.where(count > 0, (low + np.where(count > 0, high, low)) / 2, y)

    def _median_of_tied(self, first: IntArray, size: IntArray, y: FloatArray) -> FloatArray:
        rank = _rank_within(self.y, first, size, y)
        own = (rank < size) & (self.y[np.minimum(first + rank, len(self.y) - 1)] == y)
        left = size - own

        def at(k: IntArray) -> FloatArray:
            return np.asarray(self.y[first + k + (own & (k >= rank))])

        return np.asarray((at((left - 1) // 2) + at(left // 2)) / 2)


def _rank_within(values: FloatArray, first: IntArray, size: IntArray, asked: FloatArray) -> IntArray:
    """Return how many of ``values[first:first + size]`` (ascending) are below ``asked``, for all at once."""
    low, high = np.zeros(len(asked), np.int64), size.astype(np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        below = (low < high) & (values[np.minimum(first + middle, len(values) - 1)] < asked)
        high = np.where((low < high) & ~below, middle, high)
        low = np.where(below, middle + 1, low)
    return low


def _deviations(difference: FloatArray, spread: float) -> FloatArray:
    """Return the size of differences in multiples of the spread, 1e100 at most: their squares are finite."""
    with np.errstate(over="ignore"):
        return np.minimum(np.abs(difference) / spread, 1e100)


def student_surprise(z: FloatArray) -> FloatArray:
    """Return -log of Student's density with 3 degrees of freedom, up to a constant."""
    return np.asarray(0.5 * (_DEGREES + 1.0) * np.log1p(np.square(z) / _DEGREES))


def _log_scale(values: FloatArray) -> FloatArray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _robust(values: FloatArray) -> tuple[float, float]:
    """Return median and spread: interquartile range / 1.349, the standard deviation where that is much
    larger."""
    low, centre, high = np.percentile(values, [25, 50, 75])
    spread, deviation = (high - low) / 1.349, float(np.std(values))
    if spread <= 0.1 * deviation:
        spread = deviation
    return float(centre), float(spread) or 1.0


def _rank_correlation(columns: list[FloatArray]) -> FloatArray:
    """Return the size of Spearman's rank correlation of each pair, on at most 1,000 rows; NaN ranks in the
    middle."""
    if not columns:
        return np.zeros((0, 0))
    table = np.column_stack(columns)
    table = table[np.linspace(0, len(table) - 1, min(len(table), _SAMPLE)).astype(int)]
    known = np.isfinite(table)
    ranks = np.argsort(np.argsort(np.where(known, table, np.inf), axis=0, kind="stable"), axis=0).astype(
        float
    )
    ranks = np.where(known, ranks, np.nan)
    centre = np.divide(
        np.nansum(ranks, axis=0), known.sum(axis=0), out=np.zeros(table.shape[1]), where=known.any(axis=0)
    )
    ranks = np.where(known, ranks - centre, 0.0)
    length = np.sqrt((ranks**2).sum(axis=0))
    length[length == 0] = 1.0
    ranks /= length
    return np.asarray(np.abs(ranks.T @ ranks))


def _words(column: Column, value: float) -> str:
    """Return a date as a date, a number with four figures at most behind the first."""
    if column.kind == "date":
        return moment_words(value)
    return number_text(float(f"{value:.5g}"))
