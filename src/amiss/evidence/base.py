"""Evidence: what speaks against a cell, in nats, why, and what was expected instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.part import Stored
from amiss.reading.columns import Column, Table


class Reason(NamedTuple):
    """Why a cell is thought wrong.

    Attributes
    ----------
    words : str
        Without the column and the value; empty where the evidence has nothing to say.
    expected : str
        What was expected; empty where nothing can be said.
    exact : bool
        Whether ``expected`` is the very value, fit for a repair.
    """

    words: str
    expected: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Cells:
    """A table as evidence sees it: its columns, and how often training held each of their texts.

    Attributes
    ----------
    table : Table
    place : list of ndarray of shape (distinct,)
        For each column and each of its different texts the position among the texts of training, -1 where
        training did not hold it.
    rows : list of ndarray of shape (distinct,)
        Rows of training that hold each text; 0 where never seen. Empty for a column of measured numbers,
        whose values are not counted.
    """

    table: Table
    place: list[IntArray]
    rows: list[FloatArray]

    def __len__(self) -> int:
        return len(self.table)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.table), len(self.table.columns)

    def frequent(self, rows: float, share: float, total: int) -> BoolArray:
        """Return which cells hold a value that at least so many rows of training hold, (rows, columns)."""
        least = max(rows, share * total)
        out = np.zeros(self.shape, dtype=bool)
        for j, (column, count) in enumerate(zip(self.table.columns, self.rows, strict=True)):
            if len(count):
                out[:, j] = (count >= least)[column.codes]
        return out & ~np.column_stack([c.missing for c in self.table.columns])

    def spelled(self) -> Iterator[tuple[int, Column]]:
        """Yield the columns whose values came as text, with their positions."""
        return ((j, c) for j, c in enumerate(self.table.columns) if not c.typed)

    def number_of_distinct(self, j: int) -> FloatArray | None:
        """Return the number each different text of a column stands for, NaN where none, None without
        numbers."""
        column = self.table.columns[j]
        if column.numbers is None:
            return None
        out = np.full(len(column.distinct), np.nan)
        out[column.codes] = column.numbers
        return out

    def missing_of_distinct(self, j: int) -> BoolArray:
        """Return which of the different texts of a column stand for "no value"."""
        column = self.table.columns[j]
        out = np.zeros(len(column.distinct), bool)
        out[column.codes] = column.missing
        return out


class Evidence(Stored):
    """One way to see that a cell is wrong.

    What is learnt is learnt from a training table; the evidence of a cell is a pure function of that and of
    the cell's row. A training row finds itself among what was counted: wherever that would flatter it, one
    occurrence is left out, whoever asks.

    Attributes
    ----------
    name : str
    """

    name: ClassVar[str] = ""

    def fit(self, cells: Cells) -> Self:
        """Learn from the cells of a training table."""
        raise NotImplementedError

    def weigh(self, cells: Cells, so_far: FloatArray) -> FloatArray:
        """Return the evidence against each cell, in weighted nats; below 0 it speaks for it.

        Parameters
        ----------
        cells : Cells
        so_far : ndarray of shape (rows, columns)
            What the parts before this one found.

        Returns
        -------
        ndarray of shape (rows, columns)
        """
        raise NotImplementedError

    def reason(self, cells: Cells, row: int, column: int) -> Reason:
        """Return why the cell is thought wrong, and what was expected."""
        raise NotImplementedError


def excess_surprise(rows: FloatArray, total: float, centre: float) -> FloatArray:
    """Return how much more surprising than usual it is to see something that ``rows`` of ``total`` rows hold.

    Parameters
    ----------
    rows : ndarray
        Rows of training that hold it; what was never seen counts as seen once, by the row that asks.
    total : float
        Rows of training.
    centre : float
        The usual surprise, in nats, see `entropy`.

    Returns
    -------
    ndarray
        max(0, -log share - centre), in nats. A column of unique values gets 0 everywhere; in a nearly
        constant column one cell in five can be odd and each still keeps about 5 nats.
    """
    share = np.minimum(np.maximum(rows, 1.0) / total, 1.0)
    return np.maximum(0.0, -np.log(share) - centre)


def entropy(rows: FloatArray) -> float:
    """Return the mean surprise of a row, in nats, from the number of rows that hold each thing.

    References
    ----------
    Shannon (1948), "A mathematical theory of communication", section 6.
    """
    share = rows[rows > 0] / rows.sum()
    return float(-(share * np.log(share)).sum())


def quoted(text: str, most: int = 40) -> str:
    """Return a value as it is named in a reason."""
    return f'"{text}"' if len(text) <= most else f'"{text[: most - 1]}…"'


def in_rows(rows: float, total: float) -> str:
    """Return "in 3 of 2,000 rows", "in none of 2,000 rows"."""
    count = f"{int(rows):,}" if rows >= 1 else "none"
    return f"in {count} of {int(total):,} rows"
