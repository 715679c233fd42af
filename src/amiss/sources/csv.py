"""CSV, TSV and other delimited text: what is not said about how it is written is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, dropwhile, islice
from typing import Any, ClassVar

from amiss.errors import ParameterError, SourceError
from amiss.sources.base import FileSource, chosen_columns, collector_at_rest, counted
from amiss.sources.dialect import NAMES, SINGLE_COLUMN, Dialect, find_dialect, has_header, without_preamble
from amiss.sources.limits import Limits
from amiss.sources.typed import SEPARATOR, Columns, from_text, has_decimal_comma

_CHUNK = 1000


class CsvSource(FileSource):
    """Delimited text: CSV, TSV, and the like.

    Columns become numbers only where every cell is one and nothing is lost: "007", "+49", "1e5" and whole
    numbers of more than 15 digits stay text. An empty cell is missing.

    Parameters
    ----------
    place : str
        Path, or "-" for standard input; gzip is unpacked.
    columns : list of str, optional
        The columns to read; all by default.
    delimiter : str
        One character, or comma, semicolon, tab, pipe, space. "auto": found.
    quote : str
        The quotation mark; empty where quotation marks are text. "auto": found.
    encoding : str
        Such as utf-8, utf-16, cp1252. "auto": found.
    header : {"auto", "yes", "no"}
        Whether the first row names the columns. "auto": found.
    decimal : {"auto", ".", ","}
        The decimal mark. "auto": a comma where the delimiter is another and the cells leave no doubt.
    limits : Limits
        How much is read at most.
    """

    name: ClassVar[str] = "csv"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".psv", ".dat")

    def __init__(
        self,
        place: str = "-",
        columns: Sequence[str] | None = None,
        delimiter: str = "auto",
        quote: str = "auto",
        encoding: str = "auto",
        header: str = "auto",
        decimal: str = "auto",
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self.place = place
        self.columns = columns
        self.delimiter = delimiter
        self.quote = quote
        self.encoding = encoding
        self.header = header
        self.decimal = decimal
        self.limits = limits

    def read(self) -> Columns:
        """Return the columns by name."""
        self.check_parameters()
        self.notes_ = ()
        found = self.text(self.encoding)
        text, delimiter, note = without_preamble(found.text)
        dialect = find_dialect(text, delimiter if self.delimiter == "auto" else self.delimiter, self.quote)
        with room_for(self.limits.cell_length), collector_at_rest():
            try:
                names, cells, headed = self._cells(text, dialect)
            except csv.Error as error:
                raise SourceError(self.unreadable(text, dialect, error)) from error
        columns, decimal = self._typed(names, cells, dialect)
        rows = len(next(iter(columns.values())))
        mark = NAMES.get(dialect.delimiter, dialect.delimiter)
        written = "one column" if dialect.delimiter == SINGLE_COLUMN else f"{mark} separated"
        self.found_ = (
            "TSV" if dialect.delimiter == "\t" else "CSV",
            written,
            *(["decimal comma"] if decimal == "," else []),
            found.encoding,
            "header found" if headed else "no header",
            f"{counted(rows, 'row')} x {counted(len(columns), 'column')}",
        )
        self.notes_ = (*found.notes, *([note] if note else []), *self.notes_)
        return columns

    def check_parameters(self) -> None:
        """Raise where a parameter is not legal."""
        legal: dict[str, tuple[Any, str]] = {
            "delimiter": (
                self.delimiter == "auto" or len(self.delimiter) == 1 or self.delimiter in NAMES.values(),
                f"auto, one character, {', '.join(NAMES.values())}",
            ),
            "quote": (self.quote == "auto" or len(self.quote) <= 1, "auto, one character, or nothing"),
            "header": (self.header in {"auto", "yes", "no"}, "auto, yes, no"),
            "decimal": (self.decimal in {"auto", ".", ","}, "auto, a point, a comma"),
        }
        for name, (fine, values) in legal.items():
            given = getattr(self, name)
            if not fine or given in {"\n", "\r"}:
                raise ParameterError(f"Source 'csv': {name}={given!r} is not legal. Legal: {values}.")

    # ---------------------------------------------------------------- rows -> columns of joined cells
    def _cells(self, text: str, dialect: Dialect) -> tuple[list[str], list[list[str]], bool]:
        """Return the names, the cells of each column (joined, in chunks), and whether there is a header."""
        rows = filled(dialect.reader(io.StringIO(text, newline="")), dialect)
        head = list(islice(rows, 200))
        names, headed = self.names_of(head)
        width = len(names)
        if headed and len(head) == 1:
            raise SourceError(
                f"{self.called} holds a header ({', '.join(names)}) and no rows. Give data, or say header=no "
                "where the first row is data."
            )
        chunks: list[list[str]] = [[] for _ in names]
        rest, count = chain(head[headed:], rows), 0
        if dialect.quote and text.count(dialect.quote) % 2:
            self._check_quotes(text, dialect)
        while chunk := list(islice(rest, _CHUNK)):
            count += len(chunk)
            self.limits.check_cells(self.called, count, width)
            joined = self.joined(chunk, width, lambda: self.ragged(text, dialect, width, headed))
            for column, cells in zip(chunks, joined, strict=True):
                column.append(cells)
        return names, chunks, headed

    def names_of(self, head: list[list[str]]) -> tuple[list[str], bool]:
        """Return one name a column, by the first rows, and whether the first of them is a header."""
        headed = self.header == "yes" or (self.header == "auto" and has_header(head))
        width = self._width(head, headed)
        return self._names(head[0] if headed else [""] * width, width), headed

    def joined(self, rows: list[list[str]], width: int, failed: Callable[[], str]) -> list[str]:
        """Return the cells of each column of some rows, joined; ``failed`` says what is wrong with their number."""
        if set(map(len, rows)) != {width}:
            rows = self._even(rows, width, failed)
        return [self._joined(cells) for cells in zip(*rows, strict=True)]

    def _width(self, head: list[list[str]], headed: bool) -> int:
        """Return the number of cells in a row: one more than in the header where all rows end in a mark."""
        widths = {len(row) for row in head[1:]} or {len(head[0])}
        longer = len(widths) == 1 and headed and max(widths) == len(head[0]) + 1
        trailing = longer and all(not row[-1] for row in head[1:])
        return len(head[0]) + 1 if trailing else len(head[0])

    def _names(self, first: list[str], width: int) -> list[str]:
        """Return one name a column: those of the header, made different."""
        names: dict[str, int] = {}
        for position, cell in enumerate(first + [""] * (width - len(first)), 1):
            name = new = cell.strip() or f"column {position}"
            count = 1
            while new in names:
                count += 1
                new = f"{name} ({count})"
            if new != name:
                self.notes_ += (f"Column {position} is called {new!r}: the header names {name!r} before.",)
            names[new] = position
        return list(names)

    def _even(self, chunk: list[list[str]], width: int, failed: Callable[[], str]) -> list[list[str]]:
        """Return rows of ``width`` cells: an empty cell too many at the end is no cell."""
        for row in chunk:
            if len(row) == width + 1 and not row[-1]:
                row.pop()
            if len(row) != width:
                raise SourceError(failed())
        return chunk

    def _joined(self, cells: Sequence[str]) -> str:
        joined = SEPARATOR.join(cells)
        if len(joined) > self.limits.cell_length:
            self.limits.check_length(self.called, max(map(len, cells)))
        if joined.count(SEPARATOR) >= len(cells):  # NUL is what joins cells: in a cell it is shown as \x00
            joined = SEPARATOR.join(cell.replace(SEPARATOR, r"\x00") for cell in cells)
        return joined

    # ---------------------------------------------------------------- joined cells -> typed columns
    def _typed(self, names: list[str], chunks: list[list[str]], dialect: Dialect) -> tuple[Columns, str]:
        cells = {name: SEPARATOR.join(chunk) for name, chunk in zip(names, chunks, strict=True)}
        if ends_unnamed(names) and not cells[names[-1]].strip(SEPARATOR):
            del cells[names[-1]]  # each row ends in a delimiter
        wanted = chosen_columns(self.called, self.columns, list(cells))
        decimal = self.decimal
        if decimal == "auto":
            comma = dialect.delimiter != "," and any(has_decimal_comma(cells[name]) for name in wanted)
            decimal = "," if comma else "."
        return {name: from_text(cells.pop(name), decimal) for name in wanted}, decimal

    # ---------------------------------------------------------------- what went wrong, and in which line
    def ragged(self, text: str, dialect: Dialect, width: int, headed: bool, before: int = 0) -> str:
        """Return the sentence about the first row of another number of cells, in a text with lines before it."""
        reader = dialect.reader(io.StringIO(text, newline=""))
        start = 1
        for row in reader:
            end = reader.line_num
            if row and not (len(row) == width or (len(row) == width + 1 and not row[-1])):
                break
            start = end + 1
        start, end = start + before, end + before
        lines = f"line {start}" if start >= end else f"lines {start} to {end}"
        whose = "the header" if headed else "the first row"
        mark = f"a {NAMES[dialect.delimiter]}" if dialect.delimiter in NAMES else repr(dialect.delimiter)
        advice = f"Put a cell that holds {mark} in quotation marks"
        if end > start:
            advice = f"Close the quotation mark in line {start}, or say quote= to read such marks as text"
        return (
            f"{self.called} {lines} has {counted(len(row), 'cell')}, {whose} has {width}. All rows must "
            f"have the same number. {advice}, or name the delimiter if {mark} is not it."
        )

    def _check_quotes(self, text: str, dialect: Dialect) -> None:
        """Raise where a quotation mark that is never closed made one cell of the rest of the text."""
        reader = dialect.reader(io.StringIO(text, newline=""))
        before = end = 0
        for _ in reader:
            before, end = end, reader.line_num
        if end > before + 1:
            raise SourceError(self.unclosed(before + 1))

    def unclosed(self, line: int) -> str:
        """Return the sentence about a quotation mark that makes one cell of the rest of the text."""
        return (
            f"{self.called} line {line} opens a quotation mark that is never closed. Close it, "
            "or say quote= to read such marks as text."
        )

    def unreadable(self, text: str, dialect: Dialect, error: csv.Error, before: int = 0) -> str:
        """Return the sentence about the row that the csv module does not take."""
        reader = dialect.reader(io.StringIO(text, newline=""))
        start = before + 1
        try:
            for _ in reader:
                start = before + reader.line_num + 1
        except csv.Error:
            pass
        if "field larger" in str(error):
            limit = csv.field_size_limit()
            return (
                f"{self.called} line {start} starts a cell of more than {limit:,} characters. Close the "
                "quotation mark in it, say quote= to read such marks as text, or raise the limit cell_length."
            )
        return f"{self.called} line {start} is no delimited text: {error}. Name the format if it is another."


def ends_unnamed(names: Sequence[str]) -> bool:
    """Return whether the last of several columns has no name: it is none where all its cells are empty."""
    return len(names) > 1 and names[-1] == f"column {len(names)}"


@contextmanager
def room_for(length: int) -> Iterator[None]:
    """Let the csv module take cells of ``length`` characters."""
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, length))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def filled(rows: Iterator[list[str]], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the rows but for empty lines; in a single column these are missing cells, except at the ends."""
    rows = dropwhile(lambda row: not row, rows)
    if dialect.delimiter != SINGLE_COLUMN:
        yield from filter(None, rows)
        return
    empty = 0
    for row in rows:
        if not row:
            empty += 1
            continue
        yield from ([""] for _ in range(empty))
        empty = 0
        yield row
