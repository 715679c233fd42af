"""A column of times -> moments: texts in any style, numbers in any unit, local times of a zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.errors import DataError, ParameterError
from amiss.reading.frames import Frame
from amiss.reading.moments import date_styles, has_zone, read_date, read_dates
from amiss.reading.resampling import Moments
from amiss.reading.values import dates, is_missing, numbers
from amiss.reading.zones import OFFSET, from_the_wall, zone_named

_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}  # -> us
_EPOCH_SIZES = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))
_SMALLEST_EPOCH = _EPOCH_SIZES[-1][0]
_EXCEL_DAY_ZERO = -25_569 * 86_400 * 1_000_000  # 1899-12-30
_DAYS = (19_000_101, 20_991_231)
_ORDERS = {"dmy": "the day first", "mdy": "the month first"}
_NAMED_ZONE = re.compile(r"\s+([A-Z][A-Za-z_]*/[A-Za-z_/+-]+)\Z", re.ASCII)
TIME_FORMATS = (*_UNITS, "excel", *_ORDERS)
"""What ``time_format`` may state."""


@dataclass(frozen=True)
class TimeColumn:
    """The times of the rows of the data, rows as given.

    Attributes
    ----------
    moments : ndarray of shape (rows,), datetime64[us]
        UTC where the zone is known, else as written. Numbers that are no seconds since 1970 stand here as if they
        were.
    zone : str or None
        What the moments are told in.
    style : str or None
        How texts are written, None for what is no text.
    counted : bool
        Whether the times are numbers that count something else than time since 1970.
    notes : tuple of str
        What the reader should know.
    """

    moments: Moments
    zone: str | None = None
    style: str | None = None
    counted: bool = False
    notes: tuple[str, ...] = ()


def check_format(time_format: Any) -> None:
    """Raise where ``time_format`` is none of those known.

    Raises
    ------
    ParameterError
    """
    if time_format is not None and time_format not in TIME_FORMATS:
        raise ParameterError(
            f"time_format is {time_format!r}. Legal: {', '.join(map(repr, TIME_FORMATS))}, or None to find it."
        )


def holds_times(column: AnyArray) -> bool:
    """Return whether a column is one of dates: typed as such, or texts that all are dates."""
    return column.dtype.kind == "M" or (column.dtype == object and _are_dates(column))


def read_times(
    frame: Frame, name: str, tz: str | None = None, time_format: str | None = None, style: str | None = None
) -> TimeColumn:
    """Return the times in the column ``name``.

    Parameters
    ----------
    frame : Frame
    name : str
    tz : str, optional
        The zone of times that name none, in which all are told.
    time_format : str, optional
        One of `TIME_FORMATS`: the unit of numbers since 1970, "excel" for days since 1899-12-30, or which of day and
        month stands first. Found where it is None.
    style : str, optional
        How the texts of the training data were written: so are these, where they can be.

    Raises
    ------
    DataError
        A row holds no time.
    """
    column = frame.columns[frame.names.index(name)]
    read = (
        TimeColumn(column.astype("datetime64[us]"), frame.timezones.get(name))
        if column.dtype.kind == "M"
        else None
    )
    has_own_zone = np.full(len(column), read is not None and read.zone is not None)
    if read is None and column.dtype == object:
        read, has_own_zone = _from_texts(column, name, time_format, style)
    if read is None:
        numeric = column if column.dtype.kind == "f" else numbers(column.tolist())[0]
        read = _from_days(numeric) if time_format is None else None
        if read is None:
            read = _from_numbers(numeric, time_format)
            has_own_zone[:] = True
    gone = np.flatnonzero(np.isnat(read.moments))
    if len(gone):
        raise DataError(
            f"Time column {name!r} holds no time in row {gone[0]} ({column[gone[0]]!r}). Every point needs a "
            "date or a time. Leave out such rows."
        )
    return read if tz is None or read.counted else _localised(read, has_own_zone, name, tz)


def _localised(read: TimeColumn, has_own_zone: BoolArray, name: str, tz: str) -> TimeColumn:
    """Return the times in UTC, those without a zone taken as local ones, to be told in ``tz``."""
    local = np.flatnonzero(~has_own_zone)
    zone = zone_named(tz)
    moments, notes = read.moments.copy(), list(read.notes)
    if len(local):
        moments[local], never = from_the_wall(read.moments[local], zone)
        if never.any():
            row = int(local[np.flatnonzero(never)[0]])
            notes.append(
                f"{never.sum():,} time{'s' * int(never.sum() > 1)} of {name!r} never came in {tz}, where the clocks "
                f"were set forward (row {row}: {str(read.moments[row])[:19]}); read as if they had not been yet."
            )
    return TimeColumn(moments, tz, read.style, False, tuple(notes))


# ---------------------------------------------------------------- numbers
def _from_days(numeric: FloatArray) -> TimeColumn | None:
    """Return numbers that all are dates without marks (20240131) as moments; None where they are not."""
    if not ((numeric >= _DAYS[0]) & (numeric <= _DAYS[1]) & (numeric == np.floor(numeric))).all():
        return None
    moments = _moments([str(int(day)) for day in numeric], "compact")
    return None if np.isnat(moments).any() else TimeColumn(moments)


def _from_numbers(numeric: FloatArray, time_format: str | None) -> TimeColumn:
    """Return numbers as moments: in the unit stated, else seconds, milli-, micro- or nanoseconds by their size."""
    finite = np.abs(numeric[np.isfinite(numeric)])
    size = float(np.median(finite)) if len(finite) else 0.0
    found = next((unit for least, unit in _EPOCH_SIZES if size >= least), None)
    unit = time_format if time_format in (*_UNITS, "excel") else found
    with np.errstate(over="ignore"):
        scaled = numeric * (86_400e6 if unit == "excel" else _UNITS[unit or "s"])
    out = np.full(len(numeric), np.datetime64("NaT", "us"))
    fine = np.abs(scaled) < 2**62
    whole = np.round(scaled[fine]).astype(np.int64) + (_EXCEL_DAY_ZERO if unit == "excel" else 0)
    out[fine] = whole.astype("datetime64[us]")
    return TimeColumn(out, counted=unit is None)


# ---------------------------------------------------------------- texts
def _are_dates(column: AnyArray) -> bool:
    real = [text for text in column if not is_missing(text)]
    if not real or not np.isfinite(dates(real[:50])[0].astype(np.float64)).any():
        return False
    return bool(dates(real)[1].all()) and not numbers(real[:50])[1].all()


def _from_texts(
    column: AnyArray, name: str, time_format: str | None, style: str | None
) -> tuple[TimeColumn | None, BoolArray]:
    """Return the times in texts, None where they are no dates, and which of them name their zone."""
    texts, named = _without_zone_name(column.tolist())
    real = [text for text in texts if text is not None and not is_missing(text)]
    styles = [] if time_format in (*_UNITS, "excel") else date_styles(real)
    styles = [one for one in styles if one != "clock"]
    zoned = np.zeros(len(texts), bool)
    if not styles:
        return None, zoned
    if time_format in _ORDERS and set(_ORDERS) & set(styles):
        styles = [str(time_format)]
    chosen, note = _order_of(texts, name, styles, style)
    moments = _moments(texts, chosen)
    if any(has_zone(text, chosen) for text in real[:1000]):
        zoned = np.array([text is not None and has_zone(text, chosen) for text in texts], bool)
    zone = _offset_of(real) if zoned.any() else None
    if named is not None:
        moments = from_the_wall(moments, zone_named(named))[0] if not zoned.any() else moments
        zone, zoned = named, np.ones(len(texts), bool)
    return TimeColumn(moments, zone, chosen, notes=(note,) if note else ()), zoned


def _moments(texts: list[str | None], style: str) -> Moments:
    seconds = read_dates(texts, style)
    found = np.isfinite(seconds)
    moments = np.full(len(texts), np.datetime64("NaT", "us"))
    moments[found] = np.round(seconds[found] * 1e6).astype(np.int64).astype("datetime64[us]")
    return moments


def _without_zone_name(texts: list[str | None]) -> tuple[list[str | None], str | None]:
    """Return the texts without the name of the zone they all end with ("... Europe/Berlin"), and that name."""
    ends = {match[1] if (match := _NAMED_ZONE.search(text)) else None for text in texts if text is not None}
    if len(ends) != 1 or None in ends:
        return texts, None
    return [text and _NAMED_ZONE.sub("", text) for text in texts], str(ends.pop())


def _order_of(
    texts: list[str | None], name: str, styles: list[str], learnt: str | None
) -> tuple[str, str | None]:
    """Return the style of the texts, and a note where it was a guess whether the day or the month stands first."""
    if learnt in styles:
        return str(learnt), None
    if not set(_ORDERS) <= set(styles):
        return styles[0], None
    first = next(text for text in texts if text and not is_missing(text))
    if "." in first.split(" ")[0]:
        return "dmy", None  # with dots the day stands first
    disorder = {style: _disorder(_moments(texts, style)) for style in _ORDERS}
    style = "dmy" if disorder["dmy"] < disorder["mdy"] else "mdy"
    why = (
        "no date tells"
        if disorder["dmy"] == disorder["mdy"]
        else "so the times go on in steadier steps than the other way round"
    )
    day = np.datetime64(int(read_date(first, style)), "s").astype("datetime64[D]")
    other = next(one for one in _ORDERS if one != style)
    return style, (
        f"Time column {name!r} is read with {_ORDERS[style]} ({first!r} is {day}): {why}. If it is not, say so: "
        f"time_format={other!r}."
    )


def _disorder(moments: Moments) -> tuple[float, float]:
    """Return how often times go back, and how many of the steps are not the usual one."""
    steps = np.diff(moments[~np.isnat(moments)]).astype(np.int64)
    if not len(steps):
        return 0.0, 0.0
    return float((steps < 0).mean()), float((steps != np.median(steps)).mean())


def _offset_of(texts: list[str]) -> str:
    """Return the offset that all texts are written with: "UTC+01:00"; "UTC" where they differ."""
    ends = {text.strip()[-6:] for text in texts}
    found = {match.groups() if (match := OFFSET.search(end)) else None for end in ends}
    offset = found.pop() if len(found) == 1 else None
    return "UTC" if offset in (None, ("+", "00", "00")) else "UTC{}{}:{}".format(*offset)
