"""Points of a series that are known to be bad, or good: the bad ones are not learnt from, and scored afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detectors.series_rows import SeriesRows, of_rows
from amiss.reading.label_ranges import is_ranges, labels_of_rows, labels_of_times
from amiss.reading.time_column import read_times
from amiss.reading.timeline import Timeline, _numeric, frame_of
from amiss.thresholds.by_labels import bad_and_good


class SeriesLabels(SeriesRows):
    """The part of `SeriesDetector` that knows of bad and good points."""

    time: str | None
    tail_: FloatArray
    tail_mask_: BoolArray
    fingerprint_: str

    def _labels_of(self, data: Any, labels: Any) -> Any:
        """Return one label a row; of ranges those of the rows inside."""
        if not is_ranges(labels):
            return labels
        frame = frame_of(data)
        time = Timeline(self.time)._find_time(frame)
        if time is None:
            return labels_of_rows(labels, len(frame))
        return labels_of_times(labels, frame, time, self.tz, self.time_format)

    def _judged_by_labels(self, data: Any, bad: BoolArray, good: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Return the highest point of each run beyond the threshold: those around it are high because it is."""
        rows = self._series_of(data).rows
        order = np.arange(len(self.scores_)) if rows is None else rows.order
        beyond = np.flatnonzero(self.scores_[order] > self.threshold_)
        highest = np.zeros(len(order), bool)
        for run in np.split(beyond, np.flatnonzero(np.diff(beyond) > 1) + 1):
            highest[order[run][np.argsort(-self.scores_[order[run]], kind="stable")[:1]]] = True
        return bad & highest, good & highest

    def _kept(self, data: Any, labels: Any) -> tuple[Any, BoolArray, BoolArray]:
        """Return the series with its bad points missing, which they are, and which are good."""
        frame = frame_of(data)
        bad, good = bad_and_good(labels, len(frame))
        time = Timeline(self.time)._find_time(frame)
        moments = np.arange(len(frame))
        if time is not None:
            moments = read_times(frame, time, self.tz, self.time_format).moments.astype(np.int64)
        bridge = None if self.gap == "mask" else moments
        columns = [
            column if name == time else _without(column, bad, bridge)
            for name, column in zip(frame.names, frame.columns, strict=True)
        ]
        return replace(frame, columns=columns), bad, good

    def _score_all(self, X: Any) -> None:
        """Score the series as it is; what follows on it is seen with its bad points before it."""
        series = self._series_of(X)
        self.fingerprint_ = fingerprint(series.values)
        channels, context = self._in_context(series)
        self._learn_gaps(series, channels)
        last = channels.last(len(self.tail_))
        self.tail_, self.tail_mask_ = last.values.copy(), last.mask.copy()
        self.scored_ = of_rows(series, self._scored_points(channels, context, len(series)))
        super()._score_all(X)
        self.p_values_ = np.where(self.scored_, self.p_values_, 1.0)


def _without(column: AnyArray, bad: BoolArray, moments: IntArray | None) -> AnyArray:
    """Return a column of numbers with its bad cells missing, or on straight lines between those before and after."""
    values = _numeric(column)
    if values is None:
        return column
    if moments is None:
        return np.where(bad, np.nan, values)
    good = np.flatnonzero(~bad)
    good = good[np.argsort(moments[good], kind="stable")]
    return np.where(bad, np.interp(moments, moments[good], values[good]), values)


def fingerprint(values: FloatArray) -> str:
    """Return a text that two series share only if all their values are the same."""
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return hashlib.sha256(f"{plain.shape}".encode() + plain.tobytes()).hexdigest()
