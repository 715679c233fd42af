"""What is done with one of many series, here or in a worker process, and its answer as plain records."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Cause, Detection, SeriesEvidence
from amiss.detectors.many_silent import patience_of
from amiss.detectors.series_overview import overview_of
from amiss.detectors.update_answer import Final
from amiss.errors import AmissError, DataError, ParameterError, in_one_line
from amiss.numerics.blocks import one_blas_thread
from amiss.packed import pack, unpack
from amiss.part import Stored
from amiss.progress import tell
from amiss.reading.frames import Frame
from amiss.series_evidence import SeriesOverview
from amiss.workers import Task, WorkersError, in_workers

RECORDS: dict[str, type[Any]] = {
    one.__name__: one for one in (Anomaly, Cause, Final, Frame, SeriesEvidence, SeriesOverview)
}

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_PLACE = "amiss.detectors.series_work"
_ABOVE_ONE = float(np.nextafter(1.0, 2.0))


def all_done(
    opening: Task, task_of: Callable[[int], Task], count: int, workers: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the place and the answer of each series, as they come; what goes wrong with one stops no other.

    Parameters
    ----------
    opening : dict
        ``do``: what is to be done, by the name of the method; ``params`` of the detector; ``shared``: the model
        all share, or None.
    task_of : callable
        Gives the task of the series at a place: its ``name``, its ``data``, ``packed``, its fitted detector, and
        ``stream``, what is kept of it between two updates.
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
                return do(_detector(opening, task), task)
        except ParameterError as error:  # it is wrong for all
            return {"failed": str(error), "parameter": True}
        except AmissError as error:
            return {"failed": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a model does: the other series go on
            return {"failed": f"A model failed: {type(error).__name__}: {in_one_line(error)}."}

    return work


def _detector(opening: Task, task: Task) -> Any:
    """Return the fitted detector of a series, where it stands in its stream, or one to be fitted."""
    from amiss.detectors.series import SeriesDetector
    from amiss.detectors.shared_series import SharedSeries

    shared = opening["shared"]
    if task.get("packed") is None:
        if shared is None:
            return SeriesDetector(**opening["params"])
        return SharedSeries(**opening["params"]).sharing(shared, task["place"])
    detector: Any = unpacked(task["packed"])
    if isinstance(detector, SharedSeries):
        detector.sharing(shared, detector.place_)
    if len(task.get("stream", ())):
        detector.stream_ = unpacked(task["stream"])
    return detector


def packed(content: Any) -> Bytes:
    """Return something as it is kept: packed."""
    return np.frombuffer(pack(content, compressed=True), np.uint8)


def unpacked(content: Bytes) -> Any:
    """Return what was kept."""
    return unpack(content.tobytes(), compressed=True)


def _fitted(detector: Any, task: Task) -> Any:
    """Return the detector fitted on the series; one without values teaches nothing."""
    detector.fit(task["data"], labels=_labels(task))
    return _of_values(detector)


def _labels(task: Task) -> FloatArray | None:
    labels: FloatArray | None = task.get("labels")
    if labels is None or np.isnan(labels).all():
        return None
    if (labels == 1).all():
        raise DataError("All of its rows are labelled as anomalies, so there is nothing to learn from.")
    return labels


def _of_values(detector: Any) -> Any:
    if not detector.scored_.any():
        count = len(detector.scores_)
        raise DataError(
            f"None of its {count:,} point{'s' * (count != 1)} can be scored: they hold no values. Leave it out, or "
            "give its values."
        )
    return detector


def _fit(detector: Any, task: Task) -> dict[str, Any]:
    return _learnt(_fitted(detector, task))


def _partial_fit(detector: Any, task: Task) -> dict[str, Any]:
    """Learn on; the scores are those of the rows just given."""
    answer = _learnt(_of_values(detector.partial_fit(task["data"], labels=_labels(task))))
    rows = task["rows"]
    scores, p_values = np.zeros(rows), np.ones(rows)
    newest = min(rows, len(answer["scores"]))
    scores[rows - newest :] = answer["scores"][-newest:]
    p_values[rows - newest :] = answer["p_values"][-newest:]
    return {**answer, "scores": scores, "p_values": p_values}


def _learnt(detector: Any) -> dict[str, Any]:
    learnt = detector.summary()
    return {
        "scores": relative(detector.scores_, detector.threshold_),
        "p_values": detector.p_values_,
        "packed": packed(detector),
        "notes": list(detector.notes_),
        "learnt": learnt,
        "brief": _brief(detector, learnt),
        "chance": detector.threshold_rule_.expected_by_chance(),
        "reach": detector._reach(),
        "end": learnt["end"],
    }


def _brief(detector: Any, learnt: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of what was learnt of a series: all that a summary of many needs."""
    chance = detector.threshold_rule_.expected_by_chance() / detector._reach()
    kept = ("models", "channels", "period", "periods", "window", "step", "timezone", "start", "end", "items")
    told = {"chance": chance, "patience": patience_of(detector), "rule": learnt["threshold"]["rule"]}
    return {**{name: learnt[name] for name in kept}, **told}


def _fit_detect(detector: Any, task: Task) -> dict[str, Any]:
    detection = detector.fit_detect(task["data"])
    told = _told(task["name"], detection)
    return {**told, "brief": _brief(_of_values(detector), detection.learnt)}


def _detect(detector: Any, task: Task) -> dict[str, Any]:
    """Judge a series by its fitted detector, or one that was not there by what all share."""
    fitted = detector if _is_fitted(detector) else _fitted(detector, task)
    return _told(task["name"], fitted.detect(task["data"]))


def _update(detector: Any, task: Task) -> dict[str, Any]:
    if not _is_fitted(detector):
        raise DataError(
            "It was not in the data given to fit, so there is nothing that an update could go on from. Judge it with "
            "detect(data), or fit on data that holds it."
        )
    answer = detector._updated(task["data"], task["numbers"])
    final = in_multiples(answer.final, task["name"], detector.threshold_)
    return {**_told(task["name"], answer), "final": final, "stream": packed(detector.stream_)}


def _finish(detector: Any, task: Task) -> dict[str, Any]:
    return {"final": in_multiples(detector.finish(), task["name"], detector.threshold_)}


def _score(detector: Any, task: Task) -> dict[str, Any]:
    data = task["data"]
    scores = -detector.score_samples(data) if _is_fitted(detector) else detector.fit(data).scores_
    return {"scores": relative(scores, detector.threshold_), "notes": []}


def _explain(detector: Any, task: Task) -> dict[str, Any]:
    fitted = detector if _is_fitted(detector) else detector.fit(task["data"])
    return {"anomalies": tuple(fitted.explain(task["data"])), "notes": []}


def _expected(detector: Any, task: Task) -> dict[str, Any]:
    import narwhals as nw

    fitted = detector if _is_fitted(detector) else _fitted(detector, task)
    frame = nw.from_native(fitted.expected(task["data"]))
    return {"columns": {name: frame[name].to_numpy() for name in frame.columns}, "notes": []}


def _forecast(detector: Any, task: Task) -> dict[str, Any]:
    return {"frame": detector.forecast(*task["data"])}


def _is_fitted(detector: Any) -> bool:
    return "threshold_rule_" in vars(detector)


_DOINGS: dict[str, Callable[[Any, Task], dict[str, Any]]] = {
    "fit": _fit,
    "partial_fit": _partial_fit,
    "fit_detect": _fit_detect,
    "detect": _detect,
    "update": _update,
    "finish": _finish,
    "score": _score,
    "explain": _explain,
    "expected": _expected,
    "forecast": _forecast,
}


def _told(name: str, detection: Detection) -> dict[str, Any]:
    scores = relative(detection.scores, detection.threshold)
    evidence = detection.evidence
    if not isinstance(evidence, SeriesEvidence):
        raise TypeError(f"{type(evidence).__name__} is no evidence of a series.")
    return {
        "scores": scores,
        "p_values": detection.p_values,
        "flags": detection.flags,
        "scored": detection.scored,
        "anomalies": detection.anomalies,
        "evidence": evidence,
        "overview": overview_of(name, detection, evidence.in_time(scores)),
        "notes": list(detection.notes),
        "learnt": detection.learnt,
        "chance": detection.chance,
        "reach": detection.reach,
        "end": evidence.times[-1] if evidence.times else None,
    }


def in_multiples(final: Final, name: str, threshold: float) -> Final:
    """Return what has become final of a series as one of many: in multiples of its threshold, by its name."""
    events = (replace(one, label=f"{name}: {one.label}", series=name) for one in final.events)
    return replace(final, scores=relative(final.scores, threshold), events=tuple(events))


def relative(scores: FloatArray, threshold: float) -> FloatArray:
    """Return scores in multiples of the threshold; beyond 1.0 exactly where they are beyond the threshold.

    Examples
    --------
    >>> relative(np.array([1.0, 2.0, 3.0]), 2.0)
    array([0.5, 1. , 1.5])
    """
    found = scores / threshold
    return np.where(scores > threshold, np.maximum(found, _ABOVE_ONE), np.minimum(found, 1.0))
