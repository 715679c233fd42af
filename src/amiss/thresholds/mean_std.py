"""MeanStd: the mean and k standard deviations, as the tutorials have it."""

from __future__ import annotations

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.thresholds.base import Threshold


class MeanStd(Threshold):
    """Put the line ``k`` standard deviations above the mean of the training scores.

    Parameters
    ----------
    k : float
        Above 0. On normally distributed scores k = 3 calls 1.3 of 1000 abnormal by chance; scores are seldom
        normal, and anomalies among them raise mean and deviation.

    Examples
    --------
    >>> import numpy as np
    >>> float(MeanStd(k=2).fit(np.array([1.0, 3.0])).threshold_)
    4.0
    """

    name = "mean_std"

    def __init__(self, k: float = 3.0) -> None:
        self.k = k

    k: float

    def line(self, ordered: FloatArray) -> float:
        if not self.k > 0:
            raise ParameterError(
                f"Threshold 'mean_std': k={self.k} is not positive. Legal: above 0, such as k=3."
            )
        return float(ordered.mean() + self.k * ordered.std())
