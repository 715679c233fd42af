"""Column spaces: numeric columns brought to one scale, each way showing other anomalies best."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.errors import ParameterError
from amiss.part import Stored

SPACES = ("standard", "minmax", "asinh", "rank")
_LARGEST = 1e100  # raw values beyond are taken as this: their squares and sums stay finite
_FARTHEST = 1e9  # units a value may lie from the centre
_CELLS_AT_ONCE = 2**15  # fit the processor's nearest caches
_NORMAL_IQR = 1.349  # interquartile range of a standard normal
_MOST_RANKS = 10_000  # different values of a column whose ranks are kept; between them ranks are interpolated


class Space(Stored):
    """Numbers of shape (items, columns) in raw units -> the same in units of the column.

    Missing cells take the column's median. A column that is constant in training becomes 0 where the value
    is that constant and 1 where it is not.

    Parameters
    ----------
    kind : str
        "standard": (x - mean) / standard deviation. "minmax": 0 at the training minimum, 1 at the maximum.
        "asinh": asinh((x - median) / s), s = interquartile range / 1.349, or the standard deviation where
        that is at most a tenth of it. "rank": the normal quantile of the value's rank; beyond the training
        range +- log(1 + 10 x overshoot in ranges), so that the ends do not hide how far out a value is.
    """

    kind: str
    location_: FloatArray
    scale_: FloatArray
    median_: FloatArray
    varies_: BoolArray
    cuts_: list[FloatArray]
    ranks_: list[FloatArray]

    def __init__(self, kind: str = "standard") -> None:
        self.kind = kind

    def fit(self, batch: Batch) -> Self:
        """Learn the scale of each column from the cells that are not missing."""
        if self.kind not in SPACES:
            raise ParameterError(f"Column space {self.kind!r} is not known. Known: {', '.join(SPACES)}.")
        values = np.clip(batch.values, -_LARGEST, _LARGEST)
        self.median_ = np.array([_median(c[~m]) for c, m in zip(values.T, batch.mask.T, strict=True)])
        filled = np.where(batch.mask, self.median_, values)
        low, high, deviation = filled.min(axis=0), filled.max(axis=0), filled.std(axis=0)
        self.location_, scale = low, high - low
        if self.kind == "standard":
            self.location_, scale = filled.mean(axis=0), deviation
        elif self.kind == "asinh":
            self.location_, scale = self.median_, _robust_scale(filled, deviation)
        self.varies_ = (high > low) & (deviation > 0) & (scale > 0)
        self.location_ = np.where(self.varies_, self.location_, filled[0])
        self.scale_ = np.where(self.varies_, scale, 1.0)
        self.cuts_, self.ranks_ = _normal_ranks(filled) if self.kind == "rank" else ([], [])
        return self

    def apply(self, batch: Batch) -> FloatArray:
        """Return the values in this space, shape (items, columns), finite, C order."""
        out = np.empty(batch.values.shape)
        step = max(1, _CELLS_AT_ONCE // max(1, batch.values.shape[1]))
        for start in range(0, len(out), step):
            here = slice(start, start + step)
            self._apply(batch.values[here], batch.mask[here], out[here])
        return out

    def _apply(self, values: FloatArray, mask: BoolArray, units: FloatArray) -> None:
        """Write the values of some items in this space."""
        values = np.where(mask, self.median_, values) if mask.any() else values
        np.clip(values, -_LARGEST, _LARGEST, out=units)
        values = units.copy() if self.kind == "rank" or not self.varies_.all() else units
        with np.errstate(over="ignore"):
            units -= self.location_
            units /= self.scale_
            np.clip(units, -_FARTHEST, _FARTHEST, out=units)
        if self.kind == "asinh":
            np.arcsinh(units, out=units)
        elif self.kind == "rank":
            beyond = np.sign(units) * np.log1p(10 * np.maximum(np.abs(units - 0.5) - 0.5, 0))
            np.add(self._ranked(values), beyond, out=units)
        still = ~self.varies_
        if still.any():
            usual = self.location_[still]
            units[:, still] = np.abs(values[:, still] - usual) > 1e-9 * np.maximum(np.abs(usual), 1.0)

    def _ranked(self, values: FloatArray) -> FloatArray:
        out = np.empty(values.shape)
        for j, (cuts, ranks) in enumerate(zip(self.cuts_, self.ranks_, strict=True)):
            out[:, j] = np.interp(values[:, j], cuts, ranks)
        return out

    def invert(self, units: FloatArray) -> FloatArray:
        """Return raw values, shape (items, columns), for values in this space."""
        if self.kind == "rank":
            columns = zip(units.T, self.ranks_, self.cuts_, strict=True)
            return np.stack([np.interp(u, ranks, cuts) for u, ranks, cuts in columns], axis=1)
        if self.kind == "asinh":
            units = np.sinh(np.clip(units, -np.arcsinh(_FARTHEST), np.arcsinh(_FARTHEST)))
        return np.where(self.varies_, units * self.scale_ + self.location_, self.location_)


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _robust_scale(values: FloatArray, deviation: FloatArray) -> FloatArray:
    first, third = np.quantile(values, [0.25, 0.75], axis=0)
    robust = (third - first) / _NORMAL_IQR
    return np.where(robust <= 0.1 * deviation, deviation, robust)


def _normal_ranks(values: FloatArray) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return, for each column, its distinct values and the normal quantile of the middle rank of each.

    Of more than 10,000 distinct values so many are kept, evenly spread, the smallest and the largest among them.
    """
    from scipy.special import ndtri

    cuts, ranks = [], []
    for column in values.T:
        distinct, counts = np.unique(column, return_counts=True)
        kept = np.linspace(0, len(distinct) - 1, min(len(distinct), _MOST_RANKS)).astype(np.int64)
        cuts.append(distinct[kept])
        ranks.append(ndtri(((np.cumsum(counts) - counts / 2) / len(column))[kept]))
    return cuts, ranks
