"""Tables: their columns, each of a kind, with its cells as numbers and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from amiss.batch import AnyArray, Batch, BoolArray, FloatArray, IntArray
from amiss.errors import DataError, ParameterError
from amiss.part import Stored
from amiss.reading.frames import Frame, number_text, read_frame
from amiss.reading.kinds import KINDS, YES_NO, kind_of, typed_kind
from amiss.reading.moments import DAY, read_dates
from amiss.reading.values import are_missing, number_style, read_numbers

_NUMBERS = ("numeric", "boolean", "date")
_LARGEST = 1e150


@dataclass(frozen=True)
class Column:
    """The cells of one column.

    Attributes
    ----------
    name : str
    kind : str
        One of `amiss.reading.kinds.KINDS`.
    missing : ndarray of shape (rows,), bool
        True where there is no value.
    numbers : ndarray of shape (rows,) or None
        Finite or NaN; False and True are 0 and 1, dates are days since 1970, times of day a share of the day.
        NaN where the cell is missing or no number. None where the column holds no numbers.
    typed : bool
        True where the values came as numbers or moments, so that there is no spelling to judge.
    style : str
        How numbers or dates are written, see `amiss.reading.values`; empty where they are not text.
    """

    name: str
    kind: str
    missing: BoolArray
    numbers: FloatArray | None
    typed: bool
    style: str
    raw: AnyArray

    def __len__(self) -> int:
        return len(self.missing)

    @cached_property
    def _coded(self) -> tuple[list[str], AnyArray, IntArray]:
        """The different texts or, where the values are no text, the different values; and the codes."""
        if self.raw.dtype == object:
            texts, codes = factorize(self.raw.tolist())
            return texts, np.zeros(0), codes
        values, codes = np.unique(self.raw, return_inverse=True)
        return [], values, codes.astype(np.int64)

    @cached_property
    def distinct(self) -> list[str]:
        """The different texts of the column, outer blanks taken off."""
        texts, values, _ = self._coded
        return texts or [_cell_text(v) for v in values]

    @property
    def codes(self) -> IntArray:
        """For each row the position of its text in `distinct`, shape (rows,)."""
        return self._coded[2]

    @cached_property
    def padded(self) -> BoolArray:
        """Whether blanks stand before or behind the text of each cell, shape (rows,)."""
        if self.raw.dtype != object:
            return np.zeros(len(self), bool)
        return np.array([t is not None and t != (bare := t.strip()) and bare != "" for t in self.raw], bool)

    @property
    def distinct_count(self) -> int:
        """How many different texts or values the column holds."""
        return max(len(self._coded[0]), len(self._coded[1]))

    def take(self, rows: AnyArray) -> Column:
        """Return the column of the cells at ``rows`` (indices or a mask)."""
        numbers = None if self.numbers is None else self.numbers[rows]
        return Column(
            self.name, self.kind, self.missing[rows], numbers, self.typed, self.style, self.raw[rows]
        )

    def text(self, row: int) -> str:
        """Return the cell as a person reads it, empty where there is no value."""
        value = self.raw[row]
        return _cell_text(value) if self.raw.dtype != object else (value or "").strip()

    def texts(self) -> list[str]:
        """Return what `text` returns of each cell, in less time."""
        if self.raw.dtype.kind != "f" or not len(self):
            return [self.text(row) for row in range(len(self))]
        values = self.raw.tolist()
        texts = repr(values)[1:-1].split(", ")
        for row in np.flatnonzero((self.raw == np.floor(self.raw)) | np.isnan(self.raw)).tolist():
            texts[row] = number_text(values[row])
        return texts


@dataclass(frozen=True)
class Table:
    """Columns of the same length, and notes on what was done to read them."""

    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(c.name for c in self.columns)

    def take(self, rows: AnyArray) -> Table:
        """Return the table of the rows at ``rows`` (indices or a mask)."""
        return Table(tuple(c.take(rows) for c in self.columns), self.notes)

    def numeric(self) -> Batch:
        """Return the numeric, boolean and date columns as numbers, shape (rows, such columns)."""
        chosen = [c for c in self.columns if c.kind in _NUMBERS and c.numbers is not None]
        if not chosen:
            return Batch(np.zeros((len(self), 0)), np.zeros((len(self), 0), bool), ())
        values = np.column_stack([c.numbers for c in chosen if c.numbers is not None])
        mask = np.isnan(values)
        return Batch(np.where(mask, 0.0, values), mask, tuple(c.name for c in chosen))


def factorize(texts: Sequence[str | None]) -> tuple[list[str], IntArray]:
    """Return the different texts in order of appearance, and for each cell the position of its text.

    Outer blanks are taken off; None counts as the empty text.
    """
    table: dict[str, int] = {}
    codes = np.fromiter(
        (table.setdefault("" if t is None else t.strip(), len(table)) for t in texts), np.int64, len(texts)
    )
    return list(table), codes


def _cell_text(value: object) -> str:
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            return ""
        text = str(value.astype("datetime64[s]")) if value.astype(np.int64) % 1_000_000 == 0 else str(value)
        return text.removesuffix("T00:00:00").replace("T", " ")
    return number_text(float(value))  # type: ignore[arg-type]


# ---------------------------------------------------------------- reading tables
class ColumnReader(Stored):
    """Learn the columns of a table, then read further tables the same way.

    Parameters
    ----------
    kinds : dict of str to str
        Kinds the caller decides, by column name.
    missing : sequence of str
        Texts that stand for "no value", beside `amiss.reading.values.MISSING_TOKENS`.

    Attributes
    ----------
    names_, kinds_, styles_ : list of str
        Of each column: its name, kind, and how its numbers or dates are written.
    """

    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("names_", "kinds_", "styles_"),)
    kinds: dict[str, str]
    missing: list[str]
    names_: list[str]
    kinds_: list[str]
    styles_: list[str]
    named_: bool

    def __init__(self, kinds: Mapping[str, str] | None = None, missing: Sequence[str] = ()) -> None:
        self.kinds = dict(kinds or {})
        self.missing = [m.strip().casefold() for m in missing]

    def fit(self, data: object) -> Table:
        """Learn names and kinds; return the table read.

        Raises
        ------
        DataError
            The data is no table (see `amiss.reading.frames.read_frame`).
        ParameterError
            A kind was asked for that does not exist, or for a column that does not exist.
        """
        frame = read_frame(data)
        self._check_asked(frame)
        self.named_, self.names_ = frame.named, list(frame.names)
        self.kinds_, self.styles_ = [], []
        for name, raw in zip(frame.names, frame.columns, strict=True):
            kind, style = self._kind(name, raw, name in frame.booleans)
            self.kinds_.append(kind)
            self.styles_.append(style)
        return self._table(frame.columns)

    def read(self, data: object, asked_by: str = "TableDetector") -> Table:
        """Return ``data`` as a table with the learnt columns, in the learnt order: see `frame` and `table`."""
        frame = read_frame(data)
        return replace(self.table(self.frame(frame, asked_by)), notes=self._notes_on(frame))

    def frame(self, data: object, asked_by: str = "TableDetector") -> Frame:
        """Return the learnt columns of ``data``, in the learnt order.

        Parameters
        ----------
        data : frame, array, list of rows or dict of columns
            Columns are matched by name where both sides have names, else by position.
        asked_by : str
            The detector named in messages.

        Raises
        ------
        DataError
            A learnt column is missing, or the number of columns differs.
        """
        frame = read_frame(data)
        if not (frame.named and self.named_):
            if len(frame.names) != len(self.names_):
                raise DataError(
                    f"X has {len(frame.names)} features, but {asked_by} is expecting {len(self.names_)} "
                    f"features as input: {_listed(self.names_)}."
                )
            return replace(frame, names=tuple(self.names_))
        place = {n: i for i, n in enumerate(frame.names)}
        lost = [n for n in self.names_ if n not in place]
        if lost:
            raise DataError(
                f"Column {_listed(lost)} is missing; it was there when {asked_by} was fitted. "
                f"Expected: {_listed(self.names_)}. Give the column, empty where there are no values."
            )
        return replace(
            frame, names=tuple(self.names_), columns=[frame.columns[place[n]] for n in self.names_]
        )

    def table(self, frame: Frame, rows: Any = slice(None)) -> Table:
        """Return what `frame` returned, or its rows at ``rows`` (indices, a mask or a slice), as a table."""
        return self._table([column[rows] for column in frame.columns])

    def notes_on(self, data: object) -> tuple[str, ...]:
        """Return what the reader of an answer about ``data`` should know: which columns are not looked at."""
        return self._notes_on(read_frame(data))

    def _notes_on(self, frame: Frame) -> tuple[str, ...]:
        extra = [n for n in frame.names if n not in set(self.names_)] if frame.named and self.named_ else []
        note = f"Column {_listed(extra)} was not there when the detector was fitted; it is not looked at."
        return (note,) if extra else ()

    def _check_asked(self, frame: Frame) -> None:
        for name, kind in self.kinds.items():
            if name not in frame.names:
                raise ParameterError(f"kinds names column {name!r}. Known: {_listed(list(frame.names))}.")
            if kind not in KINDS:
                legal = ", ".join(KINDS)
                raise ParameterError(f"kinds gives column {name!r} the kind {kind!r}. Legal: {legal}.")

    def _kind(self, name: str, raw: AnyArray, boolean: bool) -> tuple[str, str]:
        asked = self.kinds.get(name)
        if raw.dtype != object:
            return asked or typed_kind(raw, boolean, self.named_), ""
        distinct, codes = factorize(raw.tolist())
        missing = self._missing(distinct)
        count = np.bincount(codes, minlength=len(distinct)).astype(float)
        kind, style = kind_of(distinct, count, missing)
        if asked == "numeric" and kind != "numeric":
            style = number_style([t for t, m in zip(distinct, missing, strict=True) if not m])[0]
        return asked or kind, style

    def _missing(self, distinct: Sequence[str]) -> BoolArray:
        return are_missing(distinct, self.missing)

    def _table(self, columns: Sequence[AnyArray]) -> Table:
        read = zip(self.names_, self.kinds_, self.styles_, columns, strict=True)
        return Table(tuple(self._column(*one) for one in read))

    def _column(self, name: str, kind: str, style: str, raw: AnyArray) -> Column:
        if raw.dtype != object:
            days = _typed_numbers(raw)
            return Column(name, kind, np.isnan(days), days, True, style, raw)
        column = Column(name, kind, np.zeros(len(raw), bool), None, False, style, raw)
        missing = self._missing(column.distinct)
        values = self._numbers(kind, style, column.distinct, missing)
        cells = None if values is None else values[column.codes]
        read = Column(name, kind, missing[column.codes], cells, False, style, raw)
        read.__dict__["_coded"] = column._coded
        return read

    @staticmethod
    def _numbers(kind: str, style: str, distinct: list[str], missing: BoolArray) -> FloatArray | None:
        if kind == "boolean":
            out = np.array([float(t.casefold() in YES_NO) for t in distinct])
        elif kind == "date" and style:
            out = read_dates(distinct, style) / DAY
        elif kind in ("numeric", "constant") or style:
            out = _bounded(read_numbers(distinct, style or "."))
        else:
            return None
        return np.where(missing, np.nan, out)


def _typed_numbers(raw: AnyArray) -> FloatArray:
    if raw.dtype.kind == "M":
        return np.where(np.isnat(raw), np.nan, raw.astype(np.int64) / (DAY * 1e6))
    return _bounded(raw)


def _bounded(values: FloatArray) -> FloatArray:
    """Return the values within +-1e150: their squares are finite, and infinity stays a value, an odd one."""
    return np.minimum(np.maximum(values, -_LARGEST), _LARGEST)  # quicker than np.clip on short columns


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(repr(n) for n in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
