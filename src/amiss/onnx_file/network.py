"""A network as nodes of a graph: what it answers, how far off each cell is, and how surprising it then is."""

from __future__ import annotations

import numpy as np

from amiss.models.attention import Attention
from amiss.models.autoencoder import Autoencoder
from amiss.models.variational import Variational
from amiss.networks import onnx_operations as nodes
from amiss.networks.onnx_graph import Value
from amiss.networks.rows import Float32Array, Layout, cell_losses, spread
from amiss.networks.weights import by_name


def why_no_graph(network: Autoencoder) -> str:
    """Return why a network cannot be a graph, empty where it can: a graph knows some ways to judge cells, not all."""
    if type(network).forward is Autoencoder.forward:
        return "is a network of your own, which its own library exports"
    known = [kind.losses for kind in (Autoencoder, Variational)]
    if type(network).losses in known and type(network).surprise is Autoencoder.surprise:
        return ""
    return "judges its cells in a way of its own"


class NetworkGraph:
    """What a fitted network says of cells: the twin of `Autoencoder`'s `rebuild`, `losses`, `surprise`.

    Parameters
    ----------
    network : Autoencoder
        Fitted.
    values : Value of shape (rows, positions, width)
        In single precision.
    seen : Value of shape (rows, positions, cells), bool

    Attributes
    ----------
    outputs : Value of shape (rows, positions, width)
        What it answers, single precision.
    losses, surprise : Value of shape (rows, positions, cells)
        Of cells whose levels were all learnt.
    """

    def __init__(self, network: Autoencoder, values: Value, seen: Value) -> None:
        self.network, self.values, self.seen = network, values, seen
        self.weights = by_name(network.weights_, network.shapes())
        self.outputs = self._hidden_in_turn(network) if isinstance(network, Attention) else self._rebuilt()
        self.losses = self._drawn(network) if isinstance(network, Variational) else self._off(self.outputs)
        self.surprise = self._surprise()

    def _rebuilt(self) -> Value:
        answer: Value = self.network.forward(nodes, self.weights, self.values)
        return answer

    def _hidden_in_turn(self, network: Attention) -> Value:
        """Return each cell as the others let expect it: the cells are hidden group by group."""
        layout, turns = network.layout_, []
        for groups in network.groups_:
            for group in range(int(groups.max(initial=0)) + 1):
                hidden = groups == group
                shown = _marked(layout, self.values, self.seen, (~hidden).astype(np.float32))
                answer = network.forward(nodes, self.weights, shown)
                turns.append(answer * spread(layout, hidden).astype(np.float32))
        return total(turns) / float(len(network.groups_))

    def _drawn(self, network: Variational) -> Value:
        """Return the losses, on average over the draws of the network."""
        centre, log_deviation = network._encoded(nodes, self.weights, self.values)
        drawn = [centre + nodes.exp(log_deviation) * noise for noise in network.noise_]
        return mean([self._off(network._decoded(nodes, self.weights, latent)) for latent in drawn])

    def _off(self, outputs: Value) -> Value:
        """Return how far off outputs are, double precision, shape (rows, positions, cells)."""
        huber, seen = self.network.loss == "huber", self.seen.astype(np.float32)
        losses: Value = cell_losses(nodes, self.network.layout_, outputs, self.values, seen, huber)
        return losses.astype(np.float64)

    def _surprise(self) -> Value:
        layout, usual = self.network.layout_, self.network.usual_
        d = layout.numbers
        parts = [nodes.log1p(self.losses[..., :d] / usual[..., :d])] if d else []
        if layout.levels:
            parts.append(nodes.maximum(self.losses[..., d:] - usual[..., d:], 0.0))
        return nodes.where(self.seen, nodes.concat(parts), 0.0)

    def deviance(self) -> Value:
        """Return what `Autoencoder.deviance` returns of the surprise, shape (rows, positions, cells)."""
        d = self.network.layout_.numbers
        parts = [nodes.exp(self.surprise[..., :d]) - 1.0] if d else []
        if self.network.layout_.levels:
            parts.append(self.surprise[..., d:] * 2.0)
        return nodes.concat(parts)


def total(values: list[Value]) -> Value:
    """Return the sum of several values, element by element."""
    found = values[0]
    for value in values[1:]:
        found = found + value
    return found


def mean(values: list[Value]) -> Value:
    """Return the mean of several values, element by element."""
    return total(values) / float(len(values))


def _marked(layout: Layout, values: Value, seen: Value, shown: Float32Array) -> Value:
    """Return what `amiss.networks.rows.marked` returns: values that are shown, and 1 or 0 a cell, whether any is.

    Parameters
    ----------
    layout : Layout
    values : Value of shape (rows, positions, width)
    seen : Value of shape (rows, positions, cells), bool
    shown : ndarray of shape (positions, cells), float32
        1 where a cell is shown.
    """
    told = values * spread(layout, shown)
    parts = [told]
    if layout.numbers:
        parts.append((seen.astype(np.float32) * shown)[..., : layout.numbers])
    parts += [told[..., block].sum(-1, keepdims=True) for block in layout.blocks()]
    return nodes.concat(parts)
