"""The generalised Pareto distribution: what is left of any distribution far enough out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from amiss.batch import FloatArray

_EXPONENTIAL = 1e-9  # shapes nearer to 0 are the exponential


class Pareto(NamedTuple):
    """A generalised Pareto distribution of excesses: shape 0 is the exponential, below 0 there is an end."""

    shape: float
    scale: float

    def survival(self, excess: FloatArray) -> FloatArray:
        """Return the share of excesses that are greater, same shape as ``excess`` (>= 0)."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            units = excess / self.scale
            if abs(self.shape) < _EXPONENTIAL:
                return np.exp(-units)
            return np.exp(-np.log(np.maximum(1 + self.shape * units, 0.0)) / self.shape)

    def beyond(self, share: float) -> float:
        """Return the excess that this share of excesses, in (0, 1], is greater than."""
        if abs(self.shape) < _EXPONENTIAL:
            return float(-self.scale * np.log(share))
        return float(self.scale / self.shape * np.expm1(-self.shape * np.log(share)))


class Prior(NamedTuple):
    """What is known of the shape before the data speak: a normal distribution."""

    centre: float
    spread: float


def fit_pareto(excesses: FloatArray, prior: Prior, limit: float | None = None, above: float = 0.0) -> Pareto:
    """Return the generalised Pareto distribution of ``excesses``: the posterior mean over a grid.

    With ``b = shape / scale`` held fixed the likelihood has its maximum at ``shape = (sum(log(1 + b x)) +
    above * log(1 + b limit)) / m``, so that one dimension is left to average over.

    Parameters
    ----------
    excesses : ndarray of shape (m,)
        Excesses over the start, ascending, > 0.
    prior : Prior
        Of the shape.
    limit : float, optional
        Excesses above it are counted, not seen.
    above : float
        How many lie above the limit.

    References
    ----------
    Grimshaw 1993, Technometrics 35, 185 (one dimension); Zhang and Stephens 2009, Technometrics 51, 316,
    section 3 (grid and average); the terms of the censored excesses are added here.
    """
    m, top = len(excesses), float(excesses[-1]) if limit is None else limit
    quarter = max(float(excesses[min(max(int((m + above) / 4 + 0.5) - 1, 0), m - 1)]), 1e-12 * top)
    points = 30 + int(np.sqrt(m))
    steps = (1 - np.sqrt(points / (np.arange(1, points + 1) - 0.5))) / (3 * quarter)
    b = -(1 / top + steps)
    b = b[np.abs(b * top) > _EXPONENTIAL]
    seen = np.log1p(b[:, None] * excesses).sum(axis=1)
    shape = (seen + above * np.log1p(b * top)) / m
    log_posterior = m * np.log(b / shape) - seen - (shape - prior.centre) ** 2 / (2 * prior.spread**2)
    weight = np.exp(log_posterior - log_posterior.max())
    mean_b = float((weight * b).sum() / weight.sum())
    if abs(mean_b * top) < _EXPONENTIAL:
        return Pareto(0.0, (float(excesses.sum()) + above * top) / m)
    mean_shape = float(np.log1p(mean_b * excesses).sum() + above * np.log1p(mean_b * top)) / m
    return Pareto(mean_shape, mean_shape / mean_b)
