"""Columns that are not looked at as data: the one that names the rows, the one that holds labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amiss.errors import ParameterError, SourceError
from amiss.reading.values import is_missing

_MARKS = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0}


def taken_out(data: Any, name: str, what: str) -> tuple[Any, list[Any]]:
    """Return data as it was read without a column, and what that column holds.

    Parameters
    ----------
    data : dict of str to ndarray, polars.DataFrame, or list of str
    name : str
        The column.
    what : str
        What it is, in words: "the key".

    Raises
    ------
    SourceError
        There is no such column.

    Examples
    --------
    >>> import numpy as np
    >>> taken_out({"id": np.array([7, 8]), "size": np.array([0.5, 0.6])}, "id", "the key")
    ({'size': array([0.5, 0.6])}, [7, 8])
    """
    if isinstance(data, list):
        raise SourceError(
            f"A list of strings has no columns, so none of them is {what} {name!r}. Leave it out."
        )
    if name not in (names := list(data if isinstance(data, dict) else data.columns)):
        raise SourceError(f"There is no column {name!r} to be {what}. The columns: {', '.join(names)}.")
    if isinstance(data, dict):
        return {n: v for n, v in data.items() if n != name}, data[name].tolist()
    return data.drop(name), data[name].to_list()


def labels_in(values: Sequence[Any], name: str) -> list[int | None]:
    """Return the labels that a column holds: 1 known to be bad, 0 known to be good, None where nobody said.

    Raises
    ------
    ParameterError
        A row holds something else.

    Examples
    --------
    >>> labels_in(["1", "", "0", "true", None, float("nan"), 0.0, False], "bad")
    [1, None, 0, 1, None, None, 0, 0]
    """
    labels: list[int | None] = []
    for row, value in enumerate(values):
        text = "" if value is None or value != value else str(value).strip().lower()
        mark = _MARKS.get(text)
        if mark is None and not is_missing(text):
            raise ParameterError(
                f"Column {name!r} of the labels holds {value!r} in row {row}. Legal: 1 or true (known to be bad), 0 or "
                "false (known to be good), nothing where nobody said."
            )
        labels.append(mark)
    return labels
