"""Ahead: a channel foretold from its seasons, level and trend, with a band that backtests promise."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as pairs

import numpy as np

from amiss.batch import FloatArray, IntArray

CYCLES = 24
"""Cycles of the past that are looked at; of a longer season `_LONG_CYCLES`, where those are more points."""
_LONG_CYCLES = 8
_PROFILE = 8  # cycles that a season is told from
_DAMPED = 0.9  # of a trend is left after a cycle
_KEEPS = (0.0, 0.8, 0.98, 1.0)  # of what the last point is off, is left a point later
_BETTER = 1.05  # a trend has to foretell better by this, since it errs farther where it is none
_ORIGINS, _HORIZONS = 60, 48  # that are looked back at
_NEAR = 1.5  # horizons whose errors count as alike, as a ratio
_MOST_ALIKE = 0.99  # correlation of errors made one after the other


def looked_at(cycle: int, seasons: Sequence[int] = ()) -> int:
    """Return how many of the newest points `foretold` looks at."""
    return max(CYCLES * cycle, _LONG_CYCLES * max(seasons, default=0))


def foretold(
    past: FloatArray,
    cycle: int,
    seasons: Sequence[int],
    steps: int,
    coverage: float,
    usual: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return what is expected of the next points of one channel, and how far they may lie from it; each (steps,).

    A season (the median of each phase over eight cycles, of one of the ``seasons``; or ``usual``; or none), a level,
    a trend that is damped and what the last point is off, which fades: which of them, and how fast it fades, is what
    foretold the past best when told from each of some sixty moments in it. The band is the quantile of the errors made
    there, by how far ahead. Errors made one after the other are alike where a level wanders, and tell as much as fewer
    errors would: as many as their correlation says; so few make a band wider, as with Student's t. Beyond what could
    be looked back at, it grows with the root of the distance.

    Parameters
    ----------
    past : ndarray of shape (points,)
        The newest points, NaN missing.
    cycle : int
        Points that a level is told from.
    seasons : sequence of int
        The periods in points; empty: none.
    steps : int
    coverage : float
        Share of points that the band is to hold, 0 to 1.
    usual : ndarray of shape (points + steps,) or None
        What the calendar says of each point of the past and of those ahead, told without the point itself.

    References
    ----------
    Gardner, McKenzie (1985), "Forecasting trends in time series", equation 2: the damped trend.
    Stankeviciute, Alaa, van der Schaar (2021), "Conformal time-series forecasting", section 4: a band for each horizon.
    Bayley, Hammersley (1946), "The effective number of independent observations in an autocorrelated time series".
    Barlow et al. (1972), "Statistical inference under order restrictions", section 1.2: widths that never fall.

    Examples
    --------
    >>> expected, band = foretold(np.resize([1.0, 2.0, 3.0], 60), 3, (3,), 4, 0.9)
    >>> expected, band
    (array([1., 2., 3., 1.]), array([0., 0., 0., 0.]))
    """
    newest = looked_at(cycle, seasons)
    past = past[-newest:]
    usual = None if usual is None else usual[-(len(past) + steps) :]
    if not np.isfinite(past).any():
        return np.full(steps, np.nan), np.full(steps, np.nan)
    points, longest = len(past), max([cycle, *seasons])
    least = min(max(3 * cycle, points // 3), max(1, points - 1))
    farthest = max(1, min(steps, 2 * longest, points - least))
    horizons = np.unique(np.geomspace(1, farthest, _HORIZONS).round().astype(np.int64))
    origins = np.unique(np.linspace(least, max(least, points - 1), _ORIGINS).astype(np.int64))
    every = _ways(past, cycle, seasons, usual, np.arange(1, steps + 1))
    errors = np.full((len(origins), len(every), len(horizons)), np.nan)
    for row, origin in enumerate(origins.tolist()):
        inside = horizons[origin + horizons - 1 < points]
        told = _ways(past[:origin], cycle, seasons, usual, inside)
        errors[row, :, : len(inside)] = told - past[origin + inside - 1]
    best = _best(errors, 1 + len(seasons) + (usual is not None))
    return every[best], _band(errors[:, best], horizons, steps, coverage)


def _best(errors: FloatArray, kinds: int) -> int:
    """Return the way with the least mean error, a trend at a price; ``kinds`` of seasons, none among them."""
    known = np.isfinite(errors)
    means = np.abs(np.where(known, errors, 0.0)).sum(axis=(0, 2)) / np.maximum(known.sum(axis=(0, 2)), 1)
    price = np.ones(len(means))
    price[: kinds * 2 * len(_KEEPS)] = np.tile(np.repeat([1.0, _BETTER], len(_KEEPS)), kinds)
    return int(np.argmin(means * price))


def _ways(
    past: FloatArray, cycle: int, seasons: Sequence[int], usual: FloatArray | None, horizons: IntArray
) -> FloatArray:
    """Return what each way to foretell says of the points so far ahead, shape (ways, horizons).

    Without a season, with each of them and with what is usual: no trend and a trend, the last point's distance kept for
    none, some and all of the time. At the end, each season's last cycle repeated, or the last cycle.
    """
    behind = np.arange(-min(cycle, len(past)), 0)
    newest = past[behind]
    levels = _levels(_cycles(past, cycle), past)
    rise = float(np.median(np.diff(levels))) if len(levels) >= 3 else 0.0
    damped = (1 - _DAMPED ** (horizons / cycle)) * _DAMPED / (1 - _DAMPED) + 0.5
    said: list[tuple[FloatArray, FloatArray]] = [(np.zeros(len(horizons)), np.zeros(len(newest)))]
    for season in (_season(past, period) for period in seasons):
        said.append((season[(horizons - 1) % len(season)], season[behind % len(season)]))
    if usual is not None:
        said.append((usual[len(past) + horizons - 1], usual[len(past) + behind]))
    ways = []
    for ahead, before in said:
        level, last, since = _level(newest - before, float(levels[-1]))
        for trend, keep in pairs((0.0, 1.0), _KEEPS):
            ways.append(ahead + level + trend * rise * damped + keep ** (horizons + since) * last)
    for period in seasons or (cycle,):
        whole = _cycles(past, period)[-1]
        whole = np.where(np.isfinite(whole), whole, levels[-1])
        ways.append(whole[(horizons - 1) % period])
    return np.array(ways)


def _level(left: FloatArray, otherwise: float) -> tuple[float, float, int]:
    """Return the level of the newest points, what the last one seen is off it, and how many points ago that was."""
    seen = np.flatnonzero(np.isfinite(left))
    if not len(seen):
        return otherwise, 0.0, 0
    level = float(np.median(left[seen]))
    return level, float(left[seen[-1]] - level), len(left) - 1 - int(seen[-1])


def _cycles(past: FloatArray, period: int) -> FloatArray:
    """Return the newest cycles, shape (cycles, period), the last one whole, NaN where the past does not reach."""
    cycles = max(1, min(_PROFILE, len(past) // period))
    found = np.full((cycles, period), np.nan)
    found.reshape(-1)[-min(len(past), cycles * period) :] = past[-cycles * period :]
    return found


def _levels(cycles: FloatArray, past: FloatArray) -> FloatArray:
    """Return the median of each cycle, of the whole past where a cycle has none, shape (cycles,)."""
    levels = _medians(cycles.T)
    return np.where(np.isfinite(levels), levels, _medians(past[:, None])[0])


def _season(past: FloatArray, period: int) -> FloatArray:
    """Return how far each phase usually lies from the level of its cycle, from the next point on, shape (period,)."""
    cycles = _cycles(past, period)
    return np.nan_to_num(_medians(cycles - _levels(cycles, past)[:, None]))


def _band(errors: FloatArray, horizons: IntArray, steps: int, coverage: float) -> FloatArray:
    """Return how far points may lie from what is expected of them, shape (steps,); errors (origins, horizons)."""
    from scipy.special import ndtri, stdtrit

    widths, central = np.zeros(len(horizons)), (1 + coverage) / 2
    for at, horizon in enumerate(horizons.tolist()):
        near = (horizons >= horizon / _NEAR) & (horizons <= horizon * _NEAR)
        made = np.sort(np.abs(errors[:, near][np.isfinite(errors[:, near])]))
        if len(made):
            widths[at] = made[min(len(made), int(np.ceil((len(made) + 1) * coverage))) - 1]
            widths[at] *= stdtrit(_telling(errors[:, at]), central) / ndtri(central)
    widths = _never_falling(widths, 1.0 / horizons)
    ahead = np.arange(1, steps + 1)
    return np.asarray(
        np.interp(ahead, horizons, widths) * np.sqrt(np.maximum(1.0, ahead / int(horizons[-1])))
    )


def _telling(errors: FloatArray) -> float:
    """Return how many independent errors tell as much as these, made one after the other; at least 1."""
    made = errors[np.isfinite(errors)]
    square = float((made**2).sum())
    if len(made) < 3 or not square:
        return max(1.0, float(len(made)))
    alike = float((made[1:] * made[:-1]).sum()) / square * len(made) / (len(made) - 1)
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    return max(1.0, len(made) * (1 - alike) / (1 + alike))


def _never_falling(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the nearest values, by weighted squares, of which none is below one before it: neighbours are pooled.

    Examples
    --------
    >>> _never_falling(np.array([1.0, 3.0, 1.0, 4.0]), np.ones(4))
    array([1., 2., 2., 4.])
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        count = 1
        while pools and pools[-1][0] > value:
            other, heavy, many = pools.pop()
            value = (other * heavy + value * weight) / (heavy + weight)
            weight, count = weight + heavy, count + many
        pools.append((value, weight, count))
    return np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools])


def _medians(columns: FloatArray) -> FloatArray:
    """Return the median of the finite values of each column, NaN where there is none."""
    finite = np.isfinite(columns)
    ordered = np.sort(np.where(finite, columns, np.inf), axis=0)
    count, column = finite.sum(axis=0), np.arange(columns.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, column]
    high = ordered[np.minimum(count // 2, len(columns) - 1), column]
    return np.where(count > 0, low / 2 + high / 2, np.nan)
