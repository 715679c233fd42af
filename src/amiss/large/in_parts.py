"""Whether a job is done in memory or in parts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO

from amiss.job import Job
from amiss.partitions import is_partitioned
from amiss.sources import Limits
from amiss.sources.parquet import footer_groups

_HEAD = 100_000  # bytes of a text that tell how many cells it holds


def goes_in_parts(job: Job, asked: bool, outputs: Sequence[str] = ()) -> bool:
    """Return whether a job is done in parts, not in memory.

    So it is where the data are many files or beyond the limits of what is read in one piece, where the answer goes to
    a folder, and where it was asked for.

    Parameters
    ----------
    job : Job
    asked : bool
        Whether something was said that has a meaning in parts alone, such as the memory.
    outputs : sequence of str
        Where the answer goes.
    """
    parts = asked or is_partitioned(job.place)
    parts = parts or any(os.path.isdir(place) or place.endswith(os.sep) for place in outputs)
    return parts or (not job.limits and os.path.isfile(job.place) and beyond_limits(job.place))


def beyond_limits(place: str) -> bool:
    """Return whether a file is too large to be read in one piece, as far as its size and its first lines tell."""
    limits, size = Limits(), os.path.getsize(place)
    if size > limits.bytes:
        return True
    with open(place, "rb") as file:
        if file.read(4) == b"PAR1":
            return parquet_values(file) > limits.cells
        file.seek(0)
        head = file.read(_HEAD)
    cells = max(head.count(mark) for mark in (b",", b";", b"\t", b"|", b":")) + head.count(b"\n")
    return not head.startswith(b"\x1f\x8b") and size * cells > limits.cells * max(len(head), 1)


def parquet_values(file: BinaryIO) -> int:
    """Return how many cells a Parquet file holds, 0 where its footer cannot be read: reading it will say so."""
    try:
        _, groups = footer_groups(file)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        return 0
    return sum(group.values for group in groups)
