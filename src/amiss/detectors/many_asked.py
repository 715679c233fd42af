"""Many series asked one after the other, here or in worker processes, and their answers gathered as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from amiss.detectors.many_answer import Gathered
from amiss.detectors.series_work import all_done
from amiss.errors import DataError, ParameterError
from amiss.reading.by_key import ByKey
from amiss.reading.frames import Frame
from amiss.reading.timeline import frame_of
from amiss.thresholds.by_labels import bad_and_good
from amiss.workers import Task, cores

_SERIES_A_WORKER, _POINTS_A_WORKER = 8, 50_000  # fewer are done sooner here than a worker is there


class Answers:
    """The answers on the series of some data; iterating asks for them, and yields place and answer as they come.

    Parameters
    ----------
    parts : ByKey
        The series.
    opening : dict
        What all tasks share (see `series_work.all_done`).
    task_of : callable
        Gives the task of the series at a place of ``wanted``.
    wanted : sequence of int
        The series that are asked.
    workers : int
        In so many processes; 1: in this one.

    Attributes
    ----------
    gathered : Gathered
        What was answered so far.
    """

    def __init__(
        self,
        parts: ByKey,
        opening: dict[str, Any],
        task_of: Callable[[int], Task],
        wanted: Sequence[int],
        workers: int,
    ) -> None:
        self.parts, self.opening, self.task_of = parts, opening, task_of
        self.wanted, self.workers = wanted, workers
        self.gathered = Gathered(parts)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        task_of = self._for_another_process if self.workers > 1 else self.task_of
        for number, answer in all_done(self.opening, task_of, len(self.wanted), self.workers):
            if "parameter" in answer:
                raise ParameterError(answer["failed"])
            self.gathered.take(self.wanted[number], answer)
            yield self.wanted[number], answer

    def all(self) -> Gathered:
        """Return what all answer."""
        for _ in self:
            pass
        return self.gathered

    def _for_another_process(self, at: int) -> Task:
        task: Task = self.task_of(at)
        try:
            data: Frame = frame_of(task["data"])
        except DataError as error:
            return {**task, "data": None, "failed": str(error)}
        return {**task, "data": data}


def workers_for(jobs: int | None, series: int, points: int) -> int:
    """Return in how many processes so many series are looked at; jobs: what the user wants.

    Examples
    --------
    >>> workers_for(4, series=3, points=10), workers_for(None, series=3, points=10)
    (3, 1)
    """
    if jobs is not None:
        return min(int(jobs), series)
    return max(1, min(cores(), series // _SERIES_A_WORKER, points // _POINTS_A_WORKER))


def task(parts: ByKey, at: int) -> Task:
    """Return what is to be done with the series at a place, but for its detector."""
    rows = len(parts.places(at))
    return {"name": parts.keys[at].name, "data": parts.frame(at), "place": 0, "rows": rows}


def points_of(parts: ByKey) -> int:
    """Return how many points all series have."""
    return parts.rows if parts.begins is not None else parts.rows * len(parts)


def labels_of(labels: Any, parts: ByKey) -> Callable[[int], dict[str, Any]]:
    """Return what gives a task the labels of its rows: 1 bad, 0 good, NaN where nobody said.

    Raises
    ------
    ParameterError
        There is not one a row, or one is something else.
    """
    if labels is None:
        return lambda at: {}
    bad, good = bad_and_good(labels, parts.rows)
    numbers = np.where(bad, 1.0, np.where(good, 0.0, np.nan))
    return lambda at: {"labels": numbers[parts.places(at)]}
