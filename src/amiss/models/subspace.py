"""Subspace: short windows of all channels, rebuilt from the directions in which they usually vary."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.models.base import SeriesModel
from amiss.numerics.principal import principal_axes, residual
from amiss.reading.windows import Channels, moving_mean, spread_evenly, to_points, windows_of

_LEARNT_FROM = 20_000
_VALUES_AT_ONCE = 2_000_000


class Subspace(SeriesModel):
    """What the principal directions of windows of all channels leave unexplained: a linear autoencoder.

    Parameters
    ----------
    steps : int
        Points in a window.
    share : float
        Share of the variance that the directions hold.
    detrended : bool
        Take off a moving mean over one period first, so that a level shift is no surprise.

    References
    ----------
    Jackson, Mudholkar (1979), "Control procedures for residuals associated with principal component
    analysis", equation 1.1.
    """

    name = "subspace"
    legal: ClassVar[dict[str, tuple[float, float]]] = {"steps": (1, inf), "share": (0, 1)}
    steps: int
    share: float
    detrended: bool
    steps_: int
    mean_: FloatArray
    axes_: FloatArray
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(self, steps: int = 16, share: float = 0.95, detrended: bool = False) -> None:
        self.steps = steps
        self.share = share
        self.detrended = detrended

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Learn mean and directions from windows evenly spread over time."""
        self.steps_ = min(self.steps, len(channels))
        values = self._values(channels)
        width = self.steps_ * values.shape[1]
        kept = spread_evenly(len(values) - self.steps_ + 1, _LEARNT_FROM)
        total, products = np.zeros(width), np.zeros((width, width))
        for rows in self._rows(values, kept):
            total += rows.sum(axis=0)
            products += rows.T @ rows
        self.mean_ = total / len(kept)
        self.axes_, _ = principal_axes(products / len(kept) - np.outer(self.mean_, self.mean_), self.share)
        return self

    def score(self, channels: Channels) -> FloatArray:
        """Return the root mean squared error of the window around each point, shape (points,)."""
        values = self._values(channels)
        begins = np.arange(len(values) - self.steps_ + 1)
        errors = [residual(rows - self.mean_, self.axes_) for rows in self._rows(values, begins)]
        scores = np.concatenate(errors) / np.sqrt(len(self.mean_))
        return to_points(scores, begins, self.steps_, len(channels))

    def _values(self, channels: Channels) -> FloatArray:
        if not self.detrended:
            return channels.values
        return channels.values - moving_mean(channels.values, channels.period)

    def _rows(self, values: FloatArray, begins: IntArray) -> Iterator[FloatArray]:
        windows = windows_of(values, self.steps_)
        many = max(1, _VALUES_AT_ONCE // windows[0].size)
        parts = (begins[i : i + many] for i in range(0, len(begins), many))
        return (windows[part].reshape(len(part), -1) for part in parts)
