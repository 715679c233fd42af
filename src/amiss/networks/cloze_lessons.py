"""The strings of a list as lessons of a cloze network: what its training sees."""

from __future__ import annotations

import numpy as np

from amiss.batch import IntArray
from amiss.networks.adam import Adam
from amiss.networks.cloze_net import ClozeNet, Ribbon
from amiss.text.characters import Segments


class Lessons:
    """The network and its strings, as training sees them; equal strings of a step are read once.

    Parameters
    ----------
    net : ClozeNet
    written : Segments
        Symbols of the distinct strings.
    row : ndarray of shape (items,)
        The string of each item.
    random_state : numpy.random.Generator
        Draws the first weights.
    """

    def __init__(
        self, net: ClozeNet, written: Segments, row: IntArray, random_state: np.random.Generator
    ) -> None:
        self.net, self.written, self.row, self.random_state = net, written, row, random_state
        self.weights = np.zeros(net.size, np.float32)
        self.slopes = np.zeros(net.size, np.float32)
        self.adam = Adam(net.size)

    def start(self) -> None:
        """Draw first weights."""
        self.net.first_weights(self.weights, self.random_state)
        self.adam = Adam(self.net.size)

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from the items with this rate; return their mean loss before."""
        loss = self.net.learn(self.weights, self.slopes, *self._taken(items))
        self.adam.step(self.weights, self.slopes, rate)
        return loss

    def loss(self, items: IntArray) -> float:
        """Return the mean loss of the items, nats a character and head."""
        return self.net.loss(self.weights, *self._taken(items))

    def _taken(self, items: IntArray) -> tuple[Ribbon, IntArray]:
        distinct, count = np.unique(self.row[items], return_counts=True)
        taken = self.written.take(distinct)
        return Ribbon(taken.symbol, taken.length), count
