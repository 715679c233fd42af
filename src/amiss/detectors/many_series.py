"""Many series at once: a detector each, or one model they share; one answer, and one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, Detection
from amiss.detectors.base import _generator
from amiss.detectors.many_ahead import expected_many, forecast_many
from amiss.detectors.many_answer import Gathered, summary_of
from amiss.detectors.many_asked import Answers, labels_of, points_of, task, workers_for
from amiss.detectors.many_fitted import ManyFitted, probe_of
from amiss.detectors.many_silent import silent_series, told_silent
from amiss.detectors.many_updates import detection_of, finish_many, update_many
from amiss.detectors.series_learning import SeriesLearning
from amiss.detectors.series_work import portable, relative
from amiss.detectors.shared_model import SharedModel
from amiss.detectors.update_answer import Final, Update
from amiss.errors import DataError, NotFittedError, ParameterError
from amiss.reading.by_key import ByKey, LongForm, WideForm, key_columns
from amiss.reading.timeline import Timeline, frame_of
from amiss.thresholds import Threshold
from amiss.workers import Task

_OWN = ("by", "share", "channels", "jobs")


class ManySeries(SeriesLearning):
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
        if self._is_many():
            return self._fit_many(X, labels, "fit")
        return super().fit(X, y, labels)

    def partial_fit(self, X: Any, y: None = None, labels: Any = None) -> Self:
        """Learn on from the next rows (see `SeriesLearning.partial_fit`).

        Of many series those learn of which rows are given; one that was not there before is learnt from its rows.
        ``scores_`` are those of the rows just given.
        """
        if not self._is_many():
            return super().partial_fit(X, y, labels)
        if self.share:
            raise ParameterError(
                "partial_fit learns on series by series, and with share=True all share one model. Fit it anew on all "
                "data, or let each series have its own: share=False."
            )
        if self.many_ is None or not self.__sklearn_is_fitted__():
            return self._fit_many(X, labels, "partial_fit")
        self._check_many_kept(self.many_)
        return self._learn_on_many(X, labels, self.many_)

    def fit_detect(self, X: Any) -> Detection:
        """Learn what is normal and return what is amiss in the very data (see `Detector.fit_detect`).

        Of many series, the fitted detectors are not kept: they would need more memory than the data. Use `fit` to judge
        other data later.
        """
        if not self._is_many():
            return super().fit_detect(X)
        many, answers = self._begun_of_many(X, "fit_detect")
        for at, answer in answers:
            many.take(at, answer)
        self._keep_of_many(answers.gathered, many)
        return answers.gathered.detection(X, self._summary_of_many(), self.notes_)

    def score_samples(self, X: Any) -> FloatArray:
        """Return the score of each point, higher = more normal (see `Detector.score_samples`).

        Of many series, scores are multiples of each one's threshold; points of a series that cannot be looked at score
        0. Where series share the rows, a row has the score of the worst.
        """
        if self.many_ is None:
            return super().score_samples(X)
        return 0.0 - self._asked_of_many(X, "score").all().scores

    def detect(self, X: Any) -> Detection:
        """Return what is amiss in ``X`` (see `Detector.detect`)."""
        if self.many_ is None:
            return super().detect(X)
        return detection_of(self, self.many_, self._asked_of_many(X, "detect").all(), X)

    def update(self, X: Any) -> Update:
        """Judge the next rows (see `SeriesUpdates.update`); of many series, rows of any of them, in any order of keys.

        Each series goes on by itself. Rows of one that was not learnt, or that fails, are not scored and never final.
        """
        if self.many_ is None:
            return super().update(X)
        return update_many(self, self._many_kept(), X)

    def finish(self) -> Final:
        """Return the final scores of the rows that still had none (see `SeriesUpdates.finish`)."""
        return super().finish() if self.many_ is None else finish_many(self, self._many_kept())

    def expected(self, X: Any) -> Any:
        """Return what was expected at each row of ``X``, and its band (see `SeriesAhead.expected`).

        Of many series, with the key of each row in front; NaN where a series cannot be looked at.
        """
        return super().expected(X) if self.many_ is None else expected_many(self, self._many_kept(), X)

    def forecast(self, n: int, coverage: float = 0.95) -> Any:
        """Return what is expected of the next ``n`` points (see `SeriesAhead.forecast`); of many series, of each."""
        if self.many_ is None:
            return super().forecast(n, coverage)
        return forecast_many(self, self._many_kept(), n, coverage)

    def explain(self, X: Any) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every point of ``X``, flagged or not, in order."""
        return (
            super().explain(X) if self.many_ is None else self._asked_of_many(X, "explain").all().explained()
        )

    def _explain_items(self, X: Any, places: Sequence[int]) -> list[Anomaly]:
        """Return what `explain` says of some rows; of many series, no others are looked at."""
        if self.many_ is None:
            return super()._explain_items(X, places)
        return self._asked_of_many(X, "explain", set(places)).all().explained()

    # ------------------------------------------------------------- the work
    def _fit_many(self, X: Any, labels: Any, do: str) -> Self:
        if not portable(self.models):
            raise ParameterError(
                "Detectors of many series are kept as a file keeps them, and no file keeps networks of your own. Use "
                "fit_detect(data), which keeps none, or models of amiss."
            )
        if labels is not None and self.share:
            raise ParameterError(
                "labels are of each series, and with share=True all share one model. Let each have its own: "
                "share=False."
            )
        many, answers = self._begun_of_many(X, do, labels)
        for at, answer in answers:
            many.take(at, answer)
        self._keep_of_many(answers.gathered, many)
        return self

    def _learn_on_many(self, X: Any, labels: Any, many: ManyFitted) -> Self:
        """Let each series of ``X`` learn on, or begin."""
        parts = self._taken_apart(X)
        labelled = labels_of(self._labels_of(X, labels), parts)

        def task_of(at: int) -> Task:
            place = many.place_of(parts.keys[at])
            known = {} if place is None or not len(many.packed[place]) else {"packed": many.packed[place]}
            return {**task(parts, at), **labelled(at), **known}

        opening = self._opening_for_many("partial_fit", None)
        workers = self._workers_for_many(len(parts), points_of(parts))
        answers = Answers(parts, opening, task_of, range(len(parts)), workers)
        for at, answer in answers:
            many.take(many.place_for(parts.keys[at]), answer)
            many.begin_anew(parts.keys[at])
        self._keep_of_many(answers.gathered, many)
        return self

    def _begun_of_many(self, X: Any, do: str, labels: Any = None) -> tuple[ManyFitted, Answers]:
        """Return what will hold the detectors of the series of ``X``, and their answers, which are yet to come."""
        from amiss.detectors.shared_series import learn_shared

        parts = self._taken_apart(X)
        labelled = labels_of(self._labels_of(X, labels), parts)
        opening = self._opening_for_many(do, None)
        params = opening["params"]
        places = [0] * len(parts)
        if self.share:
            every = map(parts.frame, range(len(parts)))
            opening["shared"], places = learn_shared(
                params, every, len(parts), _generator(params["random_state"])
            )

        def task_of(at: int) -> Task:
            return {**task(parts, at), "place": places[at], **labelled(at)}

        workers = self._workers_for_many(len(parts), points_of(parts))
        answers = Answers(parts, opening, task_of, range(len(parts)), workers)
        return ManyFitted.of(parts, opening["shared"], self.by), answers

    def _asked_of_many(
        self,
        X: Any,
        do: str,
        rows: Collection[int] | None = None,
        more: Callable[[int, ByKey], dict[str, Any]] = lambda at, parts: {},
    ) -> Answers:
        """Return the answers, yet to come, of the fitted detectors on the series of ``X``.

        rows: of those that have one of these rows; more: what a task needs beside data and detector.
        """
        many = self._many_kept()
        parts = self._taken_apart(X)
        wanted = list(range(len(parts)))
        if rows is not None:
            wanted = [at for at in wanted if np.isin(list(rows), parts.places(at)).any()]

        def task_of(at: int) -> Task:
            place = wanted[at]
            return {**task(parts, place), **many.asked(parts.keys[place]), **more(place, parts)}

        points = None if do == "update" else points_of(parts)  # the fewest points cost as much as many
        workers = self._workers_for_many(len(wanted), points)
        answers = Answers(parts, self._opening_for_many(do, many.shared), task_of, wanted, workers)
        answers.gathered.rows = rows
        return answers

    def _opening_for_many(self, do: str, shared: SharedModel | None) -> Task:
        """Return what all tasks share."""
        params = {name: value for name, value in self.get_params().items() if name not in _OWN}
        if not (params["random_state"] is None or isinstance(params["random_state"], int | np.integer)):
            params["random_state"] = int(_generator(self.random_state).integers(2**31))
        return {"do": do, "params": params, "shared": shared}

    def _taken_apart(self, X: Any) -> ByKey:
        if self.by is not None:
            return LongForm(X, key_columns(self.by))
        frame = frame_of(X)
        return WideForm(frame, Timeline(self.time)._find_time(frame))

    def _workers_for_many(self, series: int, points: int | None = None) -> int:
        """Return in how many processes so many series, of so many points in all, are looked at."""
        if not all(map(portable, self.get_params().values())):
            return 1
        return workers_for(self.jobs, series, series * 10_000 if points is None else points)

    def _keep_of_many(self, gathered: Gathered, many: ManyFitted) -> None:
        """Set what scikit-learn's conventions ask for."""
        parts = gathered.parts
        if len(gathered.failed) == len(parts):
            name, sentence = next(iter(gathered.failed.items()))
            raise DataError(
                f"None of the {len(parts):,} series can be looked at. The first, {name}: {sentence}"
            )
        self.many_ = many
        self.scores_, self.p_values_ = gathered.scores, gathered.p_values
        self.threshold_, self.offset_ = 1.0, -1.0
        self.notes_ = []
        silent = silent_series(many, {})
        others_go_on = len(silent) < len(many.names) / 2  # else they are of different times
        for note in [*gathered.notes(parts), *(told_silent(silent, len(many.names)) if others_go_on else ())]:
            self._note(note)
        rule = self.default_threshold if self.threshold == "auto" else self.threshold
        many.told = summary_of(self, many, rule.spec() if isinstance(rule, Threshold) else str(rule))

    def _many_kept(self) -> ManyFitted:
        """Return the fitted detectors.

        Raises
        ------
        NotFittedError
            None are kept.
        """
        self._check_is_fitted()
        if self.many_ is None:
            raise NotFittedError("No series were learnt.")
        self._check_many_kept(self.many_)
        return self.many_

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
