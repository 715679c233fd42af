"""The masked core: several small networks side by side that rebuild hidden cells from shown ones, in numpy alone.

Each network sees a row with some of its cells hidden, and which those are; it answers all cells. Two hidden layers, the
second added to the first, and a straight path from the input to the output that begins at 0. The networks differ in
their first weights and in what was hidden from them. One flat vector holds the weights of all, one their slopes; the
backward pass is written by hand.
"""

from __future__ import annotations

import math

import numpy as np

from amiss.batch import AnyArray, BoolArray, IntArray
from amiss.networks.adam import Adam
from amiss.networks.rows import Float32Array

GATE = 1.702  # x times the logistic function of this times x is close to x times the normal distribution function
_LEAST, _MOST = 0.05, 0.55  # share of its cells that a row hides
_ROWS_AT_ONCE = 1_024


class MaskedNets:
    """Networks side by side over one flat vector of weights.

    Parameters
    ----------
    nets : int
        How many.
    width : int
        Cells of a row.
    hidden : int
        Width of each of the two hidden layers.
    weights : ndarray of shape (weights,), float32, optional
        Weights that are there already; they are not copied.

    Attributes
    ----------
    weights, slopes : ndarray of shape (weights,), float32
        Of all networks: first layer, second layer, output. `forward` reads the first, `backward` writes the second.

    References
    ----------
    Hendrycks, Gimpel (2016), "Gaussian error linear units", section 2: the activation, in its form x sigmoid(1.702 x).
    He, Zhang, Ren, Sun (2016), "Deep residual learning for image recognition", eq. 1: the second layer.
    """

    def __init__(self, nets: int, width: int, hidden: int, weights: Float32Array | None = None) -> None:
        self.nets, self.width, self.hidden = nets, width, hidden
        self.inputs = 2 * width + 1  # the shown cells, which are shown, and a 1
        self.shapes: dict[str, tuple[int, ...]] = {
            "first": (nets, self.inputs, hidden),
            "second": (nets, hidden, hidden),
            "output": (nets, hidden + self.inputs, width),
        }
        count = sum(math.prod(shape) for shape in self.shapes.values())
        self.weights = np.zeros(count, np.float32) if weights is None else weights
        self.slopes = np.zeros(count, np.float32)
        self.first, self.second, self.output = self._views(self.weights)
        self._first_slope, self._second_slope, self._output_slope = self._views(self.slopes)
        self._rooms: dict[int, _Room] = {}

    def _views(self, flat: Float32Array) -> list[Float32Array]:
        views, at = [], 0
        for shape in self.shapes.values():
            views.append(flat[at : at + math.prod(shape)].reshape(shape))
            at += math.prod(shape)
        return views

    def start(self, random_state: np.random.Generator) -> None:
        """Draw the first weights, evenly within 1 / sqrt(inputs of the layer); the straight path begins at 0."""
        self.output[...] = 0.0
        for matrix in (self.first, self.second, self.output[:, : self.hidden]):
            drawn = random_state.random(matrix.shape, dtype=np.float32)
            matrix[...] = (2 * drawn - 1) / np.float32(math.sqrt(matrix.shape[1]))

    def forward(self, values: Float32Array, shown: BoolArray) -> Float32Array:
        """Return what the networks answer, shape (nets, rows, width); the next call writes over it.

        Parameters
        ----------
        values : ndarray of shape (rows, width) or (nets, rows, width), float32
        shown : ndarray of shape (nets, rows, width), bool
        """
        rows = shown.shape[1]
        room = self._rooms.get(rows) or self._rooms.setdefault(rows, _Room(self, rows))
        bend_cells, d = slice(self.hidden, self.hidden + self.width), self.width
        room.joined[:, :, self.hidden + d : self.hidden + 2 * d] = shown
        np.multiply(values, room.joined[:, :, self.hidden + d : -1], out=room.joined[:, :, bend_cells])
        np.matmul(room.joined[:, :, self.hidden :], self.first, out=room.before)
        _bend(room.before, room.gate, room.between)
        np.matmul(room.between, self.second, out=room.after)
        _bend(room.after, room.second_gate, room.spare)
        np.add(room.spare, room.between, out=room.joined[:, :, : self.hidden])
        return np.matmul(room.joined, self.output, out=room.answer)

    def backward(self, slope: Float32Array) -> None:
        """Write into ``slopes`` what the loss gains with each weight, after a `forward` of the same rows.

        Parameters
        ----------
        slope : ndarray of shape (nets, rows, width), float32
            What the loss gains with each answer.
        """
        room = self._rooms[slope.shape[1]]
        np.matmul(_turned(room.joined), slope, out=self._output_slope)
        np.matmul(slope, _turned(self.output[:, : self.hidden]), out=room.back)
        _bend_back(room.after, room.second_gate, room.back, room.spare)
        np.matmul(_turned(room.between), room.spare, out=self._second_slope)
        np.matmul(room.spare, _turned(self.second), out=room.after)
        room.back += room.after
        _bend_back(room.before, room.gate, room.back, room.spare)
        np.matmul(_turned(room.joined[:, :, self.hidden :]), room.spare, out=self._first_slope)


class _Room:
    """Where the values of one batch stand, so that a step allocates nothing."""

    def __init__(self, nets: MaskedNets, rows: int) -> None:
        shape = (nets.nets, rows, nets.hidden)
        self.joined = np.ones(
            (nets.nets, rows, nets.hidden + nets.inputs), np.float32
        )  # its last value stays 1
        self.answer = np.empty((nets.nets, rows, nets.width), np.float32)
        self.before, self.gate, self.between = (np.empty(shape, np.float32) for _ in range(3))
        self.after, self.second_gate = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self.back, self.spare = np.empty(shape, np.float32), np.empty(shape, np.float32)


def _turned(matrices: AnyArray) -> AnyArray:
    return matrices.swapaxes(-1, -2)


def _bend(x: Float32Array, gate: Float32Array, out: Float32Array) -> None:
    """Write the gate, sigmoid(1.702 x), and x times the gate. A tanh is the quickest way to a sigmoid in numpy."""
    np.multiply(x, np.float32(GATE / 2), out=gate)
    np.tanh(gate, out=gate)
    gate *= np.float32(0.5)
    gate += np.float32(0.5)
    np.multiply(x, gate, out=out)


def _bend_back(x: Float32Array, gate: Float32Array, slope: Float32Array, out: Float32Array) -> None:
    """Write the slope before the bend: slope x gate x (1 + 1.702 x (1 - gate))."""
    np.subtract(np.float32(1), gate, out=out)
    out *= x
    out *= np.float32(GATE)
    out += np.float32(1)
    out *= gate
    out *= slope


class MaskedTrainee:
    """The networks learn to rebuild hidden cells; of each batch, the rows rebuilt worst teach nothing.

    Every row hides each of its cells at a rate of its own, drawn from 0.05 to 0.55, and at least one.

    Parameters
    ----------
    nets : MaskedNets
    values : ndarray of shape (rows, width), float32
    seen : ndarray of shape (rows, width), bool
        False where a cell is missing: it is never shown and asked for.
    batch_size : int
        Rows of a full batch; smaller ones move the weights less.
    trim : float
        Share of the rows of a batch that are left out.
    random_state : numpy.random.Generator
    """

    def __init__(
        self,
        nets: MaskedNets,
        values: Float32Array,
        seen: BoolArray,
        batch_size: int,
        trim: float,
        random_state: np.random.Generator,
    ) -> None:
        self.nets, self.values, self.seen = nets, values, seen
        self.weights = nets.weights
        self.batch_size, self.trim = batch_size, trim
        self.random_state = random_state
        self._again = int(
            random_state.integers(2**32)
        )  # what is hidden from held-out rows is always the same

    def start(self) -> None:
        """Begin with fresh weights."""
        self.nets.start(self.random_state)
        self.adam = Adam(len(self.weights))

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from the rows at these places; return the mean loss of those that are not left out."""
        off, asked, losses = self._losses(items, self.random_state)
        kept = losses <= self._bound(losses)
        off *= kept[:, :, None]
        count = (asked * kept[:, :, None]).sum(axis=(1, 2), keepdims=True)
        off *= np.float32(2 * min(1.0, len(items) / self.batch_size)) / np.maximum(count, 1).astype(
            np.float32
        )
        self.nets.backward(off)
        self.adam.step(self.weights, self.nets.slopes, rate)
        return float(losses[kept].mean())

    def loss(self, items: IntArray) -> float:
        """Return the mean loss of the rows at these places, without those rebuilt worst."""
        again = np.random.default_rng(self._again)
        parts = [items[i : i + _ROWS_AT_ONCE] for i in range(0, len(items), _ROWS_AT_ONCE)]
        losses = np.concatenate([self._losses(part, again)[2] for part in parts], axis=1)
        return float(losses[losses <= self._bound(losses)].mean())

    def _losses(
        self, items: IntArray, random_state: np.random.Generator
    ) -> tuple[Float32Array, BoolArray, Float32Array]:
        """Return how far off the cells asked for are, which those are, and the mean square of each row."""
        values, seen = self.values[items], self.seen[items]
        hidden = hide((self.nets.nets, len(items), self.nets.width), random_state)
        off = self.nets.forward(values, seen & ~hidden) - values
        asked = hidden & seen
        off *= asked
        losses = np.einsum("nrd,nrd->nr", off, off) / np.maximum(asked.sum(axis=2), 1)
        return off, asked, losses.astype(np.float32)

    def _bound(self, losses: Float32Array) -> Float32Array:
        """Return the highest loss of each network that is not left out, shape (nets, 1)."""
        kept = losses.shape[1] - int(self.trim * losses.shape[1])
        return np.partition(losses, kept - 1, axis=1)[:, kept - 1 : kept]


def hide(shape: tuple[int, int, int], random_state: np.random.Generator) -> BoolArray:
    """Return which cells are hidden, shape (nets, rows, width): at least one of each row."""
    nets, rows, width = shape
    rates = _LEAST + (_MOST - _LEAST) * random_state.random((nets, rows, 1), dtype=np.float32)
    hidden: BoolArray = random_state.random(shape, dtype=np.float32) < rates
    one = random_state.integers(0, width, (nets, rows, 1))
    np.put_along_axis(hidden, one, True, axis=2)
    return hidden


__all__ = ["GATE", "MaskedNets", "MaskedTrainee", "hide"]
