"""Slow, obvious twins of what puts rows onto a grid in time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta


def averaged(values, groups, count):
    """Return the mean of each group and channel, one by one, NaN where there is none."""
    out = []
    for group in range(count):
        rows = [row for row, g in zip(values, groups, strict=True) if g == group]
        columns = zip(*rows, strict=True) if rows else [[]] * values.shape[1]
        seen = [sorted(v for v in column if not math.isnan(v)) for column in columns]
        out.append([math.fsum(v) / len(v) if v else math.nan for v in seen])
    return out


def onto_seconds(seconds, values, step):
    """Return the points of rows whose times are whole steps: one list of values a step, from the first to the last."""
    first, last = min(seconds), max(seconds)
    points = []
    for k in range(round((last - first) / step) + 1):
        here = sorted(v for s, v in zip(seconds, values, strict=True) if s == first + k * step)
        points.append(math.fsum(here) / len(here) if here else math.nan)
    return points


def on_the_wall(moments, zone):
    """Return what the clock on the wall shows, moment by moment."""
    return [m.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for m in moments]


def from_the_wall(moment: datetime, zone, fold: int = 0) -> datetime:
    """Return a local time in UTC, as Python reads it."""
    return moment.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None)


def never(moment: datetime, zone) -> bool:
    """Return whether the clock on the wall never shows a time: there and back it is another."""
    back = from_the_wall(moment, zone).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    return back != moment


def runs(flags):
    """Return the runs of True, point by point."""
    found, start = [], None
    for i, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = i
        elif not flag and start is not None:
            found.append((start, i))
            start = None
    return found


def days(first: str, count: int) -> list[str]:
    """Return so many days in a row as ISO texts."""
    return [str((datetime.fromisoformat(first) + timedelta(days=i)).date()) for i in range(count)]
