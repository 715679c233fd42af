"""Recurrent: a window or a string read into one state, and rebuilt from it alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, ClassVar

from amiss.models.autoencoder import Autoencoder
from amiss.networks.patches import from_patches, to_patches
from amiss.networks.rows import Rows
from amiss.training import Schedule

_GATES = {"gru": 3, "lstm": 4}
_PACE = 4  # so many times fewer steps than other networks take: each goes through the positions one by one


@dataclass(kw_only=True, eq=False, repr=False)
class Recurrent(Autoencoder):
    """A recurrent autoencoder: one cell reads position after position, another writes them from the last one back.

    What the first has kept at the end becomes ``latent`` values; the second is given them at every step and nothing
    else. ``stride`` neighbouring positions are read and written in one step.

    Parameters
    ----------
    cell : str
        "gru" or "lstm".
    hidden : int
        Values a cell keeps from position to position.
    latent : int
        Values in the middle.
    stride : int
        Positions of a step.

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
    section 2.3: the GRU. Hochreiter, Schmidhuber (1997), "Long short-term memory", with the forget gate of Gers et al.
    (2000). Malhotra et al. (2016), "LSTM-based encoder-decoder for multi-sensor anomaly detection", section 2: written
    in reverse order, without being shown the values.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import SeriesDetector
    >>> values = np.sin(np.arange(400) * 2 * np.pi / 16)
    >>> values[300:304] = 0.0
    >>> detector = SeriesDetector(models="recurrent:epochs=8", random_state=0).fit(values)
    >>> 290 <= int(detector.scores_.argmax()) <= 314
    True
    """

    name: ClassVar[str] = "recurrent"
    kinds: ClassVar[frozenset[str]] = frozenset({"series", "strings"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "hidden": (1, inf),
        "latent": (1, inf),
        "stride": (1, inf),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {**Autoencoder.choices, "cell": tuple(_GATES)}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "cell": ("of", "gru", "lstm"),
        "hidden": ("log", 16, 96),
        "latent": ("log", 2, 64),
        **Autoencoder.searched,
    }

    learning_rate: float = 1e-2
    cell: str = "gru"
    hidden: int = 48
    latent: int = 16
    stride: int = 4

    stride_: int = field(init=False)

    def plan(self, rows: Rows) -> None:
        self.stride_ = min(self.stride, rows.layout.positions)

    def schedule(self, rows: int) -> Schedule:
        """Return how long and how fast so many rows are learnt."""
        found = super().schedule(rows)
        return found if self.epochs else replace(found, epochs=-(-found.epochs // _PACE))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        width, hidden, latent = self.layout_.width * self.stride_, self.hidden, self.latent
        return {
            **self._cell_shapes("reader", width),
            "into": (hidden, latent),
            "bias_into": (latent,),
            **self._cell_shapes("writer", latent),
            "last": (hidden, width),
            "bias_last": (width,),
        }

    def _cell_shapes(self, name: str, inputs: int) -> dict[str, tuple[int, ...]]:
        wide = _GATES[self.cell] * self.hidden
        return {
            f"{name}_input": (inputs, wide),
            f"{name}_state": (self.hidden, wide),
            f"bias_{name}_input": (wide,),
            f"bias_{name}_state": (wide,),
        }

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        sizes = (self.layout_.positions, self.layout_.width, self.stride_)
        patches = -(-self.layout_.positions // self.stride_)
        read = self._run(operations, weights, "reader", to_patches(operations, values, *sizes))
        flat = operations.reshape(read, (-1, patches * self.hidden))
        kept = operations.part(flat, (patches - 1) * self.hidden, patches * self.hidden)
        middle = operations.linear(kept, weights["into"], weights["bias_into"])
        told = operations.reshape(operations.concat([middle] * patches), (-1, patches, self.latent))
        written = operations.dropout(self._run(operations, weights, "writer", told, True), self.dropout)
        return from_patches(
            operations, operations.linear(written, weights["last"], weights["bias_last"]), *sizes
        )

    def _run(
        self, operations: Any, weights: dict[str, Any], name: str, x: Any, backwards: bool = False
    ) -> Any:
        run = operations.gru if self.cell == "gru" else operations.lstm
        parts = (f"{name}_input", f"{name}_state", f"bias_{name}_input", f"bias_{name}_state")
        return run(x, *(weights[part] for part in parts), backwards)


__all__ = ["Recurrent"]
