"""Many series on one page: a line each with its course, its events and when it was hot; all of them as one map."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Detection, ManySeriesEvidence, times
from amiss.report.thinning import EVENTS, chart_data
from amiss.series_evidence import SeriesOverview, Together
from amiss.text.legible import legible, number

_SERIES = 1_500  # that are listed
_WIDTH, _TOP, _BOTTOM, _STRIP = 600, 3, 27, 30  # of a line, in units of its drawing
_DRAWN = 30_000  # points of all courses
_MAP = 160  # stretches of time in the map
_POINTS, _FEWEST_POINTS = 64_000, 1_200  # of the charts in full
_NAME, _SENTENCE = 80, 240
_INCIDENTS, _NAMED = 12, 8
_HOT = (1.0, 1.5, 2.5, 5.0)  # multiples of the limit from which a stretch is drawn hotter
_NOTHING, _QUIET = ".", "0"
_TICKS = 7
_STEPS = (60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Axis:
    """The time that all lines share: from when to when, in seconds or positions."""

    first: float
    last: float
    timed: bool

    @classmethod
    def of(cls, series: tuple[SeriesOverview, ...]) -> Axis:
        """Return the axis from the first to the last moment of all."""
        seen = [one for one in series if len(one.scores)]
        timed = bool(seen) and all(one.timed for one in seen)
        first = min((float(one.times[0]) for one in seen), default=0.0)
        last = max((float(one.times[-1]) for one in seen), default=1.0)
        return cls(first, last if last > first else first + 1.0, timed)

    def at(self, moments: FloatArray) -> FloatArray:
        """Return where moments stand, 0 to 1."""
        return np.clip((np.asarray(moments, np.float64) - self.first) / (self.last - self.first), 0.0, 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        """Return about half a dozen places on the axis, 0 to 1, and what stands there."""
        if not self.timed:
            step = _round(self.last - self.first)
            marks = np.arange(np.ceil(self.first / step) * step, self.last, step)
            return [(float(self.at(mark)), f"{mark:,.0f}") for mark in marks]
        return [
            (float(self.at(np.array(second))), label) for second, label in _clock_ticks(self.first, self.last)
        ]


def _round(span: float) -> float:
    unit = 10.0 ** np.floor(np.log10(max(span, 1.0)))
    steps = (unit * share for share in (0.1, 0.2, 0.5, 1.0, 2.0))
    return float(max(1.0, next(step for step in steps if span / step <= _TICKS)))


def _clock_ticks(first: float, last: float) -> list[tuple[float, str]]:
    span = last - first
    for step in _STEPS:
        if span / step <= _TICKS:
            marks = np.arange(np.ceil(first / step) * step, last, step).tolist()
            return [(mark, _label(mark, step)) for mark in marks]
    years = datetime.fromtimestamp(first, UTC).year, datetime.fromtimestamp(last, UTC).year
    months = next((m for m in _MONTHS if span / (m * 30.4 * 86_400) <= _TICKS), _MONTHS[-1])
    every = [
        datetime(year, month, 1, tzinfo=UTC)
        for year in range(years[0], years[1] + 1)
        for month in range(1, 13)
    ]
    chosen = [
        m for m in every if (m.year * 12 + m.month - 1) % months == 0 and first <= m.timestamp() <= last
    ]
    return [(m.timestamp(), m.strftime("%Y" if m.month == 1 or months >= 12 else "%b")) for m in chosen]


def _label(moment: float, step: int) -> str:
    on = datetime.fromtimestamp(moment, UTC)
    return f"{on.day} {on:%b}" if step >= 86_400 or on.hour == on.minute == 0 else f"{on:%H:%M}"


def overview(detection: Detection, evidence: ManySeriesEvidence) -> dict[str, Any]:
    """Return what the page lists of many series: one line each, the worst first.

    Parameters
    ----------
    detection : Detection
    evidence : ManySeriesEvidence
        Its evidence.
    """
    axis = Axis.of(evidence.series)
    shown = {name: place for place, name in enumerate(evidence.details)}
    order = sorted(evidence.series, key=lambda one: (bool(one.failed), -one.worst))
    places = {one.name: place for place, one in enumerate(evidence.series)}
    buckets = int(np.clip(_DRAWN // max(1, len(order)), 24, 120))
    return {
        "series": [
            _line(one, places[one.name], shown.get(one.name), axis, buckets) for one in order[:_SERIES]
        ],
        "left_out": max(0, len(order) - _SERIES),
        "count": len(order),
        "failed": sum(bool(one.failed) for one in order),
        "ticks": [(round(_WIDTH * place, 1), label) for place, label in axis.ticks()],
        "details": [legible(name, _NAME) for name in evidence.details],
        "together": [_together(one) for one in evidence.together[:_INCIDENTS]],
    }


def _together(one: Together) -> dict[str, Any]:
    more = f" and {len(one.series) - _NAMED:,} more" if len(one.series) > _NAMED else ""
    names = ", ".join(one.series[:_NAMED]) + more
    return {
        "when": one.label,
        "count": len(one.series),
        "severity": one.severity,
        "who": legible(names, 2 * _SENTENCE),
    }


def _line(one: SeriesOverview, place: int, detail: int | None, axis: Axis, buckets: int) -> dict[str, Any]:
    line = {
        "name": legible(one.name, _NAME),
        "place": place,
        "detail": detail,
        "failed": legible(one.failed, _SENTENCE) if one.failed else "",
        "worst": times(one.worst),
        "score": float(f"{one.worst:.9g}"),
        "events": one.events,
        "unusual": one.unusual,
        "points": one.points,
    }
    if one.failed:
        return line
    low, high = np.nanmin(one.low, initial=np.inf), np.nanmax(one.high, initial=-np.inf)
    return {
        **line,
        "path": _path(one, axis, buckets),
        "marks": [_span(start, end, axis) for start, end in one.marks.tolist()],
        "hot": _hot(one, axis),
        "range": f"{number(float(low))} to {number(float(high))}" if low <= high else "no values",
    }


def _span(start: float, end: float, axis: Axis) -> tuple[float, float]:
    """Return where an event begins and how wide it is, wide enough to be seen."""
    left, right = _WIDTH * axis.at(np.array([start, end]))
    return round(float(left), 1), round(max(float(right - left), 2.5), 1)


def _path(one: SeriesOverview, axis: Axis, buckets: int) -> str:
    """Return the course as the path of an SVG: from the smallest to the largest value of each stretch and back."""
    length = -(-len(one.low) // buckets)
    starts = np.arange(0, len(one.low), length)
    low, high = np.fmin.reduceat(one.low, starts), np.fmax.reduceat(one.high, starts)
    left = one.times[:-1][starts]
    right = np.append(left[1:], one.times[-1])
    first, second = (_WIDTH * axis.at(left + share * (right - left)) for share in (0.25, 0.75))
    finite = np.isfinite(low) & np.isfinite(high)
    if not finite.any():
        return ""
    least, most = float(low[finite].min()), float(high[finite].max())
    room = (most / 2 - least / 2) or 0.5  # halves: the difference of two large values overflows
    heights = [_BOTTOM - (_BOTTOM - _TOP) * ((ends / 2 - least / 2) / room) for ends in (low, high)]
    parts, before = [], None
    for at in range(len(starts)):
        if not finite[at]:
            before = None
            continue
        ends = [float(heights[0][at]), float(heights[1][at])]
        if before is not None and abs(ends[1] - before) < abs(ends[0] - before):
            ends.reverse()  # the nearer one first: as the course most likely went
        parts.append(
            f"{'M' if before is None else 'L'}{first[at]:.0f} {ends[0]:.0f}L{second[at]:.0f} {ends[1]:.0f}"
        )
        before = ends[1]
    return "".join(parts)


def _hot(one: SeriesOverview, axis: Axis) -> list[tuple[float, float, int]]:
    """Return the stretches beyond the limit: where, how wide and how hot, 1 to 4; neighbours of one heat are one."""
    levels = np.searchsorted(_HOT, one.scores, side="left")
    edges = _WIDTH * axis.at(one.times)
    found: list[tuple[float, float, int]] = []
    for level, left, right in zip(levels.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if level and found and found[-1][2] == level and abs(sum(found[-1][:2]) - left) < 0.6:
            found[-1] = (found[-1][0], right - found[-1][0], level)
        elif level:
            found.append((left, right - left, level))
    return [(round(left, 1), round(max(width, 1.5), 1), level) for left, width, level in found]


def overview_data(detection: Detection, evidence: ManySeriesEvidence) -> dict[str, Any]:
    """Return what the scripts of the page draw: the map of all series, and the worst in full.

    Parameters
    ----------
    detection : Detection
    evidence : ManySeriesEvidence
        Its evidence.
    """
    axis = Axis.of(evidence.series)
    of_series = events_by_series(detection)
    each = max(_FEWEST_POINTS, _POINTS // max(1, len(evidence.details)))
    charts = [
        chart_data(one, tuple(of_series[name])[:EVENTS], evidence.scores[name], each)
        for name, one in evidence.details.items()
    ]
    return {
        "map": [_row(one, axis) for one in evidence.series[:_SERIES]],
        "span": [axis.first, axis.last, axis.timed],
        "charts": charts,
    }


def _row(one: SeriesOverview, axis: Axis) -> str:
    """Return how hot a series was in each stretch of the map: a digit each, a dot where there is no data."""
    row = np.full(_MAP, -1)
    if len(one.scores):
        edges = _MAP * axis.at(one.times)
        levels = np.searchsorted(_HOT, one.scores, side="left")
        for level, left, right in zip(levels, np.floor(edges[:-1]), np.ceil(edges[1:]), strict=True):
            inside = slice(int(left), max(int(right), int(left) + 1))
            row[inside] = np.maximum(row[inside], level)
    return "".join(_NOTHING if level < 0 else str(level) for level in row.tolist())


def events_by_series(detection: Detection) -> dict[str, list[Anomaly]]:
    """Return the events of each series, the worst first."""
    found: dict[str, list[Anomaly]] = defaultdict(list)
    for anomaly in detection:
        found[anomaly.series].append(anomaly)
    return found
