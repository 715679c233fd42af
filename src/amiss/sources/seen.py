"""Seen: what was seen of a column in one piece of the data, joined over the pieces, tells the type of the whole.

`kind` of all that was seen is the type that `typed.from_text` and `typed.from_values` give to the whole column:
"int64", "float64", "bool" or "text". `text_as` and `values_as` give a piece that type.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from amiss.batch import AnyArray
from amiss.sources.typed import (
    DECIMAL_COMMA,
    SEPARATOR,
    are_plain,
    are_whole,
    floats_of,
    is_exact,
    objects,
    texts_of,
)


@dataclass(frozen=True)
class SeenTexts:
    """What was seen of a column of text cells.

    Attributes
    ----------
    numbers : bool
        Every cell is a number or empty, were commas points.
    whole : bool
        And all of them are whole.
    present, missing : bool
        There is a cell that is not empty; one that is.
    comma, point : bool
        There is such a mark.
    decimal_comma : bool
        There is a comma that cannot mark thousands.
    """

    numbers: bool = True
    whole: bool = True
    present: bool = False
    missing: bool = False
    comma: bool = False
    point: bool = False
    decimal_comma: bool = False

    def with_more(self, other: SeenTexts) -> SeenTexts:
        """Return what was seen in both."""
        return SeenTexts(
            self.numbers and other.numbers,
            self.whole and other.whole,
            self.present or other.present,
            self.missing or other.missing,
            self.comma or other.comma,
            self.point or other.point,
            self.decimal_comma or other.decimal_comma,
        )

    def has_decimal_comma(self) -> bool:
        """Return whether the cells are numbers with a comma that cannot mark thousands."""
        return self.numbers and self.present and self.decimal_comma and not self.point

    def kind(self, decimal: str) -> str:
        """Return the type of the column by the decimal mark of the table."""
        legal = not self.comma or (decimal == "," and not self.point)
        if not (self.numbers and self.present and legal):
            return "text"
        return "int64" if self.whole and not self.missing else "float64"


def seen_texts(cells: str) -> SeenTexts:
    """Return what is to be seen of cells joined by NUL.

    Examples
    --------
    >>> seen_texts("1\\x002").with_more(seen_texts("0,5\\x00")).kind(",")
    'float64'
    """
    present, missing = bool(cells.strip(SEPARATOR)), "" in cells.split(SEPARATOR)
    comma, point = "," in cells, "." in cells
    spelt = cells.replace(",", ".") if comma else cells
    plain = spelt.isascii() and are_plain(spelt)
    texts = spelt.split(SEPARATOR) if plain else []
    numbers = plain and floats_of(texts) is not None
    whole = numbers and are_whole(spelt, texts)
    marked = numbers and comma and DECIMAL_COMMA.search(SEPARATOR + cells) is not None
    return SeenTexts(numbers, whole, present, missing, comma, point, marked)


def text_as(cells: str, kind: str, decimal: str) -> AnyArray:
    """Return joined cells as a column of the type of the whole."""
    if kind != "text":
        values = floats_of((cells.replace(",", ".") if decimal == "," else cells).split(SEPARATOR))
        if values is not None:
            return values.astype(kind)
    return objects([cell or None for cell in cells.split(SEPARATOR)])


@dataclass(frozen=True)
class SeenValues:
    """What was seen of a column of values of JSON.

    Attributes
    ----------
    types : tuple of str
        The names of the types of what is not null.
    exact : bool
        All are numbers that float64 holds.
    missing : bool
        There is a null.
    """

    types: tuple[str, ...] = ()
    exact: bool = True
    missing: bool = False

    def with_more(self, other: SeenValues) -> SeenValues:
        """Return what was seen in both."""
        types = tuple(sorted({*self.types, *other.types}))
        return SeenValues(types, self.exact and other.exact, self.missing or other.missing)

    def kind(self) -> str:
        """Return the type of the column."""
        if self.types == ("bool",) and not self.missing:
            return "bool"
        if self.types and set(self.types) <= {"int", "float"} and self.exact:
            return "int64" if self.types == ("int",) and not self.missing else "float64"
        return "text"


def seen_values(values: Sequence[Any]) -> SeenValues:
    """Return what is to be seen of values, None where there is none.

    Examples
    --------
    >>> seen_values([1, None]).with_more(seen_values([0.5])).kind()
    'float64'
    """
    types = {type(value) for value in values}
    numeric = types - {type(None)} <= {int, float, Decimal}
    exact = numeric and all(is_exact(value) for value in values if value is not None)
    names = tuple(sorted(kind.__name__ for kind in types - {type(None)}))
    return SeenValues(names, exact, type(None) in types)


def values_as(values: Sequence[Any], kind: str) -> AnyArray:
    """Return values as a column of the type of the whole."""
    if kind == "text":
        return objects(texts_of(values))
    return np.array([math.nan if value is None else value for value in values], kind)
