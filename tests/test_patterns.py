"""Patterns of a list, and the regular expression suggested for it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.text.characters import Strings
from amiss.text.patterns import Patterns, class_in_words

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=8) | st.text("aB1-é漢", max_size=6)


def learnt(values: list[str]) -> Patterns:
    return Patterns(Strings.of(values)[0])


def numbered(pattern: str, count: int = 60) -> list[str]:
    """Return distinct strings of one form."""
    return [pattern.format(i, chr(65 + i % 26), chr(97 + i % 26)) for i in range(count)]


def test_shares_and_examples() -> None:
    """Every row counts; the example is the most frequent string of its pattern."""
    patterns = learnt(["AB12"] * 6 + ["CD34"] * 2 + ["x-1"] * 2)
    assert [(p.text, p.share, p.example) for p in patterns.listed] == [
        ("AA99", 0.8, "AB12"),
        ("a-9", 0.2, "x-1"),
    ]


def test_runs_whose_length_varies_get_a_plus() -> None:
    """Where lengths are the same each sign stands for one character."""
    assert [p.text for p in learnt(numbered("N{0}/{1}x")).listed] == ["A9+/Aa"]


def test_slips_do_not_widen_a_pattern() -> None:
    """One digit too many in one of many strings leaves the pattern as it is."""
    patterns = learnt([f"{i:04d}" for i in range(400)] + ["00123"])
    assert patterns.listed[0].text == "9999"
    assert patterns.expression is not None
    assert patterns.expression.pattern == "^[0-9]{4}$"
    assert patterns.expression.coverage == 400 / 401


def test_letters_and_digits_mixed_are_one_class() -> None:
    """Hexadecimal codes have no runs to speak of."""
    rng = np.random.default_rng(0)
    codes = [":".join(f"{b:02X}" for b in rng.integers(0, 256, 4)) for _ in range(300)]
    patterns = learnt(codes)
    assert patterns.listed[0].text == "XX:XX:XX:XX"
    assert patterns.expression is not None
    assert patterns.expression.pattern == "^" + ":".join(["[0-9A-F]{2}"] * 4) + "$"


@pytest.mark.parametrize(
    ("values", "pattern"),
    [
        (numbered("LOT-{0:03d}"), "^LOT-[0-9]{3}$"),
        (["red", "green", "blue"] * 20, "^(?:blue|green|red)$"),
        ([f"{w}-{i:02d}" for i in range(99) for w in ("SKU", "BOX")], "^(?:BOX|SKU)-[0-9]{2}$"),
        ([f"({i:03d}) x+y" for i in range(50)], r"^\([0-9]{3}\) x\+y$"),
        (numbered("Ж{2}{0:02d}"), r"^Ж[a-z][0-9]{2}$"),
        (["a\tb"] * 30, r"^a\tb$"),
    ],
)
def test_expressions_prefer_constants(values: list[str], pattern: str) -> None:
    """Constants where constant, alternatives where few, sets where many."""
    expression = learnt(values).expression
    assert expression is not None
    assert (expression.pattern, expression.coverage) == (pattern, 1.0)


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY_TEXT, min_size=10, max_size=60))
def test_the_coverage_is_what_fullmatch_gives(values: list[str]) -> None:
    """For any list: it compiles, is anchored, covers at least half, and its coverage is exact."""
    expression = learnt(values).expression
    if expression is None:
        return
    hits = [re.fullmatch(expression.pattern, value) is not None for value in values]
    assert expression.coverage == sum(hits) / len(values) >= 0.5
    assert expression.pattern.startswith("^")
    assert expression.pattern.endswith("$")


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY_TEXT, min_size=10, max_size=60))
def test_expressions_never_match_everything(values: list[str]) -> None:
    """A text longer than all seen, and one of a character no list has, are refused."""
    expression = learnt(values).expression
    if expression is None:
        return
    longest = max(map(len, values))
    for probe in ("a" * (longest + 1), "A" * (longest + 1), "9" * (longest + 1), "\U0010fffd"):
        assert probe in values or not re.fullmatch(expression.pattern, probe)


def test_no_expression_for_free_text_and_few_rows() -> None:
    """Sentences have no few patterns; nine rows are too few to speak for others."""
    rng = np.random.default_rng(0)
    words = ["Ab", "cd", "Ef,", "7", "g-h", "I."]
    assert learnt([" ".join(rng.choice(words, 9)) for _ in range(200)]).expression is None
    assert learnt(["A1"] * 9).expression is None


def test_classes_have_names() -> None:
    """A class of one is quoted."""
    assert [class_in_words(ord("-")), learnt(["é" * 3]).listed[0].text] == ['"-"', "aaa"]
