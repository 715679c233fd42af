"""Row counts: the other rows that hold a hash."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amiss.text.characters import mix
from amiss.text.row_counts import RowCounts, find, once

SMALL = st.lists(st.integers(0, 20), min_size=1, max_size=60)


@given(SMALL, SMALL)
def test_others_leaves_one_row_out(seen: list[int], asked: list[int]) -> None:
    """Against counting by hand; what was never seen and what was seen once are alike."""
    counts = RowCounts([mix(np.array(seen))], [np.ones(len(seen))])
    assert counts.others(mix(np.array(asked))).tolist() == [max(seen.count(a) - 1, 0) for a in asked]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=80), st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_find_agrees_with_bisection(keys: list[int], others: list[int]) -> None:
    """For hashes however they lie."""
    sorted_keys = np.unique(np.array(keys, np.uint64))
    asked = np.array([*keys, *others], np.uint64)
    where, found = find(sorted_keys, asked)
    assert found.tolist() == np.isin(asked, sorted_keys).tolist()
    assert (sorted_keys[where[found]] == asked[found]).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_once_keeps_one_mention_of_each(mentions: list[tuple[int, int]]) -> None:
    """One for every pair of item and hash."""
    item, hashes = np.array(mentions).T
    kept = once(item, hashes.astype(np.uint64))
    assert sorted(mentions[i] for i in kept) == sorted(set(mentions))
