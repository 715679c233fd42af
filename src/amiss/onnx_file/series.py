"""The graph of a series' detector: windows of raw values in; their loss, what the network rebuilds and surprise out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.detectors.series import SeriesDetector
from amiss.errors import ExportError
from amiss.models.on_series import OnSeries
from amiss.networks import onnx_operations as nodes
from amiss.networks.onnx_graph import ROWS, Graph
from amiss.onnx_file.check import Scores, drawn
from amiss.onnx_file.network import NetworkGraph, why_no_graph
from amiss.reading import windows

_MOST_WINDOWS = 2_000  # of the data given to check on


def graph_of(detector: SeriesDetector, dtype: str) -> Graph:
    """Return the graph of a fitted detector; `amiss.onnx_file.export` says what goes in and comes out.

    Raises
    ------
    ExportError
        Its model is no network, or there are several; with the reason.
    """
    model, scale = _exportable(detector), detector.scale_
    graph, shape = Graph(), (ROWS, model.steps_, len(scale.centre))
    given = graph.input("values", dtype, shape).astype(np.float64)
    missing = given.apply("IsNaN", dtype=bool)
    scaled = (given * 0.5 - scale.centre / 2) / (scale.spread / 2)
    scaled = nodes.clip(nodes.where(missing, 0.0, scaled), -windows._CLIP, windows._CLIP)
    network = NetworkGraph(model.network, scaled.astype(np.float32), ~missing)
    relative = (network.losses / model.network.usual_).reshape((ROWS, shape[1] * shape[2]))
    graph.output("score", relative.mean(1))
    graph.output("expected", network.outputs.astype(np.float64) * scale.spread + scale.centre)
    graph.output("surprise", network.surprise)
    return graph


def metadata(detector: SeriesDetector) -> dict[str, str]:
    """Return what the file of a detector tells beside its graph."""
    steps = _exportable(detector).steps_
    return {"channels": json.dumps(list(detector.timeline_.channels)), "points_in_a_window": str(steps)}


def notes(detector: SeriesDetector) -> tuple[str, ...]:
    """Return what the file of a detector does not judge."""
    return (
        "The file scores windows: their loss, in multiples of the usual. amiss alone goes on from windows to points, "
        "and to where abnormal starts.",
    )


def _exportable(detector: SeriesDetector) -> OnSeries:
    """Return the network of a detector whose windows a graph can score; raise where it cannot."""
    if detector.many_ is not None:
        raise ExportError(
            "The detector is not exported because it judges many series, and a file holds one. Fit a detector on one "
            "series, or judge with amiss."
        )
    first, *others = detector.committee_.models
    reason = why_no_graph(first.network) if isinstance(first, OnSeries) else "is no network"
    if others and not reason:
        reason = "is not the only one, and each has windows of its own"
    if isinstance(first, OnSeries) and not reason:
        return first
    raise ExportError(
        f"The detector is not exported because its model {first.spec()!r} {reason}. Learn with one network alone, "
        'SeriesDetector(models="conv") or amiss fit --models conv, or judge with amiss.'
    )


# ------------------------------------------------------------- the check
def items_to_check(detector: SeriesDetector, more: Any = None) -> FloatArray:
    """Return windows of the points a detector keeps, windows drawn from their points, and windows of more.

    Parameters
    ----------
    detector : SeriesDetector
        Fitted.
    more : frame or array, optional

    Returns
    -------
    ndarray of shape (windows, points, channels)
        Raw units; NaN where there is no value.
    """
    steps = _exportable(detector).steps_
    raw = [np.where(detector.tail_mask_, np.nan, detector.scale_.restore(detector.tail_))]
    raw += [] if more is None else [detector.timeline_.read(more).values]
    long = [windows.windows_of(values, steps).swapaxes(1, 2) for values in raw if len(values) >= steps]
    kept = [every[windows.spread_evenly(len(every), _MOST_WINDOWS)] for every in long]
    shape = (-1, steps, raw[0].shape[1])
    points = raw[0][np.linspace(0, len(raw[0]) - 1, steps).astype(int)]  # where too few are kept for a window
    first = kept[0] if kept else points[None]
    return np.concatenate([*kept, drawn(first.reshape(len(first), -1)).reshape(shape)])


def scores(detector: SeriesDetector, items: FloatArray) -> Scores:
    """Return the score of each window."""
    network = _exportable(detector).network
    missing = np.isnan(items)
    flat = detector.scale_.apply(np.where(missing, 0.0, items).reshape(-1, items.shape[-1]))[0]
    values = np.where(missing, 0.0, flat.reshape(items.shape)).astype(np.float32)
    relative = network.losses(network.rebuild(values, ~missing), values, ~missing) / network.usual_
    found = relative.reshape(len(items), -1).mean(axis=1)
    return Scores(found, found, found)
