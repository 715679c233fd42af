"""Dense: all cells of a row through a narrow middle and back, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any, ClassVar

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.models.autoencoder import Autoencoder
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.dense_answers import answers
from amiss.networks.dense_core import DenseTrainee, Stack
from amiss.networks.rows import Float32Array, Rows
from amiss.numerics.principal import principal_axes
from amiss.training import Schedule, train

_EXPLAINED = 0.95  # of the variance: as many directions make the latent size
_LEARNT_FROM, _FEW = 10_000, 1_000  # rows; few where a row is wider than so many values:
_NARROW = 1_000
_NARROWEST, _WIDEST = 32, 256


@dataclass(kw_only=True, eq=False, repr=False)
class Dense(Autoencoder):
    """A dense autoencoder: every cell rebuilt from all, through a narrow middle.

    Encoder: ``depth`` hidden layers, then ``latent`` values without activation; decoder: the same backwards. It begins
    as the principal directions of the rows, which it can only improve on, where its activation is relu or linear.

    Parameters
    ----------
    latent : int, optional
        Values in the middle. None: as many as principal directions hold 95 % of the variance.
    hidden : int, optional
        Width of a hidden layer. None: twice the latent size, at least 32, at most 256.
    depth : int
        Hidden layers on each side.
    activation : str
        "relu", "elu", "tanh", "sigmoid" or "linear".
    tied : bool
        The decoder has the weights of the encoder, transposed.

    References
    ----------
    Baldi, Hornik (1989), "Neural networks and principal component analysis", section 2: what a linear one learns.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import TableDetector
    >>> draw = np.random.default_rng(0)
    >>> rows = draw.normal(size=(300, 2)) @ draw.normal(size=(2, 6))
    >>> rows[17] = rows[17, ::-1] + 3.0
    >>> detector = TableDetector(models="dense:latent=2", random_state=0).fit(rows)
    >>> int(detector.scores_.argmax())
    17
    """

    name: ClassVar[str] = "dense"
    kinds: ClassVar[frozenset[str]] = frozenset({"table", "series", "strings"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "latent": (1, inf),
        "hidden": (1, inf),
        "depth": (0, 8),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {**Autoencoder.choices, "activation": tuple(ACTIVATIONS)}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "latent": ("log", 1, None),
        "hidden": ("log", 8, 256),
        "depth": ("even", 0, 3),
        "activation": ("of", "relu", "elu", "tanh"),
        **Autoencoder.searched,
    }

    latent: int | None = None
    hidden: int | None = None
    depth: int = 1
    activation: str = "relu"
    tied: bool = False

    sizes_: list[int] = field(init=False)

    def plan(self, rows: Rows) -> None:
        width = rows.layout.positions * rows.layout.width
        latent = self.latent
        if latent is None:
            latent = int(np.clip(_principal(rows, _EXPLAINED)[1].shape[1], 1, max(1, width // 2)))
        hidden = self.hidden or int(np.clip(2 * latent, _NARROWEST, _WIDEST))
        side = [hidden] * self.depth
        self.sizes_ = [width, *side, latent, *side, width]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        layers = len(self.sizes_) - 1
        found: dict[str, tuple[int, ...]] = {}
        for i, (before, after) in enumerate(pairwise(self.sizes_)):
            if not (self.tied and i >= layers / 2):
                found[f"weight{i}"] = (before, after)
            found[f"bias{i}"] = (after,)
        return found

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        layers = len(self.sizes_) - 1
        x = operations.reshape(values, (-1, self.sizes_[0]))
        for i, bend in enumerate(self._bends()):
            own = f"weight{i}" in weights
            matrix = (
                weights[f"weight{i}"] if own else operations.swap(weights[f"weight{layers - 1 - i}"], 0, 1)
            )
            x = operations.activation(operations.linear(x, matrix, weights[f"bias{i}"]), bend)
            if i < layers - 1:
                x = operations.dropout(x, self.dropout)
        return operations.reshape(x, (-1, self.layout_.positions, self.layout_.width))

    def rebuild(self, values: Float32Array, seen: BoolArray | None = None) -> Float32Array:
        stack = Stack(self.sizes_, self._bends(), self.tied, self.weights_)
        return answers(stack, values.reshape(len(values), -1)).reshape(values.shape)

    def _bends(self) -> list[str]:
        """Return the activation after each layer: none in the middle and at the end."""
        layers = len(self.sizes_) - 1
        straight = {layers - 1, layers // 2 - 1}
        return ["linear" if i in straight else self.activation for i in range(layers)]

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        if self.device in ("cuda", "mps"):
            return super()._train(rows, schedule, trim, random_state)
        stack = Stack(self.sizes_, self._bends(), self.tied)

        def first() -> None:
            """Write the first weights."""
            stack.weights[...] = self.first_weights(rows, random_state)

        trainee = DenseTrainee(
            stack,
            rows,
            first,
            random_state,
            noise=self.noise,
            dropout=self.dropout,
            trim=trim,
            huber=self.loss == "huber",
            steps=schedule.all_steps(len(rows)),
        )
        self.history_ = train(trainee, len(rows), schedule, random_state)
        self.weights_ = stack.weights
        return None

    def first_weights(self, rows: Rows, random_state: np.random.Generator) -> Float32Array:
        """Return weights that rebuild the rows from their principal directions, as far as the sizes let them.

        A hidden layer of relu carries a value in two units, one for each sign; units left over begin at random and are
        listened to from 0 on.
        """
        flat = super().first_weights(rows, random_state)
        if self.activation not in ("relu", "linear"):
            return flat
        mean, axes = _principal(rows, 1.0)
        signs = np.array([[1.0, -1.0]]) if self.activation == "relu" else np.array([[1.0]])
        latent = self.sizes_[len(self.sizes_) // 2]
        room = min(latent, self.sizes_[1] // signs.size) if self.depth else latent
        axes = axes[:, :room]
        carry = np.kron(np.eye(axes.shape[1]), signs)  # a value -> its units
        return self._along(flat, [axes, *[np.eye(axes.shape[1])] * (2 * self.depth), axes.T], carry, mean)

    def _along(
        self, flat: Float32Array, steps: list[FloatArray], carry: FloatArray, mean: FloatArray
    ) -> Float32Array:
        layers, at = len(self.sizes_) - 1, 0
        plain = {-1, layers // 2 - 1, layers - 1}
        for i, (before, after) in enumerate(pairwise(self.sizes_)):
            step = steps[i] if i - 1 in plain else carry.T @ steps[i]
            step = step if i in plain else step @ carry
            if not (self.tied and i >= layers / 2):
                matrix = flat[at : at + before * after].reshape(before, after)
                matrix[:, : step.shape[1]] = 0.0
                matrix[: step.shape[0], : step.shape[1]] = step
                at += before * after
            bias = flat[at : at + after]
            bias[:] = 0.0
            if i == layers - 1:
                bias[:] = mean
            if i == 0:
                bias[: step.shape[1]] = -(mean @ step)
            at += after
        return flat


def _principal(rows: Rows, share: float) -> tuple[FloatArray, FloatArray]:
    """Return mean and principal directions, shape (values, directions), that hold a share of the variance."""
    width = rows.layout.positions * rows.layout.width
    most = _LEARNT_FROM if width <= _NARROW else _FEW
    some = np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(np.int64)
    values = rows.take(some)[0].reshape(len(some), -1).astype(np.float64)
    mean = values.mean(axis=0)
    centred = values - mean
    if width <= _NARROW:
        return mean, principal_axes(centred.T @ centred / len(centred), share)[0]
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    held = np.cumsum(lengths**2) / max(float((lengths**2).sum()), 1e-300)
    return mean, np.ascontiguousarray(directions[: int(np.searchsorted(held, share)) + 1].T)
