"""Shapes: stored windows of the series; a course that is far from all of them is abnormal."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.models.base import SeriesModel
from amiss.numerics.recurrence import TimedRows
from amiss.reading.windows import Channels, grid, spread_evenly, to_points, windows_of

_WINDOWS_AT_ONCE = 4_096
_VIEWS = 4


class TimedWindows(TimedRows):
    """Windows of a series as rows; a model file holds each point they cover once, though they overlap.

    Parameters
    ----------
    channels : Channels
        The stretch they lie in.
    kept : ndarray of shape (windows,)
        Where in it each begins, ascending.
    steps : int
        Points in a window.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"rows"})
    covered: FloatArray
    begins: IntArray

    def __init__(self, channels: Channels, kept: IntArray, steps: int) -> None:
        begun = np.zeros(
            len(channels) + 1, np.int64
        )  # so many windows more, or fewer, than at the point before
        begun[kept] += 1
        begun[kept + steps] -= 1
        covered = np.flatnonzero(np.cumsum(begun[:-1]))
        every = len(covered) == len(channels)  # the same points for several models: a file holds them once
        self.covered = channels.values if every else channels.values[covered]
        self.begins = np.searchsorted(covered, kept)
        self.places = channels.start + kept
        self.radius = steps

    @cached_property
    def rows(self) -> FloatArray:  # type: ignore[override]
        """The windows, shape (windows, channels x steps)."""
        return _rows(self.covered, self.begins, self.radius)


class Shapes(SeriesModel):
    """Root mean squared distance of a window to the nearest windows at another time.

    A point is rebuilt as the mean of the nearest windows over all windows that cover it.

    Parameters
    ----------
    k : int
        The mean distance to so many neighbours is the score.
    windows : int
        At most so many windows are kept.
    window : int or None
        Points in a window, at most a quarter of the training series; None: as many as in the detector's.
    """

    name = "shapes"
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "k": (1, inf),
        "windows": (1, inf),
        "window": (2, inf),
    }
    k: int
    windows: int
    window: int | None = None  # files of earlier versions hold none
    steps_: int
    memory_: TimedRows
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(self, k: int = 3, windows: int = 2_500, window: int | None = None) -> None:
        self.k = k
        self.windows = windows
        self.window = window

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Keep windows evenly spread over time."""
        self.steps_ = channels.window(self.window)
        kept = spread_evenly(len(channels) - self.steps_ + 1, self.windows)
        self.memory_ = TimedWindows(channels, kept, self.steps_)
        return self

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean distance to the k nearest kept windows at another time, shape (points,)."""
        begins = grid(channels, self.steps_)
        distances = [self._nearest(channels, at)[0].mean(axis=1) for at in _parts(begins)]
        return to_points(np.concatenate(distances), begins, self.steps_, len(channels))

    def width(self, period: int) -> int:
        """Return over how many points the scores are smoothed: one window."""
        return self.window or period

    def expected(self, channels: Channels) -> FloatArray:
        """Return the mean of the nearest windows that cover each point, shape (points, channels)."""
        count = channels.values.shape[1]
        total, times = np.zeros(channels.values.shape), np.zeros(len(channels))
        for at in _parts(grid(channels, self.steps_, _VIEWS)):
            _, indices = self._nearest(channels, at)
            rebuilt = self.memory_.rows[indices].mean(axis=1) * np.sqrt(self.steps_ * count)
            windows = rebuilt.reshape(-1, count, self.steps_)
            for step in reversed(
                range(self.steps_)
            ):  # so that a point's windows are added in their order in time
                total[at + step] += windows[:, :, step]
                times[at + step] += 1
        return np.asarray(total / np.maximum(times, 1.0)[:, None])

    def _nearest(self, channels: Channels, at: IntArray) -> tuple[FloatArray, IntArray]:
        return self.memory_.nearest(_rows(channels.values, at, self.steps_), channels.start + at, self.k)


def _rows(values: FloatArray, begins: IntArray, steps: int) -> FloatArray:
    windows = windows_of(values, steps)[begins]
    return np.asarray(windows.reshape(len(begins), -1) / np.sqrt(windows[0].size))


def _parts(begins: IntArray) -> list[IntArray]:
    return [begins[i : i + _WINDOWS_AT_ONCE] for i in range(0, len(begins), _WINDOWS_AT_ONCE)]
