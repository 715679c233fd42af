"""Seasons: which periods of the calendar a series has, each kept where it explains what was held out."""

from __future__ import annotations

from dataclasses import replace
from math import gcd
from typing import Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.numerics.profiles import Groups, Profile
from amiss.part import Stored
from amiss.reading.calendar import Calendar, Cycle, Places

_FEWEST_CYCLES = 3
_FOLDS = 5
_CLEAR = 0.05  # of the mean absolute error on what was held out: about a tenth of its variance
_BETTER = 0.01  # for another way to tell days apart
_FEWEST_SLOTS = 4  # that a period has
_MOST_POINTS, _MOST_CHANNELS = 50_000, 8  # that periods are looked for in
_WEEKEND = 5  # Saturday, where Monday is 0
_DAY = 86_400.0
_YEAR = 366
DAYS = ("alike", "weekend", "each")
HOLIDAYS = ("usual", "sunday", "own")


class Seasons(Stored):
    """Which periods there are, and how days and holidays are told apart.

    Attributes
    ----------
    calendar : Calendar or Cycle
    daily : bool
        Whether times of day are told apart.
    days : str
        Whether days of the week are "alike", work days and "weekend" differ, or "each" does.
    yearly : int
        0: no period of a year; else the places in the year that count for one.
    holidays : str
        Whether holidays are "usual" days, as Sundays ("sunday"), or days of their "own".
    """

    calendar: Calendar | Cycle
    daily: bool
    days: str
    yearly: int
    holidays: str

    def __init__(self, calendar: Calendar | Cycle) -> None:
        self.calendar = calendar
        self.daily, self.days, self.yearly, self.holidays = False, "alike", 0, "usual"

    def with_(self, **found: bool | str | int) -> Self:
        """Return the seasons with something else found."""
        return self.from_state({**vars(self), **found})

    @property
    def any(self) -> bool:
        """Whether there is any period."""
        return self.daily or self.days != "alike" or bool(self.yearly)

    def names(self) -> list[str]:
        """Return the periods in words, the shortest first: "daily", "weekly", "yearly", or points."""
        if isinstance(self.calendar, Cycle):
            long = self.calendar.slots * self.calendar.weekdays
            return [f"{self.calendar.slots} points"] * self.daily + [f"{long} points"] * (
                self.days != "alike"
            )
        return ["daily"] * self.daily + ["weekly"] * (self.days != "alike") + ["yearly"] * bool(self.yearly)

    def points(self) -> list[int]:
        """Return the points in each period, about, in the order of `names`."""
        calendar = self.calendar
        if isinstance(calendar, Cycle):
            day, week, year = calendar.slots, calendar.slots * calendar.weekdays, 0
        else:
            day, week, year = (round(n * _DAY / calendar.step) for n in (1, 7, 365.2425))
        return [day] * self.daily + [week] * (self.days != "alike") + [year] * bool(self.yearly)

    def groups(self, places: Places) -> Groups:
        """Return which cell of the profiles points at these places belong to."""
        calendar = self.calendar
        if self.days == "each":
            kind, kinds, rest = places.weekday, calendar.weekdays, calendar.weekdays - 1
        elif self.days == "weekend":
            kind, kinds, rest = (places.weekday >= _WEEKEND).astype(np.int64), 2, 1
        else:
            kind, kinds, rest = np.zeros(len(places), np.int64), 1, 0
        if self.holidays != "usual":
            own = self.holidays == "own"
            kind, kinds = np.where(places.holiday, kinds if own else rest, kind), kinds + own
        slot, slots = (places.slot, calendar.slots) if self.daily else (np.zeros_like(kind), 1)
        date, dates = np.zeros_like(kind), 1
        if self.yearly:
            width = max(1, round(calendar.step / _DAY)) if not calendar.months else 0
            date, dates = (
                (places.date // width, -(-_YEAR // width)) if width else (places.date * 12 // _YEAR, 12)
            )
        return Groups(slot, kind, date, slots, kinds, dates, self._fold(places), self.yearly // 2)

    def _fold(self, places: Places) -> IntArray:
        cycle = places.day
        if self.yearly:
            cycle = places.year
        elif self.days != "alike":
            cycle = places.week
        return np.asarray(cycle % _FOLDS)


def find_seasons(values: FloatArray, mask: BoolArray, calendar: Calendar | Cycle) -> Seasons:
    """Return the periods that a series has, the longest first tried last.

    A period is a day, a week or a year (of a `Cycle`: its period, and the longer one). Each is kept where it comes at
    least three times, and where profiles learnt on four fifths of its cycles foretell the last fifth with a mean
    absolute error at least 5 % below that of the shorter periods alone, over all channels.

    Parameters
    ----------
    values : ndarray of shape (points, channels)
        Standard deviations, of the first points of the grid.
    mask : ndarray of shape (points, channels), bool
        True where a value is missing.
    calendar : Calendar or Cycle
    """
    trial = _Trial(values, mask, calendar)
    found = Seasons(calendar)
    if calendar.slots >= _FEWEST_SLOTS and trial.cycles(trial.places.day) >= _FEWEST_CYCLES:
        found = trial.best(found, [found.with_(daily=True)])
    if trial.weeks_are_seen():
        choices = DAYS[1:] if isinstance(calendar, Calendar) else DAYS[2:]
        found = trial.best(found, [found.with_(days=days) for days in choices])
    if isinstance(calendar, Calendar) and trial.years_are_seen():
        found = trial.best(found, [found.with_(yearly=near) for near in (1, 15)])
    return trial.with_holidays(found)


def thinning(points: int, most: int, slots: int) -> int:
    """Return which points are kept, each so-manieth, so that about ``most`` are and each of the slots comes.

    Examples
    --------
    >>> thinning(1_000, 2_000, 24), thinning(10_000, 2_000, 24), thinning(8_000, 2_000, 24)
    (1, 5, 5)
    """
    every = -(-points // most)
    while gcd(every, slots) > 1:
        every += 1
    return every


class _Trial:
    """The points that periods are looked for in, thinned where there are very many."""

    def __init__(self, values: FloatArray, mask: BoolArray, calendar: Calendar | Cycle) -> None:
        every = -(-len(values) // _MOST_POINTS)
        while every > 1 and every < calendar.slots and calendar.slots % every:
            every += 1  # else times of day would hardly come again
        channels = np.unique(np.linspace(0, values.shape[1] - 1, _MOST_CHANNELS).astype(np.int64))
        self.calendar, self.values, self.mask = calendar, values[::every, channels], mask[::every, channels]
        self.places = calendar.places(0, len(values), every)

    def cycles(self, of: IntArray) -> int:
        """Return how many cycles are seen, of each at least half."""
        counts = np.unique(of, return_counts=True)[1]
        return int((counts >= counts.max() / 2).sum())

    def weeks_are_seen(self) -> bool:
        """Return whether a week is longer than a point and seen three times."""
        calendar = self.calendar
        longer = calendar.weekdays > 1 and (isinstance(calendar, Cycle) or calendar.step <= 1.01 * _DAY)
        return longer and not calendar.months and self.cycles(self.places.week) >= _FEWEST_CYCLES

    def years_are_seen(self) -> bool:
        """Return whether a year is longer than a few points and seen three times."""
        return (
            self.calendar.step <= 366 / _FEWEST_SLOTS * _DAY
            and self.cycles(self.places.year) >= _FEWEST_CYCLES
        )

    def best(self, now: Seasons, others: list[Seasons]) -> Seasons:
        """Return the best of others where it is clearly better than what is found by now; they are in order of size."""
        best, least = now, np.inf
        for other in others:
            error = self.error(other, other)
            if error < (1 - _BETTER) * least:
                best, least = other, error
        # a level that moves is foretold worse the longer what is held out: judged by days, it explains itself
        without = min(self.error(now, others[0]), self.error(now, Seasons(self.calendar)))
        return best if least < (1 - _CLEAR) * without else now

    def with_holidays(self, now: Seasons) -> Seasons:
        """Return the seasons with holidays taken as what foretells them best; few are as Sundays, if those differ."""
        free = self.places.holiday
        days = np.unique(self.places.day[free])
        if not len(self.calendar_holidays()) or not now.any:
            return now
        sunday = now.with_(holidays="sunday") if now.days != "alike" else now
        if len(days) < _FEWEST_CYCLES:
            return sunday
        holiday_by_holiday = np.searchsorted(days, self.places.day) % _FOLDS
        choices = [now, sunday, now.with_(holidays="own")]
        errors = [self.error(one, one, holiday_by_holiday, free) for one in choices]
        return choices[int(np.argmin(errors))]

    def calendar_holidays(self) -> IntArray:
        """Return the days that are holidays."""
        return self.calendar.holidays if isinstance(self.calendar, Calendar) else np.zeros(0, np.int64)

    def error(
        self, seasons: Seasons, cycles: Seasons, fold: IntArray | None = None, judged: BoolArray | None = None
    ) -> float:
        """Return the mean absolute error on cycles held out, those of ``cycles``, of the points judged."""
        groups = seasons.groups(self.places)
        groups = replace(groups, fold=cycles._fold(self.places) if fold is None else fold)
        errors, count = 0.0, 0
        for values, missing in zip(self.values.T, self.mask.T, strict=True):
            seen = ~missing if judged is None else ~missing & judged
            _, expected = crossed(values, groups, ~missing)
            errors += float(np.abs(values - expected)[seen].sum())
            count += int(seen.sum())
        return errors / max(count, 1)


def crossed(values: FloatArray, groups: Groups, seen: BoolArray) -> tuple[list[Profile], FloatArray]:
    """Return the profile learnt without each fold, and what each foretells of its own fold, shape (points,)."""
    profiles, expected = [], np.zeros(len(values))
    for fold in range(_FOLDS):
        own = groups.fold == fold
        others = seen & ~own
        profiles.append(Profile().fit(values, groups, others if others.any() else seen))
        expected[own] = profiles[-1].at(groups)[own]
    return profiles, expected
