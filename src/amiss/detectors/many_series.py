"""Many series at once: a detector each, or one model they share; one answer, and one that fails stops no other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Detection
from amiss.detectors.base import _generator
from amiss.detectors.many_answer import Gathered, summary_of
from amiss.detectors.many_fitted import ManyFitted, probe_of
from amiss.detectors.series_rows import SeriesRows
from amiss.detectors.series_work import all_done, portable, relative
from amiss.detectors.shared_model import SharedModel
from amiss.errors import DataError, NotFittedError, ParameterError
from amiss.reading.by_key import ByKey, LongForm, WideForm, key_columns
from amiss.reading.frames import Frame
from amiss.reading.timeline import Timeline, _frame_of
from amiss.thresholds import Threshold
from amiss.workers import Task, cores

_OWN = ("by", "share", "channels", "jobs")
_SERIES_A_WORKER, _POINTS_A_WORKER = 8, 50_000  # fewer are done sooner here than a worker is there


class ManySeries(SeriesRows):
    """The part of `SeriesDetector` that knows of more than one series."""

    time: str | None
    by: Any = None
    share: bool = False
    channels: str = "together"
    jobs: int | None = None
    many_: ManyFitted | None = None
    _never_lacking: ClassVar[frozenset[str]] = frozenset({"many_", "notes_", "threshold_", "offset_"})

    @classmethod
    def may_lack(cls, state: dict[str, Any]) -> Collection[str]:
        """Return what a detector of many series does not have: whatever is learnt from one."""
        if state.get("many_") is None:
            return ()
        named = {name for base in cls.__mro__ for name in vars(base).get("__annotations__", ())}
        return {name for name in named if name.endswith("_")} - cls._never_lacking

    def state(self) -> dict[str, Any]:
        if self.many_ is not None:
            self._check_many_kept(self.many_)
        return super().state()

    def _is_many(self) -> bool:
        """Return whether the parameters ask for many series.

        Raises
        ------
        ParameterError
            They do not fit together.
        """
        if self.channels not in ("together", "apart"):
            raise ParameterError(f"channels is {self.channels!r}. Legal: 'together' or 'apart'.")
        if self.by is not None and self.channels == "apart":
            raise ParameterError(
                "by and channels='apart' are given: a series is a key or a column. Give one of them."
            )
        whole = isinstance(self.jobs, int | np.integer) and not isinstance(self.jobs, bool)
        if self.jobs is not None and not (whole and self.jobs >= 1):
            raise ParameterError(f"jobs is {self.jobs!r}. Legal: None or a whole number of at least 1.")
        many = self.by is not None or self.channels == "apart"
        if self.share and not many:
            raise ParameterError(
                "share=True asks for many series. Say which: by='sensor', or channels='apart'."
            )
        return many

    # ------------------------------------------------------------- scikit-learn's methods
    def fit(self, X: Any, y: None = None, labels: Any = None) -> Self:
        """Learn what is normal; of many series, in each (see `Detector.fit`)."""
        if not self._is_many():
            vars(self).pop("many_", None)
            return super().fit(X, y, labels)
        if labels is not None:
            raise ParameterError(
                "labels are for one series, and this data holds many. Fit a detector on each series that has labels."
            )
        if not portable(self.models):
            raise ParameterError(
                "Detectors of many series are kept as a file keeps them, and no file keeps networks of your own. Use "
                "fit_detect(data), which keeps none, or models of amiss."
            )
        parts, shared, answers = self._begun_of_many(X, "fit")
        self.many_ = ManyFitted.of(parts, shared, self.by)
        for at, answer in answers:
            self.many_.take(at, answer)
        self._keep_of_many(parts, answers.gathered, self.many_)
        return self

    def fit_detect(self, X: Any) -> Detection:
        """Learn what is normal and return what is amiss in the very data (see `Detector.fit_detect`).

        Of many series, the fitted detectors are not kept: they would need more memory than the data. Use `fit` to judge
        other data later.
        """
        if not self._is_many():
            return super().fit_detect(X)
        parts, _, answers = self._begun_of_many(X, "fit_detect")
        for _ in answers:
            pass
        self.many_ = ManyFitted.of(parts, None, self.by)
        self._keep_of_many(parts, answers.gathered, self.many_)
        return answers.gathered.detection(X, self._summary_of_many(), self.notes_)

    def score_samples(self, X: Any) -> FloatArray:
        """Return the score of each point, higher = more normal (see `Detector.score_samples`).

        Of many series, scores are multiples of each one's threshold; points of a series that cannot be looked at score
        0. Where series share the rows, a row has the score of the worst.
        """
        if self.many_ is None:
            return super().score_samples(X)
        return 0.0 - self._answered_by_many(X, "score").scores

    def detect(self, X: Any) -> Detection:
        """Return what is amiss in ``X`` (see `Detector.detect`)."""
        if self.many_ is None:
            return super().detect(X)
        gathered = self._answered_by_many(X, "detect")
        return gathered.detection(X, self._summary_of_many(), self.notes_)

    def explain(self, X: Any) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every point of ``X``, flagged or not, in order."""
        return super().explain(X) if self.many_ is None else self._answered_by_many(X, "explain").explained()

    def _explain_items(self, X: Any, places: Sequence[int]) -> list[Anomaly]:
        """Return what `explain` says of some rows; of many series, no others are looked at."""
        if self.many_ is None:
            return super()._explain_items(X, places)
        return self._answered_by_many(X, "explain", set(places)).explained()

    # ------------------------------------------------------------- the work
    def _begun_of_many(self, X: Any, do: str) -> tuple[ByKey, Any, _Answers]:
        """Return the series of ``X``, what they share, and the answers of their detectors, which are yet to come."""
        from amiss.detectors.shared_series import learn_shared

        parts = self._taken_apart(X)
        params = {name: value for name, value in self.get_params().items() if name not in _OWN}
        if not (params["random_state"] is None or isinstance(params["random_state"], int | np.integer)):
            params["random_state"] = int(_generator(self.random_state).integers(2**31))
        shared: SharedModel | None = None
        places = [0] * len(parts)
        if self.share:
            every = map(parts.frame, range(len(parts)))
            shared, places = learn_shared(params, every, len(parts), _generator(params["random_state"]))

        def task_of(at: int) -> Task:
            return {"name": parts.keys[at].name, "data": parts.frame(at), "place": places[at]}

        return parts, shared, _Answers(self, parts, do, params, shared, task_of, range(len(parts)))

    def _answered_by_many(self, X: Any, do: str, rows: Collection[int] | None = None) -> Gathered:
        """Return the answers of the fitted detectors on the series of ``X``; rows: on those that have one of them."""
        self._check_is_fitted()
        many = self.many_
        if many is None:
            raise NotFittedError("No series were learnt.")
        self._check_many_kept(many)
        parts = self._taken_apart(X)
        wanted = list(range(len(parts)))
        if rows is not None:
            wanted = [at for at in wanted if np.isin(list(rows), parts.places(at)).any()]

        def task_of(at: int) -> Task:
            key = parts.keys[wanted[at]]
            task = {"name": key.name, "data": parts.frame(wanted[at]), "place": 0}
            return {**task, **many.asked(key)}

        params = {name: value for name, value in self.get_params().items() if name not in _OWN}
        answers = _Answers(self, parts, do, params, many.shared, task_of, wanted)
        answers.gathered.rows = rows
        for _ in answers:
            pass
        return answers.gathered

    def _taken_apart(self, X: Any) -> ByKey:
        if self.by is not None:
            return LongForm(X, key_columns(self.by))
        frame = _frame_of(X)
        return WideForm(frame, Timeline(self.time)._find_time(frame))

    def _workers_for_many(self, parts: ByKey, count: int) -> int:
        """Return in how many processes ``count`` series are looked at."""
        if not all(map(portable, self.get_params().values())):
            return 1
        if self.jobs is not None:
            return min(int(self.jobs), count)
        points = parts.rows if self.by is not None else parts.rows * len(parts)
        return max(1, min(cores(), count // _SERIES_A_WORKER, points // _POINTS_A_WORKER))

    def _keep_of_many(self, parts: ByKey, gathered: Gathered, many: ManyFitted) -> None:
        """Set what scikit-learn's conventions ask for."""
        if len(gathered.failed) == len(parts):
            name, sentence = next(iter(gathered.failed.items()))
            raise DataError(
                f"None of the {len(parts):,} series can be looked at. The first, {name}: {sentence}"
            )
        self.scores_, self.p_values_ = gathered.scores, gathered.p_values
        self.threshold_, self.offset_ = 1.0, -1.0
        self.notes_ = []
        for note in gathered.notes(parts, self.by):
            self._note(note)
        rule = self.default_threshold if self.threshold == "auto" else self.threshold
        many.told = summary_of(self, gathered, rule.spec() if isinstance(rule, Threshold) else str(rule))

    def _check_many_kept(self, many: ManyFitted) -> None:
        if not many.kept:
            raise NotFittedError(
                "fit_detect keeps no detectors of many series: they would need more memory than the data. Call "
                "fit(data) to judge other data, or to save them."
            )

    def _move_threshold(self, ratio: float) -> None:
        """Multiply the threshold; of many series that of each, in multiples of which all are told."""
        if self.many_ is None:
            super()._move_threshold(ratio)
            return
        self._check_many_kept(self.many_)
        self.many_.move_thresholds(ratio)
        if "scores_" in vars(self):
            self.scores_ = relative(self.scores_, ratio)

    # ------------------------------------------------------------- what others ask
    def _probe_of_many(self) -> Any:
        return None if self.many_ is None else probe_of(self.many_)

    def _summary_of_many(self) -> dict[str, Any]:
        return {} if self.many_ is None else {**self.many_.told, "notes": list(self.notes_)}


class _Answers:
    """The answers of the detectors, gathered as they come."""

    def __init__(
        self,
        detector: ManySeries,
        parts: ByKey,
        do: str,
        params: dict[str, Any],
        shared: Any,
        task_of: Any,
        wanted: Any,
    ) -> None:
        self.opening = {"do": do, "params": params, "shared": shared}
        self.workers = detector._workers_for_many(parts, len(wanted))
        self.task_of, self.wanted, self.parts = task_of, wanted, parts
        self.gathered = Gathered(parts)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        task_of = self._for_another_process if self.workers > 1 else self.task_of
        for number, answer in all_done(self.opening, task_of, len(self.wanted), self.workers):
            if "parameter" in answer:
                raise ParameterError(answer["failed"])
            self.gathered.take(self.wanted[number], answer)
            yield self.wanted[number], answer

    def _for_another_process(self, at: int) -> Task:
        task: Task = self.task_of(at)
        try:
            data: Frame = _frame_of(task["data"])
        except DataError as error:
            return {**task, "data": None, "failed": str(error)}
        return {**task, "data": data}
