"""An autoencoder on a table: each row one position with all its columns."""

from __future__ import annotations

from typing import ClassVar, Self
from weakref import ReferenceType, ref

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.models.adapter import Adapter
from amiss.models.base import Model
from amiss.networks.numpy_operations import softmax
from amiss.networks.rows import Float32Array, Layout, Rows
from amiss.numerics.spaces import Space

_LARGEST = 1e6  # in units of the space: squares of larger ones say nothing more, and overflow
_ROWS_AT_ONCE, _ROWS_REPAIRED = 1_024, 1_024
_IN_DOUBT = 12  # cells of a row, those rebuilt worst, that are put right one by one
_TIMES = 3  # a cell is rebuilt from what the last time put in its place


class OnTable(Adapter, Model):
    """The autoencoder sees the numbers in a column space and the categories as levels.

    A row's score is the root mean deviance of its cells: the reconstruction error in units of the usual one.

    Parameters
    ----------
    network : Autoencoder
        Not fitted yet.
    clean : bool
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    takes_levels: ClassVar[bool] = True
    left_out: ClassVar[frozenset[str]] = frozenset({"_last"})
    space_: Space
    _last: tuple[ReferenceType[Batch], tuple[Float32Array, FloatArray]]

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        trusted = batch.take(np.flatnonzero(normal))
        self.space_ = Space(self.network.space).fit(trusted)
        self.network.learn(self._rows(trusted), self.clean, random_state)
        return self

    def score(self, batch: Batch) -> FloatArray:
        """Return the root mean deviance of the cells of each item, shape (items,)."""
        rows = self._rows(batch)
        total = np.zeros(len(batch))
        for start in range(0, len(batch), _ROWS_AT_ONCE):
            here = slice(start, start + _ROWS_AT_ONCE)
            values, seen = rows.take(here)
            deviance = self.network.deviance(self.network.rebuild(values, seen), values, seen)
            total[here] = _sums(deviance[:, 0])
        return np.sqrt(total / max(1, rows.layout.cells))

    def surprise(self, batch: Batch) -> FloatArray:
        """Return how much of a row's surprise goes if one number is put right, shape (items, cells): `repairs`."""
        return self.repairs(batch)[1][:, : len(batch.names)]

    def surprise_of_levels(self, batch: Batch) -> FloatArray | None:
        """Return how much of the row's surprise goes if one category is put right, shape (items, categories)."""
        if not batch.levels:
            return None
        return self.repairs(batch)[1][:, len(batch.names) :]

    def expected(self, batch: Batch) -> FloatArray:
        """Return each number as the others let expect it, shape (items, cells), raw units."""
        return self.space_.invert(self.repairs(batch)[0][:, : len(batch.names)].astype(np.float64))

    def expected_levels(self, batch: Batch) -> IntArray | None:
        """Return the place of the likeliest level of each category, shape (items, categories)."""
        if not batch.levels:
            return None
        outputs = self.repairs(batch)[0]
        return np.stack([outputs[:, block].argmax(axis=1) for block in self.network.layout_.blocks()], axis=1)

    def repairs(self, batch: Batch) -> tuple[Float32Array, FloatArray]:
        """Return what belongs in each cell, and how much of the row's surprise goes where it is put there.

        One wrong cell spoils how the cells beside it are rebuilt, so the errors alone blame all of them. Here each of
        the cells in doubt is hidden, rebuilt from the others and put in, a few times over; what the summed surprise of
        the row falls by is that cell's part in it.

        Returns
        -------
        expected : ndarray of shape (items, width), float32
            Numbers in the column space, logits or shares of levels.
        surprise : ndarray of shape (items, cells)
            >= 0.
        """
        last = vars(self).get("_last")
        if last is not None and last[0]() is batch:  # one explanation asks about a batch several times
            repairs: tuple[Float32Array, FloatArray] = last[1]
            return repairs
        repairs = self._repairs(batch)
        self._last = ref(batch, lambda _: vars(self).pop("_last", None)), repairs
        return repairs

    def _repairs(self, batch: Batch) -> tuple[Float32Array, FloatArray]:
        rows = self._rows(batch)
        expected = np.zeros((len(batch), rows.layout.width), np.float32)
        fallen = np.zeros((len(batch), rows.layout.cells))
        for start in range(0, len(batch), _ROWS_REPAIRED):
            here = slice(start, start + _ROWS_REPAIRED)
            expected[here], fallen[here] = self._repaired(*rows.take(here))
        return expected, fallen

    def _repaired(self, values: Float32Array, seen: BoolArray) -> tuple[Float32Array, FloatArray]:
        outputs = self.network.rebuild(values, seen)
        before = self.network.surprise(outputs, values, seen)[:, 0]
        if self.network.blind:  # each cell was rebuilt from the others as it is
            return outputs[:, 0], before
        expected, fallen = outputs[:, 0].copy(), np.zeros(before.shape)
        in_doubt = np.argsort(-before, axis=1, kind="stable")[:, :_IN_DOUBT]
        here = np.arange(len(values))
        for cells in in_doubt.T:
            cell = self._inputs_of(cells)
            shown = np.where(cell, np.float32(0), values[:, 0])[:, None]
            for _ in range(_TIMES):
                answer = self.network.rebuild(shown)[:, 0]
                shown = np.where(cell, self._as_inputs(answer), shown[:, 0])[:, None]
            after = self.network.surprise(self.network.rebuild(shown), shown, seen)[:, 0]
            after[here, cells] = 0.0  # it is what was expected
            expected = np.where(cell, answer, expected)
            fallen[here, cells] = np.maximum(_sums(before) - _sums(after), 0.0)
        return expected, np.where(before > 0, fallen, 0.0)

    def _inputs_of(self, cells: IntArray) -> BoolArray:
        """Return which inputs belong to one cell of each row, shape (rows, width)."""
        layout = self.network.layout_
        owner = np.concatenate(
            [
                np.arange(layout.numbers),
                layout.numbers + np.repeat(np.arange(len(layout.levels)), layout.levels),
            ]
        )
        return np.asarray(owner == cells[:, None])

    def _as_inputs(self, answer: Float32Array) -> Float32Array:
        """Return an answer as it would be shown: numbers as they are, logits as shares."""
        shown = answer.copy()
        for block in self.network.layout_.blocks():
            shown[:, block] = softmax(answer[:, block])
        return shown

    def _rows(self, batch: Batch) -> Rows:
        units = self.space_.apply(batch)
        numbers = np.clip(units, -_LARGEST, _LARGEST, out=units).astype(np.float32)
        numbers[batch.mask] = 0.0
        codes = batch.codes if batch.levels else np.zeros((len(batch), 0), np.int64)
        lost = batch.lost if batch.levels else np.zeros((len(batch), 0), bool)
        seen = ~(np.hstack([batch.mask, lost]) if batch.levels else batch.mask)
        layout = Layout(1, len(batch.names), list(batch.levels))
        return Rows(layout, numbers[:, None], codes[:, None], seen[:, None])


def _sums(cells: FloatArray) -> FloatArray:
    """Return the sum of each row; ``sum`` along an axis may round differently in other company, this does not."""
    return np.asarray(np.einsum("nd->n", np.ascontiguousarray(cells)))
