"""Rarity: how seldom the value, its format, its words and its characters occur in the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.text.characters import (
    END,
    LENGTH_LIMIT,
    LOWER,
    UPPER,
    Characters,
    HashArray,
    Segments,
    Strings,
    mix,
)
from amiss.text.edits import Edit, best_edit
from amiss.text.patterns import class_in_words, shape
from amiss.text.row_counts import RowCounts, once, summed
from amiss.text.texts import named, quoted

PARTS = ("value", "digits", "format", "runs", "words", "bigram", "token", "character", "length")
"""What is counted, in the order of `Rarity.excess`: the value; the value with every digit alike; its
classes of characters; those with repeats taken as one; letters and digits as one class with repeats taken
as one; the rarest pair of neighbouring characters; the rarest word; the rarest character; of strings far
too long to be read whole, the length by factors of four."""

_VALUE, _DIGITS, _FORMAT, _RUNS, _, _BIGRAM, _TOKEN, _CHARACTER, _LENGTH = range(len(PARTS))
_MOSTLY_UNIQUE = 0.98
_CLASSES = 12
_FREQUENT = 10.0
_EACH, _OF_A_KIND, _MOST = 0.25, 0.5, 1.5
_KINDS = ((0, 1), (2, 3, 4), (5,), (6,), (7,), (8,))
"""Parts that tell much the same: a rare format is rare at three grains."""
_COMMON = 0.05


@dataclass(frozen=True)
class Mentions:
    """Hashes of one kind of part; ``item`` is None where every string has exactly one.

    Attributes
    ----------
    hashes : ndarray of shape (mentions,)
    item : ndarray of shape (mentions,) or None
        The string each lies in.
    first, last : ndarray of shape (mentions,) or None
        The characters of the string each is made of.
    """

    hashes: HashArray
    item: IntArray | None = None
    first: IntArray | None = None
    last: IntArray | None = None


def parts(block: Characters) -> Iterator[Mentions]:
    """Yield the hashes of each of `PARTS`."""
    text, classes, grouped, masked = block.text, block.classes, block.grouped, block.digits_masked
    full = block.full_length
    whole, far = text.hashes(), np.floor(np.log2(np.maximum(full, LENGTH_LIMIT) / LENGTH_LIMIT) / 2)
    yield Mentions(np.where(full > LENGTH_LIMIT, mix(whole + mix(full)), whole))
    yield Mentions(masked.hashes())
    yield Mentions(classes.hashes())
    yield Mentions(classes.collapsed(grouped).hashes())
    yield Mentions(text.replaced(np.where(grouped, LOWER, text.symbol)).collapsed(grouped).hashes())
    length = text.length + 1
    left, right = np.full((2, int(length.sum())), END, np.int64)
    here = np.arange(len(text.symbol)) + text.item
    right[here], left[here + 1] = masked.symbol, masked.symbol
    pairs = Segments(right, length)
    yield Mentions(mix((left << 21) + right), pairs.item, pairs.position - 1, pairs.position)
    word, item, start = text.words(grouped)
    yield Mentions(word.hashes(), item, start, start + word.length - 1)
    yield Mentions(mix(masked.symbol), text.item, text.position, text.position)
    yield Mentions(mix(far.astype(np.int64)))


class Rarity(StringModel):
    """Surprise of nine counts: -log of the share of other rows that hold the same, beyond what is usual
    in the list.

    Usual is the row-weighted mean (the entropy, with the string's own row left out): a list of unique
    values finds no value surprising, a list with one common format finds every other format so. Score:
    a quarter of their sum + half of the largest of each kind (value, format, pair, word, character, length)
    + one and a half times the largest of all.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", section 6: surprise and its mean, the entropy.
    """

    name = "rarity"

    rows_: float
    counts_: list[RowCounts]
    usual_: FloatArray
    classes_: IntArray
    example_: str

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Count the parts over all rows."""
        self.rows_ = float(strings.weight.sum())
        hashes: list[list[HashArray]] = [[] for _ in PARTS]
        rows: list[list[FloatArray]] = [[] for _ in PARTS]
        for where, block in strings.blocks():
            weight = strings.weight[where]
            for i, part in enumerate(parts(block)):
                found, count = part.hashes, weight
                if part.item is not None:
                    first = once(part.item, part.hashes)
                    found, count = part.hashes[first], weight[part.item[first]]
                found, count = summed(found, count)
                hashes[i].append(found)
                rows[i].append(count)
        self.counts_ = [RowCounts(hashes.pop(0), rows.pop(0)) for _ in PARTS]  # what is counted is let go
        usual = [(part * strings.weight).sum() for part in strings.map(self.surprise)]
        self.usual_ = np.array(usual) / self.rows_
        self._learn_usual_format(strings)
        if len(strings) >= _MOSTLY_UNIQUE * self.rows_:
            # where nearly every value is unique, so are its words: a rare one says nothing
            self.usual_[PARTS.index("token")] = np.log(self.rows_) + 1.0
        return self

    def surprise(self, block: Characters) -> FloatArray:
        """Return -log(share of rows that hold each part), shape (parts, strings)."""
        surprise = np.empty((len(PARTS), len(block)))
        for i, part in enumerate(parts(block)):
            count = self.counts_[i].others(part.hashes)
            if part.item is not None:
                least = np.full(len(block), self.rows_ - 1.0)
                np.minimum.at(least, part.item, count)
                count = least
            surprise[i] = np.log(self.rows_) - np.log(count + 1.0)
        return surprise

    def excess(self, block: Characters) -> FloatArray:
        """Return how far each part's surprise lies beyond the usual, shape (parts, strings), nats, >= 0."""
        return np.maximum(self.surprise(block) - self.usual_[:, None], 0.0)

    def _learn_usual_format(self, strings: Strings) -> None:
        """Keep the classes of characters most strings are made of, and a string of the most frequent
        format."""
        rows: dict[int, float] = {}
        most = -1.0
        for where, block in strings.blocks():
            first = once(block.text.item, mix(block.classes.symbol))
            symbols, place = np.unique(block.classes.symbol[first], return_inverse=True)
            held = np.bincount(place, strings.weight[where][block.text.item[first]], minlength=len(symbols))
            for symbol, count in zip(symbols.tolist(), held.tolist(), strict=True):
                rows[symbol] = rows.get(symbol, 0.0) + count
            common = self.counts_[_RUNS].others(block.classes.collapsed(block.grouped).hashes())
            common = common + self.counts_[_FORMAT].others(block.classes.hashes()) / (self.rows_ + 1.0)
            if common.max() > most:
                most, self.example_ = float(common.max()), block.values[int(common.argmax())]
        often = sorted(rows, key=lambda symbol: (-rows[symbol], symbol))[:_CLASSES]
        least = max(0.005 * self.rows_, 1.0)
        self.classes_ = np.array([symbol for symbol in often if rows[symbol] >= least], np.int64)

    def score(self, block: Characters) -> FloatArray:
        """Return the weighted sum of the excesses, shape (strings,)."""
        strength = _strength(self.excess(block))
        total = strength[0]
        for part in strength[1:]:
            # added one by one: a sum over an axis may round differently in batches of different size
            total = total + part
        return np.asarray(total)

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, its rare value, format, word, character and pair of characters."""
        excess = self.excess(block)
        strength = _strength(excess)
        rarest = [_rarest(part, self.counts_[i], len(block)) for i, part in enumerate(parts(block))]
        pairs = list(parts(block))[_BIGRAM]
        rare = np.log(self.rows_) - np.log(self.counts_[_BIGRAM].others(pairs.hashes) + 1.0)
        rare_pairs = np.split(rare, np.cumsum(block.text.length + 1)[:-1])
        return [
            self._clues_of(block, i, strength[:, i], [found[:, i] for found in rarest], rare_pairs[i])
            if strength[:, i].any()
            else []
            for i in range(len(block))
        ]

    def _clues_of(
        self, block: Characters, i: int, strength: FloatArray, rarest: list[IntArray], rare: FloatArray
    ) -> list[Clue]:
        text = block.values[i]
        clues: list[Clue] = []
        if not text:
            words = f'"", the empty string, {_in_others(int(rarest[_VALUE][0]))}'
            return [Clue(float(strength.sum()), None, Cause("value", "", self.example_, 0.0, words))]
        form = float(strength[_FORMAT:_BIGRAM].sum())
        if form > 0 and rarest[_FORMAT][0] < _COMMON * self.rows_:
            clues.append(self._format_clue(block, i, form, int(rarest[_FORMAT][0]), rare))
        clues += [
            _part_clue(part, text, float(strength[part]), rarest[part])
            for part in (_VALUE, _TOKEN, _CHARACTER, _BIGRAM, _LENGTH)
            if strength[part] > 0
        ]
        return clues

    def _format_clue(self, block: Characters, i: int, strength: float, count: int, rare: FloatArray) -> Clue:
        """Blame the one character whose change would give a frequent format, else the format as a whole."""
        text = block.values[i]
        start, length = int(block.text.start[i]), int(block.text.length[i])
        symbols = block.classes.symbol[start : start + length]
        edit = best_edit(symbols, self.classes_, self._rows_of_format, (rare[:-1] + rare[1:]) / 2)
        least = max(_FREQUENT * (count + 1.0), 0.01 * self.rows_)
        if edit is None or edit.rows < least or length < len(text):
            words = f"{quoted(shape(symbols))}, {_in_others(count)}; usual: like {quoted(self.example_)}"
            cause = Cause("format", shape(symbols), self.example_, 0.0, words)
            return Clue(strength, None, cause)
        return Clue(strength, (edit.first, edit.last), _edit_cause(text, edit), clarity=2)

    def _rows_of_format(self, formats: Segments) -> FloatArray:
        """Return the rows of each format, of its runs where the format itself is never frequent."""
        rows = self.counts_[_FORMAT].others(formats.hashes())
        if rows.max(initial=0.0) >= 0.01 * self.rows_:
            return rows
        return self.counts_[_RUNS].others(formats.collapsed(formats.symbol >= UPPER).hashes())


def _strength(excess: FloatArray) -> FloatArray:
    """Return what each part adds to the score, shape (parts, strings)."""
    strength, item = excess * _EACH, np.arange(excess.shape[1])
    for kind in _KINDS:
        largest = kind[0] + excess[kind[0] : kind[-1] + 1].argmax(axis=0)
        strength[largest, item] += _OF_A_KIND * excess[largest, item]
    largest = excess.argmax(axis=0)
    strength[largest, item] += _MOST * excess[largest, item]
    return np.asarray(strength)


def _rarest(part: Mentions, counts: RowCounts, strings: int) -> IntArray:
    """Return, for each string, the other rows of its rarest mention, and its first and last character."""
    rows = counts.others(part.hashes).astype(np.int64)
    if part.item is None or part.first is None or part.last is None:
        return np.stack([rows, np.zeros_like(rows), np.zeros_like(rows)])
    rarest = np.zeros((3, strings), np.int64)
    order = np.lexsort((-np.arange(len(rows)), -rows))
    for field, values in enumerate((rows, part.first, part.last)):
        rarest[field, part.item[order]] = values[order]
    return rarest


def _part_clue(part: int, text: str, strength: float, rarest: IntArray) -> Clue:
    """Say which part is how rare; ``rarest``: other rows, first and last character."""
    others = _in_others(int(rarest[0]))
    first, last = max(int(rarest[1]), 0), min(int(rarest[2]), len(text) - 1)
    if part == _VALUE:
        return Clue(strength, None, Cause("value", text, "", 0.0, f"{quoted(text)}, {others}"))
    if part == _LENGTH:
        words = f"{len(text):,} characters: as long {others}"
        return Clue(strength, None, Cause("length", str(len(text)), "", 0.0, words))
    seen = text[first : last + 1]
    words = f"{named(seen)}, {others}"
    if part == _BIGRAM:
        where = "side by side" if len(seen) == 2 else "at the start" if rarest[1] < 0 else "at the end"
        words = f"{quoted(seen)} {where}, {others}"
    cell = "word" if part == _TOKEN else f"position {first + 1}"
    return Clue(strength, (first, last), Cause(cell, seen, "", 0.0, words))


def _in_others(count: int) -> str:
    return "in no other string" if count == 0 else f"in {count:,} other string{'s' * (count != 1)}"


def _edit_cause(text: str, edit: Edit) -> Cause:
    """Say in words what to change."""
    place = f"position {edit.first + 1}"
    if edit.last > edit.first:
        place = f"positions {edit.first + 1} to {edit.last + 1}"
    expected = class_in_words(edit.symbol) if edit.symbol >= 0 else ""
    seen = text[edit.first : edit.last + 1]
    if edit.kind == "replace":
        return Cause(place, seen, expected, 0.0, f"{named(seen)}, expected {expected}")
    if edit.kind == "extra":
        return Cause(place, seen, "", 0.0, f"{quoted(seen)}, one character too many")
    if edit.kind == "swap":
        seen = text[edit.first : edit.first + 2]
        return Cause(place, seen, seen[::-1], 0.0, f"{quoted(seen)}, expected {quoted(seen[::-1])}")
    return Cause(place, seen, expected, 0.0, f"{expected} is missing here")
