"""Strings as flat arrays of characters, and hashes of their parts.

A list of strings becomes a few arrays over all characters end to end, so that every count over all
strings is a handful of vectorised passes. Parts of strings (a value, a format, a word, a pair of
characters) are compared by 64-bit hashes: a polynomial over mixed symbols, so that the hash with one
symbol left out costs no more than the hash itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray

HashArray = NDArray[np.uint64]

LENGTH_LIMIT = 300
"""Characters of a string that are read; of the rest only the length counts."""

_BLOCK = 500_000

UPPER, LOWER, DIGIT, LETTER, MARK = (0x110000 + i for i in range(5))
"""Classes of characters as symbols beyond Unicode; any other character is a class of its own."""

END = 0x110010
"""The symbol before the first and after the last character."""

_BASE = 0xD1342543DE82EF95
_FORWARD, _BACK = np.uint64(_BASE), np.uint64(pow(_BASE, -1, 1 << 64))


def mix(symbols: AnyArray) -> HashArray:
    """Return 64 well-mixed bits for each integer (finaliser of splitmix64; Steele, Lea and Flood 2014)."""
    x = np.atleast_1d(symbols).astype(np.uint64)
    x += np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def character_class(character: str) -> int:
    """Return the class of a character: UPPER, LOWER, DIGIT, LETTER, MARK, or its own code.

    Examples
    --------
    >>> character_class("é") == LOWER, character_class("-") == ord("-")
    (True, True)
    """
    category = unicodedata.category(character)
    named = {"Lu": UPPER, "Ll": LOWER, "Nd": DIGIT}.get(category)
    if named is not None:
        return named
    return {"L": LETTER, "M": MARK}.get(category[0], ord(character))


@dataclass
class Segments:
    """Symbols of many strings, or of many words, end to end.

    Parameters
    ----------
    symbol : ndarray of shape (symbols,), integers
    length : ndarray of shape (segments,)
        Symbols of each segment; may be 0.
    """

    symbol: AnyArray
    length: IntArray
    start: IntArray = field(init=False)
    item: IntArray = field(init=False)
    position: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.start = np.cumsum(self.length) - self.length
        self.item = np.repeat(np.arange(len(self.length)), self.length)
        self.position = np.arange(len(self.symbol)) - self.start[self.item]

    def __len__(self) -> int:
        return len(self.length)

    def _running(self) -> HashArray:
        powers = np.full(int(self.length.max(initial=0)) + 1, _FORWARD, np.uint64)
        powers[0] = 1
        powers = np.multiply.accumulate(powers)
        total = np.zeros(len(self.symbol) + 1, np.uint64)
        np.cumsum(mix(self.symbol) * powers[self.position], out=total[1:])
        return total

    def hashes(self) -> HashArray:
        """Return a hash of each segment, shape (segments,)."""
        total = self._running()
        return mix((total[self.start + self.length] - total[self.start]) + mix(self.length))

    def deletion_hashes(self) -> HashArray:
        """Return, for each symbol, the hash its segment would have without that symbol, shape (symbols,)."""
        total = self._running()
        here = np.arange(len(self.symbol))
        first = self.start[self.item]
        length = self.length[self.item]
        shorter = (total[here] - total[first]) + (total[first + length] - total[here + 1]) * _BACK
        return mix(shorter + mix(length - 1))

    def replaced(self, symbol: AnyArray) -> Segments:
        """Return the same segments with other symbols."""
        new = object.__new__(Segments)
        new.__dict__.update(self.__dict__)
        new.symbol = symbol
        return new

    def kept(self, which: BoolArray) -> Segments:
        """Return the segments with only the symbols at ``which``."""
        return Segments(self.symbol[which], np.bincount(self.item[which], minlength=len(self)))

    def collapsed(self, runs: BoolArray) -> Segments:
        """Return the segments with repeats of a symbol taken as one where ``runs``."""
        which = np.ones(len(self.symbol), bool)
        same = (self.symbol[1:] == self.symbol[:-1]) & (self.item[1:] == self.item[:-1])
        which[1:] = ~(same & runs[1:])
        return self.kept(which)

    def words(self, inside: BoolArray) -> tuple[Segments, IntArray, IntArray]:
        """Return the runs of ``inside`` as segments, the segment each lies in, and the position of its
        start."""
        first = inside.copy()
        first[1:] &= ~(inside[:-1] & (self.item[1:] == self.item[:-1]))
        run = np.cumsum(first) - 1
        words = Segments(self.symbol[inside], np.bincount(run[inside], minlength=int(first.sum())))
        return words, self.item[first], self.position[first]

    def take(self, which: AnyArray) -> Segments:
        """Return the segments at ``which``, in that order, repeats allowed."""
        length = self.length[which]
        shift = self.start[which] - (np.cumsum(length) - length)
        where = np.repeat(shift, length) + np.arange(int(length.sum()))
        return Segments(self.symbol[where], length)


@dataclass
class Characters:
    """The characters of a block of strings and the class of each.

    Attributes
    ----------
    values : list of str
    text : Segments
        Code points, at most `LENGTH_LIMIT` a string.
    classes : Segments
        The class of each (`character_class`).
    full_length : ndarray of shape (strings,)
        Lengths before any cut.
    """

    values: list[str]
    text: Segments
    classes: Segments
    full_length: IntArray

    @classmethod
    def of(cls, values: list[str]) -> Characters:
        """Read strings of any Unicode, lone surrogates and NUL among it.

        Examples
        --------
        >>> Characters.of(["A-1", ""]).text.length
        array([3, 0])
        """
        full = np.fromiter(map(len, values), np.int64, len(values))
        read = values
        if full.max(initial=0) > LENGTH_LIMIT:
            read = [value[:LENGTH_LIMIT] for value in values]
        code = np.frombuffer("".join(read).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
        text = Segments(code, np.minimum(full, LENGTH_LIMIT))
        return cls(values, text, text.replaced(_classes(code)), full)

    def __len__(self) -> int:
        return len(self.full_length)

    @property
    def grouped(self) -> BoolArray:
        """Whether each character belongs to a class of many: a letter, a digit, a mark."""
        return np.asarray(self.classes.symbol >= UPPER)

    @property
    def digits_masked(self) -> Segments:
        """The text with every digit alike."""
        return self.text.replaced(np.where(self.classes.symbol == DIGIT, DIGIT, self.text.symbol))


def _classes(code: IntArray) -> IntArray:
    table = np.zeros(int(code.max(initial=0)) + 1, np.int64)
    table[code] = 1
    for seen in np.flatnonzero(table):
        table[seen] = character_class(chr(seen))
    return table[code]


@dataclass
class Strings:
    """Distinct strings and the number of rows each stands for: what string models see.

    Parameters
    ----------
    values : list of str
        Each once.
    weight : ndarray of shape (strings,)
        Rows.
    """

    values: list[str]
    weight: FloatArray

    @classmethod
    def of(cls, rows: Sequence[str]) -> tuple[Strings, IntArray]:
        """Return the distinct strings in order of appearance, and the position in them of each row."""
        place: dict[str, int] = {}
        where = np.fromiter((place.setdefault(v, len(place)) for v in rows), np.int64, len(rows))
        return cls(list(place), np.bincount(where, minlength=len(place)).astype(np.float64)), where

    def __len__(self) -> int:
        return len(self.values)

    def blocks(self) -> Iterator[tuple[slice, Characters]]:
        """Yield the strings block by block, so that memory stays bounded."""
        ends = np.cumsum([min(len(v), LENGTH_LIMIT) + 1 for v in self.values])
        first = 0
        while first < len(self):
            base = ends[first - 1] if first else 0
            last = max(int(np.searchsorted(ends, base + _BLOCK, side="right")), first + 1)
            yield slice(first, last), Characters.of(self.values[first:last])
            first = last

    def map(self, function: Callable[[Characters], FloatArray]) -> FloatArray:
        """Return ``function`` of every block, joined along the last axis."""
        return np.concatenate([function(block) for _, block in self.blocks()], axis=-1)

    def sample(self, characters: int, random_state: np.random.Generator) -> Strings:
        """Return about as many of the strings as hold that many characters, drawn without replacement."""
        length = np.fromiter((min(len(v), LENGTH_LIMIT) + 1 for v in self.values), np.int64, len(self))
        if length.sum() <= characters:
            return self
        order = random_state.permutation(len(self))
        count = int(np.searchsorted(np.cumsum(length[order]), characters, side="right"))
        order = np.sort(order[: max(1, count)])
        return Strings([self.values[i] for i in order], self.weight[order])
