"""The tables of docs/quality.md, written between two marks; what stands around them is left alone."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from quality_figures import AMISS, Board
from quality_ranks import ranking

from amiss.evaluation import EXPLANATIONS, RANKING, VERDICTS, figure_words

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
_JUDGED_BY = {
    "cells": ("average_precision", "precision_k"),
    "one channel": ("vus_pr",),
    "many channels": ("vus_pr",),
    "strings": ("roc_auc", "average_precision", "recall_1"),
}
_DATA = {
    "table": "tables of numbers",
    "mixed": "tables with words",
    "cells": "dirty tables, wrong cells",
    "one channel": "series of one channel",
    "many channels": "series of many channels",
    "strings": "lists of strings",
}


def renew(page: Path, boards: list[Board]) -> None:
    """Write the tables into the page.

    Raises
    ------
    SystemExit
        The page has not both marks.
    """
    text = page.read_text("utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page} has not the marks {BEGIN} and {END}. Put them where the tables go.")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    shown = [board for board in boards if AMISS in board.figures]
    tables = [*_against_the_best(shown), "", *_ranks(shown), "", *_verdicts(shown), *_explained(shown)]
    page.write_text("\n".join([head + BEGIN, *tables, END + tail]), "utf-8")


def _against_the_best(boards: list[Board]) -> list[str]:
    lines = ["| data | protocol | judged by | amiss | best peer |", "|---|---|---|---|---|"]
    for board in boards:
        names = _JUDGED_BY.get(board.group, ("roc_auc", "average_precision"))
        ours = " / ".join(_short(board.mean(AMISS, name)) for name in names)
        best = [_best(board, name) for name in names]
        theirs = " / ".join(_short(value) for value, _ in best)
        who = "; ".join(dict.fromkeys(method for _, method in best if method))
        judged = " / ".join(RANKING[name] for name in names)
        cells = [_data(board), board.protocol, judged, ours, f"{theirs} ({who})" if who else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ranks(boards: list[Board]) -> list[str]:
    """Return the mean ranks by the main figure: amiss, the next four, and the critical difference."""
    lines = [
        "Mean ranks by average precision (series: VUS-PR), 1 is best; CD is the critical difference of Nemenyi's test",
        "at 5 % (Demsar 2006).",
        "",
        "| data | protocol | methods | mean rank of amiss | next best | CD | Friedman's p |",
        "|---|---|---|---|---|---|---|",
    ]
    for board in boards:
        found = ranking({method: told[board.main] for method, told in board.figures.items()})
        ranked = list(zip(found.methods, found.ranks.tolist(), strict=True))
        ours = next(rank for method, rank in ranked if method == AMISS)
        others = [f"{method} {rank:.1f}" for method, rank in ranked if not method.startswith(AMISS)][:3]
        tested = [f"{found.distance:.1f}", f"{found.p_value:.1g}"] if found.cases > 2 and others else ["", ""]
        cells = [_data(board), board.protocol, str(len(ranked)), f"{ours:.1f}", ", ".join(others), *tested]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _verdicts(boards: list[Board]) -> list[str]:
    lines = [
        "At the default threshold, means over the data sets; the last columns count sets of which more than half is",
        "flagged, and sets of which nothing is, though half of the highest hundredth or more is anomalous:",
        "",
        f"| data | protocol | {' | '.join(VERDICTS.values())} | over half | nothing |",
        "|---" * (len(VERDICTS) + 4) + "|",
    ]
    for board in boards:
        told = board.figures[AMISS]
        if "flagged" in told:
            figures = ["" if math.isnan(v := board.mean(AMISS, n)) else _figure(n, v) for n in VERDICTS]
            over_half = int(np.sum(told["flagged"] > 0.5))
            nothing = int(np.sum((told["flagged"] == 0) & (told["recall_1"] >= 0.5)))
            lines.append(
                f"| {' | '.join([_data(board), board.protocol, *figures, str(over_half), str(nothing)])} |"
            )
    return lines


def _explained(boards: list[Board]) -> list[str]:
    """Return how often what is wrong is blamed first, where that is known; nothing else."""
    lines = []
    for board in boards:
        values = [board.mean(AMISS, name) for name in EXPLANATIONS]
        if not math.isnan(values[0]):
            known = int(np.isfinite(board.figures[AMISS]["blamed"]).sum())
            lines.append(f"| {known} {_DATA[board.group]} | {' | '.join(map(_short, values))} |")
    head = [
        "",
        "Explanations, where it is known what is wrong: of rows with one wrong cell, how often that cell is blamed",
    ]
    head += ["first; of changed strings, how often the most surprising character is a changed one.", ""]
    head += [f"| data | {' | '.join(EXPLANATIONS.values())} |", "|---" * (len(EXPLANATIONS) + 1) + "|"]
    return [*head, *lines] if lines else []


def _data(board: Board) -> str:
    return f"{len(board.cases)} {_DATA[board.group]}"


def _best(board: Board, figure: str) -> tuple[float, str]:
    means = [(board.mean(method, figure), method) for method in board.peers()]
    return max((pair for pair in means if not math.isnan(pair[0])), default=(math.nan, ""))


def _figure(name: str, value: float) -> str:
    return _short(value) if name in ("precision", "recall", "f1", "events") else figure_words(name, value)


def _short(value: float) -> str:
    """Return .824 for 0.8241."""
    return "" if math.isnan(value) else f"{value:.3f}".removeprefix("0")
