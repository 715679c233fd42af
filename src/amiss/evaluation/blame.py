"""Whether explanations blame the cell, or the character, that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.evaluation.cases import Case, take

EXPLANATIONS = {"blamed": "blamed rightly", "blamed_near": "within one"}
"""Figures of the explanations."""

_MOST_ROWS = 300  # that are explained


def blame_figures(detector: Any, case: Case) -> dict[str, float]:
    """Return how often a fitted detector blames what is wrong first, empty where nobody knows what is.

    In a dirty table: of the rows with one wrong cell in the judged columns, the share whose first cause is a wrong cell
    (that one, or one of a column that is not judged). In a list of strings
    with known changes: the share of changed strings whose most surprising character lies in the changed span, and
    the share of those where it is no farther than one character from it.

    Parameters
    ----------
    detector : Detector
        Fitted on the case.
    case : Case
    """
    if case.kind == "cells":
        return _cells(detector, case)
    return _characters(detector, case) if case.planted else {}


def _cells(detector: Any, case: Case) -> dict[str, float]:
    judged = case.truth.reshape(len(case.labels), -1)
    rows = np.flatnonzero(judged.sum(axis=1) == 1)
    if not len(rows):
        return {}
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(int)]
    names = list(case.training)
    told = detector.explain(take({n: np.array(c, object) for n, c in case.training.items()}, rows))
    right = [
        bool(a.causes) and bool(case.labels[row, names.index(a.causes[0].cell)])
        for a, row in zip(told, rows.tolist(), strict=True)
    ]
    return {"blamed": float(np.mean(right))}


def _characters(detector: Any, case: Case) -> dict[str, float]:
    places = sorted(case.planted)
    texts = [case.training[place] for place in places]
    # what a report colours: `explain` tells causes alone
    _, shown = detector._explain(texts, -detector.score_samples(texts), np.arange(len(texts)))
    away = [
        _distance(surprise, case.planted[at]) for surprise, at in zip(shown.surprise, places, strict=True)
    ]
    right, near = np.equal(away, 0), np.less_equal(away, 1)
    return {"blamed": float(np.mean(right)), "blamed_near": float(np.mean(near))}


def _distance(surprise: FloatArray, span: tuple[int, int]) -> float:
    """Return how far the most surprising character is from the changed span; without end where there is none."""
    if not len(surprise):
        return float("inf")
    worst = int(np.argmax(surprise))
    return float(max(span[0] - worst, worst - (span[1] - 1), 0))
