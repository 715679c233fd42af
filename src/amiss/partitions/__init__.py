"""Partitions: data larger than memory, cut into pieces; each cell as `amiss.sources` reads it in one piece."""

from amiss.partitions.base import Partition, Partitions, Reader
from amiss.partitions.finding import find_partitions
from amiss.partitions.places import is_partitioned
from amiss.partitions.records import RECORDS
from amiss.partitions.sampling import SAMPLE, sample

__all__ = [
    "Partition",
    "Partitions",
    "Reader",
    "RECORDS",
    "SAMPLE",
    "find_partitions",
    "is_partitioned",
    "sample",
]
