"""Time of a series: which column holds it, its step and time zone, and how a moment is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amiss.batch import FloatArray
from amiss.errors import DataError
from amiss.part import Stored
from amiss.reading.frames import Frame, number_text, read_frame
from amiss.reading.values import dates, is_missing, numbers

Moments = NDArray[np.datetime64]

_NUMERIC_SHARE = 0.8
_REGULAR = 0.01
_EPOCH_UNITS = ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3), (1e8, 1e6))  # ns, us, ms, s -> us
_SMALLEST_EPOCH = _EPOCH_UNITS[-1][0]
_OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2}):?(\d{2})\Z", re.ASCII)
_NAMED = 12  # columns, in a message
_STEP_NAMES = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


@dataclass(frozen=True)
class Series:
    """Raw values of the channels and the time of each point.

    Attributes
    ----------
    values : ndarray of shape (points, channels)
        Raw units; NaN where missing, infinities as given.
    times : ndarray of shape (points,), datetime64[us], or None
        UTC where the time zone is known, else as written; None where the data has no time. Numbers that are no
        seconds since 1970 stand here as if they were.
    left_out : tuple of str
        Columns that are neither time nor numbers.
    """

    values: FloatArray
    times: Moments | None
    left_out: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)


class Timeline(Stored):
    """Reads series: tells the time column from the channels, and where a stretch stands in time.

    Parameters
    ----------
    time : str or None
        The column that holds the time; None: the first that holds dates, if there is one.
    """

    time: str | None
    channels: list[str]
    named: bool
    timed: bool
    counted: bool
    timezone: str | None
    points: int
    first: float
    last: float
    step: float
    months: int
    regular: bool

    def __init__(self, time: str | None = None) -> None:
        self.time = time

    def fit(self, data: Any) -> Series:
        """Learn the channels, the step and the time zone of ``data``; return its series.

        Raises
        ------
        DataError
            No column holds numbers, the time column is not there, or time is missing or goes back.
        """
        frame = _frame_of(data)
        time, moments, zone = self._find_time(frame)
        values = {n: _numeric(c) for n, c in zip(frame.names, frame.columns, strict=True) if n != time}
        self.channels = [name for name, column in values.items() if column is not None]
        if not self.channels:
            raise DataError(
                f"None of the columns ({_listed(frame.names)}) holds numbers. "
                "A series has at least one channel of numbers. For a list of texts use StringDetector."
            )
        self.named, self.time, self.timed, self.timezone = frame.named, time, moments is not None, zone
        self.points, self.first, self.last, self.step = len(frame), 0.0, 0.0, 1.0
        self.months, self.regular = 0, True
        self.counted = moments is not None and _only_counts(frame, str(time), moments)
        if moments is not None and len(moments) > 1:
            seconds = _seconds(moments)
            steps = np.diff(seconds)
            self.first, self.last, self.step = float(seconds[0]), float(seconds[-1]), float(np.median(steps))
            self.months = 0 if self.counted else _months(moments)
            even = np.abs(steps - self.step) <= _REGULAR * self.step
            self.regular = bool(self.months or even.all())
        left_out = tuple(name for name, column in values.items() if column is None)
        return Series(_stack([values[name] for name in self.channels]), moments, left_out)

    def read(self, data: Any) -> Series:
        """Return the series of new data that has the channels learnt, in their order.

        Raises
        ------
        DataError
            A channel is not there or holds text, or time is missing or goes back.
        """
        frame = _frame_of(data)
        self._check_channels(frame)
        by_name = frame.named and self.named
        names = frame.names if by_name or self._are_there(frame) else tuple(self.channels)
        columns = dict(zip(names, frame.columns, strict=True))
        moments = None
        if self.timed and self.time in columns:
            moments, _ = _moments(frame, self.time)
        values = []
        for name in self.channels:
            column = _numeric(columns[name], share=0.0)
            if column is None:
                raise DataError(
                    f"Column {name!r} holds {columns[name].dtype}; it held numbers when the detector was "
                    "fitted. Give numbers."
                )
            values.append(column)
        return Series(_stack(values), moments, ())

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

    def _find_time(self, frame: Frame) -> tuple[str | None, Moments | None, str | None]:
        if self.time is not None:
            if self.time not in frame.names:
                raise DataError(
                    f"Time column {self.time!r} is not there. The columns are "
                    f"{_listed(frame.names)}. Name one of them: SeriesDetector(time=...)."
                )
            return self.time, *_moments(frame, self.time)
        for name, column in zip(frame.names, frame.columns, strict=True):
            if column.dtype.kind == "M" or (column.dtype == object and _are_dates(column)):
                return name, *_moments(frame, name)
        return None, None, None

    # ------------------------------------------------------------- where a stretch stands
    def place(self, moments: Moments | None) -> tuple[int, bool]:
        """Return the position of a stretch, counted from the first training point, and whether it follows on.

        A stretch without time is taken to follow on.

        Parameters
        ----------
        moments : ndarray of shape (points,), datetime64[us], or None
        """
        if moments is None or not self.timed or not len(moments):
            return self.points, True
        begins = float(_seconds(moments[:1])[0])
        step = self.step or 1.0
        steps = round((begins - self.last) / step)  # to the nearest: a month has 28 to 31 days
        if begins > self.last:
            return self.points - 1 + max(1, steps), steps <= 1
        return round((begins - self.first) / step), False

    def moments(self, count: int) -> dict[str, Moments]:
        """Return a column of moments spread evenly over the training series; none where it had no time."""
        if not self.timed or self.time is None:
            return {}
        seconds = np.linspace(self.first, self.last, count)
        return {self.time: (seconds * 1e6).astype(np.int64).astype("datetime64[us]")}

    def step_text(self) -> str | None:
        """Return the step between points in words: "5 min", "about 30 d", or a number; None without time."""
        if not self.timed or self.points < 2:
            return None
        if self.months:
            return f"{self.months} month{'s' * (self.months > 1)}"
        about = "" if self.regular else "about "
        if self.counted:
            return f"{about}{self.step:.4g}"
        unit, name = next(((u, n) for u, n in _STEP_NAMES if self.step >= u), (1.0, "s"))
        return f"{about}{self.step / unit:.4g} {name}"

    def texts(self, moments: Moments) -> list[str]:
        """Return moments as text in the time zone of the data, as short as they allow (ISO 8601); numbers as such."""
        if self.counted:
            return [number_text(second) for second in _seconds(moments).tolist()]
        zone = _zone(self.timezone)
        if zone is None:
            return [str(text) for text in np.datetime_as_string(moments, unit=_unit(moments))]
        from datetime import UTC

        local = (moment.replace(tzinfo=UTC).astimezone(zone) for moment in moments.tolist())
        return [moment.isoformat(sep="T") for moment in local]


def _frame_of(data: Any) -> Frame:
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


def _are_dates(column: Any) -> bool:
    real = [text for text in column if not is_missing(text)]
    if not real or not np.isfinite(dates(real[:50])[0].astype(np.float64)).any():
        return False
    return bool(dates(real)[1].all()) and not numbers(real[:50])[1].all()


def _moments(frame: Frame, name: str) -> tuple[Moments | None, str | None]:
    """Return the time column as moments that never go back, None where it only counts, and its time zone."""
    column, zone = frame.columns[frame.names.index(name)], frame.timezones.get(name)
    if column.dtype == object:
        moments, found, zone = dates(column.tolist())
        zone = zone and _offset_of(column)
        if not found.any():
            numeric, found = numbers(column.tolist())
            moments = _from_numbers(numeric) if found.any() else moments
    else:
        moments = column if column.dtype.kind == "M" else _from_numbers(column)
    gone = np.flatnonzero(np.isnat(moments))
    if len(gone):
        raise DataError(
            f"Time column {name!r} holds no time in row {gone[0]} ({column[gone[0]]!r}). Every point needs a "
            "date or a time. Leave out such rows."
        )
    back = np.flatnonzero(np.diff(moments) < np.timedelta64(0, "us"))
    if len(back):
        raise DataError(
            f"Time column {name!r} goes back in row {back[0] + 1}: {moments[back[0] + 1]} after "
            f"{moments[back[0]]}. Time must not go back. Sort the rows by {name!r}."
        )
    return moments, zone


def _from_numbers(numeric: FloatArray) -> Moments:
    """Return numbers as moments: seconds, milli-, micro- or nanoseconds since 1970, by their size."""
    finite = np.abs(numeric[np.isfinite(numeric)])
    size = float(np.median(finite)) if len(finite) else 0.0
    factor = next((f for least, f in _EPOCH_UNITS if size >= least), 1e6)
    out = np.full(len(numeric), np.datetime64("NaT", "us"))
    fine = np.abs(numeric * factor) < 2**62
    out[fine] = np.round(numeric[fine] * factor).astype(np.int64).astype("datetime64[us]")
    return out


def _only_counts(frame: Frame, name: str, moments: Moments) -> bool:
    """Return whether the time column holds numbers too small for seconds since 1970 (before 1973)."""
    column = frame.columns[frame.names.index(name)]
    numeric = column.dtype.kind == "f" or (column.dtype == object and not _are_dates(column))
    return bool(numeric and np.median(np.abs(_seconds(moments))) < _SMALLEST_EPOCH)


def _offset_of(column: Any) -> str:
    """Return the offset that all times of a column of texts are written with: "UTC+01:00"; "UTC" where they differ."""
    ends = {text.strip()[-6:] for text in column if not is_missing(text)}
    found = {match.groups() if (match := _OFFSET.search(end)) else None for end in ends}
    offset = found.pop() if len(found) == 1 else None
    return "UTC" if offset in (None, ("+", "00", "00")) else "UTC{}{}:{}".format(*offset)


def _listed(names: Any) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more


def _seconds(moments: Moments) -> FloatArray:
    return np.asarray(moments.astype("datetime64[us]").astype(np.int64) / 1e6)


def _stack(columns: list[Any]) -> FloatArray:
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float64)


def _unit(moments: Moments) -> Any:
    """Return the coarsest unit that tells all moments exactly."""
    for unit in ("M", "D", "m", "s"):
        if (moments == moments.astype(f"datetime64[{unit}]")).all():
            return unit
    return "us"


def _months(moments: Moments) -> int:
    """Return how many calendar months lie between points, 0 where they differ or the step is no month."""
    month = moments.astype("datetime64[M]")
    steps = np.unique(np.diff(month).astype(np.int64))
    same_day = len(np.unique(moments - month.astype(moments.dtype))) == 1
    return int(steps[0]) if len(steps) == 1 and same_day else 0


def _zone(name: str | None) -> Any:
    if name is None:
        return None
    from datetime import UTC, timedelta, timezone
    from zoneinfo import ZoneInfo

    fixed = _OFFSET.match(name)
    if fixed:
        sign, hours, minutes = fixed.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead) if ahead < timedelta(days=1) else UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
