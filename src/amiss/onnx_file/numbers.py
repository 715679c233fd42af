"""Column spaces and calibrations as nodes of a graph: what stands before a network, and what stands behind it.

Each is the twin of a class of `amiss.numerics`, in double precision; every export is checked against those.
"""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.networks import onnx_operations as nodes
from amiss.networks.onnx_graph import Value
from amiss.numerics import calibration, spaces
from amiss.numerics.spaces import Space

_ROUNDED = 3e-6  # of a score: what single precision moves it by


def in_space(space: Space, values: Value, missing: Value, rounding: float = 1e-9) -> Value:
    """Return what `Space.apply` returns, shape (rows, columns).

    Parameters
    ----------
    space : Space
        Fitted.
    values : Value of shape (rows, columns)
        Raw units, finite.
    missing : Value of shape (rows, columns), bool
    rounding : float
        How far a value may be from a constant one, as a share of it, and still be it.
    """
    largest, farthest = spaces._LARGEST, spaces._FARTHEST
    values = nodes.clip(nodes.where(missing, space.median_, values), -largest, largest)
    units = nodes.clip((values - space.location_) / space.scale_, -farthest, farthest)
    if space.kind == "asinh":
        units = nodes.arcsinh(units)
    elif space.kind == "rank":
        beyond = nodes.maximum(abs(units - 0.5) - 0.5, 0.0)
        ranked = between(space.cuts_, space.ranks_, values)
        units = ranked + units.apply("Sign") * nodes.log1p(beyond * 10.0)
    differs = abs(values - space.location_) > rounding * np.maximum(np.abs(space.location_), 1.0)
    return nodes.where(space.varies_, units, differs.astype(np.float64))


def out_of_space(space: Space, units: Value) -> Value:
    """Return what `Space.invert` returns, raw units, shape (rows, columns)."""
    if space.kind == "rank":
        return between(space.ranks_, space.cuts_, units)
    if space.kind == "asinh":
        most = float(np.arcsinh(spaces._FARTHEST))
        units = nodes.sinh(nodes.clip(units, -most, most))
    return nodes.where(space.varies_, units * space.scale_ + space.location_, space.location_)


def between(known: list[FloatArray], answers: list[FloatArray], x: Value) -> Value:
    """Return each column interpolated in its own table, as `numpy.interp` does, shape (rows, columns).

    Parameters
    ----------
    known : list of ndarray
        For each column the ordered places where the answer is known.
    answers : list of ndarray
        The answer there.
    x : Value of shape (rows, columns)
    """
    longest = max(2, *map(len, known))
    places = np.array([np.pad(k, (0, longest - len(k)), constant_values=np.inf) for k in known])
    heights = np.array([np.pad(a, (0, longest - len(a)), mode="edge") for a in answers])
    ends = np.array([(k[0], k[-1], max(len(k) - 2, 0)) for k in known]).T
    inside = nodes.minimum(nodes.maximum(x, ends[0]), ends[1])
    left = nodes.below(places, inside, right=True) - 1
    left = nodes.minimum(nodes.maximum(left, 0), ends[2].astype(np.int64))
    left = left + np.arange(len(known)) * longest
    place, height = x.graph.constant(places.ravel()), x.graph.constant(heights.ravel())
    start, end = place.take(left, 0), place.take(left + 1, 0)
    low, high = height.take(left, 0), height.take(left + 1, 0)
    return low + (high - low) * ((inside - start) / (end - start))


def calibrated(scale: calibration.Calibration, scores: Value) -> Value:
    """Return what the `apply` of a `ZScore` or a `Tail` returns, shape (rows,)."""
    if isinstance(scale, calibration.Tail):
        ordered, count = scale.ordered, len(scale.ordered)
        rounded_down = scores - abs(scores) * _ROUNDED  # so that a training row is not more than itself
        less = nodes.below(ordered[None], rounded_down[:, None])[:, 0]
        at_least = nodes.maximum(count - less, 1).astype(np.float64)
        beyond = nodes.maximum(scores - float(ordered[-1]), 0.0) / scale.spread
        return nodes.log1p(beyond) - (at_least / count).apply("Log")
    if isinstance(scale, calibration.ZScore):
        z = (scores - scale.centre) / scale.spread
        return z.apply("Sign") * nodes.log1p(abs(z))
    raise NotImplementedError(type(scale).__name__)


def positive(scores: Value) -> Value:
    """Return what `amiss.numerics.calibration.positive` returns."""
    return nodes.maximum(scores, 0.0) + nodes.log1p((-abs(scores)).apply("Exp"))


def opened(scores: Value) -> Value:
    """Return what `amiss.numerics.calibration.opened` returns."""
    near = nodes.minimum(scores, calibration._LINEAR)
    return near.apply("Exp") * (1.0 + scores - near)


def in_place(cells: Value, places: IntArray, width: int, empty: float = 0.0) -> Value:
    """Return the cells in the columns they stand in, shape (rows, width), the other columns filled."""
    index: IntArray = np.full(width, len(places))
    index[places] = np.arange(len(places))
    spare = [] if len(places) == width else [cells[:, :1] * 0.0 + empty]
    in_order = len(places) == width and (index == np.arange(width)).all()
    return cells if in_order else nodes.concat([cells, *spare]).take(index, 1)
