"""Training: how long, how fast, when to stop.

What is trained says what a step is (`Trainee`); `train` shuffles, follows the one-cycle rate, keeps the weights that do
best on held-out items, stops when they no longer improve, and comes back from a loss that is no number.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from amiss.batch import AnyArray, IntArray
from amiss.errors import DataError
from amiss.part import Stored
from amiss.progress import tell

_WARM = 0.3  # share of the steps in which the rate rises
_START, _END = 1 / 25, 1 / 1000  # of the highest rate: where it begins and where it ends
_SLOWER = 0.1  # the second try after a loss that is no number
_SHORT = 3.0  # seconds: who interrupts a training sooner wants none of it
_LEAST_GAIN = 1e-4  # of the validation loss: less is no improvement


class Trainee(Protocol):
    """A network and its training items, as training sees them."""

    @property
    def weights(self) -> AnyArray:
        """All weights, one flat array that `train` may copy and write back."""

    def start(self) -> None:
        """Begin anew: first weights, no memory of earlier steps."""

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from the items at these places with this rate; return their mean loss before the step."""

    def loss(self, items: IntArray) -> float:
        """Return the mean loss of the items at these places."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes
    ----------
    epochs : int
        At most so many passes.
    batch_size : int
        Items of a step.
    rate : float
        The highest learning rate of the cycle.
    validation_split : float
        Share of the items held out; 0 holds none out and the training loss decides.
    patience : int
        So many epochs without a better validation loss end the training; 0 never does.
    steps : int or None
        Steps of an epoch; None: as many as it takes to see every item once.
    """

    epochs: int
    batch_size: int
    rate: float
    validation_split: float = 0.1
    patience: int = 0
    steps: int | None = None

    def all_steps(self, items: int) -> int:
        """Return how many steps all epochs take, at most, over so many items."""
        return self.epochs * (self.steps or -(-items // self.batch_size))


class History(Stored):
    """What happened in training, epoch by epoch.

    Attributes
    ----------
    loss : list of float
        Mean training loss of each epoch.
    validation_loss : list of float
        Mean loss of the held-out items after each epoch; empty where none are held out.
    best : int
        The epoch, from 0, whose weights were kept.
    rate : float
        The highest learning rate.
    ended : str
        Why it ended: "epochs" (all done), "patience" (no longer better), "interrupted" (Ctrl-C) or "given" (it was
        trained before it was given; ``loss`` holds its usual one).
    restarted : bool
        Whether it began anew at a lower rate, because the loss was no number.
    """

    loss: list[float]
    validation_loss: list[float]
    best: int
    rate: float
    ended: str
    restarted: bool

    def __init__(self, rate: float) -> None:
        self.loss, self.validation_loss = [], []
        self.best, self.rate, self.ended, self.restarted = 0, rate, "epochs", False

    @property
    def best_loss(self) -> float:
        """The loss that decided: of the held-out items where there are some."""
        return (self.validation_loss or self.loss)[self.best]

    def words(self) -> str:
        """Return the outcome in words."""
        if self.ended == "given":
            return f"loss {self.best_loss:.4g}, trained before it was given"
        kind = "validation loss" if self.validation_loss else "loss"
        why = {
            "epochs": "",
            "patience": ", stopped when it no longer improved",
            "interrupted": ", interrupted",
        }[self.ended]
        again = ", restarted at a lower rate" if self.restarted else ""
        return f"{kind} {self.best_loss:.4g} after epoch {self.best + 1} of {len(self.loss)}{why}{again}"


def told(name: str, shapes: dict[str, tuple[int, ...]], history: History) -> dict[str, Any]:
    """Return what there is to tell of a trained network, ready for JSON.

    Parameters
    ----------
    name : str
        What it is called: the text that asks for it.
    shapes : dict of str to tuple of int
        The shape of each array of weights, by name.
    history : History

    Returns
    -------
    dict
        name, layers (name, shape, weights of each), weights (in all), loss, validation_loss, best, rate, ended,
        restarted, outcome.

    Examples
    --------
    >>> history = History(0.001)
    >>> history.loss = [0.5, 0.25]
    >>> history.best = 1
    >>> told("dense", {"weight0": (20, 14), "bias0": (14,)}, history)["weights"]
    294
    """
    layers = [{"name": n, "shape": list(s), "weights": math.prod(s)} for n, s in shapes.items()]
    return {
        "name": name,
        "layers": layers,
        "weights": sum(math.prod(shape) for shape in shapes.values()),
        "loss": history.loss,
        "validation_loss": history.validation_loss,
        "best": history.best,
        "rate": history.rate,
        "ended": history.ended,
        "restarted": history.restarted,
        "outcome": history.words(),
    }


def train(trainee: Trainee, items: int, schedule: Schedule, random_state: np.random.Generator) -> History:
    """Train on ``items`` items and leave the best weights in the trainee.

    Ctrl-C ends the training with the best weights so far; in its first three seconds, and before its first epoch has
    ended, there is nothing to keep and it is passed on. A loss that is no number starts it anew, once, at a tenth of
    the rate.

    Parameters
    ----------
    trainee : Trainee
    items : int
        How many there are; the trainee is given places from 0 to ``items`` - 1.
    schedule : Schedule
    random_state : numpy.random.Generator
        Draws what is held out and shuffles.

    Raises
    ------
    DataError
        The loss is no number at the lower rate either.

    References
    ----------
    Smith, Topin (2018), "Super-convergence: very fast training of neural networks using large learning rates",
    section 3: the one-cycle rate.
    """
    held = round(schedule.validation_split * items) if items > 1 else 0
    order = random_state.permutation(items) if held else np.arange(items)
    held_out, learnt_from = np.sort(order[:held]), np.sort(order[held:])
    for restarted, rate in enumerate((schedule.rate, _SLOWER * schedule.rate)):
        history = History(rate)
        history.restarted = bool(restarted)
        trainee.start()
        if _run(trainee, learnt_from, held_out, schedule, history, random_state):
            return history
        tell("The loss is no number: again at a tenth of the rate")
    raise DataError(
        f"The loss of the network is no number, at the learning rate {schedule.rate:g} and at a tenth of it. "
        "Give a lower learning_rate, or look for gigantic values in the data."
    )


def _run(
    trainee: Trainee,
    learnt_from: IntArray,
    held_out: IntArray,
    schedule: Schedule,
    history: History,
    random_state: np.random.Generator,
) -> bool:
    """Run one training; return False where the loss is no number."""
    steps = schedule.steps or -(-len(learnt_from) // schedule.batch_size)
    batches = _batches(learnt_from, schedule.batch_size, random_state)
    lowest, best, bad = math.inf, trainee.weights.copy(), 0
    began = time.monotonic()
    step = trainee.step
    for epoch in range(schedule.epochs):
        rates = one_cycle(
            np.arange(epoch * steps, (epoch + 1) * steps), schedule.epochs * steps, history.rate
        )
        try:
            losses = [step(items, rate) for rate, items in zip(rates.tolist(), batches, strict=False)]
            loss = float(np.mean(losses))
            decides = trainee.loss(held_out) if len(held_out) else loss
        except KeyboardInterrupt:
            if not history.loss or time.monotonic() - began < _SHORT:
                raise
            tell("Interrupted: the best so far is kept; Ctrl-C again ends all")
            history.ended = "interrupted"
            break
        if not (math.isfinite(loss) and math.isfinite(decides)):
            return False
        history.loss.append(loss)
        if len(held_out):
            history.validation_loss.append(decides)
        tell(told_of_epoch(history, schedule.epochs))
        bad += 1
        if decides < lowest * (1 - _LEAST_GAIN):
            bad = 0
        if decides < lowest:
            lowest, history.best = decides, epoch
            best = trainee.weights.copy()
        if schedule.patience and bad >= schedule.patience:
            history.ended = "patience"
            break
    trainee.weights[...] = best
    return True


def told_of_epoch(history: History, epochs: int) -> str:
    """Return what the last epoch came to, in words."""
    held = f", validation loss {history.validation_loss[-1]:.4g}" if history.validation_loss else ""
    return f"Training: epoch {len(history.loss)} of {epochs}, loss {history.loss[-1]:.4g}{held}"


def _batches(items: IntArray, size: int, random_state: np.random.Generator) -> Iterator[IntArray]:
    """Yield shuffled batches without end; the last of a pass may be smaller."""
    while True:
        order = random_state.permutation(items)
        yield from (order[i : i + size] for i in range(0, len(order), size))


def one_cycle(step: int | IntArray, steps: int, highest: float) -> Any:
    """Return the learning rate of a step: up along a half cosine to ``highest``, then down to nearly 0.

    Parameters
    ----------
    step : int or ndarray of int
        One of ``steps``, from 0, or several.
    steps : int
    highest : float

    Examples
    --------
    >>> [round(float(rate), 3) for rate in one_cycle(np.array([0, 3, 10]), 11, 1.0)]
    [0.04, 1.0, 0.001]
    """
    place, top = np.asarray(step) / max(1, steps - 1), _WARM
    up = _START + (1 - _START) * (1 - np.cos(np.pi * place / top)) / 2
    down = _END + (1 - _END) * (1 + np.cos(np.pi * (place - top) / (1 - top))) / 2
    return highest * np.where(place < top, up, down)


__all__ = ["History", "Schedule", "Trainee", "one_cycle", "told", "told_of_epoch", "train"]
