"""What is done with one partition: read it, score it, write its part file. Every cluster does this very work."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amiss import atomic
from amiss.clusters.base import Failure, Work
from amiss.clusters.scoring import answer_frame, check_points_stand_alone, scored
from amiss.clusters.summary import RECORDS as SUMMARIES
from amiss.clusters.summary import Summary, rows_of, summarised
from amiss.errors import AmissError, SinkError
from amiss.partitions import RECORDS as PARTITIONS
from amiss.partitions import Partition

if TYPE_CHECKING:
    import polars

RECORDS: dict[str, type[Any]] = {**PARTITIONS, **SUMMARIES, "Work": Work, "Failure": Failure}
"""What goes to other processes and back."""

_KEY = "amiss"
"""Under this key the metadata of a part file holds its summary."""

Doing = Callable[[Partition], Summary | Failure]


def open_work(opening: dict[str, Any]) -> Callable[[dict[str, Any]], Summary | Failure]:
    """Return what does a task of `amiss.workers`: ``{"partition": Partition}``; ``{"work": Work}`` opens it."""
    do = doing(opening["work"])
    return lambda task: do(task["partition"])


def doing(work: Work) -> Doing:
    """Return what does the work on a partition; the model is loaded here, once.

    What cannot be read or judged is answered with a `Failure`.

    Raises
    ------
    ModelFileError
        The model cannot be loaded.
    DataError
        It is one of series.
    """
    from amiss.model_file import load
    from amiss.models.given import network_named

    detector = load(work.model, models=network_named(work.network) if work.network else None)
    check_points_stand_alone(detector)
    digest = digest_of(work.model)

    def do(partition: Partition) -> Summary | Failure:
        try:
            return _done(detector, digest, work, partition)
        except AmissError as error:
            return Failure(partition.number, str(error))

    return do


def _done(detector: Any, digest: str, work: Work, partition: Partition) -> Summary:
    frame = work.reader.read(partition)
    frame = frame.drop(work.unseen) if work.unseen else frame
    answer = scored(detector, frame, work.keys, work.causes)
    rows = rows_of(frame, partition.first_row, detector.kind, work.keys)
    summary = summarised(partition.number, answer, rows, work.worst, digest)
    if work.folder is not None:
        told = answer_frame(frame, answer, work.keys, work.causes)
        _write(told, summary, part_path(work.folder, partition.number))
    return summary


def part_path(folder: str, number: int) -> str:
    """Return the path of the part file of a partition.

    Examples
    --------
    >>> part_path("scores", 7)
    'scores/part-00007.parquet'
    """
    return os.path.join(folder, f"part-{number:05}.parquet")


def _write(answer: polars.DataFrame, summary: Summary, path: str) -> None:
    out = io.BytesIO()
    answer.write_parquet(out, metadata={_KEY: summary.to_text()})
    try:
        atomic.write(path, [out.getvalue()])
    except OSError as error:
        raise SinkError(
            f"{path!r} cannot be written: {error.strerror or error}. Give a folder that you may write to and that has "
            "room."
        ) from error


def summary_at(path: str) -> Summary | None:
    """Return the summary that a part file holds; None where there is no whole part file."""
    import polars as pl

    try:
        return Summary.from_text(pl.read_parquet_metadata(path)[_KEY])
    except (OSError, KeyError, ValueError, pl.exceptions.PolarsError):
        return None


def digest_of(path: str) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
