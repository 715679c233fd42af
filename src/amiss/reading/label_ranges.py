"""Ranges of a series that somebody labelled -> one label a row: from when to when, or from which row to which."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import DataError, ParameterError
from amiss.reading.frames import Frame, read_frame
from amiss.reading.resampling import Moments
from amiss.reading.time_column import read_times

_LEGAL = "Legal: (start, end, label), not ending before it begins, such as ('2024-03-01 08:00', '2024-03-01 12:00', 1)."


def is_ranges(labels: Any) -> bool:
    """Return whether labels are ranges, (start, end, label) each, and not one a row.

    Examples
    --------
    >>> is_ranges([(10, 20, 1)]), is_ranges([1, 0, None])
    (True, False)
    """
    return (
        isinstance(labels, list | tuple)
        and bool(labels)
        and all(isinstance(one, list | tuple) for one in labels)
    )


def labels_of_rows(ranges: Any, rows: int) -> FloatArray:
    """Return the label of each row, NaN where no range is, shape (rows,); of ranges that overlap the later one counts.

    Parameters
    ----------
    ranges : list of (start, end, label)
        Numbers of rows from 0, the end among them; label 1 bad, 0 good.
    rows : int

    Raises
    ------
    ParameterError
        A range is none.

    Examples
    --------
    >>> labels_of_rows([(1, 2, 1), (4, 4, 0)], 5)
    array([nan,  1.,  1., nan,  0.])
    """
    out = np.full(rows, np.nan)
    for at, (start, end, label) in enumerate(_checked(ranges)):
        whole = all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in (start, end))
        if not whole or not 0 <= start <= end < rows:
            raise ParameterError(
                f"Range {at} of the labels goes from {start!r} to {end!r}. The series has no times, so legal are "
                f"numbers of rows from 0 to {rows - 1}, the end not before the start."
            )
        out[start : end + 1] = label
    return out


def labels_of_times(
    ranges: Any, frame: Frame, time: str, tz: str | None = None, time_format: str | None = None
) -> FloatArray:
    """Return the label of each row, NaN where no range is, shape (rows,); of ranges that overlap the later one counts.

    Parameters
    ----------
    ranges : list of (start, end, label)
        Times as in the data, or dates; both ends are in the range. Those that name no zone are times of ``tz``, or of
        the zone of the data.
    frame : Frame
        The series.
    time : str
        Its column of times.
    tz, time_format : str, optional
        As for `read_times`.

    Raises
    ------
    ParameterError
        A range is none.
    """
    checked = _checked(ranges)
    rows = read_times(frame, time, tz, time_format)
    zone = None if rows.counted else tz or rows.zone
    starts, ends = (
        _moments([one[side] for one in checked], time, zone, time_format, rows.style) for side in (0, 1)
    )
    out = np.full(len(frame), np.nan)
    for at, (start, end, (_, _, label)) in enumerate(zip(starts, ends, checked, strict=True)):
        if end < start:
            raise ParameterError(f"Range {at} of the labels ends before it begins: {ranges[at]!r}. {_LEGAL}")
        out[(rows.moments >= start) & (rows.moments <= end)] = label
    return out


def _checked(ranges: Any) -> list[tuple[Any, Any, float]]:
    """Return the ranges, their labels as numbers.

    Raises
    ------
    ParameterError
        One has not three parts, or its label is neither 1 nor 0.
    """
    for at, one in enumerate(ranges):
        if len(one) != 3:
            raise ParameterError(f"Range {at} of the labels is {one!r}. {_LEGAL}")
        if isinstance(one[2], str) or one[2] not in (0, 1):
            raise ParameterError(
                f"The label of range {at} is {one[2]!r}. Legal: 1 (anomaly), 0 (normal); leave out what nobody knows."
            )
    return [(start, end, float(label)) for start, end, label in ranges]


def _moments(
    times: list[Any], name: str, zone: str | None, time_format: str | None, style: str | None
) -> Moments:
    """Return when ranges begin or end.

    Raises
    ------
    ParameterError
        One is no time.
    """
    try:
        return read_times(read_frame({name: times}), name, zone, time_format, style).moments
    except DataError as error:
        raise ParameterError(
            f"A range of the labels has an end that is no time, among {', '.join(map(repr, times[:3]))}. {_LEGAL}"
        ) from error
