"""Held out: rows a network has not learnt from, and how well it tells their hidden cells from the others."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.errors import DataError
from amiss.models.autoencoder import Autoencoder
from amiss.networks import numpy_operations
from amiss.networks.rows import Float32Array, Layout, Rows, cell_losses, spread

_SHARE, _MOST_HELD = 0.2, 1_000  # of the rows
_FOR_UNITS = 2_000  # rows: a row of characters has many values
_MOST_LEARNT = 20_000  # rows: more tell networks apart no better
_FEWEST = 20
_TURNS = (
    8,
    4,
)  # in which every cell is hidden once: among the cells of one position; in stretches of positions
_ROUNDS = 5  # of filling hidden cells with the network's own answer
_CAP = 10.0  # a cell counts at most so many times its unit, so that one gross cell does not decide
_LEAST_NATS = 0.05  # unit of a category that hardly varies
_CONSTANT = 1e-6


class HeldOut:
    """Rows held out, and which of their cells are hidden together.

    A network that only copies its input rebuilds every row without an error and knows nothing. So each cell is hidden
    in turn, its place filled with the network's own answer, a few times over, and that answer is what counts. Cells,
    turns and units do not depend on the network, so that the errors of any two networks compare. A network that never
    sees the cell it rebuilds is asked as it is.

    Parameters
    ----------
    rows : Rows
        Those held out.
    turns : ndarray of shape (rows, positions, cells), integers
        The turn in which each cell is hidden.
    units : ndarray of shape (positions, cells)
        The error of one who knows the mean of a number and the shares of a category; 0: a constant, not judged.

    References
    ----------
    Bro, Kjeldahl, Smilde, Kiers (2008), "Cross-validation of component models: a critical look at current methods",
    the section on missing values: leaving out rows alone favours the largest model, hiding cells and filling them by
    the model itself does not.
    """

    def __init__(self, rows: Rows, turns: IntArray, units: FloatArray) -> None:
        self.rows = rows
        self.turns = turns
        self.units = units

    @classmethod
    def of(cls, rows: Rows, in_order: bool, random_state: np.random.Generator) -> tuple[Rows, Self]:
        """Split rows into those to learn from and those held out.

        Parameters
        ----------
        rows : Rows
        in_order : bool
            True where neighbouring rows overlap, as windows do: the last are held out then, and a few before them left
            out, so that no held-out value was learnt.
        random_state : numpy.random.Generator

        Raises
        ------
        DataError
            There are too few rows to hold some out.
        """
        if len(rows) < _FEWEST:
            raise DataError(
                f"There are {len(rows)} normal rows or windows to learn from, too few to hold some out. Legal: at "
                f"least {_FEWEST}. Give more data, or labels."
            )
        learnt, held = _split(len(rows), rows.layout.positions, in_order, random_state)
        learnt_from, apart = _some(rows, learnt), _some(rows, held)
        turns = _turns(apart.seen.shape, random_state)
        return learnt_from, cls(apart, turns, _units(learnt_from))

    def error(self, network: Autoencoder) -> float:
        """Return the mean error at hidden cells, in units: 0 knows all, 1 no more than mean and shares."""
        values, seen = self.rows.take(slice(None))
        with np.errstate(over="ignore", invalid="ignore"):  # a bad network may run away; it is bad, no more
            outputs = network.rebuild(values, seen) if network.blind else self._hidden(network, values)
            losses = cell_losses(numpy_operations, self.rows.layout, outputs, values, seen).astype(np.float64)
        return self._in_units(losses, seen)

    def _hidden(self, network: Autoencoder, values: Float32Array) -> Float32Array:
        """Return each cell as it was answered while it was hidden."""
        outputs = np.zeros_like(values)
        for turn in range(int(self.turns.max()) + 1):
            hidden = spread(self.rows.layout, self.turns == turn)
            outputs = np.where(hidden, filled(network, values, hidden), outputs)
        return outputs

    def _in_units(self, losses: FloatArray, seen: BoolArray) -> float:
        usual = self.units.mean(axis=0)  # of each cell of a position
        judged = usual > 0
        if not judged.any():
            return 0.0
        capped = np.minimum(np.nan_to_num(losses, nan=np.inf), _CAP * usual) * seen
        expected = np.maximum((self.units * seen).sum(axis=(0, 1)), 1e-300)
        return float(np.mean(np.minimum(capped.sum(axis=(0, 1)) / expected, _CAP)[judged]))


def filled(network: Autoencoder, values: Float32Array, hidden: BoolArray) -> Float32Array:
    """Return what the network answers where hidden cells are filled with its own last answer, 0 at first.

    Parameters
    ----------
    network : Autoencoder
    values, hidden : ndarray of shape (rows, positions, width)
    """
    shown = np.where(hidden, np.float32(0), values)
    for last in range(_ROUNDS):
        answer = network.rebuild(shown)
        if last < _ROUNDS - 1:
            shown = np.where(hidden, _as_values(network.layout_, answer), values)
    return answer


def _as_values(layout: Layout, answer: Float32Array) -> Float32Array:
    """Return an answer as a network takes values: shares in the place of logits."""
    values = answer.copy()
    for block in layout.blocks():
        values[..., block] = np.exp(numpy_operations.log_softmax(answer[..., block]))
    return np.asarray(np.nan_to_num(values, posinf=0.0, neginf=0.0), np.float32)


def _split(
    rows: int, positions: int, in_order: bool, random_state: np.random.Generator
) -> tuple[Any, IntArray]:
    held = min(max(1, round(_SHARE * rows)), _MOST_HELD)
    if in_order:
        gap = min(positions, rows // 10) if positions > 1 else 0
        end = rows - held - gap
        return slice(0, end, -(-end // _MOST_LEARNT)), np.arange(rows - held, rows)
    order = random_state.permutation(rows)
    return np.sort(order[held : held + _MOST_LEARNT]), np.sort(order[:held])


def _some(rows: Rows, places: Any) -> Rows:
    return Rows(rows.layout, rows.numbers[places], rows.codes[places], rows.seen[places])


def _turns(shape: tuple[int, ...], random_state: np.random.Generator) -> IntArray:
    """Return when each cell is hidden: drawn anew for each row of cells; windows and strings in stretches."""
    rows, positions, cells = shape
    alone, stretches = _TURNS
    if positions > 1:
        turn = np.arange(positions) * min(stretches, positions) // positions
        return np.broadcast_to(turn[None, :, None], shape)
    order = np.argsort(random_state.random((rows, cells)), axis=1)
    return np.asarray(order % min(alone, cells))[:, None, :]


def _units(rows: Rows) -> FloatArray:
    """Return the variance of each number and the entropy of each category, shape (positions, cells)."""
    values, seen = rows.take(np.linspace(0, len(rows) - 1, min(len(rows), _FOR_UNITS)).astype(np.int64))
    layout, count = rows.layout, np.maximum(seen.sum(axis=0), 1)
    numbers = values[..., : layout.numbers].astype(np.float64)
    mean = numbers.sum(axis=0) / count[..., : layout.numbers]
    squares = (numbers - mean) ** 2 * seen[..., : layout.numbers]
    units = np.zeros(count.shape)
    units[..., : layout.numbers] = squares.sum(axis=0) / count[..., : layout.numbers]
    units[units < _CONSTANT] = 0.0
    for i, block in enumerate(layout.blocks()):
        shares = values[..., block].sum(axis=0, dtype=np.float64) / count[..., layout.numbers + i, None]
        entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=-1)
        varies = (shares > 0).sum(axis=-1) > 1
        units[..., layout.numbers + i] = np.where(varies, np.maximum(entropy, _LEAST_NATS), 0.0)
    return units


__all__ = ["HeldOut", "filled"]
