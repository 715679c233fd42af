"""Limits: how much a source takes in before it stops. A data file is hostile until it has been read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from amiss.errors import ParameterError, SourceError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
HARMLESS = 16 * 2**20
"""Bytes that may come out of a compressed file whatever its ratio."""


@dataclass(frozen=True)
class Limits:
    """What a source takes in at most.

    Parameters
    ----------
    bytes : int
        Size of the file, and of what comes out of it when it is compressed.
    cells : int
        Rows x columns, or strings in a list.
    cell_length : int
        Characters in one cell.
    ratio : int
        Bytes that come out of a compressed file for one byte in it.

    Examples
    --------
    >>> Limits.of(["bytes=5G", "cells=1m"])
    Limits(bytes=5000000000, cells=1000000, cell_length=100000, ratio=200)
    """

    bytes: int = 2 * 10**9
    cells: int = 200_000_000
    cell_length: int = 100_000
    ratio: int = 200

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if not isinstance(value, int) or value < 1:
                raise ParameterError(
                    f"Limit {limit.name}={value!r} is not legal. Legal: whole numbers from 1. "
                    f"The default is {limit.name}={limit.default}."
                )

    @classmethod
    def of(cls, asked: Iterable[str]) -> Limits:
        """Return the limits that ``["bytes=5G", "cells=1m"]`` spells; the others keep their default."""
        names = [limit.name for limit in fields(cls)]
        given = {}
        for text in asked:
            name, _, number = text.partition("=")
            digits = number.rstrip("kKmMgG")
            if name not in names or not digits.isdecimal() or len(number) - len(digits) > 1:
                raise ParameterError(
                    f"Limit {text!r} is not known. Legal: NAME=NUMBER with the names {', '.join(names)} and "
                    "numbers such as 5000, 20k, 3M, 2G."
                )
            given[name] = int(digits) * _UNITS[number[len(digits) :].lower()]
        return cls(**given)

    def check_cells(self, place: str, rows: int, columns: int) -> None:
        """Raise where ``rows`` x ``columns`` are too many."""
        if rows * columns > self.cells:
            raise SourceError(
                f"{place} holds {rows:,} or more rows of {columns:,} columns. At most {self.cells:,} cells "
                f"are read. Choose columns, or raise the limit: cells={rows * columns}."
            )

    def check_bytes(self, place: str, size: int) -> None:
        """Raise where ``size`` bytes are too many."""
        if size > self.bytes:
            raise SourceError(
                f"{place} holds {size:,} or more bytes. At most {self.bytes:,} are read. "
                f"Raise the limit if the data can be trusted: bytes={size}."
            )

    def check_length(self, where: str, length: int) -> None:
        """Raise where a cell of ``length`` characters is too long."""
        if length > self.cell_length:
            raise SourceError(
                f"{where} holds {length:,} or more characters in one cell. At most {self.cell_length:,} are "
                f"read. Raise the limit if the data can be trusted: cell_length={length}."
            )

    def check_ratio(self, place: str, packed: int, unpacked: int) -> None:
        """Raise where ``unpacked`` bytes are too many to come out of ``packed``."""
        self.check_bytes(f"{place}, unpacked,", unpacked)
        if unpacked > max(HARMLESS, packed * self.ratio):
            raise SourceError(
                f"{place} unpacks from {packed:,} to {unpacked:,} or more bytes, as few honest files do. "
                f"At most {self.ratio} bytes for one are taken. Raise the limit if the data can be trusted: "
                f"ratio={-(-unpacked // max(packed, 1))}."
            )
