"""Explanation: the surprise of the cells of an item -> the few causes a person reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Cause

_MOST = 5
_LEAST_SHARE = 0.05

Tell = Callable[[int], tuple[str, str, str]]
"""The place of a cell -> what was seen, what was expected, and the reason in words."""


def causes_of(names: Sequence[str], surprise: FloatArray, tell: Tell) -> tuple[Cause, ...]:
    """Return the cells to blame, the worst first: at most five, each at least 5 % of the item's surprise.

    Parameters
    ----------
    names : sequence of str
        Names of the cells.
    surprise : ndarray of shape (cells,)
        Surprise beyond the usual, >= 0; where all is 0 there is no one to blame.
    tell : callable
        What is said about a cell, by its place.

    Examples
    --------
    >>> import numpy as np
    >>> causes = causes_of(["a", "b"], np.array([0.1, 9.9]), lambda j: ("7", "1 to 3", "7, expected 1 to 3"))
    >>> print(causes[0])
    b 7, expected 1 to 3 (99%)
    """
    total = float(surprise.sum())
    if total <= 0:
        return ()
    worst = np.argsort(-surprise, kind="stable")[:_MOST].tolist()
    shares = surprise / total
    kept = [j for j in worst if shares[j] >= _LEAST_SHARE] or worst[:1]
    return tuple(_cause(names[j], float(shares[j]), tell(j)) for j in kept)


def _cause(name: str, share: float, told: tuple[str, str, str]) -> Cause:
    seen, expected, reason = told
    return Cause(name, seen, expected, share, reason)
