"""Conv: convolutions along a window or a string, through a narrow middle and back; or from what came before alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, ClassVar

from amiss.models.autoencoder import Autoencoder
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.patches import from_patches, to_patches
from amiss.networks.rows import Rows
from amiss.training import Schedule

_PACE = 3  # so many times fewer steps than other networks take: a filter learns at every position of a row


@dataclass(kw_only=True, eq=False, repr=False)
class Conv(Autoencoder):
    """A convolutional autoencoder: the same small filters at every position.

    Encoder: ``stride`` neighbouring positions become one of ``channels`` values, ``depth`` convolutions see ever
    farther, each twice as far as the one before, and all positions become ``latent`` values together. Decoder: the same
    backwards. Each convolution adds to what it is given.

    With ``causal`` there is no middle: each position is foretold from those before it, of which it sees the nearer ones
    through ``depth`` + 1 convolutions.

    Parameters
    ----------
    channels : int
        Values at a position, inside.
    depth : int
        Convolutions on each side.
    kernel : int
        Positions a convolution sees.
    latent : int
        Values in the middle.
    stride : int
        Neighbouring positions that become one.
    causal : bool
        Foretell each position from those before it.
    activation : str
        "relu", "elu", "tanh", "sigmoid" or "linear".

    References
    ----------
    Bai, Kolter, Koltun (2018), "An empirical evaluation of generic convolutional and recurrent networks for sequence
    modeling", section 3: causal convolutions, dilations that double, what a layer adds.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import SeriesDetector
    >>> values = np.sin(np.arange(600) * 2 * np.pi / 24)
    >>> values[400:406] = 0.0
    >>> detector = SeriesDetector(models="conv:epochs=5", random_state=0).fit(values)
    >>> 390 <= int(detector.scores_.argmax()) <= 416
    True
    """

    name: ClassVar[str] = "conv"
    kinds: ClassVar[frozenset[str]] = frozenset({"series", "strings"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "channels": (1, inf),
        "depth": (0, 12),
        "kernel": (1, inf),
        "latent": (1, inf),
        "stride": (1, inf),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {**Autoencoder.choices, "activation": tuple(ACTIVATIONS)}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "channels": ("log", 8, 64),
        "depth": ("even", 1, 3),
        "kernel": ("of", 3, 5, 7),
        "latent": ("log", 2, 64),
        **Autoencoder.searched,
    }

    channels: int = 32
    depth: int = 2
    kernel: int = 3
    latent: int = 16
    stride: int = 4
    causal: bool = False
    activation: str = "relu"

    stride_: int = field(init=False)

    def plan(self, rows: Rows) -> None:
        self.stride_ = 1 if self.causal else min(self.stride, rows.layout.positions)

    def schedule(self, rows: int) -> Schedule:
        """Return how long and how fast so many rows are learnt."""
        found = super().schedule(rows)
        return found if self.epochs else replace(found, epochs=-(-found.epochs // _PACE))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        width, channels = self.layout_.width, self.channels
        step = (self.kernel, channels, channels)
        if self.causal:
            found: dict[str, tuple[int, ...]] = {
                "first": (self.kernel, width, channels),
                "bias_first": (channels,),
            }
            for i in range(self.depth):
                found |= {f"before{i}": step, f"bias_before{i}": (channels,)}
            return found | {"last": (channels, width), "bias_last": (width,)}
        whole, block = self._places() * channels, self.stride_ * width
        found = {"first": (block, channels), "bias_first": (channels,)}
        for i in range(self.depth):
            found |= {f"down{i}": step, f"bias_down{i}": (channels,)}
        found |= {"into": (whole, self.latent), "bias_into": (self.latent,)}
        found |= {"out_of": (self.latent, whole), "bias_out_of": (whole,)}
        for i in reversed(range(self.depth)):
            found |= {f"up{i}": step, f"bias_up{i}": (channels,)}
        return found | {"last": (channels, block), "bias_last": (block,)}

    def _places(self) -> int:
        return -(-self.layout_.positions // self.stride_)

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        return (self._foretold if self.causal else self._through)(operations, weights, values)

    def _through(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        sizes = (self.layout_.positions, self.layout_.width, self.stride_)
        x = to_patches(operations, values, *sizes)
        x = operations.linear(x, weights["first"], weights["bias_first"])
        for i in range(self.depth):
            x = self._further(operations, weights, x, f"down{i}", 2**i)
        x = operations.reshape(x, (-1, self._places() * self.channels))
        x = operations.linear(x, weights["into"], weights["bias_into"])
        x = operations.linear(x, weights["out_of"], weights["bias_out_of"])
        x = operations.reshape(x, (-1, self._places(), self.channels))
        for i in reversed(range(self.depth)):
            x = self._further(operations, weights, x, f"up{i}", 2**i)
        return from_patches(operations, operations.linear(x, weights["last"], weights["bias_last"]), *sizes)

    def _foretold(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        positions, width = self.layout_.positions, self.layout_.width
        flat = operations.reshape(values, (-1, positions * width))
        start = operations.part(flat, 0, width) * 0
        earlier = operations.concat([start, operations.part(flat, 0, (positions - 1) * width)])
        x = operations.reshape(earlier, (-1, positions, width))
        x = operations.conv(x, weights["first"], weights["bias_first"], 1, True)
        for i in range(self.depth):
            x = self._further(operations, weights, x, f"before{i}", 2 ** (i + 1))
        return operations.linear(x, weights["last"], weights["bias_last"])

    def _further(self, operations: Any, weights: dict[str, Any], x: Any, name: str, dilation: int) -> Any:
        """Return ``x`` and what a convolution adds to it."""
        bent = operations.activation(x, self.activation)
        added = operations.conv(bent, weights[name], weights[f"bias_{name}"], dilation, self.causal)
        return x + operations.dropout(added, self.dropout)


__all__ = ["Conv"]
