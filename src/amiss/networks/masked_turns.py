"""Answers of masked networks: each hides the columns of a row group after group, and answers what it has hidden."""

from __future__ import annotations

import numpy as np

from amiss.batch import IntArray
from amiss.networks.masked_core import GATE, MaskedNets
from amiss.networks.rows import Float32Array
from amiss.numerics.blocks import LANES


class Turns:
    """The groups of columns that are hidden one after the other, and the weights of each turn.

    What a turn hides has no weight in it, so one product serves the first layer of all turns and the straight path. The
    marks of the cells shown are the same in all rows but where a cell is missing: they are part of the weight of the 1.
    What leaves a bend is 1.702 times as much as in `MaskedNets.forward`, which saves work; the weights make up for it.

    Parameters
    ----------
    nets : MaskedNets
    groups : ndarray of shape (nets, width), integers
        The group of each column, from 0.

    Attributes
    ----------
    count, size : int
        Turns; hidden units of all turns.
    shown : ndarray of shape (nets, size + answers, width + 1)
        Weights of the first layer of each turn, and of the straight path to its answers; the last one of the 1.
    marks : ndarray of shape (nets, size + answers, width)
        What of it the mark of each cell makes.
    second : ndarray of shape (nets, hidden, hidden)
    output : ndarray of shape (nets, turns, columns, hidden)
        The last layer of the columns that are hidden in each turn.
    places : ndarray of shape (nets, width)
        Where each column stands among the answers of all turns.

    Raises
    ------
    ValueError
        There are fewer groups than a column says, as a model file may.
    """

    def __init__(self, nets: MaskedNets, groups: IntArray) -> None:
        if not (groups.size and groups.min() >= 0 and groups.max() < groups.shape[1]):
            raise ValueError(
                "a column is in a group that is not there"
            )  # numpy's bincount would leave its memory
        d, h = nets.width, nets.hidden
        most = max(int(np.bincount(row).max()) for row in groups)
        self.count = int(groups.max()) + 1
        self.size = self.count * h
        self.places = np.empty(groups.shape, np.int64)
        weights = np.zeros((nets.nets, self.size + self.count * most, nets.inputs), np.float32)
        self.output = np.zeros((nets.nets, self.count, most, h), np.float32)
        for i, row in enumerate(groups):
            for turn in range(self.count):
                columns, shown = np.flatnonzero(row == turn), np.append(np.tile(row != turn, 2), True)
                first, last = turn * h, self.size + turn * most
                self.places[i, columns] = turn * most + np.arange(len(columns))
                self.output[i, turn, : len(columns)] = nets.output[i][:h, columns].T / np.float32(GATE)
                weights[i, first : first + h] = nets.first[i].T * np.float32(GATE / 2) * shown
                weights[i, last : last + len(columns)] = nets.output[i][h:, columns].T * shown
        self.second = np.ascontiguousarray(nets.second.swapaxes(1, 2)) / np.float32(2)
        self.marks = np.ascontiguousarray(weights[:, :, d : 2 * d])
        constant = weights[:, :, -1] + self.marks.sum(axis=2)
        self.shown = np.concatenate([weights[:, :, :d], constant[:, :, None]], axis=2)

    def rebuild(self, values: Float32Array, seen: Float32Array) -> Float32Array:
        """Return each cell as each network answers it when its group is hidden, shape (stacks, nets, width, LANES).

        A row's answer is the same at any place and in any company: every product has one shape, and the rows lie
        beside each other as lanes, see `lane_product`.

        Parameters
        ----------
        values : ndarray of shape (stacks, 1, width, LANES), float32
        seen : ndarray of shape (stacks, 1, width, LANES), float32
            1.0 where a cell is there, 0.0 where it is missing.
        """
        inputs = np.ones((len(values), values.shape[2] + 1, LANES), np.float32)
        np.multiply(values[:, 0], seen[:, 0], out=inputs[:, :-1])
        lost = np.flatnonzero((seen != 1).any(axis=(1, 2, 3)))
        answers = np.empty((len(values), len(self.shown), *values.shape[2:]), np.float32)
        for i, shown in enumerate(self.shown):
            before = np.matmul(shown, inputs)
            if len(lost):  # what a missing cell takes away is 0 for the rows beside it that have it
                before[lost] -= np.matmul(self.marks[i], 1 - seen[lost, 0])
            np.take(self._answered(i, before), self.places[i], axis=1, out=answers[:, i])
        return answers

    def _answered(self, net: int, before: Float32Array) -> Float32Array:
        """Return the answers of one network, turn by turn, for what its first layer and straight path give."""
        hidden, answers = before[:, : self.size], before[:, self.size :]
        hidden = hidden.reshape(len(before), self.count, -1, LANES)
        gate = np.empty_like(hidden)
        between = _bent(hidden, gate)
        after = _bent(np.matmul(self.second[net], between), gate)
        after += between
        answers += np.matmul(self.output[net], after).reshape(answers.shape)
        return answers


def _bent(x: Float32Array, gate: Float32Array) -> Float32Array:
    """Write 2 x sigmoid(2 x) over x and return it; ``gate`` is written over too."""
    np.tanh(x, out=gate)
    gate += np.float32(1)
    x *= gate
    return x


__all__ = ["Turns"]
