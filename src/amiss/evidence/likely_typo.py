"""Likely typo: a frequent value, or a frequent word, one or two edits away."""

from __future__ import annotations

import re
from itertools import chain
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.evidence.base import Cells, Evidence, Reason, in_rows, quoted
from amiss.evidence.spelling import bags, deletions, edits
from amiss.part import Stored

_FREQUENT = 3.0
_FREQUENT_SHARE = 1e-4
_MOST_FREQUENT = 1_500
_LONGEST = 120
_FAR = 8
_CAP = 6.0
_SECOND_EDIT = 0.7
_JUDGED = 50
_REACH, _REACH_PAIRS = 300, 1_000_000
_REMEMBERED = 100_000
_WORD = re.compile(r"[^\W\d_]{4,}")
_READ = 600
_DIGITS = re.compile(r"\d")


class LikelyTypo(Evidence):
    """log(rows of the frequent value / rows of this one) for values, words of the column, words of the table.

    A value is near one that is one edit away (two from 8 characters on): a character more, fewer or other,
    or two neighbours swapped. Damped by the share of rows whose own frequent value has such a neighbour:
    where values are near each other by design ("Block 1", "Block 2"), nearness says nothing.

    References
    ----------
    Damerau (1964), "A technique for computer detection and correction of spelling errors": the edits.
    Mor and Fraenkel (1982), "A hash code method for detecting and correcting spelling errors": the search.
    """

    name = "likely typo"
    weights = (3.0, 0.75, 0.75)

    total_: float
    values_: list[NearFrequent | None]
    words_: list[Words | None]
    all_words_: Words

    def fit(self, cells: Cells) -> Self:
        """Find the frequent values and words of each column of text."""
        self.total_ = float(len(cells))
        self.values_ = [None for _ in cells.table.columns]
        self.words_ = [None for _ in cells.table.columns]
        pool: dict[str, float] = {}
        for j, column in cells.spelled():
            self.values_[j] = NearFrequent(column.distinct, cells.rows[j], self.total_)
            counted = count_words(words_of(column.distinct), cells.rows[j])
            self.words_[j] = Words(counted)
            for word, rows in counted.items():
                pool[word] = pool.get(word, 0.0) + rows
        self.all_words_ = Words(pool)
        return self

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in cells.spelled():
            found = self._found(cells, j, np.arange(len(column.distinct)))
            weighed = [w * e for w, (e, _) in zip(self.weights, found, strict=True)]
            out[:, j] = np.sum(weighed, axis=0)[column.codes]
        return out

    def _found(self, cells: Cells, j: int, which: IntArray) -> list[tuple[FloatArray, list[Correction]]]:
        """Return evidence and correction of some of the different texts: as value, as words, as words of the
        table."""
        column = cells.table.columns[j]
        texts = [column.distinct[i] for i in which.tolist()]
        numbers = cells.number_of_distinct(j)
        number = np.zeros(len(texts), bool) if numbers is None else np.isfinite(numbers[which])
        asked = ~number if column.kind != "boolean" else np.ones(len(texts), bool)
        near, words = self.values_[j], self.words_[j]
        written = words_of([t if ask else "" for t, ask in zip(texts, asked.tolist(), strict=True)])
        zero = (np.zeros(len(texts)), [("", "")] * len(texts))
        return [
            zero if near is None else near.evidence(texts, cells.rows[j][which], asked),
            zero if words is None else words.evidence(written),
            self.all_words_.evidence(written),
        ]

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        code = cells.table.columns[column].codes[row : row + 1]
        found = self._found(cells, column, code)
        best = max(range(3), key=lambda k: self.weights[k] * found[k][0][0])
        seen, right = found[best][1][0]
        near = self.values_[column]
        if not right:
            return Reason("")
        if best == 0 and near is not None:
            words = f"close to {quoted(right)}, which is {in_rows(near.rows_of(right), self.total_)}"
            return Reason(words, right, exact=True)
        text = cells.table.columns[column].distinct[int(code[0])]
        known = self.all_words_ if best == 2 else self.words_[column] or self.all_words_
        words = f"{quoted(seen)} is close to the frequent word {quoted(right)}"
        return Reason(words, known.corrected(text), exact=True)


Correction = tuple[str, str]
"""What was written, what was probably meant; empty where there is nothing to correct."""


class NearFrequent(Stored):
    """The frequent ones of given texts, found from texts near them.

    Attributes
    ----------
    texts : list of str
        The frequent texts, the most frequent first.
    rows : ndarray of shape (texts,)
    total : float
        Rows of all texts.
    reach : int
        So many of the frequent texts, the most frequent, are looked at for two edits.
    near_by_design : tuple of float
        Share of rows whose frequent text has a neighbour about as frequent, one edit away, and two at most.
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("texts", "rows"),)
    left_out: ClassVar[frozenset[str]] = frozenset({"_index", "_bags"})

    texts: list[str]
    rows: FloatArray
    total: float
    reach: int
    near_by_design: tuple[float, float]
    _index: dict[str, list[int]]
    _bags: NDArray[np.int16]

    def __init__(self, texts: list[str], rows: FloatArray, total: float, longest: int = _LONGEST) -> None:
        order = np.argsort(-rows, kind="stable")[:_MOST_FREQUENT].tolist()
        frequent = max(_FREQUENT, _FREQUENT_SHARE * total)
        chosen = [i for i in order if rows[i] >= frequent and 2 <= len(texts[i]) <= longest]
        self.texts, self.rows = [texts[i] for i in chosen], rows[chosen].astype(float)
        self.total = total
        self.reach = min(_REACH, 1 + _REACH_PAIRS // max(len(texts), 1))
        self.near_by_design = (0.0, 0.0)
        self.near_by_design = self._by_design()

    def _by_design(self) -> tuple[float, float]:
        judged = self.texts[:_JUDGED]
        rows = self.rows[:_JUDGED]
        hit = [0.0, 0.0]
        for i, found in enumerate(self.neighbours(judged, np.zeros(len(judged)))):
            alike = [d for k, d in found.items() if 0.05 <= self.rows[k] / rows[i] <= 20]
            hit[0] += float(rows[i]) * (1 in alike)
            hit[1] += float(rows[i]) * bool(alike)
        whole = max(float(rows.sum()), 1.0)
        return hit[0] / whole, hit[1] / whole

    def rows_of(self, text: str) -> float:
        """Return the rows that hold a frequent text."""
        return float(self.rows[self.texts.index(text)])

    def _deletions(self) -> dict[str, list[int]]:
        if "_index" not in vars(self):
            self._index = {}
            for k, text in enumerate(self.texts):
                for shorter in deletions(text):
                    self._index.setdefault(shorter, []).append(k)
        return self._index

    def neighbours(self, texts: list[str], rows: FloatArray) -> list[dict[int, int]]:
        """Return for each text the frequent texts near it, each with its distance.

        Looked at are those of more than twice its ``rows``; two edits where one finds nothing.
        """
        index = self._deletions()
        found: list[dict[int, int]] = []
        far: list[int] = []
        for j, text in enumerate(texts):
            near: dict[int, int] = {}
            if 1 <= len(text) <= _LONGEST + 1 and self.texts:
                for k in {k for shorter in deletions(text) for k in index.get(shorter, ())}:
                    if self.rows[k] > 2 * rows[j] and edits(self.texts[k], text, 1) == 1:
                        near[k] = 1
                if len(text) >= _FAR - 1 and (rows[j] == 0 or not near):
                    far.append(j)
            found.append(near)
        self._two_edits(texts, rows, far, found)
        return found

    def _two_edits(
        self, texts: list[str], rows: FloatArray, far: list[int], found: list[dict[int, int]]
    ) -> None:
        long = [k for k, text in enumerate(self.texts) if len(text) >= _FAR]
        if not long or not far:
            return
        if "_bags" not in vars(self):
            self._bags = bags(self.texts)
        own_bags = bags([texts[j] for j in far])
        length = np.array([len(texts[j]) for j in far])
        twice = 2 * rows[far]
        for k in long[: self.reach]:
            text = self.texts[k]
            close = np.flatnonzero((np.abs(length - len(text)) <= 2) & (twice < self.rows[k]))
            close = close[np.abs(own_bags[close] - self._bags[k]).sum(axis=1) <= 4]
            for at in close.tolist():
                j = far[at]
                if k not in found[j] and edits(text, texts[j], 2) == 2:
                    found[j][k] = 2

    def evidence(
        self, texts: list[str], rows: FloatArray, asked: BoolArray | None = None
    ) -> tuple[FloatArray, list[Correction]]:
        """Return the evidence that each text is a typo of a frequent one, and the correction.

        Parameters
        ----------
        texts : list of str
        rows : ndarray of shape (texts,)
            Rows of training that hold each.
        asked : ndarray of shape (texts,), bool
            Which of them to look at; all where None.
        """
        out, fix = np.zeros(len(texts)), [("", "")] * len(texts)
        if not self.texts:
            return out, fix
        chosen = np.arange(len(texts)) if asked is None else np.flatnonzero(asked)
        own = np.maximum(rows[chosen], 1.0)
        found = self.neighbours([texts[i] for i in chosen.tolist()], own)
        for i, own_rows, near in zip(chosen.tolist(), own.tolist(), found, strict=True):
            for k, distance in sorted(near.items()):
                frequent = self.texts[k]
                if self.rows[k] < 0.2 * self.total and _DIGITS.sub("0", frequent) == _DIGITS.sub(
                    "0", texts[i]
                ):
                    continue  # another number is another value, unless one value rules the column
                gain = min(float(np.log(self.rows[k] / own_rows)), _CAP) - _SECOND_EDIT * (distance - 1)
                gain *= 1.0 - self.near_by_design[distance - 1]
                if gain > out[i]:
                    out[i], fix[i] = gain, (texts[i], frequent)
        return out, fix


class Words(Stored):
    """The words of texts, and typos among them.

    Attributes
    ----------
    words : list of str
        Words of at least 4 letters.
    rows : ndarray of shape (words,)
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("words", "rows"),)
    left_out: ClassVar[frozenset[str]] = frozenset({"_known", "_seen"})

    words: list[str]
    rows: FloatArray
    near: NearFrequent
    _known: dict[str, float]
    _seen: dict[str, tuple[float, Correction]]

    def __init__(self, counted: dict[str, float]) -> None:
        self.words = list(counted)
        self.rows = np.array(list(counted.values()), float)
        self.near = NearFrequent(self.words, self.rows, float(self.rows.sum()), longest=30)

    def _judge(self, words: set[str]) -> dict[str, tuple[float, Correction]]:
        if "_known" not in vars(self) or len(self._seen) > _REMEMBERED:
            self._known = dict(zip(self.words, self.rows.tolist(), strict=True))
            self._seen = {}
        new = sorted(words - self._seen.keys())
        if new:
            rows = np.array([self._known.get(w, 0.0) for w in new])
            out, fix = self.near.evidence(new, rows)
            self._seen.update(zip(new, zip(out.tolist(), fix, strict=True), strict=True))
        return self._seen

    def corrected(self, text: str) -> str:
        """Return the text with every likely typo among its words put right."""
        seen = self._judge(set(_WORD.findall(text[:_READ])))
        return _WORD.sub(lambda found: seen.get(found[0], (0.0, ("", "")))[1][1] or found[0], text)

    def evidence(self, written: list[list[str]]) -> tuple[FloatArray, list[Correction]]:
        """Return the evidence of the worst word of each text, given as its words, and its correction."""
        all_words = set(chain.from_iterable(written))
        seen = self._judge(all_words)
        typos = {word for word in all_words if seen[word][0] > 0}
        out, fix = np.zeros(len(written)), [("", "")] * len(written)
        for i, words in enumerate(written) if typos else ():
            if not typos.isdisjoint(words):
                out[i], fix[i] = max((seen[word] for word in words), key=lambda found: found[0])
        return out, fix


def words_of(texts: list[str]) -> list[list[str]]:
    """Return the words of at least 4 letters of each text."""
    return [_WORD.findall(text[:_READ]) for text in texts]


def count_words(written: list[list[str]], rows: FloatArray) -> dict[str, float]:
    """Return how many rows hold each word, by the words of each text and the rows that hold it."""
    counted: dict[str, float] = {}
    for words, times in zip(written, rows.tolist(), strict=True):
        for word in words:
            counted[word] = counted.get(word, 0.0) + times
    return counted
