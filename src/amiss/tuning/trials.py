"""Trials: what a search has tried, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amiss.detectors.base import Detector
from amiss.part import Part

_SHOWN = 3  # failed trials in the words about a search


@dataclass(frozen=True)
class Trial:
    """One set of parameters tried.

    Attributes
    ----------
    number : int
        From 0.
    value : float or None
        None where it did not end well.
    seconds : float
        How long it took.
    state : str
        "done", "failed" or "stopped" (out of time, or interrupted).
    parameters : dict of str to value
        What was tried, by name; empty for the detector as it was given.
    reason : str
        Why it failed.
    """

    number: int
    value: float | None
    seconds: float
    state: str
    parameters: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


class Tuning:
    """What a search found.

    Parameters
    ----------
    best : Detector
    trials : list of Trial
    measure : str
    ended : str

    Attributes
    ----------
    best : Detector
        The detector with the best parameters, fitted on all data.
    best_trial : Trial
    trials : list of Trial
        In their order; the first is the detector as it was given.
    measure : str
        What the values are: "held-out error" (lower is better) or "average precision" (higher is better).
    ended : str
        Why the search ended: "trials" (all done), "time" or "interrupted" (Ctrl-C).
    """

    def __init__(self, best: Detector, trials: list[Trial], measure: str, ended: str) -> None:
        self.best = best
        self.trials = trials
        self.measure = measure
        self.ended = ended

    @property
    def best_trial(self) -> Trial:
        """The trial with the best value, the earliest of equals."""
        return self.ranked()[0]

    def ranked(self) -> list[Trial]:
        """Return the trials that were done, the best first."""
        done = [trial for trial in self.trials if trial.value is not None]
        sign = -1 if self.measure == "average precision" else 1
        return sorted(done, key=lambda trial: (sign * (trial.value or 0.0), trial.number))

    def table(self) -> dict[str, list[Any]]:
        """Return the trials by column: trial, value, seconds, state, reason, then a column a parameter.

        ``pandas.DataFrame(tuning.table())`` makes a frame of it. A parameter that a trial did not set is None.
        """
        names = list(dict.fromkeys(name for trial in self.trials for name in trial.parameters))
        columns: dict[str, list[Any]] = {
            "trial": [trial.number for trial in self.trials],
            "value": [trial.value for trial in self.trials],
            "seconds": [trial.seconds for trial in self.trials],
            "state": [trial.state for trial in self.trials],
            "reason": [trial.reason for trial in self.trials],
        }
        return columns | {name: [trial.parameters.get(name) for trial in self.trials] for name in names}

    def rows(self, most: int) -> list[tuple[str, str, str, str]]:
        """Return the best trials in words: trial, value, seconds, parameters."""
        return [
            (
                f"{trial.number}",
                f"{trial.value:.4g}",
                f"{trial.seconds:.2g} s",
                ", ".join(f"{name}={value}" for name, value in trial.parameters.items()) or "as given",
            )
            for trial in self.ranked()[:most]
        ]

    def lines(self) -> list[str]:
        """Return in words how many trials there were, why they ended, and which failed."""
        done, failed = len(self.ranked()), [trial for trial in self.trials if trial.state == "failed"]
        why = {"trials": "", "time": ", time over", "interrupted": ", interrupted"}[self.ended]
        head = f"Tuned: {done} trial{'s' * (done != 1)} done, {len(failed)} failed{why}. Best {self.measure} first:"
        return [head, *(f"Trial {trial.number} failed: {trial.reason}" for trial in failed[:_SHOWN])]

    def chosen(self) -> str:
        """Return in words what was chosen."""
        models = self.best.models if isinstance(self.best.models, list | tuple) else [self.best.models]
        texts = [model.spec() if isinstance(model, Part) else str(model) for model in models]
        return f"Chosen: trial {self.best_trial.number}, {' and '.join(texts)}"

    def __repr__(self) -> str:
        found = self.best_trial
        return (
            f"Tuning({self.measure} {found.value:.4g} in trial {found.number} of {len(self.trials)}: "
            f"models={self.best.models!r})"
        )


__all__ = ["Trial", "Tuning"]
