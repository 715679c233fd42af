"""A graph of ONNX under construction: values that are not there yet, and what is done to them.

A `Value` takes the operators numpy arrays take; each adds a node. Types mix as numpy's do: a plain Python number takes
the type of the value beside it, two arrays the larger type of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from amiss.batch import AnyArray

ROWS = -1
"""Stands in a shape for the number of rows, which is known when the graph runs."""
OPSET = 17  # the first that has layer normalisation
_FORMAT = 8  # of the file: the one that came with that set


class Graph:
    """Nodes, constants, inputs and outputs, in the order they were added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.count = 0
        self._known: dict[tuple[str, tuple[int, ...], bytes], Value] = {}

    def input(self, name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> Value:
        """Return a value that is given when the graph runs."""
        value = Value(self, name, np.dtype(dtype), shape)
        self.inputs.append(_told(value))
        return value

    def constant(self, array: Any, dtype: DTypeLike | None = None) -> Value:
        """Return a value that never changes; equal ones are kept once."""
        held: AnyArray = np.asarray(array, dtype)
        key = (held.dtype.str, held.shape, held.tobytes())
        if key not in self._known:
            from onnx import numpy_helper

            name = f"constant{len(self.constants)}"
            self.constants.append(
                numpy_helper.from_array(np.ascontiguousarray(held).reshape(held.shape), name)
            )
            self._known[key] = Value(self, name, held.dtype, held.shape)
        return self._known[key]

    def add(
        self,
        operation: str,
        given: Sequence[Value],
        dtype: DTypeLike,
        shape: tuple[int, ...],
        **attributes: Any,
    ) -> Value:
        """Add a node, and return its first output.

        Parameters
        ----------
        operation : str
            As ONNX calls it.
        given : sequence of Value
        dtype : dtype
            Of the output.
        shape : tuple of int
            Of the output.
        **attributes
            Of the node.
        """
        from onnx import helper

        value = Value(self, f"{operation.lower()}{self.count}", np.dtype(dtype), shape)
        self.count += 1
        self.nodes.append(helper.make_node(operation, [v.name for v in given], [value.name], **attributes))
        return value

    def output(self, name: str, value: Value) -> None:
        """Make a value one that the graph answers with."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [value.name], [name]))
        self.outputs.append(_told(Value(self, name, value.dtype, value.shape)))

    def model(self, version: str, metadata: Mapping[str, str]) -> Any:
        """Return the graph as a model of ONNX, checked.

        Parameters
        ----------
        version : str
            Of amiss, which made it.
        metadata : dict of str to str
            What a reader of the file should know.
        """
        from onnx import checker, helper

        graph = helper.make_graph(self.nodes, "amiss", self.inputs, self.outputs, self.constants)
        model = helper.make_model(
            graph,
            producer_name="amiss",
            producer_version=version,
            ir_version=_FORMAT,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model, full_check=True)
        return model


def _told(value: Value) -> Any:
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(value.name, kind, ["rows" if n == ROWS else n for n in value.shape])


class Value:
    """An array that is not there yet.

    Parameters
    ----------
    graph : Graph
    name : str
    dtype : dtype
    shape : tuple of int
        `ROWS` where it is not known yet.
    """

    __array_ufunc__ = None  # so that ``array + value`` asks the value
    __slots__ = ("dtype", "graph", "name", "shape")

    def __init__(self, graph: Graph, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self.graph, self.name, self.dtype, self.shape = graph, name, dtype, shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def apply(self, operation: str, *others: Any, dtype: DTypeLike | None = None) -> Value:
        """Return an operation on this value and others, element by element, in their common type.

        Parameters
        ----------
        operation : str
        *others : Value, array or number
        dtype : dtype, optional
            Of the result, where it is not the common type.
        """
        given = alike(self, *others)
        shape = together(*(v.shape for v in given))
        return self.graph.add(operation, given, dtype or given[0].dtype, shape)

    def astype(self, dtype: DTypeLike) -> Value:
        """Return the value in another type."""
        from onnx import helper

        if self.dtype == np.dtype(dtype):
            return self
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.graph.add("Cast", [self], dtype, self.shape, to=kind)

    def reshape(self, shape: tuple[int, ...]) -> Value:
        """Return the same values in another shape; -1 stands for the rows."""
        return self.graph.add(
            "Reshape", [self, self.graph.constant(shape, np.int64)], self.dtype, tuple(shape)
        )

    def sum(self, axis: int, keepdims: bool = False) -> Value:
        """Return the sum along an axis."""
        axes, shape = self.graph.constant([axis], np.int64), _without(self.shape, axis, keepdims)
        return self.graph.add("ReduceSum", [self, axes], self.dtype, shape, keepdims=int(keepdims))

    def mean(self, axis: int, keepdims: bool = False) -> Value:
        """Return the mean along an axis."""
        return self._reduced("ReduceMean", axis, keepdims)

    def max(self, axis: int, keepdims: bool = False) -> Value:
        """Return the largest along an axis."""
        return self._reduced("ReduceMax", axis, keepdims)

    def _reduced(self, operation: str, axis: int, keepdims: bool) -> Value:
        shape = _without(self.shape, axis, keepdims)
        return self.graph.add(operation, [self], self.dtype, shape, axes=[axis], keepdims=int(keepdims))

    def take(self, places: Any, axis: int) -> Value:
        """Return what stands at some places of an axis; the axis takes the shape of the places."""
        at = places if isinstance(places, Value) else self.graph.constant(places, np.int64)
        axis %= self.ndim
        shape = (*self.shape[:axis], *at.shape, *self.shape[axis + 1 :])
        return self.graph.add("Gather", [self, at], self.dtype, shape, axis=axis)

    def __getitem__(self, key: Any) -> Value:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            named = sum(k is not None for k in keys) - 1
            keys = (*keys[:at], *[slice(None)] * (self.ndim - named), *keys[at + 1 :])
        value, axis = self, 0
        for one in keys:
            if one is None:
                value = value._widened(axis)
            elif isinstance(one, slice):
                value = value._cut(axis, one)
            else:
                value = value.take(one, axis)
                axis += np.ndim(one) - 1
            axis += 1
        return value

    def _widened(self, axis: int) -> Value:
        shape = (*self.shape[:axis], 1, *self.shape[axis:])
        return self.graph.add("Unsqueeze", [self, self.graph.constant([axis], np.int64)], self.dtype, shape)

    def _cut(self, axis: int, part: slice) -> Value:
        if part == slice(None):
            return self
        size = self.shape[axis]
        if size == ROWS:
            raise IndexError("The rows of a graph are not cut: how many there are shows when it runs.")
        start, stop, step = part.indices(size)
        shape = (*self.shape[:axis], len(range(start, stop, step)), *self.shape[axis + 1 :])
        end = stop if stop >= 0 else -size - 1  # backwards to the very first
        where = [self.graph.constant([n], np.int64) for n in (start, end, axis, step)]
        return self.graph.add("Slice", [self, *where], self.dtype, shape)

    def __add__(self, other: Any) -> Value:
        return self.apply("Add", other)

    def __radd__(self, other: Any) -> Value:
        return alike(other, self)[0].apply("Add", self)

    def __sub__(self, other: Any) -> Value:
        return self.apply("Sub", other)

    def __rsub__(self, other: Any) -> Value:
        return alike(other, self)[0].apply("Sub", self)

    def __mul__(self, other: Any) -> Value:
        return self.apply("Mul", other)

    def __rmul__(self, other: Any) -> Value:
        return alike(other, self)[0].apply("Mul", self)

    def __truediv__(self, other: Any) -> Value:
        return self.apply("Div", other)

    def __rtruediv__(self, other: Any) -> Value:
        return alike(other, self)[0].apply("Div", self)

    def __neg__(self) -> Value:
        return self.apply("Neg")

    def __abs__(self) -> Value:
        return self.apply("Abs")

    def __lt__(self, other: Any) -> Value:
        return self.apply("Less", other, dtype=bool)

    def __le__(self, other: Any) -> Value:
        return self.apply("LessOrEqual", other, dtype=bool)

    def __gt__(self, other: Any) -> Value:
        return self.apply("Greater", other, dtype=bool)

    def __ge__(self, other: Any) -> Value:
        return self.apply("GreaterOrEqual", other, dtype=bool)

    def __invert__(self) -> Value:
        return self.apply("Not")

    def __and__(self, other: Any) -> Value:
        return self.apply("And", other)


def alike(*given: Any, graph: Graph | None = None) -> list[Value]:
    """Return values, arrays and numbers as values of one type, the one numpy would mix them in.

    Parameters
    ----------
    *given : Value, array or number
    graph : Graph, optional
        Needed where none of them is a `Value`.
    """
    graph = graph or next(v.graph for v in given if isinstance(v, Value))
    plain = tuple(v for v in given if isinstance(v, bool | int | float) and not isinstance(v, np.generic))
    arrays = [v if isinstance(v, Value) else np.asarray(v) for v in given if not any(v is p for p in plain)]
    common = np.result_type(*(a.dtype for a in arrays), *plain)
    return [v.astype(common) if isinstance(v, Value) else graph.constant(v, common) for v in given]


def together(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that arrays of these shapes have together, spread as numpy spreads them."""
    length = max(map(len, shapes))
    sides = zip(*((1,) * (length - len(s)) + s for s in shapes), strict=True)
    out = []
    for side in sides:
        sizes = set(side) - {1}
        if len(sizes) > 1:
            raise ValueError(f"Shapes {' and '.join(map(str, shapes))} do not go together.")
        out.append(sizes.pop() if sizes else 1)
    return tuple(out)


def _without(shape: tuple[int, ...], axis: int, keepdims: bool) -> tuple[int, ...]:
    axis %= len(shape)
    return (*shape[:axis], *((1,) if keepdims else ()), *shape[axis + 1 :])
