"""Gaps: a value missing where there is always one, or there where it is always missing."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.base import Model


class Gaps(Model):
    """Missing or not, by the column's share of missing cells: max(0, -log share - entropy of the column)."""

    name = "gaps"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    missing_cost_: FloatArray
    present_cost_: FloatArray

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        share = (batch.mask.sum(axis=0) + 0.5) / (len(batch) + 1)
        entropy = -share * np.log(share) - (1 - share) * np.log1p(-share)
        self.missing_cost_ = np.maximum(-np.log(share) - entropy, 0.0)
        self.present_cost_ = np.maximum(-np.log1p(-share) - entropy, 0.0)
        return self

    def surprise(self, batch: Batch) -> FloatArray:
        return np.where(batch.mask, self.missing_cost_, self.present_cost_)
