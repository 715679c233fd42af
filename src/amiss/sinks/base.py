"""Sink: where answers go. `choose_sink` picks one by the ending of the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, ClassVar

import numpy as np

from amiss import atomic
from amiss.detection import Detection
from amiss.errors import AmissError, SinkError
from amiss.part import Part, make_part, shelf_of
from amiss.reading.frames import read_frame


class Sink(Part):
    """A kind of file that an answer is written as.

    Attributes
    ----------
    endings : tuple of str
        Ends of file names that ask for this sink.
    """

    shelf: ClassVar[str] = "sink"
    endings: ClassVar[tuple[str, ...]] = ()

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        raise NotImplementedError

    def write(self, detection: Detection, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all.

        Parameters
        ----------
        detection : Detection
            The answer of a detector.
        path : str or path
            "-" for standard output.

        Raises
        ------
        SinkError
            The file cannot be written; the old one is as it was.
        """
        place = os.fspath(path)
        try:
            if place == "-":
                sys.stdout.buffer.writelines(self.chunks(detection))
                sys.stdout.buffer.flush()
            else:
                atomic.write(place, self.chunks(detection))
        except AmissError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = getattr(error, "strerror", None) or str(error)
            raise SinkError(
                f"{place!r} cannot be written: {reason}. Give a file in a folder that is there, that you may "
                "write to and that has room."
            ) from error


def choose_sink(path: str | os.PathLike[str], format: str | None = None) -> Sink:
    """Return the sink that writes ``path``: the format where it is given, else by the ending.

    Parameters
    ----------
    path : str or path
        The file to write.
    format : str, optional
        Name of a sink, with parameters if wanted: ``"csv:delimiter=;"``.

    Raises
    ------
    SinkError
        No sink has that ending.
    UnknownPartError, ParameterError
        The format is not known.

    Examples
    --------
    >>> choose_sink("answer.jsonl"), choose_sink("answer.out", "junit")
    (JsonlSink(), JunitSink())
    """
    import amiss.sinks  # noqa: F401 - puts every sink on the shelf

    if format is not None:
        return make_part(Sink, format)
    ending = os.path.splitext(os.fspath(path).lower())[1]
    for part in shelf_of(Sink).values():
        if ending in part.endings:
            return part()
    legal = ", ".join(ending for part in shelf_of(Sink).values() for ending in part.endings)
    raise SinkError(
        f"The ending {ending!r} of {os.fspath(path)!r} says no format. Legal: {legal}. Use one, or name the "
        f"format: {', '.join(shelf_of(Sink))}."
    )


def answer_columns(detection: Detection) -> dict[str, Any]:
    """Return the data the answer is about and the answer, column by column.

    Columns of the answer are ``score``, ``p_value``, ``anomalous`` and ``causes``, of points not all of which were
    scored ``scored`` too; where the data has such a column, ``amiss_score`` and so on.

    Returns
    -------
    dict of str to ndarray or list
    """
    columns = _data_columns(detection)
    for name, values in detection.to_columns().items():
        while name in columns:
            name = f"amiss_{name}"
        columns[name] = values
    return columns


def _data_columns(detection: Detection) -> dict[str, Any]:
    """Return the data as the caller gave it; a list of values is one column."""
    native, items = detection.native, len(detection.scores)
    if native is None:
        return {}
    if isinstance(native, Mapping):
        columns = {str(name): values for name, values in native.items()}
    elif hasattr(type(native), "columns"):  # asking a lazy polars frame itself would make it warn
        import narwhals as nw

        frame: Any = nw.from_native(native)
        frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
        columns = {str(name): frame[:, at].to_list() for at, name in enumerate(frame.columns)}
    elif np.ndim(native) == 1 and not isinstance(next(iter(native)), Mapping):
        name = "text" if detection.kind == "strings" else "value"
        columns = {name: np.asarray(native, dtype=object).tolist()}
    else:
        read = read_frame(native)
        columns = dict(zip(read.names, read.columns, strict=True))
    return {name: values for name, values in columns.items() if len(values) == items}


def plain(values: Any) -> list[Any]:
    """Return a column as Python values: None where missing (NaN and NaT too), moments as ISO 8601 text.

    Examples
    --------
    >>> plain(np.array([1.5, np.nan])), plain(np.array(["2026-03-01T14:05", "NaT"], "datetime64[us]"))
    ([1.5, None], ['2026-03-01T14:05:00', None])
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        values = values.astype("datetime64[us]")
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return [_plain(value) for value in listed]


def _plain(value: Any) -> Any:
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float) else str(value)
