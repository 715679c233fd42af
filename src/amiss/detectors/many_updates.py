"""Many series that go on: the next rows of any of them, each judged by its own detector, which is kept packed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detection import Detection
from amiss.detectors.many_answer import Gathered
from amiss.detectors.many_fitted import Bytes, ManyFitted
from amiss.detectors.many_silent import silent_series, told_silent
from amiss.detectors.series_work import all_done
from amiss.detectors.update_answer import Final, Update
from amiss.errors import DataError


def update_many(detector: Any, many: ManyFitted, X: Any) -> Update:
    """Return what `SeriesDetector.update` tells of the next rows of many series.

    All series are judged before any of them goes on: what ends it in the middle leaves all as they were.

    Parameters
    ----------
    detector : ManySeries
        Which learnt many series.
    many : ManyFitted
        Its detectors; their streams go on.
    X : frame or array
        Rows of any of the series, in any order across series.
    """
    given = many.given

    def more(at: int, parts: Any) -> dict[str, Any]:
        return {"numbers": given + parts.places(at), "stream": many.stream_of(parts.keys[at])}

    answers = detector._asked_of_many(X, "update", more=more)
    streams: dict[str, Bytes] = {}
    finals: list[tuple[str, Final]] = []
    ends: dict[str, str] = {}
    for at, answer in answers:
        if "failed" not in answer:
            key = answers.parts.keys[at]
            streams[key.identity] = answer["stream"]
            finals.append((key.name, answer["final"]))
            if answer["end"] is not None:
                ends[key.identity] = answer["end"]
    many.go_on(streams, ends, answers.parts.rows)
    return Update(**vars(detection_of(detector, many, answers.gathered, X, ends)), final=_joined(finals, {}))


def detection_of(
    detector: Any, many: ManyFitted, gathered: Gathered, X: Any, ends: dict[str, str] | None = None
) -> Detection:
    """Return the answer on many series; of those that sent nothing, while others went on, a note tells."""
    silent = silent_series(many, gathered.ends if ends is None else ends)
    learnt = detector._summary_of_many()
    if silent:
        learnt = {**learnt, "series": {**learnt["series"], "silent": silent}}
    return gathered.detection(X, learnt, [*detector.notes_, *told_silent(silent, len(many.names))])


def finish_many(detector: Any, many: ManyFitted) -> Final:
    """Return what `SeriesDetector.finish` tells of many series: those that were given to `update`."""
    streams = many.streams or {}
    going = [at for at, identity in enumerate(many.identities) if identity in streams]
    if not going:
        raise DataError(
            "There is nothing to finish: no rows were given to update(X) since fit(X) or finish()."
        )

    def task_of(number: int) -> dict[str, Any]:
        at = going[number]
        task = {"name": many.names[at], "data": None, "place": 0, "packed": many.packed[at]}
        return {**task, "stream": streams[many.identities[at]]}

    finals: dict[int, Final] = {}
    failed: dict[str, str] = {}
    opening = detector._opening_for_many("finish", many.shared)
    for number, answer in all_done(opening, task_of, len(going), detector._workers_for_many(len(going))):
        if "failed" in answer:
            failed[many.names[going[number]]] = answer["failed"]
        else:
            finals[number] = answer["final"]
    many.streams, many.given = {}, 0
    return _joined([(many.names[going[number]], finals[number]) for number in sorted(finals)], failed)


def _joined(finals: Iterable[tuple[str, Final]], failed: dict[str, str]) -> Final:
    """Return what has become final of each series as one: rows ascending, events series by series."""
    told = list(finals)
    rows = _one_after_another([one.rows for _, one in told], np.int64)
    order: IntArray = np.argsort(rows, kind="stable")
    names = np.array([name for name, _ in told], dtype=object)
    whose: AnyArray = np.repeat(names, [len(one.rows) for _, one in told])
    scores: FloatArray = _one_after_another([one.scores for _, one in told], np.float64)
    p_values: FloatArray = _one_after_another([one.p_values for _, one in told], np.float64)
    flags: BoolArray = _one_after_another([one.flags for _, one in told], bool)
    scored: BoolArray = _one_after_another([one.scored for _, one in told], bool)
    events = tuple(event for _, one in told for event in one.events)
    return Final(
        rows[order],
        scores[order],
        p_values[order],
        flags[order],
        scored[order],
        events,
        whose[order],
        failed,
    )


def _one_after_another(parts: list[AnyArray], dtype: Any) -> AnyArray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)
