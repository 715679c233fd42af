"""CSV and TSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from amiss.detection import Detection
from amiss.errors import ParameterError
from amiss.reading.frames import number_text
from amiss.sinks.base import Sink, answer_columns, plain

_CHUNK = 10_000
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


class CsvSink(Sink):
    """One row an item: the columns of the data, then score, p_value, anomalous and causes.

    A cell that a spreadsheet would run (it starts with = + - @, a tab or a line end, and is no number) gets a
    leading apostrophe.

    Parameters
    ----------
    delimiter : str
        One character, or tab, comma, semicolon, pipe. "auto": a tab for .tsv, else a comma.
    """

    name: ClassVar[str] = "csv"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __init__(self, delimiter: str = "auto") -> None:
        self.delimiter = delimiter

    def write(self, detection: Detection, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all; see `Sink.write`."""
        if self.delimiter == "auto" and os.fspath(path).lower().endswith(".tsv"):
            CsvSink("tab").write(detection, path)
        else:
            super().write(detection, path)

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        delimiter = "," if self.delimiter == "auto" else _NAMED.get(self.delimiter, self.delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise ParameterError(
                f"Sink 'csv': delimiter={self.delimiter!r} is not legal. "
                f"Legal: auto, one character, {', '.join(_NAMED)}."
            )
        yield from lines_of_columns(answer_columns(detection), len(detection.scores), delimiter)


def lines_of_columns(
    columns: Mapping[str, Any], rows: int, delimiter: str, head: bool = True
) -> Iterator[bytes]:
    """Yield columns as the lines of a file, a chunk of rows at a time.

    Parameters
    ----------
    columns : dict of str to ndarray or list, of length (rows,)
    rows : int
    delimiter : str
        One character.
    head : bool
        Whether a line of names comes first.
    """
    cells = {harmless(name): _cells(values) for name, values in columns.items()}
    if head:
        yield _lines([list(cells)], delimiter)
    for start in range(0, rows, _CHUNK):
        chunk = zip(*(column[start : start + _CHUNK] for column in cells.values()), strict=True)
        yield _lines(chunk, delimiter)


def harmless(cell: str) -> str:
    """Return the cell with a leading apostrophe where a spreadsheet would run it.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-1.5"), harmless("@home"), harmless("a=b")
    ("'=1+1", '-1.5', "'@home", 'a=b')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.match(cell) else cell


def _lines(rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    r"""Return the rows as lines that end in \n (with such lines the csv module would leave \r unquoted)."""
    special = re.compile(f'["\r\n{re.escape(delimiter)}]')

    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if special.search(cell) else cell

    lines = [delimiter.join(map(quoted, row)) + "\n" for row in rows]
    return "".join(lines).encode("utf-8", "backslashreplace")


def _cells(values: Any) -> list[str]:
    """Return the column as text, missing values empty."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return [number_text(value) for value in values.tolist()]
    return [_text(value) for value in plain(values)]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return str(value) if isinstance(value, int) else harmless(str(value))
