"""Labelled data in a folder: its kind is told by the form of the files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detectors.any_kind import choose_kind
from amiss.errors import DataError, ParameterError, SourceError
from amiss.evaluation.texts import columns_of, spans_of, texts_of
from amiss.sources import ParquetSource

LABELS = ("label", "is_anomaly", "y", "anomaly", "outlier")
"""Names under which labels are looked for, whatever their case."""

_TIME = "timestamp"
_ENDINGS = (".npz", ".parquet", ".csv", ".tsv")
_SPANS = "spans.csv"  # where in a list of strings the changed characters are: no list of its own
_SPELT = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
_FORM = (
    "Legal: name.npz with X and y, name.csv or name.parquet with a column of labels, or a folder with dirty.csv and "
    "clean.csv. docs/bench.md shows the form."
)


@dataclass(frozen=True)
class Place:
    """Where one labelled data set is.

    Attributes
    ----------
    name : str
        Its path below the folder, without the ending: "series/speed_7578".
    path : Path
        A file, or the folder of a dirty table and its clean twin.
    """

    name: str
    path: Path


@dataclass(frozen=True)
class Labelled:
    """One labelled data set.

    Attributes
    ----------
    name : str
    kind : str
        "table" (numbers alone), "mixed", "cells", "series" or "strings".
    data : ndarray, dict of columns, polars.DataFrame or list of str
    labels : ndarray of shape (items,), or (rows, columns) for cells
        1 = anomaly, 0 = normal.
    train_end : int or None
        Series: the first point of the part to be judged, where there is one.
    judged : ndarray of shape (columns,), bool, or None
        Cells: the columns whose cells are judged.
    planted : dict of int to tuple of int
        Strings: start and end (exclusive) of the changed characters of the items where they are known.
    """

    name: str
    kind: str
    data: Any
    labels: IntArray
    train_end: int | None = None
    judged: BoolArray | None = None
    planted: dict[int, tuple[int, int]] = field(default_factory=dict)


def find_labelled(folder: str, only: Sequence[str] = ()) -> list[Place]:
    """Return the labelled data sets below a folder, in the order of their names; not read yet.

    Parameters
    ----------
    folder : str
        A folder, or one file.
    only : sequence of str
        Names, ends of names, or patterns such as "series/*"; all by default.

    Raises
    ------
    SourceError
        There is no such folder, or nothing in it has the form of labelled data.
    ParameterError
        A name that is wanted is not there.
    """
    root = Path(folder)
    if not root.exists():
        raise SourceError(f"There is no folder {folder!r}. Give one that holds labelled data.")
    places = sorted(_places(root), key=lambda place: place.name)
    if not places:
        raise SourceError(f"{folder!r} holds no labelled data. {_FORM}")
    for wanted in only:
        if not any(_asked(place.name, wanted) for place in places):
            names = ", ".join(place.name for place in places[:20])
            more = f" and {len(places) - 20} more" if len(places) > 20 else ""
            raise ParameterError(
                f"No data set is called {wanted!r}. There are: {names}{more}. Name one of these."
            )
    return [place for place in places if not only or any(_asked(place.name, wanted) for wanted in only)]


def _asked(name: str, wanted: str) -> bool:
    return fnmatchcase(name, wanted) or name.endswith(f"/{wanted}") or name.startswith(f"{wanted}/")


def _places(root: Path) -> list[Place]:
    if root.is_file():
        return [Place(root.stem, root)] if root.suffix.lower() in _ENDINGS else []
    if (root / "dirty.csv").is_file():
        return [Place(root.name, root)]
    found = []
    for path in root.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(root).parts) or not path.is_file():
            continue
        if path.name == "dirty.csv":
            found.append(Place(path.parent.relative_to(root).as_posix(), path.parent))
        elif (
            path.suffix.lower() in _ENDINGS
            and path.name != _SPANS
            and not path.with_name("dirty.csv").is_file()
        ):
            found.append(Place(path.relative_to(root).with_suffix("").as_posix(), path))
    return found


def read_labelled(place: Place, label: str | None = None) -> Labelled:
    """Return a labelled data set.

    Parameters
    ----------
    place : Place
    label : str, optional
        The column of the labels; found by its name else.

    Raises
    ------
    SourceError, DataError
        The file cannot be read, or its labels are missing, are not 0 and 1, or are of one class alone.
    """
    if place.path.is_dir():
        return _cells(place)
    if place.path.suffix.lower() == ".npz":
        return _arrays(place, label)
    notes = _json(place.path.with_suffix(".json"))
    if place.path.suffix.lower() == ".parquet":
        frame = ParquetSource(str(place.path)).read()
        name = _label_name(place, frame.columns, label)
        labels = labels_of(place.name, name, frame[name].to_numpy())
        return _frame(place, frame.drop(name), labels, notes)
    texts = texts_of(place.path)
    name = _label_name(place, list(texts), label)
    labels = labels_of(place.name, name, texts.pop(name))
    if list(texts) == ["value"] and "train_end" not in notes:
        planted = spans_of(place.path.with_name(_SPANS), place.path.stem)
        return Labelled(place.name, "strings", texts["value"], labels, planted=planted)
    return _frame(place, columns_of(texts), labels, notes)


def _frame(place: Place, data: Any, labels: IntArray, notes: Mapping[str, Any]) -> Labelled:
    """Return a table or a series: a series where the notes or a time say so, or `amiss detect` would."""
    names = list(data) if isinstance(data, dict) else data.columns
    if not names:
        raise DataError(f"{place.name} holds labels and nothing else. Give the data beside them.")
    choice = choose_kind(data)
    if choice.kind == "series" or _TIME in names or "train_end" in notes:
        left_out = {_TIME, choice.time}
        values = [_channel(place, name, data[name]) for name in names if name not in left_out]
        if not values:
            raise DataError(f"{place.name} holds times and labels, and no values. Give a column of numbers.")
        end = notes.get("train_end")
        if end is not None and not isinstance(end, int):
            raise DataError(f"{place.name}: train_end is {end!r}. Legal: a whole number of points, or null.")
        return Labelled(place.name, "series", np.column_stack(values), labels, end)
    if choice.kind == "strings":
        values = next(iter(data.values())) if isinstance(data, dict) else data.to_series().to_numpy()
        return Labelled(place.name, "strings", ["" if v is None else str(v) for v in values], labels)
    numbers = all(np.asarray(data[name]).dtype.kind in "iuf" for name in names)
    return Labelled(place.name, "table" if numbers else "mixed", data, labels)


def _channel(place: Place, name: str, column: Any) -> FloatArray:
    values = np.asarray(column)
    if values.dtype.kind not in "biuf":
        shown = next((str(v) for v in values.tolist() if isinstance(v, str)), str(values.dtype))
        raise DataError(
            f"{place.name} is a series, and column {name!r} holds no numbers ({shown!r}). Leave the column out, or "
            f"name it {_TIME!r} where it holds the time."
        )
    return values.astype(float)


def _arrays(place: Place, label: str | None) -> Labelled:
    try:
        with np.load(place.path) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise SourceError(
            f"{place.path} is no archive of arrays that numpy reads: {error}. Save it anew."
        ) from error
    name = _label_name(place, list(arrays), label)
    values = arrays.get("X", arrays.get("x"))
    if values is None or values.ndim != 2 or values.dtype.kind not in "biuf" or not values.size:
        found = ", ".join(f"{n} {a.shape}" for n, a in arrays.items())
        raise DataError(
            f"{place.name} holds {found}. Legal: X of shape (rows, columns), numbers, and {name} of shape (rows,)."
        )
    labels = labels_of(place.name, name, arrays[name])
    if len(labels) != len(values):
        raise DataError(
            f"{place.name} holds {len(values)} rows and {len(labels)} labels. Give one label a row."
        )
    return Labelled(place.name, "table", values.astype(float), labels)


def _cells(place: Place) -> Labelled:
    dirty, clean = (texts_of(place.path / name) for name in ("dirty.csv", "clean.csv"))
    sizes = [f"{len(next(iter(table.values())))} rows x {len(table)} columns" for table in (dirty, clean)]
    if sizes[0] != sizes[1]:
        raise DataError(
            f"{place.name}: dirty.csv has {sizes[0]}, clean.csv {sizes[1]}. Give the same rows and columns in both."
        )
    wanted = _json(place.path / "meta.json").get("judged", list(dirty))
    judged = np.array([name in wanted for name in dirty])
    wrong = np.column_stack(
        [
            [seen.strip() != meant.strip() for seen, meant in zip(*columns, strict=True)]
            for columns in zip(dirty.values(), clean.values(), strict=True)
        ]
    ).astype(np.int64)
    _check_both(place.name, wrong[:, judged], "cell", "dirty.csv and clean.csv differ")
    return Labelled(place.name, "cells", dirty, wrong, judged=judged)


def _json(path: Path) -> dict[str, Any]:
    """Return the notes beside the data, empty where there are none."""
    if not path.is_file():
        return {}
    try:
        notes = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path} is no JSON: {error}. Mend it, or take it away.") from error
    return notes if isinstance(notes, dict) else {}


def _label_name(place: Place, names: Sequence[str], label: str | None) -> str:
    if label is not None and label in names:
        return label
    found = [n for wanted in LABELS for n in names if n.casefold() == wanted] if label is None else []
    if not found:
        looked_for = repr(label) if label else "label"
        raise DataError(
            f"{place.name} has no {'column ' + looked_for if label else 'column of labels'}. Its columns: "
            f"{', '.join(names)}. Call it one of {', '.join(LABELS)}, or name it: --label COLUMN."
        )
    return found[0]


def labels_of(place: str, column: str, values: AnyArray | Sequence[Any]) -> IntArray:
    """Return labels as 0 and 1, shape (items,).

    Raises
    ------
    DataError
        A label is neither, or all are the same.

    Examples
    --------
    >>> labels_of("orders", "label", ["0", "1", "false"])
    array([0, 1, 0])
    """
    labels = np.zeros(len(values), np.int64)
    for row, value in enumerate(np.asarray(values).ravel().tolist()):
        known = _SPELT.get(str(value).strip().casefold())
        if known is None:
            raise DataError(
                f"{place}: the label in row {row} is {value!r}. Legal in {column!r}: 0 (normal) and 1 (anomaly)."
            )
        labels[row] = known
    _check_both(place, labels, "label", f"column {column!r}")
    return labels


def _check_both(place: str, labels: IntArray, what: str, where: str) -> None:
    if len(np.unique(labels)) < 2:
        found = "is 1" if labels.size and labels.flat[0] else "is 0"
        raise DataError(
            f"{place}: every {what} {found} ({where}). Give normal items and anomalies: "
            "one class alone tells nothing."
        )
