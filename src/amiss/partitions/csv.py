"""CSV in partitions: rows of a range, read by the very lines that read a whole file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, ClassVar

from amiss.errors import SourceError
from amiss.partitions.base import Partition
from amiss.partitions.counting import Counted, Range, TextReader, gathered
from amiss.partitions.csv_plain import plain_rows, plain_text
from amiss.partitions.frames import frame_of
from amiss.sources.base import collector_at_rest
from amiss.sources.csv import CsvSource, room_for
from amiss.sources.dialect import SINGLE_COLUMN, Dialect
from amiss.sources.seen import seen_texts, text_as
from amiss.sources.typed import SEPARATOR

if TYPE_CHECKING:
    import polars

_CHUNK = 1000
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class CsvReader(TextReader):
    """Reads rows of delimited text.

    Attributes
    ----------
    dialect : Dialect
    columns : tuple of str
        All columns of the files, in order.
    header : tuple of str
        The cells of the header; empty where there is none.
    decimal : str
        The decimal mark.
    """

    called: ClassVar[str] = "CSV"
    dialect: Dialect
    columns: tuple[str, ...]
    header: tuple[str, ...]
    decimal: str

    @property
    def _is_utf8(self) -> bool:
        return (self.encoding, self.errors) == ("utf-8", "strict")

    def rows_of(self, partition: Partition) -> polars.DataFrame:
        """Return the rows, each column of its type."""
        content, text = self.text(partition)
        self.limits.check_cells(partition.file, partition.rows, len(self.columns))
        if (frame := self._plain_rows(content, partition.rows)) is not None:
            return frame
        source = CsvSource(partition.file, limits=self.limits)
        held: dict[str, list[str]] = {name: [] for name in self.kinds}
        rows = self.dialect.reader(io.StringIO(text, newline=""))
        with room_for(self.limits.cell_length), collector_at_rest():
            while raw := list(islice(rows, _CHUNK)):
                self._add(held, source, self._filled(raw), "")
        columns = {name: SEPARATOR.join(cells) for name, cells in held.items()}
        return frame_of(
            {name: text_as(columns[name], kind, self.decimal) for name, kind in self.kinds.items()}
        )

    def _plain_rows(self, content: bytes, rows: int) -> polars.DataFrame | None:
        """Return rows in which no mark means more than it says, ten times as fast; None where one might.

        The rows were counted before and their types are known, so that nothing is left to be found: polars parses
        numbers to the last bit as Python does.
        """
        import polars as pl

        plain = plain_text(content, self.dialect) if self._is_utf8 and self.decimal == "." else None
        if plain is None:
            return None
        types: dict[str, type[pl.DataType]] = {"int64": pl.Int64, "float64": pl.Float64, "text": pl.String}
        places = {name: f"column_{position}" for position, name in enumerate(self.columns, 1)}
        try:
            frame = pl.read_csv(
                io.BytesIO(plain),
                has_header=False,
                schema={place: types[self.kinds.get(name, "text")] for name, place in places.items()},
                columns=[places[name] for name in self.kinds],
                separator=self.dialect.delimiter,
                quote_char=None,
            )
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            return None
        if frame.height != rows:
            return None
        frame = frame.rename({places[name]: name for name in self.kinds})
        return frame.with_columns(pl.col(pl.Float64).fill_null(float("nan")))

    def count(self, one: Range, most: int) -> Counted:
        """Return what a range holds."""
        content, text = self.text(one, one.before)
        counted = self._plainly_counted(one, content, most) or self._counted(one, content, text, most)
        most_rows = max((piece[2] for piece in counted.pieces), default=0)
        self.limits.check_cells(one.file, most_rows, len(self.columns))
        return counted

    def _plainly_counted(self, one: Range, content: bytes, most: int) -> Counted | None:
        """Return what a range of plain rows holds, found over its bytes; None where they are not plain."""
        width, size = len(self.columns), min(_CHUNK, most)
        plain = plain_text(content, self.dialect) if self._is_utf8 else None
        if plain is None or width < 2 or not (one.last or plain.endswith(b"\n")):
            return None
        found = plain_rows(plain, self.dialect.delimiter, width, self.limits.cell_length)
        if found is None:
            return None
        rows, longer = len(found.ends), len(plain) < len(content)  # where each line ends in two bytes
        cuts = [
            (min(one.start + int(found.ends[row - 1]) + longer * row, one.stop), row)
            for row in [*range(size, rows, size), rows]
        ]
        seen = dict(zip(self.columns, found.seen, strict=True))
        return Counted(one.stop, rows, gathered([(one.start, 0), *cuts], most), seen)

    def _counted(self, one: Range, content: bytes, text: str, most: int) -> Counted:
        """Return what a range holds, read by the csv module."""
        source = CsvSource(one.file, limits=self.limits)
        held: dict[str, list[str]] = {name: [] for name in self.columns}
        cuts = [(0, 0)]  # after so many lines, so many rows
        with room_for(self.limits.cell_length), collector_at_rest():
            try:
                for line, rows in self._chunks(one, source, text, min(_CHUNK, most)):
                    self._add(held, source, rows, text, one.before)
                    cuts.append((line, cuts[-1][1] + len(rows)))
            except csv.Error as error:
                raise SourceError(source.unreadable(text, self.dialect, error, one.before)) from error
        ends = [one.start, *accumulate(map(len, content.splitlines(keepends=True)), initial=one.start)][1:]
        seen = {name: seen_texts(SEPARATOR.join(cells)) for name, cells in held.items() if cells}
        pieces = gathered([(ends[line], rows) for line, rows in cuts], most)
        return Counted(ends[cuts[-1][0]], cuts[-1][0], pieces, seen)

    def _chunks(
        self, one: Range, source: CsvSource, text: str, size: int
    ) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield whole rows, and the line on which the last of them ends."""
        lines = _Lines(text)
        reader = self.dialect.reader(lines)
        empty: list[list[str]] = []
        while raw := list(islice(reader, size)):
            line = reader.line_num
            if lines.ended_within(len(raw) < size):
                taken = sum(len(_LINE_END.findall(cell)) for cell in raw[-1]) + (text[-1] not in "\r\n")
                if not one.last:
                    line -= taken
                    raw.pop()
                elif taken > 1:
                    raise SourceError(source.unclosed(one.before + line - taken + 1))
            raw, empty = [*empty, *raw], []
            while self.dialect.delimiter == SINGLE_COLUMN and raw and not raw[-1]:
                empty.append(raw.pop())
            yield line - len(empty), self._filled(raw)

    def _filled(self, raw: list[list[str]]) -> list[list[str]]:
        """Return the rows but for empty lines; in a single column these are missing cells."""
        if self.dialect.delimiter == SINGLE_COLUMN:
            return [row or [""] for row in raw]
        return [row for row in raw if row]

    def _add(
        self, held: dict[str, list[str]], source: CsvSource, rows: list[list[str]], text: str, before: int = 0
    ) -> None:
        if not rows:
            return
        width = len(self.columns)
        joined = source.joined(
            rows, width, lambda: source.ragged(text, self.dialect, width, bool(self.header), before)
        )
        for name, cells in zip(self.columns, joined, strict=True):
            if name in held:
                held[name].append(cells)


class _Lines:
    """The lines of a text; it counts how often a reader asked for more than there are."""

    def __init__(self, text: str) -> None:
        self.lines = io.StringIO(text, newline="")
        self.asked = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.lines.readline()
        if not line:
            self.asked += 1
            raise StopIteration
        return line

    def ended_within(self, short: bool) -> bool:
        """Return whether the text ended within the last row: a reader asks once more for the row after it."""
        return self.asked > short
