"""What is said about the cells of a table: seen, expected, and why, in words."""

from __future__ import annotations

import numpy as np

from amiss.batch import Batch, FloatArray
from amiss.cell_evidence import Explained
from amiss.committee import Committee
from amiss.models.categorical import Levels
from amiss.reading.columns import Table
from amiss.usual import Usual

_TRIED = 8  # cells of a row, the worst, whose words are compared with what was seen
_ROUNDED = 13  # characters that a number which is rounded to six digits has at most: -1.23457e+150
_BESIDE = 1.0  # nats of text evidence from which its words are better than those of the numbers
_ROWS_TRIED, _LONGEST_TRIED = 16, 200


class CellWords:
    """Words for the cells of some rows.

    Parameters
    ----------
    table : Table
        The rows to speak about.
    usual : list of Usual
        What each column normally holds.
    committee : Committee or None
        The models of the numeric columns.
    batch : Batch
        The numeric columns of ``table``.
    places : list of int
        Where the columns of ``batch`` stand in the table.
    explained : Explained or None
        The evidence against the cells, where there is any.
    likely : dict of int to list of str, optional
        The level the models expect in each row, by column.

    Attributes
    ----------
    cells : list of list of str
        The text of each cell, row by row.
    """

    def __init__(
        self,
        table: Table,
        usual: list[Usual],
        committee: Committee | None,
        batch: Batch,
        places: list[int],
        explained: Explained | None,
        likely: dict[int, list[str]] | None = None,
    ) -> None:
        self.table, self.usual, self.explained, self.likely = table, usual, explained, likely or {}
        self.numeric = {j: i for i, j in enumerate(places)} if committee else {}
        self.rebuilt: FloatArray | None = committee.expected(batch) if committee and len(batch) else None
        self.evidence = explained.surprise if explained else np.zeros((len(table), len(usual)))
        self.cells = [list(row) for row in zip(*(c.texts() for c in table.columns), strict=True)]
        # of which columns all that is expected is a rounded number, or two with a word between
        plain = zip(usual, table.columns, strict=True)
        self.rounded = [
            explained is None and c.typed and u.kind == "numeric" and not u.whole for u, c in plain
        ]
        self._told: dict[tuple[int, int], tuple[str, str, str]] = {}

    def tell(self, row: int, j: int) -> tuple[str, str, str]:
        """Return what was seen in a cell, what was expected, and the reason."""
        if (row, j) not in self._told:
            self._told[row, j] = self._tell(row, j)
        return self._told[row, j]

    def _tell(self, row: int, j: int) -> tuple[str, str, str]:
        column = self.table.columns[j]
        seen = self.cells[row][j]
        if column.missing[row]:
            return self._missing(row, j, seen)
        by_models = j in self.numeric or j in self.likely
        speaks = self.explained is not None and (not by_models or self.evidence[row, j] > _BESIDE)
        if self.explained is not None and speaks and not self._is_far(row, j):
            words, expected = self.explained.reason(row, j)
            if words:
                named = self._number(row, j, seen) if j in self.numeric else f'"{seen}"'
                return seen, expected, f"{named}, {words}"
        expected = self._expected(row, j)
        if column.numbers is not None:
            return seen, expected, f"{self._number(row, j, seen)}, expected {expected}"
        return seen, expected, f'"{seen}", usually {expected}'

    def _missing(self, row: int, j: int, seen: str) -> tuple[str, str, str]:
        """Return how rare a missing cell is where that is known, and what stands there usually."""
        usual = self.usual[j]
        words = (self.explained.reason(row, j)[0] if self.explained is not None else "") or "missing"
        if usual.kind in ("identifier", "text"):
            return seen, "a value", words
        return seen, usual.words, f"{words}, expected {usual.words}"

    def blamed(self, row: int, blame: FloatArray) -> FloatArray:
        """Return the blame of the cells of a row without those that are as expected, unless none is left.

        Parameters
        ----------
        row : int
        blame : ndarray of shape (columns,)
        """
        left = blame.copy()
        for j in np.argsort(-blame, kind="stable")[:_TRIED].tolist():
            if self.rounded[j] and len(self.cells[row][j]) > _ROUNDED:
                continue  # nothing rounded reads like it
            seen, expected, _ = self.tell(row, j)
            beside = (f"about {seen} beside the other columns", f'"{seen}" beside the other columns')
            if expected in (f"about {seen}", *beside, seen):
                left[j] = 0.0
        return left if left.any() else blame

    def _is_far(self, row: int, j: int) -> bool:
        """Return whether the cell is a number outside the usual range of its column."""
        numbers = self.table.columns[j].numbers
        if numbers is None or np.isnan(numbers[row]):
            return False
        usual = self.usual[j]
        return usual.kind in ("numeric", "date") and not usual.low <= numbers[row] <= usual.high

    def _number(self, row: int, j: int, seen: str) -> str:
        """Return a number as a person reads it; one that came as text stays as it came."""
        column = self.table.columns[j]
        if not column.typed or column.numbers is None or np.isnan(column.numbers[row]):
            return seen
        return f"{column.numbers[row]:.6g}" if column.kind == "numeric" and len(seen) > 8 else seen

    def _expected(self, row: int, j: int) -> str:
        """Return the usual range for a number outside of it, else what the other columns let expect."""
        usual = self.usual[j]
        place, numbers = self.numeric.get(j), self.table.columns[j].numbers
        if numbers is None and j in self.likely:
            return f'"{self.likely[j][row]}" beside the other columns'
        if numbers is None or usual.kind in ("boolean", "constant"):
            return usual.words
        if place is None or self._is_far(row, j) or self.rebuilt is None:
            return usual.range_words(usual.low, usual.high)
        return f"about {usual.number_words(float(self.rebuilt[row, place]))} beside the other columns"


def likely_levels(
    committee: Committee | None, batch: Batch, places: list[int], levels: list[Levels]
) -> dict[int, list[str]]:
    """Return the level that the models expect in each row, by column; empty where none has a view.

    Parameters
    ----------
    committee : Committee or None
    batch : Batch
    places : list of int
        Where the categories of ``batch`` stand in the table.
    levels : list of Levels
        What each of them holds.
    """
    expected = committee.expected_levels(batch) if committee is not None and len(batch) else None
    if expected is None:
        return {}
    learnt = zip(places, levels, expected.T, strict=True)
    return {j: [known.levels[place] for place in rows] for j, known, rows in learnt}


def some_rows(table: Table) -> dict[str, list[str]]:
    """Return rows to try a loaded detector on, by column, as text: some learnt, an empty, an odd one."""
    rows = np.unique(np.linspace(0, len(table) - 1, _ROWS_TRIED).astype(int)).tolist()
    tried = {}
    for column in table.columns:
        some = [column.text(i)[:_LONGEST_TRIED] for i in rows]
        tried[column.name] = [*some, "", "0" if column.typed else "?"]
    return tried
