"""Counting: texts are read once, range by range, for the places of their rows and for what their columns hold.

A range begins where a line begins, and that may lie within a cell in quotation marks. So each range is read as if a
row began there; it tells where its last whole row ended. Where that is not where the next range began, the next is read
again from there. From the first range on, each is so known to have begun at a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from amiss.errors import AmissError
from amiss.partitions.base import Partition, Reader
from amiss.partitions.text_files import TextFile, bytes_of, decoded
from amiss.progress import Told
from amiss.workers import Task, WorkersError, in_workers

_PLACE = "amiss.partitions.records"


@dataclass(frozen=True)
class Range:
    """A piece of a text file to be read once; ``before``: so many lines stand before it; ``last``: it ends the file."""

    file: str
    start: int
    stop: int
    last: bool
    before: int = 0


@dataclass(frozen=True)
class Counted:
    """What a range holds.

    Attributes
    ----------
    landed : int
        Where its last whole row ends, in bytes of the file.
    lines : int
        How many lines its rows take.
    pieces : list of (start, stop, rows)
        Partitions, of at most as many rows as were asked for.
    seen : dict
        What was seen of each column: `SeenTexts` or `SeenValues`.
    nesting : list of (list of str, bool)
        Of objects within objects: the names that lead to a cell, and whether one there is filled.
    kind : str
        "rows", "strings", or "" where there is nothing.
    """

    landed: int
    lines: int
    pieces: list[tuple[int, int, int]]
    seen: dict[str, Any]
    nesting: list[tuple[list[str], bool]] = field(default_factory=list)
    kind: str = "rows"


@dataclass(frozen=True)
class TextReader(Reader):
    """Reads ranges of text files.

    Attributes
    ----------
    encoding, errors : str
        Codec, and what is done with bytes that it does not know.
    kinds : dict of str to str
        The type of each column in the files; empty before they have been counted.
    """

    called: ClassVar[str] = "Text"
    encoding: str
    errors: str
    kinds: dict[str, str]

    def count(self, one: Range, most: int) -> Counted:
        """Return what a range holds; partitions in it are of at most ``most`` rows."""
        raise NotImplementedError

    def text(self, one: Range | Partition, before: int = 0) -> tuple[bytes, str]:
        """Return the bytes of a range, and the text in them."""
        content = bytes_of(one.file, one.start, one.stop)
        return content, decoded(one.file, content, self.encoding, self.errors, before)


def count_all(
    reader: TextReader,
    files: list[TextFile],
    starts: dict[str, tuple[int, int]],
    most: int,
    told: Told,
    jobs: int,
) -> Iterator[tuple[str, Counted]]:
    """Yield what each range holds, in order.

    Parameters
    ----------
    reader : TextReader
    files : list of TextFile
    starts : dict of str to (int, int)
        Where the rows of each file begin, and how many lines stand before.
    most : int
        Rows of a partition.
    told : callable
    jobs : int

    Raises
    ------
    SourceError
        The rows of a file cannot be read.
    """
    size = sum(file.size for file in files)
    ahead = _counted_ahead(reader, files, starts, most, told, jobs) if jobs > 1 else {}
    done = 0
    for file in files:
        at, before = starts[file.path]
        for stop in (stop for stop in file.breaks if stop > at):
            one = Range(file.path, at, stop, stop == file.size, before)
            counted = ahead.get((one.file, one.start, one.stop)) or reader.count(one, most)
            yield file.path, counted
            at, before = counted.landed, before + counted.lines
            told(f"Counting rows: {(done + at) / 1e6:,.0f} of {size / 1e6:,.0f} MB")
        done += file.size


def _counted_ahead(
    reader: TextReader,
    files: list[TextFile],
    starts: dict[str, tuple[int, int]],
    most: int,
    told: Told,
    jobs: int,
) -> dict[tuple[str, int, int], Counted]:
    """Return what worker processes count, each range as if a row began where it begins."""
    ranges = list(_ranges(files, starts))
    found: dict[tuple[str, int, int], Counted] = {}
    try:
        tasks: Iterable[Task] = ({"range": one, "most": most} for one in ranges)
        for number, answer, fault in in_workers(
            _PLACE, {"reader": reader}, tasks, min(jobs, max(len(ranges), 1))
        ):
            if fault is None and answer["counted"] is not None:
                one = ranges[number]
                found[one.file, one.start, one.stop] = answer["counted"]
            told(f"Counting rows: {number + 1:,} of {len(ranges):,} pieces")
    except WorkersError:  # then here
        pass
    return found


def _ranges(files: list[TextFile], starts: dict[str, tuple[int, int]]) -> Iterator[Range]:
    for file in files:
        at = starts[file.path][0]
        for stop in (stop for stop in file.breaks if stop > at):
            yield Range(file.path, at, stop, stop == file.size)
            at = stop


def counted_or_none(reader: TextReader, one: Range, most: int) -> Counted | None:
    """Return what a range holds, None where it cannot be read, perhaps because no row begins where it begins."""
    try:
        return reader.count(one, most)
    except AmissError:
        return None


def gathered(cuts: list[tuple[int, int]], most: int) -> list[tuple[int, int, int]]:
    """Return pieces (start, stop, rows) of at most ``most`` rows from the places where rows end, and their counts.

    Examples
    --------
    >>> gathered([(0, 0), (10, 2), (20, 4), (25, 5)], 4)
    [(0, 20, 4), (20, 25, 1)]
    """
    pieces: list[tuple[int, int, int]] = []
    start, first = cuts[0]
    for (end, rows), (_, following) in zip(cuts[1:], [*cuts[2:], (0, 2**62)], strict=True):
        if following - first > most:
            pieces.append((start, end, rows - first))
            start, first = end, rows
    return [piece for piece in pieces if piece[2]]
