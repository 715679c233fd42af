"""Calendar places: the time of day, the weekday, the date and the holidays on which the points of a series fall.

Places are counted on the clock on the wall: a day of 23 or 25 hours is a day. A series without times has places too,
where it has a period: that takes the part of the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amiss.batch import BoolArray, IntArray
from amiss.part import Stored
from amiss.reading.resampling import Moments, months_in
from amiss.reading.time_grid import TimeGrid
from amiss.reading.zones import on_the_wall, zone_named

_DAY = 86_400.0
_MOST_SLOTS = 1_440  # of a day: a minute each
_MONDAY = 3  # the weekday of 1970-01-01, a Thursday, where Monday is 0
_YEAR_DAYS = 366
_MONTH_BEGINS = np.array([0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335])  # in a leap year


@dataclass(frozen=True)
class Places:
    """Where points stand in the calendar, each array of shape (points,).

    Attributes
    ----------
    slot : ndarray of int
        Time of day, in steps of the grid from midnight (of at least a minute); or the place in the period.
    day : ndarray of int
        Days since 1970; or periods since the first point.
    weekday : ndarray of int
        Monday is 0; or the place of the period among those that a longer period holds.
    week : ndarray of int
        Weeks since 1970, which begin on Monday; or longer periods since the first point.
    date : ndarray of int
        Day of the year from 0, counted as in a leap year, so that a date has one number in all years.
    year : ndarray of int
    holiday : ndarray of bool
    """

    slot: IntArray
    day: IntArray
    weekday: IntArray
    week: IntArray
    date: IntArray
    year: IntArray
    holiday: BoolArray

    def __len__(self) -> int:
        return len(self.slot)


class Calendar(Stored):
    """Positions on the grid of a series -> places in the calendar.

    Attributes
    ----------
    slots : int
        Times of day that are told apart.
    step : float
        Seconds between points; of months, about.
    holidays : ndarray of shape (holidays,), int
        Days since 1970, ascending.
    """

    slots: int
    step: float
    months: int
    timezone: str | None
    days_on_the_wall: bool
    first: float
    cut_at: IntArray
    cut_points: IntArray
    holidays: IntArray
    weekdays: int = 7

    @classmethod
    def of(cls, grid: TimeGrid, holidays: IntArray) -> Calendar | None:
        """Return the calendar of a grid that was learnt; None where its points have no moments in time.

        Parameters
        ----------
        grid : TimeGrid
        holidays : ndarray of int
            Days since 1970.
        """
        if not grid.timed or grid.counted or not grid.even or not grid.step > 0:
            return None
        return cls()._learn(grid, holidays)

    def _learn(self, grid: TimeGrid, holidays: IntArray) -> Self:
        self.step, self.months, self.timezone, self.first = grid.step, grid.months, grid.timezone, grid.first
        self.days_on_the_wall = grid.timezone is not None and grid.step > 0.9 * _DAY
        self.slots = min(_MOST_SLOTS, max(1, round(_DAY / grid.step)))
        self.holidays = np.unique(holidays)
        moments = np.round(grid.cut_after * 1e6).astype(np.int64).astype("datetime64[us]")
        cells = np.round(grid._places(moments)).astype(np.int64) if len(moments) else np.zeros(0, np.int64)
        before = np.concatenate([[0], np.cumsum(grid.cut_points)[:-1]]) if len(cells) else cells
        self.cut_at, self.cut_points = cells - before.astype(np.int64), grid.cut_points
        return self

    def places(self, start: int, count: int, every: int = 1) -> Places:
        """Return the places of each ``every``-th of ``count`` points, the first at position ``start`` of the grid."""
        wall = self.wall(np.arange(start, start + count, every))
        micro = wall.astype(np.int64)
        day = micro // 86_400_000_000
        of_day = (micro - day * 86_400_000_000) / 1e6
        date = wall.astype("datetime64[D]")
        month = wall.astype("datetime64[M]")
        in_month = (date - month.astype("datetime64[D]")).astype(np.int64)
        weekday = (day + _MONDAY) % 7
        return Places(
            slot=np.minimum((of_day * self.slots / _DAY + 1e-6).astype(np.int64), self.slots - 1),
            day=day,
            weekday=weekday,
            week=(day - weekday + _MONDAY) // 7,
            date=_MONTH_BEGINS[month.astype(np.int64) % 12] + in_month,
            year=wall.astype("datetime64[Y]").astype(np.int64) + 1970,
            holiday=np.isin(day, self.holidays),
        )

    def wall(self, positions: IntArray) -> Moments:
        """Return what the clock on the wall shows at positions of the grid, shape (positions,), datetime64[us]."""
        added = np.concatenate([[0], np.cumsum(self.cut_points)])
        cells = positions + added[np.searchsorted(self.cut_at, positions, side="left")]
        first = np.array([round(self.first * 1e6)]).astype("datetime64[us]")
        zone = None if self.timezone is None else zone_named(self.timezone)
        if self.months:
            begin = first if zone is None else on_the_wall(first, zone)
            month = int(months_in(begin)[0]) + cells * self.months
            return np.asarray(month.astype("datetime64[M]").astype("datetime64[us]"))
        steps = np.round(cells * self.step * 1e6).astype(np.int64).astype("timedelta64[us]")
        if zone is None:
            return np.asarray(first + steps)
        if self.days_on_the_wall:
            return np.asarray(on_the_wall(first, zone) + steps)
        return on_the_wall(np.asarray(first + steps), zone)


class Cycle(Stored):
    """The calendar of a series without times: its period is the day, a multiple of it the week.

    Parameters
    ----------
    slots : int
        Points in the period.
    weekdays : int
        Periods in the longer one; 1 where there is none.
    """

    slots: int
    weekdays: int
    step: float = 1.0
    months: int = 0

    def __init__(self, slots: int, weekdays: int = 1) -> None:
        self.slots = slots
        self.weekdays = weekdays

    def places(self, start: int, count: int, every: int = 1) -> Places:
        """Return the places of each ``every``-th of ``count`` points, the first at position ``start``."""
        positions = np.arange(start, start + count, every)
        day, nowhere = positions // self.slots, np.zeros(len(positions), np.int64)
        return Places(
            slot=positions % self.slots,
            day=day,
            weekday=day % self.weekdays,
            week=day // self.weekdays,
            date=nowhere,
            year=nowhere,
            holiday=np.zeros(len(positions), bool),
        )
