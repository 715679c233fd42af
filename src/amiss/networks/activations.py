"""Activations: what bends a network, value and slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amiss.networks.rows import Float32Array


@dataclass(frozen=True)
class Activation:
    """An activation, element by element.

    Attributes
    ----------
    value : callable
        (input, where to write the output or None) -> output.
    slope : callable
        Output -> slope there.
    """

    value: Callable[[Float32Array, Float32Array | None], Float32Array]
    slope: Callable[[Float32Array], Float32Array]


def _elu(x: Float32Array, out: Float32Array | None) -> Float32Array:
    negative = np.expm1(np.minimum(x, 0))
    return np.asarray(np.add(np.maximum(x, 0, out=out), negative, out=out))


def _sigmoid(x: Float32Array, out: Float32Array | None) -> Float32Array:
    return np.asarray(np.divide(np.float32(1), 1 + np.exp(-np.clip(x, -80, 80)), out=out))


ACTIVATIONS = {
    "relu": Activation(lambda x, out: np.maximum(x, 0, out=out), lambda y: (y > 0).astype(np.float32)),
    "elu": Activation(_elu, lambda y: np.minimum(y, 0) + 1),
    "tanh": Activation(lambda x, out: np.tanh(x, out=out), lambda y: 1 - y * y),
    "sigmoid": Activation(_sigmoid, lambda y: y * (1 - y)),
    "linear": Activation(lambda x, out: x, np.ones_like),
}
RELU, LINEAR = ACTIVATIONS["relu"], ACTIVATIONS["linear"]
_SIGN = np.int32(31)  # the bit of a float32 that holds its sign


def bend(activation: Activation, values: Float32Array, zeros: Float32Array | float = 0.0) -> None:
    """Bend the values, in place; of relu the zeros may be given as an array, which is faster than a number."""
    if activation is RELU:
        np.maximum(values, zeros, out=values)
    elif activation is not LINEAR:
        activation.value(values, values)


def unbend(activation: Activation, slopes: Float32Array, values: Float32Array) -> None:
    """Multiply the slopes, in place, with that of the activation where it gave these values."""
    if activation is RELU:
        # the bits of a number above 0 are a whole number above 0: its negative, shifted by 31, is all ones, that of 0
        # all zeros; a mask of that kind costs less than one of true and false
        mask = np.negative(values.view(np.int32))
        np.right_shift(mask, _SIGN, out=mask)
        bits = slopes.view(np.int32)
        np.bitwise_and(bits, mask, out=bits)
    elif activation is not LINEAR:
        slopes *= activation.slope(values)
