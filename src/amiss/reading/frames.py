"""Frames and arrays in and out: pandas, polars, Arrow, narwhals, arrays, lists and dicts of columns.

Inside, a column is an array of one of three kinds: float64 (numbers and booleans), datetime64[us]
(moments), or objects that are str or None (everything else).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from amiss.batch import AnyArray
from amiss.errors import DataError

_NUMBERS = (Real, Decimal, np.bool_)


@dataclass(frozen=True)
class Frame:
    """Columns by position.

    Attributes
    ----------
    names : tuple of str
    columns : list of ndarray of shape (rows,)
        float64 (NaN missing), datetime64[us] (NaT missing) or object (str, None missing).
    named : bool
        False where the data came without names (arrays, lists of rows); they are x0, x1, ... then.
    booleans : tuple of str
        Names of the float columns that held True and False.
    timezones : dict
        Time zone of each datetime column that has one, by name; the values are UTC.
    """

    names: tuple[str, ...]
    columns: list[AnyArray]
    named: bool = True
    booleans: tuple[str, ...] = ()
    timezones: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


def read_frame(data: Any, *, what: str = "table") -> Frame:
    """Return the columns of ``data``.

    Parameters
    ----------
    data : frame, array, list of rows, or dict of columns
        pandas, polars (lazy too), Arrow, narwhals or `Frame`; a two-dimensional array; rows as lists, tuples or dicts.
    what : str
        What the data is called in messages.

    Raises
    ------
    DataError
        No rows or columns, not two-dimensional, complex numbers, two columns of one name, cells that are no
        single value (a list, a dict).
    TypeError
        The data is a sparse matrix.
    """
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        raise TypeError(
            f"Sparse data was given as a {what}. Legal: a dense array or a frame. Convert it: data.toarray()."
        )
    if isinstance(data, Frame):
        return _checked(data, what)
    if isinstance(data, Mapping):
        frame = _from_columns({str(k): v for k, v in data.items()}, data)
    elif isinstance(data, np.ndarray):
        frame = _from_array(data, what)
    elif (native := _narwhals_frame(data)) is not None:
        frame = _from_narwhals(native)
    elif isinstance(data, Sequence) and len(data) and all(isinstance(r, Mapping) for r in data):
        names = list(dict.fromkeys(str(k) for row in data for k in row))
        frame = _from_columns({n: [row.get(n) for row in data] for n in names}, data)
    else:
        frame = _from_array(_array_of(data, what), what)
    return _checked(frame, what)


def _checked(frame: Frame, what: str) -> Frame:
    if not frame.names:
        raise DataError(
            f"Found array with 0 feature(s) (shape=({len(frame)}, 0)) while a minimum of 1 is required. "
            f"Give a {what} with at least one column."
        )
    if not len(frame):
        raise DataError(
            f"Found array with 0 sample(s) (shape=(0, {len(frame.names)})) while a minimum of 1 is required. "
            f"Give a {what} with at least one row."
        )
    seen: set[str] = set()
    for name in frame.names:
        if name in seen:
            raise DataError(
                f"Column {name!r} occurs twice. Names of columns must differ. Rename one of the two."
            )
        seen.add(name)
    return frame


# ---------------------------------------------------------------- arrays and lists
def _array_of(data: Any, what: str) -> AnyArray:
    try:
        array = np.asarray(data)
        if array.dtype.kind in "US":  # numpy would turn the numbers of a mixed row into text
            array = np.asarray(data, dtype=object)
    except ValueError:
        lengths = sorted({len(row) for row in data if hasattr(row, "__len__")})
        raise DataError(
            f"The rows of the {what} differ in length ({lengths[0]} to {lengths[-1]} cells). "
            "All rows must have the same number of cells. Fill the gaps with None."
        ) from None
    return array


def _from_array(array: AnyArray, what: str) -> Frame:
    if array.dtype.names:
        return _from_columns({n: array[n] for n in array.dtype.names}, array)
    if array.dtype.kind == "c":
        raise DataError(
            f"Complex data not supported: the {what} holds {array.dtype}. "
            "Give real and imaginary parts apart."
        )
    if array.ndim > 2:
        raise DataError(
            f"Found array with dim {array.ndim}, while dim <= 2 is required. Give rows and columns."
        )
    if array.ndim < 2:
        raise DataError(
            f"Expected 2D array, got {('scalar', '1D')[array.ndim]} array instead. Reshape your data with "
            "array.reshape(-1, 1) if it is one column or array.reshape(1, -1) if it is one row. For a list "
            "of strings use StringDetector, for a series SeriesDetector."
        )
    names = tuple(f"x{i}" for i in range(array.shape[1]))
    booleans: list[str] = []
    columns = [_column(name, array[:, i], booleans, {}) for i, name in enumerate(names)]
    if not names:
        raise DataError(
            f"Found array with 0 feature(s) (shape=({len(array)}, 0)) while a minimum of 1 is required. "
            f"Give a {what} with at least one column."
        )
    return Frame(names, columns, named=False, booleans=tuple(booleans))


def _from_columns(given: dict[str, Any], data: Any) -> Frame:
    booleans: list[str] = []
    zones: dict[str, str] = {}
    columns = []
    for name, values in given.items():
        if isinstance(values, str) or not hasattr(values, "__len__"):
            what = type(values).__name__
            raise DataError(f"Column {name!r} holds a single {what}. A column is a list of values.")
        array = values if isinstance(values, np.ndarray) else _objects(values)
        columns.append(_column(name, array, booleans, zones))
    lengths = {len(c) for c in columns}
    if len(lengths) > 1:
        name = min(given, key=lambda n: len(given[n]))
        raise DataError(
            f"Column {name!r} has {len(given[name])} values, others have {max(lengths)}. "
            "All columns must have the same length. Fill the gaps with None."
        )
    return Frame(tuple(given), columns, booleans=tuple(booleans), timezones=zones)


def _column(name: str, values: AnyArray, booleans: list[str], zones: dict[str, str]) -> AnyArray:
    """Return a column in one of the three inner kinds."""
    if isinstance(values, np.ma.MaskedArray):
        values = _objects(values.tolist())
    kind = values.dtype.kind
    if kind == "c":
        raise DataError(f"Complex data not supported: column {name!r}. Give real and imaginary parts apart.")
    if kind == "b":
        booleans.append(name)
    if kind in "biuf":
        return values.astype(np.float64)
    if kind == "M":
        return values.astype("datetime64[us]")
    if kind == "m":
        return np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s")).astype(np.float64)
    if kind in "US":
        return values.astype(str).astype(object)
    return _from_objects(name, values.tolist(), booleans, zones)


def _from_objects(name: str, values: list[Any], booleans: list[str], zones: dict[str, str]) -> AnyArray:
    """Return a column of Python objects as numbers, moments or text, whichever holds all of them."""
    types = {type(v) for v in values if not _is_absent(v)}
    if types and all(issubclass(t, bool | np.bool_) for t in types):
        booleans.append(name)
    if types and all(issubclass(t, _NUMBERS) for t in types):
        return np.array([_float(v) if isinstance(v, _NUMBERS) else np.nan for v in values], dtype=np.float64)
    if types and all(issubclass(t, date | np.datetime64) for t in types):
        return np.array([_moment(v, name, zones) for v in values], dtype="datetime64[us]")
    return _objects(_text(v, name, row) for row, v in enumerate(values))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond 1e308
        return math.inf if value > 0 else -math.inf


def _moment(value: Any, name: str, zones: dict[str, str]) -> Any:
    if _is_absent(value) or value != value:
        return np.datetime64("NaT", "us")
    if isinstance(value, datetime) and value.tzinfo is not None:
        zones[name] = str(value.tzinfo)
        value = value.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _objects(values: Iterable[Any]) -> AnyArray:
    """Return an array of objects, one a cell, even where the objects are sequences themselves."""
    cells = list(values)
    out = np.empty(len(cells), dtype=object)
    out[:] = cells
    return out


def number_text(value: float) -> str:
    """Return a number as text: whole numbers without a point, NaN as the empty text.

    Examples
    --------
    >>> number_text(12.0), number_text(0.1), number_text(float("nan"))
    ('12', '0.1', '')
    """
    if value != value:
        return ""
    return str(int(value)) if value == value // 1 and abs(value) < 1e15 else repr(value)


def _text(value: Any, name: str, row: int) -> str | None:
    if isinstance(value, str):
        return value
    if _is_absent(value):
        return None
    if isinstance(value, float | np.floating):
        return number_text(float(value)) or None
    if isinstance(value, Mapping | list | tuple | set | np.ndarray | complex):
        raise DataError(
            f"Column {name!r} holds a {type(value).__name__} in row {row}. "
            "A cell must be one value: a number, a text, a date, True or False, or None. "
            "Take the value apart into columns of its own."
        )
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# ---------------------------------------------------------------- frames
def _narwhals_frame(data: Any) -> Any:
    """Return ``data`` as a narwhals frame, None where it is no frame."""
    if isinstance(data, list | tuple) or not hasattr(data, "__class__"):
        return None
    import narwhals as nw

    if _duplicates(data):
        raise DataError(
            f"Column {_duplicates(data)[0]!r} occurs twice. "
            "Names of columns must differ. Rename one of the two."
        )
    ours = isinstance(data, nw.DataFrame | nw.LazyFrame)
    frame: Any = data if ours else nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return frame if isinstance(frame, nw.DataFrame) else None


def _duplicates(data: Any) -> list[str]:
    if not type(data).__module__.startswith("pandas") or not hasattr(data, "columns"):
        return []
    names = data.columns
    return [str(n) for n, twice in zip(names, names.duplicated(), strict=True) if twice]


def _from_narwhals(frame: Any) -> Frame:
    names = tuple(str(n) for n in frame.columns)
    booleans: list[str] = []
    zones: dict[str, str] = {}
    columns = [_from_series(name, frame[:, i], booleans, zones) for i, name in enumerate(names)]
    return Frame(names, columns, booleans=tuple(booleans), timezones=zones)


def _from_series(name: str, series: Any, booleans: list[str], zones: dict[str, str]) -> AnyArray:
    import narwhals as nw

    dtype = series.dtype
    if dtype == nw.Boolean:
        booleans.append(name)
        cells = [np.nan if _is_absent(v) or v != v else float(v) for v in series.to_list()]
        return np.array(cells, dtype=np.float64)
    if dtype.is_numeric() and dtype != nw.Decimal:
        numbers = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        still = series.implementation.is_polars() and not numbers.flags.writeable  # pandas may change its own
        return numbers if still else numbers.copy()
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        zones[name] = str(dtype.time_zone)
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype in (nw.Date, nw.Datetime):
        return np.asarray(series.cast(nw.Datetime("us")).to_numpy()).astype("datetime64[us]")
    if dtype == nw.String:
        return _objects(v if isinstance(v, str) else None for v in series.to_list())
    if dtype == nw.Duration:
        seconds = [np.nan if v is None else v.total_seconds() for v in series.to_list()]
        return np.array(seconds, dtype=np.float64)
    values = [None if isinstance(v, float) and v != v else v for v in series.to_list()]
    return _from_objects(name, values, booleans, zones)


def _is_absent(value: Any) -> bool:
    """Return whether a cell is None or a frame library's own "no value" (asked by name: no import of it)."""
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def like(native: Any, columns: Mapping[str, Any]) -> Any:
    """Return ``columns`` as a frame of the kind of ``native``.

    Parameters
    ----------
    native : Any
        What the caller gave: a pandas, polars, Arrow or narwhals frame or series; anything else gives a
        polars frame.
    columns : dict of str to ndarray or list

    Returns
    -------
    frame
    """
    import narwhals as nw

    wrapped = isinstance(native, nw.DataFrame | nw.LazyFrame | nw.Series)
    inner = nw.to_native(native) if wrapped else native
    found = nw.from_native(inner, pass_through=True, allow_series=True)
    is_frame = isinstance(found, nw.DataFrame | nw.LazyFrame | nw.Series)
    backend: Any = found.implementation if is_frame else nw.Implementation.POLARS
    plain = {n: v if backend.is_pandas() else np.asarray(v).tolist() for n, v in columns.items()}
    frame = nw.from_dict(plain, backend=backend)
    if backend.is_pandas() and len(inner) == len(frame):
        frame.to_native().index = inner.index
    return frame if wrapped else frame.to_native()
