"""Threshold: scores of normal items -> where abnormal starts, and p-values."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.part import Part


class Threshold(Part):
    """The rule that says where abnormal starts; an item is abnormal when its score is greater than ``threshold_``.

    Attributes
    ----------
    threshold_ : float
        Finite and > 0, in units of the score.
    calibration_ : ndarray of shape (m,)
        Training scores in ascending order (at most 10,000 quantiles of them), what p-values are counted on.
    """

    shelf: ClassVar[str] = "threshold"
    threshold_: float
    calibration_: FloatArray

    def fit(self, scores: FloatArray, *, clean: bool = False) -> Self:
        """Learn where abnormal starts.

        Parameters
        ----------
        scores : ndarray of shape (items,)
            Scores of the training items, finite, >= 0, higher = more abnormal.
        clean : bool
            True where the training items are known to hold no anomalies.
        """
        raise NotImplementedError

    def p_values(self, scores: FloatArray) -> FloatArray:
        """Return, for each score, how likely a normal item scores at least as high; in (0, 1]."""
        raise NotImplementedError

    def expected_by_chance(self) -> float:
        """Return the share of normal items that lie beyond the threshold by chance."""
        return float(self.p_values(np.asarray([np.nextafter(self.threshold_, np.inf)]))[0])
