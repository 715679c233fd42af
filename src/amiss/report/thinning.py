"""Fewer points, the same picture: what a chart of a long series needs, packed for a page.

A stretch that is one pixel wide needs only its smallest and its largest point. About the events every
point is kept, so that zooming in shows what was measured.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detection import STOPPED, Anomaly, SeriesEvidence

POINTS = 14_000
"""Points a page holds, over all channels."""
CHANNELS = 8
"""Channels a page draws."""
EVENTS = 1000
"""Events a page shades."""
BLAMED = 0.1
"""Share of an event's surprise from which a channel counts as to blame."""
_OVERVIEW = 800
_NAME, _NAMES = 61, 20
_FLOAT16_MAX = 60_000.0


@dataclass(frozen=True)
class Thinned:
    """The points of one channel that are drawn.

    Attributes
    ----------
    index : ndarray of shape (drawn,)
        Positions in the series, never falling: behind a hole in time the first stands twice.
    blank : ndarray of shape (drawn,), bool
        Where the line is broken: at the first of those two.
    lower, upper : ndarray of shape (drawn,)
        The expected band, as wide as anywhere in the stretch that a point stands for; raw units.
    """

    index: IntArray
    blank: BoolArray
    lower: FloatArray
    upper: FloatArray

    def of(self, values: FloatArray) -> FloatArray:
        """Return the values of the points that are drawn, NaN where the line is broken."""
        return np.where(self.blank, np.nan, values[self.index])


def thin(
    values: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    keep: BoolArray,
    stretches: int,
    holes: Sequence[int] = (),
) -> Thinned:
    """Return the points to draw: all at ``keep``, and the smallest and largest of each stretch.

    Parameters
    ----------
    values, lower, upper : ndarray of shape (points,)
        Raw units; NaN where missing.
    keep : ndarray of shape (points,), bool
        Points to draw in any case.
    stretches : int
        How many stretches of equal length the series is cut into.
    holes : sequence of int
        The points behind a hole in time.
    """
    n = len(values)
    if 2 * stretches >= n:
        return _broken(np.arange(n), lower, upper, holes)
    length = -(-n // stretches)
    starts = np.arange(0, n, length)
    least = _pick(np.where(np.isnan(values), np.inf, values), length, np.argmin)
    most = _pick(np.where(np.isnan(values), -np.inf, values), length, np.argmax)
    ends = np.minimum(starts + length, n) - 1
    gaps = np.flatnonzero(np.isnan(values) & ~np.isnan(np.roll(values, 1)))[:stretches]
    index = np.unique(np.concatenate([[0, n - 1], least, np.minimum(most, ends), gaps, np.flatnonzero(keep)]))
    low = np.fmin.reduceat(lower, starts)[index // length]
    high = np.fmax.reduceat(upper, starts)[index // length]
    whole = keep[index]
    return _broken(index, np.where(whole, lower[index], low), np.where(whole, upper[index], high), holes)


def _broken(index: IntArray, lower: FloatArray, upper: FloatArray, holes: Sequence[int]) -> Thinned:
    at = np.unique(np.searchsorted(index, np.asarray(holes, np.int64)))
    blank = np.insert(np.zeros(len(index), bool), at, True)
    low, high = (np.insert(edge, at, np.nan) for edge in (lower, upper))
    return Thinned(np.insert(index, at, index[at]), blank, low, high)


def holes_of(anomalies: tuple[Anomaly, ...]) -> list[int]:
    """Return the points behind the holes in time that are events."""
    stopped = (anomaly for anomaly in anomalies if anomaly.kind == STOPPED)
    return [end for start, end in map(span, stopped) if end == start + 1]


def _pick(values: FloatArray, length: int, choose: Any) -> IntArray:
    """Return the position that ``choose`` picks in each stretch (the last one padded with its last value)."""
    padded = np.pad(values, (0, -len(values) % length), mode="edge").reshape(-1, length)
    picked = choose(padded, axis=1) + np.arange(len(padded)) * length
    return np.asarray(np.minimum(picked, len(values) - 1))


def chart_data(
    evidence: SeriesEvidence, anomalies: tuple[Anomaly, ...], scores: FloatArray, points: int = POINTS
) -> dict[str, Any]:
    """Return what the chart on the page draws, ready for JSON.

    Parameters
    ----------
    evidence : SeriesEvidence
    anomalies : tuple of Anomaly
        The events, the worst first.
    scores : ndarray of shape (points,)
        Multiples of the threshold.
    points : int
        So many are drawn at most, over all channels.
    """
    n = len(scores)
    order = most_to_blame(evidence, anomalies)
    shown = order[:CHANNELS]
    clock = clock_of(evidence.times)
    budget = points // max(len(shown), 1) // (1 if clock is None or clock.steady else 2)
    keep = _about_events(anomalies, n, budget // 2)
    stretches = n if n <= budget else max((budget - int(keep.sum())) // 2, 100)
    names = [evidence.channels[c] for c in shown]
    return {
        "points": n,
        "stretch": max(1, -(-n // stretches)) if 2 * stretches < n else 1,
        "clock": clock.words() if clock else None,
        "channels": [_channel(evidence, c, keep, stretches, clock, holes_of(anomalies)) for c in shown],
        "undrawn": [evidence.channels[c][:_NAME] for c in order[CHANNELS:][:_NAMES]],
        "undrawn_count": max(0, len(order) - CHANNELS),
        "events": [_event(anomaly, names, clock) for anomaly in anomalies[:EVENTS]],
        "overview": _overview(scores, clock),
    }


def span(anomaly: Anomaly) -> tuple[int, int]:
    """Return the first and last point of an event, both inclusive."""
    start = anomaly.place if anomaly.start is None else anomaly.start
    return start, start if anomaly.end is None else anomaly.end


def _event(anomaly: Anomaly, shown: list[str], clock: Clock | None) -> list[Any]:
    """Return from when to when, from where to where, which of the channels shown are to blame, and the kind."""
    start, end = span(anomaly)
    blamed = {cause.cell for cause in anomaly.causes if cause.share >= BLAMED}
    return [
        _at(start, clock),
        _at(end, clock),
        start,
        end,
        [i for i, name in enumerate(shown) if name in blamed],
        anomaly.kind,
    ]


def most_to_blame(evidence: SeriesEvidence, anomalies: tuple[Anomaly, ...]) -> list[int]:
    """Return the positions of the channels, those most to blame first."""
    blame = dict.fromkeys(evidence.channels, 0.0)
    for anomaly in anomalies:
        for cause in anomaly.causes:
            if cause.cell in blame:
                blame[cause.cell] += cause.share * float(np.log1p(anomaly.score))
    return sorted(range(len(evidence.channels)), key=lambda c: (-blame[evidence.channels[c]], c))


def _about_events(anomalies: tuple[Anomaly, ...], n: int, budget: int) -> BoolArray:
    """Return the points of the events and about them, the worst first, as far as the budget goes."""
    keep = np.zeros(n, bool)
    left = budget
    for anomaly in anomalies:
        start, end = span(anomaly)
        about = min(max(30, 2 * (end - start + 1)), 300)
        stretch = slice(max(0, start - about), end + about + 1)
        cost = int((~keep[stretch]).sum())
        if cost <= left:
            keep[stretch] = True
            left -= cost
    return keep


def _channel(
    evidence: SeriesEvidence,
    channel: int,
    keep: BoolArray,
    stretches: int,
    clock: Clock | None,
    holes: Sequence[int],
) -> dict[str, Any]:
    values, lower, upper, expected = (
        np.where(np.isfinite(column), column, np.nan)
        for column in (
            a[:, channel] for a in (evidence.values, evidence.lower, evidence.upper, evidence.expected)
        )
    )
    drawn = thin(values, lower, upper, keep, stretches, holes)
    known = values[np.isfinite(values)]
    centre = float(np.median(known)) if len(known) else 0.0
    about = [drawn.lower - centre, drawn.upper - centre, drawn.of(expected) - centre]
    largest = max((float(np.nanmax(np.abs(a))) for a in about if not np.isnan(a).all()), default=0.0)
    scale = largest / _FLOAT16_MAX or 1.0
    steps = np.diff(drawn.index, prepend=0)
    wide = bool(steps.max(initial=0) > np.iinfo(np.uint16).max)
    packed = {
        "name": evidence.channels[channel][:_NAME],
        "index": _pack(steps, np.uint32 if wide else np.uint16),
        "wide": wide,
        "values": _pack(np.clip(drawn.of(values), -3e38, 3e38), np.float32),
        "centre": centre,
        "scale": scale,
        "band": [_pack(a / scale, np.float16) for a in about],
        "missing": int(np.isnan(values).sum()),
    }
    if clock and not clock.steady:
        packed["times"] = _pack(clock.seconds[drawn.index], np.float64)
    return packed


def _pack(values: AnyArray, kind: Any) -> str:
    """Return an array as base64 of its little-endian bytes."""
    return base64.b64encode(values.astype(np.dtype(kind).newbyteorder("<")).tobytes()).decode("ascii")


def _overview(scores: FloatArray, clock: Clock | None) -> dict[str, Any]:
    n = len(scores)
    starts = np.arange(0, n, max(1, -(-n // _OVERVIEW)))
    highest = np.maximum.reduceat(scores, starts)
    return {
        "x": [_at(int(s), clock) for s in (*starts, n - 1)],
        "score": [float(f"{s:.3g}") for s in highest],
    }


@dataclass(frozen=True)
class Clock:
    """Seconds since 1970 of each point, and from when on the clock stood how many seconds from UTC."""

    seconds: FloatArray
    offsets: list[tuple[float, float]]

    @property
    def steady(self) -> bool:
        """Whether the points lie a constant step apart."""
        steps = np.diff(self.seconds)
        return len(steps) == 0 or bool(np.ptp(steps) <= 1e-6 * abs(steps[0]))

    def words(self) -> dict[str, Any]:
        steps = np.diff(self.seconds)
        step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
        steady = (float(self.seconds[-1]) - float(self.seconds[0])) / max(len(self.seconds) - 1, 1)
        return {
            "start": float(self.seconds[0]),
            "step": steady if self.steady else step,
            "offsets": self.offsets,
        }


def _at(position: int, clock: Clock | None) -> float:
    return position if clock is None else round(float(clock.seconds[position]), 3)


def clock_of(times: list[str] | None) -> Clock | None:
    """Return the clock of the series; None where times are not given, not read or go back."""
    if not times:
        return None
    try:
        seconds, offset = _naive(times) if _is_naive(times[0]) else _aware(times)
    except (ValueError, TypeError, OverflowError):
        return None
    if not np.isfinite(seconds).all() or (np.diff(seconds) < 0).any():
        return None
    changes = np.flatnonzero(np.diff(offset, prepend=np.nan) != 0)
    return Clock(seconds, [(float(seconds[i]), float(offset[i])) for i in changes])


def _is_naive(text: str) -> bool:
    """Return whether a time has no offset; one shorter than a day ("1950-01") has none."""
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return True


def _naive(times: list[str]) -> tuple[FloatArray, FloatArray]:
    moments = np.array(times, dtype="datetime64[us]")
    seconds = np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    return seconds, np.zeros(len(times))


def _aware(times: list[str]) -> tuple[FloatArray, FloatArray]:
    moments = [datetime.fromisoformat(text) for text in times]
    offset = [moment.utcoffset() for moment in moments]
    seconds = np.array([moment.timestamp() for moment in moments])
    return seconds, np.array([o.total_seconds() if o else 0.0 for o in offset])
