"""Odd characters: a character that does not follow from those before it, nor from those behind it."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.evidence.base import Cells, Evidence, Reason, quoted
from amiss.part import Stored
from amiss.text.characters import Characters, Segments, Strings

_ALPHABET = 120
_SAMPLE = 20_000
_PRIOR = (0.5, 2.0, 1.0)
_CAP = 6.0
_SMALL = 300_000
_END, _OTHER = 0, 1


class OddCharacters(Evidence):
    """Surprise of the rarest pair of characters, and of the least expected character, above the column's
    median.

    Expected is a character from the two before it and from the two behind it, by counts that back off from
    three characters to two to one; one occurrence of the value itself is left out. Digits are alike.

    References
    ----------
    MacKay and Peto (1995), "A hierarchical Dirichlet language model", equation 26: the back-off.
    """

    name = "odd characters"
    weights = (0.5, 0.75)

    grams_: list[Grams | None]

    def fit(self, cells: Cells) -> Self:
        """Count the characters of each column of text."""
        self.grams_ = [None for _ in cells.table.columns]
        for j, column in cells.spelled():
            self.grams_[j] = Grams(column.distinct, cells.rows[j])
        return self

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        out = np.zeros(cells.shape)
        for j, column in cells.spelled():
            grams = self.grams_[j]
            if grams is not None:
                pair, best = grams.surprise(column.distinct, cells.place[j])
                pair, best = np.maximum(pair - grams.usual[0], 0), np.clip(best - grams.usual[1], 0, _CAP)
                out[:, j] = (self.weights[0] * pair + self.weights[1] * best)[column.codes]
        return out

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        grams, one = self.grams_[column], cells.table.columns[column]
        text = one.distinct[one.codes[row]]
        if grams is None or not text:
            return Reason("")
        at = grams.position(text, int(cells.place[column][one.codes[row]]))
        if at >= len(text):
            return Reason(f"unusual end {quoted(text[-2:])}")
        return Reason(f"unusual characters {quoted(text[max(at - 1, 0) : at + 2])} at position {at + 1}")


class Grams(Stored):
    """Counts of one, two and three characters in a row in the texts of a column, weighted by rows.

    Attributes
    ----------
    alphabet : ndarray
        Symbols counted one by one, ascending; the rest are one symbol.
    one, two : ndarray of shape (symbols,), (symbols ** 2,)
    three, three_rows : ndarray
        The triples that occur, ascending, and how often.
    stride : int
        Of so many different texts of training one was counted.
    usual : tuple of float
        The median surprise of the rarest pair and of the least expected character.
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("three", "three_rows"),)
    alphabet: IntArray
    one: FloatArray
    two: FloatArray
    three: IntArray
    three_rows: FloatArray
    rows: float
    stride: int
    usual: tuple[float, float]

    def __init__(self, distinct: list[str], rows: FloatArray) -> None:
        self.stride = -(-len(distinct) // _SAMPLE)
        texts, weight = distinct[:: self.stride], rows[:: self.stride]
        masked = _masked(texts)
        symbols, where = np.unique(masked.symbol, return_inverse=True)
        often = np.bincount(where, weight[masked.item], len(symbols))
        self.alphabet = np.sort(symbols[np.argsort(-often, kind="stable")[:_ALPHABET]]).astype(np.int64)
        coded = self._coded(masked)
        size, symbol, mass = self._size, coded.symbol, weight[coded.item]
        self.one = np.bincount(symbol, mass, size).astype(float)
        inside = coded.item[1:] == coded.item[:-1]
        pair = (symbol[:-1] * size + symbol[1:])[inside]
        self.two = np.bincount(pair, mass[1:][inside], size * size).astype(float)
        inside = coded.item[2:] == coded.item[:-2]
        triple = ((symbol[:-2] * size + symbol[1:-1]) * size + symbol[2:])[inside]
        self.three, where = np.unique(triple, return_inverse=True)
        self.three_rows = np.bincount(where, mass[2:][inside], len(self.three)).astype(float)
        self.rows = float(weight.sum())
        pair, best = self.surprise(texts, np.arange(len(texts)) * self.stride)
        self.usual = (weighted_median(pair, weight), weighted_median(best, weight))

    @property
    def _size(self) -> int:
        return len(self.alphabet) + 2

    def _coded(self, masked: Segments) -> Segments:
        """Return the texts as positions in the alphabet, with two ends before and behind."""
        if len(self.alphabet):
            where = np.minimum(np.searchsorted(self.alphabet, masked.symbol), len(self.alphabet) - 1)
            code = np.where(self.alphabet[where] == masked.symbol, where + 2, _OTHER)
        else:
            code = np.full(len(masked.symbol), _OTHER)
        symbol = np.full(len(code) + 4 * len(masked), _END, np.int64)
        symbol[np.arange(len(code)) + 4 * masked.item + 2] = code
        return Segments(symbol, masked.length + 4)

    def surprise(self, texts: list[str], place: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the surprise of the rarest pair and of the least expected character of each text, in nats.

        Parameters
        ----------
        texts : list of str
        place : ndarray of shape (texts,)
            Position among the texts of training, -1 where it was none of them.
        """
        found = []
        counted = (place >= 0) & (place % self.stride == 0)
        for part, block in Strings(texts, np.ones(len(texts))).blocks():
            coded = self._coded(block.digits_masked)
            pair, each = self._pairs(coded), self._characters(coded, counted[part])
            found.append([np.maximum.reduceat(x, coded.start) for x in (pair, each)])
        pair, best = (np.concatenate(x) for x in zip(*found, strict=True))
        return pair, best

    def position(self, text: str, place: int) -> int:
        """Return the position of the least expected character; ``len(text)`` for the end."""
        coded = self._coded(_masked([text]))
        each = self._characters(coded, np.array([place >= 0 and place % self.stride == 0]))
        return int(np.clip(np.argmax(each) - 2, 0, len(text)))

    def _pairs(self, coded: Segments) -> FloatArray:
        symbol = coded.symbol
        share = np.maximum(self.two[symbol[:-1] * self._size + symbol[1:]], 1.0) / self.rows
        out = np.zeros(len(symbol))
        out[1:] = np.where(coded.item[1:] == coded.item[:-1], -np.log(np.minimum(share, 1.0)), 0.0)
        return out

    def _characters(self, coded: Segments, counted: BoolArray) -> FloatArray:
        """Return the mean of the surprise from the left and from the right of each symbol."""
        size, symbol = self._size, coded.symbol
        a, b, c = symbol[:-2], symbol[1:-1], symbol[2:]
        own = counted[coded.item[:-2]].astype(float)

        def others(count: FloatArray) -> FloatArray:
            return np.asarray(np.maximum(count - own, 0.0))

        one, two, three = _PRIOR
        total = float(self.one.sum()) + one * size
        pairs = self.two.reshape(size, size)
        left, right, middle = a * size + b, b * size + c, others(self._triples(left_of(a, b, c, size)))
        next_ = (others(self.two[right]) + two * (others(self.one[c]) + one) / total) / (
            others(pairs.sum(1)[b]) + two
        )
        last = (others(self.two[left]) + two * (others(self.one[a]) + one) / total) / (
            others(pairs.sum(0)[b]) + two
        )
        forward = -np.log((middle + three * next_) / (others(self._contexts(0)[left]) + three))
        backward = -np.log((middle + three * last) / (others(self._contexts(1)[right]) + three))
        inside = coded.item[:-2] == coded.item[2:]
        out = np.zeros(len(symbol))
        out[2:] += np.where(inside, forward, 0.0)
        out[:-2] += np.where(inside, backward, 0.0)
        return out / 2

    def _triples(self, asked: IntArray) -> FloatArray:
        if not len(self.three):
            return np.zeros(len(asked))
        if self._size**3 <= _SMALL and len(asked) > len(self.three):
            table = np.zeros(self._size**3)
            table[self.three] = self.three_rows
            return table[asked]
        where = np.minimum(np.searchsorted(self.three, asked), len(self.three) - 1)
        return np.where(self.three[where] == asked, self.three_rows[where], 0.0)

    def _contexts(self, side: int) -> FloatArray:
        """Return how often each pair starts (0) or ends (1) a triple."""
        pair = self.three // self._size if side == 0 else self.three % (self._size * self._size)
        return np.bincount(pair, self.three_rows, self._size * self._size).astype(float)


def left_of(a: IntArray, b: IntArray, c: IntArray, size: int) -> IntArray:
    """Return the number that stands for each triple of symbols."""
    return (a * size + b) * size + c


def _masked(texts: list[str]) -> Segments:
    return Characters.of(texts).digits_masked


def weighted_median(values: FloatArray, weight: FloatArray) -> float:
    """Return the smallest value that at least half of the weight does not exceed; 0 without values."""
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    running = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(running, running[-1] / 2)])
