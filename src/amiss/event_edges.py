"""Edges of an event: a score reaches a window far, and an event is what is odd itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.events import Event

_CLEAR = 0.25  # an event with a point so far outside is trimmed to what lies outside; in widths of the band
_OUTSIDE = 0.1  # so far outside the band, and as far as this share of the farthest point of the event
_NARROWEST, _FARTHEST = 0.01, 20.0  # widths of a band and distances from it, in standard deviations
_HIGH = 0.5


def trimmed(
    event: Event,
    run: IntArray,
    scores: FloatArray,
    outside: FloatArray,
    course: Callable[[], FloatArray],
    usual: float | None = None,
) -> Event:
    """Return an event cut down to the points that are odd themselves.

    A score is smoothed over a window, so that points up to a window away from an odd one are flagged with it.
    Where values lie clearly outside the band, those make the event; where none does, it is the course that
    is odd, and the event is where the score before it was smoothed is nearer to its peak than to its median.

    Parameters
    ----------
    event : Event
    run : ndarray of shape (k,)
        Positions of its abnormal points, rising; an event begins and ends at one.
    scores : ndarray of shape (points,)
        The peak of an event is its point of the highest score.
    outside : ndarray of shape (points,)
        See `outside_band`.
    course : callable
        Returns the scores before smoothing, shape (points,); called only where it is needed.
    usual : float or None
        The median of such scores; None: of those of ``course``.
    """
    farthest = outside[run].max()
    if farthest > _CLEAR:
        odd = run[outside[run] >= max(_OUTSIDE, _OUTSIDE * farthest)]
    else:
        unsmoothed = course()
        usual = min(float(np.median(unsmoothed)) if usual is None else usual, float(unsmoothed[run].max()))
        odd = run[unsmoothed[run] - usual >= _HIGH * (unsmoothed[run].max() - usual)]
    start, end = int(odd[0]), int(odd[-1])
    run = run[(run >= start) & (run <= end)]
    peak = int(run[np.argmax(scores[run])])
    return replace(event, start=start, end=end, peak=peak, score=float(scores[peak]))


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
