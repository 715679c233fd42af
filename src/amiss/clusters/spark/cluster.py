"""The part of the shelf: the partitions of data too large for memory are scored by the executors of a Spark cluster."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.clusters.base import Cluster, Failure, Work
from amiss.clusters.partition_work import RECORDS, Doing, digest_of, doing
from amiss.clusters.spark.carried import one_thread
from amiss.clusters.spark.session import checked_spark
from amiss.clusters.summary import Summary
from amiss.errors import AmissError, ClusterError, in_one_line
from amiss.packed import pack, unpack
from amiss.partitions import Partition

if TYPE_CHECKING:
    from pyspark import SparkContext

_AT_A_TIME = 8  # partitions a core that are asked for together: so often is told how far the work is
_open: dict[bytes, Doing] = {}


class SparkCluster(Cluster):
    """The executors of a Spark cluster; they read the data and write the part files, so they reach both folders.

    Parameters
    ----------
    master : str
        Where the cluster is, such as ``spark://HOST:7077``; empty: where Spark's own settings say, as in spark-submit.
    """

    name: ClassVar[str] = "spark"

    def __init__(self, master: str = "") -> None:
        self.master = master

    def score(self, work: Work, partitions: Sequence[Partition]) -> Iterator[Summary | Failure]:
        """Do the work on some partitions; see `Cluster.score`.

        Spark gives the partition of an executor that is lost to another one. Where a partition ends its job
        nevertheless, those that were asked for with it are asked for once more, one by one.
        """
        checked_spark()
        context, ours = self._context()
        try:
            task = _task(context, work)
            count = _AT_A_TIME * max(context.defaultParallelism, 1)
            for start in range(0, len(partitions), count):
                yield from _answers(context, task, partitions[start : start + count])
        finally:
            if ours:
                context.stop()

    def _context(self) -> tuple[SparkContext, bool]:
        """Return the way to the cluster, and whether it was opened here."""
        from pyspark.sql import SparkSession

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        ours = SparkSession.getActiveSession() is None
        builder = SparkSession.builder.appName("amiss").config("spark.ui.showConsoleProgress", "false")
        try:
            session = (builder.master(self.master) if self.master else builder).getOrCreate()
        except Exception as error:  # of Java, of the network, of the master: each of its own kind
            where = f"at {self.master!r}" if self.master else "where Spark's settings say"
            raise ClusterError(
                f"There is no Spark {where} that can be used: {in_one_line(error)}. Legal: the URL that its master "
                "tells, such as spark://HOST:7077, and Java 17 or later here: --cluster spark --master URL."
            ) from error
        return session.sparkContext, ours


@dataclass(frozen=True)
class _Task:
    """What an executor does with a partition, packed; and packed is its answer.

    It works in the folder that the job was started in, where that is there: paths mean the same then.
    """

    work: bytes
    model: Any
    folder: str

    def __call__(self, packed: bytes) -> bytes:
        one_thread()
        with suppress(OSError):
            os.chdir(self.folder)
        partition: Partition = unpack(packed, RECORDS)
        try:
            if self.work not in _open:
                _open.clear()
                _open[self.work] = self._opened()
        except AmissError as error:
            return pack(Failure(partition.number, str(error)))
        return pack(_open[self.work](partition))

    def _opened(self) -> Doing:
        """Load the model, which came once to this executor, from a file of its own."""
        work: Work = unpack(self.work, RECORDS)["work"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.amiss")
            path.write_bytes(self.model.value)
            return doing(replace(work, model=str(path)))


def _task(context: SparkContext, work: Work) -> _Task:
    packed = pack({"work": work, "digest": digest_of(work.model)})
    return _Task(packed, context.broadcast(Path(work.model).read_bytes()), os.getcwd())


def _answers(
    context: SparkContext, task: _Task, partitions: Sequence[Partition]
) -> Iterator[Summary | Failure]:
    try:
        yield from _together(context, task, partitions)
    except Exception as error:
        if len(partitions) == 1:
            yield Failure(
                partitions[0].number, f"The executor that worked on it failed: {in_one_line(error)}."
            )
            return
        if context._jsc is None or context._jsc.sc().isStopped():
            raise ClusterError(
                f"The cluster ended: {in_one_line(error)}. What is done is kept: give the same command once more."
            ) from error
        for partition in partitions:
            yield from _answers(context, task, [partition])


def _together(context: SparkContext, task: _Task, partitions: Sequence[Partition]) -> list[Any]:
    packed = [pack(one) for one in partitions]
    return [
        unpack(answer, RECORDS) for answer in context.parallelize(packed, len(packed)).map(task).collect()
    ]
