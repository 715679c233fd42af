"""What networks are made of, in numpy: to score, without a neural library in memory.

`torch_operations` and `onnx_operations` hold the same names. Arrays are float32, shape (rows, positions, features).
What happens in training alone (dropout, drawing) does nothing here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.networks.activations import ACTIVATIONS
from amiss.networks.rows import Float32Array
from amiss.numerics.blocks import lane_product

where = np.where


def linear(x: Float32Array, weight: Float32Array, bias: Float32Array | None = None) -> Float32Array:
    """Return ``x @ weight + bias`` along the last axis; weight has shape (in, out).

    A row's result does not depend on its company: rows of several positions are multiplied one by one, others in
    lanes, so that their number is a multiple of `LANES`.
    """
    if x.ndim == 3 and x.shape[1] > 1:
        out: Float32Array = np.matmul(x, weight)
    else:
        out = lane_product(x.reshape(-1, x.shape[-1]), weight).reshape(*x.shape[:-1], -1)
    if bias is not None:
        out += bias
    return out


def activation(x: Float32Array, name: str) -> Float32Array:
    """Return the activation of that name, element by element."""
    return ACTIVATIONS[name].value(x, None)


def conv(
    x: Float32Array, weight: Float32Array, bias: Float32Array, dilation: int = 1, causal: bool = False
) -> Float32Array:
    """Return a convolution along the positions, as many as before; beyond the ends stand zeros.

    Parameters
    ----------
    x : ndarray of shape (rows, positions, in)
    weight : ndarray of shape (taps, in, out)
    bias : ndarray of shape (out,)
    dilation : int
        Positions between taps.
    causal : bool
        True: each position sees itself and what stands before it; False: both sides.
    """
    taps, positions = len(weight), x.shape[1]
    reach = (taps - 1) * dilation
    before = reach if causal else reach // 2
    padded = np.pad(x, ((0, 0), (before, reach - before), (0, 0)))
    shifted = [padded[:, i * dilation : i * dilation + positions] for i in range(taps)]
    return linear(np.concatenate(shifted, axis=-1), weight.reshape(-1, weight.shape[-1]), bias)


def gru(
    x: Float32Array,
    of_input: Float32Array,
    of_state: Float32Array,
    bias_input: Float32Array,
    bias_state: Float32Array,
    backwards: bool = False,
) -> Float32Array:
    """Return the states of a gated recurrent unit at each position, shape (rows, positions, hidden); it begins at 0.

    Parameters
    ----------
    x : ndarray of shape (rows, positions, in)
    of_input : ndarray of shape (in, 3 hidden)
        Weights of reset gate, update gate and new state.
    of_state : ndarray of shape (hidden, 3 hidden)
    bias_input, bias_state : ndarray of shape (3 hidden,)
    backwards : bool
        True: from the last position to the first.

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    equations 5 to 8; the reset gate after the product, as in cuDNN.
    """
    hidden = len(of_state)
    given = linear(x, of_input, bias_input)
    states = np.empty((*x.shape[:2], hidden), np.float32)
    state = np.zeros((len(x), hidden), np.float32)
    for t in _order(x.shape[1], backwards):
        kept = linear(state, of_state, bias_state)
        gates = activation(given[:, t, : 2 * hidden] + kept[:, : 2 * hidden], "sigmoid")
        new = np.tanh(given[:, t, 2 * hidden :] + gates[:, :hidden] * kept[:, 2 * hidden :])
        state = new + gates[:, hidden:] * (state - new)
        states[:, t] = state
    return states


def lstm(
    x: Float32Array,
    of_input: Float32Array,
    of_state: Float32Array,
    bias_input: Float32Array,
    bias_state: Float32Array,
    backwards: bool = False,
) -> Float32Array:
    """Return the outputs of a long short-term memory at each position, shape (rows, positions, hidden).

    As `gru`, with four parts: input gate, forget gate, new content, output gate.

    References
    ----------
    Gers, Schmidhuber, Cummins (2000), "Learning to forget", section 2 and 3.
    """
    hidden = len(of_state)
    given = linear(x, of_input, bias_input)
    states = np.empty((*x.shape[:2], hidden), np.float32)
    state, content = np.zeros((2, len(x), hidden), np.float32)
    for t in _order(x.shape[1], backwards):
        parts = given[:, t] + linear(state, of_state, bias_state)
        gates = activation(parts, "sigmoid")
        new = gates[:, :hidden] * np.tanh(parts[:, 2 * hidden : 3 * hidden])
        content = gates[:, hidden : 2 * hidden] * content + new
        state = gates[:, 3 * hidden :] * np.tanh(content)
        states[:, t] = state
    return states


def _order(positions: int, backwards: bool) -> range:
    return range(positions - 1, -1, -1) if backwards else range(positions)


def normalise(x: Float32Array, gain: Float32Array, bias: Float32Array) -> Float32Array:
    """Return ``x`` with mean 0 and variance 1 along the last axis, times ``gain`` plus ``bias``.

    References
    ----------
    Ba, Kiros, Hinton (2016), "Layer normalization", equation 3.
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(1e-5)) * gain + bias)


def softmax(x: Float32Array) -> Float32Array:
    """Return shares along the last axis that sum to 1."""
    shares: Float32Array = np.exp(x - x.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def log_softmax(x: Float32Array) -> Float32Array:
    """Return the logarithm of `softmax`."""
    centred = x - x.max(axis=-1, keepdims=True)
    return np.asarray(centred - np.log(np.exp(centred).sum(axis=-1, keepdims=True)))


def concat(parts: list[Any]) -> Any:
    """Return the arrays joined along the last axis."""
    return np.concatenate(parts, axis=-1)


def reshape(x: Any, shape: tuple[int, ...]) -> Any:
    """Return the same values in another shape; -1 stands for the rows."""
    return x.reshape(shape)


def swap(x: Any, first: int, second: int) -> Any:
    """Return the array with two axes swapped."""
    return np.ascontiguousarray(np.swapaxes(x, first, second))


def dropout(x: Any, share: float) -> Any:
    """Return ``x``: nothing is dropped where a score is made."""
    return x


def product(first: Float32Array, second: Float32Array) -> Float32Array:
    """Return the matrix product of the last two axes, one for each place along those before."""
    return np.asarray(np.matmul(first, second))


def part(x: Any, start: int, stop: int) -> Any:
    """Return the values from ``start`` up to ``stop`` along the last axis."""
    return x[..., start:stop]


def total(x: Any) -> Any:
    """Return the sum along the last axis, which stays as one of length 1."""
    return x.sum(axis=-1, keepdims=True)


def exp(x: Any) -> Any:
    """Return e to the power of each element."""
    return np.exp(x)


def drawn(x: Any) -> Any:
    """Return zeros of the shape of ``x``: nothing is drawn where a score is made."""
    return np.zeros_like(x)
