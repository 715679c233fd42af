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
        _, levels = self.levels(values, 0)
        for channel in range(channels):
            known = levels[np.isfinite(levels[:, channel]), channel]
            if len(known):
                self.low[channel], self.high[channel] = known.min(), known.max()
                self.centre[channel] = np.median(known / 2) * 2  # a sum of two overflows
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
        first, levels = self.levels(values, start)
        settling = Settling.of(values.shape[1])
        found = self.follow(levels, settling, after)
        return [Settled((first + at + 1) * self.window - start, off) for at, off in found]

    def follow(self, levels: FloatArray, settling: Settling, after: int) -> list[tuple[int, FloatArray]]:
        """Return at which of the next windows channels settle, and how far off the usual level all then stand.

        Parameters
        ----------
        levels : ndarray of shape (windows, channels)
            NaN where a window has none.
        settling : Settling
            Where the windows before have led to; it is moved on.
        after : int
            Points.
        """
        wanted = max(_FEWEST, -(-after // self.window))
        with np.errstate(over="ignore", invalid="ignore"):
            room = _BEYOND * (self.high - self.low)
            low, high = self.low - room, self.high + room
        if not settling.moved and not ((levels < low) | (levels > high)).any():
            return []
        return [
            (at, settling.off.copy())
            for at, level in enumerate(levels)
            if settling.push(level, (low, high, self.centre), wanted)
        ]

    def levels(self, values: FloatArray, start: int) -> tuple[int, FloatArray]:
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


class Settling(Stored):
    """Where the levels of new data have led to so far.

    Attributes
    ----------
    off : ndarray of shape (channels,)
        How far each channel stands off its usual level for normal.
    sides : list of int
        On which side of what is normal each channel's last level stood: 1 above, -1 below, 0 neither.
    runs : list of list of float
        Its last levels on that side.
    """

    off: FloatArray
    sides: list[int]
    runs: list[list[float]]

    @classmethod
    def of(cls, channels: int) -> Self:
        """Return the state before any window."""
        new = cls()
        new.off, new.sides, new.runs = np.zeros(channels), [0] * channels, [[] for _ in range(channels)]
        return new

    @property
    def moved(self) -> bool:
        """Whether anything is not as usual."""
        return any(self.sides) or bool(self.off.any())

    def push(self, levels: FloatArray, usual: tuple[FloatArray, FloatArray, FloatArray], wanted: int) -> bool:
        """Take the levels of the next window, shape (channels,); return whether a channel settles with it.

        ``usual``: the lowest and highest level of each channel that are normal, and its centre.
        """
        settles = False
        for channel, (level, low, high, centre) in enumerate(zip(levels.tolist(), *usual, strict=True)):
            if level != level:  # missing: neither here nor there
                continue
            before, off = self.sides[channel], self.off[channel]
            side = self.sides[channel] = int(level - off > high) - int(level - off < low)
            run = [*(self.runs[channel] if side == before else []), level][-wanted:] if side else []
            if len(run) == wanted and max(run) - min(run) <= high - low:
                self.off[channel] = float(np.median(run)) - centre
                run, settles = [], True
            self.runs[channel] = run
        return settles
