"""N-gram: how likely each character is after, before and between the ones beside it."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.models.base import Clue, StringModel
from amiss.models.worst_character import worst_character
from amiss.text.characters import LENGTH_LIMIT, Characters, Strings
from amiss.text.contexts import FIRST, Chain, Places
from amiss.text.likely import in_words
from amiss.text.scale import learn_scale, on_scale

_MEASURED = 100_000


class NGram(StringModel):
    """Surprise of each character given up to ``order`` characters on its left, and on its right, beyond
    its entropy.

    A free position costs nothing. Measured: the mean and the largest surprise of the string, each in
    multiples of the distance from the list's median to its 95 % quantile (beyond 5 of them growing as
    the logarithm). Score: how far the mean of both lies beyond 1, softly: log(1 + exp(mean - 1)).

    Parameters
    ----------
    order : int
        Longest context, characters.
    characters : int
        Learns from about that many characters; from a sample where the list holds more.
    """

    name = "ngram"
    legal: ClassVar[dict[str, tuple[float, float]]] = {"order": (1, 9), "characters": (1, inf)}

    order: int
    characters: int
    alphabet_: IntArray
    forward_: Chain
    backward_: Chain
    between_: Chain
    median_: FloatArray
    spread_: FloatArray
    limit_: float

    def __init__(self, order: int = 3, characters: int = 1_000_000) -> None:
        self.order = order
        self.characters = characters

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Count the contexts."""
        strings = strings.sample(self.characters, random_state)
        block = Characters.of(strings.values)
        self.alphabet_ = np.unique(block.text.symbol)
        places = Places(block, self.alphabet_, self.order)
        weight, kinds = strings.weight[places.item], len(self.alphabet_) + FIRST
        self.forward_ = Chain(places.symbol, places.left, weight, kinds)
        self.backward_ = Chain(places.backward, places.right, weight, kinds)
        self.between_ = Chain(places.symbol, places.both, weight, kinds)
        some = strings.sample(_MEASURED, random_state)
        measured = self._mean_and_largest(Characters.of(some.values))
        self.median_, self.spread_, self.limit_ = learn_scale(measured, some.weight)
        return self

    def _mean_and_largest(self, block: Characters) -> FloatArray:
        places = Places(block, self.alphabet_, self.order)
        excess = self._excess(places)
        mean = np.bincount(places.item, excess, minlength=len(block)) / places.length
        return np.stack([mean, np.maximum.reduceat(excess, places.start)])

    def _excess(self, places: Places) -> FloatArray:
        forward = self.forward_.excess(places.symbol, places.left)
        backward = self.backward_.excess(places.backward, places.right)
        return np.asarray((forward + backward[places.mirror]) / 2)

    def score(self, block: Characters) -> FloatArray:
        """Return how far the mean and the largest surprise lie beyond the list's usual ones, shape
        (strings,)."""
        return on_scale(self._mean_and_largest(block), self.median_, self.spread_)

    def surprise_of_characters(self, block: Characters) -> list[FloatArray]:
        """Return how surprising each character of each string is, and the stop after it; 1.0 is the limit."""
        places = Places(block, self.alphabet_, self.order)
        between = self.between_.excess(places.symbol, places.both)
        surprise = np.maximum((2.0 * self._excess(places) + between) / (3.0 * self.limit_), 0.0)
        return np.split(surprise, places.start[1:])

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, its most surprising character and what was expected there."""
        clues: list[list[Clue]] = []
        for text, surprise, score in zip(
            block.values, self.surprise_of_characters(block), self.score(block), strict=True
        ):
            place = int(surprise.argmax())
            if score <= 0.0 or surprise[place] <= 0.0:
                clues.append([])
                continue
            expected = in_words(self.expected(text, place), text[place : place + 1])
            clues.append([worst_character(text, place, expected, float(score), LENGTH_LIMIT)])
        return clues

    def expected(self, text: str, position: int) -> dict[str, float]:
        """Return the likely characters at a position given both sides, the likeliest first, with shares.

        Left and right are taken as independent given the character.
        """
        places = Places(Characters.of([text]), self.alphabet_, self.order)
        there = places.mirror[position]
        p = self.forward_.distribution([c[position] for c in places.left])
        p = p * self.backward_.distribution([c[there] for c in places.right])
        p = (p / self.forward_.distribution([]))[FIRST:]
        likely = np.argsort(-p, kind="stable")
        return {chr(self.alphabet_[i]): float(p[i] / p.sum()) for i in likely}
