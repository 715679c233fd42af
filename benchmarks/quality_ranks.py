"""Ranks of methods over data sets, whether they differ by more than chance, and the diagram that shows it.

References: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, sections 3.2.2
(Friedman, Nemenyi) and 3.2.4 (critical-difference diagram); Friedman 1937.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2, rankdata, studentized_range

RISK = 0.05


@dataclass(frozen=True)
class Ranking:
    """Methods, the best first.

    Attributes
    ----------
    methods : list of str
    ranks : ndarray of shape (methods,)
        Mean rank over the cases; 1 is best, equal figures share theirs.
    wins : ndarray of shape (methods,)
        Cases in which no other method is better.
    cases : int
    p_value : float
        Of Friedman's test that all methods rank alike; NaN where there are fewer than two methods or cases.
    distance : float
        Nemenyi's critical difference at 5 %: mean ranks farther apart differ by more than chance.
    """

    methods: list[str]
    ranks: np.ndarray
    wins: np.ndarray
    cases: int
    p_value: float
    distance: float


def ranking(figures: dict[str, np.ndarray]) -> Ranking:
    """Return the ranking of methods by their figures, one a case, higher = better; NaN (not run) ranks last."""
    names = list(figures)
    values = np.column_stack([np.nan_to_num(np.asarray(figures[name], float), nan=-1.0) for name in names])
    ranks = rankdata(-values, axis=1)
    mean = ranks.mean(axis=0)
    wins = (values == values.max(axis=1, keepdims=True)).sum(axis=0)
    order = np.argsort(mean, kind="stable")
    return Ranking([names[i] for i in order], mean[order], wins[order], len(values), *_tests(ranks))


def _tests(ranks: np.ndarray) -> tuple[float, float]:
    """Return Friedman's p-value, ties accounted for, and Nemenyi's critical difference."""
    cases, methods = ranks.shape
    if cases < 2 or methods < 2:
        return float("nan"), float("nan")
    ties = sum((count**3 - count).sum() for count in (np.unique(row, return_counts=True)[1] for row in ranks))
    spread = cases * methods * (methods + 1) - ties / (methods - 1)
    p_value = 1.0  # where all are alike on every case
    if spread > 0:
        even = 3 * cases**2 * methods * (methods + 1) ** 2
        p_value = float(chi2.sf((12 * (ranks.sum(axis=0) ** 2).sum() - even) / spread, methods - 1))
    quantile = studentized_range.ppf(1 - RISK, methods, np.inf) / np.sqrt(2)
    return p_value, float(quantile * np.sqrt(methods * (methods + 1) / (6 * cases)))


def alike(ranks: np.ndarray, distance: float) -> list[tuple[int, int]]:
    """Return the longest runs (first, last) of methods, the best first, whose ranks lie within ``distance``."""
    runs: list[tuple[int, int]] = []
    if np.isnan(distance):
        return runs
    for first in range(len(ranks)):
        last = int(np.searchsorted(ranks, ranks[first] + distance, side="right")) - 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def diagram(found: Ranking, width: int = 1040) -> dict[str, Any]:
    """Return the places of all that a critical-difference diagram draws, in units of its picture.

    The axis of ranks runs from the best, left, to the worst; the better half is named on the left, the others on the
    right; bars join methods that do not differ by more than chance.
    """
    methods, margin, axis, step = len(found.methods), 250, 62, 24
    low, high = 1, max(methods, 2)
    span = width - 2 * margin

    def x(rank: float) -> float:
        return round(margin + (rank - low) / (high - low) * span, 1)

    bars = [
        {"y": axis + 14 + 9 * i, "from": x(found.ranks[a]) - 4, "to": x(found.ranks[b]) + 4}
        for i, (a, b) in enumerate(alike(found.ranks, found.distance))
    ]
    below = axis + 26 + 9 * len(bars)
    labels = [_label(found, place, x, width, margin, below, step) for place in range(methods)]
    ticks = [{"x": x(rank), "rank": rank} for rank in range(low, high + 1)]
    length = round(found.distance / (high - low) * span, 1)
    return {
        "width": width,
        "height": below + step * ((methods + 1) // 2) + 6,
        "axis": axis,
        "from": margin,
        "to": width - margin,
        "ticks": ticks,
        "bars": bars,
        "labels": labels,
        "distance": {"from": margin, "to": margin + min(length, span), "words": f"CD {found.distance:.2f}"},
    }


def _label(
    found: Ranking, place: int, x: Callable[[float], float], width: int, margin: int, below: int, step: int
) -> dict[str, Any]:
    """Return where the name of a method stands: the better half on the left, downwards; the others upwards."""
    left = place < (len(found.methods) + 1) // 2
    return {
        "name": found.methods[place],
        "rank": f"{found.ranks[place]:.2f}",
        "x": x(found.ranks[place]),
        "y": below + step * (place if left else len(found.methods) - 1 - place),
        "end": margin - 14 if left else width - margin + 14,
        "anchor": "end" if left else "start",
        "text": margin - 20 if left else width - margin + 20,
    }
