"""Attention: every cell predicted from the others, each cell choosing which of them to look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, ClassVar

import numpy as np

from amiss.batch import BoolArray, IntArray
from amiss.errors import ParameterError
from amiss.models.autoencoder import Autoencoder, in_blocks
from amiss.networks import numpy_operations
from amiss.networks.rows import Float32Array, Rows, marked, spread
from amiss.networks.weights import by_name
from amiss.training import Schedule

_WIDER = 2  # the layer between two attentions
_SHORTER = 3  # so many times fewer passes than other networks take: more of them learn the odd rows too


@dataclass(kw_only=True, eq=False, repr=False)
class Attention(Autoencoder):
    """A masked transformer: cells are hidden and predicted from those that are not.

    Tokens are the cells of a row of a table, the positions of a window or a string. A token begins as the sum of what
    is shown in it and of where it stands; ``depth`` times it looks at all tokens, then goes through a hidden layer. The
    numbers of a table have a linear path beside it, for values beyond the usual. To score, the cells are hidden group
    by group, so that none is predicted from itself.

    Parameters
    ----------
    width : int
        Values of a token.
    heads : int
        Looks at the other tokens in so many ways at once; ``width`` is a multiple of it.
    depth : int
        Blocks of attention and hidden layer.
    partitions : int
        So many times the cells are divided into groups to be hidden; the predictions are averaged.
    noise : float
        Share of the cells hidden in each step, at least one of each row; 1 / noise is the number of groups.

    References
    ----------
    Vaswani et al. (2017), "Attention is all you need", equation 1. Devlin et al. (2019), "BERT", section 3.1: hidden
    tokens as the task. Xiong et al. (2020), "On layer normalization in the transformer architecture", figure 1 b.

    Examples
    --------
    >>> from amiss.models import Attention
    >>> Attention(width=16, heads=2).spec()
    'attention:width=16,heads=2'
    """

    name: ClassVar[str] = "attention"
    kinds: ClassVar[frozenset[str]] = frozenset({"table", "series", "strings"})
    blind: ClassVar[bool] = True
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **Autoencoder.legal,
        "noise": (0.02, 0.9),
        "width": (1, 1024),
        "heads": (1, 64),
        "depth": (1, 8),
        "partitions": (1, inf),
    }
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "width": ("of", 16, 32, 64),
        "depth": ("even", 1, 3),
        **Autoencoder.searched,
        "noise": ("even", 0.1, 0.5),
    }

    learning_rate: float = 3e-3
    noise: float = 0.2
    width: int = 32
    heads: int = 4
    depth: int = 1
    partitions: int = 2

    tokens_: int = field(init=False)
    groups_: IntArray = field(init=False)

    # ------------------------------------------------------------- the network
    def plan(self, rows: Rows) -> None:
        layout = rows.layout
        if self.width % self.heads:
            raise ParameterError(
                f"Model 'attention': width={self.width}, heads={self.heads}. Legal: a width that is a "
                "multiple of heads."
            )
        self.tokens_ = layout.positions if layout.positions > 1 else layout.cells

    def shapes(self) -> dict[str, tuple[int, ...]]:
        layout, width, count = self.layout_, self.width, self.tokens_
        by_cell = layout.positions == 1
        # a row of weights to each value, so that they begin with variance 1
        found: dict[str, tuple[int, ...]] = {"place": (1, count * width), "unseen": (layout.cells, width)}
        if layout.numbers:
            found["number"] = (1, layout.numbers * width) if by_cell else (layout.numbers, width)
        for i, levels in enumerate(layout.levels):
            found[f"level{i}"] = (1, levels * width)
        for i in range(self.depth):
            found |= {
                f"gain{i}": (width,),
                f"bias{i}": (width,),
                f"look{i}": (width, 3 * width),
                f"bias_look{i}": (3 * width,),
                f"join{i}": (width, width),
                f"bias_join{i}": (width,),
                f"gain_hidden{i}": (width,),
                f"bias_before{i}": (width,),
                f"hidden{i}": (width, _WIDER * width),
                f"bias_hidden{i}": (_WIDER * width,),
                f"back{i}": (_WIDER * width, width),
                f"bias_back{i}": (width,),
            }
        found |= {"gain": (width,), "bias": (width,)}
        if by_cell:
            found |= {"answer": (width, layout.numbers), "bias_answer": (layout.numbers,)}
            found["bias_along"] = (layout.numbers, layout.numbers)  # a bias begins at 0
            for i, levels in enumerate(layout.levels):
                found |= {f"answer{i}": (width, levels), f"bias_answer{i}": (levels,)}
        else:
            found |= {"answer": (width, layout.width), "bias_answer": (layout.width,)}
        return found

    def forward(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        x = (
            self._cells(operations, weights, values)
            if self._by_cell
            else self._positions(operations, weights, values)
        )
        for i in range(self.depth):
            shown = operations.normalise(x, weights[f"gain{i}"], weights[f"bias{i}"])
            x = x + self._look(operations, weights, i, shown)
            inner = operations.normalise(x, weights[f"gain_hidden{i}"], weights[f"bias_before{i}"])
            inner = operations.linear(inner, weights[f"hidden{i}"], weights[f"bias_hidden{i}"])
            inner = operations.dropout(operations.activation(inner, "relu"), self.dropout)
            x = x + operations.linear(inner, weights[f"back{i}"], weights[f"bias_back{i}"])
        x = operations.normalise(x, weights["gain"], weights["bias"])
        if self._by_cell:
            return self._answers(operations, weights, x, values)
        return operations.linear(x, weights["answer"], weights["bias_answer"])

    @property
    def _by_cell(self) -> bool:
        return self.layout_.positions == 1

    def _positions(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        """Return a token for each position, shape (rows, positions, width)."""
        layout, width = self.layout_, self.width
        blind = 1.0 - operations.part(values, layout.width, layout.width + layout.cells)
        x = operations.linear(blind, weights["unseen"])
        if layout.numbers:
            x = x + operations.linear(operations.part(values, 0, layout.numbers), weights["number"])
        for i, block in enumerate(layout.blocks()):
            vectors = operations.reshape(weights[f"level{i}"], (-1, width))
            x = x + operations.linear(operations.part(values, block.start, block.stop), vectors)
        return x + operations.reshape(weights["place"], (-1, self.tokens_, width))

    def _cells(self, operations: Any, weights: dict[str, Any], values: Any) -> Any:
        """Return a token for each cell of a row of a table, shape (rows, cells, width)."""
        layout, width = self.layout_, self.width
        parts = []
        if layout.numbers:
            numbers = operations.reshape(operations.part(values, 0, layout.numbers), (-1, layout.numbers, 1))
            vectors = operations.reshape(weights["number"], (-1, layout.numbers, width))
            parts.append(operations.reshape(numbers * vectors, (-1, 1, layout.numbers * width)))
        for i, block in enumerate(layout.blocks()):
            vectors = operations.reshape(weights[f"level{i}"], (-1, width))
            parts.append(operations.linear(operations.part(values, block.start, block.stop), vectors))
        x = operations.reshape(operations.concat(parts), (-1, layout.cells, width))
        marks = operations.part(values, layout.width, layout.width + layout.cells)
        blind = 1.0 - operations.reshape(marks, (-1, layout.cells, 1))
        return x + blind * weights["unseen"] + operations.reshape(weights["place"], (-1, layout.cells, width))

    def _look(self, operations: Any, weights: dict[str, Any], i: int, x: Any) -> Any:
        """Return what each token takes from all, shape (rows, tokens, width)."""
        width, heads, tokens = self.width, self.heads, self.tokens_
        all_three = operations.linear(x, weights[f"look{i}"], weights[f"bias_look{i}"])
        asks, offers, holds = (
            operations.swap(
                operations.reshape(
                    operations.part(all_three, k * width, (k + 1) * width),
                    (-1, tokens, heads, width // heads),
                ),
                1,
                2,
            )
            for k in range(3)
        )
        fits = operations.product(asks, operations.swap(offers, 2, 3)) * (heads / width) ** 0.5
        taken = operations.swap(operations.product(operations.softmax(fits), holds), 1, 2)
        taken = operations.reshape(taken, (-1, tokens, width))
        return operations.linear(taken, weights[f"join{i}"], weights[f"bias_join{i}"])

    def _answers(self, operations: Any, weights: dict[str, Any], x: Any, values: Any) -> Any:
        """Return what the tokens of the cells answer, shape (rows, 1, values)."""
        layout, width = self.layout_, self.width
        flat = operations.reshape(x, (-1, 1, layout.cells * width))
        parts = []
        if layout.numbers:
            tokens = operations.part(flat, 0, layout.numbers * width)
            tokens = operations.reshape(tokens, (-1, layout.numbers, width))
            heads = operations.swap(weights["answer"], 0, 1)
            numbers = operations.reshape(operations.total(tokens * heads), (-1, 1, layout.numbers))
            along = operations.linear(operations.part(values, 0, layout.numbers), weights["bias_along"])
            parts.append(numbers + along + weights["bias_answer"])
        for i in range(len(layout.levels)):
            first = (layout.numbers + i) * width
            token = operations.part(flat, first, first + width)
            parts.append(operations.linear(token, weights[f"answer{i}"], weights[f"bias_answer{i}"]))
        return operations.concat(parts)

    # ------------------------------------------------------------- learn
    def schedule(self, rows: int) -> Schedule:
        found = super().schedule(rows)
        return found if self.epochs else replace(found, epochs=max(1, found.epochs // _SHORTER))

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        layout = rows.layout
        count = max(1, layout.positions * layout.cells)
        groups = int(np.clip(round(1 / self.noise), min(2, count), count))
        drawn = [random_state.permutation(count) % groups for _ in range(self.partitions)]
        self.groups_ = np.stack(drawn).reshape(-1, layout.positions, layout.cells)
        super()._train(rows, schedule, trim, random_state)

    # ------------------------------------------------------------- answer
    def rebuild(self, values: Float32Array, seen: BoolArray | None = None) -> Float32Array:
        """Return each cell as the others let expect it, shape (rows, positions, width), float32."""
        layout, weights = self.layout_, by_name(self.weights_, self.shapes())
        seen = np.ones((*values.shape[:2], layout.cells), bool) if seen is None else seen
        out = np.zeros(values.shape, np.float32)
        for groups in self.groups_:
            for group in range(int(groups.max(initial=0)) + 1):
                hidden = np.broadcast_to(groups == group, seen.shape)
                shown = marked(layout, values, seen, ~hidden)
                answer = in_blocks(lambda x: self.forward(numpy_operations, weights, x), shown, layout.width)
                out += answer * spread(layout, hidden)
        return out / np.float32(len(self.groups_))
