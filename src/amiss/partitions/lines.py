"""Plain lines and JSON lines in partitions: each row is a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.partitions.base import Partition, cut_evenly
from amiss.partitions.counting import Counted, Range, TextReader
from amiss.partitions.frames import frame_of
from amiss.sources.base import collector_at_rest
from amiss.sources.jsonl import JsonlSource, Nesting, opened_rows
from amiss.sources.seen import seen_values, values_as

if TYPE_CHECKING:
    import polars

STRING = "string"
"""The name of the one column of a list of strings."""


@dataclass(frozen=True)
class LinesReader(TextReader):
    """Reads strings, one a line.

    Attributes
    ----------
    returns : tuple of str
        The files whose lines end in a carriage return.
    """

    called: ClassVar[str] = "Plain lines"
    returns: tuple[str, ...]

    def rows_of(self, partition: Partition) -> polars.DataFrame:
        """Return the strings as a column."""
        return _frame_of_strings(self._strings(partition.file, self.text(partition)[1]))

    def count(self, one: Range, most: int) -> Counted:
        """Return what a range holds."""
        content, text = self.text(one, one.before)
        strings = self._strings(one.file, text)
        longest = max(range(len(strings)), key=lambda at: len(strings[at]))
        self.limits.check_length(f"{one.file} line {one.before + longest + 1}", len(strings[longest]))
        pieces = _pieces(one, content, b"\r" if one.file in self.returns else b"\n", most)
        return Counted(one.stop, len(strings), pieces, {}, kind="strings")

    def _strings(self, file: str, text: str) -> list[str]:
        text = text.replace("\r", "\n") if file in self.returns else text.replace("\r\n", "\n")
        return text.removesuffix("\n").split("\n")


@dataclass(frozen=True)
class JsonlReader(TextReader):
    """Reads JSON lines.

    Attributes
    ----------
    named : tuple of str
        The keys of rows.
    outer : tuple of str
        Those that hold objects.
    paths : tuple of (tuple of str, bool)
        The names that lead to each cell in objects within objects, and whether one there is filled.
    strings : bool
        True for a string a line.
    """

    called: ClassVar[str] = "JSON lines"
    named: tuple[str, ...]
    outer: tuple[str, ...]
    paths: tuple[tuple[tuple[str, ...], bool], ...]
    strings: bool

    def rows_of(self, partition: Partition) -> polars.DataFrame:
        """Return the rows, each column of its type."""
        source = JsonlSource(partition.file, limits=self.limits)
        with collector_at_rest():
            values = source.lines(self.text(partition)[1])
            if self.strings:
                return _frame_of_strings([value for _, value in values])
            rows = opened_rows(source.objects(values), self.nesting())
            self.limits.check_cells(partition.file, len(rows), len(self.kinds))
            columns = {
                name: values_as([row.get(name) for row in rows], kind) for name, kind in self.kinds.items()
            }
        for name, column in columns.items():
            if column.dtype.kind == "O":
                longest = max((len(text) for text in column if text is not None), default=0)
                self.limits.check_length(f"{partition.file}, column {name!r},", longest)
        return frame_of(columns)

    def nesting(self) -> Nesting:
        """Return which objects lie within objects."""
        return Nesting(set(self.named), set(self.outer), dict(self.paths))

    def count(self, one: Range, most: int) -> Counted:
        """Return what a range holds."""
        content, text = self.text(one, one.before)
        source = JsonlSource(one.file, limits=self.limits)
        lines = text.count("\n")
        with collector_at_rest():
            values = source.lines(text, one.before + 1)
            blank = [not piece or piece.isspace() for piece in text.split("\n")]
            pieces = _pieces(one, content, b"\n", most, blank)
            if not values:
                return Counted(one.stop, lines, [], {}, kind="")
            if all(isinstance(value, str) for _, value in values):
                self.limits.check_length(one.file, max(len(value) for _, value in values))
                return Counted(one.stop, lines, pieces, {}, kind="strings")
            rows = source.objects(values)
            nesting = Nesting()
            nesting.add_rows(rows)
            seen = _seen(opened_rows(rows, self.nesting()))
            paths = [([*path], filled) for path, filled in nesting.filled.items()]
            return Counted(one.stop, lines, pieces, seen, paths)


def _seen(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: seen_values([row.get(name) for row in rows]) for name in names}


def _frame_of_strings(strings: list[str]) -> polars.DataFrame:
    import polars as pl

    return pl.DataFrame({STRING: strings}, schema={STRING: pl.String})


def _pieces(
    one: Range, content: bytes, line_end: bytes, most: int, blank: Sequence[bool] = ()
) -> list[tuple[int, int, int]]:
    """Return pieces (start, stop, rows) of at most ``most`` rows: the lines that are not blank."""
    lines = [piece + line_end for piece in content.removesuffix(line_end).split(line_end)]
    ends = [min(end, one.stop) for end in accumulate(map(len, lines), initial=one.start)]
    if any(blank):
        ends = [one.start, *(end for end, left_out in zip(ends[1:], blank, strict=False) if not left_out)]
    return [(ends[low], ends[high], high - low) for low, high in cut_evenly(len(ends) - 1, most)]
