"""A network of the user's own: what is asked of it, and how its answers are read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from math import inf
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import BoolArray
from amiss.errors import AmissError, DataError, ModelFileError, ParameterError, in_one_line
from amiss.models.autoencoder import Autoencoder
from amiss.networks.rows import Float32Array, Rows
from amiss.part import Stored
from amiss.training import History, Schedule, told

_VALUES_AT_ONCE = 16_384  # of a block, so that a long window does not make a block of many megabytes
_LARGEST_BLOCK = 512  # rows
_TRIED = 16  # rows that are tried in every place of a block
_LEAST_SHARE = 1e-3  # of a level: less says nothing more
_NOT_SAVED = "A model file holds no code"


class GivenAgain(Stored):
    """In a model file: the place of a network whose code no file holds, and that is to be given again at `load`.

    Parameters
    ----------
    library : str
        What it was: "torch module", "Keras model" or "function".
    called : str
        The name of its class or of the function.
    """

    library: str
    called: str

    def __init__(self, library: str, called: str) -> None:
        self.library = library
        self.called = called

    def __repr__(self) -> str:
        return f"<{self.library} {self.called}>"


@dataclass(eq=False, repr=False)
class OwnNetwork(Autoencoder):
    """A network of yours that maps a batch to its reconstruction.

    It sees float32 arrays: of a table (rows, columns), the numbers in units of the column space and then the levels of
    each category as 0 and 1; of a series (windows, points, channels) in standard deviations; of strings (rows, length,
    symbols) as 0 and 1. It answers with an array of the same shape: numbers in the same units, and for the levels of a
    category, or the symbols, shares between 0 and 1. A missing value is shown as 0 and its answer does not count.

    Parameters
    ----------
    network : module, model or function
        It is not changed: a copy of it is trained.
    """

    library: ClassVar[str] = ""
    kinds: ClassVar[frozenset[str]] = frozenset({"table", "series", "strings"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "epochs": (0, inf),
        "dropout": (0, 0),
    }
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {}
    left_out: ClassVar[frozenset[str]] = frozenset({"network_"})

    network: Any

    kind_: str = field(init=False)
    block_: int = field(init=False)
    step_: int = field(init=False)
    network_: Any = field(init=False)

    # ------------------------------------------------------------- a library fills these in
    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        """Set ``network_``, a copy of ``network`` that was trained on the rows, and ``history_``."""
        raise NotImplementedError

    def answer(self, values: Float32Array) -> Any:
        """Return what ``network_`` answers to a batch of the shape it sees: a numpy array, where all is well."""
        raise NotImplementedError

    def receive(self, given: Any) -> None:
        """Take the network that was given again at `load` and make it ``network_``, as it was saved."""
        raise NotImplementedError

    # ------------------------------------------------------------- what stands for it in words and files
    @property
    def called(self) -> str:
        """The name of the network's class, or of the function."""
        if isinstance(self.network, GivenAgain):
            return self.network.called
        named = self.network if hasattr(self.network, "__name__") else type(self.network)
        return str(named.__qualname__).replace("<", "").replace(">", "")

    def spec(self) -> str:
        """Return what the network is called; no text asks for it."""
        defaults = self.parameter_defaults()
        changed = [f"{n}={v}" for n, v in self.parameters().items() if n != "network" and v != defaults[n]]
        return f"{self.called} ({self.library}){': ' if changed else ''}{','.join(changed)}"

    def state(self) -> dict[str, Any]:
        return {**super().state(), "network": GivenAgain(self.library, self.called)}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {}

    def networks(self) -> list[dict[str, Any]]:
        return [told(self.spec(), self.shapes(), self.history_)]

    def plan(self, rows: Rows) -> None:
        self.weights_ = np.zeros(0, np.float32)  # they stand in the network

    def schedule(self, rows: int) -> Schedule:
        found = super().schedule(rows)
        return found if self.epochs != 0 else Schedule(0, found.batch_size, found.rate)

    def on(self, kind: str) -> Self:
        """Say which kind of data the network will see."""
        self.kind_ = kind
        return self

    # ------------------------------------------------------------- ask it
    def shape_of(self, rows: int) -> tuple[int, ...]:
        """Return the shape of a batch as the network sees it."""
        layout = self.layout_
        return (rows, layout.width) if self.kind_ == "table" else (rows, layout.positions, layout.width)

    def arranged(self, answer: Any, rows: int) -> Any:
        """Return an answer, an array or tensor, in the shape of the batch of so many rows.

        Raises
        ------
        ParameterError
            It is no array, or has not as many values.
        """
        wanted, found = self.shape_of(rows), getattr(answer, "shape", None)
        if found is None or isinstance(answer, list | tuple | dict):
            raise ParameterError(
                f"The network {self.called} answered a {type(answer).__name__} to a batch of shape {wanted}. "
                "It must answer with one array of the shape it was given."
            )
        found = tuple(found)
        if found == wanted:
            return answer
        if math.prod(found) != math.prod(wanted):
            raise ParameterError(
                f"The network {self.called} answered an array of shape {found} to a batch of shape {wanted}. "
                "It must answer with the shape it was given."
            )
        return answer.reshape(wanted)

    def refused(self, error: Exception, rows: int) -> AmissError:
        """Return the error that says to what batch the network raised ``error``."""
        return ParameterError(
            f"The network {self.called} cannot take a batch of shape {self.shape_of(rows)}, float32: "
            f"{in_one_line(error)}. It must take that shape and answer with it."
        )

    def asked(self, values: Float32Array) -> Float32Array:
        """Return what the network answers to rows, shape (rows, positions, width), checked."""
        rows = len(values)
        try:
            answer = self.answer(values.reshape(self.shape_of(rows)))
        except AmissError:
            raise
        except Exception as error:  # whatever a network of yours raises
            raise self.refused(error, rows) from error
        found = np.asarray(self.arranged(answer, rows), np.float32).reshape(values.shape)
        if not np.isfinite(found).all():
            raise DataError(
                f"The network {self.called} answered NaN or infinity to finite numbers. Train it at a lower "
                "learning rate, or look for what overflows in it."
            )
        return found

    def rebuild(self, values: Float32Array, seen: BoolArray | None = None) -> Float32Array:
        """Return what the network answers, shape (rows, positions, width): numbers, and logarithms of the shares.

        Rows go through in blocks of one size, one block after the other, the last one filled up with zeros, so that a
        row's answer does not depend on its company.
        """
        out = np.empty(values.shape, np.float32)
        held = -(-self.block_ // self.step_)
        for start in range(0, len(values), held):
            here = values[start : start + held]
            out[start : start + held] = self._in_block(here)
        for levels in self.layout_.blocks():
            out[..., levels] = np.log(np.maximum(out[..., levels], np.float32(_LEAST_SHARE)))
        return out

    # ------------------------------------------------------------- checks after training
    def _learn_usual(self, rows: Rows, random_state: np.random.Generator) -> None:
        self._choose_block(rows)
        super()._learn_usual(rows, random_state)
        if self.history_.ended == "given":
            self.history_.loss = [float(self.usual_.mean())]

    def _in_block(self, values: Float32Array) -> Float32Array:
        """Return the answers to a few rows, put into every place, or every second or so, of a block of zeros."""
        if not 1 <= self.step_ <= self.block_ <= _LARGEST_BLOCK:  # a file may say anything
            raise ModelFileError(
                f"A network is asked {self.block_} rows at once, every {self.step_} of them; at most "
                f"{_LARGEST_BLOCK} are legal."
            )
        block = np.zeros((self.block_, *values.shape[1:]), np.float32)
        places = slice(0, len(values) * self.step_, self.step_)
        block[places] = values
        return self.asked(block)[places]

    def _choose_block(self, rows: Rows) -> None:
        """Learn in which places of a block a row's answer is always the same.

        Libraries compute every second row of a matrix, or those at its edge, by other steps than the rest, which may
        round differently; and some networks let the rows of a batch look at each other. Tried are large blocks and
        every place, every second place and so on, small blocks, single rows.
        """
        values = rows.take(np.arange(min(len(rows), _TRIED)))[0]
        fitting = _VALUES_AT_ONCE // max(1, values[0].size) // _TRIED * _TRIED
        large = min(max(fitting, 2 * _TRIED), _LARGEST_BLOCK)
        for self.block_, self.step_ in [*((large, step) for step in (1, 2, 4, 8, 16)), (_TRIED, 1), (1, 1)]:
            if self._answers_alike(values):
                return
        raise ParameterError(
            f"The network {self.called} answers the same batch differently from one call to the next. Where it draws "
            "at random, let it do so in training alone (PyTorch: if self.training; Keras: if training)."
        )

    def _answers_alike(self, values: Float32Array) -> bool:
        """Return whether the answer to each of a few rows is the same in every place and company."""
        held = -(-self.block_ // self.step_)
        first = np.concatenate([self._in_block(values[i : i + 1]) for i in range(len(values))])
        count = max(held, len(values))
        orders = [(np.arange(count) * by + of) % len(values) for by, of in ((1, 0), (1, 0), (7, 3))]
        return all(
            np.array_equal(self._in_block(values[order[i : i + held]]), first[order[i : i + held]])
            for order in orders
            for i in range(0, count, held)
        )

    def lacking(self) -> ModelFileError:
        """Return the error that says that the network must be given again."""
        return ModelFileError(
            f"The detector was fitted with a network of your own, the {self.library} {self.called}. {_NOT_SAVED}: "
            "give the network again, load(path, models=...), on the command line --network module:name."
        )


def given_history() -> History:
    """Return the history of a network that was trained before it was given."""
    history = History(0.0)
    history.ended = "given"
    return history


__all__ = ["GivenAgain", "OwnNetwork", "given_history"]
