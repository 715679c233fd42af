"""The graph of a table's detector: columns of raw numbers in; score, expected values and surprise out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.committee import Committee
from amiss.detectors import odd_cells
from amiss.detectors.table import TableDetector
from amiss.errors import ExportError
from amiss.models import on_table, span
from amiss.models.base import Model
from amiss.models.masked import Masked
from amiss.models.on_table import OnTable
from amiss.networks import onnx_operations as nodes
from amiss.networks.onnx_graph import ROWS, Graph, Value
from amiss.onnx_file.check import Scores, drawn
from amiss.onnx_file.masked import MaskedGraph
from amiss.onnx_file.network import NetworkGraph, mean, total, why_no_graph
from amiss.onnx_file.numbers import calibrated, in_place, in_space, opened, out_of_space, positive
from amiss.reading import columns

_ROUNDED = 1e-5  # of a network's score and 1: so far single precision may move it
_ROUNDING = {"float64": 1e-9, "float32": 1e-6}  # how far a value may be from a constant one and still be it


def graph_of(detector: TableDetector, dtype: str) -> Graph:
    """Return the graph of a fitted detector; `amiss.onnx_file.export` says what goes in and comes out.

    Raises
    ------
    ExportError
        The score cannot be counted from numbers by a graph; with the reason.
    """
    committee = _exportable(detector)
    graph, names = Graph(), detector.columns_.names_
    given = graph.input("values", dtype, (ROWS, len(names))).astype(np.float64)
    missing = given.apply("IsNaN", dtype=bool)
    values = nodes.where(missing, 0.0, nodes.clip(given, -columns._LARGEST, columns._LARGEST))
    numbers: IntArray = np.array(detector.numeric_, np.int64)
    here, lost, rounding = values.take(numbers, 1), missing.take(numbers, 1), _ROUNDING[dtype]
    judged = [_judged(model, here, lost, rounding) for model in committee.models]
    odd = _odd_cells(detector.odd_cells_, values, missing)

    above_zero = positive if detector.training_data == "clean" else opened
    weights = [model.weight for model in committee.models]
    parts = zip(committee.calibrations, judged, weights, strict=True)
    together = total([calibrated(scale, one.score()) * weight for scale, one, weight in parts]) / sum(weights)
    score = above_zero(together) + odd.score
    graph.output("score", score)
    graph.output("anomalous", score > detector.threshold_)
    graph.output("threshold", graph.constant(detector.threshold_))
    graph.output(
        "expected", in_place(_median([one.expected() for one in judged]), numbers, len(names), np.nan)
    )
    surprise = in_place(mean([one.cells for one in judged]), numbers, len(names), 0.0)
    graph.output("surprise", surprise + odd.surprise)
    return graph


def metadata(detector: TableDetector) -> dict[str, str]:
    """Return what the file of a detector tells beside its graph."""
    return {
        "columns": json.dumps(detector.columns_.names_),
        "kinds_of_columns": json.dumps(detector.columns_.kinds_),
        "threshold": repr(detector.threshold_),
    }


def notes(detector: TableDetector) -> tuple[str, ...]:
    """Return what the file of a detector does not judge."""
    if detector.odd_cells_.evidence is None:
        return ()
    return ("The file takes numbers, so that how cells are spelt is judged by amiss alone.",)


# ------------------------------------------------------------- the check
def items_to_check(detector: TableDetector, more: Any = None) -> FloatArray:
    """Return the rows a detector keeps to be tried on, rows drawn from their cells, and more.

    Parameters
    ----------
    detector : TableDetector
        Fitted.
    more : frame or array, optional

    Returns
    -------
    ndarray of shape (rows, columns)
        Raw units; NaN where there is no value.
    """
    kept = _as_numbers(detector._read(detector._probe()))
    given = [] if more is None else [_as_numbers(detector._read(more))]
    return np.concatenate([kept, drawn(kept), *given])


def _as_numbers(table: columns.Table) -> FloatArray:
    cells = np.full((len(table), len(table.columns)), np.nan)
    for j, column in enumerate(table.columns):
        if column.numbers is not None:
            cells[:, j] = column.numbers
        else:  # a number that names its row is not read as one; in the file it is there or missing
            cells[:, j] = np.where(column.missing, np.nan, 0.0)
    return cells


def scores(detector: TableDetector, rows: FloatArray) -> Scores:
    """Return the score of each row, and between which its file may score it.

    Single precision rounds otherwise in another program, which moves a network's score a little. Mostly nothing comes
    of it; but learnt from clean data scores go in steps, one a training row, and one at an edge falls to either side,
    and where all training rows scored nearly alike little differences count for much.
    """
    committee = _exportable(detector)
    table, nothing = detector._read(rows), np.zeros(len(rows))
    batch = detector._numbers(table)
    found = [model.score(batch) for model in committee.models]
    moved = [[s + way * _ROUNDED * (1 + s) for s in found] for way in (-1, 1)]
    low, high = (detector._combined(table, committee._combined(several), nothing) for several in moved)
    return Scores(-detector.score_samples(rows), low, high)


# ------------------------------------------------------------- what can be a graph
def _exportable(detector: TableDetector) -> Committee:
    """Return the committee of a detector whose score a graph can count; raise where it cannot."""
    reader = detector.columns_
    for j, (name, kind) in enumerate(zip(reader.names_, reader.kinds_, strict=True)):
        if j not in {*detector.numeric_, *detector.growing_} and not _is_typed(detector, j):
            raise ExportError(
                f"The detector is not exported because column {name!r} holds text ({kind}), and a graph takes numbers "
                "alone. Learn without that column (amiss fit --columns), or judge with amiss."
            )
    if detector.committee_ is None:
        raise ExportError(
            "The detector is not exported because none of its columns is judged as numbers. Judge with amiss."
        )
    for model in detector.committee_.models:
        reason = _why_not(model)
        if reason:
            raise ExportError(
                f"The detector is not exported because its model {model.spec()!r} {reason}. Learn with networks alone, "
                'TableDetector(models="dense") or amiss fit --models dense, or judge with amiss.'
            )
    return detector.committee_


def _why_not(model: Model) -> str:
    if isinstance(model, Masked):
        return ""
    return why_no_graph(model.network) if isinstance(model, OnTable) else "is no network"


def _is_typed(detector: TableDetector, place: int) -> bool:
    """Return whether a column that is not judged came as numbers: then its odd row to be tried on is 0."""
    return detector.tried_[detector.columns_.names_[place]][-1] == "0" and place not in detector.categorical_


# ------------------------------------------------------------- the parts of the score
def _judged(model: Model, values: Value, missing: Value, rounding: float) -> MaskedGraph | _OnTableGraph:
    """Return what a network says of the numbers, given as raw values and which of them are missing."""
    if isinstance(model, Masked):
        return MaskedGraph(model, values, missing, rounding)
    if isinstance(model, OnTable):
        return _OnTableGraph(model, values, missing, rounding)
    raise NotImplementedError(model.spec())


class _OnTableGraph:
    """What an autoencoder says of the numbers: the twin of `OnTable`.

    Attributes
    ----------
    cells : Value of shape (rows, columns)
        The surprise of each cell.
    """

    def __init__(self, model: OnTable, values: Value, missing: Value, rounding: float) -> None:
        width, largest = values.shape[1], on_table._LARGEST
        units = nodes.clip(in_space(model.space_, values, missing, rounding), -largest, largest)
        shown = nodes.where(missing, 0.0, units).astype(np.float32).reshape((ROWS, 1, width))
        seen = (~missing).reshape((ROWS, 1, width))
        self.space = model.space_
        self.network = NetworkGraph(model.network, shown, seen)
        self.cells = self.network.surprise.reshape((ROWS, width))

    def score(self) -> Value:
        """Return the root mean deviance of the cells of each row, shape (rows,)."""
        return self.network.deviance()[:, 0].mean(1).apply("Sqrt")

    def expected(self) -> Value:
        """Return what was expected in each cell, raw units, shape (rows, columns)."""
        return out_of_space(self.space, self.network.outputs.reshape(self.cells.shape).astype(np.float64))


class _Odd:
    """What odd cells add to the score, shape (rows,), and to the surprise, shape (rows, columns)."""

    def __init__(self, score: Value, surprise: Value) -> None:
        self.score, self.surprise = score, surprise


def _odd_cells(odd: odd_cells.OddCells, values: Value, missing: Value) -> _Odd:
    """Return what the twin of `OddCells` says of cells that come as numbers: gaps, and dates far from all others."""
    gaps = nodes.where(missing, odd.gaps.missing_cost_, odd.gaps.present_cost_)
    score = nodes.maximum(gaps.max(1) - odd.usual_gap, 0.0) * odd_cells._GAP_WEIGHT
    if not odd.growing:
        return _Odd(score, gaps)
    growing: IntArray = np.array(odd.growing, np.int64)
    far = _far(odd.span, values.take(growing, 1), missing.take(growing, 1))
    return _Odd(score + far.max(1), gaps + in_place(far, growing, values.shape[1], 0.0))


def _far(known: span.Span, values: Value, missing: Value) -> Value:
    """Return what `Span.surprise` returns, shape (rows, columns)."""
    beyond = nodes.maximum(nodes.maximum(known.low_ - values, values - known.high_), 0.0)
    width = np.maximum(known.high_ - known.low_, 1.0)
    cost = nodes.maximum(nodes.log1p(beyond / width) - float(np.log(2.0)), 0.0) * span._WEIGHT
    return nodes.where(missing, 0.0, cost)


# ------------------------------------------------------------- several of a kind
def _median(values: list[Value]) -> Value:
    """Return the median of values of one shape, element by element."""
    if len(values) < 3:
        return mean(values)
    ordered = values
    for last in range(len(values) - 1, 0, -1):  # the largest go to the end, one by one
        for i in range(last):
            one, other = ordered[i], ordered[i + 1]
            ordered = [*ordered[:i], nodes.minimum(one, other), nodes.maximum(one, other), *ordered[i + 2 :]]
    middle = len(values) // 2
    return mean(ordered[middle : middle + 1] if len(values) % 2 else ordered[middle - 1 : middle + 1])
