"""Patterns of a list of strings: how they are built, with shares and examples, and a regular expression
for them.

In a pattern A is a capital, a is a small letter, 9 a digit, x a letter without case, m a mark, X a letter or
digit, + one or more of the one before; any other character stands for itself.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.part import Stored
from amiss.text.characters import (
    DIGIT,
    LENGTH_LIMIT,
    LETTER,
    LOWER,
    MARK,
    UPPER,
    Characters,
    Segments,
    Strings,
    character_class,
)
from amiss.text.expressions import alternatives, run_expression, usual
from amiss.text.texts import quoted

SHOWN = 20
"""Patterns listed at most."""

_SIGN = {UPPER: "A", LOWER: "a", DIGIT: "9", LETTER: "x", MARK: "m"}
_IN_WORDS = {
    UPPER: "a capital letter",
    LOWER: "a small letter",
    DIGIT: "a digit",
    LETTER: "a letter",
    MARK: "a mark",
}
_WORD = 0x110020
_MERGED = 6
_READ = 1000
_GROUPS = 6
_FEWEST_ROWS = 10
_LEAST_SHARE = 0.01
_LONGEST = 40
_COVERED = 0.95


class Pattern(Stored):
    """Strings built alike.

    Attributes
    ----------
    text : str
        Such as "AA99-9A" or "Aa+ 9+".
    share : float
        Of the rows.
    example : str
        The most frequent of them.
    """

    text: str
    share: float
    example: str


class Expression(Stored):
    """A regular expression the strings follow.

    Attributes
    ----------
    pattern : str
        Anchored, for `re` and most other engines.
    coverage : float
        Share of the rows that `re.fullmatch` accepts.
    """

    pattern: str
    coverage: float


def class_in_words(symbol: int) -> str:
    """Return what a class of characters is called: "a digit"; a class of one is quoted."""
    return _IN_WORDS.get(symbol) or quoted(chr(symbol))


def shape(symbols: IntArray) -> str:
    """Return classes of characters as a pattern."""
    return "".join(_SIGN.get(int(s)) or chr(int(s)) for s in symbols)


class Patterns(Stored):
    """What a list of strings looks like.

    Attributes
    ----------
    listed : list of Pattern
        The most frequent first, at most `SHOWN`.
    expression : Expression or None
        None where no few patterns cover half the rows.
    """

    listed: list[Pattern]
    expression: Expression | None

    def __init__(self, strings: Strings) -> None:
        groups = _groups(strings, merged=False)
        merged = _groups(strings, merged=True)
        if _share(merged[:_MERGED]) > _share(groups[:_MERGED]) + 0.2:
            groups = merged
        self.listed = [group.pattern() for group in groups]
        self.expression = _suggest(groups, strings)


@dataclass
class _Group:
    """Strings whose runs of classes are the same.

    Attributes
    ----------
    share : float
    example : str
    runs : list of Counter
        The texts of each run and their rows.
    words : list of tuple
        The texts of each word (neighbouring runs of letters and digits), and its first and last run + 1.
    """

    share: float
    example: str
    runs: list[Counter[str]]
    words: list[tuple[Counter[str], int, int]]

    def pattern(self) -> Pattern:
        """Return every run once, with a plus where its length varies."""
        new = Pattern()
        new.text = "".join(map(_run_pattern, self.runs))
        new.share, new.example = self.share, self.example
        return new

    def expression(self) -> str:
        """Return words as constants or alternatives where they are few, else run by run."""
        parts = []
        for texts, first, last in self.words:
            parts.append(alternatives(texts) or "".join(map(run_expression, self.runs[first:last])))
        return "".join(parts)


def _share(groups: list[_Group]) -> float:
    return sum(group.share for group in groups)


def _groups(strings: Strings, *, merged: bool) -> list[_Group]:
    """Return the most frequent groups of strings; with ``merged``, letters and digits are one class."""
    hashes = np.concatenate([_runs(block, merged).hashes() for _, block in strings.blocks()])
    keys, place = np.unique(hashes, return_inverse=True)
    rows = np.bincount(place, strings.weight, minlength=len(keys))
    groups = []
    for key in np.argsort(-rows, kind="stable")[:SHOWN]:
        member = np.flatnonzero(place == key)
        example = strings.values[member[np.argmax(strings.weight[member])]]
        member = member[:: max(1, len(member) // _READ)]
        block = Characters.of([strings.values[i] for i in member])
        groups.append(_group(float(rows[key] / rows.sum()), example, block, strings.weight[member], merged))
    return groups


def _runs(block: Characters, merged: bool) -> Segments:
    return block.text.replaced(_symbols(block, merged)).collapsed(block.grouped)


def _symbols(block: Characters, merged: bool) -> IntArray:
    symbols = np.where(block.grouped, _WORD, block.classes.symbol) if merged else block.classes.symbol
    return np.asarray(symbols)


def _group(share: float, example: str, block: Characters, weight: FloatArray, merged: bool) -> _Group:
    """Read the runs and words of strings that have the same runs."""
    joined = "".join(value[:LENGTH_LIMIT] for value in block.values)
    run_starts, word_starts = _starts(block, merged), _starts(block, True)
    count = len(run_starts) // len(block)
    if count == 0:
        return _Group(share, example, [], [])
    runs = _texts(joined, run_starts, weight)
    texts = _texts(joined, word_starts, weight)
    first = np.flatnonzero(np.isin(run_starts[:count], word_starts)).tolist()
    words = list(zip(texts, first, [*first[1:], count], strict=True))
    return _Group(share, example, runs, words)


def _starts(block: Characters, merged: bool) -> IntArray:
    """Return where runs start in the joined text."""
    symbols, item = _symbols(block, merged), block.text.item
    new = np.ones(len(symbols), bool)
    new[1:] = (symbols[1:] != symbols[:-1]) | (item[1:] != item[:-1]) | ~block.grouped[1:]
    return np.flatnonzero(new)


def _texts(joined: str, starts: IntArray, weight: FloatArray) -> list[Counter[str]]:
    """Return the texts of each run and their rows, over strings that have equally many."""
    pieces = [joined[a:b] for a, b in pairwise([*starts.tolist(), len(joined)])]
    count = len(pieces) // len(weight)
    counters: list[Counter[str]] = [Counter() for _ in range(count)]
    for place, rows in enumerate(weight.astype(np.int64).tolist()):
        for counter, piece in zip(counters, pieces[place * count : (place + 1) * count], strict=True):
            counter[piece] += rows
    return counters


def _run_pattern(texts: Counter[str]) -> str:
    texts = usual(texts)
    classes = {character_class(c) for text in texts for c in text}
    sign = _SIGN.get(next(iter(classes)), "") if len(classes) == 1 else "X"
    if not sign:
        return next(iter(texts))
    lengths = {len(text) for text in texts}
    return sign * lengths.pop() if len(lengths) == 1 else sign + "+"


def _suggest(groups: list[_Group], strings: Strings) -> Expression | None:
    """Return the expression of the frequent groups, None where they cover less than half."""
    if strings.weight.sum() < _FEWEST_ROWS:
        return None
    taken: list[_Group] = []
    for group in groups[:_GROUPS]:
        if _share(taken) < _COVERED and group.share >= _LEAST_SHARE and 0 < len(group.runs) <= _LONGEST:
            taken.append(group)
    if _share(taken) < 0.5:
        return None
    parts = list(dict.fromkeys(group.expression() for group in taken))
    new = Expression()
    new.pattern = f"^{parts[0]}$" if len(parts) == 1 else f"^(?:{'|'.join(parts)})$"
    accepts = re.compile(new.pattern).fullmatch
    hit = np.fromiter((accepts(value) is not None for value in strings.values), bool, len(strings))
    new.coverage = float(strings.weight[hit].sum() / strings.weight.sum())
    return new if new.coverage >= 0.5 else None
