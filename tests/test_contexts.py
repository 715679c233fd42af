"""Contexts: back-off probabilities and entropies against a dictionary that counts by hand."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.text.characters import Characters
from amiss.text.contexts import FIRST, START, STOP, Chain, Places

ORDER = 2
LISTS = st.lists(st.text("abc", max_size=5), min_size=1, max_size=10)


class NaiveChain:
    """Witten and Bell's interpolation, one context at a time."""

    def __init__(self, rows: list[tuple[tuple[int, ...], int]], kinds: int) -> None:
        self.kinds, self.counts = kinds, defaultdict(Counter)
        for context, symbol in rows:
            for n in range(len(context) + 1):
                self.counts[n, context[:n]][symbol] += 1

    def p(self, context: tuple[int, ...], symbol: int, out: int) -> float:
        base = self.counts[0, ()]
        p = (max(base[symbol] - out, 0) + 0.5) / (base.total() - out + 0.5 * self.kinds)
        for n in range(1, len(context) + 1):
            seen = self.counts[n, context[:n]]
            if seen.total() <= 1 and out:
                break
            own = max(seen[symbol] - out, 0)
            kinds = len(seen) if own or not out else max(len(seen) - 1, 1)
            if seen:
                p = (own + kinds * p) / (seen.total() - out + kinds)
        return p

    def excess(self, context: tuple[int, ...], symbol: int) -> float:
        known = [n for n in range(len(context) + 1) if n == 0 or self.counts[n, context[:n]].total() > 1]
        longest = context[: known[-1]]
        shares = [self.p(longest, s, 0) for s in range(self.kinds)]
        return -math.log(self.p(context, symbol, 1)) + sum(p * math.log(p) for p in shares)


def rows_of(values: list[str], alphabet: str) -> list[tuple[tuple[int, ...], int]]:
    """Return every place: the symbols before it, nearest first, and its own."""
    rows = []
    for value in values:
        symbols = [alphabet.index(c) + FIRST for c in value] + [STOP]
        padded = [START] * ORDER + symbols
        for i, symbol in enumerate(symbols):
            rows.append((tuple(reversed(padded[i : i + ORDER])), symbol))
    return rows


@settings(max_examples=60, deadline=None)
@given(LISTS)
def test_excess_agrees_with_counting_by_hand(values: list[str]) -> None:
    """Probability with one row left out, entropy of the whole distribution."""
    alphabet = "".join(sorted(set("".join(values))))
    places = Places(Characters.of(values), np.array([ord(c) for c in alphabet], np.int64), ORDER)
    kinds = len(alphabet) + FIRST
    chain = Chain(places.symbol, places.left, np.ones(len(places.symbol)), kinds)
    rows = rows_of(values, alphabet)
    naive = NaiveChain(rows, kinds)
    slow = [naive.excess(context, symbol) for context, symbol in rows]
    np.testing.assert_allclose(chain.excess(places.symbol, places.left), slow, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(LISTS)
def test_distributions_sum_to_one(values: list[str]) -> None:
    """In every place, with contexts long and short."""
    alphabet = np.unique([ord(c) for c in "".join(values)]).astype(np.int64)
    places = Places(Characters.of(values), alphabet, ORDER)
    chain = Chain(places.symbol, places.left, np.ones(len(places.symbol)), len(alphabet) + FIRST)
    for i in range(len(places.symbol)):
        assert math.isclose(chain.distribution([c[i] for c in places.left]).sum(), 1.0, abs_tol=1e-9)


def test_backward_symbols_are_the_forward_ones_mirrored() -> None:
    """Each string by itself, its stop in place."""
    places = Places(Characters.of(["abc", "", "a"]), np.array([97, 98, 99]), ORDER)
    assert (places.backward[places.mirror] == places.symbol).all()
    a, b, c = FIRST, FIRST + 1, FIRST + 2
    assert places.backward.tolist() == [c, b, a, STOP, STOP, a, STOP]
