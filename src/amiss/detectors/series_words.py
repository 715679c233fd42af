"""Events of a series in words: where, which channel, what was seen and what was expected."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Cause, SeriesEvidence
from amiss.events import Event
from amiss.explanation import causes_of
from amiss.reading.timeline import Series


def event_label(event: Event, times: list[str] | None) -> str:
    """Return how a person finds an event: its points, or its moments where the series has times."""
    if event.start == event.end:
        return f"point {event.start}" if times is None else times[event.start]
    again = f", {event.runs} times" if event.runs > 1 else ""
    if times is None:
        return f"points {event.start} to {event.end}{again}"
    return f"{times[event.start]} to {times[event.end]}{again}"


def event_causes(
    event: Event, series: Series, evidence: SeriesEvidence, cells: FloatArray
) -> tuple[Cause, ...]:
    """Return the channels to blame, each with its most unusual value in the event."""
    inside = slice(event.start, event.end + 1)

    def tell(channel: int) -> tuple[str, str, str]:
        seen, low, high = (a[inside, channel] for a in (series.values, evidence.lower, evidence.upper))
        beyond = np.maximum(low / 2 - seen / 2, seen / 2 - high / 2)
        at = int(np.argmax(np.where(np.isnan(beyond), -np.inf, beyond)))
        value, span = _number(seen[at]), f"{_number(low[at])} to {_number(high[at])}"
        if np.isnan(seen).all():
            return "missing", "", "missing"
        if np.isnan(low[at]):
            return value, "", f"{value}, an unusual course"
        if beyond[at] <= 0:
            return value, span, f"{value}, an unusual course, each value within its band"
        return value, span, f"{value}, expected {span}"

    return causes_of(evidence.channels, cells[inside].sum(axis=0), tell)


def _number(value: float) -> str:
    whole = abs(value) >= 1000 and abs(value) < 1e15
    return f"{value:.0f}" if whole else f"{value:.4g}"


def not_scored(count: int) -> str:
    """Return what is told of so many points that are not scored."""
    return (
        f"{count:,} point{'s' * (count > 1)} not scored: no value, or too little data in the window around."
    )
