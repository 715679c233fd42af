"""Events: neighbouring flagged points become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amiss.batch import AnyArray, FloatArray


@dataclass(frozen=True)
class Event:
    """A run of points in which something is amiss.

    Attributes
    ----------
    start, end : int
        First and last flagged point, both inclusive.
    peak : int
        The point of the highest score.
    """

    start: int
    end: int
    peak: int


def events_of(flagged: AnyArray, scores: FloatArray, merge_gap: int = 0, min_length: int = 1) -> list[Event]:
    """Return the events among flagged points, the highest peak first.

    Parameters
    ----------
    flagged : ndarray of shape (k,)
        Positions of flagged points, in any order.
    scores : ndarray of shape (points,)
        Scores of all points.
    merge_gap : int
        Flagged points with at most so many unflagged ones between them are one event.
    min_length : int
        Events of fewer points, from first to last, are left out.

    Examples
    --------
    >>> events_of(np.array([3, 4, 7]), np.array([0, 0, 0, 1, 2, 0, 0, 9.0]), merge_gap=1)
    [Event(start=7, end=7, peak=7), Event(start=3, end=4, peak=4)]
    """
    if not len(flagged):
        return []
    ordered = np.sort(np.asarray(flagged, np.int64))
    cuts = np.flatnonzero(np.diff(ordered) > merge_gap + 1) + 1
    found = []
    for run in np.split(ordered, cuts):
        start, end = int(run[0]), int(run[-1])
        if end - start + 1 >= min_length:
            found.append(Event(start, end, int(run[np.argmax(scores[run])])))
    return sorted(found, key=lambda event: (-scores[event.peak], event.start))
