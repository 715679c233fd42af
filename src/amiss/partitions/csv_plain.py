"""Plain CSV: rows without quotation marks are found, and their cells judged, over the bytes.

A cell spelt as a number is told by where its bytes lie: a minus or none, digits, a point or comma or none, digits, an
exponent or none. All others are judged by `sources.seen` as they are elsewhere. A column is of numbers where each of
its cells is one, so what was seen of some cells joins with what was seen of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amiss.sources.dialect import Dialect
from amiss.sources.seen import SeenTexts, seen_texts
from amiss.sources.typed import EXACT_DIGITS, SEPARATOR

_BLOCK = 2**18  # bytes judged at once: what is known of each of them fits a cache
_BLOCK_MOST = 2**22  # where a line is long
_ZERO, _PLUS, _MINUS, _COMMA, _POINT, _E, _LINE_END = b"0+-,.e\n"
_SMALL = 0x20  # the bit that makes a letter a small one
_Places = NDArray[np.int64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class PlainRows:
    """Rows of plain CSV: ``ends``, the byte after each; ``seen``, what was seen of each column."""

    ends: _Places
    seen: list[SeenTexts]


def plain_text(content: bytes, dialect: Dialect) -> bytes | None:
    r"""Return UTF-8 text in which no mark means more than it says, its lines ended by line feeds; else None.

    Examples
    --------
    >>> plain_text(b"1,x\r\n", Dialect(",")), plain_text(b'1,"x"\n', Dialect(","))
    (b'1,x\n', None)
    """
    if dialect.blanks or dialect.delimiter not in ",;\t|":
        return None
    if b"\0" in content or (dialect.quote and dialect.quote.encode() in content):
        return None
    returns = content.count(b"\r")
    if returns and not returns == content.count(b"\n") == content.count(b"\r\n"):
        return None
    return content.replace(b"\r\n", b"\n") if returns else content


def plain_rows(content: bytes, delimiter: str, width: int, longest: int) -> PlainRows | None:
    r"""Return the rows of UTF-8 text that `plain_text` gives.

    Parameters
    ----------
    content : bytes
        Whole rows; the last may lack its line end.
    delimiter : str
        Comma, semicolon, tab or pipe.
    width : int
        Cells of a row, two or more.
    longest : int
        Bytes that a cell may have.

    Returns
    -------
    PlainRows or None
        None where a row is empty, has another number of cells or is of millions of bytes, or a cell is longer.

    Examples
    --------
    >>> found = plain_rows(b"1,x\n-2.5,\n", ",", 2, 99)
    >>> found.ends.tolist(), [one.kind(".") for one in found.seen], plain_rows(b"1,x\n2\n", ",", 2, 99)
    ([4, 10], ['float64', 'text'], None)
    """
    seen = [SeenTexts()] * width
    ends: list[_Places] = []
    at = 0
    while at < len(content):
        stop = content.find(b"\n", at + _BLOCK) + 1 or len(content)
        if stop - at > _BLOCK_MOST:
            return None
        block = content[at:stop]
        cells = _cells_of(block if block.endswith(b"\n") else block + b"\n", delimiter, width)
        if cells is None or (cells.stops - cells.starts).max() > longest:
            return None
        seen = cells.joined_to(seen)
        ends.append(np.minimum(at + cells.stops[:, -1] + 1, stop))
        at = stop
    return PlainRows(np.concatenate(ends), seen) if ends else None


@dataclass(frozen=True)
class _Cells:
    """Cells of a block, each array (rows, width): where they lie, and which are plain numbers, written how."""

    block: bytes
    delimiter: str
    starts: _Places
    stops: _Places
    number: _Flags
    whole: _Flags  # without a mark and an exponent, and no negative zero
    comma: _Flags
    point: _Flags
    decimal_comma: _Flags  # one that cannot mark thousands

    def joined_to(self, seen: list[SeenTexts]) -> list[SeenTexts]:
        """Return what was seen of each column here and before."""
        empty = self.starts == self.stops
        odd = ~(self.number | empty)
        marks = (self.comma, self.point, self.decimal_comma)
        told: list[list[bool]] = np.array(
            [
                (self.whole | ~self.number).all(axis=0),
                (~empty).any(axis=0),
                empty.any(axis=0),
                *((mark & self.number).any(axis=0) for mark in marks),
            ]
        ).T.tolist()
        joined = [before.with_more(SeenTexts(True, *more)) for before, more in zip(seen, told, strict=True)]
        for at in np.flatnonzero(odd.any(axis=0)).tolist():
            if joined[at].numbers:  # else it is text, whatever follows
                joined[at] = joined[at].with_more(self._seen_odd(at, np.flatnonzero(odd[:, at])))
        return joined

    def _seen_odd(self, column: int, rows: _Places) -> SeenTexts:
        """Return what was seen of the cells that are no plain numbers; the first often tells that it is text."""
        start, stop = self.starts[rows[0], column], self.stops[rows[0], column]
        first = seen_texts(self.block[start:stop].decode())
        if not first.numbers:
            return first
        places = (rows * self.starts.shape[1] + column).tolist()
        return seen_texts(SEPARATOR.join([self._texts[place] for place in places]))

    @cached_property
    def _texts(self) -> list[str]:
        return self.block.decode().replace("\n", self.delimiter).split(self.delimiter)


def _cells_of(block: bytes, delimiter: str, width: int) -> _Cells | None:
    """Return the cells of whole rows, None where one has another number of them."""
    data = np.frombuffer(block, np.uint8)
    places = np.flatnonzero(data - _ZERO > 9)  # of all bytes but digits: those below wrap around
    marks = data[places]
    last = np.flatnonzero((marks == ord(delimiter)) | (marks == _LINE_END))  # among them, what ends each cell
    if len(last) % width:
        return None
    ended = (marks[last] == _LINE_END).reshape(-1, width)
    if ended[:, :-1].any() or not ended[:, -1].all():
        return None
    starts = np.concatenate([[0], places[last[:-1]] + 1])
    exponent, bare, end = _exponents(places, marks, last)
    minus = data[starts] == _MINUS
    others = end - np.concatenate([[-1], last[:-1]]) - 1  # bytes but digits before the exponent
    mark = np.where(others > 0, marks[end - 1], 0)  # the last of them
    comma, point = mark == _COMMA, mark == _POINT
    marked = comma | point
    before = np.where(marked, places[end - 1], places[end]) - starts - minus  # digits before the mark
    after = places[end] - starts - others - before
    zero = data[starts + minus] == _ZERO
    code = (before > EXACT_DIGITS) | (zero & (before > 1)) | (bare & ~marked)  # 1234567890123456, 007, 1e5
    number = (others == minus + marked.astype(np.int64)) & (before + after > 0) & ~code
    whole = ~marked & ~exponent & ~(zero & minus)
    decimal_comma = comma & ((zero & (before == 1)) | (~exponent & (after > 0) & (after != 3)))
    flat = (starts, places[last], number, whole, comma, point, decimal_comma)
    return _Cells(block, delimiter, *(one.reshape(-1, width) for one in flat))  # type: ignore[arg-type]


def _exponents(places: _Places, marks: NDArray[np.uint8], last: _Places) -> tuple[_Flags, _Flags, _Places]:
    """Return which cells end in an exponent of one or two digits, which of these lack a sign, and where it begins.

    That is the place of its letter among all bytes but digits, else the place of what ends the cell.
    """
    sign = (marks[last - 1] == _PLUS) | (marks[last - 1] == _MINUS)
    letter = last - 1 - sign
    exponent = (marks[letter] | _SMALL) == _E
    exponent &= places[last - 1] - places[letter] == sign
    digits = places[last] - places[last - 1] - 1
    exponent &= (digits == 1) | (digits == 2)
    return exponent, exponent & ~sign, np.where(exponent, letter, last)
