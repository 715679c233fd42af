"""Cells -> typed columns. A column becomes numbers only where every cell is one and nothing is lost by it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amiss.batch import AnyArray, FloatArray

Columns = dict[str, AnyArray]
"""Columns by name: int64 or float64 (NaN missing), bool, datetime64[us] (NaT missing, UTC where a zone was
given), or objects that are str or None. What `polars.DataFrame` and `pandas.DataFrame` take as well."""

SEPARATOR = "\x00"
EXACT_DIGITS = 15
"""Whole numbers of so many digits are exact in float64; longer ones are identifiers."""

_PLAIN = np.zeros(256, bool)
_PLAIN[list(b"0123456789.+-eE\x00")] = True
_LONG = re.compile(rf"\x00-?[0-9]{{{EXACT_DIGITS + 1}}}")
_BARE_EXPONENT = re.compile(r"\x00-?[0-9]+[eE][0-9]")
DECIMAL_COMMA = re.compile(r"\x00-?(?:0,|[0-9]*,(?:[0-9]{1,2}|[0-9]{4,})(?:\x00|\Z))")


def from_text(cells: str, decimal: str = ".") -> AnyArray:
    """Return a column of text cells as int64, float64 or str | None.

    Parameters
    ----------
    cells : str
        The cells joined by NUL; an empty cell is a missing one.
    decimal : {".", ","}
        The decimal mark.

    Examples
    --------
    >>> "\\0".join(["1", "2"]), from_text("1\\x002"), from_text("1.5\\x00"), from_text("007\\x001")
    ('1\\x002', array([1, 2]), array([1.5, nan]), array(['007', '1'], dtype=object))
    """
    spelt = cells.replace(",", ".") if decimal == "," and "." not in cells else cells
    numbers = _numbers(spelt) if spelt.isascii() else None
    return objects([cell or None for cell in cells.split(SEPARATOR)]) if numbers is None else numbers


def has_decimal_comma(cells: str) -> bool:
    """Return whether joined cells are numbers with a comma that cannot mark thousands: 0,125 or 3,14."""
    found = cells.isascii() and "," in cells and "." not in cells and DECIMAL_COMMA.search(SEPARATOR + cells)
    return bool(found) and _numbers(cells.replace(",", ".")) is not None


def _numbers(cells: str) -> AnyArray | None:
    """Return the numbers in joined cells, None where a cell is no number or more than one."""
    if not are_plain(cells):
        return None
    texts = cells.split(SEPARATOR)
    values = floats_of(texts)
    if values is None or np.isnan(values).all():
        return None
    return values.astype(np.int64) if "" not in texts and are_whole(cells, texts) else values


def floats_of(texts: list[str]) -> FloatArray | None:
    """Return the numbers, NaN for an empty text; None where one is no number, or too large."""
    present = (float(text) if text else math.nan for text in texts) if "" in texts else map(float, texts)
    try:
        values = np.fromiter(present, np.float64, len(texts))
    except ValueError:
        return None
    return None if np.isinf(values).any() else values


def are_whole(cells: str, texts: list[str]) -> bool:
    """Return whether numbers are written without a decimal mark, an exponent or a negative zero."""
    return not any(mark in cells for mark in ".eE") and "-0" not in texts


def are_plain(cells: str) -> bool:
    """Return whether each cell is made of what numbers are made of, and none is a code."""
    data = np.frombuffer(cells.encode() + b"\0\0\0", np.uint8)
    return bool(_PLAIN[data].all()) and not _is_code(cells, data)


def _is_code(cells: str, data: NDArray[np.uint8]) -> bool:
    """Return whether a cell reads as a number but is not only that: 007, +49, 1234567890123456, 1e5."""
    ends = np.flatnonzero(data == 0)[:-2]
    start = np.concatenate([[0], ends[:-1] + 1])
    if (data[start] == ord("+")).any():
        return True
    if (ends - start).max() > EXACT_DIGITS and _LONG.search(SEPARATOR + cells):
        return True
    if ("e" in cells or "E" in cells) and _BARE_EXPONENT.search(SEPARATOR + cells):
        return True
    start += data[start] == ord("-")
    after = data[start + 1]
    return bool(((data[start] == ord("0")) & (after >= ord("0")) & (after <= ord("9"))).any())


def from_values(values: Sequence[Any]) -> AnyArray:
    """Return a column of Python values (None missing) as the type that holds all of them, else as text.

    Moments with a time zone become UTC. Lists and dicts become JSON text, bytes hexadecimal.

    Examples
    --------
    >>> from_values([1, None, 2.5]), from_values([True, "x", None])
    (array([1. , nan, 2.5]), array(['true', 'x', None], dtype=object))
    """
    types = {type(value) for value in values} - {type(None)}
    present = [value for value in values if value is not None]
    if types == {bool}:
        return np.array(values, bool) if len(present) == len(values) else objects(texts_of(values))
    if types and types <= {int, float, Decimal} and all(map(is_exact, present)):
        if types == {int} and len(present) == len(values):
            return np.array(values, np.int64)
        return np.array([math.nan if v is None else float(v) for v in values], np.float64)
    if types and types <= {date, datetime}:
        return _moments(values)
    return objects(texts_of(values))


def is_exact(value: float | Decimal) -> bool:
    """Return whether float64 holds the number: identifiers of 16 digits and more are text."""
    if isinstance(value, int):
        return abs(value) < 1_000_000_000_000_000
    return (
        isinstance(value, float)
        or not value.is_finite()
        or len(value.normalize().as_tuple().digits) <= EXACT_DIGITS
    )


def _moments(values: Sequence[date | None]) -> NDArray[np.datetime64]:
    plain = [
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for value in values
    ]
    return np.array([np.datetime64("NaT") if v is None else v for v in plain], "datetime64[us]")


def texts_of(values: Sequence[Any]) -> list[str | None]:
    """Return Python values as texts; None stays."""
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if isinstance(value, date) else str(value)


def objects(texts: Sequence[str | None]) -> AnyArray:
    """Return an array of str or None."""
    column = np.empty(len(texts), object)
    column[:] = texts
    return column
