"""Typo: a frequent value, or a frequent word, one edit away."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.part import Stored
from amiss.text.characters import DIGIT, Characters, HashArray, Segments, Strings
from amiss.text.row_counts import RowCounts, find, once, summed
from amiss.text.texts import quoted

_SHORTEST = 4
_FREQUENT = 3.0
_MOST = 50_000
_VALUE, _WORD = 3.0, 1.5  # of the score: one frequent value an edit away says more than a rare value does
_TIMES = 3.0  # the mean excess


class Neighbours(Stored):
    """Finds the most frequent of given segments that is one edit away from another one.

    One edit: a symbol too many, missing, replaced or moved. Two segments are one edit apart where leaving
    out at most one symbol of each makes them the same; hashes of all such variants are kept.

    References
    ----------
    Mor and Fraenkel (1982), "A hash code method for detecting and correcting spelling errors".
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("own", "rows"),
        ("keys", "best", "second"),
    )
    own: HashArray
    rows: FloatArray
    keys: HashArray
    best: IntArray
    second: IntArray

    def __init__(self, segments: Segments, rows: FloatArray) -> None:
        self.own, self.rows = segments.hashes(), rows
        keys, owner = _variants(segments)
        order = np.lexsort((owner, -rows[owner], keys))
        keys, owner = keys[order], owner[order]
        # "aab" without its first or its second symbol is one variant
        twice = np.zeros(len(keys), bool)
        twice[1:] = (keys[1:] == keys[:-1]) & (owner[1:] == owner[:-1])
        keys, owner = keys[~twice], owner[~twice]
        new = np.ones(len(keys), bool)
        new[1:] = keys[1:] != keys[:-1]
        first = np.flatnonzero(new)
        self.keys, self.best = keys[first], owner[first]
        follows = np.zeros(len(keys), bool)
        follows[:-1] = ~new[1:]
        after = np.minimum(first + 1, max(len(keys) - 1, 0))
        self.second = np.where(follows[first], owner[after], -1)

    def nearest(self, segments: Segments) -> IntArray:
        """Return the most frequent neighbour of each segment, -1 where it has none, shape (segments,)."""
        keys, owner = _variants(segments)
        where, found = find(self.keys, keys)
        where, owner = where[found], owner[found]
        nearest = np.full(len(segments), -1)
        if not len(where):
            return nearest
        itself = self.own[self.best[where]] == segments.hashes()[owner]
        other = np.where(itself, self.second[where], self.best[where])
        owner, other = owner[other >= 0], other[other >= 0]
        order = np.lexsort((-other, self.rows[other]))
        nearest[owner[order]] = other[order]
        nearest[segments.length < _SHORTEST] = -1
        return nearest


def _variants(segments: Segments) -> tuple[HashArray, IntArray]:
    """Return the hash of each segment and of each with one symbol left out, and the segment each belongs
    to."""
    long = segments.length[segments.item] >= _SHORTEST
    keys = np.concatenate([segments.hashes(), segments.deletion_hashes()[long]])
    return keys, np.concatenate([np.arange(len(segments)), segments.item[long]])


class Spelling(Stored):
    """How much more frequent than a segment its nearest frequent one is.

    Attributes
    ----------
    texts : list of str
        The frequent segments.
    usual : float
        Surprise that is usual in the list: the row-weighted mean, and three times the mean of what lies beyond it.
    """

    texts: list[str]
    counts: RowCounts
    near: Neighbours
    usual: float

    def __init__(self, hashes: list[HashArray], rows: list[FloatArray], segments: list[Segments]) -> None:
        self.counts = RowCounts(hashes, rows)
        joined = Segments(
            np.concatenate([s.symbol for s in segments]), np.concatenate([s.length for s in segments])
        )
        _, first = np.unique(joined.hashes(), return_index=True)
        joined = joined.take(first)
        count = self.counts.others(joined.hashes()) + 1.0
        most = np.argsort(-count, kind="stable")[:_MOST]
        kept = joined.take(most[(count[most] >= _FREQUENT) & (joined.length[most] >= _SHORTEST - 1)])
        self.near = Neighbours(kept, self.counts.others(kept.hashes()) + 1.0)
        ends = kept.start + kept.length
        self.texts = ["".join(map(chr, kept.symbol[a:b])) for a, b in zip(kept.start, ends, strict=True)]
        self.usual = 0.0

    def learn_usual(self, surprise: FloatArray, weight: FloatArray) -> None:
        """Learn what is usual from the surprise of each string and the rows it stands for."""
        mean = float((surprise * weight).sum() / weight.sum())
        beyond = np.maximum(surprise - mean, 0.0)
        self.usual = mean + _TIMES * float((beyond * weight).sum() / weight.sum())

    def surprise(self, segments: Segments) -> tuple[FloatArray, IntArray]:
        """Return log(rows of the neighbour / own rows), >= 0, and the neighbour (-1: none), per segment."""
        near = self.near.nearest(segments)
        if not len(self.texts):
            return np.zeros(len(segments)), near
        rows = np.where(near >= 0, self.near.rows[near], 1.0)
        ratio = np.log(rows) - np.log(self.counts.others(segments.hashes()) + 1.0)
        return np.where(near >= 0, np.maximum(ratio, 0.0), 0.0), near


class Typo(StringModel):
    """Evidence that a value or a word is a slip of a frequent one: log of how much more frequent that one is.

    Beyond what is usual in the list, so that lists of codes that differ by one character find nothing.
    Score: three times the value's excess + one and a half times the largest of its words' (runs of letters).
    """

    name = "typo"

    values_: Spelling
    words_: Spelling

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Index the values and the words that occur at least 3 times."""
        found: list[tuple[list[HashArray], list[FloatArray], list[Segments]]] = [([], [], []), ([], [], [])]
        for where, block in strings.blocks():
            weight = strings.weight[where]
            word, item, _ = letters(block)
            mention = once(item, word.hashes())
            for parts, segments, rows in (
                (found[0], block.text, weight),
                (found[1], word.take(mention), weight[item[mention]]),
            ):
                hashes = segments.hashes()
                distinct, total_rows = summed(hashes, rows)
                parts[0].append(distinct)
                parts[1].append(total_rows)
                often = rows >= _FREQUENT if segments is block.text else np.ones(len(rows), bool)
                first = np.unique(hashes[often], return_index=True)[1]
                parts[2].append(segments.take(np.flatnonzero(often)[first]))
        self.values_, self.words_ = (Spelling(*parts) for parts in found)
        value, word_surprise = strings.map(self.surprise)
        self.values_.learn_usual(value, strings.weight)
        self.words_.learn_usual(word_surprise, strings.weight)
        return self

    def surprise(self, block: Characters) -> FloatArray:
        """Return the surprise of each value and of its most surprising word, shape (2, strings)."""
        surprise = np.zeros((2, len(block)))
        surprise[0] = self.values_.surprise(block.text)[0]
        word, item, _ = letters(block)
        np.maximum.at(surprise[1], item, self.words_.surprise(word)[0])
        return surprise

    def score(self, block: Characters) -> FloatArray:
        """Return three times the value's excess plus one and a half times its words', shape (strings,)."""
        value, word = self.surprise(block)
        excess = np.maximum(value - self.values_.usual, 0.0)
        return np.asarray(_VALUE * excess + _WORD * np.maximum(word - self.words_.usual, 0.0))

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, the frequent value and the frequent word it is a slip of."""
        clues: list[list[Clue]] = [[] for _ in block.values]
        surprise, near = self.values_.surprise(block.text)
        for i in np.flatnonzero(surprise > self.values_.usual):
            strength = _VALUE * float(surprise[i] - self.values_.usual)
            clues[i].append(self._clue(self.values_, "value", block.values[i], 0, int(near[i]), strength))
        word, item, start = letters(block)
        surprise, near = self.words_.surprise(word)
        found = np.flatnonzero(surprise > self.words_.usual)
        for w in found[np.argsort(-surprise[found], kind="stable")]:
            strength = _WORD * float(surprise[w] - self.words_.usual)
            text = block.values[item[w]]
            if any(clue.strength >= strength for clue in clues[item[w]]):
                # the word's slip is the value's slip, or another word's weighs more
                continue
            seen = text[start[w] : start[w] + word.length[w]]
            clues[item[w]].append(
                self._clue(self.words_, "word", seen, int(start[w]), int(near[w]), strength)
            )
        return clues

    @staticmethod
    def _clue(spelling: Spelling, cell: str, seen: str, start: int, near: int, strength: float) -> Clue:
        expected, rows = spelling.texts[near], int(spelling.near.rows[near])
        same = next((i for i, (a, b) in enumerate(zip(seen, expected, strict=False)) if a != b), len(seen))
        place = start + min(same, max(len(seen) - 1, 0))
        words = f"{quoted(seen)}, expected {quoted(expected)} (in {rows:,} strings)"
        return Clue(strength, (place, place), Cause(cell, seen, expected, 0.0, words), clarity=3)


def letters(block: Characters) -> tuple[Segments, IntArray, IntArray]:
    """Return the runs of letters and marks, the string each lies in, and the position of its start."""
    return block.text.words(block.grouped & (block.classes.symbol != DIGIT))
