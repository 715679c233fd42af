"""One of many series at a glance: what a report shows of each, however long it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Detection
from amiss.events import SEVERITIES
from amiss.incidents import Spell, incidents
from amiss.series_evidence import SeriesEvidence, SeriesOverview, Together

STRETCHES = 240
_FARTHEST = 6e10  # seconds: about the year 3870, within what all calendars of programs know
_MARKS = 60  # events that are drawn


def overview_of(name: str, detection: Detection, relative: FloatArray) -> SeriesOverview:
    """Return a series at a glance.

    Parameters
    ----------
    name : str
    detection : Detection
        What is amiss in it.
    relative : ndarray of shape (points,)
        Its scores in order of time, in multiples of the threshold.
    """
    evidence = detection.evidence
    if not isinstance(evidence, SeriesEvidence):
        raise TypeError(f"{type(evidence).__name__} is no evidence of a series.")
    count = len(evidence.values)
    starts = np.arange(0, count, max(1, -(-count // STRETCHES)))
    seconds = seconds_of(evidence.times, [*starts.tolist(), count - 1])
    times = np.array([*starts, count - 1], np.float64) if seconds is None else seconds
    course = evidence.values[:, _most_to_blame(evidence, detection.anomalies)]
    spans = [
        (a.start, a.end) for a in detection.anomalies[:_MARKS] if a.start is not None and a.end is not None
    ]
    places = [place for span in spans for place in span]
    marks = np.array(places, np.float64) if seconds is None else seconds_of(evidence.times, places)
    return SeriesOverview(
        name=name,
        points=count,
        unusual=detection.unusual,
        events=len(detection),
        worst=float(relative.max(initial=0.0)),
        times=times,
        timed=seconds is not None,
        low=np.fmin.reduceat(course, starts),
        high=np.fmax.reduceat(course, starts),
        scores=np.maximum.reduceat(relative, starts),
        marks=np.zeros((0, 2)) if marks is None else marks.reshape(-1, 2),
    )


def failed_overview(name: str, points: int, failed: str) -> SeriesOverview:
    """Return what there is to show of a series that could not be looked at."""
    none = np.zeros(0)
    return SeriesOverview(
        name, points, 0, 0, 0.0, np.zeros(1), False, none, none, none, np.zeros((0, 2)), failed
    )


def together(
    series: Sequence[SeriesOverview], events: Mapping[str, Sequence[Anomaly]], window: int
) -> tuple[Together, ...]:
    """Return which series broke together: events that began within half a window of each other.

    Parameters
    ----------
    series : sequence of SeriesOverview
    events : mapping of str to sequence of Anomaly
        The events of each series by name, the worst first.
    window : int
        Points in a window.
    """
    seen = [one for one in series if one.points > 1 and not one.failed]
    if len(seen) < 2 or len({one.timed for one in seen}) > 1:
        return ()
    first, last = min(float(one.times[0]) for one in seen), max(float(one.times[-1]) for one in seen)
    step = float(np.median([(one.times[-1] - one.times[0]) / (one.points - 1) for one in seen]))
    if not step > 0:
        return ()
    spells = {
        one.name: [
            Spell(start, end, event.severity or SEVERITIES[0])
            for (start, end), event in zip(one.marks.tolist(), events.get(one.name, ()), strict=False)
        ]
        for one in seen
    }
    found = incidents(spells, last - first + step, step * window / 2, resolution=step)
    return tuple(
        Together(_label(one.start, one.end, seen[0].timed), one.series, one.severity, one.p_value)
        for one in found
    )


def _label(start: float, end: float, timed: bool) -> str:
    if not timed:
        return f"points {start:.0f} to {end:.0f}" if end > start else f"point {start:.0f}"
    first, last = (datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M") for second in (start, end))
    return f"{first} to {last}" if last != first else first


def _most_to_blame(evidence: SeriesEvidence, anomalies: Sequence[Anomaly]) -> int:
    blame = dict.fromkeys(evidence.channels, 0.0)
    for anomaly in anomalies:
        for cause in anomaly.causes:
            if cause.cell in blame:
                blame[cause.cell] += cause.share * float(np.log1p(anomaly.score))
    return max(range(len(evidence.channels)), key=lambda c: (blame[evidence.channels[c]], -c))


def seconds_of(times: Sequence[str] | None, places: Sequence[int]) -> FloatArray | None:
    """Return the clock at some places, seconds since 1970 as if it were UTC; None where times do not read as such."""
    if times is None:
        return None
    try:
        texts = [times[place] for place in places]
        try:
            moments = [datetime.fromisoformat(text) for text in texts]
        except ValueError:  # a month
            seconds = np.array(texts, "datetime64[us]").astype(np.int64) / 1e6
            return seconds if np.abs(seconds).max(initial=0.0) < _FARTHEST else None
        return np.array([moment.replace(tzinfo=UTC).timestamp() for moment in moments])
    except (ValueError, OverflowError):
        return None
