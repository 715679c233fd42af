"""Nearest stored rows of any row, exact: found by products in single precision, put in order in double precision."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.numerics.blocks import BLOCK, blocks, in_parts
from amiss.part import Stored

Float32Array = NDArray[np.float32]

_SMALL = 500_000  # multiplications of one product: the linear-algebra library has a faster way for small ones
_NARROWEST = 16
_ROUNDING = float(np.finfo(np.float32).eps) / 2
_STEPS = 8  # roundings of a product in single precision beside one a column, with some to spare
_LEAST, _FARTHEST = (
    1e-30,
    1e15,
)  # in single precision smaller squares are lost; larger values overflow squared
_NUMBERS_AT_ONCE = 2**21


class NearestRows(Stored):
    """Stored rows, asked for the nearest to any row by Euclidean distance; of equally near ones the first.

    Of the stored rows that equal the row that asks, one is left out, whoever asks: a training row does not
    find itself, and the same row from elsewhere gets the same answer.

    Products in single precision say which rows may be among the nearest: all whose distance is not farther than
    rounding can explain. The distances of those are then taken in double precision, so the answer is exact and depends
    on nothing but the row.

    Parameters
    ----------
    rows : ndarray of shape (m, d)
        The rows to keep.

    References
    ----------
    Higham (2002), "Accuracy and stability of numerical algorithms", eq. 3.5: the rounding of an inner product.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"_searches"})
    rows: FloatArray

    def __init__(self, rows: FloatArray) -> None:
        self.rows = np.ascontiguousarray(rows)

    def nearest(self, asking: FloatArray, k: int) -> tuple[FloatArray, IntArray]:
        """Return the distances to the ``k`` nearest stored rows, ascending, and their places.

        Parameters
        ----------
        asking : ndarray of shape (n, d)
            Rows in the units of the stored ones.
        k : int
            How many.

        Returns
        -------
        distances : ndarray of shape (n, k')
            ``k'`` is ``k``, or what there is where fewer rows are stored; at least 1.
        places : ndarray of shape (n, k')
            Places among the stored rows. Where a row has no neighbour at all: distance 0, place 0.
        """
        stored = len(self.rows)
        kept = max(1, min(k, stored - 1))
        if stored < 2:
            return self._lonely(asking)
        distances, places = np.zeros((len(asking), kept)), np.zeros((len(asking), kept), dtype=np.int64)
        search = self._search(kept + 1)

        def answer(part: slice) -> None:
            """Fill in the answers for the rows of one part."""
            for place, who, near in search.candidates(asking[part]):
                here = slice(part.start + place.start, part.start + place.stop)
                distances[here], places[here] = self._ordered(asking[here], who, near, kept)

        in_parts(answer, len(asking))
        return distances, places

    def _lonely(self, asking: FloatArray) -> tuple[FloatArray, IntArray]:
        """Return the answer where at most one row is stored: a row equal to it has no neighbour."""
        difference = asking - self.rows[0] if len(self.rows) else np.zeros(asking.shape)
        return np.sqrt(np.einsum("nd,nd->n", difference, difference))[:, None], np.zeros(
            (len(asking), 1), np.int64
        )

    @cached_property
    def _searches(self) -> dict[int, _Search]:
        return {}

    def _search(self, count: int) -> _Search:
        found = self._searches.get(count)
        return found or self._searches.setdefault(count, _Search(self.rows, count))

    def _ordered(
        self, asking: FloatArray, who: IntArray, near: IntArray, kept: int
    ) -> tuple[FloatArray, IntArray]:
        """Return exact distances, ascending, ties by place; one row equal to the asking one left out."""
        squared = np.empty(len(who))
        step = max(1, _NUMBERS_AT_ONCE // self.rows.shape[1])
        for start in range(0, len(who), step):
            here = slice(start, start + step)
            difference = self.rows.take(near[here], axis=0) - asking.take(who[here], axis=0)
            squared[here] = np.einsum("pd,pd->p", difference, difference)
        order = np.lexsort((near, squared, who))
        first = np.searchsorted(who, np.arange(len(asking)))
        first += squared[order[first]] == 0
        chosen = order[first[:, None] + np.arange(kept)]
        return np.sqrt(squared[chosen]), near[chosen]


class _Search:
    """Finds all stored rows that may be among the nearest ones of a row.

    With r a stored and a an asking row, both about the centre, a product gives |r|^2 - 2 r.a: the squared distance but
    for |a|^2, wrong by at most c (|r|^2 + 2 |r| |a|), c the rounding of a product of so many columns.

    Parameters
    ----------
    rows : ndarray of shape (m, d)
    count : int
        How many of the nearest ones are asked for, at most m.
    """

    def __init__(self, rows: FloatArray, count: int) -> None:
        self.count, columns = count, rows.shape[1]
        self.places = np.flatnonzero(_first_copies(rows, count))
        self.centre = rows.mean(axis=0)
        rows = rows[self.places] - self.centre
        # at most 1, so that no square is too large or too small for single precision
        self.scale = 2.0 ** -np.ceil(np.log2(np.abs(rows).max(initial=0.0) or 1.0))
        rows = rows * self.scale
        groups = np.sqrt(len(rows) * count)  # about as many as values in the groups looked into
        small = min(_SMALL // (BLOCK * (columns + 1)), int(groups))
        width = max(_NARROWEST, small)
        pieces = -(-len(rows) // width)
        self.depth = max(1, min(-(-pieces // max(1, round(groups / width))), len(rows) // count))
        matrix = np.zeros((columns + 1, -(-pieces // self.depth) * self.depth * width), np.float32)
        matrix[:columns, : len(rows)] = -2.0 * rows.T
        matrix[columns] = np.finfo(np.float32).max / 4  # where no row is stored
        matrix[columns, : len(rows)] = np.einsum("md,md->m", rows, rows)
        self.matrix = np.ascontiguousarray(matrix.reshape(columns + 1, -1, width).swapaxes(0, 1))
        self.rounding = (columns + _STEPS) * _ROUNDING

    def candidates(self, asking: FloatArray) -> Iterator[tuple[slice, IntArray, IntArray]]:
        """Yield, block by block, the place of the block, which of its rows asks, ascending, and places of stored rows.

        Of equal stored rows no more are named than are asked for.
        """
        pieces, _, width = self.matrix.shape
        products = np.empty((pieces, BLOCK, width), np.float32)
        # of a row beyond the farthest, rounding explains anything: all stored rows may be near
        rows = np.clip((asking - self.centre) * self.scale, -_FARTHEST, _FARTHEST)
        lengths = np.einsum("nd,nd->n", rows, rows)
        for place, block in blocks(np.column_stack([rows, np.ones(len(rows))]).astype(np.float32)):
            np.matmul(block, self.matrix, out=products)
            who, near = self._near(products, lengths[place])
            yield place, who, self.places[near]

    def _near(self, values: Float32Array, lengths: FloatArray) -> tuple[IntArray, IntArray]:
        """Return which row asks, ascending, and which stored row may be near, of products (pieces, BLOCK, width).

        The values at one place of ``depth`` pieces, one after the other, are a group. As many values as are asked for
        are at most the so manieth of the minima of the groups; further ones that small lie in groups of such a minimum.
        """
        _, block, width = values.shape
        lowest = values.reshape(-1, self.depth, block, width)[:, :, : len(lengths)].min(axis=1)
        minima = np.ascontiguousarray(lowest.swapaxes(0, 1)).reshape(len(lengths), -1)
        highest = np.partition(minima, self.count - 1, axis=1)[:, self.count - 1]
        bound = self._bound(highest.astype(np.float64), lengths)
        who, at = np.divmod(np.flatnonzero(minima <= bound[:, None]), minima.shape[1])
        group, column = np.divmod(at, width)
        first = (group * self.depth * block + who) * width + column
        inside = values.reshape(-1).take(first[:, None] + np.arange(self.depth) * (block * width))
        found, level = np.divmod(np.flatnonzero(inside <= bound[who][:, None]), self.depth)
        return who[found], (group[found] * self.depth + level) * width + column[found]

    def _bound(self, highest: FloatArray, lengths: FloatArray) -> Float32Array:
        """Return what the product of any stored row is at most that is as near as one of a product ``highest``.

        With D the squared distance that ``highest`` stands for, the row is no longer than |a| + sqrt(D), so that its
        product is wrong by at most c (5 |a|^2 + 3 D); that of ``highest`` is wrong too, and so is the bound.
        """
        squared = np.maximum(highest + lengths, 0.0)
        bound: Float32Array = (highest + 17 * self.rounding * (lengths + squared) + _LEAST).astype(np.float32)
        return bound


def _first_copies(rows: FloatArray, count: int) -> BoolArray:
    """Return which rows are not preceded by ``count`` equal ones, shape (m,)."""
    alike = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    order = np.argsort(alike, kind="stable")
    begins = np.append(True, alike[order[1:]] != alike[order[:-1]])
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), 0))
    first = np.empty(len(rows), bool)
    first[order] = np.arange(len(rows)) - starts < count
    return first
