"""A few labels move the threshold: as little as puts most of them on their side."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.errors import ParameterError

_APART = 1.05  # the line keeps so far from a labelled score, where the other side leaves room


def line_by_labels(scores: FloatArray, anomalous: BoolArray, line: float, miss: float = 1.0) -> float:
    """Return the threshold nearest to ``line`` at which the labels are wronged least.

    Wronged are a normal item above the threshold, counted once, and an anomaly that is not above it, counted ``miss``
    times. Where ``line`` wrongs as little as any other, it stays.

    Parameters
    ----------
    scores : ndarray of shape (labelled,)
        Scores of the labelled items, >= 0, higher = more abnormal; at least one.
    anomalous : ndarray of shape (labelled,), bool
        What each of them is.
    line : float
        The threshold so far, > 0.
    miss : float
        How many false alarms a missed anomaly is worth, > 0.

    Examples
    --------
    >>> scores = np.array([1.0, 2.0, 8.0])
    >>> line_by_labels(scores, np.array([False, False, True]), 4.0)  # right already
    4.0
    >>> line_by_labels(scores, np.array([False, True, True]), 4.0)  # 2.0 is an anomaly: just below it
    1.9047619047619047
    """
    order = np.argsort(scores, kind="stable")
    scores, anomalous = scores[order], anomalous[order]
    ends = np.flatnonzero(np.diff(scores, append=np.inf))  # the last item of each score
    low = np.concatenate([[0.0], scores[ends]])  # a threshold lies at one of these, or up to the next
    high = np.concatenate([scores[ends], [np.inf]])
    missed = np.concatenate([[0], np.cumsum(anomalous)[ends]])
    alarms = (~anomalous).sum() - np.concatenate([[0], np.cumsum(~anomalous)[ends]])
    wronged = np.where(high > 0, alarms + miss * missed, np.inf)  # a threshold is above 0
    least = np.isclose(wronged, wronged.min(), rtol=1e-9, atol=0.0)
    inside = (low <= line) & (line < high)
    with np.errstate(over="ignore", divide="ignore"):
        ratio = np.where(inside, 0.0, np.maximum(low / line, line / high))
    best = int(np.argmin(np.where(least, ratio, np.inf)))
    return _between(float(low[best]), float(high[best]), line)


def _between(low: float, high: float, line: float) -> float:
    """Return a threshold >= ``low`` and < ``high``, near ``line`` but not at their very edge."""
    if low <= line < high:
        return line
    middle = float(np.sqrt(low) * np.sqrt(high))  # 0 or infinite where a side is open
    if line < low:
        return min(low * _APART, max(middle, low))
    wanted = max(high / _APART, middle)
    return max(min(wanted, float(np.nextafter(high, 0.0))), float(np.finfo(np.float64).tiny))


def labelled(scores: Any, labels: Any) -> tuple[FloatArray, BoolArray]:
    """Return the scores of the labelled items, and whether each is an anomaly.

    Parameters
    ----------
    scores : array of shape (items,)
        Higher = more abnormal, as in ``scores_``.
    labels : array of shape (items,)
        1 or True for an anomaly, 0 or False for a normal item; None or NaN where nobody said.

    Raises
    ------
    ParameterError
        There are not as many labels as scores, none is given, or one is something else.
    """
    values = np.asarray(scores, np.float64).ravel()
    given = np.asarray(labels, dtype=object).ravel()
    if len(values) != len(given):
        raise ParameterError(
            f"There are {len(given)} labels for {len(values)} scores. Give one an item: 1 anomaly, 0 normal, "
            "None where nobody said."
        )
    known = _known(given)
    bad = known & ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise ParameterError(
            f"Score {place} is {values[place]}. Give scores as in scores_, 0 or more and higher = more abnormal; "
            "score_samples has the other sign: -detector.score_samples(data)."
        )
    if not known.any():
        raise ParameterError("No label is given. Give at least one: 1 anomaly, 0 normal.")
    return values[known], given[known].astype(bool)


def known_bad(labels: Any, count: int) -> BoolArray:
    """Return which of ``count`` items are labelled anomalies, shape (count,); see `bad_and_good`."""
    return bad_and_good(labels, count)[0]


def bad_and_good(labels: Any, count: int) -> tuple[BoolArray, BoolArray]:
    """Return which of ``count`` items are labelled anomalies, and which are labelled normal, each of shape (count,).

    Raises
    ------
    ParameterError
        There are not as many labels as items, one is something else, or all items are labelled anomalies.

    Examples
    --------
    >>> bad_and_good([1, None, 0], 3)
    (array([ True, False, False]), array([False, False,  True]))
    """
    given = np.asarray(labels, dtype=object).ravel()
    if len(given) != count:
        raise ParameterError(
            f"There are {len(given)} labels for {count} items. Give one an item: 1 anomaly, 0 normal, None where "
            "nobody said."
        )
    known = _known(given)
    bad = known.copy()
    bad[known] = given[known].astype(bool)
    if bad.all():
        raise ParameterError(
            "All items are labelled anomalies, so there is nothing to learn from. Leave some without."
        )
    return bad, known & ~bad


def _known(given: AnyArray) -> BoolArray:
    """Return where somebody said what an item is.

    Raises
    ------
    ParameterError
        A label is no label.
    """
    known = np.array([not (label is None or label != label) for label in given], bool)
    for place in np.flatnonzero(known).tolist():
        if isinstance(given[place], str) or given[place] not in (0, 1):
            raise ParameterError(
                f"Label {place} is {given[place]!r}. Legal: 1 (anomaly), 0 (normal), None where nobody said."
            )
    return known
