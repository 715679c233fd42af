"""How a delimited text is written: delimiter, quotation mark, header. Found in its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
SINGLE_COLUMN = "\x1f"
"""The delimiter of a text that has none: the unit separator, which no text holds by chance."""

_USUAL = ",;\t|"
_RARE = "^~\x1f\x01"
_HEAD = 200_000
_ROWS = 500
_NUMBER = re.compile(r"\s*[+-]?(\d[\d ]*([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?\s*%?\Z", re.ASCII)
_MOMENT = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?\Z|\s*\d{1,2}:\d\d(:\d\d.*)?\Z", re.ASCII)


@dataclass(frozen=True)
class Dialect:
    """What `csv.reader` needs to know.

    Attributes
    ----------
    delimiter : str
    quote : str
        Empty where quotation marks are text like any other.
    blanks : bool
        True where a blank follows each delimiter and belongs to no cell.
    """

    delimiter: str = ","
    quote: str = '"'
    blanks: bool = False

    def reader(self, lines: Iterable[str]) -> Any:
        """Return the `csv.reader` over lines."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.blanks,
        )


def find_dialect(text: str, delimiter: str = "auto", quote: str = "auto") -> Dialect:
    """Return how the first lines of ``text`` are written; what is given is not looked for.

    A delimiter is a good one when it gives most rows the same number of cells, and cells that are a number, a
    date, a word or nothing.
    """
    lines = _first_lines(text)
    if delimiter != "auto":
        delimiter = {name: mark for mark, name in NAMES.items()}.get(delimiter, delimiter)
        candidates = delimiter
    else:
        candidates = _USUAL
    best = _best(lines, candidates, quote)
    if best is None and delimiter == "auto":
        best = _best(lines, _RARE, quote) or _by_blanks(lines, quote)
    if best is None:
        mark = SINGLE_COLUMN if delimiter == "auto" else delimiter
        best = Dialect(mark, _quote_of(lines, mark) if quote == "auto" else quote)
    return best


def without_preamble(text: str) -> tuple[str, str, str]:
    r"""Return the text with what stands before the table emptied, the delimiter it names, and a note.

    That is Excel's ``sep=;``, and lines of comment that start with #. The lines stay, empty, so that those
    below keep their number.

    Examples
    --------
    >>> without_preamble("sep=;\na;b\n")[:2], without_preamble("# by me\na,b\n1,2\n")[0]
    (('\na;b\n', ';'), '\na,b\n1,2\n')
    """
    named = re.match(r"sep=([^\r\n])\r?\n", text, re.IGNORECASE)
    if named:
        return text[named.end() - 1 :], named[1], ""
    comments = re.match(r"(?:#[^\n]*\n)+", text)
    if comments is None or not text[comments.end() :].strip():
        return text, "auto", ""
    lines = comments[0].splitlines(keepends=True)
    rest = text[comments.end() :]
    dialect = find_dialect(rest)
    rows = list(dialect.reader([lines[-1], _first_lines(rest)[0]]))
    if dialect.delimiter == SINGLE_COLUMN:
        if not all(line.startswith("# ") for line in lines):
            return text, "auto", ""  # a list of tags or colours
    elif len(rows[0]) == len(rows[1]):  # a header that starts with #
        rest = lines.pop() + rest
    note = f"Lines of comment above the table are passed over: {len(lines)}." if lines else ""
    return "\n" * len(lines) + rest, "auto", note


def _first_lines(text: str) -> list[str]:
    head = text[:_HEAD]
    if len(text) > _HEAD:
        head = head[: head.rfind("\n") + 1] or head
    return [line for line in head.splitlines(keepends=True)[:_ROWS] if line.strip()]


def _best(lines: list[str], candidates: str, quote: str) -> Dialect | None:
    best: tuple[tuple[float, float], Dialect] | None = None
    for mark in candidates:
        dialect = Dialect(
            mark, _quote_of(lines, mark) if quote == "auto" else quote, _blanks_follow(lines, mark)
        )
        rank = _rank(lines, dialect)
        if rank is not None and (best is None or rank > best[0]):
            best = (rank, dialect)
    return best[1] if best else None


def _rank(lines: list[str], dialect: Dialect) -> tuple[float, float] | None:
    """Return how well the dialect fits, None where it does not."""
    try:
        rows = [row for row in dialect.reader(lines) if row]
    except csv.Error:
        return None
    if not rows or len(rows[0]) < 2:
        return None
    width, same = Counter(map(len, rows)).most_common(1)[0]
    if width < 2 or same < 0.5 * len(rows):
        return None
    cells = [cell for row in rows for cell in row]
    plain = sum(_is_plain(cell) for cell in cells) / len(cells)
    return round(same / len(rows) * plain, 2), float(width)


def _is_plain(cell: str) -> bool:
    """Return whether a cell is nothing, a number, a date or has a letter: no heap of digits and marks."""
    return not cell.strip() or bool(_NUMBER.match(cell) or _MOMENT.match(cell)) or any(map(str.isalpha, cell))


def _by_blanks(lines: list[str], quote: str) -> Dialect | None:
    """Return the dialect of columns of numbers set apart by blanks, None where there is no such thing."""
    dialect = Dialect(" ", "" if quote == "auto" else quote, blanks=True)
    rows = list(dialect.reader([line.strip() for line in lines]))
    widths = set(map(len, rows))
    numeric = all(_NUMBER.match(cell) for row in rows[1:] for cell in row)
    return dialect if len(rows) > 1 and len(widths) == 1 and widths != {1} and numeric else None


def _quote_of(lines: list[str], mark: str) -> str:
    """Return the quotation mark: ' where cells are put in it and none in ", else "."""
    text = "".join(lines)
    cell = rf"(?:^|{re.escape(mark)})'[^'\n]*'(?={re.escape(mark)}|\r?$)"
    return "'" if '"' not in text and len(re.findall(cell, text, re.MULTILINE)) > 1 else '"'


def _blanks_follow(lines: list[str], mark: str) -> bool:
    text = "".join(lines)
    return mark != " " and mark in text and text.count(mark) == text.count(mark + " ")


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first of the rows names the columns.

    It does where it holds text above numbers or dates. It does not where it holds numbers (unless they count
    up, as years do), empty or repeated cells, or cells made like those below. Among words only, the first row
    is taken for names.
    """
    first, below = rows[0], [row for row in islice(rows, 1, _ROWS) if len(row) == len(rows[0])]
    while first and not first[-1].strip() and len(first) > 1:
        first = first[:-1]
    numeric = [cell for cell in first if _NUMBER.match(cell)]
    if numeric and not _count_up(numeric):
        return False
    if not below:
        return True
    columns = list(zip(*below, strict=True))
    if any(_names_numbers(name, column) for name, column in zip(first, columns, strict=False)):
        return True
    if len(set(first)) < len(first) or sum(not cell.strip() for cell in first) > 1:
        return False
    return not any(_is_one_of(name, column) for name, column in zip(first, columns, strict=False))


def _count_up(cells: list[str]) -> bool:
    if len(cells) < 3 or not all(cell.strip().isdecimal() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _names_numbers(name: str, column: Sequence[str]) -> bool:
    """Return whether text stands above numbers or above dates."""
    cells = [cell for cell in column if cell.strip()]
    if not cells or not name.strip() or _NUMBER.match(name) or _MOMENT.match(name):
        return False
    return sum(bool(_NUMBER.match(c) or _MOMENT.match(c)) for c in cells) > 0.9 * len(cells)


def _is_one_of(name: str, column: Sequence[str]) -> bool:
    """Return whether ``name`` looks like a value: it occurs below, or holds digits as most cells do."""
    if name in column:
        return True
    shape = _shape(name)
    return "9" in shape and sum(_shape(cell) == shape for cell in column) > 0.5 * len(column)


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", cell))
