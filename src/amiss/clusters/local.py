"""The local pool: processes of this machine, each with one copy of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from amiss.clusters.base import Cluster, Failure, Work
from amiss.clusters.partition_work import doing
from amiss.clusters.summary import Summary
from amiss.errors import ClusterError
from amiss.partitions import Partition
from amiss.workers import WorkersError, in_workers

_PLACE = "amiss.clusters.partition_work"


class LocalCluster(Cluster):
    """Processes of this machine; one: this very process."""

    name: ClassVar[str] = "local"

    def score(self, work: Work, partitions: Sequence[Partition]) -> Iterator[Summary | Failure]:
        """Do the work on some partitions; see `Cluster.score`.

        A process that ends in the middle, as the system ends one for want of memory, takes no other with it; its
        partition is tried once more when all others are done, alone.
        """
        if work.jobs == 1:
            yield from _here(work, partitions)
            return
        ended = []
        for partition, answer, fault in _apart(work, partitions, min(work.jobs, len(partitions))):
            if fault is None:
                yield answer
            else:
                ended.append(partition)
        for partition, answer, fault in _apart(work, ended, 1):
            yield answer if fault is None else Failure(partition.number, _ended(fault))


def _here(work: Work, partitions: Sequence[Partition]) -> Iterator[Summary | Failure]:
    do = doing(work)
    for partition in partitions:
        try:
            yield do(partition)
        except MemoryError:
            yield Failure(partition.number, _ended("for want of memory"))


def _apart(
    work: Work, partitions: Sequence[Partition], count: int
) -> Iterator[tuple[Partition, Summary | Failure, str | None]]:
    """Yield each partition, the answer on it, and how the process ended that should have given one."""
    if not partitions:
        return
    tasks = ({"partition": partition} for partition in partitions)
    try:
        for number, answer, fault in in_workers(_PLACE, {"work": work}, tasks, count):
            yield partitions[number], answer, fault
    except WorkersError as error:
        raise ClusterError(
            f"{error} Is there too little memory for {count} of them? Ask for fewer: --jobs 1."
        ) from error


def _ended(fault: str) -> str:
    return f"The process that worked on it ended {fault}, twice; perhaps there was too little memory."
