"""Profiles: the usual value at each place in the calendar, by medians, so that no anomaly moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.part import Stored

_ROUNDS = 4
_SETTLED = 1e-12


@dataclass(frozen=True)
class Groups:
    """Which cell of the profiles each point belongs to, each array of shape (points,).

    Attributes
    ----------
    slot, kind, date : ndarray of int
        Time of day, kind of day, place in the year.
    slots, kinds, dates : int
        How many of each there are; 1 where they are not told apart.
    fold : ndarray of int
        The group of cycles it is held out with, from 0.
    near : int
        Places in the year on each side that count for one too.
    """

    slot: IntArray
    kind: IntArray
    date: IntArray
    slots: int
    kinds: int
    dates: int
    fold: IntArray
    near: int = 0


class Profile(Stored):
    """One channel: its value by kind of day and time of day, plus what the place in the year adds.

    Attributes
    ----------
    table : ndarray of shape (kinds of day, times of day)
        Standard deviations.
    year : ndarray of shape (places in the year,)
        Standard deviations above the table.
    """

    table: FloatArray
    year: FloatArray

    def fit(self, values: FloatArray, groups: Groups, seen: BoolArray) -> Self:
        """Learn the profile of the points that are ``seen``; the two parts in turn, a few times.

        References
        ----------
        Tukey (1977), "Exploratory Data Analysis", chapter 11: median polish.
        """
        self.year = np.zeros(groups.dates)
        kept = np.flatnonzero(seen)
        values = values[kept]
        slot, kind, date = (a[kept] for a in (groups.slot, groups.kind, groups.date))
        for _ in range(_ROUNDS if groups.dates > 1 else 1):
            self.table = _table(values - self.year[date], slot, kind, (groups.kinds, groups.slots))
            if groups.dates == 1:
                break
            before = self.year
            self.year = _year(values - self.table[kind, slot], date, groups.dates, groups.near)
            if np.abs(self.year - before).max() < _SETTLED:
                break
        return self

    def at(self, groups: Groups) -> FloatArray:
        """Return the usual value at each point, shape (points,)."""
        return np.asarray(self.table[groups.kind, groups.slot] + self.year[groups.date])


def medians(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Return the median of each group, NaN of empty ones, shape (count,).

    Examples
    --------
    >>> medians(np.array([1.0, 5.0, 2.0, 4.0, 9.0]), np.array([0, 0, 2, 2, 2]), 3)
    array([ 3., nan,  4.])
    """
    order = np.lexsort((values, group))
    values, sizes = values[order], np.bincount(group, minlength=count)
    begins, out = np.cumsum(sizes) - sizes, np.full(count, np.nan)
    full = sizes > 0
    low, high = begins[full] + (sizes[full] - 1) // 2, begins[full] + sizes[full] // 2
    out[full] = (values[low] + values[high]) / 2
    return out


def _table(values: FloatArray, slot: IntArray, kind: IntArray, shape: tuple[int, int]) -> FloatArray:
    """Return the usual value by kind and time of day: that of all days, and by how much those of a kind differ."""
    kinds, slots = shape
    usual = bridged(medians(values, slot, slots))
    if kinds == 1:
        return usual[None]
    off = values - usual[slot]
    differs = medians(off, kind * slots + slot, kinds * slots).reshape(shape)
    whole = np.nan_to_num(medians(off, kind, kinds))
    return np.asarray(usual + np.where(np.isnan(differs), whole[:, None], differs))


def _year(values: FloatArray, date: IntArray, dates: int, near: int) -> FloatArray:
    """Return what each place in the year adds, told from the places near it too; the median over the year is 0."""
    found = medians(values, date, dates)
    found = bridged(found)[(np.arange(dates)[:, None] + np.arange(-near, near + 1)) % dates]
    return np.asarray(np.median(found, axis=1) - np.median(found))


def bridged(cycle: FloatArray) -> FloatArray:
    """Return a cycle, its NaN bridged by straight lines, the last place next to the first; zeros where all are NaN.

    Examples
    --------
    >>> bridged(np.array([np.nan, 1.0, np.nan, 3.0]))
    array([2., 1., 2., 3.])
    """
    known = np.flatnonzero(~np.isnan(cycle))
    if not len(known):
        return np.zeros(len(cycle))
    return np.asarray(np.interp(np.arange(len(cycle)), known, cycle[known], period=len(cycle)))


def spread_around(errors: FloatArray, slot: IntArray, slots: int, fewest: int) -> FloatArray:
    """Return the mean of absolute errors around each place of a cycle, over as many places as hold ``fewest`` errors.

    Parameters
    ----------
    errors : ndarray of shape (errors,)
    slot : ndarray of shape (errors,), int
    slots : int
        Places in the cycle.
    fewest : int

    Returns
    -------
    ndarray of shape (slots,)
        NaN where the whole cycle holds fewer.
    """
    out = np.full(slots, np.nan)
    if len(errors) < fewest:
        return out
    thrice = np.tile([np.bincount(slot, minlength=slots), np.bincount(slot, np.abs(errors), slots)], 3)
    counts, totals = np.concatenate([np.zeros((2, 1)), np.cumsum(thrice, axis=1)], axis=1)
    for reach in range(slots // 2 + 1):
        low = slots + np.flatnonzero(np.isnan(out)) - reach
        high = low + min(2 * reach + 1, slots)
        count = counts[high] - counts[low]
        enough = count >= fewest
        out[low[enough] + reach - slots] = (totals[high] - totals[low])[enough] / count[enough]
    return out
