"""Edits: the one change that would give a string a frequent format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.text.characters import Segments

LONGEST = 80
"""Strings with more characters are not mended."""


@dataclass(frozen=True)
class Edit:
    """One change of a string.

    Attributes
    ----------
    kind : str
        "replace", "extra" (the symbol is one too many), "missing" (one is missing before it), "swap"
        (with the next).
    first, last : int
        Where: several places do where neighbours are alike.
    symbol : int
        The class expected there; -1 for "extra" and "swap".
    rows : float
        Rows that have the format the edit leads to.
    """

    kind: str
    first: int
    last: int
    symbol: int
    rows: float


_KINDS = ("replace", "extra", "missing", "swap")


def best_edit(
    symbols: IntArray, legal: IntArray, rows_of: Callable[[Segments], FloatArray], rare: FloatArray
) -> Edit | None:
    """Return the edit that leads to the most frequent format, None for strings too long.

    Parameters
    ----------
    symbols : ndarray of shape (characters,)
        Classes of the string's characters.
    legal : ndarray of shape (k,)
        Classes that may be put in.
    rows_of : callable
        Segments of classes -> rows that have each format.
    rare : ndarray of shape (characters,)
        How surprising each character is; decides between edits that lead to equally frequent formats.
    """
    if len(symbols) > LONGEST:
        return None
    variants, kind, place, symbol = _variants(symbols, legal)
    rows = rows_of(variants)
    good = np.flatnonzero(rows >= 0.5 * rows.max(initial=0.0))
    if not len(good) or rows[good].max() <= 0:
        return None
    here = np.append(rare, 0.0)
    # a missing symbol, a swap lie between two characters
    weight = np.where(kind[good] < 2, here[place[good]], (here[place[good] - 1] + here[place[good]]) / 2)
    best = good[np.lexsort((place[good], kind[good], -rows[good], -weight))[0]]
    alike = good[(kind[good] == kind[best]) & (symbol[good] == symbol[best])]
    first, last = _run(np.unique(place[alike]), int(place[best]))
    if _KINDS[kind[best]] == "replace":
        first = last = int(place[best])
    return Edit(_KINDS[kind[best]], first, last, int(symbol[best]), float(rows[best]))


def _run(places: IntArray, here: int) -> tuple[int, int]:
    """Return the first and last of the consecutive places around ``here``."""
    first = last = here
    known = set(places.tolist())
    while first - 1 in known:
        first -= 1
    while last + 1 in known:
        last += 1
    return first, last


def _variants(symbols: IntArray, legal: IntArray) -> tuple[Segments, IntArray, IntArray, IntArray]:
    """Return every string one edit away, and the kind, place and symbol of each edit."""
    count, k = len(symbols), len(legal)
    at = np.arange(count)
    replaced = np.repeat(symbols[None], count * k, axis=0)
    replaced[np.arange(count * k), np.repeat(at, k)] = np.tile(legal, count)
    extra = np.repeat(symbols[None], count, axis=0)[~np.eye(count, dtype=bool)]
    gaps = np.arange(count + 1)
    missing = np.zeros(((count + 1) * k, count + 1), np.int64)
    hole = np.zeros_like(missing, bool)
    hole[np.arange(len(missing)), np.repeat(gaps, k)] = True
    missing[~hole] = np.tile(symbols, len(missing))
    missing[hole] = np.tile(legal, count + 1)
    first = at[: max(count - 1, 0)]
    swapped = np.repeat(symbols[None], len(first), axis=0)
    swapped[first, first], swapped[first, first + 1] = symbols[1:], symbols[:-1]
    sizes = [count * k, count, (count + 1) * k, len(first)]
    variants = Segments(
        np.concatenate([replaced.ravel(), extra.ravel(), missing.ravel(), swapped.ravel()]),
        np.repeat([count, max(count - 1, 0), count + 1, count], sizes),
    )
    kind = np.repeat(np.arange(4), sizes)
    place = np.concatenate([np.repeat(at, k), at, np.repeat(gaps, k), first])
    none = np.full(count, -1, np.int64)
    symbol = np.concatenate([np.tile(legal, count), none, np.tile(legal, count + 1), none[: len(first)]])
    return variants, kind, place, symbol
