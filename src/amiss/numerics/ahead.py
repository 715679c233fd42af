"""Ahead: a channel foretold from its season, level and trend, with a band that backtests promise."""

from __future__ import annotations

from itertools import product as pairs

import numpy as np

from amiss.batch import FloatArray, IntArray

CYCLES = 24
"""Cycles of the past that are looked at."""
_PROFILE = 8  # cycles that the season is told from
_DAMPED = 0.9  # of a trend is left after a cycle
_KEEPS = (0.0, 0.8, 0.98, 1.0)  # of what the last point is off, is left a point later
_ORIGINS, _HORIZONS = 60, 48  # that are looked back at
_NEAR = 1.5  # horizons whose errors count as alike, as a ratio


def foretold(
    past: FloatArray, period: int, seasonal: bool, steps: int, coverage: float
) -> tuple[FloatArray, FloatArray]:
    """Return what is expected of the next points of one channel, and how far they may lie from it; each (steps,).

    A season (the median of each phase, over eight cycles), a level, a trend that is damped and what the last point is
    off, which fades: which of them, and how fast it fades, is what foretold the past best when told from each of some
    sixty moments in it. The band is the quantile of the errors made there, by how far ahead; beyond what could be
    looked back at, it grows with the root of the distance.

    Parameters
    ----------
    past : ndarray of shape (points,)
        The newest points, NaN missing.
    period : int
        Points in a cycle.
    seasonal : bool
        Whether a cycle is a season.
    steps : int
    coverage : float
        Share of points that the band is to hold, 0 to 1.

    References
    ----------
    Gardner, McKenzie (1985), "Forecasting trends in time series", equation 2: the damped trend.
    Stankeviciute, Alaa, van der Schaar (2021), "Conformal time-series forecasting", section 4: a band for each horizon.

    Examples
    --------
    >>> expected, band = foretold(np.resize([1.0, 2.0, 3.0], 60), 3, True, 4, 0.9)
    >>> expected, band
    (array([1., 2., 3., 1.]), array([0., 0., 0., 0.]))
    """
    past = past[-CYCLES * period :]
    if not np.isfinite(past).any():
        return np.full(steps, np.nan), np.full(steps, np.nan)
    least = min(max(3 * period, len(past) // 3), max(1, len(past) - 1))
    farthest = max(1, min(steps, 2 * period, len(past) - least))
    horizons = np.unique(np.geomspace(1, farthest, _HORIZONS).round().astype(np.int64))
    origins = np.unique(np.linspace(least, max(least, len(past) - 1), _ORIGINS).astype(np.int64))
    errors = np.full((len(origins), _WAYS, len(horizons)), np.nan)
    for row, origin in enumerate(origins.tolist()):
        inside = origin + horizons - 1 < len(past)
        seen = past[origin + horizons[inside] - 1]
        errors[row][:, inside] = np.abs(_ways(past[:origin], period, seasonal, horizons[inside]) - seen)
    every = _ways(past, period, seasonal, np.arange(1, steps + 1))
    known = np.isfinite(errors)
    means = np.where(known, errors, 0.0).sum(axis=(0, 2)) / np.maximum(known.sum(axis=(0, 2)), 1)
    best = int(np.argmin(means))
    return every[best], _band(errors[:, best], horizons, steps, coverage)


_WAYS = 1 + 2 * len(_KEEPS)


def _ways(past: FloatArray, period: int, seasonal: bool, horizons: IntArray) -> FloatArray:
    """Return what each way to foretell says of the points so far ahead, shape (ways, horizons)."""
    cycles = max(1, min(_PROFILE, len(past) // period))
    recent = np.full((cycles, period), np.nan)
    recent.reshape(-1)[-min(len(past), cycles * period) :] = past[-cycles * period :]
    levels = _medians(recent.T)
    levels = np.where(np.isfinite(levels), levels, _medians(past[:, None])[0])
    season = _medians(recent - levels[:, None]) if seasonal else np.zeros(period)
    season = np.nan_to_num(season)
    left = recent[-1] - season
    level = float(_medians(left[:, None])[0]) if np.isfinite(left).any() else float(levels[-1])
    seen = np.flatnonzero(np.isfinite(left))
    last = float(left[seen[-1]] - level) if len(seen) else 0.0
    since = period - 1 - int(seen[-1]) if len(seen) else 0
    rise = float(np.median(np.diff(levels))) if cycles >= 3 else 0.0
    phase = season[(horizons - 1) % period]
    damped = (1 - _DAMPED ** (horizons / period)) * _DAMPED / (1 - _DAMPED) + 0.5
    repeated = np.where(np.isfinite(recent[-1]), recent[-1], season + level)[(horizons - 1) % period]
    return np.array(
        [
            repeated,
            *(
                phase + level + trend * rise * damped + keep ** (horizons + since) * last
                for trend, keep in pairs((0.0, 1.0), _KEEPS)
            ),
        ]
    )


def _band(errors: FloatArray, horizons: IntArray, steps: int, coverage: float) -> FloatArray:
    """Return how far points may lie from what is expected of them, shape (steps,)."""
    widths = np.zeros(len(horizons))
    for at, horizon in enumerate(horizons.tolist()):
        near = (horizons >= horizon / _NEAR) & (horizons <= horizon * _NEAR)
        made = np.sort(errors[:, near][np.isfinite(errors[:, near])])
        if len(made):
            widths[at] = made[min(len(made), int(np.ceil((len(made) + 1) * coverage))) - 1]
    widths = np.maximum.accumulate(widths)
    ahead = np.arange(1, steps + 1)
    return np.asarray(
        np.interp(ahead, horizons, widths) * np.sqrt(np.maximum(1.0, ahead / int(horizons[-1])))
    )


def _medians(columns: FloatArray) -> FloatArray:
    """Return the median of the finite values of each column, NaN where there is none."""
    finite = np.isfinite(columns)
    ordered = np.sort(np.where(finite, columns, np.inf), axis=0)
    count, column = finite.sum(axis=0), np.arange(columns.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, column]
    high = ordered[np.minimum(count // 2, len(columns) - 1), column]
    return np.where(count > 0, low / 2 + high / 2, np.nan)
