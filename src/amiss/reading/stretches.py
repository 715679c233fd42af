"""Stretches of a series: a long one is judged block by block, and learnt from some of its stretches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from amiss.batch import FloatArray
from amiss.reading.windows import Channels, stretches

BLOCK = 131_072
"""Points that are judged at once."""

Judge = Callable[[Channels], FloatArray]
"""Takes a stretch; says of each point, shape (points, ...), what depends on the points around it alone."""


def in_blocks(
    judge: Judge, channels: Channels, reach: int, first: int = 0, stop: int | None = None
) -> FloatArray:
    """Return what ``judge`` says of the points from ``first`` to before ``stop``, in bounded memory.

    Parameters
    ----------
    judge : callable
    channels : Channels
    reach : int
        On how many points on either side depends what is said of one.
    first, stop : int, optional
        By default all points.
    """
    stop = len(channels) if stop is None else stop
    found = []
    for begin in range(first, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        low = max(0, begin - reach)
        found.append(judge(channels.stretch(low, end + reach))[begin - low : end - low])
    return found[0] if len(found) == 1 else np.concatenate(found)


def learnt_from(judge: Judge, channels: Channels, reach: int) -> FloatArray:
    """Return what ``judge`` says of the points that are learnt from: all, or of a long series some stretches."""
    places = stretches(len(channels))
    if len(places) == 1:
        return judge(channels)
    return np.concatenate([in_blocks(judge, channels, reach, first, stop) for first, stop in places])
