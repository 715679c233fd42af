"""The scale of a list of strings: mean and largest surprise of a string, in multiples of what is usual there."""

from __future__ import annotations

import numpy as np

from amiss.batch import AnyArray, FloatArray

_FAR = 5.0
_LEAST_SPREAD = 0.2


def learn_scale(measured: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return median and spread of mean and of largest surprise, and the largest surprise that is usual.

    Parameters
    ----------
    measured : ndarray of shape (2, strings)
        Mean and largest surprise of the characters of each string, nats.
    weight : ndarray of shape (strings,)
        Rows each stands for.

    Returns
    -------
    median, spread : ndarray of shape (2,)
        The spread is the distance from the median to the 95 % quantile.
    limit : float
        The 99 % quantile of the largest surprise, at least 1 nat.
    """
    quantiles = np.stack([weighted_quantiles(m, weight, (0.5, 0.95, 0.99)) for m in measured])
    spread = np.maximum(quantiles[:, 1] - quantiles[:, 0], _LEAST_SPREAD)
    return quantiles[:, 0], spread, max(float(quantiles[1, 2]), 1.0)


def on_scale(measured: FloatArray, median: FloatArray, spread: FloatArray) -> FloatArray:
    """Return half the mean and half the largest surprise, each in spreads from the median, less one, shape (strings,).

    Beyond five spreads they grow as the logarithm. One spread reaches as far as 95 % of the list: what lies within is
    hardly any evidence, log(1 + exp(distance - 1)).
    """
    distance = (measured - median[:, None]) / spread[:, None]
    mean, largest = np.where(
        distance > _FAR, _FAR * (1.0 + np.log(np.maximum(distance, _FAR) / _FAR)), distance
    )
    return np.asarray(np.logaddexp(0.0, 0.5 * mean + 0.5 * largest - 1.0))


def weighted_quantiles(values: AnyArray, weight: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Return the quantiles of rows that stand for ``weight`` items each."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    where = np.minimum(np.searchsorted(share, levels), len(order) - 1)
    return np.asarray(values[order][where], np.float64)
