"""Mad: the median and k median absolute deviations."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.thresholds.base import Threshold

_NORMAL = 1.4826  # median absolute deviations in a standard deviation of the normal distribution


class Mad(Threshold):
    """Put the line ``k`` robust standard deviations above the median: 1.4826 median absolute deviations each.

    Where more than half of the scores are equal, the mean absolute deviation takes the place of the median
    one.

    Parameters
    ----------
    k : float
        Above 0.

    References
    ----------
    Leys et al. 2013, Journal of Experimental Social Psychology 49, 764; Iglewicz and Hoaglin 1993 (k = 3.5).

    Examples
    --------
    >>> import numpy as np
    >>> round(Mad(k=2).fit(np.array([1.0, 2.0, 3.0, 4.0, 1000.0])).threshold_, 4)
    5.9652
    """

    name = "mad"

    def __init__(self, k: float = 3.5) -> None:
        self.k = k

    k: float

    def line(self, ordered: FloatArray) -> float:
        if not self.k > 0:
            raise ParameterError(
                f"Threshold 'mad': k={self.k} is not positive. Legal: above 0, such as k=3.5."
            )
        away = np.abs(ordered - np.median(ordered))
        spread = _NORMAL * np.median(away) or away.mean()
        return float(np.median(ordered) + self.k * spread)
