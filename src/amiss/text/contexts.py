"""Contexts: the characters beside each character, and how likely it is given them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.part import Stored
from amiss.text.characters import Characters, HashArray, mix
from amiss.text.row_counts import find

OTHER, START, STOP = 0, 1, 2
FIRST = 3
"""The alphabet's first symbol; those before it: a character never seen, before the start, after the end."""


class Order(Stored):
    """The contexts of one length: rows, kinds of symbols and entropy of each, and the rows of each symbol
    in it."""

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("keys", "rows", "kinds", "entropy"),
        ("pairs", "pair_rows"),
    )
    keys: HashArray
    rows: FloatArray
    kinds: FloatArray
    entropy: FloatArray
    pairs: HashArray
    pair_rows: FloatArray


class Chain(Stored):
    """Probability of a symbol given longer and longer contexts, each falling back on the one before.

    p(s | context) = (rows of s there + kinds p(s | shorter context)) / (rows there + kinds), kinds = number
    of different symbols seen there. One row is always left out, whoever asks.

    References
    ----------
    Witten and Bell (1991), "The zero-frequency problem", IEEE Transactions on Information Theory 37(4),
    method C, interpolated.
    """

    base: FloatArray
    base_entropy: float
    orders: list[Order]

    def __init__(self, symbol: IntArray, contexts: list[HashArray], weight: FloatArray, kinds: int) -> None:
        self.base = np.bincount(symbol, weight, minlength=kinds).astype(np.float64)
        p = (self.base + 0.5) / (self.base.sum() + 0.5 * kinds)
        self.base_entropy = float(-(p * np.log(p)).sum())
        self.orders = []
        shorter, entropy = p[symbol], np.full(len(symbol), self.base_entropy)
        for context in contexts:
            shorter, entropy = self._add(symbol, context, weight, kinds, shorter, entropy)

    def _add(
        self,
        symbol: IntArray,
        context: HashArray,
        weight: FloatArray,
        kinds: int,
        shorter: FloatArray,
        entropy: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Learn one more length of context; return p and the entropy at every position."""
        keys, place = np.unique(context, return_inverse=True)
        _, first, pair = np.unique(place * kinds + symbol, return_index=True, return_inverse=True)
        owner, low = place[first], shorter[first]
        rows = np.bincount(place, weight, minlength=len(keys)).astype(np.float64)
        pair_rows = np.bincount(pair, weight, minlength=len(first)).astype(np.float64)
        seen = np.bincount(owner, minlength=len(keys)).astype(np.float64)
        p = (pair_rows + seen[owner] * low) / (rows + seen)[owner]
        # unseen symbols share the rest in the proportions of the shorter context: entropy in closed form
        back = seen / (rows + seen)
        below = np.zeros(len(keys))
        below[place] = entropy
        mass = np.bincount(owner, low, minlength=len(keys))
        unseen = np.maximum(below - np.bincount(owner, -low * np.log(low), minlength=len(keys)), 0.0)
        rest = back * (unseen - np.log(back) * np.maximum(1.0 - mass, 0.0))
        total = np.bincount(owner, -p * np.log(p), minlength=len(keys)) + rest
        order = Order()
        kept = rows > 1
        order.keys, order.rows, order.kinds, order.entropy = keys[kept], rows[kept], seen[kept], total[kept]
        hashes = mix(keys[owner] + mix(symbol[first]))
        often = np.flatnonzero(pair_rows > 1)
        often = often[np.argsort(hashes[often])]
        order.pairs, order.pair_rows = hashes[often], pair_rows[often]
        self.orders.append(order)
        return p[pair], total[place]

    def excess(self, symbol: IntArray, contexts: list[HashArray]) -> FloatArray:
        """Return -log p minus the entropy of the symbol's place, nats; one row of each left out."""
        rest = np.maximum(self.base.sum() - 1.0, 0.0) + 0.5 * len(self.base)
        p = (np.maximum(self.base[symbol] - 1.0, 0.0) + 0.5) / rest
        entropy = np.full(len(symbol), self.base_entropy)
        for context, order in zip(contexts, self.orders, strict=True):
            where, known = find(order.keys, context)
            if not known.any():
                continue
            pair, seen = find(order.pairs, mix(context + mix(symbol)))
            others = (
                np.where(seen, order.pair_rows[pair] - 1.0, 0.0) if len(order.pairs) else np.zeros(len(p))
            )
            # the symbol's own row may be the only one of its kind
            kinds = np.where(others > 0, order.kinds[where], np.maximum(order.kinds[where] - 1.0, 1.0))
            p = np.where(known, (others + kinds * p) / (order.rows[where] - 1.0 + kinds), p)
            entropy = np.where(known, order.entropy[where], entropy)
        return np.asarray(-np.log(p) - entropy)

    def distribution(self, contexts: list[np.uint64]) -> FloatArray:
        """Return the probability of every symbol in a place, shape (symbols,); without contexts, anywhere."""
        p: FloatArray = (self.base + 0.5) / (self.base.sum() + 0.5 * len(self.base))
        symbols = mix(np.arange(len(self.base)))
        for context, order in zip(contexts, self.orders, strict=False):
            where, known = find(order.keys, np.array([context]))
            if known[0]:
                pair, seen = find(order.pairs, mix(context + symbols))
                rows = np.where(seen, order.pair_rows[pair], 0.0) if len(order.pairs) else np.zeros(len(p))
                kinds = order.kinds[where[0]]
                p = (rows + kinds * p) / (rows.sum() + kinds)
        return p


class Places:
    """Every position of a block of strings, the stop after each among them, and the contexts of each.

    Attributes
    ----------
    symbol, backward : ndarray of shape (positions,)
        Symbols in reading order; those of each string from its end.
    left, right, both : list of ndarray of shape (positions,)
        Hashes of the contexts, short to long, of ``symbol``, of ``backward``, of ``symbol``.
    mirror : ndarray of shape (positions,)
        Where in ``backward`` each position of ``symbol`` stands.
    """

    def __init__(self, block: Characters, alphabet: IntArray, order: int) -> None:
        text = block.text
        code = np.searchsorted(alphabet, text.symbol)
        known = alphabet[np.minimum(code, len(alphabet) - 1)] == text.symbol if len(alphabet) else code < 0
        code = np.where(known, code + FIRST, OTHER)
        self.length = text.length + 1
        self.start = np.cumsum(self.length) - self.length
        self.item = np.repeat(np.arange(len(block)), self.length)
        position = np.arange(len(self.item)) - self.start[self.item]
        self.symbol, self.backward = np.full((2, len(self.item)), STOP)
        self.symbol[np.arange(len(code)) + text.item] = code
        self.backward[self.start[text.item] + text.length[text.item] - 1 - text.position] = code
        last = self.length[self.item] - 1
        self.mirror = self.start[self.item] + np.where(position == last, last, last - 1 - position)
        self.left = _contexts(self.symbol, position, order)
        self.right = _contexts(self.backward, position, order)
        after = np.full(len(self.item), START)
        after[:-1] = np.where(position[1:] > 0, self.symbol[1:], START)
        self.both = [self.left[0], mix(self.left[0] + mix(mix(after)))]


def _contexts(symbol: IntArray, position: IntArray, order: int) -> list[HashArray]:
    """Return the hashes of the 1, 2, ... ``order`` symbols before each position."""
    contexts, running = [], np.zeros(len(symbol), np.uint64)
    for back in range(1, order + 1):
        before = np.full(len(symbol), START)
        before[back:] = symbol[:-back]
        before[position < back] = START
        running = mix(running + mix(before))
        contexts.append(running)
    return contexts
