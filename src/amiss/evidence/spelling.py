"""Edit distance, and quick ways to rule it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def deletions(text: str) -> set[str]:
    """Return the text, and the text without each one of its characters.

    Examples
    --------
    >>> sorted(deletions("abb"))
    ['ab', 'abb', 'bb']
    """
    return {text, *(text[:i] + text[i + 1 :] for i in range(len(text)))}


def bags(texts: list[str]) -> NDArray[np.int16]:
    """Return how often each of 64 groups of characters occurs in each text, shape (texts, 64).

    Two texts k edits apart differ by at most 2 k in the sum of these counts.
    """
    code = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    counted = np.bincount(owner * 64 + (code & 63), minlength=64 * len(texts))
    return counted.reshape(len(texts), 64).astype(np.int16)


def edits(a: str, b: str, most: int = 2) -> int:
    """Return the edit distance, neighbours swapped counting one; ``most`` + 1 where it is larger.

    Examples
    --------
    >>> edits("Munich", "Muinch"), edits("Munich", "Mnuichh"), edits("Rome", "Paris")
    (1, 2, 3)
    """
    if abs(len(a) - len(b)) > most:
        return most + 1
    a, b = _differing(a, b)
    if not a or not b or (len(a) == 1 and len(b) == 1):
        return min(max(len(a), len(b)), most + 1)
    if len(a) == len(b) == 2 and a == b[::-1]:
        return 1
    if most < 2 or max(len(a), len(b)) <= 2:
        return min(2, most + 1)
    return min(_table_distance(a, b, most), most + 1)


def _differing(a: str, b: str) -> tuple[str, str]:
    """Return the two texts without what they share at the start and at the end."""
    shorter = min(len(a), len(b))
    i = 0
    while i < shorter and a[i] == b[i]:
        i += 1
    j = 0
    while j < shorter - i and a[-1 - j] == b[-1 - j]:
        j += 1
    return a[i : len(a) - j], b[i : len(b) - j]


def _table_distance(a: str, b: str, most: int) -> int:
    """Return the optimal string alignment distance (Damerau 1964), by dynamic programming within a band.

    A cell further than ``most`` from the diagonal cannot lie on a path that short (Ukkonen 1985).
    """
    far = most + 1
    before: list[int] = []
    last = [j if j <= most else far for j in range(len(b) + 1)]
    for i, left in enumerate(a, 1):
        row = [far] * (len(b) + 1)
        if i <= most:
            row[0] = i
        for j in range(max(1, i - most), min(len(b), i + most) + 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != b[j - 1]))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, before[j - 2] + 1)
            row[j] = best
        if min(row) > most:
            return far
        before, last = last, row
    return last[-1]
