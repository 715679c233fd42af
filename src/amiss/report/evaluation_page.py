"""The page of an evaluation: means, verdicts at the threshold, every case."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import amiss
from amiss.evaluation import (
    EXPLANATIONS,
    GROUPS,
    PROTOCOLS,
    RANKING,
    VERDICTS,
    Evaluation,
    Mean,
    Outcome,
    figure_words,
    main_figure,
)
from amiss.report.rendering import rendered, write_page
from amiss.text.legible import legible

_BESIDE = {
    "cells": ("roc_auc", "precision_k"),
    "one channel": ("vus_roc", "roc_auc"),
    "many channels": ("vus_roc", "roc_auc"),
    "strings": ("roc_auc", "recall_1"),
}  # figures of a case beside the main one
_CASES, _FAILED = 1_000, 200  # that a page holds at most; it says what is left out
_NAME, _REASON, _COMMAND = 80, 400, 2_000  # characters


def write_evaluation(
    evaluation: Evaluation, path: str | os.PathLike[str], *, command: str | None = None
) -> None:
    """Write the page of an evaluation as one HTML file that needs nothing else.

    Parameters
    ----------
    evaluation : Evaluation
    path : str or path
        The file to write; it is written whole or not at all.
    command : str, optional
        How to repeat it.

    Raises
    ------
    SinkError
        The file cannot be written.
    """
    write_page(render_evaluation(evaluation, command=command), path)


def render_evaluation(evaluation: Evaluation, *, command: str | None = None) -> str:
    """Return the page of an evaluation as HTML text."""
    models = evaluation.models_asked
    fine = [outcome for outcome in evaluation.outcomes if not outcome.failure]
    page = {
        "title": legible(os.path.basename(os.path.abspath(evaluation.place)), _NAME),
        "verdict": evaluation.verdict,
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "version": amiss.__version__,
        "facts": [
            ("Items judged", f"{sum(outcome.items for outcome in fine):,}"),
            ("Anomalies among them", f"{sum(outcome.anomalies for outcome in fine):,}"),
            ("Models", legible(models, _NAME)),
            ("CPU seconds", f"{sum(outcome.seconds for outcome in fine):,.1f}"),
        ],
        "made": [("Models", legible(models, _NAME)), ("Random state", evaluation.seed)],
        "command": legible(command, _COMMAND) if command else None,
    }
    failed = [(legible(o.name, _NAME), o.protocol, legible(o.failure, _REASON)) for o in evaluation.failed]
    return rendered(
        "evaluation.html",
        page=page,
        ranking=RANKING,
        verdicts=VERDICTS,
        explanations=EXPLANATIONS,
        means=[_mean(mean) for mean in evaluation.means()],
        groups=_groups(fine[:_CASES]),
        cases_left_out=len(fine[_CASES:]),
        failed=failed[:_FAILED],
        failed_left_out=len(failed[_FAILED:]),
    )


def _mean(mean: Mean) -> dict[str, Any]:
    return {
        "group": GROUPS[mean.group],
        "protocol": mean.protocol,
        "meaning": PROTOCOLS[mean.protocol],
        "cases": f"{mean.cases:,}" + (f" of {mean.cases + mean.failed:,}" if mean.failed else ""),
        "seconds": f"{mean.seconds:.1f}",
        **_words(mean.figures),
    }


def _groups(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return the cases of each group, with the figure they are compared by."""
    groups = []
    for group, title in GROUPS.items():
        some = [outcome for outcome in outcomes if outcome.group == group]
        if some:
            main, beside = main_figure(group), _BESIDE.get(group, ("roc_auc", "precision_k"))
            cases = [_case(outcome, main) for outcome in some]
            groups.append({"title": title, "main": main, "shown": beside, "cases": cases})
    return groups


def _case(outcome: Outcome, main: str) -> dict[str, Any]:
    return {
        "name": legible(outcome.name, _NAME),
        "protocol": outcome.protocol,
        "items": outcome.items,
        "anomalies": outcome.anomalies,
        "share": round(100 * outcome.figures[main]),
        "seconds": f"{outcome.seconds:.1f}",
        **_words(outcome.figures),
    }


def _words(figures: dict[str, float]) -> dict[str, str]:
    return {name: figure_words(name, figures.get(name)) for name in (*RANKING, *VERDICTS, *EXPLANATIONS)}
