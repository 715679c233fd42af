"""Rarity: the nine counts against counting by hand, and what it says of a rare string."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.models.rarity import PARTS, Rarity
from amiss.text.characters import DIGIT, LOWER, UPPER, Characters, Strings, character_class

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=8) | st.text("aB1- ", max_size=6)


def naive_parts(text: str) -> dict[str, set[object]]:
    """Return what is counted of one string."""
    classes = [character_class(c) for c in text]
    masked = tuple("0" if k == DIGIT else c for c, k in zip(text, classes, strict=True))
    letters = [LOWER if k >= UPPER else ord(c) for c, k in zip(text, classes, strict=True)]
    words, word = set(), ""
    for c, k in [*zip(text, classes, strict=True), ("", 0)]:
        if k >= UPPER:
            word += c
        elif word:
            words.add(word)
            word = ""
    padded = ("start", *masked, "end")
    return {
        "value": {text},
        "digits": {masked},
        "format": {tuple(classes)},
        "runs": {collapsed(classes)},
        "words": {collapsed(letters)},
        "bigram": set(itertools.pairwise(padded)),
        "token": words,
        "character": set(masked),
        "length": {math.floor(math.log(max(len(text), 300) / 300, 4))},
    }


def collapsed(symbols: list[int]) -> tuple[int, ...]:
    return tuple(s for i, s in enumerate(symbols) if s < UPPER or i == 0 or symbols[i - 1] != s)


def naive_surprise(rows: list[str], asked: str) -> list[float]:
    """Return -log(share of rows) of each part, one row left out."""
    surprise = []
    for part in PARTS:
        counts = Counter(found for row in rows for found in naive_parts(row)[part])
        least = min((max(counts[found] - 1, 0) for found in naive_parts(asked)[part]), default=len(rows) - 1)
        surprise.append(math.log(len(rows) / (least + 1)))
    return surprise


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=12), ANY_TEXT)
def test_surprise_agrees_with_counting_by_hand(rows: list[str], new: str) -> None:
    """For known strings and new ones."""
    model = Rarity().fit(Strings.of(rows)[0], np.random.default_rng(0))
    fast = model.surprise(Characters.of([*rows, new]))
    slow = np.array([naive_surprise(rows, text) for text in [*rows, new]]).T
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def fitted(rows: list[str]) -> Rarity:
    return Rarity().fit(Strings.of(rows)[0], np.random.default_rng(0))


SERIALS = [f"AB{i:02d}-{i % 7}E" for i in range(100)]


def test_a_list_of_unique_values_finds_no_value_surprising() -> None:
    """Every value is seen once: that is usual."""
    excess = fitted(SERIALS).excess(Characters.of([*SERIALS, "AB12-5E"]))
    assert (excess[PARTS.index("value")] == 0).all()


def words_of(rows: list[str], text: str) -> str:
    """Return the strongest clue in words."""
    clues = fitted(rows).clues(Characters.of([text]))[0]
    return str(max(clues, key=lambda clue: clue.strength).cause)


def test_the_wrong_character_is_named_with_what_was_expected() -> None:
    """A class, a separator, one too many, one missing."""
    assert re.match(r'position 4 "x", expected a digit', words_of(SERIALS, "AB1x-1E"))
    assert re.match(r'position 5 "_", expected "-"', words_of(SERIALS, "AB12_1E"))
    assert re.match(r"positions 3 to 5 .*too many", words_of(SERIALS, "AB123-1E"))
    assert re.match(r"positions? .*a digit is missing here", words_of(SERIALS, "AB1-1E"))


def test_a_format_that_no_edit_mends_is_named_beside_a_usual_string() -> None:
    """Both formats are told."""
    assert re.match(r'format "aa", in no other string; usual: like "AB00-0E"', words_of(SERIALS, "zz"))


def test_look_alike_characters_are_named() -> None:
    """A Cyrillic letter among Latin ones."""
    clues = fitted(SERIALS).clues(Characters.of(["АB12-1E"]))[0]
    assert any("cyrillic capital letter a" in str(clue.cause) for clue in clues)


def test_lengths_beyond_what_is_read_count() -> None:
    """Two texts that are alike as far as they are read differ by their lengths."""
    rows = ["x" * n for n in range(301, 400)] + ["x" * 100_000]
    score = fitted(rows).score(Characters.of(rows))
    assert score[-1] > 5 * score[:-1].max()
    assert "length 100,000 characters: as long in no other string" in words_of(rows, rows[-1])
