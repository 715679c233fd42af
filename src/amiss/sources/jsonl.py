"""JSON lines: one object a line; also one array of objects, and one string a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar

from amiss.errors import SourceError
from amiss.sources.base import FileSource, chosen_columns, collector_at_rest, counted
from amiss.sources.content import Text
from amiss.sources.limits import Limits
from amiss.sources.typed import Columns, from_values

_Path = tuple[str, ...]
_Leaf = tuple[_Path, Any]
_DEPTH = 3  # names in the name of a column: user.address.city
_NAMED = 5  # columns named in a note


class JsonlSource(FileSource):
    """JSON lines: an object a line, whose keys are the columns; or a string a line, a list of strings.

    A file that is one array of objects is read as well. A key that an object lacks is missing there. An
    object within an object is opened: ``{"user": {"age": 38}}`` is column ``user.age``, at most three names deep;
    what is deeper, and lists, stay JSON text.

    Parameters
    ----------
    place : str
        Path, or "-" for standard input; gzip is unpacked.
    columns : list of str, optional
        The columns to read; all by default.
    encoding : str
        Such as utf-8, utf-16, cp1252. "auto": found.
    limits : Limits
        How much is read at most.
    """

    name: ClassVar[str] = "jsonl"
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    def __init__(
        self,
        place: str = "-",
        columns: Sequence[str] | None = None,
        encoding: str = "auto",
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self.place = place
        self.columns = columns
        self.encoding = encoding
        self.limits = limits

    def read(self) -> Columns | list[str]:
        """Return the columns by name, or the strings."""
        found = self.text(self.encoding)
        with collector_at_rest():
            return self._read(found)

    def _read(self, found: Text) -> Columns | list[str]:
        values = self._array(found.text) if found.text.lstrip().startswith("[") else self.lines(found.text)
        self.notes_ = found.notes
        what, count = ("JSON lines", found.encoding), len(values)
        if all(isinstance(value, str) for _, value in values):
            self.found_ = (*what, counted(count, "string"))
            strings = [value for _, value in values]
            self.limits.check_length(self.called, max(map(len, strings)))
            return strings
        rows = self.objects(values)
        nesting = Nesting()
        nesting.add_rows(rows)
        rows = opened_rows(rows, nesting)
        opened = [name for name in dict.fromkeys(n for row in rows for n in row) if name not in nesting.named]
        if opened:
            listed = ", ".join(opened[:_NAMED]) + ", ..." * (len(opened) > _NAMED)
            self.notes_ = (*self.notes_, f"Objects within objects were opened into columns: {listed}.")
        columns = self._columns(rows)
        self.found_ = (*what, f"{counted(count, 'row')} x {counted(len(columns), 'column')}")
        return columns

    def objects(self, values: list[tuple[int, Any]]) -> list[dict[str, Any]]:
        """Return the values, all of which are objects."""
        for line, value in values:
            if not isinstance(value, dict):
                kind = {list: "an array", str: "a string", type(None): "null"}.get(type(value), "a number")
                raise SourceError(
                    f"{self.called} line {line} holds {kind}, not an object. "
                    'Legal: an object a line, such as {"amount": 9.5}, or a string a line.'
                )
        return [value for _, value in values]

    def _columns(self, rows: list[dict[str, Any]]) -> Columns:
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not names:
            raise SourceError(
                f"{self.called} holds objects without keys. Give objects whose keys name the columns."
            )
        self.limits.check_cells(self.called, len(rows), len(names))
        columns = {}
        for name in chosen_columns(self.called, self.columns, names):
            columns[name] = from_values([row.get(name) for row in rows])
            if columns[name].dtype == object:
                longest = max((len(text) for text in columns[name] if text is not None), default=0)
                self.limits.check_length(f"{self.called}, column {name!r},", longest)
        return columns

    def lines(self, text: str, first: int = 1) -> list[tuple[int, Any]]:
        """Return the values and their lines, of which the first has the number ``first``."""
        pieces = enumerate(text.split("\n"), first)
        lines = [(line, piece) for line, piece in pieces if piece and not piece.isspace()]
        self.limits.check_cells(self.called, len(lines), 1)
        try:  # as one array: three times as fast, since equal keys are made once
            values = json.loads(f"[{','.join(piece for _, piece in lines)}]")
        except (ValueError, RecursionError):
            values = []
        if len(values) == len(lines):
            return [(line, value) for (line, _), value in zip(lines, values, strict=True)]
        return [(line, self._value(piece, line)) for line, piece in lines]

    def _array(self, text: str) -> list[tuple[int, Any]]:
        values = self._value(text, 1)
        if not isinstance(values, list) or not values:
            raise SourceError(f"{self.called} holds an empty array. Give an array of objects.")
        return list(enumerate(values, 1))

    def _value(self, text: str, line: int) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            at = f"line {line + error.lineno - 1}, column {error.colno}"
            raise SourceError(
                f"{self.called} {at} is not JSON: {error.msg}. Legal: one object a line. "
                "Name the format if it is another, such as csv."
            ) from error
        except (RecursionError, ValueError) as error:  # nested too deep; a number of more than 4300 digits
            raise SourceError(
                f"{self.called} line {line} cannot be read: {error}. "
                "Legal: numbers of fewer than 4,300 digits and values nested fewer than 1,000 deep."
            ) from error


@dataclass(frozen=True)
class Nesting:
    """Which objects lie within the objects of a table, joined from row to row.

    Attributes
    ----------
    named : set of str
        The keys of rows.
    outer : set of str
        Those that hold an object in some row.
    filled : dict of tuple of str to bool
        The names that lead to each cell, and whether any cell there is more than null.
    """

    named: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    filled: dict[_Path, bool] = field(default_factory=dict)

    def add(self, path: _Path, filled: bool) -> None:
        """Take in one cell."""
        self.filled[path] = self.filled.get(path, False) or filled

    def add_rows(self, rows: list[dict[str, Any]]) -> None:
        """Take in rows."""
        self.named.update(name for row in rows for name in row)
        self.outer.update(name for row in rows for name, value in row.items() if isinstance(value, dict))
        for row in rows if self.outer else ():
            for path, cell in _leaves({name: row[name] for name in self.outer & row.keys()}):
                self.add(path, cell is not None)

    def shut(self) -> Set[str]:
        """Return the names of objects that stay as they are: their columns could be mistaken for others."""
        inner = [path for path in self.filled if len(path) > 1]
        return {p[0] for p in inner if ".".join(p) in self.named or any("." in name for name in p)}

    def empty(self) -> Set[_Path]:
        """Return the names of objects that are null wherever they are no objects."""
        within = {path[:n] for path in self.filled for n in range(1, len(path))}
        return within - {path for path, filled in self.filled.items() if filled}


def opened_rows(rows: list[dict[str, Any]], nesting: Nesting) -> list[dict[str, Any]]:
    """Return the rows with objects within them as columns ``outer.inner``.

    An object stays as it is where the names of its columns would not tell it from another column.
    """
    if not nesting.outer:
        return rows
    shut, empty = nesting.shut(), nesting.empty()
    return [
        {".".join(path): cell for path, cell in _leaves(row, shut) if path not in empty or path[0] in shut}
        for row in rows
    ]


def _leaves(row: dict[str, Any], shut: Set[str] = frozenset(), above: _Path = ()) -> Iterator[_Leaf]:
    """Yield the cells of a row, each with the names that lead to it; an empty object is a null."""
    for name, value in row.items():
        path = (*above, name)
        if isinstance(value, dict) and len(path) < _DEPTH and name not in shut:
            yield from _leaves(value, above=path) if value else [(path, None)]
        else:
            yield path, value
