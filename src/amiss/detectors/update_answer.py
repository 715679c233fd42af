"""What is told of a series that goes on: of the rows just given, and of what has become final with them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detection import Anomaly, Detection, SeriesEvidence
from amiss.detectors.series_labels import SeriesLabels
from amiss.detectors.series_stream import Placed, SeriesStream
from amiss.detectors.series_words import event_label, not_scored
from amiss.event_edges import trimmed
from amiss.event_kinds import kind_of
from amiss.events import Event, Trim, severity
from amiss.reading.time_column import TimeColumn


@dataclass(frozen=True)
class Final:
    """What has become final with an update.

    Attributes
    ----------
    rows : ndarray of shape (rows,)
        The rows, counted from the first one given to `update`; in all, each comes once.
    scores, p_values : ndarray of shape (rows,)
        As `score_samples` and `detect` give them for all rows at once.
    flags, scored : ndarray of shape (rows,), bool
    events : tuple of Anomaly
        Those that are over, the oldest first; ``start``, ``end`` and ``place`` count points from the first one given to
        `update`, of many series the points of theirs.
    series : ndarray of shape (rows,) of str, or None
        Of many series, which one each row is of; rows that series share are told once for each.
    failed : dict of str to str
        Of many series those that could not be looked at, and why.
    """

    rows: IntArray
    scores: FloatArray
    p_values: FloatArray
    flags: BoolArray
    scored: BoolArray
    events: tuple[Anomaly, ...] = ()
    series: AnyArray | None = None
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Update(Detection):
    """The answer on the rows just given, and what has become final with them.

    What it says of the rows just given is provisional: so near to the end of the data, their windows are not whole yet.

    Attributes
    ----------
    final : Final
        Older rows, whose windows are whole by now.
    """

    final: Final


@dataclass(frozen=True)
class Judged:
    """The newest points of a stream, and what is said of each.

    Attributes
    ----------
    past : ndarray of shape (points, channels)
        Values before the points, as far back as they are kept.
    cells : ndarray of shape (points, channels)
        How surprising each value is.
    ledger : ndarray of shape (points, 4)
        See `SeriesStream`.
    """

    past: FloatArray
    points: Placed
    scores: FloatArray
    scored: BoolArray
    evidence: SeriesEvidence
    cells: FloatArray
    ledger: FloatArray


class UpdateAnswer(SeriesLabels):
    """The part of `SeriesDetector` that tells of a series that goes on."""

    def _outages(self, points: Placed, begin: int) -> list[tuple[int, Anomaly]]:
        """Return the last point of each stretch without data, and its event in the stream that begins at ``begin``."""
        if self.usual_gaps_ is None:
            return []
        outages = self.usual_gaps_.outages(np.isnan(points.values))
        found, shift = [], points.start - begin
        for one, outage in zip(self._stopped(outages, points), outages, strict=True):
            start, end = outage.start + shift, outage.end + shift
            label = one.label if self.timeline_.timed else event_label(Event(start, end, start, 0.0), None)
            found.append((outage.end, replace(one, label=label, place=start, start=start, end=end)))
        return found

    def _told(self, event: Event, begin: int, ledger: FloatArray, seen: int, judged: Judged) -> Anomaly:
        """Return an event, its positions counted from the first of the stream, told by the points still kept."""
        offset, last = begin - judged.points.start, len(judged.points) - 1
        start, end, peak = (int(np.clip(at + offset, 0, last)) for at in (event.start, event.end, event.peak))
        near = Event(start, end, peak, event.score, event.runs)
        told = self._anomalies([near], judged.scores, judged.points, judged.evidence, judged.cells)[0]
        blame = judged.cells[start : end + 1].sum(axis=0)
        worst = np.concatenate([judged.past, judged.points.values])[:, int(np.argmax(blame))]
        first, last = start + len(judged.past), end + len(judged.past)
        return replace(
            told,
            label=self._labelled(event, ledger, seen),
            score=self._relative(event.score),
            p_value=float(self.threshold_rule_.p_values(np.array([event.score]))[0]),
            place=event.peak,
            start=event.start,
            end=event.end,
            kind=kind_of(worst, first, last, self.window_, self.period_),
            severity=severity(event, self.threshold_, self.window_, blame),
        )

    def _labelled(self, event: Event, ledger: FloatArray, seen: int) -> str:
        if not self.timeline_.timed:
            return event_label(event, None)
        at = np.maximum(np.array([event.start, event.end]) - (seen - len(ledger)), 0)
        times = self.timeline_.texts(ledger[at, 3].astype(np.int64).astype("datetime64[us]"))
        counted = f"{self.timeline_.time} " if self.timeline_.counted else ""
        return counted + event_label(Event(0, int(event.end > event.start), 0, 0.0, event.runs), times)

    def _provisional(
        self,
        native: Any,
        times: TimeColumn | None,
        stream: SeriesStream,
        judged: Judged,
        numbers: IntArray,
        fresh: BoolArray,
    ) -> Detection:
        """Return what can be said at once of the rows just given, which have these numbers."""
        mine = stream.numbers >= numbers[0]
        at = np.full(len(fresh), -1)  # the point of each row; late ones have none
        at[np.searchsorted(numbers, stream.numbers[mine])] = stream.cells[mine] - judged.points.start
        scores = np.where(fresh, judged.scores[at], 0.0)
        scored = fresh & judged.scored[at]
        order = np.arange(len(fresh)) if times is None else np.argsort(times.moments, kind="stable")
        return Detection(
            kind=self.kind,
            unit=self.unit,
            scores=scores,
            threshold=self.threshold_,
            p_values=np.where(scored, self.threshold_rule_.p_values(scores), 1.0),
            flags=scores > self.threshold_,
            anomalies=self._anomalies_now(stream, judged, at[order]),
            chance=self.threshold_rule_.expected_by_chance(),
            evidence=_evidence_of(judged.evidence, at[order], order),
            learnt=self.summary(),
            notes=(*self.notes_, *_notes(int((~fresh).sum()), int((~scored & fresh).sum()))),
            reach=self._reach(),
            native=native,
            scored=scored,
        )

    def _anomalies_now(self, stream: SeriesStream, judged: Judged, at: IntArray) -> tuple[Anomaly, ...]:
        """Return the events that reach into the rows just given, the worst first; ``at``: their points, in time."""
        newest = slice(stream.final - judged.points.start, len(judged.points))
        ledger = np.concatenate([stream.ledger, judged.ledger[newest]])
        seen = judged.points.start + len(judged.points) - stream.begin
        tracker = copy(stream.tracker).trimmed_by(trim_by(ledger, seen, self.committee_.usual))
        found = []
        for event in tracker.push(judged.scores[newest]) + tracker.finish():
            offset = stream.begin - judged.points.start
            inside = np.flatnonzero((at >= max(0, event.start + offset)) & (at <= event.end + offset))
            if len(inside):
                told = self._told(event, stream.begin, ledger, seen, judged)
                peak = int(inside[np.argmin(np.abs(at[inside] - event.peak - offset))])
                found.append(replace(told, place=peak, start=int(inside[0]), end=int(inside[-1])))
        for end, one in self._outages(judged.points, stream.begin):
            inside = np.flatnonzero((at > end - _length(one)) & (at <= end + 1))
            if len(inside):
                found.append(replace(one, place=int(inside[0]), start=int(inside[0]), end=int(inside[-1])))
        return tuple(sorted(found, key=lambda anomaly: -anomaly.score))


def trim_by(ledger: FloatArray, seen: int, usual: float | None) -> Trim:
    """Return what trims events of positions counted up to ``seen``, where the ledger ends."""
    before = seen - len(ledger)

    def trim(event: Event, run: IntArray) -> Event:
        known = run[run >= before] - before
        if not len(known):
            return event
        local = replace(event, start=event.start - before, end=event.end - before, peak=event.peak - before)
        cut = trimmed(local, known, ledger[:, 0], ledger[:, 1], lambda: ledger[:, 2], usual)
        return replace(cut, start=cut.start + before, end=cut.end + before, peak=cut.peak + before)

    return trim


def _evidence_of(evidence: SeriesEvidence, at: IntArray, order: IntArray) -> SeriesEvidence:
    """Return the evidence of rows in order of time; those without a point, at -1, have none."""

    def of(values: FloatArray) -> FloatArray:
        return np.where((at >= 0)[:, None], values[at], np.nan)

    return SeriesEvidence(
        channels=evidence.channels,
        times=None if evidence.times is None else [evidence.times[max(place, 0)] for place in at.tolist()],
        values=of(evidence.values),
        expected=of(evidence.expected),
        lower=of(evidence.lower),
        upper=of(evidence.upper),
        surprise=np.nan_to_num(of(evidence.surprise)),
        rows=None if (np.diff(order) > 0).all() else order,
    )


def _notes(late: int, lost: int) -> list[str]:
    notes = []
    if late:
        rows, are = ("row", "is") if late == 1 else ("rows", "are")
        notes.append(
            f"{late:,} {rows} came late, older than what is final or than the first row of all, and {are} not scored."
        )
    if lost:
        notes.append(not_scored(lost))
    return notes


def _length(event: Anomaly) -> int:
    return 0 if event.start is None or event.end is None else event.end - event.start + 1
