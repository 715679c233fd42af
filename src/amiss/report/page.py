"""What stands on a report: the worst first, cut to what a person reads, every text made legible."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from markupsafe import Markup

import amiss
from amiss.batch import FloatArray
from amiss.detection import (
    STOPPED,
    Anomaly,
    Cause,
    Detection,
    Evidence,
    ManySeriesEvidence,
    SeriesEvidence,
    StringEvidence,
    TableEvidence,
    times,
)
from amiss.large_detection import LargeDetection
from amiss.report.curves import curves
from amiss.report.histogram import Histogram, histogram
from amiss.report.overview import events_by_series, overview
from amiss.report.thinning import EVENTS
from amiss.text.legible import cell, chance, coloured, legible, level, number

# What a page holds at most, so that it stays small; it says what is left out.
_ANOMALIES, _ROWS, _COLUMNS, _LEARNT, _NOTES, _CAUSES = 100, 200, 40, 150, 20, 6
_NETWORKS, _LAYERS = 8, 60
_BYTES = 100_000
_LEARNT_KEYS = (
    *("period", "periods", "step", "timezone", "start", "end"),
    *("regex", "check_digit", "length", "items"),
)
_GRAVE = ("high", "critical")
_BLAMED = 0.1  # share of a row's surprise from which a cell counts as to blame
# How many characters of a text are shown.
_CELL, _NAME, _WORDS, _NOTE, _COMMAND = 60, 60, 200, 500, 2000
_ISO = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:00(?:\.0+)?)?(?![\d:.])(.*)$", re.DOTALL)

T = TypeVar("T")


def _within(items: Iterable[T], budget: int) -> Iterator[T]:
    """Yield items as long as their text, in bytes of UTF-8, stays within the budget; one at least."""
    spent = 0
    for count, item in enumerate(items):
        spent += _weight(item)
        if count and spent > budget:
            return
        yield item


def _weight(item: Any) -> int:
    """Return about how many bytes the parts of an item take on the page."""
    if isinstance(item, str):
        return len(item.encode("utf-8", "replace")) + 12
    if isinstance(item, dict):
        return sum(map(_weight, item.values()))
    return sum(map(_weight, item)) if isinstance(item, (list, tuple)) else 8


def relative_scores(detection: Detection) -> FloatArray:
    """Return the scores in multiples of the threshold."""
    return detection.scores / max(detection.threshold, np.finfo(float).tiny)


def page(detection: Detection, title: str | None, command: str | None) -> dict[str, Any]:
    """Return what every report says, whatever the kind of data."""
    relative = relative_scores(detection)
    return {
        "title": legible(title or {"table": "A table", "series": "A series"}.get(detection.kind, "A list")),
        "verdict": detection.verdict,
        "flagged": detection.unusual,
        "worst": times(_highest(detection, relative)),
        "facts": _facts(detection, relative),
        "notes": [legible(note, _NOTE) for note in detection.notes[:_NOTES]],
        "histogram": _histogram(detection, relative),
        "anomalies": list(_within(_anomalies(detection), _BYTES)),
        "total": len(detection),
        "learnt": _learnt(detection.learnt),
        "networks": [_network(one) for one in detection.learnt.get("networks", ())[:_NETWORKS]],
        "made": _made(detection),
        "command": legible(command, _COMMAND) if command else None,
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "version": amiss.__version__,
    }


def _highest(detection: Detection, relative: FloatArray) -> float:
    """Return the highest score of all, in multiples of the threshold."""
    if isinstance(detection, LargeDetection):
        return detection.whole.highest
    return float(relative.max(initial=0.0))


def _histogram(detection: Detection, relative: FloatArray) -> Histogram:
    """Return the distribution of all scores."""
    if not isinstance(detection, LargeDetection):
        return histogram(relative, detection.flags)
    scores, counts = detection.whole.representatives()
    return histogram(scores, scores > 1.0, counts)


def _facts(detection: Detection, relative: FloatArray) -> list[tuple[str, str]]:
    """Return what stands under the verdict: (what, how much)."""
    count, items = detection.unusual, detection.items
    many = detection.evidence if isinstance(detection.evidence, ManySeriesEvidence) else None
    unit = {"point": "Points", "row": "Rows", "string": "Strings"}.get(detection.unit, detection.unit)
    facts = [
        (unit, f"{items:,}"),
        ("Unusual", f"{count:,}" + (f" ({_percent(count / items)})" if count else "")),
        ("Expected by chance", detection.chance_words),
        ("Highest score", f"{times(_highest(detection, relative))} × the limit"),
    ]
    if detection.unit == "point":
        facts.insert(2, ("Events", f"{len(detection):,}"))
        facts[3] = ("Events expected by chance", detection.chance_words)
        facts += [("Kinds", kinds)] if (kinds := _kinds(detection)) else []
    if detection.scored is not None and not detection.scored.all():
        facts.insert(1, ("Not scored", f"{int((~detection.scored).sum()):,}"))
    if detection.failed:
        facts.insert(0, ("Not looked at", f"{len(detection.failed):,}"))
    if many is not None:
        facts.insert(0, ("Series", f"{len(many.series):,}"))
    return facts


def _kinds(detection: Detection) -> str:
    """Return how many events there are of each kind, empty where none has a kind: "3 spike, 1 level shift"."""
    counts = Counter(anomaly.kind for anomaly in detection if anomaly.kind)
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _anomalies(detection: Detection) -> Iterator[dict[str, Any]]:
    texts: dict[int, Markup] = {}
    if isinstance(detection.evidence, StringEvidence):
        texts = {
            int(s["place"]): s["text"] for s in itertools.islice(_strings(detection.evidence), _ANOMALIES)
        }
    charts, places = _charts(detection.evidence), _places_in_charts(detection)
    for rank, anomaly in enumerate(detection.anomalies[:_ANOMALIES], 1):
        clock = charts[anomaly.series].times if anomaly.series in charts else None
        label = anomaly.series if anomaly.series and clock else anomaly.label  # then `lasting` tells when
        yield {
            "rank": str(rank),
            "label": texts.get(anomaly.place) or legible(label, _NAME if clock else 2 * _NAME),
            "lasting": _lasting(anomaly, clock),
            "chart": places.get(id(anomaly)),
            "kind": legible(anomaly.told_kind, _NAME),
            "grave": anomaly.severity in _GRAVE,
            "score": times(anomaly.score),
            "p": chance(anomaly.p_value),
            "causes": [_cause(cause) for cause in anomaly.causes[:_CAUSES]],
        }


def _charts(evidence: Evidence) -> dict[str, SeriesEvidence]:
    """Return the series that the page draws in full, by name; one that is alone has none."""
    if isinstance(evidence, ManySeriesEvidence):
        return evidence.details
    return {"": evidence} if isinstance(evidence, SeriesEvidence) else {}


def _places_in_charts(detection: Detection) -> dict[int, tuple[int, int]]:
    """Return in which chart an event is drawn, and its place among the events there, by its identity."""
    numbers = {name: number for number, name in enumerate(_charts(detection.evidence))}
    return {
        id(anomaly): (numbers[name], place)
        for name, events in events_by_series(detection).items()
        if name in numbers
        for place, anomaly in enumerate(events[:EVENTS])
    }


def _lasting(anomaly: Anomaly, clock: list[str] | None) -> Markup | str:
    """Return how long an event lasts, empty for a row or a string."""
    if anomaly.start is None or anomaly.end is None:
        return ""
    points = anomaly.end - anomaly.start + 1
    if points == 1:
        return "1 point"
    if clock is None:
        return f"{points:,} points, {anomaly.start:,} to {anomaly.end:,}"
    first, last = legible(_moment(clock[anomaly.start]), _NAME), legible(_moment(clock[anomaly.end]), _NAME)
    if anomaly.kind == STOPPED:  # from the last point before it to the first behind
        return Markup("{} to {}").format(first, last)
    return Markup("{:,} points, {} to {}").format(points, first, last)


def _moment(text: str) -> str:
    """Return a time as a person writes it: "2026-03-01T14:05:00" is "2026-03-01 14:05"."""
    return _ISO.sub(r"\1 \2\4", text)


def _cause(cause: Cause) -> dict[str, Any]:
    """Return a cause for the table of causes; what its reason says beside seen and expected comes along."""
    reason = cause.reason
    for start in (cause.seen, f'"{cause.seen}"'):
        if cause.seen and reason.startswith(start):
            reason = reason[len(start) :].lstrip(", ")
            break
    plain = reason.startswith("expected ") or not reason
    expected = reason.removeprefix("expected ") or cause.expected
    return {
        "cell": legible(cause.cell, _NAME),
        "seen": cell(cause.seen, _CELL),
        "expected": legible(expected, _WORDS),
        "plain": plain and bool(expected),
        "share": round(100 * min(max(cause.share, 0.0), 1.0)),
    }


def evidence_shown(detection: Detection) -> dict[str, Any]:
    """Return what the page shows beside the verdicts: cells, events or characters."""
    evidence = detection.evidence
    if isinstance(evidence, TableEvidence):
        return _table(evidence, {a.place: a for a in detection}, max(len(detection), len(evidence.cells)))
    if isinstance(evidence, StringEvidence):
        strings = list(_within(_strings(evidence), _BYTES))
        return {"strings": strings, "left_out": max(len(detection), len(evidence.texts)) - len(strings)}
    if isinstance(evidence, ManySeriesEvidence):
        return overview(detection, evidence)
    shown = min(len(detection), EVENTS)
    return {"channels": len(evidence.channels), "events": shown, "left_out": len(detection) - shown}


def _table(evidence: TableEvidence, anomalies: dict[int, Anomaly], total: int) -> dict[str, Any]:
    """Return the flagged rows, the worst first; of many columns those that surprise most, in their order."""
    surprise = evidence.surprise[:_ROWS]
    most = np.argsort(-surprise.max(axis=0, initial=0.0), kind="stable")[:_COLUMNS]
    columns = [int(c) for c in np.sort(most)]

    def row(at: int) -> dict[str, Any]:
        place = int(evidence.places[at])
        anomaly = anomalies.get(place)
        blamed = {c.cell for c in anomaly.causes if c.share >= _BLAMED} if anomaly else set()
        cells = [
            (cell(evidence.cells[at][c], _CELL), level(float(surprise[at, c])), evidence.columns[c] in blamed)
            for c in columns
        ]
        return {"label": legible(anomaly.label if anomaly else f"row {place}", _NAME), "cells": cells}

    rows = list(_within(map(row, range(len(surprise))), _BYTES))
    return {
        "columns": [legible(evidence.columns[c], _NAME) for c in columns],
        "rows": rows,
        "rows_left_out": total - len(rows),
        "columns_left_out": len(evidence.columns) - len(columns),
    }


def _strings(evidence: StringEvidence) -> Iterator[dict[str, Any]]:
    for place, text, surprise in zip(evidence.places, evidence.texts, evidence.surprise, strict=True):
        yield {"place": int(place), "text": coloured(text, surprise)}


def _learnt(learnt: dict[str, Any]) -> dict[str, Any]:
    """Return what was learnt, with lists cut to what a person reads."""
    shown = {**dict.fromkeys(_LEARNT_KEYS), **learnt}
    for key in ("columns", "patterns", "channels"):
        items = list(learnt.get(key) or [])
        shown[key] = list(_within(items[:_LEARNT], _BYTES // 2))
        shown[f"{key}_left_out"] = len(items) - len(shown[key])
    for key in ("start", "end"):
        shown[key] = None if learnt.get(key) is None else _moment(str(learnt[key]))
    return shown


def _network(network: dict[str, Any]) -> dict[str, Any]:
    """Return what there is to tell of a trained network, with its curves."""
    layers = network["layers"]
    return {
        "name": legible(network["name"], _NAME),
        "weights": network["weights"],
        "outcome": network["outcome"],
        "layers": layers[:_LAYERS],
        "layers_left_out": max(0, len(layers) - _LAYERS),
        "curves": curves(network),
    }


def _made(detection: Detection) -> list[tuple[str, Markup]]:
    """Return how the report was made: (what, value)."""
    learnt = detection.learnt
    rule, items = learnt.get("threshold", {}), learnt.get("items")
    made = [
        ("Kind", detection.kind),
        ("Models", ", ".join(map(str, learnt.get("models", ())))),
        (
            "Threshold",
            f"{rule['rule']}, at a score of {number(detection.threshold)}" if "rule" in rule else "",
        ),
        ("Training data", learnt.get("training_data", "")),
        ("Random state", "" if learnt.get("random_state") is None else learnt["random_state"]),
        ("Learnt from", learnt.get("sample") or (f"{items:,} items" if isinstance(items, int) else "")),
    ]
    return [(what, legible(value, _WORDS)) for what, value in made if str(value)]
