"""Whole: what is known of all items of data too large to keep, of which a `Detection` holds the worst alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amiss.batch import FloatArray, IntArray

_PER_DECADE = 400
_LOWEST, _HIGHEST = -2, 6  # powers of ten between which scores are told apart
_BINS = (_HIGHEST - _LOWEST) * _PER_DECADE
_LINE = -_LOWEST * _PER_DECADE
"""The first of the bins above 1.0."""


@dataclass(frozen=True)
class Whole:
    """What is known of all items.

    Attributes
    ----------
    items : int
        How many there are.
    flagged : int
        How many of them are anomalous.
    highest : float
        The highest score, in multiples of the threshold.
    counts : ndarray of shape (3200,)
        How many scores lie in each bin, see `count_scores`.
    """

    items: int
    flagged: int
    highest: float
    counts: IntArray

    def representatives(self) -> tuple[FloatArray, IntArray]:
        """Return a score for each bin that is not empty, and how many scores it stands for."""
        full = np.flatnonzero(self.counts)
        return 10.0 ** (_LOWEST + (full + 0.5) / _PER_DECADE), self.counts[full]


def count_scores(scores: FloatArray, flagged: int) -> IntArray:
    """Return how many scores lie in each of 400 bins a decade, from 0.01 to 1,000,000 times the threshold.

    Counts of parts add up to those of the whole. What lies beyond counts in the first or the last bin; as many lie in
    bins above 1.0 as are flagged, rounding or not.

    Parameters
    ----------
    scores : ndarray of shape (items,)
        Multiples of the threshold, >= 0.
    flagged : int
        How many of them are beyond the threshold.

    Examples
    --------
    >>> counts = count_scores(np.array([0.0, 0.5, 1.0, 1.01, 3.0]), 2)
    >>> int(counts.sum()), int(counts[:800].sum()), int(counts[0])
    (5, 3, 1)
    """
    highest_first = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    with np.errstate(divide="ignore"):
        bins = np.ceil((np.log10(highest_first) - _LOWEST) * _PER_DECADE) - 1
    bins = np.clip(bins, 0, _BINS - 1).astype(np.int64)
    bins[:flagged] = np.maximum(bins[:flagged], _LINE)
    bins[flagged:] = np.minimum(bins[flagged:], _LINE - 1)
    return np.bincount(bins, minlength=_BINS)


def no_scores() -> IntArray:
    """Return the counts of no scores at all."""
    return np.zeros(_BINS, dtype=np.int64)
