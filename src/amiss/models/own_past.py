"""Own past: each channel alone, its short windows rebuilt from the shapes they usually have."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.models.base import SeriesModel
from amiss.numerics.calibration import ExponentialTail
from amiss.numerics.principal import principal_axes, residual
from amiss.reading.stretches import learnt_from
from amiss.reading.windows import Channels, spread_evenly, to_points, windows_of

_LEARNT_FROM = 20_000
_WORST = 3


class OwnPast(SeriesModel):
    """What a channel's own principal directions leave of its windows, as a tail probability a channel.

    A point's score is the mean of its three most surprising channels.

    Parameters
    ----------
    steps : int
        Points in a window.
    share : float
        Share of a channel's variance that its directions hold.
    """

    name = "own_past"
    legal: ClassVar[dict[str, tuple[float, float]]] = {"steps": (1, inf), "share": (0, 1)}
    steps: int
    share: float
    steps_: int
    means_: FloatArray
    axes_: list[FloatArray]
    tail_: ExponentialTail
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(self, steps: int = 16, share: float = 0.9) -> None:
        self.steps = steps
        self.share = share

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Learn mean window and directions of each channel."""
        self.steps_ = min(self.steps, len(channels))
        windows = windows_of(channels.values, self.steps_)
        windows = windows[spread_evenly(len(windows), _LEARNT_FROM)]
        self.means_ = windows.mean(axis=0)
        self.axes_ = []
        for channel, mean in enumerate(self.means_):
            rows = windows[:, channel] - mean
            self.axes_.append(principal_axes(rows.T @ rows / len(rows), self.share)[0])
        self.tail_ = ExponentialTail().fit(learnt_from(self._errors, channels, 2 * self.steps_))
        return self

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean of the three highest surprises of each point, shape (points,)."""
        surprise = self.surprise(channels)
        return np.asarray(np.sort(surprise, axis=1)[:, -_WORST:].mean(axis=1))

    def surprise(self, channels: Channels) -> FloatArray:
        """Return -log10 of the share of training points whose channel was rebuilt no better."""
        return np.where(channels.mask, 0.0, self.tail_.apply(self._errors(channels)))

    def _errors(self, channels: Channels) -> FloatArray:
        windows = windows_of(channels.values, self.steps_)
        begins = np.arange(len(windows))
        out = np.empty(channels.values.shape)
        for channel, (mean, axes) in enumerate(zip(self.means_, self.axes_, strict=True)):
            error = residual(windows[:, channel] - mean, axes)
            out[:, channel] = to_points(error, begins, self.steps_, len(channels))
        return out
