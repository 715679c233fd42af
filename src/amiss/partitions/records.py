"""What goes to other processes: partitions, what reads them, what was counted; and the work done there."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from amiss.errors import AmissError
from amiss.partitions.base import Partition
from amiss.partitions.counting import Counted, Range, counted_or_none
from amiss.partitions.csv import CsvReader
from amiss.partitions.lines import JsonlReader, LinesReader
from amiss.partitions.parquet import ParquetReader
from amiss.sources.dialect import Dialect
from amiss.sources.limits import Limits
from amiss.sources.seen import SeenTexts, SeenValues
from amiss.workers import Task

RECORDS: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        *(Partition, ParquetReader, CsvReader, JsonlReader, LinesReader),
        *(Range, Counted, SeenTexts, SeenValues, Dialect, Limits),
    )
}
"""The dataclasses by name, as `packed.unpack` takes them."""


def open_work(opening: Task) -> Any:
    """Return what counts a range, or reads chosen rows of a partition as the bytes of an Arrow file."""
    reader = opening["reader"]

    def work(task: Task) -> Task:
        if "range" in task:
            return {"counted": counted_or_none(reader, task["range"], task["most"])}
        try:
            frame = reader.read(task["partition"])[task["rows"]]
        except AmissError as error:
            return {"failed": str(error)}
        file = io.BytesIO()
        frame.write_ipc(file)
        return {"rows": np.frombuffer(file.getvalue(), np.uint8)}

    return work
