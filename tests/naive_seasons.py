"""Slow, obvious twins of calendar places and profiles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

LEAP = 2024


def places(first: datetime, step: timedelta, count: int, zone: str, holidays=()):
    """Return (slot, day, weekday, week, date, year, holiday) of each point, by the clock on the wall."""
    found = []
    slots = max(1, min(1440, round(timedelta(days=1) / step)))
    for i in range(count):
        wall = (first.replace(tzinfo=UTC) + i * step).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        slot = int((wall - datetime(wall.year, wall.month, wall.day)) / timedelta(days=1) * slots + 1e-6)
        day = wall.date()
        of_year = (date(LEAP, day.month, day.day) - date(LEAP, 1, 1)).days
        monday = day - timedelta(days=day.weekday())
        week = (monday - date(1969, 12, 29)).days // 7
        number = (day - date(1970, 1, 1)).days
        found.append((min(slot, slots - 1), number, day.weekday(), week, of_year, day.year, day in holidays))
    return found


def usual(values, keys, folds=None, fold=None):
    """Return the median at each key: of all days at that time, plus what those of the kind differ by."""
    kept = [i for i in range(len(values)) if folds is None or folds[i] != fold]
    by_slot, by_key = {}, {}
    for i in kept:
        by_slot.setdefault(keys[i][1], []).append(values[i])
    for i in kept:
        by_key.setdefault(keys[i], []).append(values[i] - median(by_slot[keys[i][1]]))
    return {key: median(by_slot[key[1]]) + median(off) for key, off in by_key.items()}


def mean_around(values, seen, width):
    """Return the mean of the seen values in a window around each; 0 where none is."""
    found = []
    for i in range(len(values)):
        low = i - width // 2
        inside = [j for j in range(max(0, low), min(len(values), low + width)) if seen[j]]
        found.append(fmean(values[j] for j in inside) if inside else 0.0)
    return found
