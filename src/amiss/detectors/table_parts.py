"""Tables as models see them, and judged part by part, so that what is made on the way fits the processor's caches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from amiss.batch import Batch, FloatArray
from amiss.detectors.odd_cells import numbers_of
from amiss.models.categorical import Levels
from amiss.numerics.blocks import in_parts
from amiss.reading.columns import ColumnReader, Table
from amiss.reading.frames import Frame

_FREED = (
    31 * 2**20
)  # bytes: the C library (glibc, mallopt(3)) keeps twice the largest block freed, of at most 32 MB


def judged(reader: ColumnReader, frame: Frame, judge: Callable[[Table], FloatArray]) -> FloatArray:
    """Return what ``judge`` says of each row, shape (rows,).

    Columns of texts go in one piece: a text is judged once for all its cells.

    Parameters
    ----------
    reader : ColumnReader
    frame : Frame
        What ``reader.frame`` returned.
    judge : callable
        Takes a table and returns a number a row, the same one in any company.
    """
    np.empty(
        _FREED, np.uint8
    )  # freed: from now on a part gets the memory of the last one, not new one to be cleared
    out = np.empty(len(frame))

    def fill(part: slice) -> None:
        """Judge the rows of one part."""
        out[part] = judge(reader.table(frame, part))

    if any(column.dtype == object for column in frame.columns):
        fill(slice(0, len(frame)))
    else:
        in_parts(fill, len(frame))
    return out


def numbers_and_levels(
    table: Table, numeric: list[int], categorical: list[int], levels: list[Levels]
) -> Batch:
    """Return the numbers of a table and, beside them, the places of its levels.

    Parameters
    ----------
    table : Table
    numeric, categorical : list of int
        Places of the columns.
    levels : list of Levels
        What each of ``categorical`` held in training.
    """
    batch = numbers_of(table, numeric)
    if not levels:
        return batch
    columns = [table.columns[j] for j in categorical]
    places = [known.places(c.distinct, c.codes) for known, c in zip(levels, columns, strict=True)]
    lost = np.column_stack([c.missing for c in columns])
    codes = np.where(lost, -1, np.column_stack(places))
    return replace(batch, codes=codes, lost=lost, levels=tuple(len(known.levels) for known in levels))


__all__ = ["judged", "numbers_and_levels"]
