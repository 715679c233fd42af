"""The worst rows and strings laid out in cells, measured in characters, for a plot."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from amiss.batch import FloatArray
from amiss.detection import Anomaly, StringEvidence, TableEvidence, times
from amiss.report.thinning import BLAMED
from amiss.text.legible import level, written_out

CHARACTER = 0.602
"""Width of a character in a font of even width, in multiples of its size."""

_ROWS, _STRINGS = 15, 20
_COLUMNS = 150  # characters side by side, so that a plot is at most about ten inches wide
_CELL, _LABEL, _TEXT, _REASON = 22, 24, 48, 64
_GAP = 2


Ink = Literal["ink", "soft", "odd"]


@dataclass(frozen=True)
class Cell:
    """A text at a place, in characters from the left; ``level`` is its colour, None where it has none."""

    x: float
    width: float
    text: str
    level: int | None = None
    blamed: bool = False
    align: Literal["left", "center", "right"] = "left"
    ink: Ink = "ink"


@dataclass(frozen=True)
class Grid:
    """Rows of cells, the worst first, and how many characters wide they are."""

    rows: list[list[Cell]]
    columns: float


def width(text: str) -> int:
    """Return how many columns a text takes: wide characters take two, marks on letters none.

    Examples
    --------
    >>> width("abc"), width("日本"), width("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def shortened(text: str, limit: int) -> str:
    """Return ``text`` with what cannot be seen written out, at most ``limit`` columns wide.

    Examples
    --------
    >>> shortened("Auvergne-Rhone-Alpes", 10)
    'Auvergne-…'
    """
    text = written_out(text[: 4 * limit])
    if width(text) <= limit:
        return text
    while width(text) > limit - 1:
        text = text[:-1]
    return text + "…"


def table_grid(evidence: TableEvidence, anomalies: dict[int, Anomaly]) -> Grid:
    """Return the worst rows: label, score and the cells of the columns that surprise most, in their order."""
    places = [int(place) for place in evidence.places[:_ROWS]]
    texts = [[_shown(cell) for cell in row] for row in evidence.cells[:_ROWS]]
    names = [shortened(name, _CELL) for name in evidence.columns]
    widths = [max(width(t) for t in column) + 2 for column in zip(names, *texts, strict=True)]
    labels = [shortened(anomalies[p].label if p in anomalies else f"row {p}", _LABEL) for p in places]
    score = max(map(width, labels)) + 1
    wide = max([len(_times(a)) for a in anomalies.values()], default=0)
    start = score + wide + 2
    shown = _columns_that_fit(evidence.surprise[:_ROWS], widths, _COLUMNS - start)
    starts = dict(zip(shown, start + np.cumsum([0, *[widths[c] + 0.3 for c in shown]]), strict=False))
    rows = [[Cell(starts[c] + 1, widths[c], names[c], ink="soft") for c in shown]]
    for at, place in enumerate(places):
        anomaly = anomalies.get(place)
        blamed = {c.cell for c in anomaly.causes if c.share >= BLAMED} if anomaly else set()
        row = [Cell(0, score, labels[at]), *_score(anomaly, score, wide)]
        for c in shown:
            colour = level(float(evidence.surprise[at, c]))
            ink: Ink = "ink" if evidence.cells[at][c] or colour > 1 else "soft"
            blame = evidence.columns[c] in blamed
            row.append(Cell(starts[c], widths[c], f" {texts[at][c]}", colour, blame, ink=ink))
        rows.append(row)
    end = starts[shown[-1]] + widths[shown[-1]]
    left_out = ((len(evidence.cells) - len(places), "row"), (len(names) - len(shown), "column"))
    key = "Underlined: to blame. Darker: fits less, even by itself."
    rows.append([Cell(0, end, f"{key}{_not_drawn(left_out)}", ink="soft")])
    return Grid(rows, float(end))


def _shown(text: str) -> str:
    """Return the text of a table's cell; an empty one and spaces alone are named."""
    if not text:
        return "empty"
    return shortened(text, _CELL) if text.strip(" ") else "␣" * min(len(text), _CELL)


def _columns_that_fit(surprise: FloatArray, widths: list[int], room: float) -> list[int]:
    """Return the columns that surprise most, as many as there is room for (one at least)."""
    most = np.argsort(-surprise.max(axis=0, initial=0.0), kind="stable")
    shown: list[int] = []
    for column in map(int, most):
        room -= widths[column] + 0.3
        if shown and room < 0:
            break
        shown.append(column)
    return sorted(shown)


def string_grid(evidence: StringEvidence, anomalies: dict[int, Anomaly]) -> Grid:
    """Return the worst strings: score, each character in its colour, and what was expected."""
    rows: list[list[Cell]] = []
    ends: list[float] = []
    wide = max([len(_times(a)) for a in anomalies.values()], default=0)
    start = wide + 2.0
    for place, text, surprise in zip(evidence.places, evidence.texts, evidence.surprise, strict=True):
        if len(rows) == _STRINGS:
            break
        cells = _characters(text, surprise, start)
        ends.append(cells[-1].x + cells[-1].width)
        rows.append([*_score(anomalies.get(int(place)), 0, wide), *cells])
    reason_at = max(ends) + _GAP
    for row, place in zip(rows, evidence.places, strict=False):
        anomaly = anomalies.get(int(place))
        cause = f"{anomaly.causes[0].cell} {anomaly.causes[0].reason}" if anomaly and anomaly.causes else ""
        row.append(Cell(reason_at, _REASON, shortened(cause, _REASON), ink="soft"))
    longest = max(width(row[-1].text) for row in rows)
    left_out = len(evidence.texts) - len(rows)
    rows += [[Cell(0, longest, f"{_not_drawn([(left_out, 'string')])}".strip(), ink="soft")]] * (left_out > 0)
    return Grid(rows, reason_at + longest)


def _characters(text: str, surprise: FloatArray, start: float) -> list[Cell]:
    """Return a cell a character; of a long text those about the most surprising one."""
    if not text:
        return [Cell(start, 5.3, "empty", ink="soft")]
    levels = np.zeros(len(text), dtype=np.int64)
    known = np.asarray(surprise, dtype=np.float64)[: len(text)]
    levels[: len(known)] = [level(float(s)) for s in known]
    first = min(max(0, int(levels.argmax()) - _TEXT // 2), max(0, len(text) - _TEXT))
    cells: list[Cell] = []
    x = start
    if first:
        cells.append(Cell(x, 1.3, "…", align="center", ink="soft"))
        x += 1.3
    for character, colour in zip(text[first : first + _TEXT], levels[first:].tolist(), strict=False):
        shown = "␣" if character == " " and colour else written_out(character)
        wide = max(width(shown), 1) + 0.3
        cells.append(Cell(x, wide, shown, colour, align="center"))
        x += wide
    if first + _TEXT < len(text):
        cells.append(Cell(x, 1.3, "…", align="center", ink="soft"))
    return cells


def _score(anomaly: Anomaly | None, x: float, wide: int) -> list[Cell]:
    return [Cell(x, wide, _times(anomaly), align="right", ink="odd")] if anomaly else []


def _times(anomaly: Anomaly) -> str:
    return f"{times(anomaly.score)} ×"


def _not_drawn(counts: Iterable[tuple[int, str]]) -> str:
    """Return what is not drawn, in words; empty where everything is."""
    parts = [f"{n:,} more {what}{'s' * (n != 1)}" for n, what in counts if n > 0]
    return f" Not drawn: {', '.join(parts)}." if parts else ""
