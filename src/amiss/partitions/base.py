"""Partitions: a data set cut into pieces that are read, scored and written as a whole, and who reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from amiss.errors import SourceError
from amiss.sources.base import chosen_columns
from amiss.sources.limits import Limits
from amiss.sources.typed import SEPARATOR, from_text

if TYPE_CHECKING:
    import polars

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What stands in the name of a folder where the value is missing."""


@dataclass(frozen=True)
class Partition:
    """One piece of a data set; it never spans files.

    Attributes
    ----------
    number : int
        From 0, in the order of the input.
    file : str
    start, stop : int
        Rows of a Parquet file; bytes of a text file, unpacked.
    first_row, rows : int
        Its place among all rows of the data set, and how many it holds.
    constants : dict of str to str
        From the names of folders: ``year=2026/month=11`` is ``{"year": "2026", "month": "11"}``.
    """

    number: int
    file: str
    start: int
    stop: int
    first_row: int
    rows: int
    constants: dict[str, str]


@dataclass(frozen=True)
class Reader:
    """What reads the partitions of one data set, here or in another process.

    Attributes
    ----------
    called : str
        The format, as a person calls it.
    names : tuple of str
        The columns, as they are read; those from names of folders come last where no order was asked for.
    constants : dict of str to str
        The type of each column from names of folders: "int64", "float64" or "text".
    stamps : dict of str to (int, int)
        Size and time of the last change (nanoseconds) of each file when it was found.
    limits : Limits
        How much is read at most, in one partition.
    """

    called: ClassVar[str] = ""
    names: tuple[str, ...]
    constants: dict[str, str]
    stamps: dict[str, tuple[int, int]]
    limits: Limits

    def read(self, partition: Partition) -> polars.DataFrame:
        """Return the rows of a partition.

        Raises
        ------
        SourceError
            The file was changed since it was found, or cannot be read.
        """
        check_unchanged(partition.file, self.stamps[partition.file])
        frame = self.rows_of(partition)
        if frame.height != partition.rows:
            raise SourceError(
                f"{partition.file!r} gave {frame.height:,} rows where {partition.rows:,} were counted. "
                "Was it changed meanwhile? Start again."
            )
        constants = [
            _constant(name, kind, partition)
            for name, kind in self.constants.items()
            if name in self.names and name not in frame.columns
        ]
        return frame.with_columns(constants).select(self.names)

    def rows_of(self, partition: Partition) -> polars.DataFrame:
        """Return the rows as they stand in the file."""
        raise NotImplementedError


@dataclass(frozen=True)
class Partitions:
    """A data set in partitions, found and not read.

    Attributes
    ----------
    reader : Reader
        Reads one; it can be packed and sent to another process.
    partitions : tuple of Partition
    found : str
        In words: "Parquet, 12 files, 48 partitions, 12,345,678 rows x 50 columns".
    notes : tuple of str
        What the reader should know, a sentence each.
    strings : bool
        True for a list of strings; it is read as the one column "string".
    """

    reader: Reader
    partitions: tuple[Partition, ...]
    found: str
    notes: tuple[str, ...] = ()
    strings: bool = False

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(partition.rows for partition in self.partitions)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.reader.names

    @property
    def files(self) -> tuple[tuple[str, int, int], ...]:
        """Path, size in bytes and time of the last change in nanoseconds of each file, in order."""
        return tuple((file, *stamp) for file, stamp in self.reader.stamps.items())

    def read(self, partition: Partition) -> polars.DataFrame:
        """Return the rows of a partition; see `Reader.read`."""
        return self.reader.read(partition)


def stamp_of(file: str) -> tuple[int, int]:
    """Return size and time of the last change of a file.

    Raises
    ------
    SourceError
        It is gone, or may not be read.
    """
    try:
        found = os.stat(file)
        if not os.access(file, os.R_OK):
            raise PermissionError(13, "Permission denied")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{file!r} cannot be read: {reason}. Give files that you may read.") from error
    return found.st_size, found.st_mtime_ns


def check_unchanged(file: str, stamp: tuple[int, int]) -> None:
    """Raise where a file is not what it was when it was found."""
    try:
        now = stamp_of(file)
    except SourceError as error:
        raise SourceError(f"{error} It could be read when the data were found.") from error
    if now != stamp:
        raise SourceError(
            f"{file!r} was changed after it had been found: {stamp[0]:,} bytes then, {now[0]:,} now. "
            "Data must stay as they are while they are read. Start again when it is written."
        )


def columns_to_read(
    file: str, there: list[str], columns: Sequence[str] | None, held: dict[str, str]
) -> list[str]:
    """Return the columns to read, those from names of folders among them; a column in the file goes before.

    Raises
    ------
    SourceError
        One is not there, or none is in the file.
    """
    wanted = chosen_columns(file, columns, [*there, *(name for name in held if name not in there)])
    if not set(wanted) & set(there):
        raise SourceError(
            f"Of the columns asked for ({', '.join(wanted)}) none is in {file!r}: they are names of folders. "
            "Ask for one that is in the files too."
        )
    return wanted


def constant_types(constants: list[dict[str, str]]) -> dict[str, str]:
    """Return the type of each column from names of folders: numbers where all are, as in a CSV file."""
    kinds = {}
    for name in constants[0]:
        texts = ["" if one[name] == NO_VALUE else one[name] for one in constants]
        kind = from_text(SEPARATOR.join(dict.fromkeys(texts))).dtype
        kinds[name] = "text" if kind.kind == "O" else str(kind)
    return kinds


def _constant(name: str, kind: str, partition: Partition) -> polars.Series:
    import polars as pl

    text = partition.constants[name]
    if kind == "text":
        return pl.Series(name, [None if text == NO_VALUE else text] * partition.rows, pl.String)
    value = float("nan") if text == NO_VALUE else float(text)
    return pl.Series(name, np.full(partition.rows, value).astype(kind))


def cut_evenly(rows: int, most: int) -> list[tuple[int, int]]:
    """Return the starts and stops of the fewest pieces of at most ``most`` rows, nearly of one size.

    Examples
    --------
    >>> cut_evenly(10, 4)
    [(0, 3), (3, 6), (6, 10)]
    """
    count = -(-rows // most)
    return [(rows * piece // count, rows * (piece + 1) // count) for piece in range(count)]
