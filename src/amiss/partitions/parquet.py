"""Parquet in partitions: their bounds follow the groups of rows; polars reads the rows of one and no others.

Measured with polars 2.1 on one group of 1,000,000 x 50 (384 MB): 100,000 rows of it take 62 MB beyond
the process; in about one read of five polars fetches the whole group, still packed, which takes 424 MB. So memory is
bounded by a partition and one packed group. pyarrow's batches of the same file take 432 MB every time.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.errors import SourceError, in_one_line
from amiss.partitions.base import Partition, Reader, columns_to_read, cut_evenly
from amiss.progress import Told
from amiss.sources.parquet import RowGroup, footer_groups

if TYPE_CHECKING:
    import polars

_TOLD_EVERY = 100  # files


@dataclass(frozen=True)
class ParquetReader(Reader):
    """Reads rows of Parquet files.

    Attributes
    ----------
    schema : str
        Names and types of the columns in the files: an Arrow file without rows, hexadecimal.
    """

    called: ClassVar[str] = "Parquet"
    schema: str

    def rows_of(self, partition: Partition) -> polars.DataFrame:
        """Return the rows, in the types that all files share."""
        import polars as pl

        schema = pl.read_ipc(io.BytesIO(bytes.fromhex(self.schema))).schema
        try:
            lazy = pl.scan_parquet(partition.file, glob=False, hive_partitioning=False)
            rows = lazy.select(list(schema)).slice(partition.start, partition.rows)
            frame = rows.collect(engine="streaming")
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise damaged(partition.file, in_one_line(error)) from error
        self._weigh_texts(partition.file, frame)
        return frame.cast({name: dtype for name, dtype in schema.items() if frame.schema[name] != dtype})

    def _weigh_texts(self, file: str, frame: polars.DataFrame) -> None:
        """Raise where long texts, stored once and repeated, would fill the memory when taken one by one."""
        import polars as pl

        total = 0
        for name, dtype in frame.schema.items():
            if dtype == pl.String:
                lengths = frame[name].str.len_bytes()
                longest: Any = lengths.max() or 0
                self.limits.check_length(f"{file}, column {name!r},", longest)
                total += int(lengths.sum())
        self.limits.check_ratio(file, self.stamps[file][0], total)


def damaged(file: str, reason: str) -> SourceError:
    """Return the error that says so."""
    return SourceError(
        f"{file!r} is damaged Parquet: {reason}. Get a whole copy, or take it out of the data set."
    )


def open_parquet(
    reader: Reader, columns: Sequence[str] | None, constants: list[dict[str, str]], rows: int, told: Told
) -> tuple[Reader, list[Partition]]:
    """Return what reads the Parquet files of ``reader.stamps``, and their partitions of at most ``rows`` rows.

    Raises
    ------
    SourceError
        A file is damaged or too large to unpack, or the files differ in their columns.
    """
    import polars as pl

    partitions: list[Partition] = []
    names: list[str] = []
    common: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for number, (file, held) in enumerate(zip(reader.stamps, constants, strict=True)):
        if number % _TOLD_EVERY == 0:
            told(f"Finding the data: file {number + 1:,} of {len(constants):,}")
        groups, schema = _opened(file)
        if not sum(group.rows for group in groups):
            continue
        wanted = columns_to_read(file, list(schema), columns, held)
        names = names or wanted
        _join(common, origin, {name: schema[name] for name in wanted if name in schema}, file)
        for start, stop in _bounds(groups, rows):
            _weigh(reader, file, groups, start, stop, len(wanted))
            partitions.append(Partition(0, file, start, stop, 0, stop - start, held))
    if not partitions:
        raise SourceError(f"{next(iter(reader.stamps))!r} and all other files hold no rows. Give data.")
    empty = io.BytesIO()
    pl.DataFrame(schema=common).write_ipc(empty)
    fields = {**vars(reader), "names": tuple(names)}
    return ParquetReader(**fields, schema=empty.getvalue().hex()), partitions


def _opened(file: str) -> tuple[list[RowGroup], Any]:
    """Return what the footer states of each group of rows, and the names and types of the columns."""
    import polars as pl

    try:
        with open(file, "rb") as opened:
            rows, groups = footer_groups(opened)
            opened.seek(0)
            schema = pl.read_parquet_schema(opened)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(file, "its footer cannot be read") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise damaged(file, in_one_line(error)) from error
    if rows != sum(group.rows for group in groups):
        raise damaged(file, "its footer counts its rows in two ways")
    return groups, schema


def _join(common: dict[str, Any], origin: dict[str, str], schema: dict[str, Any], file: str) -> None:
    """Widen the types of ``common`` by those of one more file."""
    if not common:
        common.update(schema)
    for name in [*common, *schema]:
        if name not in schema or name not in common:
            having, lacking = (file, next(iter(origin.values()))) if name in schema else (origin[name], file)
            raise SourceError(
                f"{having!r} has a column {name!r}, {lacking!r} has none. All files of a data set must have the same "
                "columns. Choose the columns that all have, or take the file out."
            )
        wide = _wider(common[name], schema[name])
        if wide is None:
            raise SourceError(
                f"Column {name!r} is {schema[name]} in {file!r} and {common[name]} in {origin[name]!r}. "
                "It must be of one type in all files of a data set. Leave the column out, or write the file anew."
            )
        common[name] = wide
        origin.setdefault(name, file)


def _wider(one: Any, other: Any) -> Any:
    """Return the type that holds both without a change of any value that a float holds, None where there is none."""
    import polars as pl

    if one == other or other == pl.Null:
        return one
    if one == pl.Null:
        return other
    if one.is_integer() and other.is_integer() and pl.UInt64 not in (one, other):
        return pl.Int64()
    return (
        pl.Float64()
        if one.is_numeric() and other.is_numeric() and not (one.is_decimal() or other.is_decimal())
        else None
    )


def _bounds(groups: list[RowGroup], rows: int) -> list[tuple[int, int]]:
    """Return starts and stops: small groups of rows are read together, large ones are cut."""
    bounds: list[tuple[int, int]] = []
    at = start = 0
    for group in groups:
        if at > start and at + group.rows - start > rows:
            bounds.append((start, at))
            start = at
        at += group.rows
        if at - start > rows:
            bounds += [(start + low, start + high) for low, high in cut_evenly(at - start, rows)]
            start = at
    return [*bounds, (start, at)] if at > start else bounds


def _weigh(reader: Reader, file: str, groups: list[RowGroup], start: int, stop: int, columns: int) -> None:
    """Raise where the footer says that the partition unpacks to more than the limits."""
    reader.limits.check_cells(f"{file}, rows {start:,} to {stop:,},", stop - start, max(columns, 1))
    packed = values = first = 0
    unpacked = 0.0
    for group in groups:
        share = max(min(stop, first + group.rows) - max(start, first), 0) / max(group.rows, 1)
        packed += group.packed if share else 0
        unpacked += share * group.unpacked
        values += int(share * group.values)
        first += group.rows
    reader.limits.check_ratio(f"{file}, rows {start:,} to {stop:,},", max(packed, 1), int(unpacked))
    if values > reader.limits.cells:
        raise SourceError(
            f"{file}, rows {start:,} to {stop:,}, holds {values:,} values. At most {reader.limits.cells:,} are read. "
            f"Raise the limit if the data can be trusted: cells={values}."
        )


def numbered(partitions: list[Partition]) -> tuple[Partition, ...]:
    """Return the partitions with their numbers and places."""
    first, placed = 0, []
    for number, partition in enumerate(partitions):
        placed.append(replace(partition, number=number, first_row=first))
        first += partition.rows
    return tuple(placed)
