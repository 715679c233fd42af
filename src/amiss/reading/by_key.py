"""Data that holds many series: one series a key (long form), or one series a column (wide form)."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from amiss.batch import AnyArray, IntArray
from amiss.errors import DataError, ParameterError
from amiss.reading.frames import Frame, number_text, read_frame

MISSING = "(missing)"
"""What a missing key is called."""

_NAMED = 12  # columns, in a message


@dataclass(frozen=True)
class Key:
    """What tells a series from the others.

    Attributes
    ----------
    identity : str
        JSON of the values of the key columns as texts, null where missing; in wide form of the column.
    name : str
        As a person calls it: "host web1, metric cpu".
    """

    identity: str
    name: str


class ByKey:
    """Data taken apart into series.

    Attributes
    ----------
    keys : list of Key
        The series, in the order of their first rows.
    rows : int
        Rows of the data.
    order : ndarray of shape (rows,)
        The rows, series by series.
    begins : ndarray of shape (series + 1,) or None
        Where the rows of each series begin in ``order``; None where all series share the rows.
    """

    keys: list[Key]
    rows: int
    order: IntArray
    begins: IntArray | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def within(self, series: int) -> slice:
        """Return where the rows of a series stand in ``order``."""
        return slice(None) if self.begins is None else slice(*self.begins[series : series + 2].tolist())

    def places(self, series: int) -> IntArray:
        """Return the rows of a series, ascending."""
        return np.asarray(self.order[self.within(series)], np.int64)

    def frame(self, series: int) -> Any:
        """Return the columns of a series, as `read_frame` takes them."""
        raise NotImplementedError


class LongForm(ByKey):
    """One series a key; rows in any order across series.

    Parameters
    ----------
    data : frame, array, list of rows, or dict of columns
    by : sequence of str
        The key columns. A missing key makes a series of its own.

    Raises
    ------
    DataError
        A key column is not there, or there is no other column.

    Examples
    --------
    >>> data = {"sensor": ["a", "b", None, "a"], "value": [1.0, 2.0, 3.0, 4.0]}
    >>> parts = LongForm(data, ["sensor"])
    >>> [key.name for key in parts.keys], parts.places(0).tolist()
    (['sensor a', 'sensor b', 'sensor (missing)'], [0, 3])
    """

    def __init__(self, data: Any, by: Sequence[str]) -> None:
        self._data, names = _selectable(data)
        for name in by:
            if name not in names:
                raise DataError(_not_there(name, names))
        self._others = [name for name in names if name not in by]
        if not self._others:
            raise DataError(
                f"There are no columns but the keys ({_listed(by)}). A series has at least one channel of numbers."
            )
        columns = [_column(self._data, name) for name in by]
        identities, lengths, self.order = _rows_by_key(columns)
        self.begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.rows = len(self.order)
        self.keys = _called(by, identities)

    def frame(self, series: int) -> Any:
        """Return the columns of a series but the keys, in the kind of frame they came in."""
        rows = self.places(series)
        if isinstance(self._data, Frame):
            return _part_of(self._data, self._others, rows)
        if isinstance(self._data, dict):
            return {name: self._data[name][rows] for name in self._others}
        import narwhals as nw

        return nw.to_native(self._data[rows.tolist(), self._others])


class WideForm(ByKey):
    """One series a column; all share the rows and the time.

    Parameters
    ----------
    frame : Frame
    time : str or None
        The column that holds the time.
    """

    def __init__(self, frame: Frame, time: str | None) -> None:
        self._frame = frame
        self._time = [] if time is None else [time]
        self._columns = [name for name in frame.names if name != time]
        self.rows = len(frame)
        self.order = np.arange(self.rows)
        self.keys = [Key(json.dumps([name]), name) for name in self._columns]

    def frame(self, series: int) -> Frame:
        """Return the time and the column of a series."""
        return _part_of(self._frame, [*self._time, self._columns[series]], slice(None))


def key_columns(by: Any) -> tuple[str, ...]:
    """Return the key columns that ``by`` names.

    Raises
    ------
    ParameterError
        It names none, or is no name.
    """
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise ParameterError(
            f"by is {by!r}. Legal: the name of a column, or a list of names that differ, such as ['host', 'metric']."
        )
    return names


def _not_there(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return f"Key column {name!r} is not there. The columns are {_listed(names)}.{guess}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(repr, names[:_NAMED])) + more


# ---------------------------------------------------------------- rows of any data
def _selectable(data: Any) -> tuple[Any, list[str]]:
    """Return the data as a narwhals frame, a dict of arrays or a `Frame`, whose rows can be chosen; and the columns."""
    if isinstance(data, Frame):
        return data, list(data.names)
    if isinstance(data, Mapping):
        columns = {str(name): _array(values) for name, values in data.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) != 1 or 0 in lengths:
            read_frame(data)  # says what is wrong
        return columns, list(columns)
    if not isinstance(data, np.ndarray | Sequence):
        import narwhals as nw

        found = nw.from_native(data, pass_through=True)
        if isinstance(found, nw.LazyFrame):
            found = found.collect()
        if isinstance(found, nw.DataFrame):
            if not len(found):
                read_frame(data)  # says what is wrong
            return found, list(map(str, found.columns))
    frame = read_frame(data)
    return frame, list(frame.names)


def _array(values: Any) -> AnyArray:
    if isinstance(values, np.ndarray):
        return values
    cells = list(values)
    out = np.empty(len(cells), dtype=object)
    out[:] = cells
    return out


def _column(data: Any, name: str) -> Any:
    if isinstance(data, Frame):
        return data.columns[data.names.index(name)]
    return data[name]


def _part_of(frame: Frame, names: Sequence[str], rows: Any) -> Frame:
    return replace(
        frame,
        names=tuple(names),
        columns=[frame.columns[frame.names.index(name)][rows] for name in names],
        booleans=tuple(name for name in frame.booleans if name in names),
        timezones={name: zone for name, zone in frame.timezones.items() if name in names},
    )


# ---------------------------------------------------------------- keys
def _rows_by_key(columns: list[Any]) -> tuple[list[tuple[str | None, ...]], list[int], IntArray]:
    """Return the values of each key as texts, how many rows it has, and the rows, key by key."""
    codes, texts = zip(*map(_codes, columns), strict=True)
    whole = codes[0]
    for more, known in zip(codes[1:], texts[1:], strict=True):
        _, whole = np.unique(whole.astype(np.int64) * len(known) + more, return_inverse=True)
    first = np.empty(int(whole.max()) + 1, np.int64)
    first[whole[::-1]] = np.arange(len(whole))[::-1]  # of several rows the one written last stays: the first
    by_first = np.argsort(first)
    rank = np.empty(
        len(first), np.uint16 if len(first) < 2**16 else np.int32
    )  # the short ones are sorted quicker
    rank[by_first] = np.arange(len(first))
    which = rank[whole]
    order = np.argsort(which, kind="stable")
    if len(order) < 2**31:
        order = order.astype(np.int32)
    lengths = np.bincount(which, minlength=len(first)).tolist()
    rows = first[by_first].tolist()
    identities = [tuple(known[int(c[row])] for c, known in zip(codes, texts, strict=True)) for row in rows]
    return identities, lengths, order


def _codes(column: Any) -> tuple[IntArray, list[str | None]]:
    """Return the number of each cell's text, and the texts; cells that read the same have one number."""
    values, codes = _distinct(column)
    known: dict[str | None, int] = {}
    numbers = [known.setdefault(key_text(value), len(known)) for value in values]
    return np.array(numbers, np.int64)[codes], list(known)


def _distinct(column: Any) -> tuple[list[Any], IntArray]:
    """Return the distinct values of a column, and for each cell which one it holds."""
    native = _polars_series(column)
    if native is not None:
        import polars

        met = native.unique(maintain_order=True)
        if native.dtype.is_nested() or native.dtype == polars.Object:
            return _distinct(_array(native.to_list()))
        table = polars.DataFrame({"value": native}).join(
            polars.DataFrame({"value": met}).with_row_index("code"),
            on="value",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        return met.to_list(), table["code"].to_numpy()
    values = column if isinstance(column, np.ndarray) else column.to_numpy()
    if values.dtype.kind in "biufM":
        met, codes = np.unique(values, return_inverse=True)
        return met.tolist() if met.dtype.kind != "M" else list(met.astype("datetime64[us]").tolist()), codes
    known: dict[Any, int] = {}
    made = np.fromiter(
        (known.setdefault(_hashed(value), len(known)) for value in values), np.int64, len(values)
    )
    return list(known), made


def _hashed(value: Any) -> Any:
    """Return what stands for a value: itself, or its text where it equals a value that reads otherwise."""
    return value if isinstance(value, str) else key_text(value)


def _polars_series(column: Any) -> Any:
    """Return a column of a polars frame, or of an Arrow table, as a polars series; None for others."""
    import sys

    if "polars" not in sys.modules or isinstance(column, np.ndarray):
        return None
    import narwhals as nw
    import polars

    if column.implementation is nw.Implementation.POLARS:
        return column.to_native()
    if column.implementation is nw.Implementation.PYARROW:
        return polars.from_arrow(column.to_native())
    return None


def key_text(value: Any) -> str | None:
    """Return the value of a key as text, None where it is missing.

    Examples
    --------
    >>> [key_text(value) for value in ("web1", 7, 7.0, float("nan"), datetime(2026, 3, 1))]
    ['web1', '7', '7', None, '2026-03-01']
    """
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else number_text(float(value))
    if isinstance(value, datetime):
        midnight = value.tzinfo is None and value.time() == datetime.min.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else key_text(value.astype("datetime64[us]").item())
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _called(by: Sequence[str], identities: list[tuple[str | None, ...]]) -> list[Key]:
    """Return the keys with names that differ."""
    used: dict[str, int] = {}
    keys = []
    for identity in identities:
        parts = (MISSING if text is None else text if text.strip() else f'"{text}"' for text in identity)
        name = ", ".join(_word(column, part) for column, part in zip(by, parts, strict=True))
        used[name] = used.get(name, 0) + 1
        keys.append(Key(json.dumps(identity), name + (f" ({used[name]})" if used[name] > 1 else "")))
    return keys


def _word(column: str, part: str) -> str:
    """Return column and value; "sensor 7" of the column "sensor" says both already."""
    return part if part.lower().startswith(f"{column.lower()} ") else f"{column} {part}"


def key_values(identity: str) -> list[str | None]:
    """Return the values of the key columns, as texts."""
    return list(json.loads(identity))
