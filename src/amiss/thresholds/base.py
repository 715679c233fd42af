"""Threshold: scores of normal items -> where abnormal starts, and p-values."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.part import Part
from amiss.thresholds.normal_scores import NormalScores

_FEW = 20  # items, of which most may be abnormal without a word about it
_LARGEST, _SMALLEST = float(np.finfo(np.float64).max) / 2, float(np.finfo(np.float64).tiny)


class Threshold(Part):
    """The rule that says where abnormal starts: an item is abnormal when its score is above ``threshold_``.

    A rule fills in `line`; what the scores of normal items look like, and so the p-values, is the same for
    all rules.

    Attributes
    ----------
    tail_shape : float
        Shape expected of the tail of normal scores in mixed training data (0: exponential; -0.2: about
        normal).
    threshold_ : float
        Finite and > 0, in units of the score.
    normal_ : NormalScores
        The distribution of the scores of normal items, in units of ``unit_``.
    unit_ : float
        A power of two near the highest training score, so that no score is too large or small to compute
        with.
    """

    shelf: ClassVar[str] = "threshold"
    tail_shape: float = -0.2
    threshold_: float
    normal_: NormalScores
    unit_: float

    def fit(self, scores: FloatArray, *, clean: bool = False) -> Self:
        """Learn where abnormal starts.

        Parameters
        ----------
        scores : ndarray of shape (items,)
            Scores of the training items, finite, >= 0, higher = more abnormal; at least one.
        clean : bool
            True where the training items are known to hold no anomalies.
        """
        ordered = np.sort(np.asarray(scores, dtype=np.float64))
        top = float(ordered[-1])
        self.unit_ = float(2.0 ** min(max(int(np.frexp(top)[1]), -1000), 1000)) if top > 0 else 1.0
        constant = ordered[0] == top
        if top == 0:  # nothing was surprising, and nothing tells how large a surprising score would be
            ordered = np.append(ordered, 0.5)
        ordered = ordered / self.unit_
        self.normal_ = NormalScores.fit(ordered, clean=clean, shape=self.tail_shape)
        line = 2 * ordered[-1] if constant else self.line(ordered)
        if line <= 0:  # more zeros than the rule leaves normal: any greater score is abnormal
            line = ordered[ordered > 0][0] / 2
        self.threshold_ = max(min(float(line), _LARGEST / self.unit_) * self.unit_, _SMALLEST)
        return self

    def line(self, ordered: FloatArray) -> float:
        """Return where abnormal starts.

        Parameters
        ----------
        ordered : ndarray of shape (items,)
            Training scores in ascending order, in units of ``unit_``.
        """
        raise NotImplementedError

    def p_values(self, scores: FloatArray) -> FloatArray:
        """Return, for each score, how likely a normal item scores at least as high; in (0, 1]."""
        with np.errstate(over="ignore"):
            return self.normal_.p_values(np.asarray(scores, dtype=np.float64) / self.unit_)

    def expected_by_chance(self) -> float:
        """Return the share of normal items that lie beyond the threshold by chance."""
        return float(self.p_values(np.asarray([np.nextafter(self.threshold_, np.inf)]))[0])

    def notes_on(self, flags: BoolArray, unit: str) -> tuple[str, ...]:
        """Return what to know where most of many items lie beyond the threshold: then it is not they that are odd.

        Parameters
        ----------
        flags : ndarray of shape (items,), bool
            Which items lie beyond it.
        unit : str
            What an item is called, such as "row".
        """
        return self.notes_on_counts(int(flags.sum()), len(flags), unit)

    def notes_on_counts(self, beyond: int, items: int, unit: str) -> tuple[str, ...]:
        """Return what `notes_on` does, where only is known how many of the items lie beyond the threshold."""
        if items < _FEW or 2 * beyond <= items:
            return ()
        return (
            f"{beyond:,} of {items:,} {unit}s lie beyond the limit: these data as a whole do not look like "
            "what was learnt from. Learn from data like these, or go by the order of the scores.",
        )
