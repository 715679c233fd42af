"""Multiples of the threshold, as a person writes them."""

from __future__ import annotations

import math


def times(score: float) -> str:
    """Return a score, in multiples of the threshold, as a person writes it; never 1.0 but where it is.

    Examples
    --------
    >>> [times(score) for score in (0.9999, 1.0001, 4.23, 38.2, 1204.0)]
    ['0.99', '1.01', '4.2', '38', '1,204']
    """
    if score < 1.05:
        towards = math.floor if score < 1 else math.ceil
        return f"{towards(score * 100 - 1e-9 * (score > 1)) / 100:.2f}"
    if score < 1e7:
        return f"{score:,.0f}" if score >= 10 else f"{score:.1f}"
    return f"{score:.1e}"
