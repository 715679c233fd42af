"""What networks are made of, as nodes of a graph of ONNX: to run elsewhere, without amiss.

The same names as in `numpy_operations`, which explains them, on values of `amiss.networks.onnx_graph`. What is known
already, such as weights, is counted at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.networks import numpy_operations
from amiss.networks.onnx_graph import Value, alike, together

_ACTIVATIONS = {"relu": "Relu", "elu": "Elu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def where(condition: Any, yes: Any, no: Any) -> Value:
    """Return ``yes`` where the condition holds, else ``no``."""
    graph = next(v.graph for v in (condition, yes, no) if isinstance(v, Value))
    asked = condition if isinstance(condition, Value) else graph.constant(condition, bool)
    given = alike(yes, no, graph=graph)
    return graph.add(
        "Where", [asked, *given], given[0].dtype, together(asked.shape, *(v.shape for v in given))
    )


def linear(x: Value, weight: Any, bias: Any = None) -> Value:
    """Return ``x @ weight + bias`` along the last axis."""
    given, matrix = alike(x, weight)
    out = given.graph.add("MatMul", [given, matrix], given.dtype, (*x.shape[:-1], matrix.shape[-1]))
    return out if bias is None else out + bias


def activation(x: Value, name: str) -> Value:
    """Return the activation of that name, element by element."""
    return x if name == "linear" else x.apply(_ACTIVATIONS[name])


def conv(x: Value, weight: Any, bias: Any, dilation: int = 1, causal: bool = False) -> Value:
    """Return a convolution along the positions, as many as before."""
    taps, _, width = weight.shape
    reach = (taps - 1) * dilation
    before = reach if causal else reach // 2
    kernel = x.graph.constant(np.transpose(weight, (2, 1, 0)))
    turned = _turned(x, 1, 2)
    out = x.graph.add(
        "Conv",
        [turned, kernel, x.graph.constant(bias)],
        x.dtype,
        (x.shape[0], width, x.shape[1]),
        dilations=[dilation],
        pads=[before, reach - before],
    )
    return _turned(out, 1, 2)


def normalise(x: Value, gain: Any, bias: Any) -> Value:
    """Return ``x`` with mean 0 and variance 1 along the last axis, times ``gain`` plus ``bias``."""
    given = alike(x, gain, bias)
    return x.graph.add("LayerNormalization", given, given[0].dtype, x.shape, axis=-1, epsilon=1e-5)


def softmax(x: Value) -> Value:
    """Return shares along the last axis that sum to 1."""
    return x.graph.add("Softmax", [x], x.dtype, x.shape, axis=-1)


def log_softmax(x: Value) -> Value:
    """Return the logarithm of `softmax`."""
    return x.graph.add("LogSoftmax", [x], x.dtype, x.shape, axis=-1)


def concat(parts: list[Any]) -> Value:
    """Return the values joined along the last axis."""
    given = alike(*parts)
    shape = (*given[0].shape[:-1], sum(v.shape[-1] for v in given))
    return given[0].graph.add("Concat", given, given[0].dtype, shape, axis=-1)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """Return the same values in another shape; -1 stands for the rows."""
    return x.reshape(shape)


def swap(x: Any, first: int, second: int) -> Any:
    """Return the value with two axes swapped."""
    if not isinstance(x, Value):
        return numpy_operations.swap(x, first, second)
    return _turned(x, first, second)


def _turned(x: Value, first: int, second: int) -> Value:
    order = list(range(x.ndim))
    order[first], order[second] = order[second], order[first]
    return x.graph.add("Transpose", [x], x.dtype, tuple(x.shape[i] for i in order), perm=order)


def dropout(x: Any, share: float) -> Any:
    """Return ``x``: nothing is dropped where a score is made."""
    return x


def product(first: Any, second: Any) -> Value:
    """Return the matrix product of the last two axes, one for each place along those before."""
    one, other = alike(first, second)
    before = together(one.shape[:-2], other.shape[:-2])
    return one.graph.add("MatMul", [one, other], one.dtype, (*before, one.shape[-2], other.shape[-1]))


def part(x: Any, start: int, stop: int) -> Any:
    """Return the values from ``start`` up to ``stop`` along the last axis."""
    return x[..., start:stop]


def total(x: Value) -> Value:
    """Return the sum along the last axis, which stays as one of length 1."""
    return x.sum(-1, keepdims=True)


def exp(x: Value) -> Value:
    """Return e to the power of each element."""
    return x.apply("Exp")


def drawn(x: Value) -> Value:
    """Return zeros of the shape of ``x``: nothing is drawn where a score is made."""
    return x * 0.0


def gru(
    x: Value, of_input: Any, of_state: Any, bias_input: Any, bias_state: Any, backwards: bool = False
) -> Value:
    """Return the states of a gated recurrent unit at each position, shape (rows, positions, hidden)."""
    weights = (of_input, of_state, bias_input, bias_state)
    return _recur("GRU", x, weights, (1, 0, 2), backwards, linear_before_reset=1)


def lstm(
    x: Value, of_input: Any, of_state: Any, bias_input: Any, bias_state: Any, backwards: bool = False
) -> Value:
    """Return the outputs of a long short-term memory at each position, shape (rows, positions, hidden)."""
    return _recur("LSTM", x, (of_input, of_state, bias_input, bias_state), (0, 3, 1, 2), backwards)


def _recur(
    operation: str,
    x: Value,
    weights: tuple[Any, ...],
    order: tuple[int, ...],
    backwards: bool,
    **attributes: Any,
) -> Value:
    """Return the outputs of a recurrent node at each position.

    Parameters
    ----------
    operation : str
    x : Value of shape (rows, positions, in)
    weights : tuple of ndarray
        Of the input, of the state, and the bias of each.
    order : tuple of int
        Which of our gates stands where ONNX wants one.
    backwards : bool
    **attributes
        Of the node.
    """
    rows, positions, _ = x.shape
    hidden = len(weights[1])
    of_input, of_state, bias_input, bias_state = (
        np.concatenate([np.split(w, len(order), axis=-1)[gate] for gate in order], axis=-1) for w in weights
    )
    bias = np.concatenate([bias_input, bias_state])
    told = [x.graph.constant(w[None]) for w in (of_input.T, of_state.T, bias)]
    states = x.graph.add(
        operation,
        [_turned(x, 0, 1), *told],
        x.dtype,
        (positions, 1, rows, hidden),
        hidden_size=hidden,
        direction="reverse" if backwards else "forward",
        **attributes,
    )
    return _turned(states[:, 0], 0, 1)


# ------------------------------------------------------------- what stands before a network and behind it
def log1p(x: Value) -> Value:
    """Return log(1 + x)."""
    return (1.0 + x).apply("Log")


def clip(x: Value, low: float, high: float) -> Value:
    """Return ``x``, what lies outside moved to the nearer end."""
    return minimum(maximum(x, low), high)


def minimum(x: Value, y: Any) -> Value:
    """Return the smaller, element by element."""
    return x.apply("Min", y)


def maximum(x: Value, y: Any) -> Value:
    """Return the larger, element by element."""
    return x.apply("Max", y)


def arcsinh(x: Value) -> Value:
    """Return the inverse hyperbolic sine; its own node knows single precision alone."""
    size = abs(x)
    return x.apply("Sign") * (size + (size * size + 1.0).apply("Sqrt")).apply("Log")


def sinh(x: Value) -> Value:
    """Return the hyperbolic sine."""
    return (x.apply("Exp") - (-x).apply("Exp")) * 0.5


def below(tables: FloatArray, x: Value, right: bool = False) -> Value:
    """Return how many entries of an ordered table are less than ``x``, of each column in its own table.

    Halving from the largest power of two down: as many rounds of nodes as the longest table has bits.

    Parameters
    ----------
    tables : ndarray of shape (columns, entries)
        Each in order, filled up with infinity.
    x : Value of shape (rows, columns)
        Finite.
    right : bool
        True: count those equal to ``x`` too.
    """
    columns, entries = tables.shape
    bits = int(entries).bit_length()
    full = np.full((columns, 2**bits - 1), np.inf)
    full[:, :entries] = tables
    flat = x.graph.constant(full.ravel())
    start = np.arange(columns) * full.shape[1]
    found = x.graph.constant(np.zeros((1, columns), np.int64))
    for step in (2 ** np.arange(bits)[::-1]).tolist():
        entry = flat.take(found + (start + step - 1), 0)
        less = entry <= x if right else entry < x
        found = found + less.astype(np.int64) * step
    return found
