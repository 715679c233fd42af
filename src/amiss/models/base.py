"""Model: what is normal, learnt; how surprising each cell is, and what was expected in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.detection import Cause
from amiss.part import Part
from amiss.reading.windows import Channels
from amiss.text.characters import Characters, Strings


class AnyModel(Part):
    """What stands on the shelf of models, whatever kind of data it takes.

    Attributes
    ----------
    kinds : frozenset of str
        The kinds of data the model takes: "table", "series", "strings".
    """

    shelf: ClassVar[str] = "model"
    kinds: ClassVar[frozenset[str]] = frozenset()

    def networks(self) -> list[dict[str, Any]]:
        """Return what there is to tell of each trained network in the model, see `training.told`; none by default."""
        return []


class Model(AnyModel):
    """A model that rebuilds every cell; what it cannot rebuild is abnormal.

    Attributes
    ----------
    takes_levels : bool
        Whether it looks at the categories of a batch too.
    weight : float
        How much its calibrated score counts in a committee.
    """

    takes_levels: ClassVar[bool] = False
    weight: ClassVar[float] = 1.0

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        batch : Batch
            The training items.
        normal : ndarray of shape (items,), bool
            True for the items trusted to be normal; a model may learn from those alone.
        random_state : numpy.random.Generator
            The only source of randomness.
        """
        raise NotImplementedError

    def score(self, batch: Batch) -> FloatArray:
        """Return a score per item, shape (items,), finite, higher = more abnormal: by default the summed surprise."""
        return np.asarray(self.surprise(batch).sum(axis=1))

    def surprise(self, batch: Batch) -> FloatArray:
        """Return how surprising each cell is, shape (items, cells), >= 0, finite."""
        raise NotImplementedError

    def expected(self, batch: Batch) -> FloatArray | None:
        """Return what was expected in each cell, shape (items, cells), raw units; None where the model
        has no view."""
        return None

    def surprise_of_levels(self, batch: Batch) -> FloatArray | None:
        """Return how surprising each category is, shape (items, categories), >= 0; None where the model has no view."""
        return None

    def expected_levels(self, batch: Batch) -> IntArray | None:
        """Return the place of the level expected in each category, shape (items, categories); None: no view."""
        return None


@dataclass(frozen=True)
class Clue:
    """Something to blame in a string.

    Attributes
    ----------
    strength : float
        Its part of the string's score, >= 0, nats.
    places : tuple of int or None
        First and last character it is about, from 0; None for the string as a whole. A place just past
        the end means that something is missing there.
    cause : Cause
        In words; its share is filled in later.
    clarity : int
        Of several clues about one character the clearest gives the words.
    """

    strength: float
    places: tuple[int, int] | None
    cause: Cause
    clarity: int = 0


class StringModel(AnyModel):
    """A model of strings: it sees `Strings`, distinct strings and the rows each stands for.

    Its scores are evidence in nats, so that the scores of several models add up.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"strings"})

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        strings : Strings
            The training items.
        random_state : numpy.random.Generator
            The only source of randomness.
        """
        raise NotImplementedError

    def score(self, block: Characters) -> FloatArray:
        """Return a score per string, shape (strings,), finite, higher = more abnormal."""
        raise NotImplementedError

    def surprise_of_characters(self, block: Characters) -> list[FloatArray] | None:
        """Return how surprising each character of each string is, and its end, >= 0, 1.0 the limit; None where
        the model has no view."""
        return None

    def explained(self, block: Characters) -> tuple[list[list[Clue]], list[FloatArray] | None]:
        """Return what `clues` and `surprise_of_characters` return, in less time where they have work in common."""
        return self.clues(block), self.surprise_of_characters(block)

    def asking(self, passes: Callable[[list[str]], BoolArray]) -> Self:
        """Return the model so that it asks, of mended strings, which pass a check that nearly all others pass, when it
        looks for what to blame; by default the model as it is."""
        return self

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return what to blame in each string, one list a string."""
        return [[] for _ in block.values]


class SeriesModel(AnyModel):
    """A model of a series: it sees a stretch of `Channels` and judges its points.

    The score of a point depends on the points around it and on its place in time, not on what else the
    stretch holds.

    Attributes
    ----------
    weight : float
        How much its calibrated score counts in a committee.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"series"})
    weight: ClassVar[float] = 1.0

    def fit(self, channels: Channels, random_state: np.random.Generator) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        channels : Channels
            The training series.
        random_state : numpy.random.Generator
            The only source of randomness.
        """
        raise NotImplementedError

    def score(self, channels: Channels) -> FloatArray:
        """Return a score per point, shape (points,), finite, >= 0, higher = more abnormal."""
        raise NotImplementedError

    def fit_score(self, channels: Channels, random_state: np.random.Generator) -> FloatArray:
        """Learn what is normal, and return the scores of the training series: by default by `fit` and `score`."""
        return self.fit(channels, random_state).score(channels)

    def width(self, period: int) -> int:
        """Return over how many points the scores are smoothed: by default one window of the detector."""
        return period

    def surprise(self, channels: Channels) -> FloatArray | None:
        """Return how surprising each cell is, shape (points, channels), >= 0; None where the model cannot
        tell the channels apart."""
        return None

    def expected(self, channels: Channels) -> FloatArray | None:
        """Return what was expected in each cell, shape (points, channels), in standard deviations; None
        where the model has no view."""
        return None

    def spread(self, channels: Channels) -> FloatArray | None:
        """Return how far from what it expected each cell usually is, shape (points, channels), standard deviations;
        None where the model does not know."""
        return None
