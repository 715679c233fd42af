"""Masked: networks that rebuild hidden cells of a row from those shown; what they cannot rebuild is abnormal."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import AnyArray, Batch, BoolArray, FloatArray, IntArray
from amiss.models.base import Model
from amiss.models.robust import Gaussian, lowest
from amiss.networks.masked_core import MaskedNets, MaskedTrainee
from amiss.networks.masked_turns import Turns
from amiss.networks.rows import Float32Array
from amiss.numerics.blocks import LANES, in_parts, squared_lengths
from amiss.numerics.calibration import Tail
from amiss.numerics.spaces import SPACES, Space
from amiss.training import History, Schedule, told, train

_FEWEST, _NARROWEST, _WIDEST = 30, 2, 100  # rows and columns that networks are trained on
_EPOCHS = 20
_TRIM, _CENTRAL = 0.1, 0.875
_GROUPS = 5  # the columns of a row are hidden in so many turns
_LARGEST_SHOWN = (
    10.0  # values of the space beyond are shown as this: they then spoil the cells beside them less
)
_LEAST_UNIT = 0.05  # of its variance: the least usual squared error of a column
_CONSTANT_UNIT = 0.02  # of a column that never varied, where another value is off by 1
_MEASURED = 4_000
_ROWS_AT_ONCE = 16 * LANES


class Masked(Model):
    """Networks side by side that rebuild hidden cells of a row from the cells shown.

    Each hides the columns in five groups of its own, one after the other, so that every cell is rebuilt once from the
    other groups. A cell's surprise is the squared error in units of the usual one of its column; a row's score the mean
    of log(1 + surprise) over networks and columns. A missing cell surprises nobody; a
    column that was constant does where it no longer is.

    Not all rows are trusted: of those that are, the networks learn from the seven eighths nearest to the centre.

    Where there are fewer than 30 rows, or fewer than 2 or more than 100 columns that vary, each cell is rebuilt by its
    linear regression on all others.

    Parameters
    ----------
    space : str
        Column space, as in `Memory`.
    nets : int
        Networks; each learns and judges on its own.
    hidden : int
        Width of the two hidden layers.
    steps : int
        Training steps.
    batch_size : int
        Rows of a step.
    learning_rate : float
        The highest of the one-cycle rate.
    validation_split : float
        Share of the trusted rows held out; the weights that rebuild them best are kept.
    trim : float, optional
        Share of the rows of a batch, those rebuilt worst, that teach nothing. None: 0.1, or 0 where all rows are
        trusted.

    References
    ----------
    Devlin, Chang, Lee, Toutanova (2019), "BERT: pre-training of deep bidirectional transformers", section 3.1: hidden
    cells as the task. Rousseeuw (1984), "Least median of squares regression", section 4: the trimmed mean of squares.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import TableDetector
    >>> draw = np.random.default_rng(0)
    >>> angle = draw.uniform(0, 6.28, 400)
    >>> rows = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    >>> detector = TableDetector(models="masked", training_data="clean", random_state=0).fit(rows)
    >>> rows[17, 3] *= -1
    >>> int(detector.score_samples(rows).argmin())
    17
    """

    name = "masked"
    kinds: ClassVar[frozenset[str]] = frozenset({"table"})
    weight: ClassVar[float] = 2.0
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "nets": (1, inf),
        "hidden": (1, inf),
        "steps": (1, inf),
        "batch_size": (1, inf),
        "learning_rate": (1e-12, inf),
        "validation_split": (0, 0.9),
        "trim": (0, 0.9),
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"space": SPACES}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "hidden": ("log", 16, 192),
        "steps": ("log", 200, 3_000),
        "learning_rate": ("log", 5e-4, 2e-2),
        "batch_size": ("log", 32, 256),
        "trim": ("even", 0.0, 0.3),
    }
    space: str
    nets: int
    hidden: int
    steps: int
    batch_size: int
    learning_rate: float
    validation_split: float
    trim: float | None

    space_: Space
    weights_: Float32Array | None
    groups_: IntArray
    units_: FloatArray
    linear_: Gaussian | None
    history_: History | None

    def __init__(
        self,
        space: str = "asinh",
        nets: int = 4,
        hidden: int = 64,
        steps: int = 800,
        batch_size: int = 128,
        learning_rate: float = 4e-3,
        validation_split: float = 0.15,
        trim: float | None = None,
    ) -> None:
        self.space = space
        self.nets = nets
        self.hidden = hidden
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_split = validation_split
        self.trim = trim

    # ------------------------------------------------------------- learn
    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        self.space_ = Space(self.space).fit(batch)
        kept = batch.take(np.flatnonzero(normal))
        if not normal.all():
            kept = kept.take(_central(kept))
        rows, seen = self._rows(kept)
        width = rows.shape[1]
        self.weights_ = self.linear_ = self.history_ = None
        self.groups_ = np.zeros((1, width), np.int64)
        if len(rows) >= _FEWEST and _NARROWEST <= width <= _WIDEST:
            self._train(rows, seen, (0.0 if normal.all() else _TRIM), random_state)
        elif width:
            self.linear_ = Gaussian(rows)
        self._learn_units(batch, kept)
        return self

    def _train(
        self, rows: FloatArray, seen: BoolArray, trim: float, random_state: np.random.Generator
    ) -> None:
        width = rows.shape[1]
        nets = MaskedNets(self.nets, width, self.hidden)
        values = np.clip(rows, -_LARGEST_SHOWN, _LARGEST_SHOWN).astype(np.float32)
        trim = trim if self.trim is None else self.trim
        trainee = MaskedTrainee(nets, values, seen, self.batch_size, trim, random_state)
        epochs = min(_EPOCHS, self.steps)
        schedule = Schedule(
            epochs,
            self.batch_size,
            self.learning_rate,
            self.validation_split,
            steps=-(-self.steps // epochs),
        )
        self.history_ = train(trainee, len(rows), schedule, random_state)
        self.weights_ = nets.weights
        turns = np.arange(width) % min(_GROUPS, width)
        self.groups_ = np.stack([random_state.permutation(turns) for _ in range(self.nets)])

    def _learn_units(self, batch: Batch, kept: Batch) -> None:
        """Learn the usual squared error of each column that varies."""
        varies = self.space_.varies_
        self.units_ = np.ones(int(varies.sum()))
        some = kept.take(np.linspace(0, len(kept) - 1, min(len(kept), _MEASURED)).astype(np.int64))
        everywhere = self.space_.apply(batch)[:, varies].var(axis=0)
        here = np.maximum(self._rows(kept)[0].var(axis=0), 1e-3 * everywhere + 1e-12)
        usual = self._mean_errors(some).sum(axis=0) / np.maximum((~some.mask[:, varies]).sum(axis=0), 1)
        self.units_ = np.maximum(usual, _LEAST_UNIT * here)

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of the networks: their layers, how they were trained."""
        if self.history_ is None:
            return []
        shapes = MaskedNets(self.nets, len(self.units_), self.hidden, self.weights_).shapes
        return [told(self.spec(), shapes, self.history_)]

    # ------------------------------------------------------------- answer
    def score(self, batch: Batch) -> FloatArray:
        """Return the mean of log(1 + surprise) over networks and columns, shape (items,)."""
        constant = ~self.space_.varies_
        changed = (self.space_.apply(batch)[:, constant] != 0).sum(axis=1)
        extra = changed * np.log1p(1 / _CONSTANT_UNIT) / max(1, len(self.units_))
        out = np.zeros(len(batch))

        def tell(here: slice, guesses: AnyArray, errors: FloatArray) -> None:
            """Write the scores of some rows."""
            each = errors.shape[1] * errors.shape[2]
            logs = np.log1p(errors, out=errors).reshape(len(errors), each, LANES)
            out[here] = (logs.sum(axis=1) / each).reshape(-1)[: here.stop - here.start]

        self._judge(batch, tell)
        return np.asarray(out + extra)

    def surprise(self, batch: Batch) -> FloatArray:
        """Return the squared error of each cell in units of the usual one of its column."""
        varies = self.space_.varies_
        out = self.space_.apply(batch) ** 2 / _CONSTANT_UNIT
        out[:, varies] = self._mean_errors(batch)
        return np.where(batch.mask, 0.0, out)

    def expected(self, batch: Batch) -> FloatArray:
        """Return what the other columns let expect in each cell, shape (items, columns), raw units."""
        units, found = np.zeros(batch.values.shape), np.zeros((len(batch), len(self.units_)))

        def tell(here: slice, guesses: AnyArray, errors: FloatArray) -> None:
            """Write what was expected in some rows."""
            found[here] = _as_rows(guesses.mean(axis=1, dtype=np.float64))[: here.stop - here.start]

        self._judge(batch, tell)
        units[:, self.space_.varies_] = found
        return self.space_.invert(units)

    def _mean_errors(self, batch: Batch) -> FloatArray:
        """Return the surprise of the cells of columns that vary, the mean over the networks."""
        out = np.zeros((len(batch), len(self.units_)))

        def tell(here: slice, guesses: AnyArray, errors: FloatArray) -> None:
            """Write the surprise of some rows."""
            out[here] = _as_rows(errors.mean(axis=1))[: here.stop - here.start]

        self._judge(batch, tell)
        return out

    def _rows(self, batch: Batch) -> tuple[FloatArray, BoolArray]:
        """Return the columns that vary, in the space, and which of their cells are there."""
        varies = self.space_.varies_
        return np.ascontiguousarray(self.space_.apply(batch)[:, varies]), ~batch.mask[:, varies]

    def _judge(self, batch: Batch, tell: Callable[[slice, AnyArray, FloatArray], None]) -> None:
        """Tell, some rows at a time, the place of the rows, what was expected in them, and their surprise.

        Both are lanes of the columns that vary, shape (stacks, nets, width, LANES), one network's view each.
        """
        rows, seen = self._rows(batch)
        if not rows.shape[1]:
            return
        guess = self._guesser(rows)

        def judge(part: slice) -> None:
            """Tell of the rows of one part."""
            for start in range(part.start, part.stop, _ROWS_AT_ONCE):
                here = slice(start, min(start + _ROWS_AT_ONCE, part.stop))
                lanes, there = _as_lanes(rows[here]), _as_lanes(seen[here].astype(np.float64))
                guesses = guess(here, lanes, there)
                errors = np.subtract(guesses, lanes)
                errors *= errors
                errors *= there / self.units_[:, None]
                tell(here, guesses, errors)

        in_parts(judge, len(rows))

    def _guesser(self, rows: FloatArray) -> Callable[[slice, FloatArray, FloatArray], AnyArray]:
        """Return what rebuilds the cells of some rows, given as lanes; it answers (stacks, nets, width, LANES)."""
        if self.linear_ is not None:
            rebuilt = rows - self.linear_.residuals(rows)[0]
            return lambda here, lanes, there: _as_lanes(rebuilt[here])
        nets = MaskedNets(self.nets, rows.shape[1], self.hidden, self.weights_)
        turns = Turns(nets, self.groups_)

        def by_nets(here: slice, lanes: FloatArray, there: FloatArray) -> AnyArray:
            values = np.clip(lanes, -_LARGEST_SHOWN, _LARGEST_SHOWN).astype(np.float32)
            return turns.rebuild(values, there.astype(np.float32))

        return by_nets


def _central(batch: Batch) -> IntArray:
    """Return the places of the seven eighths of the rows that lie nearest to the centre, by two views of it."""
    flat, scaled = Space("asinh").fit(batch).apply(batch), Space("standard").fit(batch).apply(batch)
    far = [squared_lengths(flat), Gaussian(scaled).squared_distance(scaled)]
    return lowest(np.sum([Tail().fit(s).apply(s) for s in far], axis=0), _CENTRAL)


def _as_lanes(rows: FloatArray) -> FloatArray:
    """Return rows as lanes, shape (stacks, 1, width, LANES), the last stack filled up with zeros."""
    stacks = -(-len(rows) // LANES)
    padded = np.zeros((stacks * LANES, rows.shape[1]))
    padded[: len(rows)] = rows
    return np.ascontiguousarray(padded.reshape(stacks, LANES, -1).swapaxes(1, 2)[:, None])


def _as_rows(lanes: FloatArray) -> FloatArray:
    return lanes.swapaxes(1, 2).reshape(len(lanes) * LANES, -1)
