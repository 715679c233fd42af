"""Any kind of data: the kind is chosen from what is in it, and the choice says why."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amiss.batch import AnyArray, FloatArray
from amiss.detection import Detection
from amiss.detectors.base import Detector
from amiss.errors import DataError, ParameterError
from amiss.reading.frames import Frame, read_frame
from amiss.reading.values import dates, numbers

_CLASSES = {
    "table": ("amiss.detectors.table", "TableDetector"),
    "series": ("amiss.detectors.series", "SeriesDetector"),
    "strings": ("amiss.detectors.strings", "StringDetector"),
}
_LOOKED_AT = 1_000  # texts that tell whether a column holds numbers or dates
_EVEN_SHARE, _EVEN_WITHIN = (
    0.8,
    0.12,
)  # of the steps between dates, so many are this near the median: months are
_FEWEST_DATES = 8


@dataclass(frozen=True)
class Choice:
    """The kind of data, why, and the column that holds the time.

    Attributes
    ----------
    kind : str
        "table", "series" or "strings".
    reason : str
        In words: "column 'month' holds rising dates in even steps, the others numbers".
    time : str or None
    """

    kind: str
    reason: str
    time: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def choose_kind(
    data: Any, kind: str | None = None, time: str | None = None, many: str | None = None
) -> Choice:
    """Return what kind of data this is, and why.

    Parameters
    ----------
    data : frame, array, list or dict of columns
    kind : "table", "series", "strings" or None
        The kind, where it is known.
    time : str, optional
        The column that holds the time, where it is known: the data is a series then.
    many : str, optional
        What says that the data holds many series, in words, where something does (see `of_many`).

    Raises
    ------
    ParameterError
        There is no such kind.

    Examples
    --------
    >>> print(choose_kind(["AB12", "CD34"]))
    strings: it is a list of texts
    >>> print(choose_kind([[1.0, 2.0], [3.0, 4.0]]))
    table: it has 2 columns and none holds rising dates in even steps
    """
    if kind is not None and kind not in _CLASSES:
        raise ParameterError(f"Kind {kind!r} is not known. Legal: {', '.join(_CLASSES)}.")
    if kind is not None:
        return Choice(kind, "you said so", time)
    if many is not None:
        return Choice("series", many, time)
    if time is not None:
        return Choice("series", f"you named {time!r} as its time", time)
    if _is_flat(data):
        return _kind_of_list(data)
    frame = read_frame(data)
    return _kind_of_column(frame) if len(frame.names) == 1 else _kind_of_frame(frame)


def of_many(params: dict[str, Any]) -> str | None:
    """Return what among the parameters of a detector says that the data holds many series; None where nothing does.

    Examples
    --------
    >>> of_many({"by": ["host", "metric"]}), of_many({"window": 24})
    ("you named its keys: 'host', 'metric'", None)
    """
    by = params.get("by")
    if by is not None:
        names = [by] if isinstance(by, str) else by
        return f"you named its key{'s' * (len(names) != 1)}: {', '.join(map(repr, names))}"
    return "you said that each column is a series" if params.get("channels") == "apart" else None


def make_detector(data: Any, kind: str | None = None, **params: Any) -> Detector:
    """Return a detector of the kind that suits ``data``, not fitted yet.

    Parameters
    ----------
    data : frame, array, list or dict of columns
        Looked at to choose the kind.
    kind : "table", "series", "strings" or None
        None chooses.
    **params
        Parameters of the detector.

    Raises
    ------
    ParameterError
        There is no such kind, or the detector of this kind has no such parameter.

    Examples
    --------
    >>> make_detector(["AB12", "CD34"], threshold="fdr")
    StringDetector(threshold='fdr')
    """
    return detector_of(choose_kind(data, kind, params.get("time"), of_many(params)), **params)


def detect(data: Any, kind: str | None = None, **params: Any) -> Detection:
    """Return what is amiss in ``data``: learn what is normal in it, and tell what does not fit.

    Parameters
    ----------
    data : frame, array, list or dict of columns
    kind : "table", "series", "strings" or None
        None chooses; ``detection.learnt["choice"]`` says which and why.
    **params
        Parameters of the detector.

    Raises
    ------
    DataError
        The data cannot be used.
    ParameterError
        There is no such kind, or a parameter is not legal.

    Examples
    --------
    >>> detection = detect([f"AB{i:02d}" for i in range(99)] + ["AB-7"], random_state=0)
    >>> detection.learnt["choice"]
    'strings: it is a list of texts'
    """
    choice = choose_kind(data, kind, params.get("time"), of_many(params))
    taken = as_taken(data, choice.kind)
    detection = detector_of(choice, **params).fit_detect(taken)
    return replace(detection, learnt={**detection.learnt, "choice": str(choice)}, native=data)


def as_taken(data: Any, kind: str) -> Any:
    """Return the data as a detector of that kind takes it: one column of texts as a list."""
    if kind != "strings" or not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise DataError(
            f"The data has {len(data)} columns ({', '.join(map(str, data))}), and a list of strings is one. "
            "Choose one column, or another kind."
        )
    return next(iter(data.values()))


def detector_of(choice: Choice, **params: Any) -> Detector:
    """Return the detector of the kind chosen, not fitted yet; the time column found goes to it."""
    module, name = _CLASSES[choice.kind]
    made: type[Detector] = getattr(importlib.import_module(module), name)
    legal = [p for p in inspect.signature(made).parameters if p != "self"]
    if choice.time is not None and "time" in legal:
        params = {**params, "time": choice.time}
    for asked in params:
        if asked not in legal:
            raise ParameterError(
                f"Parameter {asked!r} is not known to {name} (the data was taken for {choice.kind}: "
                f"{choice.reason}). Known: {', '.join(legal)}."
            )
    return made(**params)


def _is_flat(data: Any) -> bool:
    """Return whether the data is one list, array or column, not a frame."""
    if isinstance(data, np.ndarray):
        return data.ndim == 1 and not data.dtype.names
    if isinstance(data, Sequence):
        return not data or not isinstance(data[0], Sequence | dict | np.ndarray) or isinstance(data[0], str)
    return len(getattr(data, "shape", (0, 0))) == 1 or not (
        hasattr(data, "columns") or hasattr(data, "__len__")
    )


def _kind_of_list(data: Any) -> Choice:
    if isinstance(data, str | bytes):
        raise DataError(
            "One text was given where a list, an array or a frame is expected. Give a list: [text]."
        )
    seen = [value for value in list(data)[:_LOOKED_AT] if value is not None]
    if seen and not any(isinstance(value, str | bytes) for value in seen):
        return Choice("series", "it is a list of numbers, taken in its order")
    return Choice("strings", "it is a list of texts")


def _kind_of_column(frame: Frame) -> Choice:
    if _holds_numbers(frame.columns[0]):
        return Choice("series", "it is one column of numbers, taken in its order")
    if frame.columns[0].dtype.kind == "M":
        return Choice("table", "it is one column of dates")
    return Choice("strings", "it is one column of texts")


def _kind_of_frame(frame: Frame) -> Choice:
    table = Choice("table", f"it has {len(frame.names)} columns and none holds rising dates in even steps")
    rising = [i for i, column in enumerate(frame.columns) if _rises_evenly(_seconds(column))]
    if not rising:
        return table
    others = [i for i in range(len(frame.names)) if i != rising[0]]
    words = [frame.names[i] for i in others if not _holds_numbers(frame.columns[i])]
    time = frame.names[rising[0]]
    if words:
        return Choice("table", f"column {time!r} holds rising dates, but {words[0]!r} is not numbers")
    return Choice("series", f"column {time!r} holds rising dates in even steps, the others numbers", time)


def _holds_numbers(column: AnyArray) -> bool:
    if column.dtype.kind != "O":
        return column.dtype.kind == "f"
    seen = [text for text in column[:_LOOKED_AT] if text is not None]
    return bool(seen) and bool(np.all(numbers(seen)[1]))


def _seconds(column: AnyArray) -> FloatArray:
    """Return the dates of a column in seconds; nothing where it holds none."""
    if column.dtype.kind == "O" and not _holds_numbers(column):
        texts = column.tolist()
        column = dates(texts)[0] if dates(texts[:_LOOKED_AT])[1].any() else column
    if column.dtype.kind != "M":
        return np.zeros(0)
    return column[~np.isnat(column)].astype("datetime64[us]").astype(np.int64) / 1e6


def _rises_evenly(seconds: FloatArray) -> bool:
    if len(seconds) < _FEWEST_DATES:
        return False
    steps = np.diff(seconds)
    usual = np.median(steps)
    even = np.abs(steps - usual) <= _EVEN_WITHIN * usual
    return bool(usual > 0 and np.all(steps > 0) and even.mean() >= _EVEN_SHARE)
