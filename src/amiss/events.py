"""Events: neighbouring flagged points become one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amiss.batch import AnyArray, FloatArray

_CLEAR = 0.25  # an event with a point so far outside is trimmed to what lies outside; in widths of the band
_OUTSIDE = 0.1  # so far outside the band, and as far as this share of the farthest point of the event
_NARROWEST, _FARTHEST = 0.01, 20.0  # widths of a band and distances from it, in standard deviations
_HIGH = 0.5


@dataclass(frozen=True)
class Event:
    """A run of points in which something is amiss.

    Attributes
    ----------
    start, end : int
        First and last point, both inclusive.
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


def trimmed(
    events: list[Event],
    flagged: AnyArray,
    scores: FloatArray,
    outside: FloatArray,
    course: Callable[[], FloatArray],
) -> list[Event]:
    """Return the events cut down to the points that are odd themselves, in the same order.

    A score is smoothed over a window, so that points up to a window away from an odd one are flagged with it.
    Where values lie clearly outside the band, those make the event; where none does, it is the course that
    is odd, and the event is where the score before it was smoothed is nearer to its peak than to its median.

    Parameters
    ----------
    events : list of Event
    flagged : ndarray of shape (k,)
        Positions of flagged points; an event begins and ends at one.
    scores : ndarray of shape (points,)
        The peak of an event is its point of the highest score.
    outside : ndarray of shape (points,)
        See `outside_band`.
    course : callable
        Returns the scores before smoothing, shape (points,); called only if an event needs them.
    """
    unsmoothed = None
    found = []
    for event in events:
        run = np.sort(flagged[(flagged >= event.start) & (flagged <= event.end)])
        farthest = outside[run].max()
        if farthest > _CLEAR:
            odd = run[outside[run] >= max(_OUTSIDE, _OUTSIDE * farthest)]
        else:
            unsmoothed = course() if unsmoothed is None else unsmoothed
            usual = min(float(np.median(unsmoothed)), float(unsmoothed[run].max()))
            odd = run[unsmoothed[run] - usual >= _HIGH * (unsmoothed[run].max() - usual)]
        start, end = int(odd[0]), int(odd[-1])
        run = run[(run >= start) & (run <= end)]
        found.append(Event(start, end, int(run[np.argmax(scores[run])])))
    return found


def outside_band(seen: FloatArray, lower: FloatArray, upper: FloatArray, spread: FloatArray) -> FloatArray:
    """Return how far each point lies outside the band of its farthest channel, in widths of the band.

    Parameters
    ----------
    seen, lower, upper : ndarray of shape (points, channels)
        Raw units; NaN where missing or where there is no band: nothing lies outside there.
    spread : ndarray of shape (channels,)
        Standard deviations.

    Returns
    -------
    ndarray of shape (points,)
        0 inside the band.

    Examples
    --------
    >>> outside_band(np.array([[1.0], [9.0]]), np.zeros((2, 1)), np.full((2, 1), 4.0), np.ones(1))
    array([0.  , 1.25])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        half = spread / 2  # halves: the difference of two large values overflows
        beyond = np.maximum(lower / 2 - seen / 2, seen / 2 - upper / 2) / half
        width = np.maximum((upper / 2 - lower / 2) / half, _NARROWEST)
    found = np.clip(np.nan_to_num(beyond, nan=0.0, posinf=_FARTHEST), 0.0, _FARTHEST) / width
    return np.asarray(np.nan_to_num(found, nan=0.0).max(axis=1))
