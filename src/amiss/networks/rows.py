"""Rows of cells: what a network sees of any kind of data, and how far off it is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amiss.batch import AnyArray, BoolArray, IntArray
from amiss.part import Stored

Float32Array = NDArray[np.float32]


class Layout(Stored):
    """What a row is made of: positions, and at each of them the same numbers and the same categories.

    A row of a table is one position with all its columns, a window of a series one position a point, a string one a
    character. A network sees each number as it is and each category as 0 and 1, one a level; it answers with numbers
    and with the logits of the levels.

    Parameters
    ----------
    positions : int
    numbers : int
        Numeric cells at each position; they come first.
    levels : list of int
        How many levels each category at a position has.
    """

    positions: int
    numbers: int
    levels: list[int]

    def __init__(self, positions: int, numbers: int, levels: list[int] | None = None) -> None:
        self.positions = positions
        self.numbers = numbers
        self.levels = levels or []

    @property
    def width(self) -> int:
        """Values at a position: numbers and levels."""
        return self.numbers + sum(self.levels)

    @property
    def cells(self) -> int:
        """Cells at a position: numbers and categories."""
        return self.numbers + len(self.levels)

    def blocks(self) -> list[slice]:
        """Return where the levels of each category stand among the values of a position."""
        ends = np.cumsum([self.numbers, *self.levels]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]


@dataclass(frozen=True)
class Rows:
    """Items as a network sees them; batches are made when they are asked for.

    Parameters
    ----------
    layout : Layout
    numbers : ndarray of shape (rows, positions, numbers)
        In standard deviations or the like; a view is welcome, it is copied batch by batch. A missing one holds 0.
    codes : ndarray of shape (rows, positions, categories), integers
        The place of the level among the learnt ones; -1: missing, or never seen.
    seen : ndarray of shape (rows, positions, cells), bool
        False where a cell is missing.
    """

    layout: Layout
    numbers: AnyArray
    codes: IntArray
    seen: BoolArray

    def __len__(self) -> int:
        return len(self.seen)

    def take(self, places: Any) -> tuple[Float32Array, BoolArray]:
        """Return the values, shape (places, positions, width), and which cells were seen, of some rows."""
        seen, layout = self.seen[places], self.layout
        values = np.zeros((*seen.shape[:2], layout.width), np.float32)
        values[..., : layout.numbers] = self.numbers[places]
        if layout.levels:
            codes = self.codes[places]
            for i, block in enumerate(layout.blocks()):
                indicators = np.arange(layout.levels[i]) == codes[..., i, None]
                values[..., block] = indicators
        return values, seen


def cell_losses(
    operations: Any, layout: Layout, outputs: Any, values: Any, seen: Any, huber: bool = False
) -> Any:
    """Return how far off each cell is, shape (rows, positions, cells); 0 where it was not seen.

    A number: the squared error, with ``huber`` twice the distance less 1 beyond 1. A category: the cross-entropy,
    -log of the share given to its level; 0 for a level never learnt.

    Parameters
    ----------
    operations : module
        `numpy_operations` or `torch_operations`; the arrays are of that kind.
    layout : Layout
    outputs : array of shape (rows, positions, width)
        What the network answered.
    values : array of shape (rows, positions, width)
        What it should have answered.
    seen : array of shape (rows, positions, cells) or None
        None: all cells were.
    huber : bool

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter", section 2, scaled by 2.
    """
    error = outputs[..., : layout.numbers] - values[..., : layout.numbers]
    numbers = error * error
    if huber:
        size = abs(error)
        numbers = operations.where(size <= 1, numbers, 2 * size - 1)
    parts = [numbers]
    for block in layout.blocks():
        shares = operations.log_softmax(outputs[..., block])
        parts.append(-(values[..., block] * shares).sum(-1)[..., None])
    found = operations.concat(parts) if layout.levels else numbers
    return found if seen is None else found * seen


def loss_slopes(
    layout: Layout, outputs: Float32Array, values: Float32Array, seen: BoolArray, huber: bool = False
) -> Float32Array:
    """Return the slope of `cell_losses` at the outputs, shape (rows, positions, width), float32."""
    d = layout.numbers
    slopes = np.empty_like(outputs)
    slopes[..., :d] = 2 * (outputs[..., :d] - values[..., :d])
    if huber:
        np.clip(slopes[..., :d], -2, 2, out=slopes[..., :d])
    slopes[..., :d] *= seen[..., :d]
    for i, block in enumerate(layout.blocks()):
        logits = outputs[..., block]
        shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        there = values[..., block].sum(axis=-1, keepdims=True)  # 0 for a level never learnt
        slopes[..., block] = (shares * there - values[..., block]) * seen[..., d + i, None]
    return slopes


def hidden(
    layout: Layout, values: Float32Array, share: float, random_state: np.random.Generator
) -> Float32Array:
    """Return the values with a share of the cells, drawn at random, hidden: numbers 0, no level; the rest as it is."""
    if not share:
        return values
    shown = random_state.random((*values.shape[:2], layout.cells), np.float32) >= share
    return values * spread(layout, shown)


def spread(layout: Layout, cells: AnyArray) -> AnyArray:
    """Return what is said of each cell, shape (..., cells), for each of its values, shape (..., width)."""
    return np.repeat(cells, [1] * layout.numbers + layout.levels, axis=-1)


def marked(layout: Layout, values: Float32Array, seen: BoolArray, shown: BoolArray) -> Float32Array:
    """Return the values of the cells that are shown, and 1 or 0 a cell: whether anything is shown there.

    Parameters
    ----------
    layout : Layout
    values : ndarray of shape (rows, positions, width)
    seen : ndarray of shape (rows, positions, cells), bool
        A number that was not seen is not shown; of a category its level tells.
    shown : ndarray of shape (rows, positions, cells), bool

    Returns
    -------
    ndarray of shape (rows, positions, width + cells), float32
    """
    out = np.zeros((*values.shape[:2], layout.width + layout.cells), np.float32)
    np.multiply(values, spread(layout, shown), out=out[..., : layout.width])
    marks = out[..., layout.width :]
    marks[..., : layout.numbers] = (shown & seen)[..., : layout.numbers]
    for i, block in enumerate(layout.blocks()):
        marks[..., layout.numbers + i] = out[..., block].sum(axis=-1)
    return out


def worst(losses: Any, share: float) -> IntArray:
    """Return the places of a share of the rows: those of the highest losses, shape (rows, positions, cells)."""
    totals = np.asarray(losses).reshape(len(losses), -1).sum(axis=1)
    count = int(share * len(totals))
    return (
        np.argpartition(totals, len(totals) - count)[len(totals) - count :]
        if count
        else np.zeros(0, np.int64)
    )
