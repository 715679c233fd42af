"""Training curves as a drawing: loss and validation loss, epoch by epoch, on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amiss.text.legible import number

_POINTS = 200
_ROOM = 1.15  # below the lowest and above the highest
_LOWEST = 1e-12  # a loss of 0 is drawn here


@dataclass(frozen=True)
class Curves:
    """Curves of one network; all places are shares of the drawing, 0 to 1, from left and from below.

    Attributes
    ----------
    loss, validation : tuple of (x, y)
        Validation is empty where nothing was held out.
    best : tuple of float
        The point whose weights were kept.
    epochs, losses : tuple of (place, label)
        Ticks of both axes.
    """

    loss: tuple[tuple[float, float], ...]
    validation: tuple[tuple[float, float], ...]
    best: tuple[float, float]
    epochs: tuple[tuple[float, str], ...]
    losses: tuple[tuple[float, str], ...]


def curves(network: dict[str, Any]) -> Curves:
    """Return the curves of a network, from `Detector.history_`.

    Examples
    --------
    >>> drawn = curves({"loss": [1.0, 0.1], "validation_loss": [], "best": 1})
    >>> drawn.loss[0], drawn.loss[-1]
    ((0.0, 0.94...), (1.0, 0.05...))
    """
    loss, validation = network["loss"], network["validation_loss"]
    every = [max(value, _LOWEST) for value in (*loss, *validation)]
    low, high = min(every) / _ROOM, max(every) * _ROOM
    count = max(1, len(loss) - 1)

    def point(epoch: int, value: float) -> tuple[float, float]:
        return epoch / count, math.log(max(value, _LOWEST) / low) / math.log(high / low)

    def line(values: Sequence[float]) -> tuple[tuple[float, float], ...]:
        every_nth = max(1, -(-len(values) // _POINTS))
        places = sorted({*range(0, len(values), every_nth), len(values) - 1} if values else set())
        return tuple(point(epoch, values[epoch]) for epoch in places)

    best = network["best"]
    ticks = [t for t in _ticks(low, high) if low <= t <= high]
    return Curves(
        line(loss),
        line(validation),
        point(best, (validation or loss)[best]),
        tuple((epoch / count, f"{epoch + 1:,}") for epoch in _epochs(len(loss))),
        tuple((point(0, t)[1], number(t)) for t in ticks),
    )


def _epochs(count: int) -> list[int]:
    """Return about five epochs to label, from 0, the first and the last among them."""
    return sorted({round(i * (count - 1) / 4) for i in range(5)})


def _ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1,) if high / low > 100 else (1, 2, 5) if high / low > 4 else range(1, 10)
    return [d * 10.0**power for power in decades for d in digits]
