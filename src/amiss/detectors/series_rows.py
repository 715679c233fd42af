"""Rows of the data <-> points of the series: what is scored, what is told of a row, and where the data stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detection import STOPPED, Anomaly, Cause, Detection, SeriesEvidence
from amiss.detectors.series_answer import SeriesAnswer
from amiss.detectors.series_words import event_label, not_scored
from amiss.errors import ParameterError
from amiss.events import Event, severity
from amiss.numerics.blocks import one_blas_thread
from amiss.reading.holidays import check_holidays
from amiss.reading.outages import Outage, UsualGaps
from amiss.reading.resampling import Rows
from amiss.reading.time_column import check_format
from amiss.reading.timeline import Series
from amiss.reading.windows import Channels
from amiss.reading.zones import check_zone
from amiss.series_committee import share_seen
from amiss.thresholds import Threshold

GAPS = ("mask", "interpolate", "zero")
DUPLICATES = ("mean", "last", "error")
_NAMED = 8  # channels that stopped; of more, how many is told in place of which
_SEEN = 0.5  # of what is usually seen of the window around a point, at least, or the point is not scored

AnySeries = TypeVar("AnySeries", bound=Series)


class SeriesRows(SeriesAnswer):
    """The part of `SeriesDetector` between rows and points, which differ where times are uneven, late or missing."""

    left_out: ClassVar[frozenset[str]] = SeriesAnswer.left_out | {"scored_", "taught_"}

    tz: str | None = None
    duplicates: str = "mean"
    gap: str = "mask"
    time_format: str | None = None
    usual_gaps_: UsualGaps | None = None
    usual_seen_: float = 1.0
    scored_: BoolArray
    taught_: IntArray

    def _check_time(self) -> None:
        check_zone(self.tz)
        check_holidays(self.holidays)
        check_format(self.time_format)
        for name, legal in (("gap", GAPS), ("duplicates", DUPLICATES)):
            if getattr(self, name) not in legal:
                raise ParameterError(
                    f"{name} is {getattr(self, name)!r}. Legal: {', '.join(map(repr, legal))}."
                )

    def _reading(self, data: Any) -> Series:
        return self._series_of(data)

    def _series_of(self, data: Any) -> Series:
        """Return the series in new data, missing values as `gap` wants them."""
        return self._gaps_treated(self.timeline_.read(data))

    def _gaps_treated(self, series: AnySeries) -> AnySeries:
        if self.gap != "zero":
            return series
        return replace(series, values=np.where(np.isnan(series.values), 0.0, series.values))

    def _standardised(self, series: Series) -> tuple[FloatArray, BoolArray]:
        """Return standardised values, gaps bridged, and which are missing; both of shape (points, channels)."""
        values, mask = self.scale_.apply(series.values)
        return values, (np.zeros_like(mask) if self.gap == "interpolate" else mask)

    def _scored_points(self, channels: Channels, context: int, points: int) -> BoolArray:
        """Return which points of a stretch are scored: those with a value, in a window half as full as usual."""
        inside = slice(context, context + points)
        known = replace(channels, values=channels.values[: inside.stop], mask=channels.mask[: inside.stop])
        return ~known.mask[inside].all(axis=1) & (share_seen(known)[inside] >= _SEEN * self.usual_seen_)

    def _scored(self, series: Series) -> BoolArray:
        """Return which rows of the data are scored, shape (rows,)."""
        return of_rows(series, self._scored_points(*self._in_context(series), len(series)))

    def _learn_gaps(self, series: Series, channels: Channels) -> None:
        self.usual_gaps_ = UsualGaps().fit(np.isnan(series.values), self.training_data == "clean")
        full = share_seen(channels)[~channels.mask.all(axis=1)]
        self.usual_seen_ = float(np.median(full)) if len(full) else 1.0

    def _learn_rows(self, series: Series, scores: FloatArray, scored: BoolArray) -> FloatArray:
        """Return the scores of the training rows; keep which are scored, and which the limit is learnt from."""
        places = np.arange(len(series))
        if series.rows is not None:
            places[series.rows.points[series.rows.order[::-1]]] = series.rows.order[
                ::-1
            ]  # the first of each point
            scored = scored & np.isin(np.arange(len(series)), series.rows.points)
        self.taught_ = places[scored]
        self.scored_ = of_rows(series, scored)
        if not len(self.taught_):
            self.taught_ = np.arange(len(self.scored_))
        return of_rows(series, np.where(scored, scores, 0.0))

    def _set_threshold(self, rule: Threshold, scores: FloatArray) -> None:
        super()._set_threshold(rule, scores)
        self.p_values_ = np.where(self.scored_, self.p_values_, 1.0)

    # ------------------------------------------------------------- the answer
    def _detection(self, X: Any, reading: Series, scores: FloatArray) -> Detection:
        found = super()._detection(X, reading, scores)
        scored = self._scored(reading)
        if scored.all():
            return found
        note = not_scored(int((~scored).sum()))
        p_values = np.where(scored, found.p_values, 1.0)
        return replace(found, scored=scored, p_values=p_values, notes=(*found.notes, note))

    def _notes_on(self, series: Series) -> tuple[str, ...]:
        return tuple(note for note in series.notes if note not in self.notes_)

    @one_blas_thread()
    def explain(self, X: Any) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every row of ``X``, flagged or not, in order."""
        self._check_is_fitted()
        series = self._reading(X)
        scores = self._score(series)
        if series.rows is None:
            return self._explain_each(series, scores)
        every = self._explain_each(series, series.rows.to_points(scores, len(series)))
        points = series.rows.points.tolist()
        return [replace(every[p], place=row, start=row, end=row) for row, p in enumerate(points)]

    def _explain(
        self, series: Series, scores: FloatArray, flagged: AnyArray
    ) -> tuple[list[Anomaly], SeriesEvidence]:
        points = scores if series.rows is None else series.rows.to_points(scores, len(series))
        found, evidence = self._explain_points(series, points)
        if series.rows is not None:
            times = self.timeline_.texts(series.rows.times)
            found = [_in_rows(anomaly, series.rows) for anomaly in found]
            evidence = _evidence_in_rows(evidence, series.rows, times)
        if self.usual_gaps_ is None:
            return found, evidence
        outages = self.usual_gaps_.outages(np.isnan(series.values))
        return sorted([*found, *self._stopped(outages, series)], key=lambda a: -a.score), evidence

    def _stopped(self, outages: list[Outage], series: Series) -> list[Anomaly]:
        """Return the stretches without data as events; each from the last row before it where it has none itself."""
        if not outages:
            return []
        moments = series.times if series.rows is None else series.rows.times
        times = None if moments is None else self.timeline_.texts(moments)
        counted = f"{self.timeline_.time} " if self.timeline_.counted and times else ""
        found = []
        for one in outages:
            start, end = (
                (one.start, one.end) if series.rows is None else series.rows.around(one.start, one.end)
            )
            found.append(
                Anomaly(
                    place=start,
                    label=counted + event_label(Event(start, end, start, one.excess), times),
                    score=one.excess,
                    p_value=one.p_value,
                    causes=self._no_data(one),
                    start=start,
                    end=end,
                    kind=STOPPED,
                    severity=self._gravity(one),
                )
            )
        return found

    def _no_data(self, outage: Outage) -> tuple[Cause, ...]:
        names, limits = self.timeline_.channels, self.usual_gaps_.limits  # type: ignore[union-attr]
        together = len(outage.channels) == len(names)
        step = self.timeline_.step_text()
        lasting = f"{len(outage):,} " + (f"steps of {step}" if step else f"point{'s' * (len(outage) > 1)}")
        usual = limits[0] if together else min(limits[1 + channel] for channel in outage.channels)
        reason = f"no data for {lasting}, gaps up to {int(usual):,} are usual"
        cells = [names[c] for c in outage.channels]
        if len(cells) > _NAMED:
            cells = ["all channels" if together else f"{len(cells):,} channels"]
        return tuple(Cause(cell, "missing", "", 1 / len(cells), reason) for cell in cells)

    def _gravity(self, outage: Outage) -> str:
        blame = np.zeros(len(self.timeline_.channels))
        blame[list(outage.channels)] = 1.0
        return severity(
            Event(outage.start, outage.end, outage.start, outage.excess), 1.0, self.window_, blame
        )


def of_rows(series: Series, values: AnyArray) -> AnyArray:
    """Return for each row of the data what is said of its point."""
    return values if series.rows is None else series.rows.from_points(values)


def _in_rows(anomaly: Anomaly, rows: Rows) -> Anomaly:
    """Return an event of points as one of the rows in order of time."""
    place = rows.around(anomaly.place, anomaly.place)[0]
    start, end = rows.around(anomaly.start or 0, anomaly.end or 0)
    return replace(anomaly, place=place, start=start, end=end)


def _evidence_in_rows(evidence: SeriesEvidence, rows: Rows, times: list[str]) -> SeriesEvidence:
    """Return the evidence of each row, in order of time."""
    points = rows.points[rows.order]
    return SeriesEvidence(
        channels=evidence.channels,
        times=None if evidence.times is None else times,
        values=evidence.values[points],
        expected=evidence.expected[points],
        lower=evidence.lower[points],
        upper=evidence.upper[points],
        surprise=evidence.surprise[points],
        rows=None if (rows.order[1:] > rows.order[:-1]).all() else rows.order,
    )
