"""Joining: part files to one file, a part at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from amiss import atomic
from amiss.errors import SinkError
from amiss.sinks.csv import lines_of_columns

_BLOCK = 2**20
_ROWS = 100_000  # of a group of rows: the same file whoever joins


def join(parts: Sequence[str], target: str, folder: str) -> None:
    """Write the rows of part files, in order, as one file: whole or not at all.

    Parameters
    ----------
    parts : sequence of str
        Paths of Parquet files of one schema.
    target : str
        The file; its ending says the format.
    folder : str
        For a while a file lies there.

    Raises
    ------
    SinkError
        It cannot be written.
    """
    try:
        if target.lower().endswith((".csv", ".tsv")):
            atomic.write(target, _as_csv(parts, "\t" if target.lower().endswith(".tsv") else ","))
        else:
            _as_parquet(parts, target, os.path.join(folder, ".part-all.new"))
    except OSError as error:
        raise SinkError(
            f"{target!r} cannot be written: {error.strerror or error}. Give a file in a folder that is there, that you "
            "may write to and that has room. The same command goes on from here."
        ) from error


def _as_csv(parts: Sequence[str], delimiter: str) -> Iterator[bytes]:
    import polars as pl

    for number, part in enumerate(parts):
        frame = pl.read_parquet(part)
        columns = {name: frame[name].to_list() for name in frame.columns}
        yield from lines_of_columns(columns, frame.height, delimiter, head=number == 0)


def _as_parquet(parts: Sequence[str], target: str, beside: str) -> None:
    import polars as pl

    try:
        lazy = pl.scan_parquet(list(parts), glob=False)
        lazy.sink_parquet(beside, maintain_order=True, row_group_size=_ROWS)
        with open(beside, "rb") as file:
            atomic.write(target, iter(lambda: file.read(_BLOCK), b""))
    except pl.exceptions.PolarsError as error:
        raise OSError(str(error)) from error
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
