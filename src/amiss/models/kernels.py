"""Kernels: what random convolutions see in a window, compared with what they saw at other times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from amiss.batch import FloatArray, IntArray
from amiss.models.base import SeriesModel
from amiss.numerics.blocks import product
from amiss.numerics.principal import principal_axes
from amiss.numerics.recurrence import TimedRows
from amiss.reading.windows import Channels, grid, spread_evenly, to_points, window_maxima, window_sums

_TAPS = 9
_LEARNT_FROM = 4_000
_SHARE, _MOST_AXES = 0.95, 40
_FINEST = 32_767  # the largest of all kept values is so many steps
_CHUNK = 8_192
_REMEMBERED = 20_000  # windows whose features are remembered from learning to scoring


class Kernels(SeriesModel):
    """Distance to the nearest windows at another time, in features of random convolutions.

    Each kernel has 9 taps of zero mean and unit length, a random dilation of at most 1/32 of a window and a
    random channel. What it sees in a window is pooled in three ways: root mean square, mean positive part,
    maximum. The features are standardised, turned to their principal axes and scaled along them.

    Parameters
    ----------
    count : int
        How many kernels.
    k : int
        The mean distance to so many neighbours is the score.
    windows : int
        At most so many windows are kept.
    whitening : float
        1 makes all axes equally important, 0 leaves each its variance.
    window : int or None
        Points in a window, at most a quarter of the training series; None: as many as in the detector's.

    References
    ----------
    Dempster, Petitjean, Webb (2020), "ROCKET: exceptionally fast and accurate time series classification
    using random convolutional kernels", section 3.
    """

    name = "kernels"
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "count": (1, inf),
        "k": (1, inf),
        "windows": (1, inf),
        "whitening": (0, inf),
        "window": (2, inf),
    }
    count: int
    k: int
    windows: int
    whitening: float
    window: int | None = None  # files of earlier versions hold none
    steps_: int
    taps_: FloatArray
    dilations_: IntArray
    channels_: IntArray
    mean_: FloatArray
    axes_: FloatArray | NDArray[np.float32]
    memory_: TimedRows
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(
        self,
        count: int = 60,
        k: int = 3,
        windows: int = 2_500,
        whitening: float = 1.0,
        window: int | None = None,
    ) -> None:
        self.count = count
        self.k = k
        self.windows = windows
        self.whitening = whitening
        self.window = window

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Draw the kernels, learn the axes, keep windows evenly spread over time."""
        self._learn(channels, random_state, np.zeros(0, np.int64))
        return self

    def fit_score(self, channels: Channels, random_state: np.random.Generator) -> FloatArray:
        """Fit, and return the scores of the training series: what the kernels see is worked out once for both."""
        begins = grid(channels, channels.window(self.window))
        if len(begins) > _REMEMBERED:
            return self.fit(channels, random_state).score(channels)
        features = self._learn(channels, random_state, begins)
        return self._scores(channels, begins, [(begins, features)])

    def _learn(self, channels: Channels, random_state: np.random.Generator, asked: IntArray) -> FloatArray:
        """Fit; return the features of the windows that are asked for, shape (asked, 3 kernels)."""
        self.steps_ = channels.window(self.window)
        taps = random_state.standard_normal((self.count, _TAPS))
        taps -= taps.mean(axis=1, keepdims=True)
        self.taps_ = taps / np.linalg.norm(taps, axis=1, keepdims=True)
        widest = np.log2(max(1.0, (self.steps_ - 1) / 32))
        self.dilations_ = (2.0 ** random_state.uniform(0, widest, self.count)).astype(np.int64)
        self.channels_ = random_state.integers(channels.values.shape[1], size=self.count)
        windows = len(channels) - self.steps_ + 1
        learnt, kept = spread_evenly(windows, _LEARNT_FROM), spread_evenly(windows, self.windows)
        begins = np.unique(np.concatenate([learnt, kept, asked]))
        features = np.concatenate([features for _, features in self._features(channels, begins)])
        self._learn_axes(features[np.searchsorted(begins, learnt)])
        rows = self._turned(features[np.searchsorted(begins, kept)])
        step = float(np.abs(rows).max()) / _FINEST
        self.memory_ = TimedRows(rows, channels.start + kept, self.steps_, step or 1.0)
        return features[np.searchsorted(begins, asked)]

    def _learn_axes(self, features: FloatArray) -> None:
        self.mean_, spread = features.mean(axis=0), features.std(axis=0)
        weight = np.where(spread > 1e-9, 1.0 / np.maximum(spread, 1e-9), 0.0)
        scaled = (features - self.mean_) * weight
        axes, variances = principal_axes(scaled.T @ scaled / len(scaled), _SHARE, _MOST_AXES)
        turned = weight[:, None] * axes / np.maximum(variances, 1e-12) ** (self.whitening / 2)
        self.axes_ = turned.astype(np.float32)  # half the room

    def _turned(self, features: FloatArray) -> FloatArray:
        """Return features along the axes, shape (windows, axes)."""
        return product(features - self.mean_, self.axes_.astype(np.float64))

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean distance to the k nearest kept windows at another time, shape (points,)."""
        begins = grid(channels, self.steps_)
        return self._scores(channels, begins, self._features(channels, begins))

    def _scores(
        self, channels: Channels, begins: IntArray, features: Iterable[tuple[IntArray, FloatArray]]
    ) -> FloatArray:
        found = [
            self.memory_.nearest(self._turned(seen), channels.start + at, self.k)[0].mean(axis=1)
            for at, seen in features
        ]
        return to_points(np.concatenate(found), begins, self.steps_, len(channels))

    def width(self, period: int) -> int:
        """Return over how many points the scores are smoothed: one window."""
        return self.window or period

    def _features(self, channels: Channels, begins: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield windows (where they begin) and their features, shape (windows, 3 kernels), chunk by chunk.

        At the ends of a stretch some convolutions would see beyond it; a window there has the features of the
        nearest whose convolutions all lie inside.
        """
        reach = (_TAPS // 2) * int(self.dilations_.max())
        padded = np.pad(channels.values, ((reach, reach), (0, 0)), mode="edge")
        last = len(channels) - self.steps_
        inside = np.clip(begins, min(reach, last // 2), max(last - reach, last // 2))
        for first in range(0, last + 1, _CHUNK):
            here = (inside >= first) & (inside < first + _CHUNK)
            if here.any():
                stretch = padded[first : first + _CHUNK + self.steps_ - 1 + 2 * reach]
                yield begins[here], self._pooled(stretch, reach, inside[here] - first)

    def _pooled(self, stretch: FloatArray, reach: int, at: IntArray) -> FloatArray:
        features = np.empty((len(at), 3 * self.count))
        points, steps = len(stretch) - 2 * reach, self.steps_
        weighted = np.empty(points)
        kernels = zip(self.taps_, self.dilations_, self.channels_, strict=True)
        for i, (taps, dilation, channel) in enumerate(kernels):
            first = reach - (_TAPS // 2) * dilation
            seen = np.zeros(points)
            for j, tap in enumerate(taps):
                begin = first + j * dilation
                seen += np.multiply(tap, stretch[begin : begin + points, channel], out=weighted)
            features[:, 3 * i] = np.sqrt(window_sums(seen * seen, steps)[at] / steps)
            features[:, 3 * i + 1] = window_sums(np.maximum(seen, 0.0), steps)[at] / steps
            features[:, 3 * i + 2] = window_maxima(seen, steps)[at]
        return features
