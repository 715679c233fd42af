"""Answers of a dense stack: a row gets the same one, to the last bit, at any place and in any company."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from amiss.networks.activations import RELU, Bend
from amiss.networks.dense_core import Room, Stack
from amiss.networks.rows import Float32Array
from amiss.numerics.blocks import LANES, in_parts

ROWS = 256
"""Rows of a block: more would not fit the processor's nearest caches."""
_TRIED = 16


def answers(stack: Stack, rows: Float32Array) -> Float32Array:
    """Return the outputs of a stack, shape (rows, outputs).

    Parameters
    ----------
    stack : Stack
    rows : ndarray of shape (rows, inputs), float32
    """
    out = np.empty((len(rows), stack.sizes[-1]), np.float32)
    even = is_even(tuple(stack.sizes), stack.tied)

    def fill(part: slice) -> None:
        """Answer for the rows of one part."""
        block = _Block(stack) if even else _Lanes(stack)
        for start in range(part.start, part.stop, ROWS):
            stop = min(start + ROWS, part.stop)
            block.answer(rows[start:stop], out[start:stop])

    in_parts(fill, len(rows))
    return out


@lru_cache(maxsize=256)
def is_even(sizes: tuple[int, ...], tied: bool) -> bool:
    """Return whether the products of a stack round a row of a block alike at all its places, on this processor.

    That is so with some kernels of the linear-algebra library and not with others, and depends on nothing but the
    sizes of the product. It is tried: copies of one row at all places, a few rows over.
    """
    draw = np.random.default_rng(0)
    stack = Stack(list(sizes), ["linear"] * (len(sizes) - 1), tied)
    room = stack.room(ROWS)
    stack.weights[...] = draw.normal(0, 1 / np.sqrt(max(sizes)), stack.count)
    for _ in range(_TRIED):
        room.inputs[...] = draw.normal(size=sizes[0])
        outputs = stack.forward(room)
        if any((found != found[:, :1]).any() for found in [*room.values[:-1], outputs.T]):
            return False
    return True


class _Block:
    """All rows of a block in one product a layer."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.room = stack, Room(stack, ROWS)

    def answer(self, rows: Float32Array, out: Float32Array) -> None:
        """Write the outputs of at most `ROWS` rows."""
        self.room.inputs[: len(rows)] = rows
        self.room.inputs[len(rows) :] = 0.0
        out[...] = self.stack.forward(self.room)[: len(rows)]


class _Lanes:
    """Sixteen rows in a product, as the lanes of a vector, see `amiss.numerics.blocks.lane_product`."""

    def __init__(self, stack: Stack) -> None:
        self.stack, stacks = stack, ROWS // LANES
        self.below = [np.ones((stacks, width + 1, LANES), np.float32) for width in stack.sizes]
        self.inputs, *self.values = (below[:, :-1] for below in self.below)
        # with its row of ones a layer is contiguous, and relu leaves a one as it is
        self.bends = [
            Bend(bend, self.below[i + 1] if bend is RELU else self.values[i])
            for i, bend in enumerate(stack.bends)
        ]

    def answer(self, rows: Float32Array, out: Float32Array) -> None:
        """Write the outputs of at most `ROWS` rows."""
        whole = np.zeros((ROWS, rows.shape[1]), np.float32)
        whole[: len(rows)] = rows
        self.inputs[...] = whole.reshape(-1, LANES, rows.shape[1]).swapaxes(1, 2)
        stack = self.stack
        for i, values in enumerate(self.values):
            if stack.own[i]:
                np.matmul(stack.layers[i].T, self.below[i], out=values)
            else:
                np.matmul(stack.matrix[i].T, self.below[i][:, :-1], out=values)
                values += stack.layers[i].T
            self.bends[i].up()
        out[...] = self.values[-1].swapaxes(1, 2).reshape(ROWS, -1)[: len(rows)]


__all__ = ["answers", "is_even"]
