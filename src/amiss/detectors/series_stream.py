"""What is kept of a series between two updates: the newest rows, the levels, and the event that may still go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.events import EventRules, EventTracker
from amiss.part import MAY_BE_INFINITE, Stored
from amiss.reading import resampling
from amiss.reading.levels import Settled, Settling, UsualLevels
from amiss.reading.time_column import TimeColumn
from amiss.reading.time_grid import Series
from amiss.reading.timeline import Timeline

LONGEST_HOLE = 10_000
"""Points; a longer hole in time between two rows of a stream counts as one of `resampling.WINDOW` points."""
_LEDGER = 20_000  # points of one event that is not over, at most, whose edges are looked at

NO_HOLE = -1


@dataclass(frozen=True)
class Placed(Series):
    """The newest points of a stream, whose place in time and level are known.

    Attributes
    ----------
    start : int
        Position of the first point, counted from the first training point.
    hole : int
        Missing points between the training series and the first point; -1: what came before is not known, or let go.
    settled : sequence of Settled
        From where on which levels are normal.
    """

    start: int = 0
    hole: int = NO_HOLE
    settled: Sequence[Settled] = ()

    def since(self, position: int) -> Placed:
        """Return the points from a position on."""
        first = max(0, position - self.start)
        if not first:
            return self
        times = None if self.times is None else self.times[first:]
        return Placed(self.values[first:], times, start=self.start + first)


class SeriesStream(Stored):
    """The newest rows of a stream, as far back as a score may reach, and what is known of the older ones.

    Attributes
    ----------
    given : int
        Rows given so far.
    begin, hole : int
        Position of the first point, and how many are missing between it and the training series; see `Placed`.
    final : int
        The scores of points before this position are final.
    numbers, cells, places, moments : ndarray of shape (rows,)
        Of each row kept, in order of time: its number among all given, the position of its point, its place on the
        time axis in steps, and its time in microseconds.
    values : ndarray of shape (rows, channels)
    settling, windows, levels_at, levels_off
        Where the levels have led to, how many windows of training and stream that takes in, where the last of them
        settled and how far off.
    tracker : EventTracker
        Of the final scores.
    ledger : ndarray of shape (points, 4)
        Of the final points since the event that may still go on: score, distance outside the band, score before it was
        smoothed, time.
    recent : ndarray of shape (points, channels)
        Values of the newest final points, raw units, those of the training series among them.
    """

    given: int
    begin: int
    hole: int
    final: int
    numbers: IntArray
    cells: IntArray
    places: FloatArray
    moments: IntArray
    values: Annotated[FloatArray, MAY_BE_INFINITE]
    settling: Settling
    windows: int
    levels_at: list[int]
    levels_off: list[FloatArray]
    tracker: EventTracker
    ledger: FloatArray
    recent: Annotated[FloatArray, MAY_BE_INFINITE]

    @classmethod
    def beginning(cls, begin: int, hole: int, channels: int, rules: EventRules, limit: float) -> Self:
        """Return the stream before its first point, which stands at ``begin``."""
        new = cls()
        new.given, new.begin, new.hole, new.final, new.windows = 0, begin, hole, begin, 0
        new.numbers = new.cells = new.moments = np.zeros(0, np.int64)
        new.places, new.values = np.zeros(0), np.zeros((0, channels))
        new.settling, new.levels_at, new.levels_off = Settling.of(channels), [], []
        new.tracker, new.ledger = EventTracker(rules, limit), np.zeros((0, 4))
        new.recent = np.zeros((0, channels))
        return new

    # ------------------------------------------------------------- rows
    def take(
        self, values: FloatArray, times: TimeColumn | None, timeline: Timeline, numbers: IntArray
    ) -> BoolArray:
        """Take the next rows, which have these numbers, ascending and larger than those before.

        Return which of them are not late, that is, older than what is final, shape (rows,).
        """
        self.given += len(values)
        if times is None:
            first = int(self.cells[-1]) + 1 if len(self.cells) else self.begin
            cells = first + np.arange(len(values))
            self._keep(values, numbers, cells, cells.astype(float), cells)
            return np.ones(len(values), bool)
        moments = times.moments.astype("datetime64[us]").astype(np.int64)
        places = timeline._places(times.moments)
        late = np.zeros(len(values), bool)
        last = np.array([round(timeline.last * 1e6)]).astype("datetime64[us]")
        oldest = self.places[0] if len(self.places) else np.nextafter(timeline._places(last)[0], np.inf)
        for row in np.argsort(moments, kind="stable").tolist():
            cell = self._cell(float(places[row]), timeline.regular)
            late[row] = cell < self.final or places[row] < oldest
            if not late[row]:
                one = slice(row, row + 1)
                self._keep(values[one], numbers[one], np.array([cell]), places[one], moments[one])
        return ~late

    def _cell(self, place: float, regular: bool) -> int:
        """Return the position of a moment: whole steps after the row before it, on an even grid otherwise."""
        if not len(self.places):
            return self.begin
        before = max(0, int(np.searchsorted(self.places, place, side="right")) - 1)
        if not regular:
            before = 0
        step = int(np.rint(place - self.places[before]))
        if step > LONGEST_HOLE:
            step = resampling.WINDOW + 1
        return int(self.cells[before]) + step

    def _keep(
        self, values: FloatArray, numbers: IntArray, cells: IntArray, places: FloatArray, moments: IntArray
    ) -> None:
        at = int(np.searchsorted(self.places, places[0], "right"))
        self.numbers = np.insert(self.numbers, at, numbers)
        self.cells = np.insert(self.cells, at, cells)
        self.places = np.insert(self.places, at, places)
        self.moments = np.insert(self.moments, at, moments)
        self.values = np.insert(self.values, at, values, axis=0)

    def points(self, timeline: Timeline) -> Placed:
        """Return the points of the rows kept."""
        start = int(self.cells[0])
        if not timeline.timed:
            return Placed(self.values, None, start=start, hole=self._hole(start))
        distinct, first, group = np.unique(self.moments, return_index=True, return_inverse=True)
        if timeline.duplicates == "last":
            by_number = np.lexsort((self.numbers, group))
            by_moment = self.values[
                by_number[np.flatnonzero(np.diff(group[by_number], append=len(distinct)))]
            ]
        else:
            by_moment = resampling.averaged(self.values, group, len(distinct))
        cells = self.cells[first] - start
        values = resampling.averaged(by_moment, cells, int(cells[-1]) + 1)
        times = resampling.times_of(distinct.astype("datetime64[us]"), cells)
        return Placed(values, times, start=start, hole=self._hole(start))

    def _hole(self, start: int) -> int:
        return self.hole if start == self.begin else NO_HOLE

    def let_go(self, before: int) -> None:
        """Let go of the rows before a position, but for the last point, which a gap may begin behind."""
        behind = self.cells[self.cells <= before]
        first = int(np.searchsorted(self.cells, behind[-1])) if len(behind) else 0
        for name in ("numbers", "cells", "places", "moments", "values"):
            setattr(self, name, getattr(self, name)[first:].copy())

    def following(self, recent: FloatArray) -> Self:
        """Give the stream the values that it follows on, the newest last."""
        if self.hole != NO_HOLE:
            self.recent = np.concatenate([recent, np.full((self.hole, recent.shape[1]), np.nan)])
        return self

    def remember(self, values: FloatArray, most: int) -> None:
        """Keep the values of points that have become final, and the newest ``most`` in all."""
        self.recent = np.concatenate([self.recent, values])[-most:]

    # ------------------------------------------------------------- levels
    def settled(self, usual: UsualLevels, points: Placed, lasts: int) -> list[Settled]:
        """Return from where on which levels are normal, counted from the first of the points."""
        settling = Settling()
        settling.off, settling.sides = self.settling.off.copy(), list(self.settling.sides)
        settling.runs = [list(run) for run in self.settling.runs]
        at, off = self._followed(usual, points, lasts, settling, points.start + len(points))
        every = list(zip([*self.levels_at, *at], [*self.levels_off, *off], strict=True))
        return [Settled(max(place - points.start, 0), off) for place, off in every]

    def settle(self, usual: UsualLevels, points: Placed, lasts: int) -> None:
        """Take in the windows that are final."""
        at, off = self._followed(usual, points, lasts, self.settling, self.final)
        self.windows = max(self.windows, self.final // usual.window)
        self.levels_at, self.levels_off = [*self.levels_at, *at], [*self.levels_off, *off]
        while len(self.levels_at) > 1 and self.levels_at[1] <= int(self.cells[0]):
            self.levels_at, self.levels_off = self.levels_at[1:], self.levels_off[1:]

    def _followed(
        self, usual: UsualLevels, points: Placed, lasts: int, settling: Settling, end: int
    ) -> tuple[list[int], list[FloatArray]]:
        first = max(self.windows, -(-self.begin // usual.window))
        inside = slice(first * usual.window - points.start, max(0, end - points.start))
        _, levels = usual.levels(points.values[inside], first * usual.window)
        found = usual.follow(levels, settling, lasts)
        return [(first + at + 1) * usual.window for at, _ in found], [off for _, off in found]

    # ------------------------------------------------------------- events
    def note(self, ledger: FloatArray) -> None:
        """Keep what is to be known of final points, as long as an event may still go on."""
        self.ledger = np.concatenate([self.ledger, ledger])

    def forget(self) -> None:
        """Let go of the points before the event that may still go on."""
        since = self.tracker.open_since
        kept = 0 if since is None else self.final - self.begin - since
        self.ledger = self.ledger[len(self.ledger) - min(kept, _LEDGER, len(self.ledger)) :].copy()
