"""Committee of a series: its models, how each is calibrated, and how they add up to a score a point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import FloatArray
from amiss.models.asked import fresh_models
from amiss.models.base import SeriesModel
from amiss.numerics.calibration import Calibration, ExponentialTail, UpperQuantile
from amiss.part import Stored
from amiss.reading.stretches import in_blocks, learnt_from
from amiss.reading.windows import LEARNT_FROM, Channels, moving_mean

_ONE_CHANNEL = ("kernels", "shapes", "codebook")
_WINDOWS = (8, 32, 128, 256)  # of one channel, beside the detector's: no single length suits all anomalies
_BEND = 6.0  # of tails of many channels: one in a million
_MORE = 32  # points, beside windows, that a score may depend on
_HIDDEN = 8  # each so-manieth value is hidden from the models, and foretold
_MANY_CHANNELS = (
    "subspace",
    "subspace:detrended=True",
    "own_past",
    "other_channels",
    "codebook:of=points,blocks=3",
    "kernels:whitening=0.0",
)


class SeriesCommittee(Stored):
    """Models that judge the same points; the sum of their calibrated scores, each smoothed over its window.

    One channel: each model counts in multiples of its 0.9 quantile. Many: each counts as a tail probability.

    Parameters
    ----------
    models : list of SeriesModel
        Not fitted yet.

    Attributes
    ----------
    usual : float or None
        The median of the training points' scores before they are smoothed.
    """

    models: list[SeriesModel]
    calibrations: list[Calibration]
    foreteller: int | None = None
    usual: float | None = None  # files of earlier versions do not say

    def __init__(self, models: list[SeriesModel]) -> None:
        self.models = models

    def fit(self, channels: Channels, random_state: np.random.Generator) -> FloatArray:
        """Fit and calibrate the models; return the scores of the training points, shape (points,).

        A long series is calibrated on the stretches that are learnt from, and then scored block by block.
        """
        self.calibrations = []
        one, whole = channels.values.shape[1] == 1, len(channels) <= LEARNT_FROM
        if whole:
            raw = [model.fit_score(channels, random_state) for model in self.models]
        else:
            fitted = [model.fit(channels, random_state) for model in self.models]
            raw = [learnt_from(model.score, channels, self.dependence(channels.period)) for model in fitted]
        self.calibrations = [
            (UpperQuantile() if one else ExponentialTail(_BEND)).fit(scores) for scores in raw
        ]
        self._choose_foreteller(channels)
        self.usual = self._usual(raw, channels)
        if whole:
            return self._combined(raw, channels)
        return in_blocks(self.score, channels, self.dependence(channels.period))

    def _usual(self, raw: list[FloatArray], channels: Channels) -> float:
        """Return the median score, before it is smoothed, of the points learnt from."""

        def seen(width: int) -> FloatArray:
            def judge(some: Channels) -> FloatArray:
                return share_seen(replace(some, period=width)) ** 2

            return learnt_from(judge, channels, 2 * width)

        sums = self._sums(raw, channels.period)
        return float(np.median(sum(total * seen(width) for width, total in sums.items())))

    def score(self, channels: Channels) -> FloatArray:
        """Return a score per point, shape (points,), finite, >= 0; 0 where every channel is missing."""
        return self._combined((model.score(channels) for model in self.models), channels)

    def unsmoothed(self, channels: Channels) -> FloatArray:
        """Return the score of each point before it is smoothed, shape (points,): that of its window alone."""
        totals = self._totals((model.score(channels) for model in self.models), channels)
        return np.asarray(sum(totals.values()))

    def score_and_course(self, channels: Channels) -> FloatArray:
        """Return what `score` and `unsmoothed` return, side by side, shape (points, 2)."""
        raw = [model.score(channels) for model in self.models]
        course = np.asarray(sum(self._totals(raw, channels).values()))
        return np.column_stack([self._combined(raw, channels), course])

    def reach(self, period: int) -> int:
        """Return the points in the longest window, where the detector's has ``period``."""
        return max([period, *(model.width(period) for model in self.models)])

    def dependence(self, period: int) -> int:
        """Return on how many points on either side a score depends, where the detector's window has ``period``."""
        steps = [int(getattr(model, "steps_", 1)) for model in self.models]
        return 2 * max(self.reach(period), *steps) + _MORE

    def _sums(self, raw: Iterable[FloatArray], period: int) -> dict[int, FloatArray]:
        """Return the sum of the calibrated scores by the length of the window they come from."""
        sums: dict[int, FloatArray] = {}
        for model, calibration, scores in zip(self.models, self.calibrations, raw, strict=True):
            width = model.width(period)
            sums[width] = sums.get(width, 0.0) + model.weight * calibration.apply(scores)
        return sums

    def _totals(self, raw: Iterable[FloatArray], channels: Channels) -> dict[int, FloatArray]:
        """Return the same, windows counted by the share of them that was seen."""
        sums = self._sums(raw, channels.period)
        return {
            width: total * share_seen(replace(channels, period=width)) ** 2 for width, total in sums.items()
        }

    def _combined(self, raw: Iterable[FloatArray], channels: Channels) -> FloatArray:
        totals = self._totals(raw, channels)
        smooth = np.sum([moving_mean(total, width) for width, total in totals.items()], axis=0)
        return np.where(channels.mask.all(axis=1), 0.0, np.maximum(smooth, 0.0))

    def surprise(self, channels: Channels, expected: FloatArray | None = None) -> FloatArray:
        """Return how surprising each cell is, shape (points, channels), >= 0, smoothed over one period.

        ``expected``: what is expected, where it is known already.
        """
        found = [surprise for m in self.models if (surprise := m.surprise(channels)) is not None]
        if not found:
            expected = self.expected(channels) if expected is None else expected
            found = [np.abs(channels.values - (0.0 if expected is None else expected))]
        return moving_mean(np.where(channels.mask, 0.0, np.sum(found, axis=0)), channels.period)

    def expected(self, channels: Channels) -> FloatArray | None:
        """Return what the first model with a view expected, or one that foretells better and how well.

        Shape (points, channels); None where no model has a view.
        """
        if self.foreteller is not None:
            return self.models[self.foreteller].expected(channels)
        views = (model.expected(channels) for model in self.models)
        return next((view for view in views if view is not None), None)

    def spread(self, channels: Channels) -> FloatArray:
        """Return the unit in which errors of what was expected are told, shape (points, channels)."""
        known = None if self.foreteller is None else self.models[self.foreteller].spread(channels)
        return np.ones(channels.values.shape) if known is None else known

    def _choose_foreteller(self, channels: Channels) -> None:
        """Let a model that knows its spread tell what was expected, where it foretells hidden values better."""
        self.foreteller = None
        point = channels.stretch(0, 1)
        knowing = [at for at, model in enumerate(self.models) if model.spread(point) is not None]
        least = self._error_of_hidden(channels, self.expected) if knowing else 0.0
        for at in knowing:
            if (found := self._error_of_hidden(channels, self.models[at].expected)) < least:
                self.foreteller, least = at, found

    def _error_of_hidden(
        self, channels: Channels, expected: Callable[[Channels], FloatArray | None]
    ) -> float:
        """Return the mean absolute error of what is expected of values that are hidden."""

        def error(some: Channels) -> FloatArray:
            hidden = np.arange(len(some)) % _HIDDEN == _HIDDEN - 1
            found = expected(some.without(hidden))
            judged = hidden[:, None] & ~some.mask
            if found is None:
                return np.full(judged.shape, np.nan)
            return np.where(judged, np.abs(some.values - found), np.nan)

        errors = learnt_from(error, channels, self.dependence(channels.period))
        errors = errors[~np.isnan(errors)]
        return float(errors.mean()) if len(errors) else np.inf


def share_seen(channels: Channels) -> FloatArray:
    """Return which share of the window around each point was seen, 0 to 1, shape (points,).

    What stands in a gap was made up, so that a window counts by that share, squared. Gaps of less than an eighth of
    a window are bridged well and do not count.
    """
    if not channels.mask.any():
        return np.ones(len(channels))
    from scipy.ndimage import binary_opening

    gaps = binary_opening(channels.mask, np.ones((max(1, channels.period // 8), 1)))
    return np.asarray(moving_mean(1.0 - gaps.mean(axis=1), channels.period))


def series_models(asked: Any, channels: int, clean: bool = False, longest: int = 0) -> list[SeriesModel]:
    """Return fresh models as asked for; "auto" and "fast" depend on the number of channels.

    One channel is seen through the detector's window and through others of 8 to 256 points, as far as they are no
    longer than ``longest``; "fast" looks through the detector's alone.

    Raises
    ------
    UnknownPartError
        No model of that name looks at series.
    """
    if channels > 1:
        return fresh_models("series", asked, _MANY_CHANNELS, clean)
    lengths = [] if asked in ("fast", ["fast"]) else [window for window in _WINDOWS if window <= longest]
    more = [f"{name}:window={window}" for window in lengths for name in _ONE_CHANNEL]
    return fresh_models("series", asked, [*_ONE_CHANNEL, *more], clean)
