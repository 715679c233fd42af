"""Cases: what a detector is fitted on and what it is judged on, by the protocol of its kind of data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amiss.batch import AnyArray, BoolArray, IntArray
from amiss.evaluation.labelled import Labelled
from amiss.evaluation.volume import buffer_length

MOST_ITEMS = {"table": 10_000, "mixed": 6_000, "strings": 3_000}
"""Larger tables and lists are thinned to so many items at the same share of anomalies."""

GROUPS = {
    "table": "tables of numbers",
    "mixed": "mixed tables",
    "cells": "wrong cells",
    "one channel": "series, one channel",
    "many channels": "series, many channels",
    "strings": "strings",
}
PROTOCOLS = {
    "contaminated": "fitted on all rows, which are judged",
    "inductive": "fitted on a half that holds anomalies, the other half judged",
    "novelty": 'fitted on half of the normal rows with training_data="clean", the rest judged',
    "unsup": "fitted on all items, which are judged",
    "semi": "fitted on the first part, the rest judged",
}
_LEAST_ANOMALIES = 30  # that thinning leaves, where there are so many
_SHORTEST_TRAINING = 100  # points of a series
_STRINGS_SEED = 42  # which strings of a long list are judged does not depend on the seed


@dataclass(frozen=True)
class Case:
    """One question to a detector.

    Attributes
    ----------
    name : str
        Of the data set.
    kind : str
        "table", "mixed", "cells", "series" or "strings".
    group : str
        What is averaged: a name in `GROUPS`.
    protocol : str
        A name in `PROTOCOLS`.
    training : array, dict of columns, polars.DataFrame or list of str
        What to fit on.
    new : as training, or None
        What to judge; None: what was fitted on.
    labels : ndarray of shape (items,), or (rows, columns) for cells
        1 = anomaly, of what is judged.
    buffer : int or None
        Series: the longest buffer of the volumes under the surface, in points.
    judged : ndarray of shape (columns,), bool, or None
        Cells: the columns that count.
    planted : dict of int to tuple of int
        Strings: start and end (exclusive) of the changed characters, of the items where they are known.
    """

    name: str
    kind: str
    group: str
    protocol: str
    training: Any
    new: Any
    labels: IntArray
    buffer: int | None = None
    judged: BoolArray | None = None
    planted: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether what is fitted on is known to hold no anomalies."""
        return self.protocol == "novelty"

    @property
    def truth(self) -> IntArray:
        """The labels that count, shape (items,): of cells those of the judged columns, row by row."""
        return self.labels if self.judged is None else self.labels[:, self.judged].ravel()


def cases_of(labelled: Labelled, seed: int = 0) -> Iterator[Case]:
    """Yield the cases of a labelled data set.

    Parameters
    ----------
    labelled : Labelled
    seed : int
        Draws the halves, and the rows that are kept of large tables.
    """
    makers = {"series": _of_series, "strings": _of_strings, "cells": _of_cells}
    yield from makers.get(labelled.kind, _of_table)(labelled, seed)


def _of_table(given: Labelled, seed: int) -> Iterator[Case]:
    data, labels, most = given.data, given.labels, MOST_ITEMS[given.kind]

    def case(protocol: str, training: AnyArray, judged: AnyArray | None) -> Case:
        new = None if judged is None else take(data, judged)
        truth = labels[training if judged is None else judged]
        return Case(given.name, given.kind, given.kind, protocol, take(data, training), new, truth)

    yield case("contaminated", thinned(labels, most, np.random.default_rng(1000 + seed)), None)
    normal = np.random.default_rng(2000 + seed).permutation(np.flatnonzero(labels == 0))
    half = len(normal) // 2
    rest = np.concatenate([normal[half:][:most], np.flatnonzero(labels == 1)])
    yield case("novelty", normal[:half][:most], rest)
    kept = thinned(labels, 2 * most, np.random.default_rng(3000 + seed))
    training, rng = np.zeros(len(kept), bool), np.random.default_rng(3000 + seed)
    for label in (0, 1):
        places = rng.permutation(np.flatnonzero(labels[kept] == label))
        training[places[: len(places) // 2]] = True
    yield case("inductive", kept[training], kept[~training])


def _of_series(given: Labelled, seed: int) -> Iterator[Case]:
    values, labels, end = given.data, given.labels, given.train_end
    group = "many channels" if values.shape[1] > 1 else "one channel"
    buffer = buffer_length(values[:, 0])
    yield Case(given.name, "series", group, "unsup", values, None, labels, buffer)
    if end and end >= _SHORTEST_TRAINING and labels[end:].any() and not labels[end:].all():
        yield Case(given.name, "series", group, "semi", values[:end], values[end:], labels[end:], buffer)


def _of_strings(given: Labelled, seed: int) -> Iterator[Case]:
    labels, most, rows = given.labels, MOST_ITEMS["strings"], np.arange(len(given.labels))
    if len(rows) > most:
        rng = np.random.default_rng(_STRINGS_SEED)
        anomalies, normal = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
        count = min(len(anomalies), max(_LEAST_ANOMALIES, round(len(anomalies) / len(rows) * most)))
        rows = np.sort(
            np.concatenate([rng.permutation(anomalies)[:count], rng.permutation(normal)[: most - count]])
        )
    planted = {place: given.planted[row] for place, row in enumerate(rows.tolist()) if row in given.planted}
    texts = take(given.data, rows)
    yield Case(given.name, "strings", "strings", "unsup", texts, None, labels[rows], planted=planted)


def _of_cells(given: Labelled, seed: int) -> Iterator[Case]:
    yield Case(given.name, "cells", "cells", "unsup", given.data, None, given.labels, judged=given.judged)


def thinned(labels: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """Return at most ``most`` places, in order, at the same share of anomalies; of these at least 30 are kept."""
    if len(labels) <= most:
        return np.arange(len(labels))
    anomalies, normal = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    share = round(most * len(anomalies) / len(labels))
    count = min(len(anomalies), max(share, _LEAST_ANOMALIES))
    drawn = [rng.choice(anomalies, count, replace=False), rng.choice(normal, most - count, replace=False)]
    return np.sort(np.concatenate(drawn))


def take(data: Any, rows: AnyArray) -> Any:
    """Return the items at ``rows``, of the same type as the data."""
    if isinstance(data, dict):
        return {name: column[rows] for name, column in data.items()}
    if isinstance(data, list):
        return [data[row] for row in rows.tolist()]
    return data[rows]
