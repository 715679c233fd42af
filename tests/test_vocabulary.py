"""Vocabulary: frequent characters have a symbol of their own, all others share one a class."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.text.characters import Characters, Strings
from amiss.text.vocabulary import RARE, Vocabulary

ROWS = [*["AB-1", "AB-2"] * 50, "ab_ß", "  \x00+", "語é7"]


def vocabulary(rows: list[str], **most: int) -> Vocabulary:
    return Vocabulary.of(Strings.of(rows)[0], **most)


def test_characters_of_two_rows_have_a_symbol() -> None:
    """Rows count, not occurrences: two spaces in one string are rare."""
    learnt = vocabulary(ROWS)
    assert "".join(map(chr, learnt.alphabet)) == "-12AB"
    assert len(learnt) == RARE + 5
    assert "".join(map(chr, vocabulary(["xy"]).alphabet)) == "xy"


def test_the_most_frequent_are_kept() -> None:
    """Of more characters than there is room for."""
    assert "".join(map(chr, vocabulary(ROWS, most=3).alphabet)) == "-AB"


def test_every_character_has_a_symbol() -> None:
    """Frequent ones by code point; the rest by class: capital, small, digit, letter, mark, punctuation, sign, other."""
    learnt = vocabulary(ROWS)
    assert learnt.symbols(Characters.of(["A1", "", "Éé9語\u0301_+\x00"])).tolist() == [
        RARE + 3,
        RARE + 1,
        *range(RARE),
    ]
    none = Vocabulary(np.zeros(0, np.int64))
    assert none.symbols(Characters.of(["Aa"])).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("shares", "seen", "words"),
    [
        ({"A": 0.9, "B": 0.1}, "x", '"A"'),
        ({"1": 0.5, "2": 0.5}, "x", "a digit"),
        ({"1": 0.4, "2": 0.35, "A": 0.25}, "x", '"1", "2" or "A"'),
        ({"1": 1.0}, "1", '"-", "2" or "A"'),
        ({0: 0.9, "1": 0.1}, "x", "a capital letter"),
        ({5: 1.0}, "x", "a punctuation mark"),
    ],
)
def test_shares_are_told_in_words(shares: dict[str | int, float], seen: str, words: str) -> None:
    """A character, a class, a few characters; a class of rare ones where that is likely."""
    learnt = vocabulary(ROWS)
    given = np.zeros(len(learnt))
    for symbol, share in shares.items():
        given[symbol if isinstance(symbol, int) else RARE + "-12AB".index(symbol)] = share
    assert learnt.expected(given, seen) == words
