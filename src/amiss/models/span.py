"""Span: values far beyond all that training held."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model

_WEIGHT = 4.0


class Span(Model):
    """How far a value lies beyond the training range: 4 log((1 + overshoot / range) / 2), at least 0.

    For columns that grow as data goes on, such as dates: values up to one whole range beyond the known ones
    are as good as any, a year 2204 for 2024 is not.
    """

    name = "span"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    low_: FloatArray
    high_: FloatArray

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        low = np.where(batch.mask, np.inf, batch.values).min(axis=0)
        high = np.where(batch.mask, -np.inf, batch.values).max(axis=0)
        self.low_ = np.where(np.isfinite(low), low, 0.0)
        self.high_ = np.where(np.isfinite(high), high, 0.0)
        return self

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the surprise of each cell, shape (items, cells), in nats."""
        beyond = np.maximum(np.maximum(self.low_ - batch.values, batch.values - self.high_), 0.0)
        width = np.maximum(self.high_ - self.low_, 1.0)
        cost = _WEIGHT * np.maximum(np.log1p(beyond / width) - np.log(2.0), 0.0)
        return np.where(batch.mask, 0.0, cost)
