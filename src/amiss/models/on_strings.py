"""An autoencoder on strings: a string one row, a character one position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Self

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray
from amiss.models.adapter import Adapter
from amiss.models.base import Clue, StringModel
from amiss.models.worst_character import worst_character
from amiss.networks.numpy_operations import log_softmax
from amiss.networks.rows import Float32Array, Layout, Rows
from amiss.text.characters import Characters, Strings
from amiss.text.scale import learn_scale, on_scale, weighted_quantiles
from amiss.text.vocabulary import Vocabulary

_LONGEST = 80  # positions
_USUAL = 0.99  # of the rows are not longer than what is read
_SYMBOLS = 120
_LEARNT_FROM, _MEASURED = 100_000, 20_000  # rows, distinct strings
_VALUES_AT_ONCE = 4_000_000
_END = 0  # the code of the end and of all places after it; symbol s of the vocabulary has the code s + 1


class OnStrings(Adapter, StringModel):
    """The autoencoder sees the characters as levels, one position each, and the end of the string as one more.

    Surprise of a character: -log of the share it was given; where the network predicted it without seeing it, less the
    entropy of all shares, so that a free position costs nothing. (A network that sees it and is in doubt all the same
    is in doubt because it is odd.) Score: how far the mean and the largest surprise lie beyond the list's usual ones.

    Parameters
    ----------
    network : Autoencoder
        Not fitted yet.
    clean : bool
    """

    vocabulary_: Vocabulary
    positions_: int
    median_: FloatArray
    spread_: FloatArray
    limit_: float

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        self.vocabulary_ = Vocabulary.of(strings, _SYMBOLS)
        length = np.fromiter(map(len, strings.values), np.int64, len(strings))
        usual = int(weighted_quantiles(length, strings.weight, (_USUAL,))[0])
        self.positions_ = min(usual + 1, _LONGEST)
        distinct, row = np.unique(_taught(strings.weight, random_state), return_inverse=True)
        some = self._rows(Characters.of([strings.values[i] for i in distinct]))
        rows = Rows(some.layout, some.numbers[row], some.codes[row], some.seen[row])
        self.network.learn(rows, self.clean, random_state)
        chosen = np.arange(len(strings))
        if len(chosen) > _MEASURED:
            chosen = np.sort(random_state.choice(len(chosen), _MEASURED, replace=False))
        measured = self._mean_and_largest(Characters.of([strings.values[i] for i in chosen]))
        self.median_, self.spread_, self.limit_ = learn_scale(measured, strings.weight[chosen])
        return self

    def _rows(self, block: Characters) -> Rows:
        """Return strings as rows; what comes after the end is shown to the network and not judged."""
        text, places = block.text, self.positions_
        codes: AnyArray = np.full((len(block), places, 1), _END, np.int16)  # short: there may be many rows
        inside = text.position < places
        codes[text.item[inside], text.position[inside], 0] = self.vocabulary_.symbols(block)[inside] + 1
        seen = np.arange(places) <= text.length[:, None]
        layout = Layout(places, 0, [len(self.vocabulary_) + 1])
        numbers = np.zeros((len(block), places, 0), np.float32)
        return Rows(layout, numbers, codes, seen[..., None])

    def _judged(self, block: Characters) -> Iterator[tuple[slice, Float32Array, FloatArray, IntArray]]:
        """Yield part by part: logarithms of the shares, excess surprise, -inf after the end, and codes."""
        rows = self._rows(block)
        step = max(16, _VALUES_AT_ONCE // (rows.layout.positions * rows.layout.width))
        for start in range(0, len(block), step):
            here = slice(start, start + step)
            values, seen = rows.take(here)
            answer = self.network.rebuild(values, seen)
            shares = log_softmax(answer)
            excess = self.network.losses(answer, values, seen)[..., 0]
            if self.network.blind:
                excess += (np.exp(shares) * shares).sum(axis=-1)
            yield here, shares, np.where(seen[..., 0], excess, -np.inf), rows.codes[here, :, 0]

    def _mean_and_largest(self, block: Characters) -> FloatArray:
        mean, largest = np.zeros(len(block)), np.zeros(len(block))
        for here, _, excess, _ in self._judged(block):
            total = np.zeros(len(excess))
            for column in excess.T:  # one by one: a sum along an axis may round differently in other company
                total = total + np.where(np.isfinite(column), column, 0.0)
            mean[here] = total / np.isfinite(excess).sum(axis=1)
            largest[here] = excess.max(axis=1)
        return np.stack([mean, largest])

    def score(self, block: Characters) -> FloatArray:
        """Return how far the mean and the largest surprise lie beyond the list's usual ones, shape (strings,)."""
        return on_scale(self._mean_and_largest(block), self.median_, self.spread_)

    def surprise_of_characters(self, block: Characters) -> list[FloatArray]:
        """Return how surprising each character that is read is, and the end; 1.0 is the limit."""
        found: list[FloatArray] = []
        lengths = block.text.length.tolist()
        for here, _, excess, _ in self._judged(block):
            for row, length in zip(np.maximum(excess / self.limit_, 0.0), lengths[here], strict=True):
                whole = np.zeros(length + 1)
                whole[: len(row)] = row[: length + 1]
                found.append(whole)
        return found

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, its most surprising character and what was expected there."""
        scores = self.score(block)
        clues: list[list[Clue]] = []
        for here, shares, excess, codes in self._judged(block):
            for i, text in enumerate(block.values[here]):
                place = int(excess[i].argmax())
                score = float(scores[here.start + i])
                if score <= 0.0 or excess[i, place] <= 0.0:
                    clues.append([])
                    continue
                expected = self._expected(shares[i, place], int(codes[i, place]), text[place : place + 1])
                clues.append([self._clue(text, place, expected, score)])
        return clues

    def _expected(self, shares: Float32Array, code: int, seen: str) -> str:
        """Return in words what stands at a place instead of what stood there."""
        others = np.exp(shares.astype(np.float64))
        others[code] = 0.0
        if others[_END] >= others[1:].sum():
            return "the end"
        return self.vocabulary_.expected(others[1:], seen)

    def _clue(self, text: str, place: int, expected: str, score: float) -> Clue:
        clue = worst_character(text, place, expected, score, self.positions_)
        if len(text) <= self.positions_:
            return clue
        words = f"{clue.cause.reason}; only the first {self.positions_} characters are read"
        return replace(clue, cause=replace(clue.cause, reason=words))


def _taught(weight: FloatArray, random_state: np.random.Generator) -> AnyArray:
    """Return the places of the strings that teach: each as often as it has rows, drawn by them where they are many."""
    total = weight.sum()
    if total <= _LEARNT_FROM:
        return np.repeat(np.arange(len(weight)), weight.astype(np.int64))
    return random_state.choice(len(weight), _LEARNT_FROM, p=weight / total)
