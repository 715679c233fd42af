"""Moments as they come -> points in even steps, and what was read or said of the points back to the rows.

A moment has a place on the grid of the series, counted in steps (calendar months where the step is such). Points
stand at whole places: a moment a little early or late goes to the nearest, moments of one place become one point,
and places without a moment are points where everything is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amiss.batch import AnyArray, FloatArray, IntArray

Moments = NDArray[np.datetime64]

EVEN = 0.01
"""Steps that differ by no more than this share are even."""
MOST_POINTS = 4
"""A grid has at most so many points a row; longer holes are cut short."""
MOST_NEW_POINTS = 40
"""The same of new data, which may be much sparser: cut shorter than an eighth of the longest window learnt, its holes
would be bridged as if nothing were missing."""
WINDOW = 303
"""A hole is cut to no less than this, the longest window learnt from data, where that is enough."""

_NEAR = 0.2  # the median is no farther from the step of an even grid, in shares of it
_FITS = 0.2  # agreement of phases, 0 to 1: moments up to 0.4 steps off have 0.23
_BY_CHANCE = 3.0  # over the root of how many moments there are: so much they agree on some step by chance
_FIRST_STRETCH = 256
_SNAP = 0.25  # of a step: so far from whole steps, each step is rounded by itself
_SAME = 1e-3
_MONTH = 365.25 / 12 * 86_400
_MONTH_PLAY = 2.5 * 86_400
_SHARE = 0.9  # of the steps are whole months, where the step is months


@dataclass(frozen=True)
class Rows:
    """Which rows of the data became which points of the series.

    Attributes
    ----------
    order : ndarray of shape (rows,)
        The rows in order of time.
    points : ndarray of shape (rows,)
        The point of each row of the data, rows as given.
    times : ndarray of shape (rows,), datetime64[us]
        The moment of each row, in order of time.
    """

    order: IntArray
    points: IntArray
    times: Moments

    def from_points(self, values: AnyArray) -> AnyArray:
        """Return for each row, as given, what is said of its point."""
        return np.asarray(values[self.points])

    def to_points(self, values: FloatArray, count: int) -> FloatArray:
        """Return for each of ``count`` points what is said of its rows, 0 where it has none."""
        out = np.zeros(count)
        out[self.points] = values
        return out

    def around(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and last of the rows in order of time at the points ``first`` to ``last``.

        Where an end of the stretch has no row, the nearest one outside it counts.
        """
        ordered = self.points[self.order]
        start = int(np.searchsorted(ordered, first, side="left"))
        if ordered[min(start, len(ordered) - 1)] != first:
            start -= 1
        end = int(np.searchsorted(ordered, last, side="right")) - 1
        if ordered[max(end, 0)] != last:
            end += 1
        return max(start, 0), min(end, len(ordered) - 1)


def usual_step(seconds: FloatArray) -> float:
    """Return the median step between moments, told more exactly by all of them where they agree with it.

    Parameters
    ----------
    seconds : ndarray of shape (moments,)
        Rising, no two the same.

    Examples
    --------
    >>> usual_step(np.array([0.0, 60.0, 120.0, 240.0]))
    60.0
    """
    steps = np.diff(seconds)
    if not len(steps):
        return 1.0
    median = float(np.median(steps))
    if _clearly_whole(steps / median):
        return float(seconds[-1] - seconds[0]) / float(np.rint(steps / median).sum())
    return _fitted_step(seconds - seconds[0], median)


def _clearly_whole(steps: FloatArray) -> bool:
    whole = np.rint(steps)
    return bool((whole >= 1).all() and (np.abs(steps - whole) <= _SNAP).all())


def _fitted_step(seconds: FloatArray, median: float) -> float:
    """Return the step near the median of the even grid that moments fit best, the median where they fit none.

    It is found among many on the first moments, by how well the phases agree, and then told more exactly by least
    squares over stretches that double: over the next one the error left does not add up to a step.
    """
    length = _FIRST_STRETCH
    stretch = seconds[:length]
    stretch = stretch[stretch <= 2 * length * median]  # not over a long hole
    many = int(16 * _NEAR * max(1.0, stretch[-1] / median)) + 2
    steps = median / np.linspace(1 - _NEAR, 1 + _NEAR, many)
    agreement = np.abs(np.exp(2j * np.pi * stretch[None, :] / steps[:, None]).mean(axis=1))
    if agreement.max() < max(_FITS, _BY_CHANCE / np.sqrt(len(stretch))):
        return median
    step = float(steps[np.argmax(agreement)])
    while True:
        stretch = seconds[:length]
        cells = np.rint(stretch / step - _phase(stretch / step))
        spread = cells - cells.mean()
        if not spread.any():
            return median
        step = float((spread * stretch).sum() / (spread * spread).sum())
        if length >= len(seconds):
            return step
        length *= 2


def _phase(places: FloatArray) -> float:
    """Return how far moments stand behind whole places, on the circle of one step."""
    return float(np.angle(np.exp(2j * np.pi * places).mean()) / (2 * np.pi))


def is_even(steps: FloatArray) -> bool:
    """Return whether steps, in multiples of the usual one, are whole: holes are allowed, shifts are not."""
    whole = np.maximum(np.rint(steps), 1)
    return bool((np.abs(steps - whole) <= EVEN).all())


def months_in(moments: Moments) -> FloatArray:
    """Return moments in calendar months since 1970, with the share of the month that is over.

    Examples
    --------
    >>> months_in(np.array(["1970-02-01", "1971-01-16T12"], "datetime64[us]"))
    array([ 1. , 12.5])
    """
    month = moments.astype("datetime64[M]")
    begins, ends = (m.astype("datetime64[us]").astype(np.int64) for m in (month, month + 1))
    over = (moments.astype("datetime64[us]").astype(np.int64) - begins) / (ends - begins)
    return np.asarray(month.astype(np.int64) + over)


def months_after(moment: np.datetime64, months: IntArray) -> Moments:
    """Return the same day and time so many months later; the last day where the month is shorter, or it was the last.

    Examples
    --------
    >>> months_after(np.datetime64("2024-01-31", "us"), np.array([1, 2])).astype("datetime64[D]").tolist()
    [datetime.date(2024, 2, 29), datetime.date(2024, 3, 31)]
    """
    month, day = moment.astype("datetime64[M]"), moment.astype("datetime64[D]")
    later = month + months
    first = later.astype("datetime64[D]")
    last = (later + 1).astype("datetime64[D]") - 1
    at = first + (day - month.astype("datetime64[D]"))
    if day + 1 == (month + 1).astype("datetime64[D]"):
        at = last
    return np.asarray(np.minimum(at, last).astype("datetime64[us]") + (moment - day.astype("datetime64[us]")))


def calendar_step(moments: Moments, step: float) -> int:
    """Return of how many calendar months the steps are (3: quarters, 12: years), 0 where they are of none.

    Parameters
    ----------
    moments : ndarray of shape (moments,), datetime64[us]
        On the clock on the wall; rising, no two the same.
    step : float
        The usual step in seconds.
    """
    if len(moments) < 2:
        return 0
    month = moments.astype("datetime64[M]")
    of_month = np.diff(month.astype(np.int64))
    if len(np.unique(moments - month.astype(moments.dtype))) == 1:  # the same day and hour of each month
        return max(0, int(np.median(of_month)))
    months = round(step / _MONTH)
    if not months or abs(step - months * _MONTH) > _MONTH_PLAY:
        return 0
    even = np.diff(moments.astype("datetime64[us]").astype(np.int64)) / 1e6 / step
    if (np.abs(even - np.maximum(np.rint(even), 1)) <= _SAME).all():  # every 30 days is not every month
        return 0
    steps = np.diff(months_in(moments)) / months
    whole = np.abs(steps - np.maximum(np.rint(steps), 1)) <= _SNAP
    return months if whole.mean() >= _SHARE else 0


def cells_of(places: FloatArray) -> IntArray:
    """Return the whole place nearest to each moment, counted from that of the first.

    Where the steps are clearly whole ones, each is rounded by itself, so that a clock that is a little fast never
    loses a point. Elsewhere the moments are rounded to the grid they fit best.

    Parameters
    ----------
    places : ndarray of shape (moments,)
        Where the moments stand, in steps, rising.

    Returns
    -------
    ndarray of shape (moments,)
        Never falling; the first is 0.

    Examples
    --------
    >>> cells_of(np.array([0.0, 1.1, 1.9, 5.0])), cells_of(np.array([0.4, 0.6, 2.4]))
    (array([0, 1, 2, 5]), array([0, 0, 2]))
    """
    steps = np.diff(places)
    if _clearly_whole(steps):
        return np.concatenate([[0], np.cumsum(np.rint(steps))]).astype(np.int64)
    cells = np.rint(places - _phase(places))
    return np.asarray(cells - cells[0], np.int64)


def without_long_holes(cells: IntArray, most: int, window: int = WINDOW) -> tuple[IntArray, int]:
    """Return the cells, the longest holes cut so that there are no more than ``most``, and the longest step left.

    Parameters
    ----------
    cells : ndarray of shape (moments,)
        Never falling, from 0.
    most : int
        At least as many as there are moments.
    window : int
        Holes are cut to so many points; to fewer only where there are still too many.

    Returns
    -------
    cells : ndarray of shape (moments,)
    longest : int
        0 where nothing was cut.
    """
    steps = np.diff(cells)
    if int(cells[-1]) < most:
        return cells, 0
    longest = window + 1
    if int(np.minimum(steps, longest).sum()) >= most:
        low, high = 1, longest  # of low, there are few enough
        while high - low > 1:
            middle = (low + high) // 2
            if int(np.minimum(steps, middle).sum()) < most:
                low = middle
            else:
                high = middle
        longest = low
    return np.concatenate([[0], np.cumsum(np.minimum(steps, longest))]), longest


def averaged(values: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """Return the mean of each group and channel, whatever the order of its rows; NaN where it has no value.

    Parameters
    ----------
    values : ndarray of shape (rows, channels)
        NaN where missing.
    groups : ndarray of shape (rows,)
        0 to ``count`` - 1.

    Returns
    -------
    ndarray of shape (count, channels)
    """
    out = np.full((count, values.shape[1]), np.nan)
    for channel in range(values.shape[1]):
        seen = np.flatnonzero(~np.isnan(values[:, channel]))
        if not len(seen):
            continue
        seen = seen[np.lexsort((values[seen, channel], groups[seen]))]  # a sum depends on its order
        sorted_values, sorted_groups = values[seen, channel], groups[seen]
        starts = np.flatnonzero(np.diff(sorted_groups, prepend=-1))
        sizes = np.diff(starts, append=len(seen))
        least, most = sorted_values[starts], sorted_values[starts + sizes - 1]
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.add.reduceat(sorted_values / np.repeat(sizes, sizes), starts)
            mean = np.where(least == most, least, np.clip(mean, least, most))
        out[sorted_groups[starts], channel] = mean
    return out


def times_of(moments: Moments, cells: IntArray) -> Moments:
    """Return the moment of each point: the first of its moments, evenly between neighbours where it has none.

    Parameters
    ----------
    moments : ndarray of shape (moments,), datetime64[us]
        Rising.
    cells : ndarray of shape (moments,)
        The point of each, never falling, from 0.
    """
    seen, first = np.unique(cells, return_index=True)
    since = (moments[first] - moments[0]).astype(np.int64)
    between = np.interp(np.arange(int(cells[-1]) + 1), seen, since)
    times = moments[0] + np.rint(between).astype("timedelta64[us]")
    made = np.setdiff1d(np.arange(len(times)), seen)
    times[made] = _rounded(times[made], moments)
    return np.asarray(times)


def _rounded(times: Moments, like: Moments) -> Moments:
    """Return times made between others to the nearest of the unit that those are whole in: month, day, minute, ..."""
    halves = {"M": 15 * 86_400, "D": 43_200, "m": 30, "s": 0.5}
    for unit, half in halves.items():
        if (like == like.astype(f"datetime64[{unit}]")).all():
            nearest = times + np.timedelta64(int(half * 1e6), "us")
            return np.asarray(nearest.astype(f"datetime64[{unit}]").astype("datetime64[us]"))
    return times
