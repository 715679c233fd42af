"""Summary: what a partition tells of itself; it is kept in its part file, so that a job can be resumed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray
from amiss.clusters.scoring import Scored
from amiss.detection import Anomaly, Cause, StringEvidence, TableEvidence
from amiss.packed import pack, unpack
from amiss.text.characters import LENGTH_LIMIT
from amiss.whole import count_scores, no_scores

_CELL = 200  # characters of a cell that are kept for a report


@dataclass(frozen=True)
class Worst:
    """An anomaly, and what a report shows beside it.

    Attributes
    ----------
    anomaly : Anomaly
        ``place`` is the number of its row in the whole data.
    cells : tuple of str
        The cells of its row; of a string the string alone.
    surprise : ndarray of shape (columns,) or (characters,)
        How odd each cell, or each character, is; 1.0 is where it starts to be abnormal.
    """

    anomaly: Anomaly
    cells: tuple[str, ...]
    surprise: FloatArray


@dataclass(frozen=True, eq=False)
class Listed(Sequence[Worst]):
    """The worst anomalies in one text and one array: they are packed in a hundredth of the time.

    Attributes
    ----------
    text : ndarray of shape (characters,), uint8
        JSON of ASCII: of each anomaly its fields, those of its causes, and its cells.
    surprise : ndarray of shape (cells or characters of all,)
        That of each, one after the other.
    lengths : ndarray of shape (anomalies,), int
        How much of it is each one's.
    """

    text: AnyArray
    surprise: FloatArray
    lengths: IntArray

    @classmethod
    def of(cls, worst: Sequence[Worst]) -> Listed:
        """Return the very anomalies, which are of rows or strings."""
        fields = [[_fields(one.anomaly), one.cells] for one in worst]
        surprises = [np.zeros(0), *(one.surprise for one in worst)]
        lengths = np.array([len(one.surprise) for one in worst], np.int64)
        text = np.frombuffer(json.dumps(fields, separators=(",", ":")).encode("ascii"), np.uint8)
        listed = cls(text, np.concatenate(surprises), lengths)
        vars(listed)["records"] = tuple(worst)
        return listed

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, place: Any) -> Any:
        return self.records[place]

    @cached_property
    def records(self) -> tuple[Worst, ...]:
        """The anomalies as `of` took them."""
        surprises = np.split(self.surprise, np.cumsum(self.lengths)[:-1])
        read = zip(
            json.loads(self.text.tobytes()), surprises, strict=False
        )  # of no anomalies there is one piece, empty
        return tuple(Worst(_anomaly(*fields), tuple(cells), surprise) for (fields, cells), surprise in read)


def _fields(anomaly: Anomaly) -> list[Any]:
    causes = [[c.cell, c.seen, c.expected, c.share, c.reason] for c in anomaly.causes]
    return [anomaly.place, anomaly.label, anomaly.score, anomaly.p_value, causes]


def _anomaly(place: int, label: str, score: float, p_value: float, causes: list[list[Any]]) -> Anomaly:
    return Anomaly(place, label, score, p_value, tuple(Cause(*fields) for fields in causes))


@dataclass(frozen=True)
class Summary:
    """What a partition tells of itself.

    Attributes
    ----------
    number : int
        Of the partition.
    counts : ndarray
        How many scores lie where, see `amiss.whole.count_scores`.
    rows : int
    flagged : int
    highest : float
        The highest score, in multiples of the threshold.
    worst : sequence of Worst
        The worst anomalies, the worst first.
    columns : tuple of str
        Names of the cells of an anomaly.
    missing, long : int
        Strings that were missing, and strings of which only the first characters are read.
    model : str
        Digest of the model that judged.
    """

    number: int
    counts: IntArray
    rows: int = 0
    flagged: int = 0
    highest: float = 0.0
    worst: Sequence[Worst] = ()
    columns: tuple[str, ...] = ()
    missing: int = 0
    long: int = 0
    model: str = ""

    def to_text(self) -> str:
        """Return the summary as text of ASCII, for the metadata of a part file."""
        return base64.b64encode(pack(self, compressed=True)).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Summary:
        """Return the summary that `to_text` made text of.

        Raises
        ------
        ModelFileError, ValueError
            It is no summary.
        """
        summary: Summary = unpack(base64.b64decode(text, validate=True), RECORDS, compressed=True)
        return summary


RECORDS: dict[str, type[Any]] = {one.__name__: one for one in (Listed, Summary)}


def empty(number: int, model: str) -> Summary:
    """Return the summary of a partition of which nothing is scored yet."""
    return Summary(number, no_scores(), model=model)


def summarised(number: int, answer: Scored, rows: Rows, most: int, model: str) -> Summary:
    """Return what a partition tells of itself.

    Parameters
    ----------
    number : int
        Of the partition.
    answer : Scored
    rows : Rows
        Which rows it is.
    most : int
        So many of the worst anomalies are kept.
    model : str
        Digest of the model that judged.
    """
    flagged = int(answer.flags.sum())
    return Summary(
        number=number,
        counts=count_scores(answer.scores, flagged),
        rows=len(answer.scores),
        flagged=flagged,
        highest=float(answer.scores.max(initial=0.0)),
        worst=Listed.of(sorted(_worst(answer, rows), key=order)[:most]),
        columns=_columns(answer),
        missing=rows.missing,
        long=rows.long,
        model=model,
    )


def together(one: Summary, other: Summary, most: int) -> Summary:
    """Return the summary of two partitions; so many of their worst anomalies are kept."""
    return replace(
        one,
        counts=one.counts + other.counts,
        rows=one.rows + other.rows,
        flagged=one.flagged + other.flagged,
        highest=max(one.highest, other.highest),
        worst=tuple(sorted([*one.worst, *other.worst], key=order)[:most]),
        columns=one.columns or other.columns,
        missing=one.missing + other.missing,
        long=one.long + other.long,
    )


def order(one: Worst) -> tuple[float, int]:
    """Return what sorts anomalies: the worst first, of equals the first."""
    return -one.anomaly.score, one.anomaly.place


@dataclass(frozen=True)
class Rows:
    """Which rows a batch is: the number of the first one, and how each is called by its key.

    Attributes
    ----------
    first : int
    key : str or None
        Name of the key column that calls the rows, None where there is none.
    keys : sequence
        Its values.
    missing, long : int
        See `Summary`.
    """

    first: int
    key: str | None = None
    keys: Sequence[Any] = ()
    missing: int = 0
    long: int = 0

    def label(self, anomaly: Anomaly, place: int) -> str:
        """Return how a person finds the row of an anomaly."""
        nameless = anomaly.label == f"row {anomaly.place}"
        label = f"row {self.first + place}" if nameless else anomaly.label
        return label if self.key is None else f"{self.key} {self.keys[place]} ({label})"


def rows_of(batch: Any, first: int, kind: str, keys: Sequence[str]) -> Rows:
    """Return which rows a batch is.

    Parameters
    ----------
    batch : polars.DataFrame
    first : int
        Number of its first row in the whole data.
    kind : str
        "table" or "strings".
    keys : sequence of str
        The first of them calls the rows.
    """
    import polars as pl

    missing = long = 0
    if kind == "strings":
        texts = batch.drop(keys).to_series().cast(pl.String)
        missing, long = texts.null_count(), int((texts.str.len_chars() > LENGTH_LIMIT).sum())
    key = keys[0] if keys else None
    return Rows(first, key, batch[key] if key is not None else (), missing, long)


def _columns(answer: Scored) -> tuple[str, ...]:
    for found in answer.found:
        return found.evidence.columns if isinstance(found.evidence, TableEvidence) else ()
    return ()


def _worst(answer: Scored, rows: Rows) -> Iterator[Worst]:
    """Yield the anomalies of a batch with what a report shows beside them."""
    for found, places in answer.told():
        shown = _shown(found.evidence)
        for anomaly in found.anomalies:
            place = int(places[anomaly.place])
            label, score, p_value = rows.label(anomaly, place), anomaly.score, anomaly.p_value
            named = Anomaly(rows.first + place, label, score, p_value, anomaly.causes)
            yield Worst(named, *shown[anomaly.place])


def _shown(evidence: Any) -> dict[int, tuple[tuple[str, ...], FloatArray]]:
    """Return cells and surprise of each place."""
    if isinstance(evidence, StringEvidence):
        texts = [(text[:LENGTH_LIMIT],) for text in evidence.texts]
        surprises = [one[:LENGTH_LIMIT] for one in evidence.surprise]
        return dict(zip(evidence.places.tolist(), zip(texts, surprises, strict=True), strict=True))
    cells = [tuple(cell if len(cell) <= _CELL else cell[:_CELL] for cell in row) for row in evidence.cells]
    return dict(zip(evidence.places.tolist(), zip(cells, evidence.surprise, strict=True), strict=True))
