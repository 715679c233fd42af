"""Fdr: at most a share of the alarms is false, by Benjamini and Hochberg."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.thresholds.base import Threshold


class Fdr(Threshold):
    """Put the line so that, among the training items beyond it, a share ``level`` is expected to be normal.

    The line is learnt once, on the training scores, and holds for new items too. It does not promise the
    share for each later batch on its own.

    Parameters
    ----------
    level : float
        Share of false ones among the alarms, in (0, 1).

    References
    ----------
    Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57, 289.
    """

    name = "fdr"

    def __init__(self, level: float = 0.1) -> None:
        self.level = level

    level: float

    def line(self, ordered: FloatArray) -> float:
        if not 0 < self.level < 1:
            raise ParameterError(
                f"Threshold 'fdr': level={self.level} is not a share. Legal: above 0 and below 1."
            )
        n = len(ordered)
        worst_first = self.normal_.p_values(ordered[::-1])
        passes = np.flatnonzero(worst_first <= self.level * np.arange(1, n + 1) / n)
        if not len(passes):
            return self.normal_.beyond(self.level / n)
        last = ordered[n - 1 - passes[-1]]
        lower = ordered[ordered < last]
        return float((last + lower[-1]) / 2) if len(lower) else float(last / 2)
