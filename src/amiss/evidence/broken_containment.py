"""Broken containment: where most rows hold one column's text inside another's, this row does not."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.evidence.base import Cells, Evidence, Reason, quoted
from amiss.reading.columns import Column

_KEPT = 0.5
_ABOVE_CHANCE = 0.3
_PROBE, _DRAWN, _SAMPLE = 300, 1_000, 20_000
_MOST = 3.0
_DOUBT = 3.0


class BrokenContainment(Evidence):
    """A kept containment or equality speaks for both cells, a broken one against the cell that looks worse.

    First the blame is halved; where other evidence, and the other containments of the row, speak against one
    of the two cells, that one bears most of it.

    Kept means: the text of one column, not empty, stands in the text of the other, in at least half of the
    rows and 30 points above what pairs of rows drawn at random give. Whole numbers are compared without
    ".0".
    """

    name = "broken containment"
    weight = 2.0

    pairs_: list[tuple[int, int]]
    strength_: list[float]

    def fit(self, cells: Cells) -> Self:
        """Find the pairs of columns of which one is held in the other."""
        self.pairs_, self.strength_ = [], []
        rows = np.linspace(0, len(cells) - 1, min(len(cells), _SAMPLE)).astype(np.int64)
        texts = {j: _texts(c, rows) for j, c in cells.spelled() if len(c.distinct) > 1}
        probe = np.linspace(0, len(rows) - 1, min(len(rows), _PROBE)).astype(np.int64).tolist()
        draw = np.random.default_rng(0).integers(0, len(rows), (2, _DRAWN)).tolist()
        for a, inner in texts.items():
            for b, outer in texts.items():
                if a == b or sum(inner[i] != "" and inner[i] in outer[i] for i in probe) < 0.4 * len(probe):
                    continue
                if (b, a) in self.pairs_ and np.mean(
                    [x == y for x, y in zip(inner, outer, strict=True)]
                ) >= _KEPT:
                    continue
                kept = float(np.mean([x != "" and x in y for x, y in zip(inner, outer, strict=True)]))
                chance = float(
                    np.mean([inner[i] != "" and inner[i] in outer[k] for i, k in zip(*draw, strict=True)])
                )
                if kept >= _KEPT and kept - chance >= _ABOVE_CHANCE:
                    self.pairs_.append((a, b))
                    self.strength_.append(min(-float(np.log(1.0 - kept + 1e-3)), _MOST) * (kept - chance))
        return self

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        kept = [_kept(cells, a, b) for a, b in self.pairs_]
        alike = np.zeros(cells.shape)
        for (a, b), strength, held in zip(self.pairs_, self.strength_, kept, strict=True):
            alike[:, a] += np.where(held, -strength, strength)
            alike[:, b] += np.where(held, -strength, strength)
        whole = so_far + self.weight * alike
        out = np.zeros(cells.shape)
        for (a, b), strength, held in zip(self.pairs_, self.strength_, kept, strict=True):
            blame = _worse(whole[:, a] - whole[:, b])
            out[:, a] += np.where(held, -strength, 2 * strength * blame)
            out[:, b] += np.where(held, -strength, 2 * strength * (1 - blame))
        return self.weight * out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        one = cells.table.take(np.array([row]))
        alone = Cells(one, cells.place, cells.rows)
        for a, b in self.pairs_:
            if column in (a, b) and not _kept(alone, a, b)[0]:
                inner, outer = one.columns[a], one.columns[b]
                if column == a:
                    words = f"not within {outer.name} {quoted(outer.text(0))}, as it mostly is"
                    return Reason(words, f"part of {quoted(outer.text(0))}")
                words = f"does not hold {inner.name} {quoted(inner.text(0))}, as it mostly does"
                return Reason(words, f"with {quoted(inner.text(0))} in it")
        return Reason("")


def _worse(difference: FloatArray) -> FloatArray:
    """Return the first of two cells' share of the blame, by how much more speaks against it, in nats."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(difference, -100.0, 100.0) / _DOUBT)))


def _kept(cells: Cells, a: int, b: int) -> BoolArray:
    inner, outer = (cells.table.columns[j] for j in (a, b))
    left, right = ([_plain(t) for t in c.distinct] for c in (inner, outer))
    pairs = zip(inner.codes.tolist(), outer.codes.tolist(), strict=True)
    return np.array([left[i] != "" and left[i] in right[k] for i, k in pairs], bool)


def _texts(column: Column, rows: IntArray) -> list[str]:
    plain = [_plain(t) for t in column.distinct]
    return [plain[i] for i in column.codes[rows].tolist()]


def _plain(text: str) -> str:
    return text.removesuffix(".0")
