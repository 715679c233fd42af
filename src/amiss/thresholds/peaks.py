"""Peaks: the score that one normal item in a thousand exceeds, by the tail of the scores."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.thresholds.base import Threshold

_FEW = 0.01  # the greatest risk taken because training items are few


class Peaks(Threshold):
    """Put the line where a share ``risk`` of normal items lies beyond it by chance: peaks over threshold.

    The tail of the scores is a generalised Pareto distribution, so that the line may lie beyond all training
    scores: "nothing is amiss" is a possible answer, and no share of anomalies has to be known. See
    `NormalScores` for how anomalies among the training scores are kept out.

    Parameters
    ----------
    risk : float
        Share of normal items beyond the line, in (0, 1). Fewer than ``1 / risk`` training items cannot tell
        so small a share: then one of them lies beyond it by chance (of fewer than 100: 1 in 100).
    tail_shape : float
        Shape of the tail expected in mixed training data, -1 to 1: 0 is exponential, -0.2 about normal. The
        lower, the sooner heavy tails are taken for anomalies. Clean training data speak for themselves.
    least : float
        The line lies at least so many robust standard deviations (1.4826 median absolute deviations each)
        above the median, whatever the tail says: for scores of which few are independent.

    References
    ----------
    Pickands 1975, Annals of Statistics 3, 119; Siffer et al. 2017, KDD, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> scores = np.random.default_rng(0).exponential(size=5000)
    >>> round(Peaks(risk=0.001).fit(scores, clean=True).threshold_, 1)  # exact: log(1000) = 6.9
    7.1
    """

    name = "peaks"

    def __init__(self, risk: float = 0.001, tail_shape: float = -0.2, least: float = 0.0) -> None:
        self.risk = risk
        self.tail_shape = tail_shape
        self.least = least

    risk: float
    tail_shape: float
    least: float

    def line(self, ordered: FloatArray) -> float:
        if not 0 < self.risk < 1:
            raise ParameterError(
                f"Threshold 'peaks': risk={self.risk} is not a share. Legal: above 0 and below 1."
            )
        line = self.normal_.beyond(max(self.risk, min(1 / len(ordered), _FEW)))
        middle = float(np.median(ordered))
        return max(line, middle + self.least * 1.4826 * float(np.median(np.abs(ordered - middle))))
