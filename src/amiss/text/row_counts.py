"""Row counts: how many rows hold the same hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.part import Stored
from amiss.text.characters import HashArray

_MOST = 1_000_000


class RowCounts(Stored):
    """Hash -> number of rows that hold it; one row is always left out, whoever asks.

    So a string scores the same as a training row and as a new one, and what was seen once is as new as
    what never was; therefore hashes seen once are not even kept. Of more than a million others the rarest are not
    kept either.
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("keys", "rows"),)
    keys: HashArray
    rows: FloatArray

    def __init__(self, hashes: Sequence[HashArray], rows: Sequence[FloatArray]) -> None:
        keys, count = summed(np.concatenate(hashes), np.concatenate(rows))
        kept = count > 1
        if kept.sum() > _MOST:
            kept[np.argsort(-count, kind="stable")[_MOST:]] = False
        self.keys, self.rows = keys[kept], count[kept]

    def others(self, hashes: HashArray) -> FloatArray:
        """Return the other rows that hold each hash, shape of ``hashes``."""
        where, found = find(self.keys, hashes)
        return np.where(found, self.rows[where] - 1.0, 0.0) if len(self.keys) else np.zeros(len(hashes))


def summed(hashes: HashArray, rows: FloatArray) -> tuple[HashArray, FloatArray]:
    """Return the distinct hashes, ascending, and the sum of the rows of each."""
    keys, where = np.unique(hashes, return_inverse=True)
    return keys, np.bincount(where, rows, minlength=len(keys)).astype(np.float64)


def find(keys: HashArray, asked: HashArray) -> tuple[IntArray, BoolArray]:
    """Return where each hash stands in ``keys`` (ascending), and whether it does.

    Hashes are spread evenly, so their leading bits say nearly where they stand: a few times faster than
    bisection.
    """
    if not len(keys):
        return np.zeros(len(asked), np.int64), np.zeros(len(asked), bool)
    bits = len(keys).bit_length()
    shift = np.uint64(64 - bits)
    first = np.zeros((1 << bits) + 1, np.int64)
    np.cumsum(np.bincount((keys >> shift).astype(np.int64), minlength=1 << bits), out=first[1:])
    where = np.minimum(first[(asked >> shift).astype(np.int64)], len(keys) - 1)
    found = keys[where] == asked
    behind = np.flatnonzero(keys[where] < asked)
    while len(behind):
        behind = behind[where[behind] < len(keys) - 1]
        where[behind] += 1
        here = keys[where[behind]]
        found[behind] = here == asked[behind]
        behind = behind[here < asked[behind]]
    return where, found


def once(item: IntArray, hashes: HashArray) -> IntArray:
    """Return where each hash is first mentioned in each item (order not kept)."""
    order = np.lexsort((item, hashes))
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(hashes[order]) != 0) | (np.diff(item[order]) != 0)
    return order[new]
