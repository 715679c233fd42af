"""Heads of CSV files: dialect and header are found in the first file and hold for all; each may carry the header."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from typing import Any

from amiss.errors import SourceError
from amiss.partitions.counting import TextReader
from amiss.partitions.csv import CsvReader
from amiss.partitions.text_files import TextFile, bom_length, bytes_of, decoded
from amiss.sources.csv import CsvSource, filled, room_for
from amiss.sources.dialect import NAMES, SINGLE_COLUMN, Dialect, find_dialect, without_preamble

_HEAD = 2**23  # bytes in which dialect and header are found; the dialect looks at 200,000 characters
_ROWS = 200  # that tell whether the first is a header
_SHOWN = 5


@dataclass(frozen=True)
class Head:
    """The beginning of a file: its rows, the line and the byte at which they begin, and what is to be told."""

    text: str
    content: bytes
    start: int
    before: int
    delimiter: str
    note: str

    def rows(self, dialect: Dialect) -> list[list[str]]:
        """Return the first rows."""
        return list(islice(filled(dialect.reader(io.StringIO(self.text, newline="")), dialect), _ROWS))

    def data(self, dialect: Dialect, headed: bool) -> tuple[int, int]:
        """Return the byte at which the first row of data begins, and how many lines stand before it."""
        reader = dialect.reader(io.StringIO(self.text, newline=""))
        lines = line = 0
        for row in reader:
            lines, line = line, reader.line_num
            if row:
                break
        lines = line if headed else lines
        ends = chain([0], accumulate(map(len, self.content.splitlines(keepends=True))))
        return self.start + next(islice(ends, lines, None)), self.before + lines


def open_csv(
    asked: CsvSource, files: list[TextFile], reader: TextReader
) -> tuple[CsvReader, dict[str, tuple[int, int]], tuple[str, ...], tuple[str, ...]]:
    """Return what reads the files, where the rows of each begin, notes, and how they are written in words.

    Raises
    ------
    SourceError
        A file has another header than the first, or cannot be read.
    """
    asked.check_parameters()
    with room_for(reader.limits.cell_length):
        first = _head_of(files[0], reader)
        dialect = find_dialect(
            first.text, first.delimiter if asked.delimiter == "auto" else asked.delimiter, asked.quote
        )
        source = CsvSource(files[0].path, header=asked.header, limits=reader.limits)
        rows = _rows(first, dialect, files[0], source)
        names, headed = source.names_of(rows)
        header = tuple(cell.strip() for cell in rows[0]) if headed else ()
        starts = {files[0].path: first.data(dialect, headed)}
        for file in files[1:]:
            head = _head_of(file, reader)
            found = _rows(head, dialect, file, source)
            starts[file.path] = head.data(dialect, _is_headed(found, header, file, files[0], asked))
    opened = CsvReader(
        **vars(reader), dialect=dialect, columns=tuple(names), header=header, decimal=asked.decimal
    )
    mark = NAMES.get(dialect.delimiter, dialect.delimiter)
    written = "one column" if dialect.delimiter == SINGLE_COLUMN else f"{mark} separated"
    notes = ([first.note] if first.note else []) + list(source.notes_)
    return opened, starts, tuple(notes), (written, "header found" if headed else "no header")


def _head_of(file: TextFile, reader: TextReader) -> Head:
    """Return the beginning of a file without what stands before the table."""
    content = bytes_of(file.path, 0, min(file.size, _HEAD))
    if file.size > _HEAD:
        content = content[: content.rfind(file.line_end) + 1] or content
    start = bom_length(content)
    text = decoded(file.path, content[start:], reader.encoding, reader.errors)
    rest, delimiter, note = without_preamble(text)
    rest = rest.lstrip("\n")
    before = text.count("\n") - rest.count("\n")
    content = content[start:]
    skipped = 0
    for _ in range(before):
        skipped = content.index(b"\n", skipped) + 1
    return Head(rest, content[skipped:], start + skipped, before, delimiter, note)


def _rows(head: Head, dialect: Dialect, file: TextFile, source: CsvSource) -> list[list[str]]:
    try:
        rows = head.rows(dialect)
    except csv.Error as error:
        named = CsvSource(file.path, limits=source.limits)
        raise SourceError(named.unreadable(head.text, dialect, error, head.before)) from error
    if not rows:
        raise SourceError(f"{file.path!r} holds no rows. Give data, or take it out of the data set.")
    return rows


def _is_headed(
    rows: list[list[str]], header: tuple[str, ...], file: TextFile, first: TextFile, asked: CsvSource
) -> bool:
    """Return whether a later file carries the header of the first."""
    cells = tuple(cell.strip() for cell in rows[0])
    if not header or cells == header:
        return bool(header)
    _, headed = CsvSource(file.path, header=asked.header).names_of(rows)
    if headed:
        raise SourceError(
            f"The header of {file.path!r} is not that of {first.path!r}: {_difference(cells, header)}. All files of a "
            "data set must have the same columns in the same order, or no header. Write the file anew, or take it out."
        )
    return False


def _difference(cells: Sequence[str], header: Sequence[str]) -> str:
    """Return the first columns that differ, in words."""
    missing: Any = [name for name in header if name not in cells]
    more = [name for name in cells if name not in header]
    if not missing and not more:
        return f"its columns are in another order, {', '.join(cells[:_SHOWN])}"
    parts = [("it lacks", missing), ("it has", more)]
    return " and ".join(f"{words} {', '.join(map(repr, names[:_SHOWN]))}" for words, names in parts if names)
