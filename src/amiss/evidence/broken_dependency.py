"""Broken dependency: rows that share a value of one column hold another value in this one."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.evidence.base import Cells, Evidence, Reason, in_rows, quoted
from amiss.evidence.spelling import edits
from amiss.part import Stored

_REPEATED = 0.2
_LEAST = 0.2
_SURE = 0.999
_SAMPLE = 20_000
_PROBE = 2_000
_MOST_COLUMNS = 30
_MOST_PAIRS = 120


class BrokenDependency(Evidence):
    """Votes of the rows with the same value in another column: for this value, or for another one.

    For every ordered pair of columns X -> Y where X predicts Y better than Y's most frequent value does. The
    cell's own vote is left out. Evidence is -log(1 - confidence) times the lift over chance: the strongest,
    a quarter of the sum, and once more where the value voted for is a small edit away; a confirmed cell
    sinks by half the strongest confirmation.

    References
    ----------
    Mannila and Raiha (1992), "On the complexity of inferring functional dependencies".
    Piatetsky-Shapiro (1991), "Discovery, analysis, and presentation of strong rules": lift.
    """

    name = "broken dependency"
    weights = (1.0, 0.25, 0.5, 1.0)

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("pairs_", "votes_"),)
    pairs_: list[tuple[int, int]]
    votes_: list[Votes]
    texts_: dict[str, list[str]]

    def fit(self, cells: Cells) -> Self:
        """Find the pairs of columns of which one predicts the other."""
        rows = np.linspace(0, len(cells) - 1, min(len(cells), _SAMPLE)).astype(np.int64)
        codes = [
            p[c.codes[rows]] if self._eligible(cells, j) else np.zeros(0, np.int64)
            for j, (c, p) in enumerate(zip(cells.table.columns, cells.place, strict=True))
        ]
        usable = [j for j in range(len(codes)) if len(codes[j])][:_MOST_COLUMNS]
        found: list[tuple[float, int, int]] = []
        probe = np.linspace(0, len(rows) - 1, min(len(rows), _PROBE)).astype(np.int64)
        for x in usable:
            for y in usable:
                if x != y and (lift := Votes(codes[x][probe], codes[y][probe]).lift) >= _LEAST:
                    found.append((-lift, x, y))
        best = sorted(found)[:_MOST_PAIRS]
        self.pairs_ = [(x, y) for _, x, y in best]
        self.votes_ = [Votes(codes[x], codes[y]) for x, y in self.pairs_]
        predicted = sorted({y for _, y in self.pairs_})
        self.texts_ = {str(y): list(cells.table.columns[y].distinct) for y in predicted}
        return self

    @staticmethod
    def _eligible(cells: Cells, j: int) -> bool:
        column, rows = cells.table.columns[j], cells.rows[j]
        if column.typed and column.kind in ("numeric", "date") and len(rows) > max(20.0, 0.05 * len(cells)):
            return False
        return len(rows) > 1 and float(rows[rows > 1].sum()) >= _REPEATED * len(cells)

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        strongest, total, confirmed, near = (np.zeros(cells.shape) for _ in range(4))
        codes = self._codes(cells)
        for (x, y), votes in zip(self.pairs_, self.votes_, strict=True):
            against, instead, for_it = votes.judge(codes[x], codes[y])
            strongest[:, y] = np.maximum(strongest[:, y], against)
            total[:, y] += against
            confirmed[:, y] = np.maximum(confirmed[:, y], for_it)
            small = self._small_edit(cells, y, against, instead)
            near[:, y] = np.maximum(near[:, y], np.where(small, against, 0.0))
        a, b, c, d = self.weights
        return a * strongest + b * total - c * confirmed + d * near

    def _codes(self, cells: Cells) -> dict[int, IntArray]:
        asked = {j for pair in self.pairs_ for j in pair}
        return {j: cells.place[j][cells.table.columns[j].codes] for j in asked}

    def _small_edit(self, cells: Cells, y: int, against: FloatArray, instead: IntArray) -> FloatArray:
        """Return where the value voted for is one edit away, two from 8 characters on."""
        column, texts = cells.table.columns[y], self.texts_[str(y)]
        out = np.zeros(len(cells), bool)
        seen: dict[tuple[int, int], bool] = {}
        for row in np.flatnonzero(against > 0.3).tolist():
            key = (int(column.codes[row]), int(instead[row]))
            if key not in seen:
                text, other = column.distinct[key[0]], texts[key[1]]
                most = 2 if len(text) >= 8 else 1
                seen[key] = bool(text and other) and edits(text, other, most) <= most
            out[row] = seen[key]
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        best: tuple[float, int, int, Votes] | None = None
        for (x, y), votes in zip(self.pairs_, self.votes_, strict=True):
            if y == column:
                codes = [cells.place[j][cells.table.columns[j].codes[row : row + 1]] for j in (x, y)]
                against, instead, _ = votes.judge(codes[0], codes[1])
                if against[0] > (best[0] if best else 0.0):
                    best = (float(against[0]), x, int(instead[0]), votes)
        if best is None:
            return Reason("")
        _, x, instead_code, votes = best
        cause = cells.table.columns[x]
        text = self.texts_[str(column)][instead_code]
        code = int(cells.place[x][cause.codes[row]])
        rows = in_rows(votes.rows_of(code, instead_code), float(votes.of_cause[code]))
        words = f"where {cause.name} is {quoted(cause.text(row))} it is {quoted(text)} {rows}"
        return Reason(words, text, exact=True)


class Votes(Stored):
    """How often each value of Y goes with each value of X.

    Attributes
    ----------
    keys, rows : ndarray of shape (pairs,)
        Pairs of values that occur, ``x * size + y``, ascending, and their rows.
    of_cause : ndarray of shape (values of X,)
        Rows of each value of X.
    first, second, first_rows, second_rows : ndarray of shape (values of X,)
        The two most frequent values of Y with each value of X (-1: none), and their rows.
    base : ndarray of shape (values of Y,)
        Share of rows of each value of Y.
    lift : float
        Share of the mistakes that always saying Y's most frequent value makes and the votes do not, 0 to 1.
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("keys", "rows"),
        ("of_cause", "first", "first_rows", "second", "second_rows"),
    )
    size: int
    keys: IntArray
    rows: FloatArray
    of_cause: FloatArray
    first: IntArray
    second: IntArray
    first_rows: FloatArray
    second_rows: FloatArray
    base: FloatArray
    lift: float

    def __init__(self, x: IntArray, y: IntArray) -> None:
        causes, self.size = int(x.max()) + 1, int(y.max()) + 1
        self.keys, count = np.unique(x * self.size + y, return_counts=True)
        self.rows = count.astype(float)
        cause, value = self.keys // self.size, self.keys % self.size
        self.of_cause = np.bincount(cause, self.rows, causes).astype(float)
        self.base = np.bincount(y, minlength=self.size) / len(y)
        order = np.lexsort((value, -self.rows, cause))
        ordered = cause[order]
        start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self.first, self.first_rows = self._top(causes, order, ordered, start)
        follow = start + 1
        follow = follow[(follow < len(order))]
        follow = follow[ordered[follow] == ordered[follow - 1]]
        self.second, self.second_rows = self._top(causes, order, ordered, follow)
        self.lift = self._lift(x, y)

    def _top(
        self, causes: int, order: IntArray, ordered: IntArray, at: IntArray
    ) -> tuple[IntArray, FloatArray]:
        value, rows = np.full(causes, -1), np.zeros(causes)
        value[ordered[at]] = self.keys[order[at]] % self.size
        rows[ordered[at]] = self.rows[order[at]]
        return value, rows

    def _lift(self, x: IntArray, y: IntArray) -> float:
        mine, best, _, others = self._count(x, y)
        asked = others >= 1
        if asked.mean() < _LEAST:
            return 0.0
        right = float(((mine > 0) & (mine >= best))[asked].mean())
        always = float((y[asked] == int(np.argmax(self.base))).mean())
        return max(0.0, (right - always) / (1.0 - always)) if always < 1 else 0.0

    def rows_of(self, x: int, y: int) -> float:
        """Return the rows with that pair of values."""
        at = int(np.searchsorted(self.keys, x * self.size + y))
        return float(self.rows[at]) if at < len(self.keys) and self.keys[at] == x * self.size + y else 0.0

    def _count(self, x: IntArray, y: IntArray) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
        """Return votes for the own value, votes for the best other, that other, and all votes; own vote left
        out."""
        known = (x >= 0) & (x < len(self.first))
        at = np.where(known, x, 0)
        valid = known & (y >= 0) & (y < self.size)
        key = np.where(valid, at * self.size + y, -1)
        where = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        own = np.where(self.keys[where] == key, self.rows[where], 0.0)
        is_first = valid & (self.first[at] == y)
        other = np.where(is_first, self.second[at], self.first[at])
        best = np.where(is_first, self.second_rows[at], self.first_rows[at])
        total = self.of_cause[at] - (own > 0)
        none = ~known
        best, total = np.where(none, 0.0, best), np.where(none, 0.0, total)
        return np.maximum(own - 1.0, 0.0), best, np.where(none, -1, other), total

    def judge(self, x: IntArray, y: IntArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return the evidence against each y given its x, the value voted for, and the evidence for y, in
        nats."""
        mine, best, other, total = self._count(x, y)
        base_other = np.where(other >= 0, self.base[np.maximum(other, 0)], 0.0)
        known = (y >= 0) & (y < self.size)
        base_mine = np.where(known, self.base[np.where(known, y, 0)], 0.0)
        against = self._weight(best / (total + 1), base_other) * (1.0 - mine / np.maximum(best, 1.0))
        for_it = self._weight(mine / (total + 1), base_mine)
        return np.where(best > mine, against, 0.0), other, np.where((mine >= best) & (mine > 0), for_it, 0.0)

    def _weight(self, confidence: FloatArray, base: FloatArray) -> FloatArray:
        lift = np.clip((confidence - base) / np.maximum(1.0 - base, 1e-9), 0.0, 1.0)
        return np.asarray(-np.log(1.0 - np.minimum(confidence, _SURE)) * lift * self.lift)
