"""What a report of a table or of strings shows: the flagged rows cell by cell, the flagged strings letter by letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amiss.batch import FloatArray


@dataclass(frozen=True)
class TableEvidence:
    """What a table report shows beside the verdicts: the flagged rows, cell by cell.

    Attributes
    ----------
    columns : tuple of str
    places : ndarray of shape (flagged,)
        Row positions, the worst first.
    cells : list of list of str
        Text of each cell of the flagged rows.
    surprise : ndarray of shape (flagged, columns)
        Surprise of each cell, >= 0; 1.0 is where a cell starts to be abnormal.
    """

    columns: tuple[str, ...]
    places: np.ndarray[Any, np.dtype[np.int64]]
    cells: list[list[str]]
    surprise: FloatArray


@dataclass(frozen=True)
class StringEvidence:
    """What a string report shows: the flagged strings, character by character.

    Attributes
    ----------
    places : ndarray of shape (flagged,)
    texts : list of str
    surprise : list of ndarray of shape (characters,)
        Surprise of each character, >= 0; 1.0 is where a character starts to be abnormal.
    """

    places: np.ndarray[Any, np.dtype[np.int64]]
    texts: list[str]
    surprise: list[FloatArray]
