"""Any text made safe and legible."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.detection import times
from amiss.text.legible import cell, chance, coloured, legible, level, number

ANY_TEXT = st.text(st.characters(categories=None, exclude_categories=()), max_size=80)


def plain(markup):
    """Return the text that a browser would show."""
    text = re.sub("<[^<>]*>", "", str(markup))
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return text


@given(ANY_TEXT)
def test_any_text_becomes_printable_markup(text):
    """What is shown can be encoded, seen and holds no markup of the text's own."""
    for markup in (legible(text), coloured(text, [0.0] * len(text)), cell(text)):
        str(markup).encode("utf-8")
        assert plain(markup).isprintable()
        assert set(re.findall("<[^>]*>", str(markup))) <= {
            "<i>",
            "</i>",
            "<em>",
            "</em>",
            "<small>",
            "</small>",
        }


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
def test_a_plain_text_is_shown_as_it_is(text):
    """Letters, digits and signs of ASCII are not changed."""
    assert plain(legible(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a<i>\\u202e</i>b"),
        ("\ud800", "<i>\\ud800</i>"),
        ("\t\n\x00", "<i>\\t</i><i>\\n</i><i>\\u0000</i>"),
        ("\U000e0041", "<i>\\U000e0041</i>"),
        ("a\xa0b", "a<i>\\u00a0</i>b"),
        ("<&>", "&lt;&amp;&gt;"),
        ("Ünï – مرحبا 漢字", "Ünï – مرحبا 漢字"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    """Controls, direction marks, half pairs and odd spaces are escapes; every script is left as it is."""
    assert legible(text) == shown


def test_a_long_text_is_cut_and_says_so():
    """The number of characters left out is told."""
    assert legible("x" * 100_000, 10) == "x" * 10 + "<small>… 99,990 characters more</small>"
    assert legible("xy", 1) == "x<small>… 1 character more</small>"


def test_characters_take_the_colour_of_their_surprise():
    """Neighbours of one colour share a mark; a space to blame is made visible."""
    assert coloured("ab c", [0, 1.2, 1.9, 9]) == 'a<mark class="s2">b<i>␣</i></mark><mark class="s5">c</mark>'


def test_of_a_long_text_the_surprising_part_is_shown():
    """A character to blame is shown even deep in a text, with what stands before and after counted."""
    shown = coloured("a" * 500 + "!" + "a" * 500, [0.0] * 500 + [5.0] + [0.0] * 500, limit=11)
    assert plain(shown) == "495 characters before …aaaaa!aaaaa… 495 characters more"


def test_surprise_may_be_shorter_than_the_text():
    """Characters without a figure count as usual."""
    assert coloured("abc", [2.0]) == '<mark class="s3">a</mark>bc'


def test_empty_cells_are_named():
    """An empty cell and one of spaces alone can be told apart."""
    assert (cell(""), cell("  ")) == ("<em>empty</em>", "<i>␣␣</i>")


@pytest.mark.parametrize(
    ("surprise", "colour"), [(0, 0), (0.49, 0), (0.5, 1), (0.99, 1), (1, 2), (2, 3), (4, 4), (8, 5), (1e9, 5)]
)
def test_levels(surprise, colour):
    """Abnormal starts at 1.0, colour 2."""
    assert level(surprise) == colour


def test_figures_as_a_person_writes_them():
    """Scores, p-values and numbers are short."""
    scores = (0.0, 0.83, 0.9999, 1.0, 1.0001, 4.23, 38.2, 1204.0, 1e9)
    shown = ["0.00", "0.83", "0.99", "1.00", "1.01", "4.2", "38", "1,204", "1.0e+09"]
    assert [times(score) for score in scores] == shown
    assert [chance(p) for p in (0.0, 0.00042, 0.04)] == ["p below 0.0001", "p 0.00042", "p 0.04"]
    assert [number(v) for v in (0.0, -0.5, 1e-9, 1e20, 12.5, float("nan"))] == [
        "0",
        "-0.5",
        "1e-09",
        "1e+20",
        "12.5",
        "nan",
    ]
