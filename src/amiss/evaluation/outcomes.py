"""Outcomes: what the detectors scored on each case, and the means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

import amiss
from amiss.evaluation.blame import EXPLANATIONS
from amiss.evaluation.cases import GROUPS, PROTOCOLS

RANKING = {
    "vus_pr": "VUS-PR",
    "vus_roc": "VUS-ROC",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "recall_1": "recall at 1 %",
    "precision_k": "precision at k",
}
"""Figures of the scores alone, and what a person calls them."""
VERDICTS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "flagged": "flagged",
    "false_alarms": "false alarms per 1000",
    "events": "events found",
}
"""Figures of the verdicts at the threshold."""
_SHORT = {
    "average_precision": "avg. prec.",
    "recall_1": "rec. at 1 %",
    "precision_k": "prec. at k",
    "false_alarms": "alarms/1000",
    "events": "events",
}


def figure_words(name: str, value: float | None) -> str:
    """Return a figure as a person reads it, empty where there is none.

    Examples
    --------
    >>> figure_words("roc_auc", 0.98765), figure_words("flagged", 0.0123), figure_words("false_alarms", 0.849)
    ('0.988', '1.2 %', '0.8')
    """
    if value is None:
        return ""
    if name == "flagged":
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if name == "false_alarms" else f"{value:.3f}"


def main_figure(group: str) -> str:
    """Return the figure that cases of a group are compared by."""
    return "vus_pr" if group in ("one channel", "many channels") else "average_precision"


@dataclass(frozen=True)
class Outcome:
    """What was scored on one case.

    Attributes
    ----------
    name, kind, group, protocol : str
        Of the case; empty but for the name where the data could not be read.
    items, anomalies : int
        That were judged.
    figures : dict of str to float
        Empty where it failed.
    seconds : float
        CPU seconds of fitting and scoring, all threads.
    failure : str
        Why it failed; empty where it did not.
    """

    name: str
    kind: str = ""
    group: str = ""
    protocol: str = ""
    items: int = 0
    anomalies: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""


@dataclass(frozen=True)
class Mean:
    """The mean over the cases of a group and protocol that did not fail and have the figure.

    Attributes
    ----------
    group, protocol : str
    cases, failed : int
        ``cases`` counts those that did not fail.
    figures : dict of str to float
    seconds : float
        CPU seconds a case.
    """

    group: str
    protocol: str
    cases: int
    failed: int
    figures: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """How well the detectors did.

    Attributes
    ----------
    place : str
        The folder.
    models : str or list of str
        What was asked for.
    seed : int
    outcomes : tuple of Outcome
        One a case, and one for each data set that could not be read.
    """

    place: str
    models: Any
    seed: int
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cases that failed, and the data that could not be read."""
        return tuple(outcome for outcome in self.outcomes if outcome.failure)

    @property
    def verdict(self) -> str:
        """What was judged, in one sentence."""
        sets = len({outcome.name for outcome in self.outcomes})
        judged, failed = len(self.outcomes) - len(self.failed), len(self.failed)
        end = f", {failed:,} failed" if failed else ""
        return f"{judged:,} case{'s' * (judged != 1)} of {sets:,} data set{'s' * (sets != 1)} judged{end}."

    @property
    def models_asked(self) -> str:
        """The models as a person writes them."""
        return self.models if isinstance(self.models, str) else ", ".join(map(str, self.models))

    def means(self) -> list[Mean]:
        """Return the means, group by group and protocol by protocol."""
        return means_of(self.outcomes)

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat dict a case: name, kind, group, protocol, items, anomalies, each figure, seconds, failure."""
        flat = []
        for outcome in self.outcomes:
            row = asdict(outcome)
            figures = row.pop("figures")
            flat.append({**row, **{name: figures.get(name) for name in (*RANKING, *VERDICTS, *EXPLANATIONS)}})
        return flat

    def to_json(self) -> str:
        """Return everything as JSON text: amiss (version), folder, models, seed, means, cases."""
        told = {
            "amiss": amiss.__version__,
            "folder": self.place,
            "models": self.models if isinstance(self.models, str) else list(map(str, self.models)),
            "seed": self.seed,
            "means": [asdict(mean) for mean in self.means()],
            "cases": [asdict(outcome) for outcome in self.outcomes],
        }
        return json.dumps(told, ensure_ascii=True, allow_nan=False, indent=1)


def means_of(outcomes: Sequence[Outcome]) -> list[Mean]:
    """Return the means over the cases that did not fail, in the order of `GROUPS` and `PROTOCOLS`."""
    return [_mean(group, protocol, some) for group, protocol, some in _together(outcomes)]


def _together(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, str, list[Outcome]]]:
    for group in GROUPS:
        for protocol in PROTOCOLS:
            some = [o for o in outcomes if (o.group, o.protocol) == (group, protocol)]
            if some:
                yield group, protocol, some


def _mean(group: str, protocol: str, outcomes: Sequence[Outcome]) -> Mean:
    fine = [outcome for outcome in outcomes if not outcome.failure]
    figures = {}
    for name in (*RANKING, *VERDICTS, *EXPLANATIONS):
        values = [outcome.figures[name] for outcome in fine if name in outcome.figures]
        if values:
            figures[name] = float(np.mean(values))
    seconds = float(np.mean([outcome.seconds for outcome in fine])) if fine else 0.0
    return Mean(group, protocol, len(fine), len(outcomes) - len(fine), figures, seconds)


def tables(evaluation: Evaluation, each: bool = False) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield what a terminal shows as (title, heads, rows of words): the means, and each case where wanted."""
    means = evaluation.means()
    sections = {"Ranking": RANKING, "At the threshold": VERDICTS, "Explanations": EXPLANATIONS}
    for title, names in sections.items():
        shown = [name for name in names if any(name in mean.figures for mean in means)]
        head = ["data", "protocol", "cases", *(_SHORT.get(name, names[name]) for name in shown)]
        rows = [
            [
                *(mean.group, mean.protocol, str(mean.cases)),
                *(figure_words(n, mean.figures.get(n)) for n in shown),
            ]
            for mean in means
            if any(name in mean.figures for name in shown)
        ]
        if shown:
            yield f"{title}, means:", head, rows
    fine = [outcome for outcome in evaluation.outcomes if not outcome.failure]
    if each and fine:
        chosen = ("vus_pr", "roc_auc", "average_precision", "precision", "recall", "false_alarms")
        words = {**RANKING, **VERDICTS}
        cells = [[o.name, o.protocol, *(figure_words(n, o.figures.get(n)) for n in chosen)] for o in fine]
        seconds = [[*row, f"{outcome.seconds:.1f}"] for row, outcome in zip(cells, fine, strict=True)]
        head = ["case", "protocol", *(_SHORT.get(n, words[n]) for n in chosen), "CPU s"]
        yield "Case by case:", head, seconds
