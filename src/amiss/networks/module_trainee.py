"""A torch module of the user's, trained by its own autograd: a `training.Trainee`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from amiss.batch import AnyArray, BoolArray, IntArray
from amiss.networks.rows import Float32Array, Rows, hidden, spread, worst

_DECAY = 0.01
_TRIM_FROM = 0.5  # of the steps: from there on the whole share is left out
_ROWS_AT_ONCE = 1_024


class ModuleTrainee:
    """A torch module over the numbers of its state, learnt by AdamW from squared or Huber's errors.

    Parameters
    ----------
    module : torch.nn.Module
        Trained in place.
    rows : Rows
    ask : callable
        (module, values as a tensor) -> what the module answers, shape (rows, positions, width).
    random_state : numpy.random.Generator
    noise, trim : float
        As in `TorchTrainee`.
    huber : bool
    steps : int
        About how many steps there will be.
    device : str

    Attributes
    ----------
    host : ndarray of shape (weights,)
        The weights, and what else of the state are real numbers, as they were fetched, or written, last.
    """

    def __init__(
        self,
        module: Any,
        rows: Rows,
        ask: Callable[[Any, Any], Any],
        random_state: np.random.Generator,
        noise: float = 0.0,
        trim: float = 0.0,
        huber: bool = False,
        steps: int = 1,
        device: str = "cpu",
    ) -> None:
        self.module, self.rows, self.ask, self.random_state = module.to(device), rows, ask, random_state
        self.noise, self.trim, self.huber, self.steps, self.device = noise, trim, huber, steps, device
        self._seed = int(random_state.integers(2**31))
        self.loss(
            np.arange(min(2, len(rows)))
        )  # weights that take their shape from a first batch get it here
        double = any(one.dtype == torch.float64 for one in self._numbers())
        self.host = np.zeros(
            sum(one.numel() for one in self._numbers()), np.float64 if double else np.float32
        )
        self._first = self.weights.copy()

    def _numbers(self) -> list[Any]:
        return [one for one in self.module.state_dict().values() if one.is_floating_point()]

    @property
    def weights(self) -> AnyArray:
        """All weights, shape (weights,), fetched into ``host``."""
        at = 0
        for one in self._numbers():
            self.host[at : at + one.numel()] = one.detach().cpu().double().numpy().ravel()
            at += one.numel()
        return self.host

    def put_back(self) -> None:
        """Write ``host`` into the module."""
        at = 0
        for one in self._numbers():
            values = torch.from_numpy(self.host[at : at + one.numel()].copy())
            one.copy_(values.reshape(one.shape))
            at += one.numel()

    def start(self) -> None:
        """Begin anew."""
        self.host[...] = self._first
        self.put_back()
        taught = [one for one in self.module.parameters() if one.requires_grad]
        self._adam = torch.optim.AdamW(taught, weight_decay=_DECAY)
        self.done = 0

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from some rows; return their mean loss a value."""
        values, seen = self.rows.take(items)
        shown = hidden(self.rows.layout, values, self.noise, self.random_state)
        with drawing_from(self._seed + self.done), torch.enable_grad():
            self.module.train()
            losses, count = self._losses(shown, values, seen)
            share = self.trim * min(1.0, self.done / (_TRIM_FROM * self.steps))
            kept = torch.ones(len(items), device=losses.device)
            kept[torch.from_numpy(worst(losses.detach().cpu().numpy(), share)).to(kept.device)] = 0
            self._adam.zero_grad()
            (losses.flatten(1).sum(1) * kept).sum().div(count).backward()
            for group in self._adam.param_groups:
                group["lr"] = rate
            self._adam.step()
        self.done += 1
        return float(losses.detach().sum()) / count

    def _losses(self, shown: Float32Array, values: Float32Array, seen: BoolArray) -> tuple[Any, int]:
        """Return the loss of each value, shape (rows, positions, width), 0 where it was not seen, and how many were."""
        there, wanted, counts = (
            torch.from_numpy(np.ascontiguousarray(one)).to(self.device)
            for one in (shown, values, spread(self.rows.layout, seen))
        )
        answer = self.ask(self.module, there)
        distance = (answer - wanted.to(answer.dtype)).abs()
        losses = distance.square()
        if self.huber:
            losses = torch.where(distance <= 1, losses, 2 * distance - 1)
        return losses * counts, max(1, int(counts.sum()))

    def loss(self, items: IntArray) -> float:
        """Return the mean loss a value of some rows, nothing hidden, the worst left out."""
        total = count = 0.0
        self.module.eval()
        for start in range(0, len(items), _ROWS_AT_ONCE):
            values, seen = self.rows.take(items[start : start + _ROWS_AT_ONCE])
            with drawing_from(self._seed), torch.no_grad():
                losses = self._losses(values, values, seen)[0].cpu().double().numpy()
            kept = np.ones(len(values), bool)
            kept[worst(losses, self.trim)] = False
            total += float(losses[kept].sum())
            count += int(spread(self.rows.layout, seen)[kept].sum())
        return total / max(1.0, count)


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Let torch draw from a seed meanwhile; afterwards it goes on drawing as before."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def state_of(module: Any) -> dict[str, AnyArray]:
    """Return the state of a module, by name."""
    return {name: one.detach().cpu().numpy() for name, one in module.state_dict().items()}


def as_before(module: Any, state: dict[str, AnyArray]) -> None:
    """Give a module the state that `state_of` returned.

    Raises
    ------
    RuntimeError
        It has other names or shapes.
    """
    module.load_state_dict(
        {name: torch.from_numpy(np.array(one)) for name, one in state.items()}, strict=True
    )


__all__ = ["ModuleTrainee", "as_before", "drawing_from", "state_of"]
