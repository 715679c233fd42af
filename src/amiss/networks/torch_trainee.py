"""A network trained by PyTorch's autograd, on the processor or on a graphics card: a `training.Trainee`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from amiss.batch import BoolArray, IntArray
from amiss.networks import torch_operations
from amiss.networks.rows import Float32Array, Rows, cell_losses, hidden, marked, worst
from amiss.networks.weights import by_name

_MEMORY, _EPSILON, _DECAY = (0.9, 0.999), 1e-8, 0.01
_TRIM_FROM = 0.5  # of the steps: from there on the whole share is left out
_ROWS_AT_ONCE = 1_024
_MANY_WEIGHTS = 300_000

Forward = Callable[[Any, dict[str, Any], Any], Any]
"""(operations, weights by name, values) -> outputs, or (outputs, penalty of each row)."""


class TorchTrainee:
    """A network over one flat vector of weights, its forward pass written in `torch_operations`.

    Parameters
    ----------
    forward : callable
        (operations, weights by name, values) -> outputs of the values' shape; or a pair of them and a penalty of each
        row, shape (rows,), that is added to the loss.
    shapes : dict of str to tuple of int
        The weights by name, in their order in the flat vector.
    rows : Rows
    first : callable
        Returns the first weights, shape (weights,), float32.
    random_state : numpy.random.Generator
    noise, trim : float
        As in `DenseTrainee`.
    huber : bool
    steps : int
        About how many steps there will be.
    device : str
        Where it is trained, a name that PyTorch knows.
    blind : bool
        True: ``forward`` gets values and marks, see `marked`, and is judged on the hidden cells alone.

    Attributes
    ----------
    host : ndarray of shape (weights,), float32
        The weights as they were fetched, or written, last.
    """

    def __init__(
        self,
        forward: Forward,
        shapes: dict[str, tuple[int, ...]],
        rows: Rows,
        first: Callable[[], Float32Array],
        random_state: np.random.Generator,
        noise: float = 0.0,
        trim: float = 0.0,
        huber: bool = False,
        steps: int = 1,
        device: str = "cpu",
        blind: bool = False,
    ) -> None:
        self.forward, self.shapes, self.rows, self.first = forward, shapes, rows, first
        self.random_state, self.noise, self.trim, self.huber = random_state, noise, trim, huber
        self.steps, self.device, self.blind = steps, device, blind
        self.host = first()
        self._seed = int(random_state.integers(2**31))

    @property
    def weights(self) -> Float32Array:
        """All weights, shape (weights,), float32, fetched into ``host``."""
        self.host[...] = self.flat.detach().cpu().numpy()
        return self.host

    def start(self) -> None:
        """Begin anew."""
        self.host[...] = self.first()
        self.flat = torch.from_numpy(self.host.copy()).to(self.device).requires_grad_()
        self.mean, self.square = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        self.done = 0

    def step(self, items: IntArray, rate: float) -> float:
        """Learn from some rows; return their mean loss a cell."""
        values, seen = self.rows.take(items)
        shown, seen = self._shown(values, seen, self.random_state)
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(self._seed + self.done)
            losses, penalty = self._losses(shown, values, seen)
            cells = max(1, int(seen.sum()))
            loss = losses.sum() / cells
            share = self.trim * min(1.0, self.done / (_TRIM_FROM * self.steps))
            kept = torch.ones(len(items), device=losses.device)
            kept[torch.from_numpy(worst(losses.detach().cpu().numpy(), share))] = 0
            ((losses.sum((1, 2)) + penalty) * kept).sum().div(cells).backward()
        self._update(rate)
        return float(loss.detach())

    def _shown(
        self, values: Float32Array, seen: BoolArray, random_state: np.random.Generator
    ) -> tuple[Float32Array, BoolArray]:
        """Return what the network is shown of some rows, and the cells it is judged on."""
        if not self.blind:
            return hidden(self.rows.layout, values, self.noise, random_state), seen
        draw = random_state.random(seen.shape, np.float32).reshape(len(seen), -1)
        draw[np.arange(len(draw)), draw.argmin(axis=1)] = -1.0  # at least one cell is hidden
        shown = (draw >= self.noise).reshape(seen.shape)
        return marked(self.rows.layout, values, seen, shown), seen & ~shown

    def _losses(self, shown: Float32Array, values: Float32Array, seen: Any) -> tuple[Any, Any]:
        shown_there, values_there, seen_there = (
            torch.from_numpy(np.ascontiguousarray(a)).to(self.device) for a in (shown, values, seen)
        )
        answer = self.forward(torch_operations, by_name(self.flat, self.shapes), shown_there)
        outputs, penalty = answer if isinstance(answer, tuple) else (answer, 0.0)
        layout = self.rows.layout
        return cell_losses(torch_operations, layout, outputs, values_there, seen_there, self.huber), penalty

    @torch.no_grad()
    def _update(self, rate: float) -> None:
        """Take a step of AdamW (see `networks.adam`), fused over all weights."""
        self.done += 1
        slope: Any = self.flat.grad
        first, second = _MEMORY
        self.mean.mul_(first).add_(slope, alpha=1 - first)
        self.square.mul_(second).addcmul_(slope, slope, value=1 - second)
        spread = (self.square / (1 - second**self.done)).sqrt_().add_(_EPSILON)
        self.flat.mul_(1 - rate * _DECAY)
        self.flat.addcdiv_(self.mean, spread, value=-rate / (1 - first**self.done))
        self.flat.grad = None

    def loss(self, items: IntArray) -> float:
        """Return the mean loss a cell of some rows, the worst left out, nothing dropped.

        Nothing is hidden but from a blind network, and from that the same cells each time.
        """
        total = cells = 0.0
        same = np.random.default_rng(self._seed)
        for start in range(0, len(items), _ROWS_AT_ONCE):
            values, seen = self.rows.take(items[start : start + _ROWS_AT_ONCE])
            shown, seen = self._shown(values, seen, same) if self.blind else (values, seen)
            with torch.no_grad():
                losses, penalty = self._losses(shown, values, seen)
                each = (losses.sum((1, 2)) + penalty).cpu().numpy()
            kept = np.ones(len(values), bool)
            kept[worst(losses.cpu().numpy(), self.trim)] = False
            total += float(each[kept].sum())
            cells += int(seen[kept].sum())
        return total / max(1.0, cells)


@contextmanager
def threads_for(weights: int) -> Iterator[None]:
    """Keep PyTorch to one thread meanwhile where there are few weights: its threads wait more than they work."""
    before = torch.get_num_threads()
    if weights < _MANY_WEIGHTS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
