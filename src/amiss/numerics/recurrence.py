"""What comes back at another time: stored windows with their place in time, and codes that recur."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.numerics.blocks import BLOCK, blocks, product
from amiss.part import Stored

_CODED_ROWS = 1_024
_ROUNDS = 20


class TimedRows(Stored):
    """Stored windows, asked for the nearest at another time.

    Parameters
    ----------
    rows : ndarray of shape (m, d)
    places : ndarray of shape (m,)
        Where in time each stands, ascending.
    radius : int
        A stored row nearer in time than this is no neighbour: a window that overlaps the one that asks is
        always alike.
    step : float
        Stored are whole steps in 16 bits, a quarter of the room; rows that ask are rounded like them. 0: all digits.
    """

    rows: FloatArray | NDArray[np.float32] | NDArray[np.int16]
    places: IntArray
    radius: int
    step: float = 0.0  # files of earlier versions hold none: single precision

    def __init__(self, rows: FloatArray, places: IntArray, radius: int, step: float = 0.0) -> None:
        self.rows = np.rint(rows / step).astype(np.int16) if step else rows.copy(order="C")
        self.places = places
        self.radius = radius
        self.step = step

    def nearest(self, asking: FloatArray, places: IntArray, k: int) -> tuple[FloatArray, IntArray]:
        """Return distances and indices of the ``k`` nearest stored rows at another time, ascending.

        Parameters
        ----------
        asking : ndarray of shape (n, d)
        places : ndarray of shape (n,)
            Where in time each stands, ascending.
        k : int

        Returns
        -------
        distances : ndarray of shape (n, k)
            0 where no stored row stands at another time.
        indices : ndarray of shape (n, k)
        """
        k = min(k, len(self.rows))
        if self.step:  # what was the same is at no distance
            rows, asking = self.rows * self.step, np.rint(asking / self.step) * self.step
        else:
            rows, asking = self.rows.astype(np.float64, copy=False), asking.astype(self.rows.dtype)
            asking = asking.astype(np.float64)
        distances, indices = np.zeros((len(asking), k)), np.zeros((len(asking), k), np.int64)
        matrix = np.concatenate([-2.0 * rows.T, np.einsum("md,md->m", rows, rows)[None]])
        with_one = np.concatenate([asking, np.ones((len(asking), 1))], axis=1)
        squared = np.empty((BLOCK, len(self.rows)))
        for block, filled in blocks(with_one):
            # squared distances, but for the squared length of the asking row
            ranked = np.matmul(filled, matrix, out=squared)[: block.stop - block.start]
            self._leave_out(ranked, places[block])
            indices[block] = _smallest(ranked, k)
            difference = rows[indices[block]] - asking[block][:, None, :]
            found = np.sqrt(np.einsum("nkd,nkd->nk", difference, difference))
            away = np.abs(self.places[indices[block]] - places[block][:, None]) >= self.radius
            distances[block] = np.where(away, found, 0.0)
        return distances, indices

    def _leave_out(self, squared: FloatArray, places: IntArray) -> None:
        low, high = np.searchsorted(self.places, [places[0] - self.radius, places[-1] + self.radius + 1])
        near = np.abs(places[:, None] - self.places[None, low:high]) < self.radius
        squared[:, low:high][near] = np.inf


def _smallest(values: FloatArray, k: int) -> IntArray:
    """Return the indices of the ``k`` smallest values of each row, ascending by value; spoils ``values``."""
    rows = np.arange(len(values))
    found = np.zeros((len(values), k), np.int64)
    for i in range(k):
        found[:, i] = values.argmin(axis=1)
        values[rows, found[:, i]] = np.inf
    return found


def nearest_code(rows: FloatArray, codes: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the index of the nearest code and the distance to it, each of shape (n,)."""
    index, distance = _index_of_nearest(rows, codes), np.zeros(len(rows))
    for first in range(0, len(rows), _CODED_ROWS):
        part = slice(first, first + _CODED_ROWS)
        difference = rows[part] - codes[index[part]]
        distance[part] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
    return index, distance


def _index_of_nearest(rows: FloatArray, codes: FloatArray) -> IntArray:
    lengths = np.einsum("cd,cd->c", codes, codes)
    parts = (rows[first : first + _CODED_ROWS] for first in range(0, len(rows), _CODED_ROWS))
    found = [(lengths - 2.0 * product(part, codes.T)).argmin(axis=1) for part in parts]
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def cluster(rows: FloatArray, count: int, random_state: np.random.Generator) -> FloatArray:
    """Return at most ``count`` codes, the centres of clusters of the rows, shape (codes, d).

    References
    ----------
    Lloyd (1982), "Least squares quantization in PCM"; Arthur, Vassilvitskii (2007), "k-means++", section 2.
    """
    codes = _first_codes(rows, count, random_state)
    for _ in range(_ROUNDS):
        index = _index_of_nearest(rows, codes)
        held = np.bincount(index, minlength=len(codes))
        order = np.argsort(index, kind="stable")
        begins = np.concatenate([[0], np.cumsum(held)[:-1]])
        moved = codes.copy()
        used = held > 0
        moved[used] = np.add.reduceat(rows[order], begins[used], axis=0) / held[used, None]
        if np.allclose(moved, codes):
            break
        codes = moved
    return codes


def _first_codes(rows: FloatArray, count: int, random_state: np.random.Generator) -> FloatArray:
    """Return rows drawn one by one, each with the chance of its squared distance to those drawn before."""
    chosen = [int(random_state.integers(len(rows)))]
    difference = np.empty_like(rows)  # one piece of memory for all rounds

    def squared(code: int) -> FloatArray:
        np.subtract(rows, rows[code], out=difference)
        return np.asarray(np.square(difference, out=difference).sum(axis=1))

    distance = squared(chosen[0])
    while len(chosen) < min(count, len(rows)) and (total := distance.sum()) > 0:
        chosen.append(int(random_state.choice(len(rows), p=distance / total)))
        np.minimum(distance, squared(chosen[-1]), out=distance)
    return rows[chosen].copy()


def recurring(index: IntArray, places: IntArray, codes: int, block: int, least: int) -> BoolArray:
    """Return which codes occur in at least ``least`` blocks of time, shape (codes,); all where none does.

    Parameters
    ----------
    index : ndarray of shape (n,)
        The code of each window.
    places : ndarray of shape (n,)
        Where in time each window stands.
    codes : int
        How many codes there are.
    block : int
        Points in a block of time.
    least : int
    """
    seen = np.unique(index + codes * (places // block))
    often = np.bincount(seen % codes, minlength=codes) >= least
    return often if often.any() else np.ones(codes, bool)
