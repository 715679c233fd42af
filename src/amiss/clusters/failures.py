"""What could not be done, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from amiss.clusters.base import Failure
from amiss.errors import ClusterError
from amiss.partitions import Partition

_SHOWN = 3  # partitions that failed, told one by one


def not_done(
    failures: Iterable[Failure], partitions: Sequence[Partition], folder: str | None
) -> ClusterError:
    """Return the error that says which partitions were not done, why, and what to do.

    Parameters
    ----------
    failures : iterable of Failure
    partitions : sequence of Partition
        All of the job.
    folder : str or None
        Where the others are kept.
    """
    first = sorted(failures, key=lambda failure: failure.number)
    told = " ".join(f"{_named(partitions[one.number])}: {one.reason}" for one in first[:_SHOWN])
    more = f" And {len(first) - _SHOWN:,} more." if len(first) > _SHOWN else ""
    kept = (
        f" The others are done and kept in {folder!r}: the same command goes on with these." if folder else ""
    )
    return ClusterError(f"{len(first):,} of {len(partitions):,} partitions were not done. {told}{more}{kept}")


def _named(partition: Partition) -> str:
    """Return a partition as a person calls it."""
    last = partition.first_row + partition.rows - 1
    return f"Rows {partition.first_row:,} to {last:,} of {partition.file!r}"
