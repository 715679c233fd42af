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
_SIGN = np.array(31, np.int32)  # the bit of a float32 that holds its sign


class Bend:
    """An activation over one and the same array, in place, with what it needs made once.

    Parameters
    ----------
    activation : Activation
    values : ndarray, float32, contiguous
    slopes : ndarray of the same shape, contiguous, optional
        What the loss gains with each value.

    Attributes
    ----------
    bent : ndarray
        The values as the activation left them; ``values`` itself until another one is put here.
    """

    def __init__(
        self, activation: Activation, values: Float32Array, slopes: Float32Array | None = None
    ) -> None:
        self.activation, self.values, self.bent = activation, values, values
        self.slopes = slopes
        if activation is RELU:
            self.zeros = np.zeros_like(values)
            if slopes is not None:
                self.bits, self.slope_bits = values.view(np.int32), slopes.view(np.int32)
                self.mask = np.empty_like(self.bits)

    def up(self) -> None:
        """Bend the values."""
        if self.activation is RELU:
            np.maximum(
                self.values, self.zeros, out=self.values
            )  # an array of zeros is faster than the number
        elif self.activation is not LINEAR:
            self.activation.value(self.values, self.values)

    def down(self) -> None:
        """Multiply the slopes with that of the activation."""
        if self.activation is RELU:
            # the bits of a number above 0 are a whole number above 0: its negative, shifted by 31, is all ones, that
            # of 0 all zeros; a mask of this kind costs less than one of true and false
            np.negative(self.bits, self.mask)
            np.right_shift(self.mask, _SIGN, self.mask)
            np.bitwise_and(self.slope_bits, self.mask, self.slope_bits)
        elif self.activation is not LINEAR and self.slopes is not None:
            self.slopes *= self.activation.slope(self.bent)
