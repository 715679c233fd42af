"""Edits: the one change that leads to a frequent format."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.batch import FloatArray
from amiss.text.characters import Characters, Segments
from amiss.text.edits import LONGEST, best_edit


def one_edit_away(text: str, alphabet: str) -> set[str]:
    """Every string that one edit makes of another."""
    gaps = range(len(text) + 1)
    extra = {text[:i] + text[i + 1 :] for i in range(len(text))}
    replaced = {text[:i] + c + text[i + 1 :] for i in range(len(text)) for c in alphabet}
    missing = {text[:i] + c + text[i:] for i in gaps for c in alphabet}
    swapped = {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1)}
    return extra | replaced | missing | swapped


def codes(text: str) -> np.ndarray:
    return np.array([ord(c) for c in text], np.int64)


def edit_towards(text: str, target: str, rare: list[float] | None = None):
    """Return the edit from a text to the only frequent one."""
    goal = Characters.of([target]).text.hashes()[0]

    def rows_of(variants: Segments) -> FloatArray:
        return np.where(variants.hashes() == goal, 100.0, 0.0)

    weights = np.array(rare if rare is not None else [0.0] * len(text))
    return best_edit(codes(text), codes("abc-"), rows_of, weights)


@given(st.text("abc-", max_size=6))
def test_all_edits_are_tried(text: str) -> None:
    """The variants are the strings one edit away, no more and no less."""
    tried: list[str] = []

    def rows_of(variants: Segments) -> FloatArray:
        ends = itertools.accumulate(variants.length.tolist())
        tried.extend(
            "".join(map(chr, variants.symbol[end - n : end]))
            for end, n in zip(ends, variants.length.tolist(), strict=True)
        )
        return np.zeros(len(variants))

    best_edit(codes(text), codes("abc-"), rows_of, np.zeros(len(text)))
    assert set(tried) == one_edit_away(text, "abc-")


@pytest.mark.parametrize(
    ("text", "kind", "first", "last"),
    [
        ("ab-cx", "replace", 4, 4),
        ("abb-cc", "extra", 1, 2),
        ("a-cc", "missing", 1, 1),
        ("a-bcc", "swap", 1, 1),
    ],
)
def test_the_edit_is_named(text: str, kind: str, first: int, last: int) -> None:
    """Kind and place; equal neighbours are one place."""
    edit = edit_towards(text, "ab-cc")
    assert edit is not None
    assert (edit.kind, edit.first, edit.last) == (kind, first, last)


def test_no_edit_leads_nowhere() -> None:
    """None where no edit helps, and for strings too long."""
    assert edit_towards("zzzz", "ab-cc") is None
    assert edit_towards("a" * (LONGEST + 1), "a" * LONGEST) is None
