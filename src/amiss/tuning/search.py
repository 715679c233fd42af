"""Tuning: search over the architecture and the parameters of a detector's neural models."""

from __future__ import annotations

import contextvars
import math
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.batch import FloatArray
from amiss.detectors.any_kind import of_many
from amiss.detectors.base import Detector, _generator
from amiss.errors import AmissError, AmissWarning, DataError, ParameterError
from amiss.numerics.blocks import one_blas_thread
from amiss.part import Part
from amiss.progress import listening, tell
from amiss.tuning.search_space import SearchSpace, tidy, with_models
from amiss.tuning.study_file import opened_study, study_name
from amiss.tuning.trial_value import HeldOutError, LabelledPrecision, TrialValue, marks_of
from amiss.tuning.trials import Trial, Tuning

if TYPE_CHECKING:
    import optuna

_FAILURES = (AmissError, ArithmeticError, MemoryError, RuntimeError, ValueError)


@one_blas_thread()
def tune(
    detector: Detector,
    data: Any,
    trials: int | None = 30,
    seconds: float | None = None,
    labels: Any = None,
    study: str | os.PathLike[str] | None = None,
    random_state: Any = 0,
) -> Tuning:
    """Search over the architecture and the parameters of the detector's neural models.

    Without labels the error at held-out rows decides: each of their cells is hidden in turn and told from the others.
    The plain error of rebuilding would not do: the larger the middle of a network, the better it copies, until it
    copies anomalies too. Rows, cells and units are the same for every trial: 0 is perfect, 1 as good as knowing means
    and shares alone. A model that predicts each cell from the others anyway is judged by its validation loss. With
    labels the detector itself is judged: average precision of `scores_` over the labelled items.

    The first trial is the detector as it was given, so that the best is never worse. Parameters you set stay; models
    without a network stay as they are.

    Parameters
    ----------
    detector : Detector
        Not changed; it need not be fitted.
    data : frame, array or list
        The training items.
    trials : int, optional
        How many, those of a study that goes on among them. None: as many as fit in ``seconds``.
    seconds : float, optional
        After so long no trial begins, and the one that is running is stopped; the first is always finished. Then the
        best is fitted on all data, which takes its own time.
    labels : sequence, optional
        One an item: 1 or True abnormal, 0 or False normal, None or NaN unknown. With a handful
        the choice is largely chance.
    study : str or path, optional
        An SQLite file that keeps the trials: the same search goes on where it stopped.
    random_state : int, Generator, RandomState or None
        Draws what is held out, what is tried, and the first weights of each trial. A study that goes on keeps its own.

    Returns
    -------
    Tuning

    Raises
    ------
    MissingExtraError
        Optuna is not installed.
    ParameterError
        There is nothing to tune, or a parameter is not legal.
    DataError
        The data cannot be used, or every trial failed.

    Notes
    -----
    Ctrl-C ends the search and keeps the best so far, once the first trial is done.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kegl (2011), "Algorithms for hyper-parameter optimization", section 4: how Optuna
    proposes parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import TableDetector, tune
    >>> draw = np.random.default_rng(0)
    >>> rows = draw.normal(size=(300, 2)) @ draw.normal(size=(2, 6)) + 0.1 * draw.normal(size=(300, 6))
    >>> tuning = tune(TableDetector(models="dense:epochs=20", random_state=0), rows, trials=3)
    >>> [trial.state for trial in tuning.trials]
    ['done', 'done', 'done']
    """
    _check(trials, seconds)
    if of_many(detector.get_params()):
        raise ParameterError(
            "The detector judges many series, and models are tuned on one. Tune on one of them, and give the best "
            "models to the detector of all: SeriesDetector(by=..., models=...)."
        )
    marks = None if labels is None else marks_of(labels)
    seed = int(_generator(random_state).integers(2**31))
    with opened_study(study, _name(study, detector, data, marks, random_state), marks is not None) as opened:
        seed = int(opened.user_attrs.get("seed", seed))
        opened.set_user_attr("seed", seed)
        space = SearchSpace.of(detector, data, seed)
        value: TrialValue = HeldOutError(detector, data, space.members, seed)
        if marks is not None:
            value = LabelledPrecision(detector, data, marks, seed)
        search = _Search(opened, value, space, seed)
        ended = search.run(trials, seconds)
        tried = search.tried()
    found = Tuning(detector, tried, value.measure, ended)
    if not found.ranked():
        raise DataError(f"No trial of {len(tried)} went well; the last one: {tried[-1].reason}")
    tell(f"Learning with the parameters of trial {found.best_trial.number}")
    found.best = with_models(detector, space.models(found.best_trial.parameters)).fit(data)
    return found


def _check(trials: Any, seconds: Any) -> None:
    if trials is None and seconds is None:
        raise ParameterError("trials and seconds are both None. Legal: one of them, or both.")
    if trials is not None and not (
        isinstance(trials, int | np.integer) and not isinstance(trials, bool) and trials >= 1
    ):
        raise ParameterError(f"trials is {trials!r}. Legal: a whole number of at least 1, or None.")
    if seconds is not None and not (
        isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf
    ):
        raise ParameterError(f"seconds is {seconds!r}. Legal: a number greater than 0, or None.")


def _name(study: Any, detector: Detector, data: Any, marks: FloatArray | None, random_state: Any) -> str:
    """Return the name of a study: another search, or other data, is another study in the same file."""
    if study is None:
        return "tune"
    models = detector.models if isinstance(detector.models, list | tuple) else [detector.models]
    params = detector.get_params() | {"models": [m.spec() if isinstance(m, Part) else str(m) for m in models]}
    for name, state in (("random_state", params["random_state"]), ("tuned_by", random_state)):
        params[name] = state if isinstance(state, int) else None
    return study_name(detector.kind, repr(sorted(params.items())), data, marks)


class _OutOfTimeError(Exception):
    """The time of the search is over while a trial runs."""


class _Search:
    """The trials of a study, one after the other."""

    def __init__(self, study: optuna.study.Study, value: TrialValue, space: SearchSpace, seed: int) -> None:
        self.study = study
        self.value = value
        self.space = space
        self.seed = seed

    def run(self, trials: int | None, seconds: float | None) -> str:
        """Try until there are enough trials or the time is over; return why it ended."""
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        while True:
            finished = sum(trial.state != "stopped" for trial in self.tried())
            if trials is not None and finished >= trials:
                return "trials"
            if finished and time.monotonic() > deadline:
                return "time"
            try:
                self._try(finished, trials, deadline)
            except _OutOfTimeError:
                return "time"
            except KeyboardInterrupt:
                if self._best() is None:
                    raise
                return "interrupted"

    def _try(self, turn: int, trials: int | None, deadline: float) -> None:
        from optuna.samplers import TPESampler

        # a sampler a trial, seeded by its turn: a search that was stopped goes on as if it had not been
        seed = int(np.random.SeedSequence([self.seed, turn]).generate_state(1)[0])
        self.study.sampler = TPESampler(seed=seed, multivariate=False)
        trial = self.study.ask()
        parameters = self.space.suggested(trial) if turn else {}
        best, begun = self._best(), time.monotonic()
        text = f"Tuning: trial {turn + 1}{f' of {trials}' if trials else ''}"
        text += "" if best is None else f", best {best:.3g}"
        try:
            with _watched(text, deadline if best is not None else math.inf):
                value = self.value.of(parameters, self.space.models(parameters))
            if not math.isfinite(value):
                raise DataError(f"The {self.value.measure} is {value}.")
            self._end(trial, begun, value=value)
        except (KeyboardInterrupt, _OutOfTimeError):
            self._end(trial, begun, stopped=True)
            raise
        except _FAILURES as error:
            hopeless = turn == 0 and isinstance(
                error, AmissError
            )  # the data or the detector, not what was tried
            self._end(trial, begun, stopped=hopeless, reason=str(error) or type(error).__name__)
            if hopeless:
                raise

    def _end(
        self,
        trial: optuna.trial.Trial,
        begun: float,
        value: float | None = None,
        stopped: bool = False,
        reason: str = "",
    ) -> None:
        from optuna.trial import TrialState

        told = {"seconds": time.monotonic() - begun, "stopped": stopped, "reason": reason}
        for name, what in told.items():
            trial.set_user_attr(name, what)
        self.study.tell(trial, value, TrialState.FAIL if value is None else TrialState.COMPLETE)

    def _best(self) -> float | None:
        values = [trial.value for trial in self.tried() if trial.value is not None]
        return (max if self.value.maximise else min)(values, default=None)

    def tried(self) -> list[Trial]:
        """Return the trials there are, in their order."""
        from optuna.trial import TrialState

        out = []
        for trial in self.study.trials:
            told, done = trial.user_attrs, trial.state == TrialState.COMPLETE
            failed = trial.state == TrialState.FAIL and not told.get("stopped", True)
            state = "done" if done else "failed" if failed else "stopped"
            parameters = {name: tidy(value) for name, value in trial.params.items()}
            seconds, reason = float(told.get("seconds", 0.0)), str(told.get("reason", ""))
            out.append(Trial(trial.number, trial.value if done else None, seconds, state, parameters, reason))
        return out


@contextmanager
def _watched(text: str, deadline: float) -> Iterator[None]:
    """Tell what the search is at, and end the trial at its next word after the deadline."""
    outside = contextvars.copy_context()  # whoever listens to the search

    def heard(inner: str) -> None:
        """Tell the words of the trial behind those of the search."""
        if time.monotonic() > deadline:
            raise _OutOfTimeError
        outside.run(tell, f"{text}. {inner}")

    tell(text)
    with listening(heard), warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        yield


__all__ = ["Trial", "Tuning", "tune"]
