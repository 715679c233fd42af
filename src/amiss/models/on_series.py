"""An autoencoder on a series: a window one row, a point one position with all its channels."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import Any, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.models.adapter import Adapter
from amiss.models.base import SeriesModel
from amiss.networks.rows import Float32Array, Layout, Rows
from amiss.reading.windows import Channels, grid, to_points, windows_of

_LEARNT_FROM = 20_000  # windows
_LONGEST, _WIDEST, _SHORTEST = (
    303,
    512,
    16,
)  # points, numbers and again points in a window that is chosen here
_NUMBERS_AT_ONCE = 500_000
_VIEWS = 4  # windows that cover a point, at least, where it is rebuilt


class OnSeries(Adapter, SeriesModel):
    """The autoencoder rebuilds windows of the series, all channels at once.

    Score: the mean loss of a window's cells, each in multiples of what is usual at that place of a window, at the
    window's centre. What was bridged over a gap is shown to the network and not judged.

    Parameters
    ----------
    network : Autoencoder
        Not fitted yet. Its ``window`` is the number of points in a window; None: the detector's, as long as a window
        holds no more than 512 numbers.
    clean : bool
        True where the training series holds no anomalies.
    """

    steps_: int

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Learn to rebuild windows evenly spread over time."""
        room = max(_SHORTEST, _WIDEST // channels.values.shape[1])
        wanted = self.network.window or min(channels.period, room, _LONGEST)
        self.steps_ = min(wanted, len(channels))
        windows = len(channels) - self.steps_ + 1
        every = -(-windows // _LEARNT_FROM)
        while (
            gcd(every, channels.period) > 1
        ):  # else the windows would begin at the same few moments of a period
            every += 1
        self.network.learn(self._rows(channels, every), self.clean, random_state)
        return self

    def score(self, channels: Channels) -> FloatArray:
        """Return the mean loss of the window around each point, in multiples of the usual, shape (points,)."""
        whole = channels.at_least(self.steps_)
        begins = grid(whole, self.steps_)
        found = []
        for _, outputs, values, seen in self._rebuilt(whole, begins):
            relative = self.network.losses(outputs, values, seen) / self.network.usual_
            total = np.zeros(len(relative))
            for column in relative.reshape(len(relative), -1).T:  # one by one: a sum along an axis may round
                total = total + column  # differently in other company
            found.append(total / relative[0].size)
        return to_points(np.concatenate(found), begins, self.steps_, len(whole))[: len(channels)]

    def surprise(self, channels: Channels) -> FloatArray:
        """Return log(1 + loss / usual loss) of each cell, the mean of the windows that cover it."""

        def part(outputs: Float32Array, values: Float32Array, seen: Any) -> FloatArray:
            """Return what a window says of its cells."""
            return self.network.surprise(outputs, values, seen)

        return self._mean_of_windows(channels, part)

    def expected(self, channels: Channels) -> FloatArray:
        """Return each cell as it was rebuilt, the mean of the windows that cover it, shape (points, channels)."""
        return self._mean_of_windows(channels, lambda outputs, values, seen: outputs)

    def _mean_of_windows(self, channels: Channels, part: Any) -> FloatArray:
        whole = channels.at_least(self.steps_)
        total, times = np.zeros(whole.values.shape), np.zeros(len(whole))
        for at, *rebuilt in self._rebuilt(whole, grid(whole, self.steps_, _VIEWS)):
            cells = part(*rebuilt)
            for step in reversed(
                range(self.steps_)
            ):  # so that a point's windows are added in their order in time
                total[at + step] += cells[:, step]
                times[at + step] += 1
        return np.asarray(total / times[:, None])[: len(channels)]

    def _rebuilt(self, channels: Channels, begins: IntArray) -> Iterator[tuple[IntArray, Any, Any, Any]]:
        """Yield, part by part, where windows begin, what the network answers, what they hold, and what was seen."""
        rows = self._rows(channels)
        at_once = max(16, _NUMBERS_AT_ONCE // (self.steps_ * channels.values.shape[1]))
        for start in range(0, len(begins), at_once):
            at = begins[start : start + at_once]
            values, seen = rows.take(at)
            yield at, self.network.rebuild(values, seen), values, seen

    def _rows(self, channels: Channels, every: int = 1) -> Rows:
        """Return each ``every``-th window as a row: views, nothing is copied before a batch is taken."""
        values = windows_of(channels.values, self.steps_).swapaxes(1, 2)[::every]
        missing = windows_of(~channels.mask, self.steps_).swapaxes(1, 2)[::every]
        codes = np.zeros((len(values), self.steps_, 0), np.int64)
        return Rows(Layout(self.steps_, channels.values.shape[1]), values, codes, missing)


__all__ = ["OnSeries"]
