"""N-gram: how likely each character is after, before and between the ones beside it."""

from __future__ import annotations

from math import inf
from typing import ClassVar, Self

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.text.characters import LENGTH_LIMIT, Characters, Strings, character_class
from amiss.text.contexts import FIRST, Chain, Places
from amiss.text.patterns import class_in_words
from amiss.text.texts import named, quoted

_SURE = 0.8
_FAR = 5.0
_MEASURED = 100_000
_LEAST_SPREAD = 0.2


class NGram(StringModel):
    """Surprise of each character given up to ``order`` characters on its left, and on its right, beyond
    its entropy.

    A free position costs nothing. Score: half the mean and half the largest surprise of the string, each in
    multiples of the distance from the list's median to its 95 % quantile (beyond 5 of them growing as
    the logarithm).

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
        quantiles = np.stack([weighted_quantiles(m, some.weight, (0.5, 0.95, 0.99)) for m in measured])
        self.median_ = quantiles[:, 0]
        self.spread_ = np.maximum(quantiles[:, 1] - quantiles[:, 0], _LEAST_SPREAD)
        self.limit_ = max(float(quantiles[1, 2]), 1.0)
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
        """Return half the mean and half the largest surprise, each on the list's own scale, shape
        (strings,)."""
        distance = (self._mean_and_largest(block) - self.median_[:, None]) / self.spread_[:, None]
        mean, largest = np.where(
            distance > _FAR, _FAR * (1.0 + np.log(np.maximum(distance, _FAR) / _FAR)), distance
        )
        return np.asarray(0.5 * mean + 0.5 * largest)

    def surprise(self, block: Characters) -> list[FloatArray]:
        """Return how surprising each character of each string is, and the stop after it; 1.0 is the limit."""
        places = Places(block, self.alphabet_, self.order)
        between = self.between_.excess(places.symbol, places.both)
        surprise = np.maximum((2.0 * self._excess(places) + between) / (3.0 * self.limit_), 0.0)
        return np.split(surprise, places.start[1:])

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, its most surprising character and what was expected there."""
        clues: list[list[Clue]] = []
        for text, surprise, score in zip(block.values, self.surprise(block), self.score(block), strict=True):
            place = int(surprise.argmax())
            if score <= 0.0 or surprise[place] <= 0.0:
                clues.append([])
                continue
            expected = in_words(self.expected(text, place), text[place : place + 1])
            if place >= LENGTH_LIMIT:
                cause = Cause("end", "", "", 0.0, f"only the first {LENGTH_LIMIT} characters are read")
            elif place == len(text):
                cause = Cause(
                    "end", "", expected, 0.0, f"the string ends after {quoted(text[-5:])}, unusually"
                )
            else:
                seen = text[place]
                cause = Cause(
                    f"position {place + 1}", seen, expected, 0.0, f"{named(seen)}, expected {expected}"
                )
            clues.append([Clue(float(score), (place, place), cause, clarity=1)])
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


def in_words(likely: dict[str, float], seen: str = "") -> str:
    """Return likely characters in words: one, a class other than that of what was seen, or a few.

    Examples
    --------
    >>> in_words({"7": 0.4, "3": 0.35, "-": 0.2, "x": 0.05})
    '"7", "3" or "-"'
    >>> in_words({"7": 0.5, "3": 0.48, "x": 0.02})
    'a digit'
    """
    likely = {character: share for character, share in likely.items() if character != seen}
    if not likely:
        return "another character"
    first = next(iter(likely))
    if likely[first] >= _SURE:
        return quoted(first)
    shares: dict[int, float] = {}
    for character, share in likely.items():
        shares[character_class(character)] = shares.get(character_class(character), 0.0) + share
    best = max(shares, key=lambda kind: shares[kind])
    if shares[best] >= _SURE and not (seen and character_class(seen) == best):
        return class_in_words(best)
    few = [quoted(character) for character in list(likely)[:3]]
    return " or ".join([", ".join(few[:-1]), few[-1]] if len(few) > 1 else few)


def weighted_quantiles(values: AnyArray, weight: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Return the quantiles of rows that stand for ``weight`` items each."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    where = np.minimum(np.searchsorted(share, levels), len(order) - 1)
    return np.asarray(values[order][where], np.float64)
