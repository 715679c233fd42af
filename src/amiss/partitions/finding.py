"""Finding: from a place to the partitions of its data."""

from __future__ import annotations

import os
from collections.abc import Sequence

from amiss.errors import ParameterError
from amiss.part import make_part
from amiss.partitions.base import Partitions, Reader, check_unchanged, constant_types, stamp_of
from amiss.partitions.lines import JsonlReader
from amiss.partitions.parquet import numbered, open_parquet
from amiss.partitions.places import constants_of, files_of
from amiss.partitions.texts import open_texts
from amiss.progress import Told
from amiss.sources.base import Source, counted
from amiss.sources.limits import Limits


def find_partitions(
    place: str,
    format: str | None = None,
    columns: Sequence[str] | None = None,
    rows: int = 100_000,
    limits: Limits | None = None,
    told: Told = lambda text: None,
    jobs: int = 1,
) -> Partitions:
    """Return the partitions of the data at a place.

    Reading them one after another gives every cell the value and the type that `amiss.sources` gives when it reads
    the whole in one piece. Of Parquet only the footers are read here; texts are read once, to count their rows and
    to find the types of their columns.

    Parameters
    ----------
    place : str
        A file, a folder or a glob; Parquet, CSV, JSON lines or plain lines, gzip of the texts.
    format : str, optional
        Name of a source, with parameters if wanted: "csv:delimiter=tab".
    columns : sequence of str, optional
        The columns to read, those from names of folders (``year=2026``) among them; all by default.
    rows : int
        Rows of a partition at most.
    limits : Limits, optional
        How much is read at most, in one partition.
    told : callable
        Told what the work is at.
    jobs : int
        Processes that read texts.

    Raises
    ------
    SourceError
        There is nothing to read, the files do not fit together, or one is damaged: which, and what to do.
    ParameterError
        The format or a parameter is not known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import polars as pl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for month in (1, 2):
    ...         pathlib.Path(folder, f"month={month}").mkdir()
    ...         pl.DataFrame({"v": [0.5, 1.5]}).write_parquet(f"{folder}/month={month}/a.parquet")
    ...     partitions = find_partitions(folder)
    ...     partitions.found, partitions.read(partitions.partitions[1]).to_dicts()
    ('Parquet, 2 files, 2 partitions, 4 rows x 2 columns', [{'v': 0.5, 'month': 2}, {'v': 1.5, 'month': 2}])
    """
    import amiss.sources  # noqa: F401 - puts every source on the shelf

    if rows < 1 or jobs < 1:
        raise ParameterError(f"rows={rows} and jobs={jobs} are given. Legal: whole numbers from 1.")
    asked = make_part(Source, format) if format else None
    files, named, notes = files_of(os.fspath(place), asked.name if asked else None)
    constants = dict(zip(files, constants_of(os.fspath(place), files), strict=True))
    stamps = {file: stamp_of(file) for file in files}
    reader = Reader((), constant_types(list(constants.values())), stamps, limits or Limits())
    words: tuple[str, ...] = ()
    if named == "parquet":
        opened, partitions = open_parquet(reader, columns, list(constants.values()), rows, told)
    else:
        source = asked or make_part(Source, named)
        opened, partitions, words, more = open_texts(source, reader, columns, constants, rows, told, jobs)
        notes += more
    for file in files:
        check_unchanged(file, stamps[file])
    placed = numbered(partitions)
    strings = named == "lines" or (isinstance(opened, JsonlReader) and opened.strings)
    size = counted(sum(one.rows for one in placed), "string" if strings else "row")
    size += "" if strings else f" x {counted(len(opened.names), 'column')}"
    parts = (opened.called, *words, counted(len(files), "file"), counted(len(placed), "partition"), size)
    return Partitions(opened, placed, ", ".join(parts), notes, strings)
