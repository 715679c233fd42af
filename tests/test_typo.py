"""Typo: the nearest frequent value or word against trying all of them."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.models.typo import Neighbours, Typo
from amiss.text.characters import Characters, Strings

SHORT = st.text("abc", max_size=7)


def variants(text: str) -> set[str]:
    """Return the text and the texts with one symbol left out."""
    return {text} | ({text[:i] + text[i + 1 :] for i in range(len(text))} if len(text) >= 4 else set())


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(SHORT, st.integers(3, 50), max_size=12), st.lists(SHORT, min_size=1, max_size=8))
def test_the_most_frequent_neighbour_is_found(frequent: dict[str, int], asked: list[str]) -> None:
    """Against comparing with every frequent one; a text is not its own neighbour."""
    known, rows = list(frequent), np.array(list(frequent.values()), float)
    near = Neighbours(Characters.of(known).text, rows).nearest(Characters.of(asked).text)
    for text, found in zip(asked, near, strict=True):
        slow = [frequent[u] for u in known if u != text and variants(u) & variants(text)]
        if len(text) < 4:
            assert found == -1
        else:
            assert (rows[found] if found >= 0 else 0) == max(slow, default=0)


def test_a_slip_of_a_frequent_value_is_mended() -> None:
    """In words, with how often the frequent one occurs."""
    rows = ["Europe/London"] * 50 + ["Europe/Paris"] * 30 + ["Europe/Lodnon"]
    model = Typo().fit(Strings.of(rows)[0], np.random.default_rng(0))
    value, word = model.surprise(Characters.of(rows))
    assert value[-1] == math.log(50)
    assert value[:-1].max() == word[:-1].max() == 0
    clue = model.clues(Characters.of(rows[-1:]))[0][0]
    assert str(clue.cause).startswith('value "Europe/Lodnon", expected "Europe/London" (in 50 strings)')
    assert clue.places == (9, 9)


def test_a_slip_of_a_frequent_word_is_mended() -> None:
    """In lists whose values are all unique."""
    rows = [f"{name} County Sheriff {i}" for i, name in enumerate(["Adams", "Brown", "Clark", "Davis"] * 10)]
    model = Typo().fit(Strings.of(rows)[0], np.random.default_rng(0))
    clues = model.clues(Characters.of(["Adams Conuty Sheriff 99"]))[0]
    assert [str(clue.cause) for clue in clues] == ['word "Conuty", expected "County" (in 40 strings) (0%)']


def test_codes_that_differ_by_a_character_are_no_slips() -> None:
    """What is usual in the list is no evidence."""
    rows = [f"code{c}" for c in "abcdefgh" for _ in range(10)] + ["codei"] * 9
    model = Typo().fit(Strings.of(rows)[0], np.random.default_rng(0))
    assert model.score(Characters.of(sorted(set(rows)))).max() < 0.5
