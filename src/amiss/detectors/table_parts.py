"""Rows of a table judged part by part, so that what is made of them on the way fits the processor's caches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from amiss.batch import FloatArray
from amiss.numerics.blocks import in_parts
from amiss.reading.columns import ColumnReader, Table
from amiss.reading.frames import Frame


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
    out = np.empty(len(frame))

    def fill(part: slice) -> None:
        """Judge the rows of one part."""
        out[part] = judge(reader.table(frame, part))

    if any(column.dtype == object for column in frame.columns):
        fill(slice(0, len(frame)))
    else:
        in_parts(fill, len(frame))
    return out


__all__ = ["judged"]
