"""One of many series at a glance: what a report shows of each, however long it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Detection
from amiss.series_evidence import SeriesEvidence, SeriesOverview

STRETCHES = 240
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
    seconds = _seconds(evidence.times, [*starts.tolist(), count - 1])
    times = np.array([*starts, count - 1], np.float64) if seconds is None else seconds
    course = evidence.values[:, _most_to_blame(evidence, detection.anomalies)]
    spans = [
        (a.start, a.end) for a in detection.anomalies[:_MARKS] if a.start is not None and a.end is not None
    ]
    places = [place for span in spans for place in span]
    marks = np.array(places, np.float64) if seconds is None else _seconds(evidence.times, places)
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


def _most_to_blame(evidence: SeriesEvidence, anomalies: Sequence[Anomaly]) -> int:
    blame = dict.fromkeys(evidence.channels, 0.0)
    for anomaly in anomalies:
        for cause in anomaly.causes:
            if cause.cell in blame:
                blame[cause.cell] += cause.share * float(np.log1p(anomaly.score))
    return max(range(len(evidence.channels)), key=lambda c: (blame[evidence.channels[c]], -c))


def _seconds(times: Sequence[str] | None, places: Sequence[int]) -> FloatArray | None:
    """Return seconds since 1970 at some places; None where there are no times or they do not read as such."""
    if times is None:
        return None
    try:
        texts = [times[place] for place in places]
        try:
            moments = [datetime.fromisoformat(text) for text in texts]
        except ValueError:  # a month
            return np.array(texts, "datetime64[us]").astype(np.int64) / 1e6
        return np.array([(m if m.tzinfo else m.replace(tzinfo=UTC)).timestamp() for m in moments])
    except (ValueError, OverflowError):
        return None
