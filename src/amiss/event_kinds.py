"""Kinds of events: what happened to a channel, told from its values within and around an event.

The kinds and their rules, in the order in which they are asked; noise is the robust deviation of the values around the
event from their own course, the season taken off:

============  =============================================================================================
flatline      one value stands still for a quarter of the event or more, far longer than anywhere around it
level shift   after the event, or for longer than a window, the level is another: a step explains it best
trend change  the same, and a slope explains it better than a step
noise         the values scatter more than twice, or less than half, as much as around it, each on its own
spike, dip    values lie beyond the noise on one side, and return
shape         anything else: another course, each value of which may be usual
============  =============================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amiss.batch import FloatArray
from amiss.reading.windows import moving_mean

KINDS = ("spike", "dip", "shape", "level shift", "trend change", "flatline", "noise")
_CYCLES, _FEWEST_CYCLES = 8, 2  # periods looked at on each side of an event, and those a season is told from
_FEWEST = 8  # points that a level, a slope or a spread is told from
_CLEAR, _BEYOND = 4.0, 2.0  # in noise: a level is another; a value counts as beyond
_ONE_SIDED = 0.75  # of what lies beyond the noise
_NOISIER, _CALMER = 2.0, 0.5  # ratios of the spread inside to the one around
_ROUGH = 1.0  # von Neumann's ratio: 2 for white noise, near 0 for a smooth course
_STILL, _STILL_LEAST, _STILL_TIMES = 0.25, 5, 2  # share of the event, points, and times the longest around it
_NORMAL = 1.4826  # standard deviations in a median absolute deviation
_SMALLEST_NOISE, _ROUNDING = (
    0.01,
    1e-9,
)  # of the spread around the event, of the largest value: where there is no noise


@dataclass(frozen=True)
class _Around:
    """What lies around an event: a channel without its season, from the line it followed before the event.

    Attributes
    ----------
    off : ndarray of shape (points,)
        Distance from the line before, in noise; NaN where missing.
    first, last : int
        Where the event begins and ends in it, both inclusive.
    margin : int
        Points beside the event that may belong to it.
    window : int
    """

    off: FloatArray
    first: int
    last: int
    margin: int
    window: int

    @property
    def inside(self) -> FloatArray:
        return _seen(self.off[self.first : self.last + 1])

    @property
    def before(self) -> FloatArray:
        return _seen(self.off[: max(0, self.first - self.margin)])

    @property
    def after(self) -> FloatArray:
        """The values that follow, over a window."""
        start = self.last + 1 + self.margin
        return _seen(self.off[start : start + max(self.window, 2 * _FEWEST)])


def kind_of(values: FloatArray, start: int, end: int, window: int, period: int | None = None) -> str:
    """Return the kind of an event in one channel, one of `KINDS`.

    Parameters
    ----------
    values : ndarray of shape (points,)
        The channel in any unit, with as much around the event as there is; NaN where missing.
    start, end : int
        First and last point of the event, both inclusive.
    window : int
        Points in a window: an excursion that lasts longer is another level.
    period : int or None
        The period of the season, which is taken off; None where there is none.

    References
    ----------
    Chen, Liu (1993), "Joint estimation of model parameters and outlier effects in time series", section 1: additive
    outlier, level shift. Tukey (1977), "Exploratory Data Analysis", chapter 5: the resistant line. von Neumann (1941),
    "Distribution of the ratio of the mean square successive difference to the variance".

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=200)
    >>> kind_of(noise + 9.0 * (np.arange(200) >= 120), 118, 125, window=20)
    'level shift'
    >>> kind_of(noise - 9.0 * (np.arange(200) == 120), 119, 121, window=20)
    'dip'
    """
    reach = max(_CYCLES * (period or window), 2 * (end - start + 1), 4 * _FEWEST)
    first = max(0, start - reach)
    near = _at_most_one(values[first : end + 1 + reach])
    inside = slice(start - first, end + 1 - first)
    if _is_flat(near, inside):
        return "flatline"
    around = _around(near, inside.start, inside.stop - 1, window, period)
    if not len(around.inside):
        return "shape"
    return _of_level(around) or _of_noise(around) or _of_side(around)


def _at_most_one(values: FloatArray) -> FloatArray:
    """Return values divided by the power of two that makes the largest about 1; NaN where they are not finite."""
    finite = np.where(np.isfinite(values), values, np.nan)
    _, power = np.frexp(np.nanmax(np.abs(finite)) if np.isfinite(finite).any() else 1.0)
    return np.asarray(np.ldexp(finite, -power))


def _is_flat(values: FloatArray, inside: slice) -> bool:
    """Return whether one value stands still in the event for far longer than it does elsewhere."""
    edges = np.concatenate(
        [[0], np.flatnonzero(np.diff(values) != 0) + 1, [len(values)]]
    )  # NaN is never the same
    lengths = np.diff(edges)
    touches = (edges[:-1] < inside.stop) & (edges[1:] > inside.start)
    longest, elsewhere = lengths[touches].max(), lengths[~touches].max(initial=1)
    least = max(_STILL_LEAST, _STILL * (inside.stop - inside.start), _STILL_TIMES * elsewhere)
    return bool(longest >= least)


def _around(values: FloatArray, first: int, last: int, window: int, period: int | None) -> _Around:
    margin = max(1, window // 4)
    before, after = slice(0, max(0, first - margin)), slice(last + 1 + margin, len(values))
    plain = values - _season(values, (before, after), period)
    if len(_seen(plain[before])) < min(_FEWEST, len(_seen(plain[after]))):  # told backwards
        return _around(values[::-1], len(values) - 1 - last, len(values) - 1 - first, window, period)
    sides = [plain[side] - _line(plain[side], _noise([plain[side]])) for side in (before, after)]
    spread = _noise([values[before], values[after]])
    noise = max(_noise(sides), _SMALLEST_NOISE * spread, _ROUNDING)
    off = plain - _line(plain, noise, before.stop)
    return _Around(off / noise, first, last, margin, window)


def _season(values: FloatArray, sides: tuple[slice, slice], period: int | None) -> FloatArray:
    """Return the season at each point: the median of its phase around the event, the slow course taken off."""
    found = np.zeros(len(values))
    if period is None:
        return found
    off = np.full(len(values), np.nan)
    for side in sides:
        part = values[side]
        if len(_seen(part)) >= period:
            slow = moving_mean(np.where(np.isnan(part), np.nanmedian(part), part), period)
            off[side] = part - slow
    if np.isfinite(off).sum() < _FEWEST_CYCLES * period:
        return found
    cycles = np.pad(off, (0, -len(off) % period), constant_values=np.nan).reshape(-1, period)
    count, ordered, phase = (
        np.isfinite(cycles).sum(axis=0),
        np.sort(cycles, axis=0),
        np.arange(period),
    )  # NaN last
    middle = (ordered[np.maximum(count - 1, 0) // 2, phase] + ordered[count // 2, phase]) / 2
    return np.resize(np.where(count > 0, middle, 0.0), len(values))


def _line(values: FloatArray, noise: float, learnt: int | None = None) -> FloatArray:
    """Return Tukey's resistant line through the first ``learnt`` values; level where its slope is not clear."""
    known = values[:learnt]
    places = np.flatnonzero(np.isfinite(known))
    if not len(places):
        return np.zeros(len(values))
    third = max(1, len(places) // 3)
    left, right = places[:third], places[-third:]
    rise = float(np.median(known[right]) - np.median(known[left]))
    run = float(np.median(right) - np.median(left))
    unsure = noise * np.sqrt(np.pi / third)  # of the difference of two medians
    slope = rise / run if len(places) >= 2 * _FEWEST and abs(rise) > _CLEAR * unsure else 0.0
    flat = known[places] - slope * places
    return np.asarray(np.median(flat) + slope * np.arange(len(values)))


def _noise(parts: list[FloatArray]) -> float:
    """Return the robust deviation of values, each part around its own median."""
    off = [np.abs(seen - np.median(seen)) for part in parts if len(seen := _seen(part))]
    return _NORMAL * float(np.median(np.concatenate(off))) if off else 0.0


def _of_level(around: _Around) -> str | None:
    """Return "level shift" or "trend change" where the channel stays elsewhere, None where it returns."""
    after, inside = around.after, around.inside
    late = inside[len(inside) // 2 :] if len(inside) >= _FEWEST else inside[:0]
    stays = len(after) >= _FEWEST and abs(np.median(after)) > _CLEAR
    long = (
        len(inside) > around.window and abs(np.median(inside)) > _CLEAR and _sidedness(inside) >= _ONE_SIDED
    )
    if not (stays or long or (len(after) < _FEWEST and len(late) and abs(np.median(late)) > _CLEAR)):
        return None
    begin = max(0, around.first - around.margin)
    end = around.last + 1 + (around.margin + around.window if stays else 0)
    changed = _seen(around.off[begin:end])
    return "level shift" if _step_error(changed) <= _slope_error(changed) else "trend change"


def _step_error(off: FloatArray) -> float:
    """Return the mean distance to the step that fits best: 0 up to a point, then the median of what follows."""
    starts = range(0, len(off) - 1, max(1, len(off) // 24))
    return min(float(np.abs(np.r_[off[:at], off[at:] - np.median(off[at:])]).mean()) for at in starts)


def _slope_error(off: FloatArray) -> float:
    """Return the mean distance to the broken line that fits best: 0 up to a point, then a slope."""
    found = np.inf
    for at in range(0, len(off) - 1, max(1, len(off) // 24)):
        away = np.arange(1.0, len(off) - at + 1)
        half = len(away) // 2
        slope = float(np.median(off[at:][half:] / away[half:]))
        found = min(found, float(np.abs(np.r_[off[:at], off[at:] - slope * away]).mean()))
    return found


def _of_noise(around: _Around) -> str | None:
    """Return "noise" where the values scatter otherwise, each on its own; None where they do not."""
    inside = around.inside
    if len(inside) < _FEWEST or len(around.before) < _FEWEST:
        return None
    ratio = _noise([np.diff(inside)]) / (_noise([np.diff(around.before)]) or 1.0)
    scatter = float(((inside - inside.mean()) ** 2).sum())
    rough = float((np.diff(inside) ** 2).sum()) / scatter if scatter > 0 else 0.0
    return "noise" if rough >= _ROUGH and not _CALMER < ratio < _NOISIER else None


def _of_side(around: _Around) -> str:
    """Return "spike" or "dip" where what lies beyond the noise lies on one side, else "shape"."""
    inside = around.inside
    if _sidedness(inside) < _ONE_SIDED:
        return "shape"
    return "spike" if inside[np.argmax(np.abs(inside))] > 0 else "dip"


def _sidedness(off: FloatArray) -> float:
    """Return how one-sided is what lies beyond the noise: 0 even, 1 all on one side; 0 where nothing does."""
    above, below = np.maximum(off - _BEYOND, 0.0).sum(), np.maximum(-off - _BEYOND, 0.0).sum()
    return float(abs(above - below) / (above + below)) if above + below > 0 else 0.0


def _seen(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]
