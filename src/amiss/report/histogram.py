"""The distribution of scores as a drawing: bars on logarithmic axes, 1.0 is the line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.text.legible import number

_BINS = 56
_LOWEST, _HIGHEST = 0.02, 1e6


@dataclass(frozen=True)
class Bar:
    """One bar: scores above ``low`` up to ``high``; x, width, height as shares of the drawing, 0 to 1."""

    low: float
    high: float
    count: int
    flagged: int
    x: float
    width: float
    height: float

    @property
    def words(self) -> str:
        """The bar in words."""
        flagged = f", {self.flagged:,} of them flagged" if self.flagged else ""
        return f"{self.count:,} between {number(self.low)} and {number(self.high)} of the limit{flagged}"


@dataclass(frozen=True)
class Histogram:
    """Bars, the place of the line, and ticks as (place, label); all places are shares of the drawing."""

    bars: tuple[Bar, ...]
    line: float
    ticks: tuple[tuple[float, str], ...]
    counts: tuple[tuple[float, str], ...]


def histogram(scores: FloatArray, flags: BoolArray, standing_for: IntArray | None = None) -> Histogram:
    """Return the distribution of scores.

    Parameters
    ----------
    scores : ndarray of shape (items,)
        Multiples of the threshold.
    flags : ndarray of shape (items,), bool
        Which items are abnormal.
    standing_for : ndarray of shape (items,), optional
        How many scores each of them stands for; one by default.

    Returns
    -------
    Histogram
        With a bin edge exactly at 1.0. Scores below 0.02 of the limit count in the first bar.
    """
    low, high = _range(scores)
    step = math.log(high / low) / _BINS
    below, above = math.ceil(-math.log(low) / step), math.ceil(math.log(high) / step)
    edges = np.exp(np.arange(-below, above + 1) * step)
    bins = np.clip(np.searchsorted(edges, scores, side="left") - 1, 0, below + above - 1)
    each = np.ones(len(scores)) if standing_for is None else standing_for
    count = np.bincount(bins, each, minlength=below + above)
    flagged = np.bincount(bins[flags], each[flags], minlength=below + above)
    ceiling = max(math.log10(max(int(count.max(initial=1)), 10)) * 1.04, 1.0)
    width = 1 / (below + above)
    bars = tuple(
        Bar(
            edges[i],
            edges[i + 1],
            int(count[i]),
            int(flagged[i]),
            i * width,
            width,
            _height(count[i], ceiling),
        )
        for i in np.flatnonzero(count)
    )
    scale = math.log(edges[-1] / edges[0])
    ticks = tuple((math.log(t / edges[0]) / scale, number(t)) for t in _ticks(edges[0], edges[-1]))
    powers = range(math.floor(ceiling) + 1)
    counts = tuple((_height(10**power, ceiling), f"{10**power:,}") for power in powers)
    return Histogram(bars, below / (below + above), ticks, counts)


def _range(scores: FloatArray) -> tuple[float, float]:
    positive = scores[scores > 0]
    low = float(positive.min(initial=0.5)) if len(positive) else 0.5
    high = float(scores.max(initial=1.0)) * 1.05
    return min(max(low * 0.95, _LOWEST), 0.5), min(max(high, 2.0), _HIGHEST)


def _height(count: int, ceiling: float) -> float:
    """Return the height of a count: one item stands a little above the ground, tenfold is one step more."""
    ground = 0.3
    return float((math.log10(count) + ground) / (ceiling + ground))


def _ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if high / low < 1000 else (1,)
    return [t for power in decades for d in digits if low <= (t := d * 10.0**power) <= high]
