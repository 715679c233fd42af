"""Parquet, read by polars after its footer has been weighed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, NamedTuple

from amiss.errors import SourceError
from amiss.sources.base import FileSource, chosen_columns, counted
from amiss.sources.limits import Limits

if TYPE_CHECKING:
    import polars

_MAGIC = b"PAR1"
_ROWS, _ROW_GROUPS = 3, 4
_CHUNKS, _GROUP_ROWS, _CHUNK_DATA = 1, 3, 3
_VALUES, _UNPACKED, _PACKED = 5, 6, 7


class ParquetSource(FileSource):
    """Parquet. What the footer says of size is checked before anything is unpacked.

    Parameters
    ----------
    place : str
        Path, or "-" for standard input.
    columns : list of str, optional
        The columns to read; all by default.
    limits : Limits
        How much is read at most.
    """

    name: ClassVar[str] = "parquet"
    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")

    def __init__(
        self,
        place: str = "-",
        columns: Sequence[str] | None = None,
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self.place = place
        self.columns = columns
        self.limits = limits

    def read(self) -> polars.DataFrame:
        """Return the frame."""
        import polars as pl

        content = self.content()
        if not content:
            raise SourceError(f"{self.called} is empty. Give a file with data in it.")
        self._weigh(content)
        try:
            names = list(pl.read_parquet_schema(io.BytesIO(content)))
            wanted = chosen_columns(self.called, self.columns, names)
            frame = pl.read_parquet(io.BytesIO(content), columns=wanted)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            reason = (str(error).splitlines() or ["unknown"])[0]
            raise SourceError(f"{self.called} is damaged Parquet: {reason}. Get a whole copy.") from error
        size, self.content_ = len(content), None
        if not frame.height or not frame.width:
            raise SourceError(f"{self.called} holds {frame.height} rows x {frame.width} columns. Give data.")
        self._weigh_texts(frame, size)
        self.found_ = ("Parquet", f"{counted(frame.height, 'row')} x {counted(frame.width, 'column')}")
        return frame

    def _weigh(self, content: bytes) -> None:
        """Raise where the footer says that the file unpacks to more than the limits."""
        try:
            rows, values, packed, unpacked = footer_sizes(content)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SourceError(
                f"{self.called} is no whole Parquet file: its footer cannot be read. Get a whole copy."
            ) from error
        self.limits.check_cells(self.called, rows, 1)
        if values > self.limits.cells:
            raise SourceError(
                f"{self.called} holds {values:,} values. At most {self.limits.cells:,} are read. "
                f"Raise the limit if the data can be trusted: cells={values}."
            )
        self.limits.check_ratio(self.called, max(packed, 1), unpacked)

    def _weigh_texts(self, frame: polars.DataFrame, size: int) -> None:
        """Raise where long texts, stored once and repeated, would fill the memory when taken one by one."""
        import polars as pl

        total = 0
        for name, dtype in frame.schema.items():
            if dtype == pl.String:
                lengths = frame[name].str.len_bytes()
                total += int(lengths.sum())
                longest: Any = lengths.max() or 0
                self.limits.check_length(f"{self.called}, column {name!r},", longest)
        self.limits.check_ratio(self.called, size, total)


class RowGroup(NamedTuple):
    """What a footer states of one group of rows; packed and unpacked are bytes."""

    rows: int
    values: int
    packed: int
    unpacked: int


def footer_sizes(content: bytes) -> tuple[int, int, int, int]:
    """Return rows, values, packed bytes and unpacked bytes as the footer of a Parquet file states them.

    Raises
    ------
    ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError
        The content is no Parquet file.
    """
    rows, groups = footer_groups(io.BytesIO(content))
    values, packed, unpacked = (sum(group[at] for group in groups) for at in (1, 2, 3))
    return rows, values, packed, unpacked


def footer_groups(file: BinaryIO) -> tuple[int, list[RowGroup]]:
    """Return the number of rows, and what the footer of a Parquet file states of each group of rows.

    Raises
    ------
    ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError
        The file is no Parquet file.

    References
    ----------
    Apache Parquet format: file layout, ``FileMetaData`` in parquet.thrift. Apache Thrift: compact protocol.
    """
    length = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(4)
    file.seek(max(length - 8, 0))
    tail = file.read(8)
    if length < 12 or head != _MAGIC or tail[4:] != _MAGIC:
        raise ValueError("no Parquet file")
    size = int.from_bytes(tail[:4], "little")
    if size > length - 12:
        raise ValueError("footer longer than the file")
    file.seek(length - 8 - size)
    meta = _Compact(file.read(size)).struct()
    return _count(meta[_ROWS]), [_group(group) for group in meta[_ROW_GROUPS]]


def _group(group: dict[int, Any]) -> RowGroup:
    chunks = [chunk[_CHUNK_DATA] for chunk in group[_CHUNKS]]
    sums = [sum(_count(chunk[key]) for chunk in chunks) for key in (_VALUES, _PACKED, _UNPACKED)]
    return RowGroup(_count(group[_GROUP_ROWS]), *sums)


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("a count below zero")
    return value


class _Compact:
    """Reads Thrift's compact protocol: a struct is a dict by field number."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10):
            return self._list()
        if kind == 12:
            return self.struct()
        raise ValueError(f"type {kind} does not occur in a footer")

    def _list(self) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 != 15 else self._varint()
        if count > len(self.data):
            raise ValueError("a list longer than the footer")
        return [self._value(head & 15) for _ in range(count)]

    def _byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def _bytes(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self.data):
            raise IndexError("the footer ends too early")
        return self.data[self.at - count : self.at]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise ValueError("a number of more than 64 bits")

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
