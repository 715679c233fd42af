"""Sampling: rows of a data set, every one as likely as any other, the same ones however it is cut and read."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from amiss.errors import ParameterError, SourceError
from amiss.partitions.base import Partitions
from amiss.progress import Told
from amiss.workers import Task, WorkersError, in_workers

if TYPE_CHECKING:
    import polars

Places = NDArray[np.int64]

SAMPLE = 20_000
"""Rows to learn from: with more, ranking and threshold hardly change (docs/scale.md)."""

_PLACE = "amiss.partitions.records"
_BLOCK = 2**18
_GAMMA, _MIX_1, _MIX_2 = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)


def sample(
    partitions: Partitions,
    rows: int,
    random_state: int | None = 0,
    told: Told = lambda text: None,
    jobs: int = 1,
) -> polars.DataFrame:
    """Return rows drawn without replacement, in the order of their places.

    Each row has a priority, a hash of the seed and its number in the data set; the rows of the smallest are taken
    (bottom-k sampling). So the same rows are drawn however the data are cut into partitions and in however many
    processes they are read.

    Parameters
    ----------
    partitions : Partitions
    rows : int
        How many; all where there are fewer.
    random_state : int or None
        The seed; None draws anew each time.
    told : callable
        Told what the work is at.
    jobs : int
        Processes that read.

    Raises
    ------
    SourceError
        A file cannot be read.

    References
    ----------
    Cohen and Kaplan (2007), "Summarizing data using bottom-k sketches", section 3.
    """
    import polars as pl

    if rows < 1:
        raise ParameterError(f"A sample of {rows} rows is no sample. Legal: whole numbers from 1.")
    chosen = drawn(partitions.rows, rows, secrets.randbits(64) if random_state is None else random_state)
    tasks = list(_tasks(partitions, chosen))
    frames: dict[int, polars.DataFrame] = {}
    for number, frame in _read(partitions, tasks, jobs):
        frames[number] = frame
        told(f"Sampling: {len(frames):,} of {len(tasks):,} partitions")
    return pl.concat([frames[number] for number in range(len(tasks))])


def drawn(count: int, rows: int, seed: int) -> Places:
    """Return the numbers, rising, of the ``rows`` of ``count`` rows whose priorities are smallest.

    Examples
    --------
    >>> drawn(1_000_000, 3, seed=0)
    array([ 70273, 390831, 573548])
    """
    if rows >= count:
        return np.arange(count)
    kept, cut = np.empty((2, 0), np.uint64), np.uint64(2**64 - 1)
    for start in range(0, count, _BLOCK):
        numbers = np.arange(start, min(start + _BLOCK, count), dtype=np.uint64)
        priority = priorities(numbers, seed)
        below = priority <= cut
        kept = np.concatenate([kept, np.stack([priority[below], numbers[below]])], axis=1)
        if kept.shape[1] > rows:  # priorities are all different: splitmix64 is a bijection
            kept = kept[:, np.argpartition(kept[0], rows - 1)[:rows]]
            cut = kept[0].max()
    return np.sort(kept[1]).astype(np.int64)


def priorities(numbers: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Return a hash of the seed and of each number, each another.

    References
    ----------
    Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators", figure 18 (splitmix64).
    """
    start = _mixed(np.array([seed % 2**64], np.uint64))
    return _mixed(start + _GAMMA * (numbers + np.uint64(1)))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def _tasks(partitions: Partitions, chosen: Places) -> Iterator[Task]:
    """Yield the partitions that hold chosen rows, and which of their rows those are."""
    for partition in partitions.partitions:
        low, high = np.searchsorted(chosen, [partition.first_row, partition.first_row + partition.rows])
        if high > low:
            yield {"partition": partition, "rows": chosen[low:high] - partition.first_row}


def _read(partitions: Partitions, tasks: list[Task], jobs: int) -> Iterator[tuple[int, polars.DataFrame]]:
    import polars as pl

    done = set()
    if jobs > 1 and len(tasks) > 1:
        try:
            for number, answer, fault in in_workers(
                _PLACE, {"reader": partitions.reader}, tasks, min(jobs, len(tasks))
            ):
                if fault is not None:
                    file = tasks[number]["partition"].file
                    raise SourceError(
                        f"The process that read {file!r} ended {fault}. Ask for smaller partitions."
                    )
                if "failed" in answer:
                    raise SourceError(answer["failed"])
                done.add(number)
                yield number, pl.read_ipc(io.BytesIO(answer["rows"].tobytes()))
            return
        except WorkersError:  # then here
            pass
    for number, task in enumerate(tasks):
        if number not in done:
            yield number, partitions.read(task["partition"])[task["rows"]]
