"""The answers on many series put together: rows in their order, anomalies by how bad they are, the worst in full."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.detection import Anomaly, Detection
from amiss.detectors.many_fitted import ManyFitted
from amiss.detectors.series_overview import failed_overview, together
from amiss.reading.by_key import MISSING, ByKey
from amiss.series_evidence import ManySeriesEvidence, SeriesEvidence, SeriesOverview

DETAILS = 40
"""Series that are kept in full for a report: the worst."""
_DETAIL_CELLS = 3_000_000  # and at most so many values of them
_NOTES, _EXAMPLES = 12, 3
_NUMBER = re.compile(r"\d[\d.,]*")


class Gathered:
    """What the detectors of many series answer, put together.

    Parameters
    ----------
    parts : ByKey
        The series and their rows.
    """

    scores: FloatArray
    p_values: FloatArray
    flags: BoolArray
    scored: BoolArray

    def __init__(self, parts: ByKey) -> None:
        self.parts = parts
        self.scores, self.p_values = np.zeros(parts.rows), np.ones(parts.rows)
        self.flags, self.scored = np.zeros(parts.rows, bool), np.zeros(parts.rows, bool)
        self.rows: Collection[int] | None = None
        self.failed: dict[str, str] = {}
        self.ends: dict[str, str] = {}
        self._windows: list[int] = []
        self.order = parts.order.copy()
        self._anomalies: list[tuple[int, Anomaly]] = []
        self._overviews: dict[int, SeriesOverview] = {}
        self._details: dict[int, tuple[SeriesEvidence, FloatArray]] = {}
        self._notes: dict[str, tuple[str, list[int]]] = {}
        self._by_chance = self._points = 0.0

    def take(self, at: int, answer: dict[str, Any]) -> None:
        """Take the answer on the series at a place."""
        rows, name = self.parts.places(at), self.parts.keys[at].name
        if "failed" in answer:
            self.failed[name] = answer["failed"]
            self._overviews[at] = failed_overview(name, len(rows), answer["failed"])
            return
        if answer.get("end") is not None:
            self.ends[self.parts.keys[at].identity] = answer["end"]
        for note in answer["notes"]:
            self._notes.setdefault(_NUMBER.sub("#", note), (note, []))[1].append(at)
        if "anomalies" in answer:
            in_time = answer["evidence"].in_time(rows) if "evidence" in answer else rows
            self._take_anomalies(at, answer["anomalies"], in_time, name)
            if "evidence" in answer:
                self.order[self.parts.within(at)] = in_time
        if "scores" in answer:
            self._take_scores(answer, rows)
        if "learnt" in answer:
            self._windows.append(answer["learnt"]["window"])
            self._points += len(rows)
            self._by_chance += answer["chance"] * len(rows) / answer["reach"]
        if "overview" in answer:
            self._overviews[at] = answer["overview"]
            evidence = answer["evidence"]
            self._keep_in_full(at, evidence, evidence.in_time(answer["scores"]))

    def _take_anomalies(self, at: int, anomalies: Collection[Anomaly], rows: IntArray, name: str) -> None:
        for anomaly in anomalies:
            row = int(rows[anomaly.place])
            if self.rows is None or row in self.rows:
                label = f"{name}: {anomaly.label}"
                self._anomalies.append((at, replace(anomaly, place=row, label=label, series=name)))

    def _take_scores(self, answer: dict[str, Any], rows: IntArray) -> None:
        scores = answer["scores"]
        worse = (scores > self.scores[rows]) | ~self.scored[rows]  # rows may be shared: the worst counts
        here = rows[worse]
        self.scores[here] = scores[worse]
        if "p_values" in answer:
            self.p_values[here] = answer["p_values"][worse]
        if "flags" in answer:
            self.flags[rows] |= answer["flags"]
        scored = answer.get("scored")
        self.scored[rows] |= True if scored is None else scored

    def _keep_in_full(self, at: int, evidence: SeriesEvidence, scores: FloatArray) -> None:
        """Keep the evidence of the worst series; what is not among them any more is let go."""
        self._details[at] = (evidence, scores)
        if len(self._details) > 2 * DETAILS or self._cells() > 2 * _DETAIL_CELLS:
            self._details = {place: self._details[place] for place in self._worst()}

    def _cells(self) -> int:
        return sum(evidence.values.size for evidence, _ in self._details.values())

    def _worst(self) -> list[int]:
        order = sorted(self._details, key=lambda place: (-self._overviews[place].worst, place))
        kept: list[int] = []
        cells = 0
        for place in order[:DETAILS]:
            cells += self._details[place][0].values.size
            if kept and cells > _DETAIL_CELLS:
                break
            kept.append(place)
        return kept

    def explained(self) -> list[Anomaly]:
        """Return the anomalies in the order of their rows, then of their series."""
        return [a for _, a in sorted(self._anomalies, key=lambda pair: (pair[1].place, pair[0]))]

    def detection(self, native: Any, learnt: dict[str, Any], notes: list[str]) -> Detection:
        """Return the answer on all series."""
        worst_first = sorted(self._anomalies, key=lambda pair: (-pair[1].score, pair[0], pair[1].place))
        known = dict.fromkeys([*notes, *self.notes(self.parts)])
        chance = self._by_chance / self._points if self._points else 0.0
        return Detection(
            kind="series",
            unit="point",
            scores=self.scores,
            threshold=1.0,
            p_values=self.p_values,
            flags=self.flags,
            anomalies=tuple(anomaly for _, anomaly in worst_first),
            chance=chance,
            evidence=self._evidence(learnt),
            learnt=learnt,
            notes=tuple(known),
            native=native,
            failed=dict(self.failed),
            scored=self.scored,
        )

    def _evidence(self, learnt: dict[str, Any]) -> ManySeriesEvidence:
        places, worst = sorted(self._overviews), self._worst()
        names = [self.parts.keys[place].name for place in worst]
        return ManySeriesEvidence(
            by=tuple(learnt["series"]["by"]),
            series=tuple(self._overviews[place] for place in places),
            details={name: self._details[place][0] for name, place in zip(names, worst, strict=True)},
            scores={name: self._details[place][1] for name, place in zip(names, worst, strict=True)},
            order=self.order,
            begins=self.parts.begins,
            together=together(
                tuple(self._overviews[place] for place in places), self._events(), self._window()
            ),
        )

    def _events(self) -> dict[str, list[Anomaly]]:
        """Return the events of each series, the worst first."""
        found: dict[str, list[Anomaly]] = {}
        for _, anomaly in sorted(self._anomalies, key=lambda pair: -pair[1].score):
            found.setdefault(anomaly.series, []).append(anomaly)
        return found

    def _window(self) -> int:
        return _most_frequent(self._windows) or 1

    def notes(self, parts: ByKey) -> list[str]:
        """Return what to know of the series, notes that differ in numbers alone told once; those that failed first."""
        told = [_failed_words(self.failed, len(parts))] if self.failed else []
        missing = [key.name for key in parts.keys if MISSING in key.name]
        if missing:
            told.append(f"Rows without a key are taken as a series of their own: {missing[0]}.")
        for note, places in list(self._notes.values())[:_NOTES]:
            first = parts.keys[min(places)].name
            others = len(places) - 1
            who = first if not others else f"{first} and {others:,} other{'s' * (others > 1)}"
            told.append(f"{who}: {note}")
        return told


def _failed_words(failed: dict[str, str], count: int) -> str:
    names = list(failed)
    more = f" and {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    are = "are" if len(names) > 1 else "is"
    some = ", ".join(names[:_EXAMPLES]) + more
    return f"{len(names):,} of {count:,} series could not be looked at and {are} not scored: {some}."


def summary_of(detector: Any, many: ManyFitted, rule: str) -> dict[str, Any]:
    """Return what was learnt of many series, in the words of `SeriesDetector.summary`, and how many there are."""
    each = [one for one in many.learnt if one]
    common = {
        name: _most_frequent([one.get(name) for one in each])
        for name in ("period", "window", "step", "timezone")
    }
    starts = [one["start"] for one in each if one.get("start")]
    ends = [one["end"] for one in each if one.get("end")]
    points = sum(one["items"] for one in each)
    chance = sum(one["chance"] * one["items"] for one in each) / points if points else 0.0
    seed = detector.random_state
    return {
        "kind": "series",
        "items": points,
        "models": each[0]["models"],
        "threshold": {"rule": _rules(each, rule), "value": 1.0, "chance": chance},
        "training_data": detector.training_data,
        "random_state": seed if isinstance(seed, int) else None,
        "networks": [],
        "channels": each[0]["channels"] if detector.by is not None else [],
        **common,
        "periods": list(_most_frequent([tuple(one.get("periods") or ()) for one in each]) or ()),
        "start": min(starts, default=None),
        "end": max(ends, default=None),
        "series": {
            "count": len(many.names),
            "failed": len(many.failed),
            "by": list(many.by),
            "share": detector.share,
        },
    }


def _rules(each: list[dict[str, Any]], asked: str) -> str:
    """Return the rules of the thresholds, of several the most frequent first; ``asked`` where a file does not say.

    A season among the models changes the default rule.
    """
    from collections import Counter

    found = Counter(one.get("rule", asked) for one in each).most_common()
    return (
        found[0][0] if len(found) == 1 else "; ".join(f"{rule} ({count:,} series)" for rule, count in found)
    )


def _most_frequent(values: list[Any]) -> Any:
    from collections import Counter

    return Counter(values).most_common(1)[0][0] if values else None
