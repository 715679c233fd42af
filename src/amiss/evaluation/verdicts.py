"""How good the verdicts at a threshold are, and the rest of what is told of a case."""

from __future__ import annotations

import numpy as np

from amiss.batch import AnyArray, BoolArray


def verdict_figures(labels: AnyArray, flags: BoolArray) -> dict[str, float]:
    """Return what the verdicts are worth.

    Parameters
    ----------
    labels : ndarray of shape (items,)
        1 = anomaly, 0 = normal.
    flags : ndarray of shape (items,), bool
        What was flagged.

    Returns
    -------
    dict of str to float
        precision and f1 (0 where nothing right is flagged), recall, flagged (share of all items), false_alarms (flagged
        ones among 1000 normal items).

    Examples
    --------
    >>> verdict_figures(np.array([1, 1, 0, 0]), np.array([True, False, True, False]))
    {'precision': 0.5, 'recall': 0.5, 'f1': 0.5, 'flagged': 0.5, 'false_alarms': 500.0}
    """
    wrong = np.asarray(labels) == 1
    hits, flagged, anomalies = int(np.sum(flags & wrong)), int(np.sum(flags)), int(np.sum(wrong))
    normal = len(wrong) - anomalies
    return {
        "precision": hits / flagged if flagged else 0.0,
        "recall": hits / anomalies if anomalies else 0.0,
        "f1": 2 * hits / (flagged + anomalies) if flagged + anomalies else 0.0,
        "flagged": flagged / len(wrong),
        "false_alarms": 1000 * (flagged - hits) / normal if normal else 0.0,
    }


def events_found(labels: AnyArray, flags: BoolArray) -> float:
    """Return the share of labelled events (runs of 1) in which at least one point is flagged.

    Examples
    --------
    >>> events_found(np.array([0, 1, 1, 0, 1]), np.array([True, False, True, False, False]))
    0.5
    """
    inside = np.asarray(labels) == 1
    begins = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int)])) == 1)
    event = np.cumsum(np.diff(np.concatenate([[0], inside.astype(int)])) == 1) - 1
    return len(np.unique(event[inside & flags])) / len(begins)
