"""Masked networks as nodes of a graph: the twin of `amiss.models.masked.Masked`."""

from __future__ import annotations

import numpy as np

from amiss.models import masked
from amiss.models.masked import Masked
from amiss.networks import masked_core
from amiss.networks import onnx_operations as nodes
from amiss.networks.masked_core import MaskedNets
from amiss.networks.onnx_graph import Value
from amiss.onnx_file.network import total
from amiss.onnx_file.numbers import in_place, in_space, out_of_space


class MaskedGraph:
    """What masked networks say of the numbers of a table.

    Parameters
    ----------
    model : Masked
        Fitted.
    values : Value of shape (rows, columns)
        Raw units, finite.
    missing : Value of shape (rows, columns), bool
    rounding : float
        See `in_space`.

    Attributes
    ----------
    cells : Value of shape (rows, columns)
        The logarithm of 1 and the surprise of each cell.
    """

    def __init__(self, model: Masked, values: Value, missing: Value, rounding: float) -> None:
        self.model = model
        units = in_space(model.space_, values, missing, rounding)
        varies = model.space_.varies_
        self.moving, self.still = np.flatnonzero(varies), np.flatnonzero(~varies)
        self.width = len(varies)
        off = units.take(self.still, 1) if len(self.still) else None
        self.changed = None if off is None else nodes.log1p(off * off / masked._CONSTANT_UNIT)
        self.errors = self.guesses = None
        if len(self.moving):
            rows, seen = units.take(self.moving, 1), (~missing).take(self.moving, 1).astype(np.float64)
            self.guesses = self._guesses(rows, seen)
            self.errors = (self.guesses - rows) * (self.guesses - rows) * seen / model.units_
        cells = [] if self.errors is None else [nodes.log1p(self.errors.mean(0))]
        cells += [] if self.changed is None else [self.changed]
        self.cells = nodes.where(missing, 0.0, self._in_order(cells))

    def score(self) -> Value:
        """Return the mean of log(1 + surprise) over networks and columns, shape (rows,)."""
        parts = [] if self.errors is None else [nodes.log1p(self.errors).mean(2).mean(0)]
        if self.changed is not None:
            parts.append(self.changed.sum(1) / float(max(1, len(self.moving))))
        return total(parts)

    def expected(self) -> Value:
        """Return what the other columns let expect in each cell, raw units, shape (rows, columns)."""
        parts = [] if self.guesses is None else [self.guesses.mean(0)]
        parts += [] if self.changed is None else [self.changed * 0.0]
        return out_of_space(self.model.space_, self._in_order(parts))

    def _in_order(self, parts: list[Value]) -> Value:
        """Return columns that vary and columns that do not, put where they stand in the table."""
        return in_place(nodes.concat(parts), np.concatenate([self.moving, self.still]), self.width)

    def _guesses(self, rows: Value, seen: Value) -> Value:
        """Return each cell as each network rebuilds it, shape (networks, rows, columns that vary)."""
        linear = self.model.linear_
        if linear is not None:
            precision = linear.whitening @ linear.whitening.T
            return (rows - nodes.linear(rows - linear.centre, precision / np.diag(precision)))[None]
        nets = MaskedNets(self.model.nets, len(self.moving), self.model.hidden, self.model.weights_)
        shown = nodes.clip(rows, -masked._LARGEST_SHOWN, masked._LARGEST_SHOWN).astype(np.float32)
        groups, there = self.model.groups_[:, None], seen.astype(np.float32)
        turns = []
        for turn in range(int(groups.max()) + 1):
            hidden = (groups == turn).astype(np.float32)
            turns.append(_answer(nets, shown, there * (1 - hidden)) * hidden)
        return total(turns).astype(np.float64)


def _answer(nets: MaskedNets, values: Value, shown: Value) -> Value:
    """Return what the networks answer, shape (networks, rows, width)."""
    inputs = nodes.concat([values * shown, shown, shown[..., :1] * 0.0 + 1.0])
    between = _bent(nodes.product(inputs, nets.first))
    after = _bent(nodes.product(between, nets.second)) + between
    return nodes.product(nodes.concat([after, inputs]), nets.output)


def _bent(x: Value) -> Value:
    return x * nodes.activation(x * masked_core.GATE, "sigmoid")
