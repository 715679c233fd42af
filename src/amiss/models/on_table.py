"""An autoencoder on a table: each row one position with all its columns."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.models.autoencoder import Autoencoder
from amiss.models.base import Model
from amiss.networks.rows import Float32Array, Layout, Rows
from amiss.numerics.spaces import Space

_LARGEST = 1e6  # in units of the space: squares of larger ones say nothing more, and overflow
_ROWS_AT_ONCE = 8_192


class OnTable(Model):
    """The autoencoder sees the numbers in a column space and the categories as levels.

    A row's score is the mean surprise of its cells and that of the most surprising one.

    Parameters
    ----------
    network : Autoencoder
        Not fitted yet.
    clean : bool
        True where the training rows hold no anomalies.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    takes_levels: ClassVar[bool] = True
    network: Autoencoder
    clean: bool
    space_: Space

    def __init__(self, network: Autoencoder, clean: bool = False) -> None:
        self.network = network
        self.clean = clean

    def spec(self) -> str:
        """Return the text that asks for the network."""
        return self.network.spec()

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of the network."""
        return self.network.networks()

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space(self.network.space).fit(batch)
        self.network.learn(self._rows(batch.take(np.flatnonzero(normal))), self.clean, random_state)
        return self

    def score(self, batch: Batch) -> FloatArray:
        """Return mean and largest surprise of the cells of each item, added, shape (items,)."""
        cells = self._surprise(batch)[1]
        total = np.zeros(len(cells))
        for column in cells.T:  # one by one: a sum along an axis may round differently in other company
            total = total + column
        return np.asarray(total / max(1, cells.shape[1]) + cells.max(axis=1, initial=0.0))

    def surprise(self, batch: Batch) -> FloatArray:
        """Return log(1 + squared error / usual error) of each number, shape (items, cells)."""
        return self._surprise(batch)[1][:, : len(batch.names)]

    def surprise_of_levels(self, batch: Batch) -> FloatArray:
        """Return -log of the share given to each category's level, beyond the usual, shape (items, categories)."""
        return self._surprise(batch)[1][:, len(batch.names) :]

    def expected(self, batch: Batch) -> FloatArray:
        """Return each number as it was rebuilt, shape (items, cells), raw units."""
        outputs = self._surprise(batch)[0][:, : len(batch.names)]
        return self.space_.invert(outputs.astype(np.float64))

    def expected_levels(self, batch: Batch) -> IntArray:
        """Return the place of the likeliest level of each category, shape (items, categories)."""
        outputs, blocks = self._surprise(batch)[0], self.network.layout_.blocks()
        places = [outputs[:, block].argmax(axis=1) for block in blocks]
        return np.stack(places, axis=1) if places else np.zeros((len(batch), 0), np.int64)

    def _rows(self, batch: Batch) -> Rows:
        numbers = np.clip(self.space_.apply(batch), -_LARGEST, _LARGEST)
        numbers = np.where(batch.mask, 0.0, numbers).astype(np.float32)
        codes = batch.codes if batch.levels else np.zeros((len(batch), 0), np.int64)
        lost = batch.lost if batch.levels else np.zeros((len(batch), 0), bool)
        seen = ~np.hstack([batch.mask, lost])
        layout = Layout(1, len(batch.names), list(batch.levels))
        return Rows(layout, numbers[:, None], codes[:, None], seen[:, None])

    def _surprise(self, batch: Batch) -> tuple[Float32Array, FloatArray]:
        """Return what the network answered, shape (items, width), and the surprise of each cell."""
        rows = self._rows(batch)
        outputs = np.zeros((len(batch), rows.layout.width), np.float32)
        cells = np.zeros((len(batch), rows.layout.cells))
        for start in range(0, len(batch), _ROWS_AT_ONCE):
            here = slice(start, start + _ROWS_AT_ONCE)
            values, seen = rows.take(here)
            answer = self.network.rebuild(values)
            outputs[here], cells[here] = answer[:, 0], self.network.surprise(answer, values, seen)[:, 0]
        return outputs, cells
