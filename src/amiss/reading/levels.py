"""Levels of a series: where a channel has settled on another level for good.

A level is the median of a window; windows stand on a grid that is fixed in time, so that any stretch of a series has
the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amiss.batch import FloatArray
from amiss.part import Stored

_BEYOND = 0.5  # a level is another from so far beyond the usual ones on, in multiples of their range
_FEWEST = 2  # windows that a level is told from: the past of a window must stand on the same level
_SEEN = 0.5  # of a window, at least, or it has no level


@dataclass(frozen=True)
class Settled:
    """From ``place`` on the channels stand ``off`` their usual levels, and that is the new normal.

    Attributes
    ----------
    place : int
        The point, counted from the first of the stretch.
    off : ndarray of shape (channels,)
        Raw units; 0 where a channel is where it was in training.
    """

    place: int
    off: FloatArray


class UsualLevels(Stored):
    """The levels that the channels had in training.

    Attributes
    ----------
    low, high, centre : ndarray of shape (channels,)
        The lowest, the highest and the median level, raw units.
    window : int
        Points in a window.
    """

    low: FloatArray
    high: FloatArray
    centre: FloatArray
    window: int

    def fit(self, values: FloatArray, window: int) -> Self:
        """Learn the levels of training data, shape (points, channels), raw units, NaN missing."""
        self.window = window
        channels = values.shape[1]
        self.low, self.high, self.centre = np.zeros(channels), np.zeros(channels), np.zeros(channels)
        _, levels = self._levels(values, 0)
        for channel in range(channels):
            known = levels[np.isfinite(levels[:, channel]), channel]
            if len(known):
                self.low[channel], self.high[channel] = known.min(), known.max()
                self.centre[channel] = np.median(known)
        return self

    def settled(self, values: FloatArray, start: int, after: int) -> list[Settled]:
        """Return from where on which levels are the new normal, in order of time.

        A channel settles when as many windows in a row as ``after`` holds have levels beyond the usual ones on one
        side, and they differ among each other no more than usual ones do: from the end of the last of them on.

        Parameters
        ----------
        values : ndarray of shape (points, channels)
            New data, raw units, NaN missing.
        start : int
            Position of the first point, counted from the first training point.
        after : int
            Points.
        """
        first, levels = self._levels(values, start)
        wanted = max(_FEWEST, -(-after // self.window))
        with np.errstate(over="ignore", invalid="ignore"):
            room = _BEYOND * (self.high - self.low)
            ends = zip(levels.T, self.low - room, self.high + room, self.centre, strict=True)
            moves = [_moves(*one, wanted) for one in ends]
        off, found = np.zeros(values.shape[1]), []
        for at in sorted({at for one in moves for at in one}):
            off = np.array([one.get(at, before) for one, before in zip(moves, off, strict=True)])
            found.append(Settled((first + at + 1) * self.window - start, off))
        return found

    def _levels(self, values: FloatArray, start: int) -> tuple[int, FloatArray]:
        """Return the number of the first whole window, and the level of each, shape (windows, channels), or NaN."""
        first = -(-start // self.window)
        whole = values[first * self.window - start :]
        whole = whole[: len(whole) // self.window * self.window].reshape(-1, self.window, values.shape[1])
        seen = np.isfinite(whole)
        levels = np.full((len(whole), values.shape[1]), np.nan)
        enough = seen.mean(axis=1) >= _SEEN
        for at, channel in np.argwhere(enough & ~seen.all(axis=1)):
            levels[at, channel] = np.median(whole[at, seen[at, :, channel], channel])
        full = seen.all(axis=1)
        levels[full] = (
            np.median(whole.swapaxes(1, 2)[full] / 2, axis=-1) * 2
        )  # halves: a sum of two overflows
        return first, levels


def _moves(levels: FloatArray, low: float, high: float, centre: float, wanted: int) -> dict[int, float]:
    """Return at which windows one channel settles, and how far from its centre it then stands."""
    found: dict[int, float] = {}
    if not ((levels < low) | (levels > high)).any():
        return found
    off, side, run = 0.0, 0, [0.0] * 0
    for at, level in enumerate(levels.tolist()):
        if level != level:  # missing: neither here nor there
            continue
        before, side = side, int(level - off > high) - int(level - off < low)
        run = [*(run if side == before else []), level][-wanted:] if side else []
        if len(run) == wanted and max(run) - min(run) <= high - low:
            off = found[at] = float(np.median(run)) - centre
            run = []
    return found
