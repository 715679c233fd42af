"""Texts: a list, an array or a column as a list of str, and any text shown safely."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

from amiss.errors import DataError


def quoted(text: str, limit: int = 60) -> str:
    """Return text in double quotes, what cannot be seen as escapes, cut to a length.

    Examples
    --------
    >>> print(quoted("a\\tb"))
    "a\\tb"
    """
    cut = text[:limit] + ("..." if len(text) > limit else "")
    seen = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
    return f'"{seen}"'


def named(text: str) -> str:
    """Return text in double quotes; a single character beyond ASCII, easily taken for another, with its name.

    Examples
    --------
    >>> print(named("\u0410"))
    "\u0410" (cyrillic capital letter a)
    """
    if len(text) != 1 or text.isascii():
        return quoted(text)
    return f"{quoted(text)} ({unicodedata.name(text, 'a character without a name').lower()})"


def read_strings(data: Any) -> tuple[list[str], int]:
    """Return a list, an array or a column as strings, and how many were missing.

    Raises
    ------
    DataError
        There is none, or there is more than one column.
    """
    if isinstance(data, str | bytes):
        raise DataError(
            f"One text was given ({quoted(str(data))}) where a list of strings is expected. "
            "Give a list: [text]."
        )
    values = _flat(data)
    if not values:
        raise DataError(
            "The list holds no strings (0 sample(s)). At least one is needed. Give a list of strings."
        )
    missing = sum(_is_missing(value) for value in values)
    return [_text(value) for value in values], missing


def _flat(data: Any) -> list[Any]:
    columns = getattr(data, "column_names", None) or getattr(data, "columns", None)
    if columns is not None and not callable(columns):
        names = list(columns)
        if len(names) != 1:
            raise DataError(
                f"A frame of {len(names)} columns was given where one column of strings is expected. "
                f"Choose one: frame[{str(names[0])!r}]."
                if names
                else "The frame has no columns. Give one of strings."
            )
        data = data[names[0]]
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(data, method):
            shape: tuple[int, ...] = getattr(data, "shape", (0,))
            if len(shape) == 2 and shape[1] != 1:
                raise DataError(
                    f"An array of shape {shape} was given where one column of strings is expected. "
                    "Choose one column: array[:, 0]."
                )
            listed = getattr(data.ravel() if len(shape) == 2 else data, method)()
            return listed if isinstance(listed, list) else [listed]
    if not isinstance(data, Iterable):
        raise DataError(
            f"{type(data).__name__} was given where a list of strings is expected. "
            "Give a list, an array or a column."
        )
    return list(data)


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and value != value)
        or type(value).__name__ in ("NAType", "NaTType")
    )


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if _is_missing(value):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)
