"""What is done with one of many series, here or in a worker process, and its answer as plain records."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Cause, Detection, SeriesEvidence
from amiss.detectors.series_overview import overview_of
from amiss.detectors.series_rows import SeriesRows
from amiss.errors import AmissError, DataError, ParameterError, in_one_line
from amiss.numerics.blocks import one_blas_thread
from amiss.packed import pack, unpack
from amiss.part import Stored
from amiss.progress import tell
from amiss.reading.frames import Frame
from amiss.series_evidence import SeriesOverview
from amiss.workers import Task, WorkersError, in_workers

RECORDS: dict[str, type[Any]] = {
    one.__name__: one for one in (Anomaly, Cause, Frame, SeriesEvidence, SeriesOverview)
}

_PLACE = "amiss.detectors.series_work"
_ABOVE_ONE = float(np.nextafter(1.0, 2.0))


def all_done(
    opening: Task, task_of: Callable[[int], Task], count: int, workers: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the place and the answer of each series, as they come; what goes wrong with one stops no other.

    Parameters
    ----------
    opening : dict
        ``do``: "fit", "fit_detect", "detect", "score" or "explain"; ``params`` of the detector; ``shared``: the model
        all share, or None.
    task_of : callable
        Gives the task of the series at a place: its ``name``, its ``data``, and ``packed``, its fitted detector.
    count : int
        How many series.
    workers : int
        In so many processes; 1: in this one.

    Yields
    ------
    place : int
    answer : dict
        ``failed``: why it could not be looked at; or what was asked for.
    """
    done: set[int] = set()
    if workers > 1:
        try:
            for number, answer, fault in in_workers(_PLACE, opening, map(task_of, range(count)), workers):
                done.add(number)
                tell(f"{len(done):,} of {count:,} series")
                yield number, answer if fault is None else {"failed": _ended(fault)}
            return
        except WorkersError:  # then here
            pass
    work = open_work(opening)
    for number in range(count):
        if number not in done:
            answer = work(task_of(number))
            done.add(number)
            tell(f"{len(done):,} of {count:,} series")
            yield number, answer


def _ended(fault: str) -> str:
    return (
        f"The process that worked on it ended {fault}, perhaps for want of memory. Try again with fewer processes at a "
        "time: jobs=1."
    )


def portable(value: Any) -> bool:
    """Return whether a parameter means the same in another process: no code of the user's is in it."""
    if isinstance(value, list | tuple):
        return all(map(portable, value))
    if isinstance(value, Stored):
        return type(value).__module__.partition(".")[0] == "amiss"
    return value is None or isinstance(value, bool | int | float | str)


def open_work(opening: Task) -> Callable[[Task], dict[str, Any]]:
    """Return what does a task."""
    do = _DOINGS[opening["do"]]

    def work(task: Task) -> dict[str, Any]:
        if "failed" in task:
            return {"failed": task["failed"]}
        try:
            with warnings.catch_warnings(), one_blas_thread():
                warnings.simplefilter("ignore")
                return do(_detector(opening, task), task["data"], task["name"])
        except ParameterError as error:  # it is wrong for all
            return {"failed": str(error), "parameter": True}
        except AmissError as error:
            return {"failed": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a model does: the other series go on
            return {"failed": f"A model failed: {type(error).__name__}: {in_one_line(error)}."}

    return work


def _detector(opening: Task, task: Task) -> SeriesRows:
    """Return the fitted detector of a series, or one to be fitted."""
    from amiss.detectors.series import SeriesDetector
    from amiss.detectors.shared_series import SharedSeries

    shared = opening["shared"]
    if task.get("packed") is None:
        if shared is None:
            return SeriesDetector(**opening["params"])
        return SharedSeries(**opening["params"]).sharing(shared, task["place"])
    detector: SeriesRows = unpack(task["packed"].tobytes(), compressed=True)
    if isinstance(detector, SharedSeries):
        detector.sharing(shared, detector.place_)
    return detector


def _fitted(detector: SeriesRows, data: Any) -> SeriesRows:
    """Return the detector fitted on the series; one without values teaches nothing."""
    detector.fit(data)
    if not detector.scored_.any():
        count = len(detector.scores_)
        raise DataError(
            f"None of its {count:,} point{'s' * (count != 1)} can be scored: they hold no values. Leave it out, or "
            "give its values."
        )
    return detector


def _fit(detector: SeriesRows, data: Any, name: str) -> dict[str, Any]:
    _fitted(detector, data)
    return {
        "scores": relative(detector.scores_, detector.threshold_),
        "p_values": detector.p_values_,
        "packed": np.frombuffer(pack(detector, compressed=True), np.uint8),
        "notes": list(detector.notes_),
        "learnt": detector.summary(),
        "chance": detector.threshold_rule_.expected_by_chance(),
        "reach": detector._reach(),
    }


def _fit_detect(detector: SeriesRows, data: Any, name: str) -> dict[str, Any]:
    return _told(name, _fitted(detector, data)._detection(data, detector.scores_))


def _detect(detector: SeriesRows, data: Any, name: str) -> dict[str, Any]:
    """Judge a series by its fitted detector, or one that was not there by what all share."""
    return _told(
        name, detector.detect(data) if _is_fitted(detector) else _fitted(detector, data).detect(data)
    )


def _score(detector: SeriesRows, data: Any, name: str) -> dict[str, Any]:
    scores = -detector.score_samples(data) if _is_fitted(detector) else detector.fit(data).scores_
    return {"scores": relative(scores, detector.threshold_), "notes": []}


def _explain(detector: SeriesRows, data: Any, name: str) -> dict[str, Any]:
    detector = detector if _is_fitted(detector) else detector.fit(data)
    return {"anomalies": tuple(detector.explain(data)), "notes": []}


def _is_fitted(detector: SeriesRows) -> bool:
    return "threshold_rule_" in vars(detector)


_DOINGS: dict[str, Callable[[SeriesRows, Any, str], dict[str, Any]]] = {
    "fit": _fit,
    "fit_detect": _fit_detect,
    "detect": _detect,
    "score": _score,
    "explain": _explain,
}


def _told(name: str, detection: Detection) -> dict[str, Any]:
    scores = relative(detection.scores, detection.threshold)
    evidence = detection.evidence
    in_time = evidence.in_time(scores) if isinstance(evidence, SeriesEvidence) else scores
    return {
        "scores": scores,
        "p_values": detection.p_values,
        "flags": detection.flags,
        "scored": detection.scored,
        "anomalies": detection.anomalies,
        "evidence": evidence,
        "overview": overview_of(name, detection, in_time),
        "notes": list(detection.notes),
        "learnt": detection.learnt,
        "chance": detection.chance,
        "reach": detection.reach,
    }


def relative(scores: FloatArray, threshold: float) -> FloatArray:
    """Return scores in multiples of the threshold; beyond 1.0 exactly where they are beyond the threshold.

    Examples
    --------
    >>> relative(np.array([1.0, 2.0, 3.0]), 2.0)
    array([0.5, 1. , 1.5])
    """
    found = scores / threshold
    return np.where(scores > threshold, np.maximum(found, _ABOVE_ONE), np.minimum(found, 1.0))
