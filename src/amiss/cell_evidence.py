"""Cell evidence: which cells of a table are wrong, why, and what was expected instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self
from weakref import ReferenceType, ref

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray
from amiss.evidence import (
    BrokenContainment,
    BrokenDependency,
    Cells,
    Evidence,
    LikelyTypo,
    OddCharacters,
    OddFormat,
    OddNumber,
    RareValue,
    RepeatedValue,
    Unread,
)
from amiss.part import Stored
from amiss.reading.columns import Table

PARTS: tuple[type[Evidence], ...] = (
    RareValue,
    OddFormat,
    OddCharacters,
    LikelyTypo,
    Unread,
    OddNumber,
    RepeatedValue,
    BrokenDependency,
    BrokenContainment,
)


_OF_THE_VALUE = (RareValue, OddFormat, OddCharacters, LikelyTypo)
"""Parts that look at a value on its own: they cannot blame one that many rows hold."""

_MANY_ROWS = (3.0, 0.05)
"""Many are at least so many rows, and such a share of them."""

_SLIGHT = 0.5
"""Where the largest blame of a row is less than that of what was not held against frequent values, they are blamed:
what many rows hold may be a level, or the same mistake many times."""

_LEAST_SAY = 0.2
"""A part says what was expected where it weighs more than that share of the strongest part."""

_NOTHING = float(np.log(2.0))
"""What the evidence says of a cell that nothing speaks for or against."""

_MOST_TYPED = 1_000
"""A column of numbers with more different values than that is measured: its values are not counted."""


class CellEvidence(Stored):
    """The sum of all that speaks against each cell of a table.

    Fitted on one table, it judges the cells of any table with the same columns; a row gets the same evidence
    alone, in a batch, and as a training row.

    Examples
    --------
    >>> from amiss.reading.columns import ColumnReader
    >>> reader = ColumnReader()
    >>> table = reader.fit({"city": ["Rome"] * 30 + ["Oslo"] * 30 + ["Rmoe"], "age": ["1"] * 60 + ["x"]})
    >>> evidence = CellEvidence().fit(table)
    >>> evidence.surprise(table).argmax(axis=0)
    array([60, 60])
    >>> evidence.reasons(table, 60, 0)
    ('close to "Rome", which is in 30 of 61 rows', 'Rome')
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"_place", "_last"})

    parts_: list[Evidence]
    texts_: list[list[str]]
    rows_: list[FloatArray]
    _place: list[dict[str, int]]
    _last: tuple[ReferenceType[Table], FloatArray]

    def fit(self, table: Table) -> Self:
        """Learn from a training table; most of its cells are taken to be right."""
        counted = [not c.typed or c.distinct_count <= _MOST_TYPED for c in table.columns]
        self.texts_ = [list(c.distinct) if k else [] for c, k in zip(table.columns, counted, strict=True)]
        self.rows_ = [
            np.bincount(c.codes, minlength=len(texts)).astype(float) if texts else np.zeros(0)
            for c, texts in zip(table.columns, self.texts_, strict=True)
        ]
        self._place = []
        vars(self).pop("_last", None)
        cells = Cells(table, [np.arange(len(t)) for t in self.texts_], self.rows_)
        self.parts_ = [part().fit(cells) for part in PARTS]
        return self

    def _places(self) -> list[dict[str, int]]:
        if not vars(self).get("_place"):
            self._place = [{t: i for i, t in enumerate(texts)} for texts in self.texts_]
        return self._place

    def _cells(self, table: Table) -> Cells:
        place: list[IntArray] = []
        rows: list[FloatArray] = []
        for known, count, column in zip(self._places(), self.rows_, table.columns, strict=True):
            texts = column.distinct if known else []
            at = np.array([known.get(t, -1) for t in texts], np.int64)
            place.append(at)
            rows.append(np.where(at >= 0, count[at], 0.0) if len(at) else np.zeros(0))
        return Cells(table, place, rows)

    def surprise(self, table: Table) -> FloatArray:
        """Return how much speaks against each cell, in weighted nats, >= 0, shape (rows, columns)."""
        if "_last" in vars(self) and self._last[0]() is table:  # a detector asks about a table several times
            return self._last[1].copy()
        cells = self._cells(table)
        found = positive(self._weigh(cells)[0])
        self._last = (ref(table), found)
        return found.copy()

    def reasons(self, table: Table, row: int, column: int) -> tuple[str, str]:
        """Return why a cell is thought wrong, in words, and what was expected (either may be empty)."""
        return self.explain(table, np.array([row])).reason(0, column)

    def explain(self, table: Table, rows: AnyArray) -> Explained:
        """Return the evidence against the cells of some rows, with its reasons, part by part."""
        cells = self._cells(table.take(rows))
        items = int(max((count.sum() for count in self.rows_), default=0.0))
        return Explained(cells, self.parts_, np.stack(self._weigh(cells, keep=True)[1]), items)

    def _weigh(self, cells: Cells, keep: bool = False) -> tuple[FloatArray, list[FloatArray]]:
        """Return the summed evidence, and that of each part where it is to be kept."""
        whole = np.zeros(cells.shape)
        parts = []
        for part in self.parts_:
            found = part.weigh(cells, whole)
            whole = whole + found
            if keep:
                parts.append(found)
        return whole, parts


@dataclass(frozen=True)
class Explained:
    """The evidence against the cells of some rows.

    Attributes
    ----------
    cells : Cells
    parts : list of Evidence
    weight : ndarray of shape (parts, rows, columns)
    items : int
        Rows of training.
    """

    cells: Cells
    parts: list[Evidence]
    weight: FloatArray
    items: int

    @property
    def surprise(self) -> FloatArray:
        """How much speaks against each cell, in weighted nats, >= 0, shape (rows, columns)."""
        return positive(self.weight.sum(axis=0))

    @property
    def blame(self) -> FloatArray:
        """What can be held against each cell, same shape: `surprise`, less what a frequent value looks like."""
        return positive(self.told.sum(axis=0))

    @cached_property
    def told(self) -> FloatArray:
        """The weight that is told of, (parts, rows, columns): none against the look of a frequent value."""
        alone = np.array([isinstance(part, _OF_THE_VALUE) for part in self.parts])
        frequent = self.cells.frequent(*_MANY_ROWS, total=self.items)
        return np.where(alone[:, None, None] & frequent, np.minimum(self.weight, 0.0), self.weight)

    def mended(self, places: Sequence[int], mends: FloatArray) -> Explained:
        """Return the evidence where what broken dependencies hold against some columns is held against those whose
        repair mends the row.

        Of two columns that contradict each other the rarer value need not be the wrong one.

        Parameters
        ----------
        places : sequence of int
            The columns.
        mends : ndarray of shape (rows, places)
            By how much the repair of each mends the row, >= 0; where nothing does, the evidence stays.
        """
        weight, total = self.weight.copy(), mends.sum(axis=1, keepdims=True)
        for k in [k for k, part in enumerate(self.parts) if isinstance(part, BrokenDependency)]:
            found = weight[k][:, places]
            held = np.maximum(found, 0.0).sum(axis=1, keepdims=True)
            shared = np.minimum(found, 0.0) + held * mends / np.where(total > 0, total, 1.0)
            weight[k][:, places] = np.where(total > 0, shared, found)
        return replace(self, weight=weight)

    def reason(self, row: int, column: int) -> tuple[str, str]:
        """Return the strongest reason against a cell, and what was expected; both empty where there is none.

        Expected is the very value where a part that weighs a fifth of the strongest one knows it.
        """
        weight = self.told[:, row, column]
        least = max(_LEAST_SAY * float(weight.max()), 0.0)
        order = np.argsort(-weight, kind="stable").tolist()
        # a value never seen has odd characters too: that it is rare says it better
        spelled = isinstance(self.parts[order[0]], OddFormat | OddCharacters)
        order.sort(key=lambda k: not (spelled and isinstance(self.parts[k], RareValue)))
        found = [self.parts[k].reason(self.cells, row, column) for k in order if weight[k] > least]
        words = next((r.words for r in found if r.words), "")
        exact = next((r.expected for r in found if r.exact), "")
        return words, exact or next((r.expected for r in found if r.expected), "")


def blame_of(surprise: FloatArray, explained: Explained | None, told: Explained | None) -> FloatArray:
    """Return what is held against each cell, shape (rows, columns), >= 0.

    Parameters
    ----------
    surprise : ndarray of shape (rows, columns)
        How surprising each cell is, the evidence among it.
    explained, told : Explained or None
        The evidence, and what is told of it: where that is slight, all evidence counts.
    """
    if explained is None or told is None:
        return surprise
    beside = surprise - explained.surprise - _NOTHING
    blame, whole = np.maximum(beside + told.blame, 0.0), np.maximum(beside + told.surprise, 0.0)
    slight = blame.max(axis=1, initial=0.0) < _SLIGHT * whole.max(axis=1, initial=0.0)
    return np.where(slight[:, None], whole, blame)


def positive(evidence: FloatArray) -> FloatArray:
    """Return evidence of either sign as a surprise >= 0, in the same order: log(1 + exp(evidence))."""
    return np.maximum(evidence, 0.0) + np.log1p(np.exp(-np.abs(evidence)))
