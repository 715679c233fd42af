"""Where the moments of a series stand: rows onto an even grid in time, its step, and moments in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.errors import DataError
from amiss.part import Stored
from amiss.reading import resampling
from amiss.reading.frames import number_text
from amiss.reading.resampling import Moments, Rows
from amiss.reading.time_column import TimeColumn
from amiss.reading.zones import from_the_wall, local_texts, on_the_wall, zone_named

_DAY = 86_400.0
_STEP_NAMES = ((_DAY, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


@dataclass(frozen=True)
class Series:
    """Raw values of the channels and the time of each point.

    Attributes
    ----------
    values : ndarray of shape (points, channels)
        Raw units; NaN where missing, infinities as given.
    times : ndarray of shape (points,), datetime64[us], or None
        UTC where the time zone is known, else as written; None where the data has no time. Numbers that are no
        seconds since 1970 stand here as if they were.
    left_out : tuple of str
        Columns that are neither time nor numbers.
    rows : Rows or None
        Which rows became which points; None where they are the same.
    notes : tuple of str
        What was done to make points of the rows.
    """

    values: FloatArray
    times: Moments | None
    left_out: tuple[str, ...] = ()
    rows: Rows | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)


class TimeGrid(Stored):
    """The even grid in time that rows are put onto: seconds apart, or calendar months; learnt by `Timeline`."""

    time: str | None
    duplicates: str = "mean"
    timed: bool
    counted: bool
    timezone: str | None
    points: int
    first: float
    last: float
    step: float
    months: int
    regular: bool
    even: bool = False  # files of earlier versions took the rows as evenly spaced
    longest: int = 0
    cut_after: FloatArray = np.zeros(0)
    cut_points: IntArray = np.zeros(0, np.int64)

    def _learn_steps(self, moments: Moments) -> None:
        """Learn the step from moments that rise, and which holes are cut."""
        seconds = _seconds(moments)
        self.even, self.first, self.last = True, float(seconds[0]), float(seconds[-1])
        self.step = resampling.usual_step(seconds)
        wall = on_the_wall(moments, zone_named(self.timezone)) if self.timezone else moments
        self.months = 0 if self.counted else resampling.calendar_step(wall, self.step)
        places = self._places(moments)
        self.regular = bool(self.months or resampling.is_even(np.diff(places)))
        cells = resampling.cells_of(places)
        kept, self.longest = resampling.without_long_holes(cells, resampling.MOST_POINTS * self.points)
        cut = np.diff(cells) - np.diff(kept)
        at = np.flatnonzero(cut)
        self.cut_after, self.cut_points = seconds[at], cut[at]

    def _on_grid(self, values: FloatArray, read: TimeColumn) -> Series:
        """Return the points of the rows, and which row became which point."""
        moments = read.moments
        order = np.argsort(moments, kind="stable")
        late = int((moments < np.maximum.accumulate(moments)).sum())
        if not self.even:
            cells = np.arange(len(moments))
            rows = Rows(order, np.argsort(order, kind="stable"), moments[order]) if late else None
            return Series(values[order], moments[order], rows=rows, notes=(*read.notes, *_told_late(late)))
        distinct, group = np.unique(moments, return_inverse=True)
        cells, longest = self._cells(distinct, len(moments))
        notes = (
            *read.notes,
            *_told_late(late),
            *self._told_repeated(moments, order, len(distinct)),
            *self._told_grid(len(moments), cells, longest),
        )
        if np.array_equal(cells[group], np.arange(len(moments))):
            return Series(values, moments, notes=notes)
        if self.duplicates == "last":
            ends = np.flatnonzero(np.diff(group[order], append=len(distinct)))
            by_moment = values[order[ends]]
        else:
            by_moment = resampling.averaged(values, group, len(distinct))
        count = int(cells[-1]) + 1
        rows = Rows(order, cells[group], moments[order])
        times = resampling.times_of(distinct, cells)
        return Series(resampling.averaged(by_moment, cells, count), times, rows=rows, notes=notes)

    def _cells(self, moments: Moments, rows: int) -> tuple[IntArray, int]:
        """Return the points of moments that rise, and the longest step where holes were cut, else 0."""
        cells = resampling.cells_of(self._places(moments))
        if self.longest:  # as in training, so that a stretch of it stands as it stood there
            short = np.concatenate([[0], np.cumsum(np.minimum(np.diff(cells), self.longest))])
            return short, self.longest if short[-1] < cells[-1] else 0
        return resampling.without_long_holes(cells, resampling.MOST_NEW_POINTS * rows)

    def _told_repeated(self, moments: Moments, order: IntArray, distinct: int) -> tuple[str, ...]:
        more = len(moments) - distinct
        if not more:
            return ()
        if self.duplicates == "error":
            at = int(np.flatnonzero(np.diff(moments[order]) == np.timedelta64(0, "us"))[0])
            first, second = order[at], order[at + 1]
            raise DataError(
                f"Time column {self.time!r} holds {self.texts(moments[[first]])[0]} in rows {first} and {second}. "
                "With duplicates='error' each time stands once. Leave one out, or take duplicates='mean' or 'last'."
            )
        what = (
            "the last of each time counts" if self.duplicates == "last" else "those of one time are averaged"
        )
        return (f"{more:,} row{'s' * (more > 1)} more than there are times; {what}.",)

    def _told_grid(self, count: int, cells: IntArray, longest: int) -> tuple[str, ...]:
        seen = len(np.unique(cells))
        merged, holes = len(cells) - seen, int(cells[-1]) + 1 - seen
        if not merged and not holes:
            return ()
        told = f"{count:,} rows onto a grid of {self.step_text()}: {merged:,} merged, "
        told += f"{holes:,} moment{'s' * (holes != 1)} without data"
        if longest:
            told += f"; a hole counts as {longest - 1:,} moments at most, or there would be too many"
        return (f"{told}.",)

    def _places(self, moments: Moments) -> FloatArray:
        """Return where moments stand, in steps from the first one learnt from."""
        first = np.array([round(self.first * 1e6)]).astype("datetime64[us]")
        if (
            self.timezone is not None and not self.counted and self.step > 0.9 * _DAY
        ):  # days are those on the wall
            zone = zone_named(self.timezone)
            moments, first = on_the_wall(moments, zone), on_the_wall(first, zone)
        if self.months:
            return (resampling.months_in(moments) - resampling.months_in(first)) / self.months
        return (_seconds(moments) - _seconds(first)) / (self.step or 1.0)

    # ------------------------------------------------------------- where a stretch stands
    def place(self, moments: Moments | None) -> tuple[int, bool]:
        """Return the position of a stretch, counted from the first training point, and whether it follows on.

        A stretch without time is taken to follow on.

        Parameters
        ----------
        moments : ndarray of shape (points,), datetime64[us], or None
        """
        if moments is None or not self.timed or not len(moments):
            return self.points, True
        last = np.array([round(self.last * 1e6)]).astype("datetime64[us]")
        begins, ends = self._places(np.concatenate([moments[:1], last]))
        if begins > ends:
            behind = round(begins - ends)
            return self.points - 1 + max(1, behind), behind <= 1
        cut = self.cut_points[self.cut_after < float(_seconds(moments[:1])[0])].sum()
        return round(begins) - int(cut), False

    def moments(self, count: int) -> dict[str, Moments]:
        """Return a column of the last moments of the training series; none where it had no time."""
        if not self.timed or self.time is None:
            return {}
        seconds = self.last - self.step * np.arange(count - 1, -1, -1)
        return {self.time: (seconds * 1e6).astype(np.int64).astype("datetime64[us]")}

    def following(self, last: Moments, count: int) -> dict[str, list[Any]]:
        """Return a column of the moments after ``last``, shape (1,), local where the zone is known; none without time.

        Days are days on the wall, and months calendar months: after the 31st of January comes the end of February.
        """
        if not self.timed or self.time is None:
            return {}
        steps = np.arange(1, count + 1)
        zone = zone_named(self.timezone) if self.timezone is not None and not self.counted else None
        seconds = np.rint(steps * self.step * 1e6).astype("timedelta64[us]")
        if self.counted:
            return {self.time: (_seconds(last)[0] + steps * self.step).tolist()}
        if self.months or (zone is not None and self.step > 0.9 * _DAY):
            wall = last if zone is None else on_the_wall(last, zone)
            wall = resampling.months_after(wall[0], steps * self.months) if self.months else wall + seconds
            moments = wall if zone is None else from_the_wall(wall, zone)[0]
        else:
            moments = last + seconds
        plain = moments.astype("datetime64[us]").tolist()
        if zone is None:
            return {self.time: plain}
        return {self.time: [moment.replace(tzinfo=UTC).astimezone(zone) for moment in plain]}

    def step_text(self) -> str | None:
        """Return the step between points in words: "5 min", "about 30 d", or a number; None without time."""
        if not self.timed or self.points < 2:
            return None
        if self.months:
            return f"{self.months} month{'s' * (self.months > 1)}"
        about = "" if self.regular else "about "
        if self.counted:
            return f"{about}{self.step:.4g}"
        unit, name = next(((u, n) for u, n in _STEP_NAMES if self.step >= u), (1.0, "s"))
        return f"{about}{self.step / unit:.4g} {name}"

    def texts(self, moments: Moments) -> list[str]:
        """Return moments as text in the time zone of the data, as short as they allow (ISO 8601); numbers as such."""
        if self.counted:
            return [number_text(second) for second in _seconds(moments).tolist()]
        return local_texts(moments, None if self.timezone is None else zone_named(self.timezone))


def _seconds(moments: Moments) -> FloatArray:
    return np.asarray(moments.astype("datetime64[us]").astype(np.int64) / 1e6)


def _told_late(late: int) -> tuple[str, ...]:
    return (
        (f"{late:,} row{'s' * (late > 1)} stood out of order; the rows are sorted by time.",) if late else ()
    )
