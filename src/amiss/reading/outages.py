"""Gaps of a series that are longer than its gaps usually are: where the data stopped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.part import Stored

_SHORTEST = 3.0  # steps: no shorter gap is an outage
_TIMES = 2.0  # as long as the usual ones
_USUAL = 0.9  # of the gaps are, where there may be outages among them
_FEW = 3
_ONE_IN = 20.0  # series of gaps that end by chance has one as long as an outage


@dataclass(frozen=True)
class Outage:
    """A stretch without data.

    Attributes
    ----------
    start, end : int
        First and last point, both inclusive.
    channels : tuple of int
        The channels that stopped.
    excess : float
        How long it is, in multiples of the longest gap that would not have been told: above 1.
    p_value : float
        How likely a gap at least as long begins at a usual point.
    """

    start: int
    end: int
    channels: tuple[int, ...]
    excess: float
    p_value: float

    def __len__(self) -> int:
        return self.end - self.start + 1


class UsualGaps(Stored):
    """How long gaps usually are: those of all channels together, and those of each channel.

    Attributes
    ----------
    limits : ndarray of shape (1 + channels,)
        Longer gaps are outages, in points; the first is for all channels together.
    lengths, whose : ndarray of shape (outages,)
        Lengths of the outages among the training points, and the place of the limit they are longer than.
    points : int
        Training points.
    """

    limits: FloatArray
    lengths: IntArray
    whose: IntArray
    points: int

    def fit(self, missing: BoolArray, clean: bool = False) -> Self:
        """Learn from the missing values of a series, shape (points, channels); clean: it holds no outages."""
        gaps = [np.diff(runs_of(column)).ravel() for column in _columns(missing)]
        self.limits = np.array([_limit(lengths, clean) for lengths in gaps])
        long = [lengths[lengths > limit] for lengths, limit in zip(gaps, self.limits, strict=True)]
        self.lengths = np.concatenate(long).astype(np.int64)
        self.whose = np.repeat(np.arange(len(long)), [len(lengths) for lengths in long])
        self.points = len(missing)
        return self

    def outages(self, missing: BoolArray) -> list[Outage]:
        """Return the outages of a stretch, shape (points, channels): first of all channels, then of some alone."""
        together = np.asarray(missing.all(axis=1))
        every = [(start, end) for start, end in runs_of(together) if end - start > self.limits[0]]
        found = [self._outage(start, end, tuple(range(missing.shape[1])), 0) for start, end in every]
        if missing.shape[1] == 1:
            return found
        told = np.zeros(len(missing), bool)
        for start, end in every:
            told[start:end] = True
        stopped: dict[tuple[int, int], list[int]] = {}
        for channel in range(missing.shape[1]):
            for start, end in runs_of(missing[:, channel] & ~told):
                if end - start > self.limits[1 + channel]:
                    stopped.setdefault((start, end), []).append(channel)
        for (start, end), channels in sorted(stopped.items()):
            least = min(channels, key=lambda channel: self.limits[1 + channel])
            found.append(self._outage(start, end, tuple(channels), 1 + least))
        return found

    def _outage(self, start: int, end: int, channels: tuple[int, ...], whose: int) -> Outage:
        as_long = int(((self.whose == whose) & (self.lengths >= end - start)).sum())
        excess = (end - start) / float(self.limits[whose])
        return Outage(start, end - 1, channels, excess, (as_long + 1) / (self.points + 1))


def runs_of(flags: BoolArray) -> list[tuple[int, int]]:
    """Return where each run of True begins, and where it is over.

    Examples
    --------
    >>> runs_of(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _columns(missing: BoolArray) -> list[BoolArray]:
    return [np.asarray(missing.all(axis=1)), *missing.T]


def _limit(lengths: IntArray, clean: bool) -> float:
    """Return how long a gap may be.

    Twice as long as nine in ten gaps, the three longest never among them: what happened three times may be an outage
    each time. And where gaps end by chance, at a rate told by how many are longer than the median and than those nine
    in ten, as long as one in twenty series has a gap of.
    """
    count = len(lengths)
    ordered = np.sort(lengths)
    if clean and count:
        return max(_SHORTEST, _TIMES * float(ordered[-1]))
    if count <= _FEW:
        return _SHORTEST
    usual = int(ordered[min(int(_USUAL * (count - 1)), count - 1 - _FEW)])
    middle = min(int(ordered[(count - 1) // 2]), usual)
    longer, longest = (max(int((lengths > length).sum()) - _FEW, 0.5) for length in (middle, usual))
    goes_on = (longest / longer) ** (1 / (usual - middle)) if usual > middle else longer / count
    by_chance = middle + math.log(_ONE_IN * count) / -math.log(goes_on)
    return max(_SHORTEST, _TIMES * float(usual), by_chance)
