"""The judge: labelled data in, outcomes out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.detectors.any_kind import Choice, detector_of
from amiss.errors import AmissError, AmissWarning, in_one_line
from amiss.evaluation.blame import blame_figures
from amiss.evaluation.cases import Case, cases_of
from amiss.evaluation.labelled import find_labelled, read_labelled
from amiss.evaluation.outcomes import Evaluation, Outcome
from amiss.evaluation.ranking import average_precision, precision_at_k, recall_at, roc_auc
from amiss.evaluation.verdicts import events_found, verdict_figures
from amiss.evaluation.volume import volumes

Told = Callable[[int, int, str], None]
"""Told how many data sets are done, of how many, and which is being judged."""


class Scored(NamedTuple):
    """Scores of what a case judges, shape (items,); what was flagged, where there is a threshold; and what gives the
    figures of the explanations, where there are any.
    """

    scores: FloatArray
    flags: BoolArray | None = None
    blame: Callable[[], dict[str, float]] | None = None


def evaluate(
    folder: str,
    models: Any = "auto",
    seed: int = 0,
    only: Sequence[str] = (),
    label: str | None = None,
    told: Told = lambda done, of, what: None,
) -> Evaluation:
    """Judge the detectors on labelled data of your own. The labels are never seen by a detector.

    Parameters
    ----------
    folder : str
        A folder of labelled data, or one file; docs/bench.md shows the form.
    models : str, Model, or list of those
        As the detectors take them.
    seed : int
        `random_state` of the detectors, and what draws the halves.
    only : sequence of str
        Names of data sets, ends of names, or patterns such as ``series/*``; all by default.
    label : str, optional
        The column that holds the labels; found by its name else.
    told : callable
        Told of the progress.

    Returns
    -------
    Evaluation
        A case that fails is in it with its reason, and stops nothing.

    Raises
    ------
    SourceError
        There is no such folder, or nothing in it has the form of labelled data.
    ParameterError
        A name in ``only`` is not there.

    Examples
    --------
    >>> import os, tempfile
    >>> from amiss import evaluate
    >>> rng = np.random.default_rng(0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows, labels = rng.normal(size=(300, 3)), np.arange(300) >= 295
    ...     np.savez(os.path.join(folder, "orders.npz"), X=rows + 9.0 * labels[:, None], y=labels)
    ...     evaluation = evaluate(folder, models="fast")
    >>> evaluation.verdict
    '3 cases of 1 data set judged.'
    >>> evaluation.outcomes[0].figures["roc_auc"]
    1.0
    """
    places = find_labelled(folder, only)
    outcomes: list[Outcome] = []
    for done, place in enumerate(places):
        told(done, len(places), place.name)
        try:
            labelled = read_labelled(place, label)
        except Exception as error:  # noqa: BLE001 - a file that cannot be read stops nothing
            outcomes.append(Outcome(place.name, failure=_reason(error)))
            continue
        for case in cases_of(labelled, seed):
            told(done, len(places), f"{case.name}, {case.protocol}")
            outcomes.append(outcome_of(case, lambda case: scored_by_amiss(case, models, seed)))
    told(len(places), len(places), "done")
    return Evaluation(folder, models, seed, tuple(outcomes))


def scored_by_amiss(case: Case, models: Any = "auto", seed: int = 0) -> Scored:
    """Return the scores and verdicts of the detector for a case, fitted as its protocol says."""
    kind = case.kind if case.kind in ("series", "strings") else "table"
    state = "clean" if case.clean else "mixed"
    detector: Any = detector_of(Choice(kind, ""), models=models, training_data=state, random_state=seed)
    detector.fit(case.training)
    if case.judged is not None:
        cells = detector.cell_scores_[:, case.judged].ravel()
        return Scored(cells, cells > detector.cell_unit_, lambda: blame_figures(detector, case))
    scores = detector.scores_ if case.new is None else -detector.score_samples(case.new)
    return Scored(scores, scores > detector.threshold_, lambda: blame_figures(detector, case))


def outcome_of(case: Case, score: Callable[[Case], Scored]) -> Outcome:
    """Return what a method scores on a case.

    Parameters
    ----------
    case : Case
    score : callable
        Gives the scores; whatever it raises is the reason of the failure.
    """
    truth = case.truth
    about = (case.name, case.kind, case.group, case.protocol, len(truth), int(truth.sum()))
    began = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AmissWarning)
            scored = Scored(*score(case))
            seconds = time.process_time() - began
            blame = scored.blame() if scored.blame else {}
        return Outcome(*about, figures_of(case, scored.scores, scored.flags) | blame, seconds)
    except Exception as error:  # noqa: BLE001 - a case that fails is told and stops nothing
        return Outcome(*about, seconds=time.process_time() - began, failure=_reason(error))


def figures_of(case: Case, scores: FloatArray, flags: BoolArray | None = None) -> dict[str, float]:
    """Return every figure of a case.

    Parameters
    ----------
    case : Case
    scores : ndarray of shape (items,)
        Higher = more abnormal; what is not finite counts as the lowest (NaN) or the most extreme of the others.
    flags : ndarray of shape (items,), bool, optional
        The verdicts, where there are any.

    Raises
    ------
    ValueError
        There is not one score an item.
    """
    truth = case.truth
    if np.shape(scores) != truth.shape:
        raise ValueError(f"Scores of shape {np.shape(scores)} for {len(truth)} items")
    scores = _finite(np.asarray(scores, float))
    figures = {
        "roc_auc": roc_auc(truth, scores),
        "average_precision": average_precision(truth, scores),
        "recall_1": recall_at(truth, scores),
        "precision_k": precision_at_k(truth, scores),
    }
    if case.buffer is not None:
        figures["vus_roc"], figures["vus_pr"] = volumes(truth, scores, case.buffer)
    if flags is not None:
        figures |= verdict_figures(truth, flags)
        if case.buffer is not None:
            figures["events"] = events_found(truth, flags)
    return figures


def _finite(scores: AnyArray) -> FloatArray:
    fine = np.isfinite(scores)
    if not fine.any():
        return np.zeros(len(scores))
    lowest, highest = scores[fine].min(), scores[fine].max()
    return np.nan_to_num(scores, nan=lowest, posinf=highest, neginf=lowest)


def _reason(error: Exception) -> str:
    """Return why a case failed: our own sentence, or what another library says."""
    return str(error) if isinstance(error, AmissError) else f"{type(error).__name__}: {in_one_line(error)}"
