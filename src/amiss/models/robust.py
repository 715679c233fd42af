"""Robust linear model: each value rebuilt from the others by the covariance of the central rows."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model
from amiss.numerics.blocks import product, squared_lengths
from amiss.numerics.spaces import Space
from amiss.part import Stored

_RIDGE, _SHARE, _STEPS = 0.001, 0.8, 10
_WIDE, _WIDE_RIDGE, _WIDE_SHARE = 300, 0.01, 0.6


class Gaussian(Stored):
    """A centre and a ridge covariance; distances and conditional residuals in it.

    The covariance gets ``ridge`` times its mean variance added to each variance.
    """

    centre: FloatArray
    whitening: FloatArray

    def __init__(self, rows: FloatArray, ridge: float = _RIDGE) -> None:
        width = rows.shape[1]
        self.centre = rows.mean(axis=0)
        centred = rows - self.centre
        covariance = centred.T @ centred / len(rows)
        covariance.flat[:: width + 1] += ridge * np.trace(covariance) / width + 1e-12
        self.whitening = np.ascontiguousarray(np.linalg.inv(np.linalg.cholesky(covariance)).T)

    def squared_distance(self, rows: FloatArray) -> FloatArray:
        """Return the squared Mahalanobis distance of each row to the centre, shape (n,)."""
        return squared_lengths(product(rows - self.centre, self.whitening))

    def residuals(self, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the residual of each value given the others of its row, and its standard deviation.

        Returns
        -------
        residuals : ndarray of shape (n, d)
            (P (x - centre))_j / P_jj with the precision matrix P: value minus conditional mean.
        deviations : ndarray of shape (d,)
            1 / sqrt(P_jj).
        """
        precision = self.whitening @ self.whitening.T
        diagonal = np.diag(precision)
        return product(rows - self.centre, precision) / diagonal, 1 / np.sqrt(diagonal)


class Robust(Model):
    """Mahalanobis distance on the asinh scale, by the covariance of the central rows.

    From the trusted rows, up to 10 concentration steps: fit, keep the nearest 80 % of all rows. Tables wider
    than 300 columns: a stronger ridge, the nearest 60 %, one step.

    References
    ----------
    Rousseeuw and Van Driessen (1999), "A fast algorithm for the minimum covariance determinant estimator",
    section 3: the concentration step.
    """

    name = "robust"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    space_: Space
    gaussian_: Gaussian

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space("asinh").fit(batch)
        rows = self.space_.apply(batch)
        wide = rows.shape[1] > _WIDE
        ridge = _WIDE_RIDGE if wide else _RIDGE
        kept = np.flatnonzero(normal)
        if normal.all():
            self.gaussian_ = Gaussian(rows, ridge)
            return self
        for _ in range(1 if wide else _STEPS):
            self.gaussian_ = Gaussian(rows[kept], ridge)
            nearest = lowest(self.gaussian_.squared_distance(rows), _WIDE_SHARE if wide else _SHARE)
            if np.array_equal(nearest, kept):
                break
            kept = nearest
        self.gaussian_ = Gaussian(rows[kept], ridge)
        return self

    def score(self, batch: Batch) -> FloatArray:
        """Return the Mahalanobis distance of each item, shape (items,)."""
        return np.sqrt(self.gaussian_.squared_distance(self.space_.apply(batch)))

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the squared residual of each cell given the others, in conditional standard deviations."""
        residuals, deviations = self.gaussian_.residuals(self.space_.apply(batch))
        return np.where(batch.mask, 0.0, (residuals / deviations) ** 2)

    def expected(self, batch: Batch) -> FloatArray:
        """Return each cell's mean given the others of its row, shape (items, columns), raw units."""
        rows = self.space_.apply(batch)
        return self.space_.invert(rows - self.gaussian_.residuals(rows)[0])

    def expected_range(self, batch: Batch, deviations: float = 2.0) -> tuple[FloatArray, FloatArray]:
        """Return where each cell was expected given the others: lower and upper end, raw units.

        Parameters
        ----------
        batch : Batch
        deviations : float
            Half the width, in conditional standard deviations on the asinh scale.
        """
        rows = self.space_.apply(batch)
        residuals, deviation = self.gaussian_.residuals(rows)
        middle, half = rows - residuals, deviations * deviation
        return self.space_.invert(middle - half), self.space_.invert(middle + half)


def lowest(scores: FloatArray, share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the places of the given share of lowest scores, ascending, at least one."""
    count = max(1, int(np.ceil(share * len(scores))))
    return np.sort(np.argsort(scores, kind="stable")[:count])
