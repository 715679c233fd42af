"""Reading a series: which column holds the time, which are channels, and its rows as points in even steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import DataError
from amiss.reading.frames import Frame, read_frame
from amiss.reading.time_column import TimeColumn, holds_times, read_times
from amiss.reading.time_grid import Series, TimeGrid
from amiss.reading.values import is_missing, numbers

__all__ = ["Series", "Timeline"]

_NUMERIC_SHARE = 0.8
_NAMED = 12  # columns, in a message


class Timeline(TimeGrid):
    """Reads series: tells the time column from the channels, and puts the rows onto an even grid in time.

    Parameters
    ----------
    time : str or None
        The column that holds the time; None: the first that holds dates, if there is one.
    tz : str or None
        The zone of times that name none, in which all times are told; None: as they come.
    duplicates : str
        What becomes of rows of one time: their "mean", the "last" of them, or an "error".
    time_format : str or None
        One of `time_column.TIME_FORMATS`; None: found.
    """

    time: str | None
    tz: str | None = None
    time_format: str | None = None
    style: str | None = None
    channels: list[str]
    named: bool

    def __init__(
        self,
        time: str | None = None,
        tz: str | None = None,
        duplicates: str = "mean",
        time_format: str | None = None,
    ) -> None:
        self.time = time
        self.tz = tz
        self.duplicates = duplicates
        self.time_format = time_format

    def fit(self, data: Any) -> Series:
        """Learn the channels, the step and the time zone of ``data``; return its series.

        Raises
        ------
        DataError
            No column holds numbers, the time column is not there, time is missing, or stands twice where it must not.
        """
        frame = frame_of(data)
        self.time = self._find_time(frame)
        read = None if self.time is None else read_times(frame, self.time, self.tz, self.time_format)
        values = {n: _numeric(c) for n, c in zip(frame.names, frame.columns, strict=True) if n != self.time}
        self.channels = [name for name, column in values.items() if column is not None]
        if not self.channels:
            raise DataError(
                f"None of the columns ({_listed(frame.names)}) holds numbers. "
                "A series has at least one channel of numbers. For a list of texts use StringDetector."
            )
        self.named, self.timed, self.points = frame.named, read is not None, len(frame)
        self.first, self.last, self.step, self.months, self.regular = 0.0, 0.0, 1.0, 0, True
        self.timezone, self.style, self.counted = (
            (read.zone, read.style, read.counted) if read else (None, None, False)
        )
        series = Series(_stack([values[name] for name in self.channels]), None)
        if read is not None:
            self._learn_steps(np.unique(read.moments))
            series = self._on_grid(series.values, read)
            self.points = len(series)
        return replace(series, left_out=tuple(name for name, column in values.items() if column is None))

    def read(self, data: Any) -> Series:
        """Return the series of new data that has the channels learnt, in their order.

        Raises
        ------
        DataError
            A channel is not there or holds text, time is missing, or stands twice where it must not.
        """
        values, read = self.rows(data)
        return Series(values, None) if read is None else self._on_grid(values, read)

    def rows(self, data: Any) -> tuple[FloatArray, TimeColumn | None]:
        """Return the rows of new data as they stand, shape (rows, channels), and their times, if there are any.

        Raises
        ------
        DataError
            A channel is not there or holds text, or time is missing.
        """
        frame = frame_of(data)
        self._check_channels(frame)
        by_name = frame.named and self.named
        names = frame.names if by_name or self._are_there(frame) else tuple(self.channels)
        columns = dict(zip(names, frame.columns, strict=True))
        values = []
        for name in self.channels:
            column = _numeric(columns[name], share=0.0)
            if column is None:
                raise DataError(
                    f"Column {name!r} holds {columns[name].dtype}; it held numbers when the detector was "
                    "fitted. Give numbers."
                )
            values.append(column)
        timed = self.timed and self.time in columns
        return _stack(values), self._times(frame, str(self.time)) if timed else None

    def _times(self, frame: Frame, name: str) -> TimeColumn:
        read = read_times(frame, name, self.tz, self.time_format, self.style)
        if read.zone is None and self.timezone is not None and not read.counted:
            note = (
                f"The times of {name!r} name no zone and are taken as UTC; those learnt from were told in "
                f"{self.timezone}."
            )
            read = replace(read, notes=(*read.notes, note))
        return read

    def _check_channels(self, frame: Frame) -> None:
        if self._are_there(frame):
            return
        if not (frame.named and self.named):  # by position
            if len(frame.names) == len(self.channels):
                return
            raise DataError(
                f"X has {len(frame.names)} features, but SeriesDetector is expecting {len(self.channels)} "
                "features as input. Give the channels that were given to fit."
            )
        missing = next(name for name in self.channels if name not in frame.names)
        raise DataError(
            f"Column {missing!r} is not there; the columns are {_listed(frame.names)}. The detector was fitted "
            f"with the channels {_listed(self.channels)}: give all of them, or fit a detector on this data."
        )

    def _are_there(self, frame: Frame) -> bool:
        return set(self.channels) <= set(frame.names)

    def _find_time(self, frame: Frame) -> str | None:
        if self.time is not None and self.time not in frame.names:
            raise DataError(
                f"Time column {self.time!r} is not there. The columns are "
                f"{_listed(frame.names)}. Name one of them: SeriesDetector(time=...)."
            )
        of_times = (n for n, c in zip(frame.names, frame.columns, strict=True) if holds_times(c))
        return next(of_times, None) if self.time is None else self.time


def frame_of(data: Any) -> Frame:
    """Return the columns of a frame, an array, or a single channel."""
    if hasattr(data, "to_frame") and not hasattr(data, "columns"):
        name = getattr(data, "name", None) or "value"
        data = data.to_frame(name)
    elif getattr(data, "ndim", None) == 1 and not np.asanyarray(data).dtype.names:
        data = np.asanyarray(data).reshape(-1, 1)
    elif isinstance(data, list | tuple) and data and all(isinstance(v, int | float | None) for v in data):
        data = np.array(data, dtype=object).reshape(-1, 1)
    index = getattr(data, "index", None)
    frame = read_frame(data, what="series")
    if getattr(getattr(index, "dtype", None), "kind", "") == "M" and "time" not in frame.names:
        moments = index.to_numpy().astype("datetime64[us]")  # type: ignore[union-attr]
        zones = {"time": str(index.tz)} if index.tz is not None else {}  # type: ignore[union-attr]
        return Frame(("time", *frame.names), [moments, *frame.columns], timezones=zones)
    return frame


def _numeric(column: Any, share: float = _NUMERIC_SHARE) -> FloatArray | None:
    """Return a column as numbers, NaN missing; None where it holds something else."""
    if column.dtype.kind == "f":
        return np.asarray(column, np.float64)
    if column.dtype != object:
        return None
    real = sum(not is_missing(text) for text in column)
    values, found = numbers(column.tolist())
    return values if found.sum() >= share * real and (real or not share) else None


def _listed(names: Any) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more


def _stack(columns: list[Any]) -> FloatArray:
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float64)
