"""Season: each value rebuilt from its place in the calendar, in units of the spread that is usual there."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.models.base import SeriesModel
from amiss.numerics.calibration import ExponentialTail
from amiss.numerics.profiles import Groups, Profile, spread_around
from amiss.numerics.seasons import Seasons, crossed, find_seasons, thinning
from amiss.reading.calendar import Cycle
from amiss.reading.stretches import learnt_from
from amiss.reading.windows import LEARNT_FROM, Channels

_WORST = 3
_NORMAL = np.sqrt(np.pi / 2)  # standard deviations a mean absolute error, of normal errors
_FEWEST = 20  # errors that a spread is told from
_SMALLEST = 1e-3  # standard deviations of the channel
_LEVEL_POINTS, _LEVEL_CLIP = 32, 3.0  # the level is told from a window, of so many points at least, clipped
_OUTLIER = 0.99  # quantile of the absolute errors beyond which one counts as standing there


class Season(SeriesModel):
    """Distance of each value from the usual one at its time of day, kind of day and place in the year.

    Usual values are medians of the place; how far from them is usual is told for each place too, so that a zero at
    night may be normal and a zero at noon not. A training value is compared with what other cycles hold at its place.
    The level may move: values are seen from the mean distance in the window around, of which far ones take little part.
    Without times, the period takes the part of the day.

    Parameters
    ----------
    least : float
        The spread at a place is at least this share of that of the whole channel.
    """

    name = "season"
    weight: ClassVar[float] = 3.0
    legal: ClassVar[dict[str, tuple[float, float]]] = {"least": (0, inf)}
    least: float
    points_: int
    seasons_: Seasons
    folds_: list[list[Profile]]
    profiles_: list[Profile]
    spreads_: list[FloatArray]
    tail_: ExponentialTail
    kinds: ClassVar[frozenset[str]] = frozenset({"series"})

    left_out: ClassVar[frozenset[str]] = frozenset({"known"})
    known: Seasons | None = None

    def __init__(self, least: float = 0.25) -> None:
        self.least = least

    def knowing(self, found: Seasons) -> Self:
        """Tell the model which periods there are, so that `fit` does not look for them again."""
        self.known = found
        return self

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Find the periods; learn the profiles of each channel, and how far from them values usually are."""
        calendar = channels.calendar or Cycle(channels.period)
        self.points_ = len(channels)
        self.seasons_ = self.known or find_seasons(channels.values, channels.mask, calendar)
        self.known = None
        every = thinning(len(channels), LEARNT_FROM, calendar.slots)
        groups = self._groups(channels, every)
        self.folds_, self.profiles_, self.spreads_ = [], [], []
        for values, missing in zip(channels.values[::every].T, channels.mask[::every].T, strict=True):
            profiles, expected = crossed(values, groups, ~missing)
            self.folds_.append(profiles)
            self.profiles_.append(Profile().fit(values, groups, ~missing))
            self.spreads_.append(self._spread(np.abs(values - expected)[~missing], groups, ~missing))
        around = 2 * max(channels.period, _LEVEL_POINTS)
        self.tail_ = ExponentialTail().fit(learnt_from(self._distance, channels, around))
        return self

    def _spread(self, errors: FloatArray, groups: Groups, seen: BoolArray) -> FloatArray:
        """Return the standard deviation of the errors at each kind and time of day, shape (kinds, slots)."""
        if not len(errors):
            return np.ones((groups.kinds, groups.slots))
        errors = np.minimum(errors, np.quantile(errors, _OUTLIER))
        whole = float(errors.mean())
        slot, kind = groups.slot[seen], groups.kind[seen]
        every = spread_around(errors, slot, groups.slots, _FEWEST)
        spreads = np.empty((groups.kinds, groups.slots))
        for one in range(groups.kinds):
            own = kind == one
            found = spread_around(errors[own], slot[own], groups.slots, _FEWEST)
            spreads[one] = np.where(np.isnan(found), every, found)
        spreads = np.where(np.isnan(spreads), whole, spreads)
        return np.asarray(np.maximum(_NORMAL * np.maximum(spreads, self.least * whole), _SMALLEST))

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean of the three highest surprises of each point, shape (points,)."""
        return np.asarray(np.sort(self.surprise(channels), axis=1)[:, -_WORST:].mean(axis=1))

    def surprise(self, channels: Channels) -> FloatArray:
        """Return -log10 of the share of training points whose channel was no closer to its usual value."""
        return np.where(channels.mask, 0.0, self.tail_.apply(self._distance(channels)))

    def width(self, period: int) -> int:
        """Return 1: a point stands for itself."""
        return 1

    def expected(self, channels: Channels) -> FloatArray:
        """Return the usual value at the place of each cell, on the level around, shape (points, channels)."""
        usual, spread = self.usual(channels), self.spread(channels)
        distance = np.clip((channels.values - usual) / spread, -_LEVEL_CLIP, _LEVEL_CLIP)
        seen = ~channels.mask
        width = max(channels.period, _LEVEL_POINTS)
        count = _sum_around(seen.astype(float), width)
        level = _sum_around(np.where(seen, distance, 0.0), width) / np.maximum(count, 1.0)
        return np.asarray(usual + level * spread)

    def usual(self, channels: Channels) -> FloatArray:
        """Return the median at the place of each cell, of a training cell that of other cycles, (points, channels)."""
        groups = self._groups(channels)
        position = channels.start + np.arange(len(channels))
        learnt_from = (position >= 0) & (position < self.points_)
        out = np.empty(channels.values.shape)
        for channel, (profile, folds) in enumerate(zip(self.profiles_, self.folds_, strict=True)):
            out[:, channel] = profile.at(groups)
            for fold, one in enumerate(folds):
                own = learnt_from & (groups.fold == fold)
                out[own, channel] = one.at(groups)[own]
        return out

    def spread(self, channels: Channels) -> FloatArray:
        """Return how far from what is expected each cell usually is, shape (points, channels), standard deviations."""
        groups = self._groups(channels)
        return np.stack([spread[groups.kind, groups.slot] for spread in self.spreads_], axis=1)

    def _distance(self, channels: Channels) -> FloatArray:
        return np.asarray(np.abs(channels.values - self.expected(channels)) / self.spread(channels))

    def _groups(self, channels: Channels, every: int = 1) -> Groups:
        places = self.seasons_.calendar.places(channels.start, len(channels), every)
        return self.seasons_.groups(places)


def _sum_around(values: FloatArray, width: int) -> FloatArray:
    """Return the sum over ``width`` points around each, added up in one order: the same in any stretch."""
    padded = np.pad(values, ((width // 2, width), (0, 0)))
    total = np.zeros(values.shape)
    for step in range(width):
        total += padded[step : step + len(values)]
    return total
