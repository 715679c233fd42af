"""Other channels: each value foretold from the other channels at the same moment."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.models.base import SeriesModel
from amiss.numerics.calibration import ExponentialTail
from amiss.reading.windows import Channels

_WORST = 3


class OtherChannels(SeriesModel):
    """Error of the linear forecast of each channel from all others, as a tail probability a channel.

    A point's score is the mean of its three most surprising channels.

    Parameters
    ----------
    ridge : float
        Added to the diagonal of the covariance, in multiples of its mean: how little is made of weak
        correlations.

    References
    ----------
    Lauritzen (1996), "Graphical Models", section 5.1.3: the regression of one variable on all others stands
    in the rows of the inverse covariance.
    """

    name = "other_channels"
    legal: ClassVar[dict[str, tuple[float, float]]] = {"ridge": (0, inf)}
    ridge: float
    mean_: FloatArray
    weights_: FloatArray
    tail_: ExponentialTail
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    def __init__(self, ridge: float = 0.1) -> None:
        self.ridge = ridge

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Learn the covariance of the channels and invert it."""
        self.mean_ = channels.values.mean(axis=0)
        centred = channels.values - self.mean_
        covariance = centred.T @ centred / len(centred)
        covariance += self.ridge * (float(np.diag(covariance).mean()) + 1e-9) * np.eye(len(covariance))
        precision = np.linalg.inv(covariance)
        self.weights_ = precision / np.diag(precision)
        self.tail_ = ExponentialTail().fit(np.abs(self._errors(channels)))
        return self

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean of the three highest surprises of each point, shape (points,)."""
        return np.asarray(np.sort(self.surprise(channels), axis=1)[:, -_WORST:].mean(axis=1))

    def surprise(self, channels: Channels) -> FloatArray:
        """Return -log10 of the share of training points whose channel was foretold no better."""
        return np.where(channels.mask, 0.0, self.tail_.apply(np.abs(self._errors(channels))))

    def expected(self, channels: Channels) -> FloatArray:
        """Return what the other channels foretell, shape (points, channels), in standard deviations."""
        return np.asarray(channels.values - self._errors(channels))

    def _errors(self, channels: Channels) -> FloatArray:
        return np.asarray((channels.values - self.mean_) @ self.weights_)
