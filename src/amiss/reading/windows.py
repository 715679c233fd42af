"""Windows of a series: channels on one scale, the period, windows on a grid in time and back to points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.part import Stored
from amiss.reading.calendar import Calendar

DEFAULT_WINDOW = 125
"""Points in a window where a series resembles itself at no lag."""

LEARNT_FROM = 500_000
"""Points of a series that are learnt from, where it has more."""

_STRETCHES = 64  # that they lie in
_SHORTEST, _LONGEST = 6, 303
_NEARLY, _OFF = 0.95, 0.02  # a peak nearly as high as the highest, whose lag divides it to so much
_PERIOD_POINTS = 20_000
_CLEAR = 0.1  # of the variance
_FEWEST_CYCLES = 3  # what came twice may be chance
_MOST_CYCLES, _STILL = 10, 0.8  # a period is followed so far, while its peaks are so high
_CLIP = 20.0
_FAR = 1e6
_SMALLEST = 1e-300  # the spread of a channel is at least this: smaller ones cannot be divided by
_WINDOWS_A_PERIOD = 16


@dataclass(frozen=True)
class Channels:
    """A stretch of a series as the models see it.

    Parameters
    ----------
    values : ndarray of shape (points, channels)
        Standard deviations from the training mean, within -20 to 20; gaps are bridged by straight lines.
    mask : ndarray of shape (points, channels), bool
        True where the value was missing.
    start : int
        Position of the first point, counted from the first training point. A stretch that has nothing to do
        with the training series stands far behind it.
    period : int
        Points in a window.
    calendar : Calendar or None
        Where the positions stand in the calendar, for models to learn; None where there are no times.
    """

    values: FloatArray
    mask: BoolArray
    start: int
    period: int
    calendar: Calendar | None = None

    def __len__(self) -> int:
        return len(self.values)

    def window(self, points: int | None) -> int:
        """Return the length of a window of so many points, at most a quarter of the stretch; None: the period."""
        return self.period if points is None else max(1, min(points, len(self) // 4))

    def after(self, before: Channels, hole: int = 0) -> Channels:
        """Return this stretch with ``before``, the one it follows on, in front, and ``hole`` missing points between."""
        bridge = np.linspace(before.values[-1], self.values[0], hole + 2)[1:-1]
        return replace(
            self,
            values=np.concatenate([before.values, bridge, self.values]),
            mask=np.concatenate([before.mask, np.ones(bridge.shape, bool), self.mask]),
            start=before.start,
        )

    def at_least(self, points: int) -> Channels:
        """Return the stretch, its last point repeated (as missing) until there are so many points."""
        more = max(0, points - len(self))
        return replace(
            self,
            values=np.concatenate([self.values, np.repeat(self.values[-1:], more, axis=0)]),
            mask=np.concatenate([self.mask, np.ones((more, self.mask.shape[1]), bool)]),
        )

    def without(self, hidden: BoolArray) -> Channels:
        """Return the stretch, its points at ``hidden``, shape (points,), missing too and bridged by straight lines."""
        mask, values = self.mask | hidden[:, None], self.values.copy()
        for channel, gap in enumerate(mask.T):
            known = np.flatnonzero(~gap)
            if len(known):
                values[gap, channel] = np.interp(np.flatnonzero(gap), known, values[known, channel])
        return replace(self, values=values, mask=mask)

    def stretch(self, first: int, stop: int) -> Channels:
        """Return the points from ``first`` to before ``stop``, as far as there are any."""
        inside = slice(first, stop)
        return replace(self, values=self.values[inside], mask=self.mask[inside], start=self.start + first)

    def last(self, points: int) -> Channels:
        """Return the last points of the stretch."""
        return self.stretch(max(0, len(self) - points), len(self))


class Scale(Stored):
    """Raw values of the channels -> standard deviations from the training mean."""

    centre: FloatArray
    spread: FloatArray

    def fit(self, raw: FloatArray) -> Self:
        """Learn mean and deviation of each channel from ``raw``, shape (points, channels), NaN missing.

        A value a million times farther out than nine in ten others says nothing about the spread: it is taken
        at that distance.
        """
        count = raw.shape[1]
        self.centre, self.spread = np.zeros(count), np.ones(count)
        for i in range(count):
            seen = raw[np.isfinite(raw[:, i]), i]
            if len(seen):
                self.centre[i], self.spread[i] = _mean_and_deviation(seen)
        return self

    def apply(self, raw: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return standardised values, gaps bridged, and the mask of missing ones; both of ``raw``'s shape."""
        mask = np.isnan(raw)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.clip((raw / 2 - self.centre / 2) / (self.spread / 2), -_CLIP, _CLIP)
        for i in np.flatnonzero(mask.any(axis=0)):
            gap = mask[:, i]
            places = np.flatnonzero(~gap)
            scaled[gap, i] = np.interp(np.flatnonzero(gap), places, scaled[places, i]) if len(places) else 0.0
        return scaled, mask

    def restore(self, scaled: FloatArray, level: FloatArray | float = 0.0) -> FloatArray:
        """Return raw units, ``level`` above the usual, of standardised values, within the range of floats.

        All are of shape (points, channels).
        """
        with np.errstate(over="ignore"):
            raw = self.centre + scaled * self.spread + level
        return np.clip(raw, -np.finfo(float).max, np.finfo(float).max)


def _mean_and_deviation(seen: FloatArray) -> tuple[float, float]:
    unit = float(np.abs(seen).max()) or 1.0
    seen = seen / unit  # squares of large values overflow
    middle = float(np.median(seen))
    usual = float(np.quantile(np.abs(seen - middle), 0.9, method="lower"))
    if usual > 0:
        seen = np.clip(seen, middle - _FAR * usual, middle + _FAR * usual)
    inner = float(np.abs(seen).max()) or 1.0
    mean, deviation = float((seen / inner).mean()), float((seen / inner).std())
    mean, deviation = mean * inner * unit, (deviation * inner * unit if deviation > 1e-9 else 0.0)
    return mean, max(deviation or min(1.0, abs(mean)) or 1.0, _SMALLEST)


def find_period(values: FloatArray) -> tuple[int | None, bool]:
    """Return the lag at which one channel resembles itself most, and whether it is a period.

    The lag, 6 to 303 points and at most a third of them all, is that of the highest local peak of the
    autocorrelation of the first 20,000 points, or, where a peak nearly as high stands at a half, a third, ...
    of it, the shortest of those; windows of that length suit the series. It is a period only where the peak
    rises clearly above the lowest autocorrelation before it: noise on a slow course has little peaks too. A
    period is told more exactly by where it comes back the tenth time than the first, as long as it does.

    Parameters
    ----------
    values : ndarray of shape (points,)
        Finite, any unit.

    Returns
    -------
    lag : int or None
        None where there is no peak among those lags.
    clear : bool

    References
    ----------
    Box, Jenkins (1970), "Time Series Analysis", section 2.1: the autocorrelation function.

    Examples
    --------
    >>> find_period(np.sin(np.arange(500) * 2 * np.pi / 24))
    (24, True)
    """
    x = values[:_PERIOD_POINTS] - values[:_PERIOD_POINTS].mean()
    length = 1 << (2 * len(x) - 1).bit_length()
    power = np.abs(np.fft.rfft(x, length)) ** 2
    whole = np.fft.irfft(power, length)[: len(x)]
    autocorrelation = whole[: _LONGEST + 98]
    if len(autocorrelation) < _SHORTEST or not autocorrelation[0] > 0:
        return None, False
    inner = autocorrelation[4:-1]
    peak = (inner > autocorrelation[3:-2]) & (inner > autocorrelation[5:])
    lags = np.flatnonzero(peak) + 4
    lags = lags[lags * _FEWEST_CYCLES <= len(x)]
    best = int(lags[np.argmax(autocorrelation[lags])]) if len(lags) else 0
    if not _SHORTEST <= best <= _LONGEST:
        return None, False
    best = _fundamental(best, lags, autocorrelation)
    rise = autocorrelation[best] - autocorrelation[:best].min()
    clear = bool(rise >= _CLEAR * autocorrelation[0])
    return (_refined(best, whole) if clear else best), clear


def _refined(period: int, autocorrelation: FloatArray) -> int:
    """Return the period as a share of the farthest multiple of it at which the autocorrelation peaks."""
    finest, reach = float(period), max(1, period // 8)
    # fewer products stand behind longer lags; taken for what they are, they would pull each peak to the left
    level = autocorrelation / np.arange(len(autocorrelation), 0, -1)
    for times in range(2, _MOST_CYCLES + 1):
        middle = round(times * finest)
        near = level[middle - reach : middle + reach + 1]
        if 2 * (middle + reach) > len(level) or near.max() < _STILL * level[period]:
            break
        at = int(near.argmax())
        if at in (0, len(near) - 1):  # no peak
            break
        finest = (middle - reach + at) / times
    return round(finest)


def _fundamental(best: int, lags: IntArray, autocorrelation: FloatArray) -> int:
    """Return the shortest period that ``best`` is a multiple of, judged by peaks nearly as high."""
    nearly = (lags >= _SHORTEST) & (autocorrelation[lags] >= _NEARLY * autocorrelation[best])
    for lag in lags[nearly].tolist():
        times = round(best / lag)
        if times >= 2 and abs(best - times * lag) <= _OFF * best:
            return int(lag)
    return best


def moving_mean(values: FloatArray, width: int) -> FloatArray:
    """Return the mean over ``width`` points around each point, over fewer at the ends.

    Parameters
    ----------
    values : ndarray of shape (points,) or (points, channels)
    width : int
    """
    count = len(values)
    width = max(1, min(width, count))
    first = np.arange(count) - width // 2
    low, high = np.maximum(first, 0), np.minimum(first + width, count)
    around = [(width // 2, width - 1 - width // 2), *[(0, 0)] * (values.ndim - 1)]
    share = (high - low).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray(window_sums(np.pad(values, around), width) / share)


def window_sums(values: FloatArray, width: int) -> FloatArray:
    """Return the sum of each window of ``width`` points: of the same values the same, wherever the window stands.

    Sums of two, four, eight, ... points are put together to one of ``width``. Differences of a running total would
    be rounded by all that came before.

    Parameters
    ----------
    values : ndarray of shape (points,) or (points, channels)
        At least ``width`` points.
    width : int

    Examples
    --------
    >>> window_sums(np.array([1.0, 2.0, 3.0, 4.0]), 3)
    array([6., 9.])
    """
    count, begin, size, sums = len(values) - width + 1, 0, 1, values
    total = np.zeros((count, *values.shape[1:]))
    while size <= width:
        if width & size:
            total += sums[begin : begin + count]
            begin += size
        sums = sums[:-size] + sums[size:]
        size *= 2
    return total


def window_maxima(values: FloatArray, width: int) -> FloatArray:
    """Return the largest value of each window of ``width`` points, shape (points - width + 1,).

    Examples
    --------
    >>> window_maxima(np.array([1.0, 5.0, 3.0, 4.0, 2.0]), 3)
    array([5., 5., 4.])
    """
    size = 1
    while 2 * size <= width:
        values = np.maximum(values[:-size], values[size:])
        size *= 2
    return np.maximum(values[: len(values) - (width - size)], values[width - size :])


def windows_of(values: AnyArray, steps: int) -> AnyArray:
    """Return all windows of ``steps`` points, shape (windows, channels, steps), as a view."""
    return np.lib.stride_tricks.sliding_window_view(values, steps, axis=0)


def grid(channels: Channels, steps: int, views: int = _WINDOWS_A_PERIOD) -> IntArray:
    """Return where the windows looked at begin: ``views`` a window length, fixed in time, and the outermost.

    That they are fixed in time, not to the stretch, is what gives a point the same score in any stretch.
    """
    last = len(channels) - steps
    every = max(1, steps // views)
    fixed = np.arange((-channels.start) % every, last + 1, every)
    inside = fixed[(fixed > 0) & (fixed < last)]
    return np.concatenate([[0], inside, [last] if last else []]).astype(np.int64)


def to_points(scores: FloatArray, begins: IntArray, steps: int, points: int) -> FloatArray:
    """Return one score a point: a window's score stands at its centre, straight lines between.

    Parameters
    ----------
    scores : ndarray of shape (windows,)
    begins : ndarray of shape (windows,)
        Where each window begins, ascending.
    steps : int
        Points in a window.
    points : int
        Points in the stretch.
    """
    return np.interp(np.arange(points), begins + steps // 2, scores)


def stretches(points: int) -> list[tuple[int, int]]:
    """Return where the stretches that are learnt from begin, and where they are over, in order of time.

    A series of up to 500,000 points is learnt from as a whole; of a longer one 64 stretches, evenly spread, that hold
    so many points together.

    Examples
    --------
    >>> stretches(1_000), stretches(1_000_000)[:2]
    ([(0, 1000)], [(0, 7812), (15749, 23561)])
    """
    if points <= LEARNT_FROM:
        return [(0, points)]
    length = LEARNT_FROM // _STRETCHES
    begins = np.linspace(0, points - length, _STRETCHES).astype(np.int64).tolist()
    return [(begin, begin + length) for begin in begins]


def spread_evenly(count: int, most: int) -> IntArray:
    """Return at most ``most`` of the positions below ``count``, ascending, evenly spread over what is learnt from."""
    learnt = stretches(count)
    length = learnt[0][1]
    at = np.unique(np.linspace(0, length * len(learnt) - 1, min(count, most)).astype(np.int64))
    return np.asarray(np.array([begin for begin, _ in learnt])[at // length] + at % length)
