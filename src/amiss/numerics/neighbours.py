"""Nearest stored rows of any row, exact, in blocks of one size."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.numerics.blocks import BLOCK, blocks, in_parts
from amiss.part import Stored

_SMALL = (
    250_000  # multiplications of one product: beyond, the linear-algebra library starts threads of its own
)
_NARROWEST = 16
_SPARE = 3  # candidates beyond those asked for: the block product ranks them with rounding


class NearestRows(Stored):
    """Stored rows, asked for the nearest to any row by Euclidean distance.

    Of the stored rows that equal the row that asks, one is left out, whoever asks: a training row does not
    find itself, and the same row from elsewhere gets the same answer.

    Parameters
    ----------
    rows : ndarray of shape (m, d)
        The rows to keep.
    """

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
        count = min(stored, k + 1 + _SPARE)
        kept = max(1, min(k, stored - 1))
        distances, places = np.zeros((len(asking), kept)), np.zeros((len(asking), kept), dtype=np.int64)
        if stored < 2:
            return self._lonely(asking)
        matrix, centre = self._matrix()
        pieces, depth = len(matrix), _depth(len(matrix), matrix.shape[2], count)

        def answer(part: slice) -> None:
            """Fill in the answers for the rows of one part."""
            products = np.full((-(-pieces // depth) * depth, BLOCK, matrix.shape[2]), np.inf)
            rows = asking[part]
            for place, block in blocks(np.column_stack([rows - centre, np.ones(len(rows))])):
                np.matmul(block, matrix, out=products[:pieces])
                near = _smallest(products[:, : place.stop - place.start], count, depth)
                here = slice(part.start + place.start, part.start + place.stop)
                distances[here], places[here] = self._ordered(rows[place], near, kept)

        in_parts(answer, len(asking))
        return distances, places

    def _lonely(self, asking: FloatArray) -> tuple[FloatArray, IntArray]:
        """Return the answer where at most one row is stored: a row equal to it has no neighbour."""
        difference = asking - self.rows[0] if len(self.rows) else np.zeros(asking.shape)
        return np.sqrt(np.einsum("nd,nd->n", difference, difference))[:, None], np.zeros(
            (len(asking), 1), np.int64
        )

    def _matrix(self) -> tuple[FloatArray, FloatArray]:
        """Return what rows with a 1 appended are multiplied with, and the centre to take off them first.

        The product is the squared distance to each stored row, but for the squared length of the asking row.
        """
        stored, columns = self.rows.shape
        width = max(_NARROWEST, _SMALL // (BLOCK * (columns + 1)))
        pieces = -(-stored // width)
        centre = self.rows.mean(axis=0)
        rows = self.rows - centre
        matrix = np.zeros((columns + 1, pieces * width))
        matrix[:columns, :stored] = -2.0 * rows.T
        matrix[columns, :stored] = np.einsum("md,md->m", rows, rows)
        matrix[columns, stored:] = np.finfo(float).max / 4
        return np.ascontiguousarray(matrix.reshape(columns + 1, pieces, width).swapaxes(0, 1)), centre

    def _ordered(self, asking: FloatArray, near: IntArray, kept: int) -> tuple[FloatArray, IntArray]:
        """Return exact distances, ascending, ties by place; one row equal to the asking one left out."""
        difference = self.rows[near] - asking[:, None, :]
        squared = np.einsum("nkd,nkd->nk", difference, difference)
        order = np.lexsort((near, squared), axis=1)
        first = (np.take_along_axis(squared, order[:, :1], axis=1) == 0).astype(np.int64)
        chosen = np.take_along_axis(order, first + np.arange(kept), axis=1)
        return np.sqrt(np.take_along_axis(squared, chosen, axis=1)), np.take_along_axis(near, chosen, axis=1)


def _depth(pieces: int, width: int, count: int) -> int:
    """Return how many pieces make a group, so that there are about as many groups as values in those looked into."""
    return int(np.clip(np.sqrt(pieces * width / count), 1, pieces))


def _smallest(values: FloatArray, count: int, depth: int) -> IntArray:
    """Return the places of the ``count`` smallest values of each row, shape (n, count), in any order.

    Values come as (pieces, n, width), place = piece x width + column. The values of one column of ``depth``
    pieces, one after the other, are a group; the ``count`` smallest values lie in the ``count`` groups of
    smallest minimum.
    """
    pieces, rows, width = values.shape
    minima = np.stack([values[i : i + depth].min(axis=0) for i in range(0, pieces, depth)], axis=1)
    flat = minima.reshape(rows, -1)
    if flat.shape[1] <= count:
        flat = values.swapaxes(0, 1).reshape(rows, -1)
        return np.argpartition(flat, count - 1, axis=1)[:, :count]
    block, column = np.divmod(np.argpartition(flat, count - 1, axis=1)[:, :count], width)
    piece = block[:, :, None] * depth + np.arange(depth)
    inside = values[piece, np.arange(rows)[:, None, None], column[:, :, None]].reshape(rows, -1)
    places = (piece * width + column[:, :, None]).reshape(rows, -1)
    chosen = np.argpartition(inside, count - 1, axis=1)[:, :count]
    return np.take_along_axis(places, chosen, axis=1)
