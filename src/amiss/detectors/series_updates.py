"""A series that goes on: the next rows judged at once, and once more for good when what follows them is known."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detectors.series_levels import MORE_REACH
from amiss.detectors.series_stream import NO_HOLE, Placed, SeriesStream
from amiss.detectors.update_answer import Final, Judged, Update, UpdateAnswer, trim_by
from amiss.errors import DataError
from amiss.event_edges import outside_band
from amiss.events import EventRules
from amiss.numerics.ahead import looked_at
from amiss.numerics.blocks import one_blas_thread
from amiss.part import MAY_BE_INFINITE
from amiss.reading.resampling import Moments
from amiss.reading.time_column import TimeColumn
from amiss.reading.time_grid import Series

_PAST = 12  # windows before an event that its kind is told from
_FEWEST_CYCLES, _VALUES = 4, 500_000  # of the newest values, at least and at most, that are kept


class SeriesUpdates(UpdateAnswer):
    """The part of `SeriesDetector` that takes the next rows as they come."""

    stream_: SeriesStream | None = None
    recent_: Annotated[FloatArray, MAY_BE_INFINITE] = np.zeros((0, 0))  # files of earlier versions have none
    recent_moments_: IntArray = np.zeros(0, np.int64)

    @one_blas_thread()
    def update(self, X: Any) -> Update:
        """Judge the next rows of the series, which follow on the training series or on the last update.

        The answer on these rows is provisional, since it is given at once. ``update(X).final`` tells which older rows
        have got their final scores with it, and which events are over: the scores that `score_samples` gives for all
        rows at once, however they were cut into updates.

        Parameters
        ----------
        X : frame or array
            The next rows, one or many, as they would be given to `detect`. Rows with times may come out of order, as
            long as they are not older than what is final; those that are are not scored, and a note tells of them.

        Returns
        -------
        Update
            A `Detection` of these rows; ``start``, ``end`` and ``place`` of its anomalies count the rows of ``X``.

        Raises
        ------
        DataError
            The data cannot be used, has no times where the training series had, or is older than that.

        Examples
        --------
        >>> from amiss import SeriesDetector
        >>> wave = np.sin(np.arange(960) * 2 * np.pi / 24)
        >>> detector = SeriesDetector(random_state=0).fit(wave[:600])
        >>> found = [detector.update(wave[at : at + 40]).final for at in range(600, 960, 40)] + [detector.finish()]
        >>> bool((np.concatenate([one.scores for one in found]) == -detector.score_samples(wave[600:])).all())
        True
        """
        self._check_is_fitted()
        return self._updated(X)

    def _updated(self, X: Any, numbers: IntArray | None = None) -> Update:
        """Return what `update` does; the rows have these numbers, or go on from those before."""
        values, times = self.timeline_.rows(X)
        if self.timeline_.timed and times is None:
            raise DataError(
                f"The training series had times in column {self.timeline_.time!r}; these rows have none. "
                "Give them with their times."
            )
        moments = None if times is None or self.stream_ else self._newer(times)
        before = self.stream_ or self._stream_begun(moments, values.shape[1])
        stream = copy(before)
        stream.settling, stream.tracker = deepcopy(before.settling), copy(before.tracker)
        if numbers is None:
            numbers = stream.given + np.arange(len(values))
        fresh = stream.take(values, times, self.timeline_, numbers)
        judged = self._judge(stream)
        told = self._provisional(X, times, stream, judged, numbers, fresh)
        final = self._settle(stream, judged, self._complete(stream, judged.points))
        stream.let_go(stream.final - 2 * self._context() - _PAST * (self.period_ or self.window_))
        self.stream_ = stream
        notes = (*told.notes, *self._told_stopped(moments))
        return Update(**{**vars(told), "notes": notes}, final=final)

    @one_blas_thread()
    def finish(self) -> Final:
        """Return the final scores of the rows that still had none, now that no more come; the next update begins anew.

        Raises
        ------
        DataError
            Nothing was given to `update`.
        """
        self._check_is_fitted()
        if self.stream_ is None:
            raise DataError(
                "There is nothing to finish: no rows were given to update(X) since fit(X) or finish()."
            )
        stream = self.stream_
        judged = self._judge(stream)
        final = self._settle(stream, judged, judged.points.start + len(judged.points), ends=True)
        self.stream_ = None
        return final

    # ------------------------------------------------------------- what a stream is to the detector
    def _newer(self, times: TimeColumn) -> Moments:
        """Return the moments after the training series, ascending."""
        moments: Moments = np.sort(times.moments.astype("datetime64[us]"))
        last = self._last_learnt()
        if moments[-1] <= last[0]:
            raise DataError(
                f"None of these rows is newer than {self.timeline_.texts(last)[0]}, where the training series "
                "ends. Give rows that follow on it; detect(X) judges others."
            )
        newer: Moments = moments[moments > last[0]]
        return newer

    def _last_learnt(self) -> Moments:
        """Return the last moment of the training series, shape (1,)."""
        return np.array([round(self.timeline_.last * 1e6)]).astype("datetime64[us]")

    def _notes_on(self, series: Series) -> tuple[str, ...]:
        return (*super()._notes_on(series), *self._told_stopped(series.times))

    def _told_stopped(self, moments: Moments | None) -> list[str]:
        """Return the note that for longer than usual nothing came between the training series and these moments."""
        if moments is None or not self.timeline_.timed or self.usual_gaps_ is None:
            return []
        missing = self.timeline_.place(moments)[0] - self.timeline_.points
        limit = int(self.usual_gaps_.limits[0])
        if missing <= limit:
            return []
        last, first = self.timeline_.texts(np.concatenate([self._last_learnt(), moments[:1]]))
        return [
            f"The data stopped from {last}, where the training series ends, to {first}: no data for {missing:,} steps "
            f"of {self.timeline_.step_text()}, gaps up to {limit:,} are usual."
        ]

    def _stream_begun(self, moments: Moments | None, channels: int) -> SeriesStream:
        """Return a stream that begins with the first of the moments."""
        start, hole = self._after_training(moments)
        stream = SeriesStream.beginning(start, hole, channels, self._merging_rules(), self.threshold_)
        return stream.following(self.recent_ if len(self.recent_) else np.zeros((0, channels)))

    def _after_training(self, moments: Any) -> tuple[int, int]:
        """Return the position of a stretch, and how many points are missing before it, `NO_HOLE` where it is far."""
        start, follows = self.timeline_.place(moments)
        hole = start - self.timeline_.points
        near = follows or (0 < hole <= self.window_ and self.gap == "mask")
        return start, hole if near else NO_HOLE

    def _merging_rules(self) -> EventRules:
        rules = self._event_rules()
        return replace(rules, merge_gap=self.window_ // 2) if rules.merge_gap is None else rules

    def _context(self) -> int:
        """Return how many points on either side a score depends on; longer gaps are not waited for."""
        steps = [int(getattr(model, "steps_", 1)) for model in self.committee_.models]
        return 2 * max(self.committee_.reach(self.window_), *steps) + MORE_REACH

    def _complete(self, stream: SeriesStream, points: Placed) -> int:
        """Return before which position points have all that their scores depend on behind them."""
        context, waiting = self._context(), 0
        for missing in np.isnan(points.values).T:
            seen = np.flatnonzero(~missing)
            behind = len(points) - 1 - int(seen[-1]) if len(seen) else len(points)
            if behind <= context:  # how it is bridged depends on what comes
                waiting = max(waiting, behind)
        return max(stream.final, points.start + len(points) - waiting - context)

    def _remembered(self, channels: int) -> int:
        """Return of how many of the newest points the values are kept."""
        period = self.period_ or self.window_
        return max(_FEWEST_CYCLES * period, min(looked_at(period, self.lengths_), _VALUES // channels))

    def _keep_newest(self, series: Series) -> None:
        """Keep the newest values of the training series, and their times in microseconds where it has some."""
        newest = slice(-self._remembered(series.values.shape[1]), None)
        self.recent_ = series.values[newest].copy()
        if series.times is not None:
            self.recent_moments_ = series.times[newest].astype("datetime64[us]").astype(np.int64)

    def _known(self) -> tuple[FloatArray, Moments]:
        """Return the newest values known, shape (points, channels), NaN missing, and the time of the last."""
        if self.stream_ is None:
            return self.recent_, self._last_learnt()
        points = self._gaps_treated(self.stream_.points(self.timeline_))
        newest = points.values[self.stream_.final - points.start :]
        return np.concatenate([self.stream_.recent, newest]), self.stream_.moments[-1:].astype(
            "datetime64[us]"
        )

    # ------------------------------------------------------------- scores
    def _judge(self, stream: SeriesStream) -> Judged:
        kept = self._gaps_treated(stream.points(self.timeline_))
        points = kept.since(stream.final - 2 * self._context())
        past = kept.values[: points.start - kept.start]
        if kept.hole != NO_HOLE:
            past = np.concatenate([self._past(kept), past])
        lasts = self._lasts(points.values.shape[1])
        if self.levels_ is not None and lasts:
            points = replace(points, settled=tuple(stream.settled(self.levels_, points, lasts)))
        scored = self._scored_points(*self._in_context(points), len(points))
        found = self._at_levels(points, self.committee_.score_and_course)
        scores = np.where(scored, self._finite(found[:, 0]), 0.0)
        evidence, cells = self._evidence(points, scores)
        ledger = np.zeros((len(points), 4))
        ledger[:, 1] = outside_band(points.values, evidence.lower, evidence.upper, self.scale_.spread)
        ledger[:, 2] = found[:, 1]
        ledger[:, 0] = scores
        if points.times is not None:
            ledger[:, 3] = points.times.astype("datetime64[us]").astype(np.int64)
        return Judged(past, points, scores, scored, evidence, cells, ledger)

    def _settle(self, stream: SeriesStream, judged: Judged, end: int, ends: bool = False) -> Final:
        """Make final what lies before the position ``end``; ``ends``: and what is left of events."""
        points = judged.points
        newest = slice(stream.final - points.start, end - points.start)
        rows = (stream.cells >= stream.final) & (stream.cells < end)
        stream.note(judged.ledger[newest])
        stream.remember(points.values[newest], self._remembered(points.values.shape[1]))
        stream.final = end
        tracker = stream.tracker.trimmed_by(trim_by(stream.ledger, end - stream.begin, self.committee_.usual))
        events = tracker.push(judged.scores[newest]) + (tracker.finish() if ends else [])
        tracker.trimmed_by(None)
        told = [
            self._told(event, stream.begin, stream.ledger, end - stream.begin, judged) for event in events
        ]
        told += [one for at, one in self._outages(points, stream.begin) if newest.start <= at < newest.stop]
        lasts = self._lasts(points.values.shape[1])
        if self.levels_ is not None and lasts:
            stream.settle(self.levels_, points, lasts)
        stream.forget()
        at, numbers = stream.cells[rows] - points.start, stream.numbers[rows]
        scores, scored = judged.scores[at], judged.scored[at]
        p_values = np.where(scored, self.threshold_rule_.p_values(scores), 1.0)
        return Final(numbers, scores, p_values, scores > self.threshold_, scored, tuple(told))
