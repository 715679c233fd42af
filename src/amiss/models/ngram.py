"""N-gram: how likely each character is after, before and between the ones beside it."""

from __future__ import annotations

from typing import Self

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray
from amiss.characters import LENGTH_LIMIT, Characters, HashArray, Strings, character_class, find, mix
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.part import Stored
from amiss.patterns import class_in_words
from amiss.texts import named, quoted

OTHER, START, STOP = 0, 1, 2
_FIRST = 3
_SURE = 0.8
_FAR = 5.0
_LEAST_SPREAD = 0.2


class Order(Stored):
    """The contexts of one length: rows, kinds of symbols and entropy of each, and the rows of each symbol
    in it."""

    keys: HashArray
    rows: FloatArray
    kinds: FloatArray
    entropy: FloatArray
    pairs: HashArray
    pair_rows: FloatArray


class Chain(Stored):
    """Probability of a symbol given longer and longer contexts, each falling back on the one before.

    p(s | context) = (rows of s there + kinds p(s | shorter context)) / (rows there + kinds), kinds = number
    of different symbols seen there. One row is always left out, whoever asks.

    References
    ----------
    Witten and Bell (1991), "The zero-frequency problem", IEEE Transactions on Information Theory 37(4),
    method C, interpolated.
    """

    base: FloatArray
    base_entropy: float
    orders: list[Order]

    def __init__(self, symbol: IntArray, contexts: list[HashArray], weight: FloatArray, kinds: int) -> None:
        self.base = np.bincount(symbol, weight, minlength=kinds).astype(np.float64)
        p = (self.base + 0.5) / (self.base.sum() + 0.5 * kinds)
        self.base_entropy = float(-(p * np.log(p)).sum())
        self.orders = []
        shorter, entropy = p[symbol], np.full(len(symbol), self.base_entropy)
        for context in contexts:
            shorter, entropy = self._add(symbol, context, weight, kinds, shorter, entropy)

    def _add(
        self,
        symbol: IntArray,
        context: HashArray,
        weight: FloatArray,
        kinds: int,
        shorter: FloatArray,
        entropy: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Learn one more length of context; return p and the entropy at every position."""
        keys, place = np.unique(context, return_inverse=True)
        _, first, pair = np.unique(place * kinds + symbol, return_index=True, return_inverse=True)
        owner, low = place[first], shorter[first]
        rows = np.bincount(place, weight, minlength=len(keys)).astype(np.float64)
        pair_rows = np.bincount(pair, weight, minlength=len(first)).astype(np.float64)
        seen = np.bincount(owner, minlength=len(keys)).astype(np.float64)
        p = (pair_rows + seen[owner] * low) / (rows + seen)[owner]
        # unseen symbols share the rest in the proportions of the shorter context: entropy in closed form
        back = seen / (rows + seen)
        below = np.zeros(len(keys))
        below[place] = entropy
        mass = np.bincount(owner, low, minlength=len(keys))
        unseen = np.maximum(below - np.bincount(owner, -low * np.log(low), minlength=len(keys)), 0.0)
        rest = back * (unseen - np.log(back) * np.maximum(1.0 - mass, 0.0))
        total = np.bincount(owner, -p * np.log(p), minlength=len(keys)) + rest
        order = Order()
        kept = rows > 1
        order.keys, order.rows, order.kinds, order.entropy = keys[kept], rows[kept], seen[kept], total[kept]
        hashes = mix(keys[owner] + mix(symbol[first]))
        often = np.flatnonzero(pair_rows > 1)
        often = often[np.argsort(hashes[often])]
        order.pairs, order.pair_rows = hashes[often], pair_rows[often]
        self.orders.append(order)
        return p[pair], total[place]

    def excess(self, symbol: IntArray, contexts: list[HashArray]) -> FloatArray:
        """Return -log p minus the entropy of the symbol's place, nats; one row of each left out."""
        rest = np.maximum(self.base.sum() - 1.0, 0.0) + 0.5 * len(self.base)
        p = (np.maximum(self.base[symbol] - 1.0, 0.0) + 0.5) / rest
        entropy = np.full(len(symbol), self.base_entropy)
        for context, order in zip(contexts, self.orders, strict=True):
            where, known = find(order.keys, context)
            if not known.any():
                continue
            pair, seen = find(order.pairs, mix(context + mix(symbol)))
            others = (
                np.where(seen, order.pair_rows[pair] - 1.0, 0.0) if len(order.pairs) else np.zeros(len(p))
            )
            # the symbol's own row may be the only one of its kind
            kinds = np.where(others > 0, order.kinds[where], np.maximum(order.kinds[where] - 1.0, 1.0))
            p = np.where(known, (others + kinds * p) / (order.rows[where] - 1.0 + kinds), p)
            entropy = np.where(known, order.entropy[where], entropy)
        return np.asarray(-np.log(p) - entropy)

    def distribution(self, contexts: list[np.uint64]) -> FloatArray:
        """Return the probability of every symbol in a place, shape (symbols,); without contexts, anywhere."""
        p: FloatArray = (self.base + 0.5) / (self.base.sum() + 0.5 * len(self.base))
        symbols = mix(np.arange(len(self.base)))
        for context, order in zip(contexts, self.orders, strict=False):
            where, known = find(order.keys, np.array([context]))
            if known[0]:
                pair, seen = find(order.pairs, mix(context + symbols))
                rows = np.where(seen, order.pair_rows[pair], 0.0) if len(order.pairs) else np.zeros(len(p))
                kinds = order.kinds[where[0]]
                p = (rows + kinds * p) / (rows.sum() + kinds)
        return p


class Places:
    """Every position of a block of strings, the stop after each among them, and the contexts of each.

    Attributes
    ----------
    symbol, backward : ndarray of shape (positions,)
        Symbols in reading order; those of each string from its end.
    left, right, both : list of ndarray of shape (positions,)
        Hashes of the contexts, short to long, of ``symbol``, of ``backward``, of ``symbol``.
    mirror : ndarray of shape (positions,)
        Where in ``backward`` each position of ``symbol`` stands.
    """

    def __init__(self, block: Characters, alphabet: IntArray, order: int) -> None:
        text = block.text
        code = np.searchsorted(alphabet, text.symbol)
        known = alphabet[np.minimum(code, len(alphabet) - 1)] == text.symbol if len(alphabet) else code < 0
        code = np.where(known, code + _FIRST, OTHER)
        self.length = text.length + 1
        self.start = np.cumsum(self.length) - self.length
        self.item = np.repeat(np.arange(len(block)), self.length)
        position = np.arange(len(self.item)) - self.start[self.item]
        self.symbol, self.backward = np.full((2, len(self.item)), STOP)
        self.symbol[np.arange(len(code)) + text.item] = code
        self.backward[self.start[text.item] + text.length[text.item] - 1 - text.position] = code
        last = self.length[self.item] - 1
        self.mirror = self.start[self.item] + np.where(position == last, last, last - 1 - position)
        self.left = _contexts(self.symbol, position, order)
        self.right = _contexts(self.backward, position, order)
        after = np.full(len(self.item), START)
        after[:-1] = np.where(position[1:] > 0, self.symbol[1:], START)
        self.both = [self.left[0], mix(self.left[0] + mix(mix(after)))]


def _contexts(symbol: IntArray, position: IntArray, order: int) -> list[HashArray]:
    """Return the hashes of the 1, 2, ... ``order`` symbols before each position."""
    contexts, running = [], np.zeros(len(symbol), np.uint64)
    for back in range(1, order + 1):
        before = np.full(len(symbol), START)
        before[back:] = symbol[:-back]
        before[position < back] = START
        running = mix(running + mix(before))
        contexts.append(running)
    return contexts


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
        weight, kinds = strings.weight[places.item], len(self.alphabet_) + _FIRST
        self.forward_ = Chain(places.symbol, places.left, weight, kinds)
        self.backward_ = Chain(places.backward, places.right, weight, kinds)
        self.between_ = Chain(places.symbol, places.both, weight, kinds)
        measured = self._mean_and_largest(block)
        quantiles = np.stack([weighted_quantiles(m, strings.weight, (0.5, 0.95, 0.99)) for m in measured])
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
            expected = in_words(self.expected(text, place))
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
        p = (p / self.forward_.distribution([]))[_FIRST:]
        likely = np.argsort(-p, kind="stable")
        return {chr(self.alphabet_[i]): float(p[i] / p.sum()) for i in likely}


def in_words(likely: dict[str, float]) -> str:
    """Return likely characters in words: one, a class, or a few.

    Examples
    --------
    >>> in_words({"7": 0.4, "3": 0.35, "-": 0.2, "x": 0.05})
    '"7", "3" or "-"'
    >>> in_words({"7": 0.5, "3": 0.48, "x": 0.02})
    'a digit'
    """
    if not likely:
        return "nothing"
    first = next(iter(likely))
    if likely[first] >= _SURE:
        return quoted(first)
    shares: dict[int, float] = {}
    for character, share in likely.items():
        shares[character_class(character)] = shares.get(character_class(character), 0.0) + share
    best = max(shares, key=lambda kind: shares[kind])
    if shares[best] >= _SURE:
        return class_in_words(best)
    few = [quoted(character) for character in list(likely)[:3]]
    return " or ".join([", ".join(few[:-1]), few[-1]] if len(few) > 1 else few)


def weighted_quantiles(values: AnyArray, weight: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Return the quantiles of rows that stand for ``weight`` items each."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    where = np.minimum(np.searchsorted(share, levels), len(order) - 1)
    return np.asarray(values[order][where], np.float64)
