"""Series of which nothing comes any more while others go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amiss.detectors.many_fitted import ManyFitted
from amiss.detectors.series_overview import seconds_of

_NAMED = 5


def silent_series(many: ManyFitted, ends: Mapping[str, str]) -> dict[str, str]:
    """Return of which series nothing came for longer than their gaps usually are, and since when.

    The newest time of all series is the clock; series without times have none.

    Parameters
    ----------
    many : ManyFitted
        What was learnt of each series.
    ends : mapping of str to str
        The newest time of each series in the data, by its identity. Of others the newest that is known counts.
    """
    known: list[tuple[str, str, float, float]] = []
    for identity, name, learnt in zip(many.identities, many.names, many.learnt, strict=False):
        end = ends.get(identity) or learnt.get("newest") or learnt.get("end")
        seconds = None if end is None else seconds_of([end], [0])
        if end is not None and seconds is not None and learnt.get("patience") is not None:
            known.append((name, end, float(seconds[0]), float(learnt["patience"])))
    newest = max((moment for _, _, moment, _ in known), default=0.0)
    return {name: end for name, end, moment, patience in known if newest - moment > patience}


def told_silent(silent: Mapping[str, str], count: int) -> list[str]:
    """Return the note on series that are silent, of ``count`` in all; none where none is.

    Examples
    --------
    >>> told_silent({"host web7": "2026-03-01T12:00"}, 40)
    ['The data stopped, while others go on, of 1 of 40 series: host web7 (no data since 2026-03-01T12:00).']
    """
    if not silent:
        return []
    named = [f"{name} (no data since {end})" for name, end in list(silent.items())[:_NAMED]]
    more = len(silent) - len(named)
    told = ", ".join(named) + (f" and {more:,} more" if more else "")
    return [f"The data stopped, while others go on, of {len(silent):,} of {count:,} series: {told}."]


def patience_of(detector: Any) -> float | None:
    """Return for how many seconds a fitted detector waits for data as usual; None where it knows no clock."""
    timeline, gaps = detector.timeline_, detector.usual_gaps_
    if not timeline.timed or timeline.counted or gaps is None:
        return None
    return float((gaps.limits[0] + 1) * timeline.step)
