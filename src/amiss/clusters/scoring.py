"""The one function that every cluster calls: Arrow batches in, Arrow batches out.

A polars frame is Arrow memory: ``polars.from_arrow(batch)`` and ``frame.to_arrow()`` cross over without a copy.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.detection import Detection
from amiss.detectors.base import Detector
from amiss.errors import DataError, SourceError
from amiss.reading.frames import Frame, read_frame
from amiss.text.texts import read_strings

if TYPE_CHECKING:
    import polars

ANSWER = ("score", "p_value", "anomalous", "causes")
"""Columns of an answer, as `Detection.to_columns` names them."""


ROWS = 16_384
"""Rows that are scored at a time: what a detector needs beside them stays small, and in the cache."""


@dataclass(frozen=True)
class Scored:
    """The answer on one batch.

    Attributes
    ----------
    scores : ndarray of shape (rows,)
        Multiples of the threshold.
    flags : ndarray of shape (rows,), bool
    p_values : ndarray of shape (rows,)
    found : tuple of Detection
        The answers on the flagged rows alone, with their causes, so many of them at a time; none where nobody asked.
    """

    scores: FloatArray
    flags: BoolArray
    p_values: FloatArray
    found: tuple[Detection, ...] = ()

    def told(self) -> Iterator[tuple[Detection, IntArray]]:
        """Yield each answer on flagged rows, and where in the batch these are."""
        places, start = np.flatnonzero(self.flags), 0
        for detection in self.found:
            yield detection, places[start : start + len(detection.flags)]
            start += len(detection.flags)


def score_batches(
    detector: Detector,
    batches: Iterable[polars.DataFrame],
    keys: Sequence[str] = (),
    causes: bool = True,
) -> Iterator[polars.DataFrame]:
    """Yield the answer on each batch: one row a row of it, in its order.

    A row gets the very scores, p-value and causes that it gets in any other batch, and from `Detector.detect`.

    Parameters
    ----------
    detector : Detector
        A fitted one, of tables or strings.
    batches : iterable of polars.DataFrame
        Rows of one schema; one without rows gives an answer without rows.
    keys : sequence of str
        Columns that name the rows: they are not looked at and come back as they are.
    causes : bool
        Whether to say why; without, it takes less time.

    Yields
    ------
    polars.DataFrame
        The key columns, then ``score`` (multiples of the threshold: 1.0 is the line), ``p_value``, ``anomalous`` and
        ``causes`` (text, null where the row is not anomalous). Where a key has such a name: ``amiss_score``.

    Raises
    ------
    DataError
        The detector is one of series, or a batch does not fit it.
    SourceError
        A key is no column.

    Examples
    --------
    >>> import polars
    >>> from amiss import StringDetector
    >>> detector = StringDetector().fit([f"AB{i:02d}" for i in range(99)])
    >>> batch = polars.DataFrame({"id": [7, 8], "code": ["AB-7", "AB50"]})
    >>> next(score_batches(detector, [batch], keys=["id"])).select("id", "anomalous").rows()
    [(7, True), (8, False)]
    """
    check_points_stand_alone(detector)
    for batch in batches:
        yield answer_frame(batch, scored(detector, batch, keys, causes), keys, causes)


def check_points_stand_alone(detector: Detector) -> None:
    """Raise where the items of a detector hang together, so that a part of them cannot be scored by itself.

    Raises
    ------
    DataError
        It is a detector of series.
    """
    if detector.kind == "series":
        raise DataError(
            "The points of a series hang together, so a series is not scored in parts. Legal: tables and lists of "
            "strings. Look at one series, or at those of some keys, at a time: amiss detect FILE --time COLUMN --by "
            "KEY."
        )


def scored(
    detector: Detector, batch: polars.DataFrame, keys: Sequence[str] = (), causes: bool = True
) -> Scored:
    """Return the answer on one batch, with the causes of what is flagged in it.

    Raises
    ------
    DataError
        The batch does not fit the detector.
    SourceError
        A key is no column.
    """
    known, scores, flagged = len(detector.notes_), [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        step = _rows_at_once(detector, batch, keys)
        for start in range(0, max(batch.height, 1), step):
            items = items_of(detector, batch[start : start + step], keys)
            scores.append(-detector.score_samples(items) if batch.height else np.zeros(0))
            flagged.append(_taken(items, scores[-1] > detector.threshold_))
        found = tuple(map(detector.detect, _gathered(flagged))) if causes else ()
    del detector.notes_[known:]  # on a part; the reader is told of the whole
    every = np.concatenate(scores)
    p_values = detector.threshold_rule_.p_values(every)
    return Scored(every / detector.threshold_, every > detector.threshold_, p_values, found)


def _rows_at_once(detector: Detector, batch: polars.DataFrame, keys: Sequence[str]) -> int:
    """Return how many rows are scored at a time: all of a table of floats, whose columns are seen where they lie."""
    import polars as pl

    floats = all(dtype == pl.Float64 for name, dtype in batch.schema.items() if name not in keys)
    return max(batch.height, 1) if floats and detector.kind == "table" else ROWS


def answer_frame(
    batch: polars.DataFrame, answer: Scored, keys: Sequence[str] = (), causes: bool = True
) -> polars.DataFrame:
    """Return the keys of a batch and the answer on it as a frame, see `score_batches`."""
    import polars as pl

    values: dict[str, Any] = {
        "score": pl.Series(answer.scores, dtype=pl.Float64),
        "p_value": pl.Series(answer.p_values, dtype=pl.Float64),
        "anomalous": pl.Series(answer.flags, dtype=pl.Boolean),
        "causes": pl.Series(_causes(answer), dtype=pl.String),
    }
    names = answer_names(keys)
    columns = [values[name].alias(names[name]) for name in ANSWER if causes or name != "causes"]
    return batch.select(keys).with_columns(columns) if keys else pl.DataFrame(columns)


def answer_names(keys: Sequence[str]) -> dict[str, str]:
    """Return what each column of an answer is called beside these keys.

    Examples
    --------
    >>> answer_names(["id", "score"])["score"]
    'amiss_score'
    """
    names = {}
    for name in ANSWER:
        called = name
        while called in keys:
            called = f"amiss_{called}"
        names[name] = called
    return names


def items_of(detector: Detector, batch: polars.DataFrame, keys: Sequence[str] = ()) -> Frame | list[str]:
    """Return the rows without their keys as the detector takes them.

    Raises
    ------
    DataError
        It takes strings, and there are several columns.
    SourceError
        A key is no column.
    """
    for key in keys:
        if key not in batch.columns:
            raise SourceError(
                f"There is no column {key!r} to be the key. The columns: {', '.join(batch.columns)}. Choose among them."
            )
    data = batch.drop(keys) if keys else batch
    if detector.kind != "strings":
        return read_frame(_typed(data)) if data.height else Frame((), [])
    if data.width != 1:
        raise DataError(
            f"The data has {data.width} columns ({', '.join(data.columns)}), and a list of strings is one. Choose "
            "one column, or name the others as keys."
        )
    return read_strings(data)[0] if data.height else []


def _typed(data: polars.DataFrame) -> polars.DataFrame:
    """Return the rows so that a column of decimals is one of numbers in every batch, one without values too."""
    import polars as pl

    empty = [
        name for name, dtype in data.schema.items() if dtype == pl.Decimal and data[name].is_null().all()
    ]
    return data.with_columns(pl.col(empty).cast(pl.Float64)) if empty else data


def _taken(items: Frame | list[str], flags: BoolArray) -> Frame | list[str]:
    if isinstance(items, Frame):
        return replace(items, columns=[column[flags] for column in items.columns])
    return [items[place] for place in np.flatnonzero(flags).tolist()]


def _gathered(pieces: Iterable[Frame | list[str]]) -> Iterator[Frame | list[str]]:
    """Yield the same rows in fewer pieces, none empty, of at least `ROWS` but the last: each costs time of its own."""
    held: list[Frame | list[str]] = []
    for piece in pieces:
        held += [piece] if len(piece) else []
        if sum(map(len, held)) >= ROWS:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(pieces: list[Any]) -> Frame | list[str]:
    if not isinstance(pieces[0], Frame):
        return [text for piece in pieces for text in piece]
    columns = zip(*(piece.columns for piece in pieces), strict=True)
    return replace(pieces[0], columns=list(map(np.concatenate, columns)))


def _causes(answer: Scored) -> list[str | None]:
    """Return the causes of each row as text, None where it is not anomalous."""
    texts: list[str | None] = [None] * len(answer.flags)
    for found, places in answer.told():
        for place, text in zip(places.tolist(), found.to_columns()["causes"], strict=True):
            texts[place] = text
    return texts
