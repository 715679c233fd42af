"""What many series share: the fitted models, and how a series asks them from its own place in time."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from amiss.batch import FloatArray
from amiss.part import Stored
from amiss.reading.windows import Channels
from amiss.series_committee import SeriesCommittee


class SharedModel(Stored):
    """What all series share.

    Attributes
    ----------
    committee : SeriesCommittee
        The fitted models.
    window : int
        Points in a window: the most frequent one among the series.
    period : int or None
        The most frequent period, None where it is none.
    channels : int
    points : int
        Length of the axis of places on which the stretches of all series stand.
    """

    committee: SeriesCommittee
    window: int
    period: int | None
    channels: int
    points: int


class SharedCommittee(SeriesCommittee):
    """A committee that is fitted already, asked from another place in time."""

    place: int

    @classmethod
    def of(cls, committee: SeriesCommittee, place: int) -> Self:
        """Return the committee as a series sees it whose first point stands at ``place``."""
        seen = cls.__new__(cls)
        seen.__dict__.update(vars(committee), place=place)
        return seen

    def _there(self, channels: Channels) -> Channels:
        """Return the channels at their place, long enough for a window."""
        return replace(channels, start=channels.start + self.place).at_least(channels.period + 1)

    def fit(self, channels: Channels, random_state: np.random.Generator) -> FloatArray:
        """Return the scores of the points, shape (points,): the models are fitted already."""
        return self.score(channels)

    def score(self, channels: Channels) -> FloatArray:
        """Return a score per point, shape (points,)."""
        return super().score(self._there(channels))[: len(channels)]

    def score_and_course(self, channels: Channels) -> FloatArray:
        """Return what `score` and `unsmoothed` return, side by side, shape (points, 2)."""
        return super().score_and_course(self._there(channels))[: len(channels)]

    def unsmoothed(self, channels: Channels) -> FloatArray:
        """Return the score of each point before it is smoothed, shape (points,)."""
        return super().unsmoothed(self._there(channels))[: len(channels)]

    def surprise(self, channels: Channels, expected: FloatArray | None = None) -> FloatArray:
        """Return how surprising each cell is, shape (points, channels)."""
        return super().surprise(self._there(channels))[: len(channels)]

    def expected(self, channels: Channels) -> FloatArray | None:
        """Return what was expected, shape (points, channels)."""
        found = super().expected(self._there(channels))
        return None if found is None else found[: len(channels)]

    def spread(self, channels: Channels) -> FloatArray:
        """Return the unit in which errors of what was expected are told, shape (points, channels)."""
        return super().spread(self._there(channels))[: len(channels)]
