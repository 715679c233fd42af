"""The data of a job larger than memory: found, and cut so that the work stays within the memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from amiss.errors import ParameterError
from amiss.job import Job
from amiss.large.memory import Plan, bytes_of, free_bytes, jobs_for, least_bytes, plan
from amiss.partitions import Partition, Partitions, find_partitions
from amiss.partitions.parquet import ParquetReader
from amiss.progress import Told
from amiss.reading.side_columns import taken_out
from amiss.sources import Limits
from amiss.workers import cores

if TYPE_CHECKING:
    import polars

_ROWS = 100_000  # of a partition
_HEAD = 5_000  # rows that tell the kind of the data and their size


@dataclass(frozen=True)
class LargeData:
    """The data of a job, and how the work on it is cut.

    Attributes
    ----------
    partitions : Partitions
    head : polars.DataFrame
        The first rows.
    cut : Plan
        Rows of a partition at most, processes at a time.
    key, labels : str or None
        The columns that name the rows, and that say what is known of them; they are not looked at.
    """

    partitions: Partitions
    head: polars.DataFrame
    cut: Plan
    key: str | None
    labels: str | None

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name the rows."""
        return () if self.key is None else (self.key,)

    @property
    def unseen(self) -> tuple[str, ...]:
        """The columns that are of no use to what scores the rows."""
        return () if self.labels is None else (self.labels,)

    def items(self, frame: polars.DataFrame) -> polars.DataFrame | list[str]:
        """Return rows without key and labels, as a kind is chosen for them: a list of strings as such."""
        items = frame.drop(self.keys, self.unseen)
        return items.to_series().to_list() if self.partitions.strings else items


def find_data(
    job: Job, memory: str | None, jobs: int | None, rows: int | None, told: Told = lambda text: None
) -> LargeData:
    """Return the data of a job, cut so that the work stays within the memory.

    Parameters
    ----------
    job : Job
    memory : str or None
        Such as "2G", for all processes together; half of what is free by default.
    jobs : int or None
        Processes that are wanted; all processors by default.
    rows : int or None
        Rows of a partition at most where that is decided, in a job that is resumed.
    told : callable
        Told what the work is at.

    Raises
    ------
    SourceError
        The data cannot be read, or the key or the labels are no column.
    ParameterError
        The memory is too little.
    """
    most, wanted = bytes_of(memory) if memory else free_bytes() // 2, jobs or cores()
    partitions = _partitions(job, rows or _ROWS, wanted, told)
    told("Looking at the first rows")
    head = partitions.read(_first(partitions))
    for name, what in ((job.key, "the key"), (job.labels, "the column of labels")):
        if name is not None:
            taken_out([] if partitions.strings else head, name, what)
    bytes_a_row = head.estimated_size() / head.height
    cut = plan(most, wanted, bytes_a_row) if rows is None else _cut_again(most, wanted, rows, bytes_a_row)
    if rows is None and cut.rows < _ROWS:
        partitions = _partitions(job, cut.rows, cut.jobs, told)
    return LargeData(partitions, head, cut, job.key, job.labels)


def _cut_again(memory: int, jobs: int, rows: int, bytes_a_row: float) -> Plan:
    """Return the plan of a job that is resumed: its partitions are as they were."""
    fit = jobs_for(memory, jobs, rows, bytes_a_row)
    if not fit:
        least = -(-least_bytes(rows, bytes_a_row) // 2**20)
        raise ParameterError(
            f"{memory:,} bytes of memory are too little to go on with a job of {rows:,} rows a partition. "
            f"Give it at least --memory {least}M, or begin anew in another folder."
        )
    return Plan(rows, fit)


def _partitions(job: Job, rows: int, jobs: int, told: Told) -> Partitions:
    wanted = (
        list(dict.fromkeys([*job.columns, *filter(None, (job.key, job.labels))])) if job.columns else None
    )
    limits = Limits.of(job.limits) if job.limits else None
    return find_partitions(job.place, job.format, wanted, rows, limits, told, jobs)


def _first(partitions: Partitions) -> Partition:
    """Return the first partition, of Parquet its first rows."""
    first = partitions.partitions[0]
    if isinstance(partitions.reader, ParquetReader) and first.rows > _HEAD:
        return replace(first, rows=_HEAD, stop=first.start + _HEAD)
    return first
