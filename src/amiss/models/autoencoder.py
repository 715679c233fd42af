"""Autoencoder: a network that rebuilds rows of cells; what it cannot rebuild is abnormal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.errors import MissingExtraError, ParameterError
from amiss.models.base import AnyModel
from amiss.networks import numpy_operations
from amiss.networks.rows import Float32Array, Layout, Rows, cell_losses
from amiss.networks.weights import by_name, first_weights
from amiss.numerics.blocks import in_parts
from amiss.training import History, Schedule, told, train

DEVICES = ("auto", "cpu", "cuda", "mps")
_STEPS = 1_500  # that a small job takes, so that a network learns something from few rows
_MOST_VISITS = 3_000_000  # of rows in all epochs, so that a large job ends
_FEWEST_EPOCHS, _MOST_EPOCHS = 1, 200
_BATCHES = (32, 256)
_TRIM = 0.1
_MEASURED = 8_192
_LEAST_UNIT = (0.02, 0.005)  # of a number's usual error: in its variance, and at least
_POSITIONS_AT_ONCE = 512


@dataclass(kw_only=True, eq=False, repr=False)
class Autoencoder(AnyModel):
    """A network that rebuilds rows of cells, trained on normal ones.

    A network says what its weights are (`shapes`, `first_weights`) and how it answers (`forward`); training, losses and
    surprise stand here. It is written over the operations of `amiss.networks`: numpy runs it to score, PyTorch trains
    it. The same network serves every kind of data in `kinds`.

    Parameters
    ----------
    epochs : int, optional
        Passes over the training rows. None: so many that a small table gets about 1,500 steps and a large one is seen
        once.
    batch_size : int, optional
        Rows of a step. None: 32 to 256, more for more rows.
    learning_rate : float
        The highest of the one-cycle rate.
    validation_split : float
        Share of the training rows held out; the weights that rebuild them best are kept.
    patience : int
        So many epochs without a better validation loss end the training; 0: never.
    noise : float
        Share of the cells hidden in each step, to be rebuilt from the others.
    dropout : float
        Share of the hidden values dropped in each step.
    trim : float, optional
        Share of the rows of a batch, those rebuilt worst, that teach nothing. None: 0.1 where the training data may
        hold anomalies, 0 where it is clean.
    loss : str
        Of numbers: "squared" or "huber". Categories and characters: cross-entropy.
    device : str
        "auto", "cpu", "cuda" or "mps".
    space : str
        Tables: the column space, as in `Memory`.
    window : int, optional
        Series: points in a window. None: as many as in the detector's, fewer where there are many channels.

    Attributes
    ----------
    blind : bool
        Whether a cell is always rebuilt without being seen: the network is shown values and marks, see `marked`.
    """

    blind: ClassVar[bool] = False
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "epochs": (1, inf),
        "batch_size": (1, inf),
        "learning_rate": (1e-12, inf),
        "validation_split": (0, 0.9),
        "patience": (0, inf),
        "noise": (0, 0.9),
        "dropout": (0, 0.9),
        "trim": (0, 0.9),
        "window": (1, inf),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {
        "loss": ("squared", "huber"),
        "device": DEVICES,
        "space": ("standard", "minmax", "asinh", "rank"),
    }
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "learning_rate": ("log", 5e-4, 2e-2),
        "batch_size": ("log", 16, 256),
        "noise": ("even", 0.0, 0.5),
        "dropout": ("even", 0.0, 0.3),
    }

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float = 4e-3
    validation_split: float = 0.1
    patience: int = 0
    noise: float = 0.0
    dropout: float = 0.0
    trim: float | None = None
    loss: str = "squared"
    device: str = "auto"
    space: str = "standard"
    window: int | None = None

    layout_: Layout = field(init=False)
    weights_: Float32Array = field(init=False)
    usual_: FloatArray = field(init=False)
    history_: History = field(init=False)

    # ------------------------------------------------------------- a network fills these in
    def plan(self, rows: Rows) -> None:
        """Decide sizes that depend on the training rows; sets names that end in ``_``."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of weights by name; those of biases begin with "bias", of gains "gain"."""
        raise NotImplementedError

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        """Return what the network answers, shape (rows, positions, width).

        Parameters
        ----------
        operations : module
            Such as `numpy_operations`.
        weights : dict of str to array
        values : array of shape (rows, positions, width)
        """
        raise NotImplementedError

    def lesson(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        """Return what is learnt from: what `forward` returns, or a pair of it and a penalty of each row, (rows,)."""
        return self.forward(operations, weights, values)

    # ------------------------------------------------------------- learn
    def learn(self, rows: Rows, clean: bool, random_state: np.random.Generator) -> Self:
        """Learn to rebuild the rows.

        Parameters
        ----------
        rows : Rows
            Those trusted to be normal.
        clean : bool
            True where they hold no anomalies.
        random_state : numpy.random.Generator
        """
        self.layout_ = rows.layout
        self.plan(rows)
        schedule = self.schedule(len(rows))
        trim = (0.0 if clean else _TRIM) if self.trim is None else self.trim
        self._train(rows, schedule, trim, random_state)
        self._learn_usual(rows, random_state)
        return self

    def schedule(self, rows: int) -> Schedule:
        """Return how long and how fast so many rows are learnt."""
        least, most = _BATCHES
        size = self.batch_size or int(np.clip(2 ** round(np.log2(max(rows, 1) / 50)), least, most))
        steps = -(-rows // size)
        wanted = min(-(-_STEPS // steps), max(1, _MOST_VISITS // max(rows, 1)))
        epochs = self.epochs or int(np.clip(wanted, _FEWEST_EPOCHS, _MOST_EPOCHS))
        split = self.validation_split if rows >= 10 else 0.0
        return Schedule(epochs, size, self.learning_rate, split, self.patience)

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        try:
            from amiss.networks.torch_trainee import TorchTrainee, threads_for
        except ImportError as error:
            raise MissingExtraError.of(f"Training the model {self.name!r}", "PyTorch", "torch") from error
        trainee = TorchTrainee(
            self.lesson,
            self.shapes(),
            rows,
            lambda: self.first_weights(rows, random_state),
            random_state,
            noise=self.noise,
            trim=trim,
            huber=self.loss == "huber",
            steps=schedule.all_steps(len(rows)),
            device=self.device_found(),
            blind=self.blind,
        )
        with threads_for(len(trainee.host)):
            self.history_ = train(trainee, len(rows), schedule, random_state)
        self.weights_ = trainee.host

    def device_found(self) -> str:
        """Return the device that is trained on: of "auto" a graphics card where there is one."""
        import torch

        there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        if self.device == "auto":
            return next(name for name in ("cuda", "mps", "cpu") if there[name])
        if not there[self.device]:
            found = ", ".join(name for name, is_there in there.items() if is_there)
            raise ParameterError(
                f"Model {self.name!r}: device={self.device}, and PyTorch finds none here. There is: {found}."
            )
        return self.device

    def first_weights(self, rows: Rows, random_state: np.random.Generator) -> Float32Array:
        """Return the weights training begins with: normal, with the variance that keeps the scale (1 / inputs).

        References
        ----------
        Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", section 4.2.
        """
        return first_weights(self.shapes(), random_state)

    def _learn_usual(self, rows: Rows, random_state: np.random.Generator) -> None:
        """Learn the usual loss of each cell, the unit of surprise."""
        some = np.arange(len(rows))
        if len(some) > _MEASURED:
            some = np.sort(random_state.choice(len(rows), _MEASURED, replace=False))
        values, seen = rows.take(some)
        losses = self.losses(self.rebuild(values, seen), values, seen)
        count = np.maximum(seen.sum(axis=0), 1)
        numbers = values[..., : self.layout_.numbers].astype(np.float64)
        share, least = _LEAST_UNIT
        self.usual_ = losses.sum(axis=0) / count
        here = self.usual_[..., : self.layout_.numbers]
        np.maximum(here, np.maximum(share * numbers.var(axis=0), least), out=here)

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of the network: its layers, how it was trained."""
        return [told(self.spec(), self.shapes(), self.history_)]

    # ------------------------------------------------------------- answer
    def rebuild(self, values: Float32Array, seen: BoolArray | None = None) -> Float32Array:
        """Return what the network answers, shape (rows, positions, width), float32.

        Rows go through in blocks of one size, so that a row's answer does not depend on its company.

        Parameters
        ----------
        values : ndarray of shape (rows, positions, width)
        seen : ndarray of shape (rows, positions, cells), bool, optional
            False where a cell is missing. None: none is.
        """
        weights = by_name(self.weights_, self.shapes())
        return in_blocks(lambda block: self.forward(numpy_operations, weights, block), values)

    def losses(self, outputs: Float32Array, values: Float32Array, seen: BoolArray) -> FloatArray:
        """Return how far off each cell is, shape (rows, positions, cells), see `cell_losses`.

        A level never learnt costs one nat more than the least likely learnt one.
        """
        layout = self.layout_
        gaps = None if seen.all() else seen  # a product by ones takes as long as the rest
        found = np.asarray(
            cell_losses(numpy_operations, layout, outputs, values, gaps, self.loss == "huber"), np.float64
        )
        for i, block in enumerate(layout.blocks()):
            unknown = ~values[..., block].any(axis=-1) & seen[..., layout.numbers + i]
            if unknown.any():
                rarest = 1.0 - numpy_operations.log_softmax(outputs[..., block]).min(axis=-1)
                found[..., layout.numbers + i] = np.where(unknown, rarest, found[..., layout.numbers + i])
        return found

    def surprise(self, outputs: Float32Array, values: Float32Array, seen: BoolArray) -> FloatArray:
        """Return how surprising each cell is, shape (rows, positions, cells), >= 0.

        A number: log(1 + loss / usual loss). A category: the loss beyond the usual one, nats.
        """
        losses, d = self.losses(outputs, values, seen), self.layout_.numbers
        losses[..., :d] = np.log1p(losses[..., :d] / self.usual_[..., :d])
        losses[..., d:] = np.maximum(losses[..., d:] - self.usual_[..., d:], 0.0)
        return np.where(seen, losses, 0.0)

    def deviance(self, outputs: Float32Array, values: Float32Array, seen: BoolArray) -> FloatArray:
        """Return how far off each cell is on the scale of squared standardised errors, shape (rows, positions, cells).

        On it the cells of a row add up to its score. A number: loss / usual loss. A category: twice the loss beyond the
        usual one. A missing cell: 0.
        """
        losses, d = self.losses(outputs, values, seen), self.layout_.numbers
        losses[..., :d] /= self.usual_[..., :d]
        losses[..., d:] = 2 * np.maximum(losses[..., d:] - self.usual_[..., d:], 0.0)
        return losses


def in_blocks(
    answer: Callable[[Float32Array], Float32Array], values: Float32Array, answers: int | None = None
) -> Float32Array:
    """Return ``answer`` of all rows, asked block by block, the last one filled up with zeros.

    Parameters
    ----------
    answer : callable
        Takes rows and returns as many, of the same shape.
    values : ndarray of shape (rows, positions, width)
    answers : int, optional
        Values it returns at each position. None: as many as it takes.
    """
    rows, positions, width = values.shape
    size = max(16, _POSITIONS_AT_ONCE // max(positions, 1) // 16 * 16)
    out = np.empty((rows, positions, width if answers is None else answers), np.float32)

    def fill(part: slice) -> None:
        """Answer for the rows of one part."""
        block = np.zeros((size, positions, width), np.float32)
        for start in range(part.start, part.stop, size):
            stop = min(start + size, part.stop)
            block[: stop - start] = values[start:stop]
            block[stop - start :] = 0.0
            out[start:stop] = answer(block)[: stop - start]

    in_parts(fill, rows)
    return out


__all__ = ["Autoencoder", "in_blocks"]
