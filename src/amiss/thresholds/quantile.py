"""Quantile: a fixed share of the training items is abnormal."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.thresholds.base import Threshold


class Quantile(Threshold):
    """Call the highest scores abnormal, whatever they are: those above a quantile of the training scores.

    Parameters
    ----------
    q : float
        The quantile, in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> float(Quantile(q=0.9).fit(np.arange(1.0, 102.0)).threshold_)
    91.0
    """

    name = "quantile"

    def __init__(self, q: float = 0.99) -> None:
        self.q = q

    q: float

    def line(self, ordered: FloatArray) -> float:
        if not 0 < self.q < 1:
            raise ParameterError(
                f"Threshold 'quantile': q={self.q} is not a share. Legal: above 0 and below 1."
            )
        return float(np.quantile(ordered, self.q))
