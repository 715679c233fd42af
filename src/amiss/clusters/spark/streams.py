"""Structured streaming: every batch of a stream is scored and written once, also where it comes twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from amiss.clusters.spark.carried import Carried, Model, carried, detector_from
from amiss.clusters.spark.rows import answered, looked_at
from amiss.clusters.spark.session import checked_spark, names_of
from amiss.errors import SinkError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Write = Callable[["DataFrame", int], None]


def foreach_batch(
    model: Model, write: Write, keys: str | Sequence[str] = (), causes: bool = True
) -> Callable[[DataFrame, int], None]:
    """Return what scores each batch of a stream, for ``DataStreamWriter.foreachBatch``.

    Parameters
    ----------
    model : Detector or path
        A fitted detector of tables or strings, or its model file; it is read once, here.
    write : callable
        Is given the answer on a batch, as `score` returns it, and the number of the batch. After a failure Spark gives
        the last batch once more with the same number: `to_folder` replaces its answer.
    keys, causes
        As for `score`.

    Returns
    -------
    callable
        Of a batch and its number. It raises the errors of `score`.
    """
    checked_spark()
    detector, keys = detector_from(model), names_of(keys)
    sent: list[Carried] = []

    def score_batch(batch: DataFrame, number: int) -> None:
        looked = looked_at(detector, batch.columns, keys)
        if not sent:
            sent.append(carried(batch.sparkSession, detector))
        write(answered(batch, sent[0], looked, keys, causes), number)

    return score_batch


def to_folder(folder: str | os.PathLike[str], format: str = "parquet") -> Write:
    """Return what writes the answer on each batch into a folder of its own: ``batch=17`` in ``folder``.

    A batch that comes again replaces its answer, so nothing is lost and nothing stands twice. One folder is for one
    stream: numbers begin anew where a checkpoint is, and the answers of another stream would be replaced.

    Parameters
    ----------
    folder : str or path
        Any place that Spark can write to.
    format : str
        "parquet", "orc", "json" or "csv"; or what else Spark writes.

    Returns
    -------
    callable
        For `foreach_batch`. It raises `SinkError` where the folder holds a later batch: that is another stream's.
    """
    place = os.fspath(folder).rstrip("/")

    def write(answer: DataFrame, number: int) -> None:
        last = _last_batch(answer.sparkSession, place)
        if last > number:
            raise SinkError(
                f"The folder {place!r} holds batch {last:,}, and batch {number:,} is to be written: the folder is that "
                "of another stream, or the checkpoint of this one is new. Give another folder."
            )
        answer.write.format(format).mode("overwrite").save(f"{place}/batch={number}")

    return write


def _last_batch(session: Any, place: str) -> int:
    """Return the highest number of a batch in a folder, -1 where there is none; by Spark's own way to files."""
    if not hasattr(session, "sparkContext"):
        return -1  # a remote session tells nothing of its files
    context = session.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(place)
    files = path.getFileSystem(context._jsc.hadoopConfiguration())
    if not files.exists(path):
        return -1
    names = [status.getPath().getName() for status in files.listStatus(path)]
    numbers = [name.removeprefix("batch=") for name in names if name.startswith("batch=")]
    return max((int(number) for number in numbers if number.isdecimal()), default=-1)
