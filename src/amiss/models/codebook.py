"""Codebook: a few typical windows or points; a code that never recurs is not normal."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.errors import ParameterError
from amiss.models.base import SeriesModel
from amiss.numerics.principal import principal_axes
from amiss.numerics.recurrence import cluster, nearest_code, recurring
from amiss.reading.windows import Channels, grid, spread_evenly, stretches, to_points, windows_of

_LEARNT_FROM = {"windows": 2_500, "points": 5_000}
_SHARE = 0.9
_FLATTEST = 0.1
_AT_ONCE = 8_192


class Codebook(SeriesModel):
    """Distance to the nearest code that recurs: a cluster centre met in several blocks of two periods.

    Parameters
    ----------
    of : str
        "windows": the shape of a window, its mean and spread taken off; "points": the channels at one moment.
    codes : int
        How many clusters.
    blocks : int
        A code met in fewer blocks of time is deleted.
    window : int or None
        Points in a window, at most a quarter of the training series; None: as many as in the detector's.
    """

    name = "codebook"
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "codes": (1, inf),
        "blocks": (1, inf),
        "window": (2, inf),
    }
    of: str
    codes: int
    blocks: int
    window: int | None = None  # files of earlier versions hold none
    steps_: int
    mean_: FloatArray
    axes_: FloatArray
    codes_: FloatArray
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(
        self, of: str = "windows", codes: int = 64, blocks: int = 2, window: int | None = None
    ) -> None:
        self.of = of
        self.codes = codes
        self.blocks = blocks
        self.window = window

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Cluster rows evenly spread over time; delete the codes that do not recur.

        Raises
        ------
        ParameterError
            ``of`` is neither "windows" nor "points".
        """
        if self.of not in ("windows", "points"):
            raise ParameterError(f"Model 'codebook': of={self.of!r}. Legal: 'windows', 'points'.")
        length = channels.window(self.window)
        self.steps_ = length if self.of == "windows" else 1
        self._learn_axes(channels)
        windows = len(channels) - self.steps_ + 1
        kept = spread_evenly(windows, _LEARNT_FROM[self.of])
        codes = cluster(self._rows(channels, kept), self.codes, random_state)
        places = np.concatenate(
            [
                first + grid(channels.stretch(first, stop + self.steps_ - 1), self.steps_)
                for first, stop in stretches(windows)
            ]
        )
        index, _ = self._nearest(channels, places, codes)
        often = recurring(index, places, len(codes), 2 * length, self.blocks)
        self.codes_ = codes[often]
        return self

    def _learn_axes(self, channels: Channels) -> None:
        width = channels.values.shape[1]
        self.mean_, self.axes_ = np.zeros(width), np.eye(width)
        if self.of == "points":
            self.mean_ = channels.values.mean(axis=0)
            centred = channels.values - self.mean_
            self.axes_, _ = principal_axes(centred.T @ centred / len(centred), _SHARE)

    def score(self, channels: Channels) -> FloatArray:
        """Return the distance to the nearest code, shape (points,)."""
        begins = grid(channels, self.steps_)
        _, distance = self._nearest(channels, begins, self.codes_)
        return to_points(distance, begins, self.steps_, len(channels))

    def width(self, period: int) -> int:
        """Return over how many points the scores are smoothed: one window."""
        return self.window or period

    def _nearest(
        self, channels: Channels, begins: IntArray, codes: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        parts = [begins[i : i + _AT_ONCE] for i in range(0, len(begins), _AT_ONCE)]
        found = [nearest_code(self._rows(channels, part), codes) for part in parts]
        return np.concatenate([i for i, _ in found]), np.concatenate([d for _, d in found])

    def _rows(self, channels: Channels, begins: IntArray) -> FloatArray:
        if self.of == "points":
            return np.asarray((channels.values[begins] - self.mean_) @ self.axes_)
        windows = windows_of(channels.values, self.steps_)[begins]
        windows = windows - windows.mean(axis=2, keepdims=True)
        windows /= np.maximum(windows.std(axis=2, keepdims=True), _FLATTEST)
        return np.asarray(windows.reshape(len(begins), -1) / np.sqrt(windows[0].size))
