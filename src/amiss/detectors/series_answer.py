"""How a series detector answers: flagged points -> events with their channels to blame, and what a report shows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detection import Anomaly, SeriesEvidence
from amiss.detectors.series_levels import SeriesLevels
from amiss.detectors.series_words import event_causes, event_label
from amiss.event_edges import outside_band, trimmed
from amiss.event_kinds import kind_of
from amiss.events import Event, events_of, severity
from amiss.reading.timeline import Series
from amiss.reading.windows import Channels, Scale
from amiss.series_committee import SeriesCommittee


class SeriesAnswer(SeriesLevels):
    """The half of `SeriesDetector` that explains; what it learns and how it scores stands there."""

    scale_: Scale
    period_: int | None
    committee_: SeriesCommittee
    band_: FloatArray

    def _explain_each(self, series: Series, scores: FloatArray) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every point, flagged or not, in order."""
        every = [Event(i, i, i, score) for i, score in enumerate(scores.tolist())]
        return self._anomalies(every, scores, series, *self._evidence(series, scores))

    def _explain_points(self, series: Series, scores: FloatArray) -> tuple[list[Anomaly], SeriesEvidence]:
        """Return the events among the points, the worst first, and what a report shows of the points."""
        evidence, cells = self._evidence(series, scores)
        outside = outside_band(series.values, evidence.lower, evidence.upper, self.scale_.spread)

        @cache
        def course() -> FloatArray:
            return self._at_levels(series, self.committee_.unsmoothed)

        def trim(event: Event, run: IntArray) -> Event:
            return trimmed(event, run, scores, outside, course, self.committee_.usual)

        rules = self._event_rules()
        if rules.merge_gap is None:
            rules = replace(rules, merge_gap=self.window_ // 2)
        events = events_of(scores, rules, self.threshold_, trim)
        found = self._anomalies(events, scores, series, evidence, cells)
        past = self._past(series)
        values = np.concatenate([past, series.values])

        def told(anomaly: Anomaly, event: Event) -> Anomaly:
            blame = cells[event.start : event.end + 1].sum(axis=0)
            start, end = event.start + len(past), event.end + len(past)
            kind = kind_of(values[:, int(np.argmax(blame))], start, end, self.window_, self.period_)
            grave = severity(event, self.threshold_, self.window_, blame)
            return replace(anomaly, kind=kind, severity=grave)

        return list(map(told, found, events)), evidence

    def _expected(self, channels: Channels) -> FloatArray:
        """Return what was expected at each point, standard deviations; NaN where no model has a view."""
        found = self.committee_.expected(channels)
        return np.full(channels.values.shape, np.nan) if found is None else found

    def _past(self, series: Series) -> FloatArray:
        """Return what came before a series, where it is known, shape (points, channels), NaN where missing."""
        channels, context = self._in_context(series)
        values = self.scale_.restore(channels.values[:context])
        return np.where(channels.mask[:context], np.nan, values)

    def _expectation(self, series: Series) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what was expected of each point, and its band, raw units; NaN where no model has a view."""
        if not len(self.band_):
            expected, lower, upper = (np.full(series.values.shape, np.nan) for _ in range(3))
            return expected, lower, upper
        found, level = self._at_levels(series, self._expected), self._level(series)
        spread = self._at_levels(series, self.committee_.spread)
        moves = (0.0, self.band_[0] * spread, self.band_[1] * spread)
        expected, lower, upper = (self.scale_.restore(found + move, level) for move in moves)
        return expected, lower, upper

    def _evidence(self, series: Series, scores: FloatArray) -> tuple[SeriesEvidence, FloatArray]:
        """Return what a report shows, and the surprise of each cell, shape (points, channels)."""
        cells = self._at_levels(series, self.committee_.surprise)
        seen = np.where(np.isfinite(series.values), series.values, np.nan)
        expected, lower, upper = self._expectation(series)
        highest = cells.max(axis=1, keepdims=True)
        share = np.where(highest > 0, cells / np.where(highest > 0, highest, 1.0), 0.0)
        surprise = share * (scores / self.threshold_)[:, None]
        times = None
        if series.times is not None and not self.timeline_.counted:  # a report draws dates or positions
            times = self.timeline_.texts(series.times)
        names = tuple(self.timeline_.channels)
        return SeriesEvidence(names, times, seen, expected, lower, upper, surprise), cells

    def _anomalies(
        self,
        events: list[Event],
        scores: FloatArray,
        series: Series,
        evidence: SeriesEvidence,
        cells: FloatArray,
    ) -> list[Anomaly]:
        p_values = self.threshold_rule_.p_values(scores)
        times, counted = evidence.times, ""
        if self.timeline_.counted and series.times is not None:
            times, counted = self.timeline_.texts(series.times), f"{self.timeline_.time} "
        return [
            Anomaly(
                place=event.peak,
                label=counted + event_label(event, times),
                score=self._relative(scores[event.peak]),
                p_value=float(p_values[event.peak]),
                causes=event_causes(event, series, evidence, cells),
                start=event.start,
                end=event.end,
            )
            for event in events
        ]
