"""The dense core: a stack of dense layers trained without a framework between it and the processor.

One flat vector holds all weights, one their slopes; the backward pass is written by hand, the update is fused. It
computes what autograd computes on the same layers, to the rounding.

A step of a small network costs more in calls than in arithmetic, so each layer is one product forward and two
backward. A bias is the last row of its matrix, against a value that is always 1. Between input and output the rows
stand side by side, shape (width, rows): what a layer writes, less the row of ones, is then contiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from amiss.batch import AnyArray, IntArray
from amiss.networks import numpy_operations
from amiss.networks.activations import ACTIVATIONS, Bend
from amiss.networks.adam import Adam
from amiss.networks.rows import Float32Array, Rows, cell_losses, hidden, loss_slopes, worst

_TRIM_FROM = 0.5  # of the steps: from there on the whole share is left out
_ROWS_AT_ONCE = 1_024
_COPIED = 2**24  # numbers: so many are copied for the sake of speed


class Room:
    """The arrays of a pass of so many rows, written over by the next one, and views of them made once.

    Parameters
    ----------
    stack : Stack
    rows : int

    Attributes
    ----------
    target : ndarray of shape (rows, inputs)
        Free for what the output is compared with.
    inputs : ndarray of shape (rows, inputs)
    below : list of ndarray of shape (width + 1, rows)
        What each layer sees; the last row is 1.
    values : list of ndarray of shape (width, rows), that of the output (rows, outputs)
        What each layer answers.
    slopes : list of ndarray, shapes as those of ``values``
        What the loss gains with it.
    across, along : list of ndarray
        The slopes as they go down a layer, (width, rows), and as they meet what it saw, (rows, width).
    ups : list of tuple of two ndarrays
        The product that gives the values of each layer.
    masks : list of ndarray of shape (width, rows)
        What the hidden values were multiplied with in the last pass; empty without dropout.
    """

    def __init__(self, stack: Stack, rows: int) -> None:
        *hidden, outputs = stack.sizes[1:]
        self.target = np.empty((rows, stack.sizes[0]), np.float32)
        whole = np.ones((rows, stack.sizes[0] + 1), np.float32)
        self.inputs = whole[:, :-1]
        self.below = [whole.T, *(np.ones((width + 1, rows), np.float32) for width in hidden)]
        self.values = [*(below[:-1] for below in self.below[1:]), np.empty((rows, outputs), np.float32)]
        self.slopes = [np.empty_like(values) for values in self.values]
        self.bends = [Bend(*arrays) for arrays in zip(stack.bends, self.values, self.slopes, strict=True)]
        seen = [below if mine else below[:-1] for below, mine in zip(self.below, stack.own, strict=True)]
        weights = [
            layer if mine else matrix
            for layer, matrix, mine in zip(stack.layers, stack.matrix, stack.own, strict=True)
        ]
        self.ups = [(w.T, below) for w, below in zip(weights, seen, strict=True)]
        self.ups[-1] = (seen[-1].T, weights[-1])
        self.across = [*self.slopes[:-1], self.slopes[-1].T]
        self.along = [slopes.T for slopes in self.across]
        self.masks: list[Float32Array] = []
        self.error = self.slopes[-1].ravel()
        self.unit = np.array(2 / self.target.size, np.float32)


class Stack:
    """Dense layers over one flat vector of weights.

    Parameters
    ----------
    sizes : sequence of int
        Width of the input, of each hidden layer, and of the output.
    bends : sequence of str
        The activation after each layer, by name.
    tied : bool
        True: the second half of the layers has the weights of the first, transposed, and biases of its own.
    weights : ndarray of shape (weights,), float32, optional
        Weights that are there already; they are not copied.

    Attributes
    ----------
    weights, slopes : ndarray of shape (weights,), float32
        Where a layer has its weights (in, out) in it and its bias (out,) behind them, layer by layer.
    """

    def __init__(
        self, sizes: list[int], bends: list[str], tied: bool = False, weights: Float32Array | None = None
    ) -> None:
        self.sizes, self.bends, self.tied = sizes, [ACTIVATIONS[name] for name in bends], tied
        layers = len(sizes) - 1
        self.own = [not (tied and i >= layers / 2) for i in range(layers)]
        self.count = sum(
            (a if mine else 0) * b + b for (a, b), mine in zip(pairwise(sizes), self.own, strict=True)
        )
        self.weights = np.zeros(self.count, np.float32) if weights is None else weights
        self.slopes = np.zeros(self.count, np.float32)
        self.layers, self.slope_layers = self.views(self.weights), self.views(self.slopes)
        self.matrix = [
            self.layers[i][:-1] if mine else self.layers[layers - 1 - i][:-1].T
            for i, mine in enumerate(self.own)
        ]
        self.rooms: dict[int, Room] = {}

    def views(self, flat: Float32Array) -> list[Float32Array]:
        """Return weights and bias of each layer, shape (in + 1, out); of a tied one the bias alone, shape (1, out)."""
        found: list[Float32Array] = []
        at = 0
        for (before, after), mine in zip(pairwise(self.sizes), self.own, strict=True):
            tall = before + 1 if mine else 1
            found.append(flat[at : at + tall * after].reshape(tall, after))
            at += tall * after
        return found

    def room(self, rows: int) -> Room:
        """Return the arrays of a pass of so many rows: the same ones each time."""
        room = self.rooms.get(rows)
        if room is None:
            room = self.rooms[rows] = Room(self, rows)
        return room

    def forward(
        self, room: Room, dropout: float = 0.0, random_state: np.random.Generator | None = None
    ) -> Float32Array:
        """Return the output for the inputs of a room, shape (rows, outputs): its last values.

        Parameters
        ----------
        room : Room
        dropout : float
            Share of the hidden values that are dropped, the others raised to make up for it.
        random_state : numpy.random.Generator, optional
            Draws which.
        """
        if room.masks:
            room.masks = []
            for bend in room.bends:
                bend.bent = bend.values
        for i, (left, right) in enumerate(room.ups):
            values = room.values[i]
            left.dot(right, values)
            if not self.own[i]:
                values += self.layers[i] if values is room.values[-1] else self.layers[i].T
            room.bends[i].up()
            if dropout and random_state is not None and values is not room.values[-1]:
                kept = random_state.random(values.shape, np.float32) >= dropout
                room.masks.append(kept.astype(np.float32) / np.float32(1 - dropout))
                room.bends[i].bent = values.copy()
                values *= room.masks[-1]
        return room.values[-1]

    def backward(self, room: Room) -> None:
        """Write into ``slopes`` what the loss gains with each weight, after a `forward` in this room.

        Parameters
        ----------
        room : Room
            Its last slopes say what the loss gains with each output; all are written over.
        """
        shared: list[Float32Array] = []
        for i in range(len(self.layers) - 1, -1, -1):
            if room.masks and i < len(room.masks):
                room.slopes[i] *= room.masks[i]
            room.bends[i].down()
            if self.own[i]:
                room.below[i].dot(room.along[i], self.slope_layers[i])
            else:
                room.across[i].sum(axis=1, out=self.slope_layers[i][0])
                shared.append(room.across[i] @ room.below[i][:-1].T)
            if self.own[i] and shared:  # the layer above that shares these weights came first
                self.slope_layers[i][:-1] += shared.pop()
            if i:
                self.matrix[i].dot(room.across[i], room.slopes[i - 1])


class DenseTrainee:
    """A `Stack` that learns to rebuild rows: a `training.Trainee`.

    Parameters
    ----------
    stack : Stack
    rows : Rows
    first : callable
        Writes the first weights into the stack.
    random_state : numpy.random.Generator
        Draws what is hidden and dropped.
    noise : float
        Share of the cells hidden from the network in each step; it must rebuild them all the same.
    dropout : float
        Share of the hidden values dropped in each step.
    trim : float
        Share of the rows of a batch, those rebuilt worst, that teach nothing; it grows to this in the first half.
    huber : bool
        See `cell_losses`.
    steps : int
        About how many steps there will be.
    """

    def __init__(
        self,
        stack: Stack,
        rows: Rows,
        first: Callable[[], None],
        random_state: np.random.Generator,
        noise: float = 0.0,
        dropout: float = 0.0,
        trim: float = 0.0,
        huber: bool = False,
        steps: int = 1,
    ) -> None:
        self.stack, self.rows, self.first, self.random_state = stack, rows, first, random_state
        self.noise, self.dropout, self.trim, self.huber, self.steps = noise, dropout, trim, huber, steps
        self.weights = stack.weights
        self.plain = not (rows.layout.levels or huber) and bool(rows.seen.all())
        self.table = _table_of(rows.numbers) if self.plain else None

    def start(self) -> None:
        """Begin anew."""
        self.first()
        self.adam, self.done = Adam(self.stack.count), 0

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from some rows; return their mean loss a cell."""
        room = self.stack.room(len(items))
        loss = self._plain_slopes(room, items) if self.plain else self._slopes(room, items)
        self.stack.backward(room)
        self.adam.step(self.weights, self.stack.slopes, rate)
        self.done += 1
        return loss

    def _plain_slopes(self, room: Room, items: IntArray) -> float:
        """Write the slopes, return the loss, where every cell is a number that was seen: the same, with less ado."""
        if self.table is None:
            room.target[...] = self.rows.take(items)[0].reshape(room.target.shape)
        else:
            self.table.take(items, 0, room.target, "clip")
        room.inputs[...] = room.target
        if self.noise:
            room.inputs *= self.random_state.random(room.target.shape, np.float32) >= self.noise
        outputs, error = self.stack.forward(room, self.dropout, self.random_state), room.slopes[-1]
        np.subtract(outputs, room.target, error)
        loss = room.error.dot(room.error) / error.size
        if self.trim:
            error[self._worst(np.einsum("ij,ij->i", error, error))] = 0
        np.multiply(error, room.unit, error)
        return float(loss)

    def _slopes(self, room: Room, items: IntArray) -> float:
        """Write the slopes, return the loss."""
        layout = self.rows.layout
        values, seen = self.rows.take(items)
        room.inputs[...] = hidden(layout, values, self.noise, self.random_state).reshape(room.inputs.shape)
        outputs = self.stack.forward(room, self.dropout, self.random_state).reshape(values.shape)
        losses = cell_losses(numpy_operations, layout, outputs, values, seen, self.huber)
        cells = max(1, int(seen.sum()))
        slopes = loss_slopes(layout, outputs, values, seen, self.huber)
        if self.trim:
            slopes[self._worst(losses)] = 0
        slopes *= np.float32(1 / cells)
        room.slopes[-1][...] = slopes.reshape(room.inputs.shape)
        return float(losses.sum()) / cells

    def _worst(self, losses: Float32Array) -> IntArray:
        """Return the rows that are left out in this step."""
        return worst(losses, self.trim * min(1.0, self.done / (_TRIM_FROM * self.steps)))

    def loss(self, items: IntArray) -> float:
        """Return the mean loss a cell of some rows, nothing hidden; rows that would be left out are left out."""
        total = cells = 0.0
        for start in range(0, len(items), _ROWS_AT_ONCE):
            values, seen = self.rows.take(items[start : start + _ROWS_AT_ONCE])
            room = self.stack.room(len(values))
            room.inputs[...] = values.reshape(room.inputs.shape)
            outputs = self.stack.forward(room).reshape(values.shape)
            losses = cell_losses(numpy_operations, self.rows.layout, outputs, values, seen, self.huber)
            kept = np.ones(len(values), bool)
            kept[worst(losses, self.trim)] = False
            total += float(losses[kept].sum())
            cells += int(seen[kept].sum())
        return total / max(1.0, cells)


def _table_of(numbers: AnyArray) -> Float32Array | None:
    """Return numbers as one contiguous table, shape (rows, cells); None where that would be a copy too large."""
    table = numbers.astype(np.float32, copy=False) if numbers.size <= _COPIED else numbers
    fits = table.dtype == np.float32 and (table.flags.c_contiguous or numbers.size <= _COPIED)
    return np.ascontiguousarray(table).reshape(len(table), -1) if fits else None
