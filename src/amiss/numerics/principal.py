"""Directions in which rows vary most."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.numerics.blocks import product


def principal_axes(
    covariance: FloatArray, share: float, most: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the fewest directions that hold ``share`` of the variance, and the variance along each.

    Parameters
    ----------
    covariance : ndarray of shape (d, d)
    share : float
        Of the total variance, 0 to 1.
    most : int, optional
        At most so many directions.

    Returns
    -------
    axes : ndarray of shape (d, q)
        Orthonormal columns, the largest variance first; at least one.
    variances : ndarray of shape (q,)

    References
    ----------
    Pearson (1901), "On lines and planes of closest fit to systems of points in space".
    """
    variances, axes = np.linalg.eigh(covariance)
    variances = np.maximum(variances[::-1], 0.0)
    total = float(variances.sum())
    held = np.cumsum(variances) / total if total > 0 else np.ones(len(variances))
    count = min(int(np.searchsorted(held, share)) + 1, len(variances), most or len(variances))
    return np.ascontiguousarray(axes[:, ::-1][:, :count]), variances[:count]


def residual(rows: FloatArray, axes: FloatArray) -> FloatArray:
    """Return the length of what the directions leave of each row, shape (n,), for centred rows (n, d)."""
    inside = product(rows, axes)
    left = np.einsum("nd,nd->n", rows, rows) - np.einsum("nq,nq->n", inside, inside)
    return np.asarray(np.sqrt(np.maximum(left, 0.0)))
