"""Cluster: where the partitions of data are scored, in processes of this machine or on many machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.part import Part

if TYPE_CHECKING:
    from amiss.clusters.summary import Summary


@dataclass(frozen=True)
class Work:
    """What is to be done with every partition: read it, score it, write its part file, and tell of it.

    Plain values and records, so that `amiss.packed` carries it to other processes and machines.

    Attributes
    ----------
    reader : record
        ``reader.read(partition)`` returns the rows of a partition as a polars frame (`amiss.partitions`).
    model : str
        Path of the model file; every worker loads it once.
    network : str or None
        The network of the user's own that the model holds, by name: "my_nets:Autoencoder".
    keys : tuple of str
        Columns that name the rows, see `score_batches`.
    unseen : tuple of str
        Columns that are neither looked at nor given back.
    causes : bool
        Whether to say why a row is anomalous.
    folder : str or None
        Where part files go, as ``part-00000.parquet``; None: nowhere, the summaries are all.
    worst : int
        So many anomalies of a partition are told at most.
    jobs : int
        So many processes at a time.
    """

    reader: Any
    model: str
    network: str | None = None
    keys: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    causes: bool = True
    folder: str | None = None
    worst: int = 1000
    jobs: int = 1


@dataclass(frozen=True)
class Failure:
    """A partition that could not be done, though it was tried twice, and why in a sentence.

    Attributes
    ----------
    number : int
        Of the partition.
    reason : str
    """

    number: int
    reason: str


class Cluster(Part):
    """Where partitions are scored.

    A cluster calls `amiss.clusters.partition_work.open_work` once in each of its processes, and what that returns for
    each partition: so whatever is asked for, and whoever does it, the part files are the same to the last bit.
    """

    shelf: ClassVar[str] = "cluster"

    def score(self, work: Work, partitions: Sequence[Any]) -> Iterator[Summary | Failure]:
        """Do the work on some partitions, and yield a summary of each as it is done, in any order.

        A part file is written whole or not at all. A partition that fails is tried once more; then it is yielded as
        a `Failure`, and the others go on. However it ends, by an error or because nobody asks for more, no process
        of it is left.

        Parameters
        ----------
        work : Work
        partitions : sequence of Partition
            Those to do; of a job that is resumed, those that are left.

        Yields
        ------
        Summary or Failure

        Raises
        ------
        ClusterError
            There is no such cluster, or it cannot be used.
        """
        raise NotImplementedError
