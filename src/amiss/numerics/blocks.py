"""Matrix products whose rows do not depend on their company.

A linear-algebra library may round a row differently in a batch of 7 than in a batch of 1,000. Here every
product has the same shape: rows go through in blocks of one size, the last one filled with zeros.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np

from amiss.batch import AnyArray, FloatArray

BLOCK = 64
"""Rows of a block: a product against 10,000 stored rows then fits the processor's cache."""
_PART = 64 * BLOCK
LANES = 16
"""Rows that one vector instruction takes side by side in single precision, on the widest processors."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep the linear-algebra library to one thread meanwhile; also a decorator.

    On blocks as small as ours its threads wait for each other more than they work, on a busy machine twenty
    times longer; and how many there are may change the last bit of a product.
    """
    import threadpoolctl

    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield


def blocks(rows: AnyArray) -> Iterator[tuple[slice, AnyArray]]:
    """Yield the place of each block and the block, shape (BLOCK, columns), filled up with zeros.

    The array yielded is used again for the next block.
    """
    buffer = np.zeros((BLOCK, rows.shape[1]), rows.dtype)
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        buffer[: len(part)] = part
        buffer[len(part) :] = 0.0
        yield slice(start, start + len(part)), buffer


def in_parts(work: Callable[[slice], None], rows: int) -> None:
    """Call ``work`` on parts of ``rows`` rows, in threads where there are many; parts are whole blocks.

    Parameters
    ----------
    work : callable
        Takes the place of the rows it is to fill in.
    rows : int
        How many rows there are.
    """
    parts = [slice(start, min(start + _PART, rows)) for start in range(0, rows, _PART)]
    workers = min(len(parts), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if workers < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, parts))


def product(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return ``rows @ matrix``; a row's result is the same alone, in a batch, and shuffled.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
    matrix : ndarray of shape (d, m)

    Returns
    -------
    ndarray of shape (n, m)
    """
    out = np.empty((len(rows), matrix.shape[1]))
    for place, block in blocks(rows):
        out[place] = (block @ matrix)[: place.stop - place.start]
    return out


def lane_product(rows: AnyArray, matrix: AnyArray) -> AnyArray:
    """Return ``rows @ matrix`` in single precision; a row's result is the same at any place among the rows.

    A linear-algebra library may add up a product in another order at another place of a tile: in single precision it
    does. Sixteen rows at a time, lying beside each other as the lanes of its vectors, are all treated alike.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        ``n`` a multiple of `LANES`.
    matrix : ndarray of shape (d, m)

    Returns
    -------
    ndarray of shape (n, m)
    """
    lanes = rows.reshape(-1, LANES, rows.shape[1]).swapaxes(1, 2)
    out: AnyArray = np.matmul(matrix.T, lanes).swapaxes(1, 2).reshape(len(rows), -1)
    return out


def squared_lengths(rows: FloatArray) -> FloatArray:
    """Return the sum of squares of each row, shape (n,), for rows of shape (n, d)."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows))
