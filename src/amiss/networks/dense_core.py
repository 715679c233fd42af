"""The dense core: a stack of dense layers trained without a framework between it and the processor.

One flat vector holds all weights, one their slopes; the backward pass is written by hand, the update is fused. It
computes what autograd computes on the same layers, to the rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from amiss.batch import IntArray
from amiss.networks import numpy_operations
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.adam import Adam
from amiss.networks.rows import Float32Array, Rows, cell_losses, hidden, loss_slopes, worst
from amiss.numerics.blocks import LANES

_TRIM_FROM = 0.5  # of the steps: from there on the whole share is left out
_ROWS_AT_ONCE = 4_096


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
        own = [not (tied and i >= layers / 2) for i in range(layers)]
        self.count = sum(
            (a if mine else 0) * b + b for (a, b), mine in zip(pairwise(sizes), own, strict=True)
        )
        self.weights = np.zeros(self.count, np.float32) if weights is None else weights
        self.slopes = np.zeros(self.count, np.float32)
        self.room = -1
        self.matrix, self.bias = self._views(self.weights, own)
        self.matrix_slope, self.bias_slope = self._views(self.slopes, own)

    def _views(self, flat: Float32Array, own: list[bool]) -> tuple[list[Float32Array], list[Float32Array]]:
        matrices: list[Float32Array] = []
        biases: list[Float32Array] = []
        at = 0
        for i, (before, after) in enumerate(pairwise(self.sizes)):
            if own[i]:
                matrices.append(flat[at : at + before * after].reshape(before, after))
                at += before * after
            else:
                matrices.append(matrices[len(own) - 1 - i].T)
            biases.append(flat[at : at + after])
            at += after
        return matrices, biases

    def forward(
        self, x: Float32Array, dropout: float = 0.0, random_state: np.random.Generator | None = None
    ) -> list[Float32Array]:
        """Return the input and the output of each layer, shapes (rows, width); the next call writes over them.

        Parameters
        ----------
        x : ndarray of shape (rows, inputs), float32
        dropout : float
            Share of the hidden values that are dropped, the others raised to make up for it.
        random_state : numpy.random.Generator, optional
            Draws which.
        """
        values, self.bent, self.masks = [x], [], []
        if len(x) != self.room:
            self.room, self.outs = len(x), [np.empty((len(x), width), np.float32) for width in self.sizes[1:]]
        for matrix, bias, bend, out in zip(self.matrix, self.bias, self.bends, self.outs, strict=True):
            np.matmul(values[-1], matrix, out=out)
            out += bias
            out = bend.value(out, out)
            self.bent.append(out)
            if dropout and random_state is not None and len(self.bent) < len(self.bends):
                kept = random_state.random(out.shape, np.float32) >= dropout
                self.masks.append(kept.astype(np.float32) / np.float32(1 - dropout))
                out = out * self.masks[-1]
            values.append(out)
        return values

    def answer(self, x: Float32Array) -> Float32Array:
        """Return the output alone, shape (rows, outputs); a row's is the same at any place and in any company.

        Parameters
        ----------
        x : ndarray of shape (rows, inputs), float32
            The number of rows is a multiple of `LANES`.
        """
        lanes = x.reshape(-1, LANES, x.shape[1]).swapaxes(1, 2)
        for matrix, bias, bend in zip(self.matrix, self.bias, self.bends, strict=True):
            lanes = np.matmul(matrix.T, lanes)
            lanes += bias[:, None]
            lanes = bend.value(lanes, lanes)
        return lanes.swapaxes(1, 2).reshape(len(x), -1)

    def backward(self, values: list[Float32Array], slope: Float32Array) -> None:
        """Write into ``slopes`` what the loss gains with each weight, after a `forward` of the same rows.

        Parameters
        ----------
        values : list of ndarray
            What `forward` returned.
        slope : ndarray of shape (rows, outputs)
            What the loss gains with each output; written over.
        """
        layers = len(self.matrix)
        for i in reversed(range(layers)):
            if self.masks and i < layers - 1:
                slope = slope * self.masks[i]
            if self.bends[i] is ACTIVATIONS["relu"]:
                slope *= self.bent[i] > 0
            elif self.bends[i] is not ACTIVATIONS["linear"]:
                slope *= self.bends[i].slope(self.bent[i])
            if self.tied and i < layers / 2:  # the layer above that shares these weights came first
                self.matrix_slope[i] += values[i].T @ slope
            else:
                np.matmul(values[i].T, slope, out=self.matrix_slope[i])
            slope.sum(axis=0, out=self.bias_slope[i])
            if i:
                slope = slope @ self.matrix[i].T


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
        self.plain = not (rows.layout.levels or trim or huber) and bool(rows.seen.all())

    def start(self) -> None:
        """Begin anew."""
        self.first()
        self.adam, self.done = Adam(self.stack.count), 0

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from some rows; return their mean loss a cell."""
        values, seen = self.rows.take(items)
        shown = hidden(self.rows.layout, values, self.noise, self.random_state)
        states = self.stack.forward(shown.reshape(len(items), -1), self.dropout, self.random_state)
        outputs = states[-1].reshape(values.shape)
        if self.plain:
            return self._plain_step(states, states[-1] - values.reshape(states[-1].shape), rate)
        losses = cell_losses(numpy_operations, self.rows.layout, outputs, values, seen, self.huber)
        loss = float(losses.sum()) / max(1, int(seen.sum()))
        slopes = loss_slopes(self.rows.layout, outputs, values, seen, self.huber)
        if self.trim:
            share = self.trim * min(1.0, self.done / (_TRIM_FROM * self.steps))
            slopes[worst(losses, share)] = 0
        slopes *= np.float32(1 / max(1, int(seen.sum())))
        self.stack.backward(states, slopes.reshape(len(items), -1))
        self.adam.step(self.stack.weights, self.stack.slopes, rate)
        self.done += 1
        return loss

    def _plain_step(self, states: list[Float32Array], error: Float32Array, rate: float) -> float:
        """Learn from squared errors where every cell is a number that was seen: the same, with less ado."""
        loss = float(np.vdot(error, error)) / error.size
        error *= np.float32(2 / error.size)
        self.stack.backward(states, error)
        self.adam.step(self.stack.weights, self.stack.slopes, rate)
        self.done += 1
        return loss

    def loss(self, items: IntArray) -> float:
        """Return the mean loss a cell of some rows, nothing hidden; rows that would be left out are left out."""
        total = cells = 0.0
        for start in range(0, len(items), _ROWS_AT_ONCE):
            values, seen = self.rows.take(items[start : start + _ROWS_AT_ONCE])
            outputs = self.stack.forward(values.reshape(len(values), -1))[-1].reshape(values.shape)
            losses = cell_losses(numpy_operations, self.rows.layout, outputs, values, seen, self.huber)
            kept = np.ones(len(values), bool)
            kept[worst(losses, self.trim)] = False
            total += float(losses[kept].sum())
            cells += int(seen[kept].sum())
        return total / max(1.0, cells)
