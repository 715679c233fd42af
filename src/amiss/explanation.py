"""Explanation: surprises of cells -> causes in words, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Cause
from amiss.frames import number_text

MOST_CAUSES = 5
LEAST_SHARE = 0.05
_DAY_US = 86_400_000_000


class Told(NamedTuple):
    """What is told about one cell: the value as a person reads it, what was expected, and why in words."""

    seen: str
    expected: str
    reason: str


def causes(
    names: Sequence[str], surprise: FloatArray, tell: Callable[[int], Told], most: int = MOST_CAUSES
) -> tuple[Cause, ...]:
    """Return the cells to blame for an item, the worst first.

    Parameters
    ----------
    names : sequence of str
        One name a cell.
    surprise : ndarray of shape (cells,)
        What each cell adds to the item's score, >= 0; cells below 1 in 20 of the sum are left out, the worst
        one never.
    tell : callable
        Position of a cell -> `Told`; asked only for cells that are blamed.
    most : int
        So many causes at most.

    Returns
    -------
    tuple of Cause
        Their shares sum to 1 at most. Empty where no cell is surprising.

    Examples
    --------
    >>> for cause in causes(["amount", "country"], np.array([9.0, 1.0]), lambda j: Told("9800", "", "9800")):
    ...     print(cause)
    amount 9800 (90%)
    country 9800 (10%)
    """
    total = float(surprise.sum())
    if not total > 0:
        return ()
    share = surprise / total
    worst = np.argsort(-share, kind="stable")[:most].tolist()
    chosen = [j for place, j in enumerate(worst) if place == 0 or share[j] >= LEAST_SHARE]
    return tuple(_cause(names[j], float(share[j]), tell(j)) for j in chosen)


def _cause(name: str, share: float, told: Told) -> Cause:
    return Cause(name, told.seen, told.expected, share, told.reason)


def number_told(seen: float, low: float, high: float, kind: str = "numeric") -> Told:
    """Return what is told about a number outside the range expected of it.

    Parameters
    ----------
    seen, low, high : float
        Raw units; dates in days since 1970, NaN for a missing value.
    kind : str
        "numeric", "boolean" or "date".

    Examples
    --------
    >>> number_told(9800.0, 91.23, 159.8).reason
    '9800, expected 91.2 to 160'
    >>> number_told(160.04, 91.23, 159.8).reason
    '160.04, expected 91.2 to 160'
    """
    expected = span(low, high, seen, kind)
    if np.isnan(seen):
        return Told("", expected, f"missing, expected {expected}")
    text = value_text(seen, kind)
    return Told(text, expected, f"{text}, expected {expected}")


def span(low: float, high: float, seen: float, kind: str = "numeric") -> str:
    """Return the range "90 to 160", with as many figures as tell whether ``seen`` lies in it.

    Examples
    --------
    >>> span(0.0, 0.0, 1.0), span(0.9996, 1.0, 1.0, "boolean")
    ('0', 'yes')
    """
    if kind != "numeric":
        ends = [value_text(low, kind), value_text(high, kind)]
    else:
        inside = low <= seen <= high
        for figures in range(3, 17):
            a, b = (float(f"{v:.{figures}g}") for v in (low, high))
            if (a <= seen <= b) == inside or np.isnan(seen):
                break
        ends = [number_text(a), number_text(b)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def value_text(value: float, kind: str = "numeric") -> str:
    """Return a number as a person reads it: a date for days since 1970, yes or no for a boolean.

    Examples
    --------
    >>> value_text(18262.5, "date"), value_text(1.0, "boolean"), value_text(0.1 + 0.2)
    ('2020-01-01 12:00:00', 'yes', '0.3')
    """
    if np.isnan(value):
        return ""
    if kind == "boolean":
        return "yes" if value >= 0.5 else "no"
    if kind == "date" and abs(value) < 3e6:
        moment = str(np.datetime64(round(value * _DAY_US), "us").astype("datetime64[s]"))
        return moment.removesuffix("T00:00:00").replace("T", " ")
    return number_text(float(f"{value:.10g}"))
