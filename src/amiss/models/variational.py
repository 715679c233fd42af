"""Variational: a row through a distribution of latent values and back; abnormal is what is unlikely to come back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any, ClassVar

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.models.autoencoder import Autoencoder, in_blocks
from amiss.networks import numpy_operations
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.rows import Float32Array, Rows
from amiss.networks.weights import by_name
from amiss.training import Schedule

_MOST_LATENT = 16
_NARROWEST, _WIDEST = 32, 256


@dataclass(kw_only=True, eq=False, repr=False)
class Variational(Autoencoder):
    """A variational autoencoder: a row becomes a normal distribution of latent values, from which it is rebuilt.

    Learnt from: the loss of the cells rebuilt from one draw, and ``beta`` times how far the distribution is from the
    standard normal one. Surprise of a cell: its loss averaged over ``draws`` draws from the distribution of its row,
    the reconstruction probability. The draws are the same for every row, so that its score does not change.

    Parameters
    ----------
    latent : int, optional
        Latent values. None: half as many as the row has values, at most 16.
    hidden : int, optional
        Width of a hidden layer. None: four times the latent size, at least 32, at most 256.
    depth : int
        Hidden layers on each side.
    activation : str
        "relu", "elu", "tanh", "sigmoid" or "linear".
    beta : float
        Weight of the divergence; for numbers twice the variance of what cannot be rebuilt, in the column space.
    draws : int
        Draws averaged in a score.

    References
    ----------
    Kingma, Welling (2014), "Auto-encoding variational Bayes", equation 10. An, Cho (2015), "Variational autoencoder
    based anomaly detection using reconstruction probability", algorithm 4. Higgins et al. (2017), "beta-VAE",
    equation 4.

    Examples
    --------
    >>> from amiss.models import Variational
    >>> Variational(latent=2, draws=20).spec()
    'variational:latent=2,draws=20'
    """

    name: ClassVar[str] = "variational"
    kinds: ClassVar[frozenset[str]] = frozenset({"table", "series", "strings"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "latent": (1, inf),
        "hidden": (1, inf),
        "depth": (0, 8),
        "beta": (0, inf),
        "draws": (1, 1000),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {**Autoencoder.choices, "activation": tuple(ACTIVATIONS)}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "latent": ("log", 1, None),
        "hidden": ("log", 8, 256),
        "depth": ("even", 0, 3),
        "activation": ("of", "relu", "elu", "tanh"),
        "beta": ("log", 0.01, 1.0),
        **Autoencoder.searched,
    }

    latent: int | None = None
    hidden: int | None = None
    depth: int = 1
    activation: str = "relu"
    beta: float = 0.1
    draws: int = 8

    down_: list[int] = field(init=False)
    up_: list[int] = field(init=False)
    noise_: Float32Array = field(init=False)

    # ------------------------------------------------------------- the network
    def plan(self, rows: Rows) -> None:
        values = rows.layout.positions * rows.layout.width
        latent = self.latent or int(np.clip(values // 2, 1, _MOST_LATENT))
        hidden = self.hidden or int(np.clip(4 * latent, _NARROWEST, _WIDEST))
        self.down_ = [values, *[hidden] * self.depth, 2 * latent]
        self.up_ = [latent, *[hidden] * self.depth, values]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for side, sizes in (("down", self.down_), ("up", self.up_)):
            for i, (before, after) in enumerate(pairwise(sizes)):
                found |= {f"{side}{i}": (before, after), f"bias_{side}{i}": (after,)}
        return found

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        return self._decoded(operations, weights, self._encoded(operations, weights, values)[0])

    def lesson(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        centre, spread = self._encoded(operations, weights, values)
        latent = centre + operations.exp(spread) * operations.drawn(centre)
        # divergence from the standard normal; spread is the logarithm of the deviation
        divergence = 0.5 * (centre * centre + operations.exp(2.0 * spread) - 1.0) - spread
        penalty = self.beta * operations.reshape(operations.total(divergence), (-1,))
        return self._decoded(operations, weights, latent), penalty

    def _encoded(self, operations: Any, weights: dict[str, Any], values: Any) -> tuple[Any, Any]:
        """Return centre and logarithm of the deviation of the latent values, shape (rows, 1, latent) each."""
        x = operations.reshape(values, (-1, 1, self.down_[0]))
        x = self._layers(operations, weights, "down", x)
        latent = self.up_[0]
        spread = operations.part(x, latent, 2 * latent)
        # between e^-4 and e^4: no row can make it overflow
        return operations.part(x, 0, latent), 4.0 * operations.activation(spread * 0.25, "tanh")

    def _decoded(self, operations: Any, weights: dict[str, Any], latent: Any) -> Any:
        x = self._layers(operations, weights, "up", latent)
        return operations.reshape(x, (-1, self.layout_.positions, self.layout_.width))

    def _layers(self, operations: Any, weights: dict[str, Any], side: str, x: Any) -> Any:
        for i in range(self.depth + 1):
            x = operations.linear(x, weights[f"{side}{i}"], weights[f"bias_{side}{i}"])
            if i < self.depth:
                x = operations.dropout(operations.activation(x, self.activation), self.dropout)
        return x

    # ------------------------------------------------------------- answer
    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        self.noise_ = random_state.normal(size=(self.draws, self.up_[0])).astype(np.float32)
        super()._train(rows, schedule, trim, random_state)

    def losses(self, outputs: Float32Array, values: Float32Array, seen: BoolArray) -> FloatArray:
        """Return how far off each cell is on average over the draws, shape (rows, positions, cells)."""
        weights = by_name(self.weights_, self.shapes())
        total = np.zeros(seen.shape)
        for noise in self.noise_:
            # a default argument: each draw its own
            def answer(x: Float32Array, noise: Float32Array = noise) -> Float32Array:
                centre, spread = self._encoded(numpy_operations, weights, x)
                return np.asarray(self._decoded(numpy_operations, weights, centre + np.exp(spread) * noise))

            total += super().losses(in_blocks(answer, values), values, seen)
        return total / len(self.noise_)
