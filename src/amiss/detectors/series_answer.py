"""How a series detector answers: flagged points -> events with their channels to blame, and what a report shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detection import Anomaly, SeriesEvidence
from amiss.detectors.series_blocks import Ground
from amiss.detectors.series_levels import SeriesLevels
from amiss.detectors.series_words import event_causes, event_label
from amiss.event_edges import outside_band, trimmed
from amiss.event_kinds import kind_of
from amiss.events import Event, events_of, severity
from amiss.reading.stretches import learnt_from
from amiss.reading.timeline import Series
from amiss.reading.windows import Channels, Scale
from amiss.series_committee import SeriesCommittee

_BAND = (0.005, 0.995)


class SeriesAnswer(SeriesLevels):
    """The half of `SeriesDetector` that explains; what it learns and how it scores stands there."""

    scale_: Scale
    period_: int | None
    committee_: SeriesCommittee
    band_: FloatArray

    def _learn_band(self, channels: Channels) -> None:
        def error(some: Channels) -> FloatArray:
            expected = self.committee_.expected(some)
            if expected is None:
                return np.zeros((0, some.values.shape[1]))
            off = (some.values - expected) / self.committee_.spread(some)
            return np.where(some.mask, np.nan, off)

        errors = learnt_from(error, channels, self.committee_.dependence(self.window_))
        self.band_ = np.zeros((0, channels.values.shape[1]))
        if len(errors):
            seen = np.asarray(~np.isnan(errors).all(axis=0))
            self.band_ = np.zeros((len(_BAND), len(seen)))
            self.band_[:, seen] = np.nanquantile(errors[:, seen], _BAND, axis=0)

    def _explain_each(self, series: Series, scores: FloatArray) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every point, flagged or not, in order."""
        every = [Event(i, i, i, score) for i, score in enumerate(scores.tolist())]
        return self._anomalies(every, scores, series, *self._evidence(series, scores))

    def _explain_points(self, series: Series, scores: FloatArray) -> tuple[list[Anomaly], SeriesEvidence]:
        """Return the events among the points, the worst first, and what a report shows of the points."""
        ground = self._ground(series)
        evidence, cells = self._evidence(series, scores, ground)
        outside = outside_band(series.values, evidence.lower, evidence.upper, self.scale_.spread)

        def trim(event: Event, run: IntArray) -> Event:
            return self._trimmed(event, run, ground, scores, outside)

        rules = self._event_rules()
        if rules.merge_gap is None:
            rules = replace(rules, merge_gap=self.window_ // 2)
        events = events_of(scores, rules, self.threshold_, trim)
        found = self._anomalies(events, scores, series, evidence, cells)
        past = self._before(ground)
        values = np.concatenate([past, series.values]) if len(past) else series.values

        def told(anomaly: Anomaly, event: Event) -> Anomaly:
            blame = cells[event.start : event.end + 1].sum(axis=0)
            start, end = event.start + len(past), event.end + len(past)
            kind = kind_of(values[:, int(np.argmax(blame))], start, end, self.window_, self.period_)
            grave = severity(event, self.threshold_, self.window_, blame)
            return replace(anomaly, kind=kind, severity=grave)

        return list(map(told, found, events)), evidence

    def _trimmed(
        self, event: Event, run: IntArray, ground: Ground, scores: FloatArray, outside: FloatArray
    ) -> Event:
        """Return an event cut down to the points of its run that are odd themselves; no others are looked at."""
        usual = self.committee_.usual
        if usual is None:  # files of earlier versions do not say
            return trimmed(
                event, run, scores, outside, lambda: ground.judged(self.committee_.unsmoothed), usual
            )
        first, stop = int(run[0]), int(run[-1]) + 1

        def course() -> FloatArray:
            return ground.judged(self.committee_.unsmoothed, first, stop)

        here = replace(event, start=event.start - first, end=event.end - first, peak=event.peak - first)
        cut = trimmed(here, run - first, scores[first:stop], outside[first:stop], course, usual)
        return replace(cut, start=cut.start + first, end=cut.end + first, peak=cut.peak + first)

    def _views(self, channels: Channels) -> FloatArray:
        """Return the surprise of each cell, what was expected of it and in which unit, side by side."""
        expected = self.committee_.expected(channels)
        surprise = self.committee_.surprise(channels, expected)
        if expected is None:
            expected = np.full(channels.values.shape, np.nan)
        return np.concatenate([surprise, expected, self.committee_.spread(channels)], axis=1)

    def _expected(self, channels: Channels) -> FloatArray:
        """Return what was expected at each point, standard deviations; NaN where no model has a view."""
        found = self.committee_.expected(channels)
        return np.full(channels.values.shape, np.nan) if found is None else found

    def _past(self, series: Series) -> FloatArray:
        """Return what came before a series, where it is known, shape (points, channels), NaN where missing."""
        return self._before(self._ground(series))

    def _before(self, ground: Ground) -> FloatArray:
        before = ground.before
        return np.where(before.mask, np.nan, self.scale_.restore(before.values))

    def _expectation(self, series: Series) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what was expected of each point, and its band, raw units; NaN where no model has a view."""
        if not len(self.band_):
            expected, lower, upper = (np.full(series.values.shape, np.nan) for _ in range(3))
            return expected, lower, upper
        ground = self._ground(series)
        return self._band(series, ground.judged(self._expected), ground.judged(self.committee_.spread))

    def _band(
        self, series: Series, found: FloatArray, spread: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what was expected and its band, raw units, from standard deviations."""
        level = self._level(series)
        moves = (0.0, self.band_[0] * spread, self.band_[1] * spread)
        expected, lower, upper = (self.scale_.restore(found + move, level) for move in moves)
        return expected, lower, upper

    def _evidence(
        self, series: Series, scores: FloatArray, ground: Ground | None = None
    ) -> tuple[SeriesEvidence, FloatArray]:
        """Return what a report shows, and the surprise of each cell, shape (points, channels)."""
        ground = self._ground(series) if ground is None else ground
        seen = np.where(np.isfinite(series.values), series.values, np.nan)
        if len(self.band_):
            cells, found, spread = np.split(ground.judged(self._views), 3, axis=1)
            expected, lower, upper = self._band(series, found, spread)
        else:
            cells = ground.judged(self.committee_.surprise)
            expected, lower, upper = (np.full(cells.shape, np.nan) for _ in range(3))
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
