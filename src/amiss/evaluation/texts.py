"""Cells of a delimited file as they are written, for data that is judged letter by letter."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from amiss.errors import SourceError
from amiss.sources import CsvSource
from amiss.sources.dialect import find_dialect
from amiss.sources.typed import SEPARATOR, Columns, from_text


def texts_of(path: Path) -> dict[str, list[str]]:
    """Return the cells of each column as text, by the names in the first row.

    Raises
    ------
    SourceError
        The file cannot be read, a row is shorter or longer than the first, or two columns have one name.
    """
    text = CsvSource(str(path)).text("auto").text
    try:
        rows = [row for row in find_dialect(text).reader(io.StringIO(text, newline="")) if row]
    except csv.Error as error:
        raise SourceError(f"{path} cannot be read as CSV: {error}. Save it anew.") from error
    names, rows = rows[0], rows[1:]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{path} has two columns called {twice!r}. Give each its own name.")
    if not rows:
        raise SourceError(f"{path} holds a header ({', '.join(names)}) and no rows. Give data.")
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise SourceError(
                f"{path}: row {number} has {len(row)} cells, the header {len(names)}. Mend that row."
            )
    return {name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)}


def spans_of(path: Path, case: str) -> dict[int, tuple[int, int]]:
    """Return the changed characters of a list of strings by row, empty where no spans.csv tells of them.

    Raises
    ------
    SourceError
        It lacks one of the columns case, row, start, end, or one of these holds no whole number.
    """
    if not path.is_file():
        return {}
    texts = texts_of(path)
    try:
        columns = [texts[name] for name in ("case", "row", "start", "end")]
        rows = [
            (int(row), int(start), int(end))
            for name, row, start, end in zip(*columns, strict=True)
            if name == case
        ]
    except (KeyError, ValueError) as error:
        raise SourceError(
            f"{path} does not tell where strings were changed ({error}). Legal: columns case, row, start, end; whole "
            "numbers from 0, the end exclusive."
        ) from error
    return {row: (start, end) for row, start, end in rows}


def columns_of(texts: dict[str, list[str]]) -> Columns:
    """Return columns of text as `amiss detect` sees them: numbers where every cell is one and nothing is lost."""
    return {
        name: from_text(SEPARATOR.join(cell.replace(SEPARATOR, "\ufffd") for cell in cells))
        for name, cells in texts.items()
    }
