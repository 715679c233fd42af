"""Rarity: how seldom the value, its format, its words and its characters occur in the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.characters import END, LOWER, Characters, HashArray, RowCounts, Strings, mix, once
from amiss.models.base import StringModel

PARTS = ("value", "digits", "format", "runs", "words", "bigram", "token", "character")
"""What is counted, in the order of `Rarity.excess`: the value; the value with every digit alike; its
classes of characters; those with repeats taken as one; letters and digits as one class with repeats taken
as one; the rarest pair of neighbouring characters; the rarest word; the rarest character."""

_MOSTLY_UNIQUE = 0.98


def parts(block: Characters) -> Iterator[tuple[IntArray | None, HashArray]]:
    """Yield, for each of `PARTS`, the string each hash belongs to (None: one a string) and the hashes."""
    text, classes, grouped, masked = block.text, block.classes, block.grouped, block.digits_masked
    yield None, text.hashes()
    yield None, masked.hashes()
    yield None, classes.hashes()
    yield None, classes.collapsed(grouped).hashes()
    yield None, text.replaced(np.where(grouped, LOWER, text.symbol)).collapsed(grouped).hashes()
    length = text.length + 1
    left, right = np.full((2, int(length.sum())), END, np.int64)
    here = np.arange(len(text.symbol)) + text.item
    right[here], left[here + 1] = masked.symbol, masked.symbol
    yield np.repeat(np.arange(len(length)), length), mix((left << 21) + right)
    word, item, _ = text.words(grouped)
    yield item, word.hashes()
    yield text.item, mix(masked.symbol)


class Rarity(StringModel):
    """Surprise of eight counts: -log of the share of other rows that hold the same, beyond what is usual
    in the list.

    Usual is the row-weighted mean (the entropy, with the string's own row left out): a list of unique
    values finds no value surprising, a list with one common format finds every other format so. Score:
    mean + 2 max + sum / 4 of the eight.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", section 6: surprise and its mean, the entropy.
    """

    name = "rarity"

    rows_: float
    counts_: list[RowCounts]
    usual_: FloatArray

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Count the parts over all rows."""
        self.rows_ = float(strings.weight.sum())
        hashes: list[list[HashArray]] = [[] for _ in PARTS]
        rows: list[list[FloatArray]] = [[] for _ in PARTS]
        for where, block in strings.blocks():
            weight = strings.weight[where]
            for i, (item, found) in enumerate(parts(block)):
                first = slice(None) if item is None else once(item, found)
                hashes[i].append(found[first])
                rows[i].append(weight if item is None else weight[item[first]])
        self.counts_ = [RowCounts(h, r) for h, r in zip(hashes, rows, strict=True)]
        surprise = strings.map(self.surprise)
        self.usual_ = (surprise * strings.weight).sum(axis=1) / self.rows_
        if len(strings) >= _MOSTLY_UNIQUE * self.rows_:
            # where nearly every value is unique, so are its words: a rare one says nothing
            self.usual_[PARTS.index("token")] = np.log(self.rows_) + 1.0
        return self

    def surprise(self, block: Characters) -> FloatArray:
        """Return -log(share of rows that hold each part), shape (parts, strings)."""
        surprise = np.empty((len(PARTS), len(block)))
        for i, (item, found) in enumerate(parts(block)):
            count = self.counts_[i].others(found)
            if item is not None:
                least = np.full(len(block), self.rows_ - 1.0)
                np.minimum.at(least, item, count)
                count = least
            surprise[i] = np.log(self.rows_) - np.log(count + 1.0)
        return surprise

    def excess(self, block: Characters) -> FloatArray:
        """Return how far each part's surprise lies beyond the usual, shape (parts, strings), nats, >= 0."""
        return np.maximum(self.surprise(block) - self.usual_[:, None], 0.0)

    def score(self, block: Characters) -> FloatArray:
        """Return mean + 2 max + sum / 4 of the eight, shape (strings,)."""
        excess = self.excess(block)
        total = excess[0]
        for part in excess[1:]:
            # added one by one: a sum over an axis may round differently in batches of different size
            total = total + part
        return np.asarray(total * (1 / len(PARTS) + 0.25) + 2.0 * excess.max(axis=0))
