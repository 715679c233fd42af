"""Cloze: a network that predicts every character from those on its left, those on its right, and both."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from functools import cache
from math import inf
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.models.worst_character import worst_character
from amiss.networks.cloze_lessons import Lessons
from amiss.networks.cloze_net import END, FIRST, START, ClozeNet, Ribbon
from amiss.networks.rows import Float32Array
from amiss.networks.slips import Passes, Slip, likeliest_slip
from amiss.numerics.blocks import one_blas_thread
from amiss.text.characters import Characters, Segments, Strings
from amiss.text.scale import learn_scale, on_scale
from amiss.text.texts import quoted
from amiss.text.vocabulary import RARE, Vocabulary
from amiss.training import History, Schedule, told, train

_LONGEST = 80  # characters of a string that are read
_SYMBOLS = 250
_BATCH = 1_024  # rows of a step where no batch size is given
_FEWEST_STEPS = 4  # of a pass over few strings
_MOST_PASSES, _FEWEST_REPORTS = 30, 8
_LEAST_SQUARE = 2.0  # nats squared: in a list of strings all alike less surprise than this is no distance
_WEIGHT = 2.0  # of the score beside those of other models
_ROWS_AT_ONCE = 2_048
_MEASURED = 60_000  # characters that teach what is usual in the list

SlipOf = Callable[[int], tuple[Slip, int]]


class Cloze(StringModel):
    """Surprise of each character given up to 13 on its left, and on its right, beyond the entropy of the prediction.

    A free position costs nothing. Measured: the mean surprise of the string's characters, and the sum of the squares
    of their surprise beyond the entropy, each in multiples of the distance from the list's median to its 95 % quantile
    (beyond 5 of them growing as the logarithm). Score: twice how far the mean of both lies beyond 1, softly:
    log(1 + exp(mean - 1)). The first 80 characters are read.

    Parameters
    ----------
    embedding : int
        Numbers that stand for a character.
    channels : int
        Numbers that stand for what was read on one side.
    characters : int
        Learns from about that many characters; from a sample where the list holds more, again and again where fewer.
    epochs : int, optional
        Passes over all strings. None: as many as ``characters`` allows, at most 30.
    batch_size : int, optional
        Strings of a step. None: about 1,000 characters, fewer where the list is short.
    learning_rate : float
        The highest of the one-cycle rate.
    validation_split : float
        Share of the strings held out; the weights that predict them best are kept.

    References
    ----------
    Taylor (1953), "Cloze procedure: a new tool for measuring readability". van den Oord et al. (2016), "WaveNet: a
    generative model for raw audio", section 2.1: convolutions that see one side only, spread out.
    """

    name = "cloze"
    left_out: ClassVar[frozenset[str]] = frozenset({"check"})
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        "embedding": (1, 1_024),
        "channels": (1, 4_096),
        "characters": (1, inf),
        "epochs": (1, inf),
        "batch_size": (1, inf),
        "learning_rate": (1e-12, inf),
        "validation_split": (0, 0.9),
    }
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {
        "embedding": ("log", 8, 64),
        "channels": ("log", 16, 128),
        "learning_rate": ("log", 5e-4, 2e-2),
    }

    embedding: int
    channels: int
    characters: int
    epochs: int | None
    batch_size: int | None
    learning_rate: float
    validation_split: float
    vocabulary_: Vocabulary
    places_: int
    weights_: Float32Array
    history_: History
    check: Callable[[list[str]], BoolArray] | None = None
    median_: FloatArray
    spread_: FloatArray
    limit_: float

    def __init__(
        self,
        embedding: int = 24,
        channels: int = 64,
        characters: int = 250_000,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 4e-3,
        validation_split: float = 0.1,
    ) -> None:
        self.embedding = embedding
        self.channels = channels
        self.characters = characters
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_split = validation_split

    @one_blas_thread()
    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Train the network, then measure what is usual."""
        self.vocabulary_ = Vocabulary.of(strings, _SYMBOLS)
        length = np.fromiter((min(len(v), _LONGEST) for v in strings.values), np.int64, len(strings)) + 2
        self.places_ = int(length.max())
        mean = float((length * strings.weight).sum() / strings.weight.sum())
        distinct, row = np.unique(
            self._taught(strings.weight, round(self.characters / mean), random_state), return_inverse=True
        )
        written = self._written(Characters.of([strings.values[i] for i in distinct]))
        lessons = Lessons(self._net(), written, row, random_state)
        self.history_ = train(lessons, len(row), self._schedule(len(row), mean), random_state)
        self.weights_ = lessons.weights
        some = strings.sample(_MEASURED, random_state)
        self.median_, self.spread_, limit = learn_scale(some.map(self._measured), some.weight)
        self.spread_ = np.maximum(self.spread_, (0.0, _LEAST_SQUARE))
        self.limit_ = math.sqrt(limit)
        return self

    def _taught(self, weight: FloatArray, most: int, random_state: np.random.Generator) -> AnyArray:
        """Return the strings that teach, each as often as it has rows, or drawn by them where they are too many."""
        if weight.sum() <= max(most, 1) or self.epochs is not None:
            return np.repeat(np.arange(len(weight)), weight.astype(np.int64))
        return random_state.choice(len(weight), max(most, 1), p=weight / weight.sum())

    def _schedule(self, rows: int, mean: float) -> Schedule:
        """Return how long and how fast so many rows of so many characters on average are learnt."""
        size = self.batch_size or max(1, min(round(_BATCH / mean), rows // _FEWEST_STEPS))
        epochs, steps = self.epochs, None
        if epochs is None:
            drawn = min(self.characters / mean, _MOST_PASSES * rows)
            epochs = max(_FEWEST_REPORTS, round(drawn / rows))
            steps = max(1, round(drawn / size / epochs))
        return Schedule(epochs, size, self.learning_rate, self.validation_split, 0, steps)

    def _net(self) -> ClozeNet:
        return ClozeNet(FIRST + len(self.vocabulary_), self.places_, self.embedding, self.channels)

    def _written(self, block: Characters) -> Segments:
        """Return the symbols that are read of each string, between START and END."""
        text = block.text
        read = np.minimum(text.length, _LONGEST)
        written = Segments(np.full(int((read + 2).sum()), START), read + 2)
        written.symbol[written.start + read + 1] = END
        inside = text.position < read[text.item]
        place = written.start[text.item] + 1 + text.position
        written.symbol[place[inside]] = FIRST + self.vocabulary_.symbols(block)[inside]
        return written

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of the network: its layers, how it was trained."""
        return [told(self.spec(), self._net().shapes, self.history_)]

    def _judged(self, block: Characters) -> Iterator[tuple[slice, Ribbon, Float32Array, Float32Array]]:
        """Yield part by part: the strings, as a ribbon, surprise and entropy of each row by each head."""
        written, net = self._written(block), self._net()
        ends, first = written.start + written.length, 0
        while first < len(block):
            start = int(written.start[first])
            last = max(int(np.searchsorted(ends, start + _ROWS_AT_ONCE, side="right")), first + 1)
            part = Ribbon.in_lanes(written.symbol[start : ends[last - 1]], written.length[first:last])
            yield slice(first, last), part, *net.evidence(self.weights_, part)
            first = last

    @one_blas_thread()
    def _measured(self, block: Characters) -> FloatArray:
        """Return mean surprise and sum of squared excess of each string, shape (2, strings)."""
        measured = np.empty((2, len(block)))
        for here, ribbon, surprise, entropy in self._judged(block):
            count = here.stop - here.start
            given, usual = (_both_sides(values, ribbon.judged) for values in (surprise, entropy))
            excess = np.maximum(given - usual, 0.0)
            measured[0, here] = np.bincount(ribbon.item, given, count)[:count] / ribbon.length[:count]
            measured[1, here] = np.bincount(ribbon.item, excess * excess, count)[:count]
        return measured

    def score(self, block: Characters) -> FloatArray:
        """Return how far the mean and the squared surprise lie beyond the list's usual ones, shape (strings,)."""
        return _WEIGHT * on_scale(self._measured(block), self.median_, self.spread_)

    def asking(self, passes: Callable[[list[str]], BoolArray]) -> Self:
        """Return a model of the same weights that looks for slips whose mended string passes."""
        asking = copy.copy(self)
        asking.check = passes
        return asking

    def _passes(self, text: str) -> Passes | None:
        """Return which changes make a string pass the check, None where it passes already or there is no check."""
        check = self.check
        if check is None or len(text) > _LONGEST or check([text])[0]:
            return None
        letters = [chr(code) for code in self.vocabulary_.alphabet.tolist()]

        def passes(kind: str, place: int) -> BoolArray:
            before, here, after = text[:place], text[place : place + 1], text[place + 1 :]
            if kind == "extra":
                return check([before + after])
            if kind == "swap":
                return check([before + after[:1] + here + after[1:]])
            after = after if kind == "replace" else here + after
            found = np.zeros(FIRST + len(self.vocabulary_), bool)
            found[FIRST + RARE :] = check([before + letter + after for letter in letters])
            return found

        return passes

    @one_blas_thread()
    def surprise_of_characters(self, block: Characters) -> list[FloatArray]:
        """Return how surprising each character that is read is, and the end; 1.0 is the limit.

        Around a slip several are, and the most surprising one need not be the one to blame: the character blamed by the
        likeliest slip is raised above the others.
        """
        return self._surprise(block, self._slips(block))

    def _slips(self, block: Characters) -> SlipOf:
        """Return what finds the likeliest slip of the string at a place, once, and which character it blames."""
        written, net = self._written(block), self._net()

        @cache
        def slip(place: int) -> tuple[Slip, int]:
            passes = self._passes(block.values[place])
            return likeliest_slip(net, self.weights_, _one(written, place), passes)

        return slip

    def _surprise(self, block: Characters, slip_of: SlipOf) -> list[FloatArray]:
        lengths = block.text.length.tolist()
        found: list[FloatArray] = []
        for here, ribbon, surprise, entropy in self._judged(block):
            excess = np.where(ribbon.judged, surprise - entropy, 0.0).sum(axis=0)
            excess /= np.maximum(
                ribbon.judged.sum(axis=0), 1
            )  # START, END: fewer heads; the spare rows: none
            rows = np.split(np.maximum(excess / self.limit_, 0.0), np.cumsum(ribbon.length)[:-1])
            for i, row in enumerate(rows[: here.stop - here.start], here.start):
                whole = np.zeros(lengths[i] + 1)
                whole[: len(row) - 1] = row[1:]
                if len(row) > 2 and whole.any():
                    whole[slip_of(i)[1]] += whole.max()
                found.append(whole)
        return found

    @one_blas_thread()
    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return, for each string, the likeliest slip: which character, and what was expected there."""
        return self._clues(block, self._slips(block))

    @one_blas_thread()
    def explained(self, block: Characters) -> tuple[list[list[Clue]], list[FloatArray]]:
        slip_of = self._slips(block)  # it takes most of the time: looked for once
        return self._clues(block, slip_of), self._surprise(block, slip_of)

    def _clues(self, block: Characters, slip_of: SlipOf) -> list[list[Clue]]:
        clues: list[list[Clue]] = []
        for i, (text, score) in enumerate(zip(block.values, self.score(block), strict=True)):
            if score <= 0.0 or not text:
                empty = Cause("end", "", "", 0.0, "the string is empty")
                clues.append([Clue(float(score), None, empty, clarity=1)] if score > 0.0 else [])
                continue
            clues.append([self._clue(text, *slip_of(i), float(score))])
        return clues

    def _clue(self, text: str, slip: Slip, worst: int, score: float) -> Clue:
        """Say in words what to change."""
        place, seen = slip.place, text[slip.place : slip.place + 1]
        expected = self.vocabulary_.expected(slip.shares[FIRST:], "" if slip.kind == "missing" else seen)
        position = f"position {place + 1}"
        if slip.kind == "replace":
            return worst_character(text, place, expected, score, _LONGEST)
        if slip.kind == "extra":
            cause = Cause(position, seen, "", 0.0, f"{quoted(seen)}, one character too many")
        elif slip.kind == "missing":
            cause = Cause(position, seen, expected, 0.0, f"{expected} is missing here")
        elif slip.kind == "swap":
            seen = text[place : place + 2]
            cause = Cause(position, seen, seen[::-1], 0.0, f"{quoted(seen)}, expected {quoted(seen[::-1])}")
        elif place:
            cause = Cause("end", "", "", 0.0, f"the string ends after {quoted(text[-5:])}, unusually")
        else:
            cause = Cause("beginning", "", "", 0.0, f"the string begins with {quoted(text[:5])}, unusually")
        return Clue(score, (worst, worst), cause, clarity=1)

    def expected(self, text: str, position: int) -> dict[str, float]:
        """Return the likely characters at a position given both sides, the likeliest first, with shares."""
        symbols = self._written(Characters.of([text])).symbol
        ribbon = Ribbon.in_lanes(symbols, np.array([len(symbols)]))
        shares = self._net().shares(self.weights_, ribbon, np.array([position + 1]))[0, FIRST + RARE :]
        likely = np.argsort(-shares, kind="stable").tolist()
        return {chr(self.vocabulary_.alphabet[i]): float(shares[i] / shares.sum()) for i in likely}


def _one(written: Segments, i: int) -> AnyArray:
    """Return the symbols of one string."""
    return written.symbol[written.start[i] : written.start[i] + written.length[i]]


def _both_sides(values: Float32Array, judged: AnyArray) -> FloatArray:
    """Return the mean over the two heads that see one side, shape (rows,); START and END have one of them."""
    total = np.where(judged[:2], values[:2], 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.maximum(judged[:2].sum(axis=0), 1))
