"""Characters: any Unicode in, the same hashes for the same texts, one symbol left out, words, blocks."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amiss.text.characters import (
    DIGIT,
    LENGTH_LIMIT,
    LETTER,
    LOWER,
    MARK,
    UPPER,
    Characters,
    Strings,
    character_class,
    mix,
)

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=12)
TEXTS = st.lists(ANY_TEXT, min_size=1, max_size=12)


@given(TEXTS)
def test_hashes_are_equal_exactly_where_texts_are(values: list[str]) -> None:
    """Lone surrogates, NUL and the empty string included."""
    hashes = Characters.of(values).text.hashes()
    for (a, x), (b, y) in itertools.combinations(zip(values, hashes, strict=True), 2):
        assert (a == b) == (x == y)


@given(TEXTS)
def test_a_string_has_the_same_hash_in_any_company(values: list[str]) -> None:
    """Hashes depend on the text alone."""
    together = Characters.of(values).text.hashes()
    alone = np.concatenate([Characters.of([value]).text.hashes() for value in values])
    assert (together == alone).all()


@given(TEXTS)
def test_deletion_hashes_are_the_hashes_of_the_shorter_texts(values: list[str]) -> None:
    """Leaving one symbol out costs nothing, and gives what hashing the shorter text gives."""
    shorter = [value[:i] + value[i + 1 :] for value in values for i in range(len(value))]
    fast = Characters.of(values).text.deletion_hashes()
    assert (fast == (Characters.of(shorter).text.hashes() if shorter else fast)).all()


@given(TEXTS)
def test_words_are_the_runs_of_what_is_inside(values: list[str]) -> None:
    """Each run, the string it lies in and where it starts."""
    block = Characters.of(values)
    words, item, start = block.text.words(block.grouped)
    slow = []
    for i, value in enumerate(values):
        place = 0
        for inside, run in itertools.groupby(value, key=lambda c: character_class(c) >= UPPER):
            text = "".join(run)
            if inside:
                slow.append((text, i, place))
            place += len(text)
    fast = [
        ("".join(map(chr, words.symbol[s : s + n])), int(i), int(p))
        for s, n, i, p in zip(words.start, words.length, item, start, strict=True)
    ]
    assert fast == slow


def test_classes_of_characters() -> None:
    """Case, digits of any script, letters without case, marks; every other character is its own class."""
    assert [character_class(c) for c in "Äß٣漢\u0301-"] == [UPPER, LOWER, DIGIT, LETTER, MARK, ord("-")]


def test_runs_collapse_within_a_string_only() -> None:
    """The last run of one string and the first of the next stay apart."""
    block = Characters.of(["AAB", "BB--"])
    runs = block.classes.collapsed(block.grouped)
    assert runs.length.tolist() == [1, 3]


def test_distinct_strings_keep_their_rows() -> None:
    """Each distinct string once, in order, with the rows it stands for."""
    strings, where = Strings.of(["b", "a", "b", "", "b"])
    assert strings.values == ["b", "a", ""]
    assert strings.weight.tolist() == [3, 1, 1]
    assert where.tolist() == [0, 1, 0, 2, 0]


def test_blocks_hold_every_string_once_and_are_bounded() -> None:
    """A list of more characters than a block holds is walked in order."""
    strings, _ = Strings.of([f"{i:06d}" + "x" * 200 for i in range(6000)])
    blocks = list(strings.blocks())
    assert len(blocks) > 1
    assert [value for _, block in blocks for value in block.values] == strings.values
    assert max(len(block.text.symbol) for _, block in blocks) <= 500_000


def test_long_strings_are_cut_and_their_length_is_kept() -> None:
    """Ten million characters cost no more than the limit."""
    block = Characters.of(["y" * 10_000_000])
    assert (len(block.text.symbol), block.full_length.tolist()) == (LENGTH_LIMIT, [10_000_000])


def test_a_sample_keeps_rows_and_is_bounded() -> None:
    """About as many strings as hold the characters asked for; all of them where they fit."""
    strings, _ = Strings.of([f"{i:09d}" for i in range(1000)] * 2)
    some = strings.sample(1000, np.random.default_rng(0))
    assert len(some) == 100
    assert set(some.weight) == {2.0}
    assert strings.sample(10_000, np.random.default_rng(0)) is strings


def test_mix_spreads_small_numbers() -> None:
    """Neighbouring integers differ in about half of the bits."""
    hashes = mix(np.arange(1000))
    differ = [bin(int(a) ^ int(b)).count("1") for a, b in itertools.pairwise(hashes)]
    assert 30 < np.mean(differ) < 34
