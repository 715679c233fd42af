"""How well scores rank the anomalies above the rest: no threshold is needed."""

from __future__ import annotations

import math

import numpy as np

from amiss.batch import AnyArray, FloatArray


def roc_auc(labels: AnyArray, scores: FloatArray) -> float:
    """Return how often an anomaly scores above a normal item; a tie counts a half.

    Parameters
    ----------
    labels : ndarray of shape (items,)
        1 = anomaly, 0 = normal; both occur.
    scores : ndarray of shape (items,)
        Finite, higher = more abnormal.

    References
    ----------
    Hanley, McNeil 1982, "The meaning and use of the area under a ROC curve", eq. 1 (Wilcoxon's statistic).

    Examples
    --------
    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 2.0, 3.0]))
    0.875
    """
    hits, alarms = _steps(labels, scores)
    below = alarms.sum() - np.cumsum(alarms)
    return float(np.dot(hits, below + alarms / 2) / (hits.sum() * alarms.sum()))


def average_precision(labels: AnyArray, scores: FloatArray) -> float:
    """Return the precision at each distinct score, weighted by the anomalies that have it.

    Parameters
    ----------
    labels : ndarray of shape (items,)
        1 = anomaly, 0 = normal; an anomaly occurs.
    scores : ndarray of shape (items,)
        Finite, higher = more abnormal.

    References
    ----------
    Davis, Goadrich 2006, "The relationship between precision-recall and ROC curves"; the sum without
    interpolation, AP = sum (R_n - R_(n-1)) P_n.

    Examples
    --------
    >>> average_precision(np.array([1, 0, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]))
    0.8333333333333333
    """
    hits, alarms = _steps(labels, scores)
    found = np.cumsum(hits)
    return float(np.dot(hits, found / (found + np.cumsum(alarms))) / found[-1])


def found_at(labels: AnyArray, scores: FloatArray, count: int) -> float:
    """Return how many anomalies are among the ``count`` highest scores.

    Where the cut falls among equal scores, each of them is as likely to be within: the mean over all orders, so that
    the order of the items changes nothing.

    Examples
    --------
    >>> found_at(np.array([1, 0, 1, 0]), np.array([3.0, 2.0, 2.0, 1.0]), 2)
    1.5
    """
    if count <= 0:
        return 0.0
    labels = np.asarray(labels)
    cut = np.partition(scores, len(scores) - count)[len(scores) - count]
    above, tied = scores > cut, scores == cut
    return float(labels[above].sum() + labels[tied].sum() * (count - above.sum()) / tied.sum())


def precision_at_k(labels: AnyArray, scores: FloatArray) -> float:
    """Return the share of anomalies among the k highest scores, k being the number of anomalies (R-precision).

    Parameters
    ----------
    labels : ndarray of shape (items,)
        1 = anomaly, 0 = normal; an anomaly occurs.
    scores : ndarray of shape (items,)

    Examples
    --------
    >>> precision_at_k(np.array([1, 0, 1, 0]), np.array([3.0, 2.0, 1.0, 0.0]))
    0.5
    """
    count = int(np.sum(labels))
    return found_at(labels, scores, count) / count


def recall_at(labels: AnyArray, scores: FloatArray, share: float = 0.01) -> float:
    """Return how many of the anomalies that ``share`` of the items has room for are among the highest scores.

    Parameters
    ----------
    labels : ndarray of shape (items,)
        1 = anomaly, 0 = normal; an anomaly occurs.
    scores : ndarray of shape (items,)
    share : float
        Of the items to look at; at least one item is.

    Examples
    --------
    >>> recall_at(np.array([1, 1, 0, 0]), np.array([4.0, 3.0, 2.0, 1.0]), share=0.25)
    1.0
    """
    count = max(1, math.ceil(share * len(scores)))
    return found_at(labels, scores, count) / min(int(np.sum(labels)), count)


def _steps(labels: AnyArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the anomalies and the normal items at each distinct score, the highest first."""
    labels = np.asarray(labels, float)
    distinct, level = np.unique(-np.asarray(scores, float), return_inverse=True)
    hits = np.bincount(level, weights=labels, minlength=len(distinct))
    alarms = np.bincount(level, weights=1 - labels, minlength=len(distinct))
    return hits.astype(float), alarms.astype(float)
