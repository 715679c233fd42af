"""The page of the benchmark: means, ranks, critical-difference diagrams, thresholds, every case."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from quality_figures import AMISS, Board
from quality_ranks import diagram, ranking

import amiss
from amiss.evaluation import EXPLANATIONS, GROUPS, PROTOCOLS, RANKING, VERDICTS, figure_words
from amiss.report.rendering import rendered, write_page
from amiss.text.legible import legible

HERE = Path(__file__).resolve().parent
_NAME = 60


def write_quality(boards: list[Board], path: Path, *, command: str) -> None:
    """Write the page as one HTML file that needs nothing else."""
    methods = {method for board in boards for method in board.figures if not method.startswith(AMISS)}
    sets = {(board.pack, name) for board in boards for name in board.cases}
    page = {
        "title": "Quality",
        "verdict": f"amiss beside {len(methods)} methods on {len(sets)} data sets.",
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "version": amiss.__version__,
        "command": legible(command, 2_000),
    }
    text = rendered(
        "quality.html",
        styles=("report.css", "quality.css"),
        folder=HERE,
        page=page,
        overview=[overview(board) for board in boards if AMISS in board.figures],
        boards=[_board(board, place) for place, board in enumerate(boards)],
        thresholds=[_threshold(board) for board in boards if "flagged" in board.figures.get(AMISS, {})],
        verdicts=VERDICTS,
        explanations=EXPLANATIONS,
        explained=[_explained(board) for board in boards if "blamed" in board.figures.get(AMISS, {})],
    )
    write_page(text, path)


def overview(board: Board) -> dict[str, Any]:
    """Return the line of a board in the first table: amiss beside the best peer, by the main figure."""
    peers = board.peers()
    best = peers[0] if peers else None
    ours, theirs = board.mean(AMISS), board.mean(best) if best else math.nan
    return {
        "where": f"#{_anchor(board)}",
        "title": title(board),
        "protocol": board.protocol,
        "cases": len(board.cases),
        "judged_by": RANKING[board.main],
        "amiss": figure_words(board.main, ours),
        "amiss_share": round(100 * ours),
        "best": figure_words(board.main, theirs) if best else "",
        "best_share": round(100 * theirs) if best else 0,
        "best_name": legible(best or "", _NAME),
        "ahead": f"{ours - theirs:+.3f}" if best else "",
        "behind": bool(best) and ours < theirs,
    }


def title(board: Board) -> str:
    """Return what a board is about."""
    return GROUPS[board.group]


def _anchor(board: Board) -> str:
    return f"{board.group}-{board.protocol}".replace(" ", "-")


def _board(board: Board, place: int) -> dict[str, Any]:
    found = ranking({method: told[board.main] for method, told in board.figures.items()})
    shown = [
        name
        for name in RANKING
        if name != board.main and any(name in told for told in board.figures.values())
    ]
    ranks = dict(zip(found.methods, found.ranks.tolist(), strict=True))
    wins = dict(zip(found.methods, found.wins.tolist(), strict=True))
    drawn = len(found.methods) > 2 and found.cases > 2
    methods = [
        {
            "name": legible(method, _NAME),
            "ours": method.startswith(AMISS),
            "main": figure_words(board.main, board.mean(method)),
            "share": round(100 * board.mean(method)),
            "others": [_words(name, board.mean(method, name)) for name in shown],
            "rank": f"{ranks[method]:.2f}",
            "wins": wins[method],
            "seconds": f"{board.seconds[method]:.1f}" if method in board.seconds else "",
        }
        for method in board.ordered()
    ]
    return {
        "anchor": _anchor(board),
        "title": f"{title(board)}, {board.protocol}",
        "meaning": PROTOCOLS[board.protocol],
        "cases": len(board.cases),
        "main": RANKING[board.main],
        "shown": [RANKING[name] for name in shown],
        "methods": methods,
        "diagram": diagram(found) if drawn else None,
        "p_value": f"{found.p_value:.2g}",
        "each": _each(board),
    }


def _each(board: Board) -> dict[str, Any]:
    """Return the main figure of each method on each case, the best of a case marked."""
    methods = board.ordered()
    values = np.column_stack([board.figures[method][board.main] for method in methods])
    rows = []
    for name, row in zip(board.cases, values, strict=True):
        best = np.nanmax(row)
        cells = [("" if math.isnan(v) else f"{v:.3f}".removeprefix("0"), bool(v == best)) for v in row]
        rows.append({"name": legible(name, _NAME), "cells": cells})
    return {"methods": [legible(method, _NAME) for method in methods], "rows": rows}


def _words(name: str, value: float) -> str:
    return "" if math.isnan(value) else figure_words(name, value)


def _threshold(board: Board) -> dict[str, Any]:
    """Return what the verdicts at the default threshold are worth, and the cases where it goes wrong."""
    told = board.figures[AMISS]
    flagged, top = told["flagged"], told["recall_1"]
    too_many = [name for name, share in zip(board.cases, flagged, strict=True) if share > 0.5]
    none = [
        name
        for name, share, found in zip(board.cases, flagged, top, strict=True)
        if share == 0 and found >= 0.5
    ]
    rows = [
        {
            "name": legible(method, _NAME),
            "ours": method.startswith(AMISS),
            "figures": [_words(name, board.mean(method, name)) for name in VERDICTS],
        }
        for method in board.ordered()
        if "flagged" in board.figures[method]
    ]
    return {
        "title": f"{title(board)}, {board.protocol}",
        "rows": rows,
        "over_half": [legible(name, _NAME) for name in too_many],
        "nothing": [legible(name, _NAME) for name in none],
        "cases": [
            (legible(name, _NAME), [_words(n, float(told[n][i])) if n in told else "" for n in VERDICTS])
            for i, name in enumerate(board.cases)
        ],
    }


def _explained(board: Board) -> dict[str, Any]:
    """Return how often amiss blames what is wrong first, where that is known."""
    known = int(np.isfinite(board.figures[AMISS]["blamed"]).sum())
    return {
        "title": title(board),
        "known": known,
        "means": [_words(n, board.mean(AMISS, n)) for n in EXPLANATIONS],
    }


def summary(boards: list[Board]) -> list[dict[str, Any]]:
    """Return means, ranks and tests of each board, ready for JSON."""
    told = []
    for board in boards:
        found = ranking({method: figures[board.main] for method, figures in board.figures.items()})
        ranks = dict(zip(found.methods, found.ranks.tolist(), strict=True))
        methods = {
            method: {
                "rank": round(ranks[method], 4),
                "means": {name: round(board.mean(method, name), 6) for name in board.figures[method]},
                "seconds": board.seconds.get(method),
            }
            for method in board.ordered()
        }
        told.append(
            {
                "pack": board.pack,
                "group": board.group,
                "protocol": board.protocol,
                "main": board.main,
                "cases": len(board.cases),
                "friedman_p": None if math.isnan(found.p_value) else found.p_value,
                "nemenyi_cd": None if math.isnan(found.distance) else found.distance,
                "methods": methods,
            }
        )
    return told
