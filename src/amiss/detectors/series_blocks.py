"""A series judged stretch by stretch, block by block: what is said of a point is the same, memory stays bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amiss.batch import FloatArray
from amiss.reading.stretches import Judge, in_blocks
from amiss.reading.windows import Channels


@dataclass(frozen=True)
class Stretch:
    """Points of a series that are seen from one level.

    Attributes
    ----------
    first, stop : int
        The points from ``first`` to before ``stop``.
    channels : Channels
        What a judge sees of them, and of what is around them.
    offset : int
        Where in the channels the first point of the series stands, or would stand.
    """

    first: int
    stop: int
    channels: Channels
    offset: int


@dataclass(frozen=True)
class Ground:
    """What judges see of a series.

    Attributes
    ----------
    stretches : sequence of Stretch
        In order of time; together they are the series.
    context : int
        Points that are known before the series.
    reach : int
        On how many points on either side depends what is said of one.
    """

    stretches: Sequence[Stretch]
    context: int
    reach: int

    @property
    def before(self) -> Channels:
        """What is known before the series."""
        return self.stretches[0].channels.stretch(0, self.context)

    def judged(self, judge: Judge, first: int = 0, stop: int | None = None) -> FloatArray:
        """Return what ``judge`` says of the points from ``first`` to before ``stop``, by default of all."""
        stop = self.stretches[-1].stop if stop is None else stop
        found = []
        for one in self.stretches:
            low, high = max(first, one.first), min(stop, one.stop)
            if low < high:
                found.append(in_blocks(judge, one.channels, self.reach, low + one.offset, high + one.offset))
        return found[0] if len(found) == 1 else np.concatenate(found)
