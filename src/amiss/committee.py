"""Committee: the models of a detector, how the scores of each are calibrated, and how they combine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Self

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray, IntArray
from amiss.models.base import Model
from amiss.models.robust import Robust
from amiss.numerics.calibration import Calibration, Tail, UpperQuantile, ZScore, closed, opened
from amiss.numerics.neighbourhood import Neighbourhood
from amiss.numerics.spaces import Space
from amiss.part import Stored

__all__ = ["Calibration", "Committee", "Tail", "UpperQuantile", "ZScore", "combine"]


class Committee(Stored):
    """Models that judge the same items; each is calibrated on training scores, their weighted mean decides.

    Parameters
    ----------
    models : list of Model
        Not fitted yet.
    clean : bool
        True where the training items hold no anomalies: scores are calibrated as tail probabilities. False:
        as log-compressed standard deviations, which a few anomalies among the training items do not cap.
    together : bool
        Whether items that a model finds more usual than most count alike to it, and the scores of the nearest training
        items count too, see `Neighbourhood`; not beside levels.

    Attributes
    ----------
    optimism : ndarray of shape (items,)
        By how much the items given to `fit` would score higher, had no calibration seen them. Not kept in a file.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"optimism"})
    same_length: ClassVar[tuple[tuple[str, ...], ...]] = (("models", "calibrations", "units"),)
    models: list[Model]
    clean: bool
    calibrations: list[Calibration]
    units: list[FloatArray]
    level_units: Sequence[FloatArray] = ()  # files of earlier versions have none
    together: bool = False
    space: Space | None = None
    neighbourhood: Neighbourhood | None = None
    optimism: FloatArray

    def __init__(self, models: list[Model], clean: bool = False, together: bool = False) -> None:
        self.models = models
        self.clean = clean
        self.together = together

    def fit(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> Self:
        """Fit and calibrate the models; the parameters are those of `fit_score`."""
        self.fit_score(batch, normal, random_state)
        return self

    def fit_score(self, batch: Batch, normal: BoolArray, random_state: np.random.Generator) -> FloatArray:
        """Fit and calibrate the models; return what `score` returns for the training items.

        Parameters
        ----------
        batch : Batch
            The training items.
        normal : ndarray of shape (items,), bool
            The items trusted to be normal.
        random_state : numpy.random.Generator

        Returns
        -------
        ndarray of shape (items,)
        """
        scores = [model.fit(batch, normal, random_state).score(batch) for model in self.models]
        self.calibrations = [(Tail() if self.clean else ZScore()).fit(s) for s in scores]
        lifts = [c.optimism(s) for c, s in zip(self.calibrations, scores, strict=True)]
        self.optimism = np.asarray(np.average(lifts, axis=0, weights=[m.weight for m in self.models]))
        some = batch.take(np.linspace(0, len(batch) - 1, min(len(batch), _ROWS_FOR_UNITS)).astype(int))
        self.units = [_unit(m.surprise(some)) for m in self.models]
        views = [view for m in self.models if (view := m.surprise_of_levels(some)) is not None]
        self.level_units = [np.maximum(_unit(view), _LEAST_NATS) for view in views]
        self.space = self.neighbourhood = None
        if not (self.together and batch.values.shape[1]) or batch.levels:
            return self._combined(scores)  # beside levels, rows near in the numbers alone are no neighbours
        kept = np.arange(len(batch))
        if len(batch) > _ROWS_TOGETHER:
            kept = np.sort(random_state.choice(len(batch), _ROWS_TOGETHER, replace=False))
        self.space, self.neighbourhood = Space("asinh").fit(batch), Neighbourhood()
        alone = self._combined(scores)
        return closed(self.neighbourhood.fit_drawn(self.space.apply(batch), opened(alone), kept))

    def _drawn(self, batch: Batch, alone: FloatArray) -> FloatArray:
        """Return combined scores, drawn to those of the nearest training items where they count."""
        if self.space is None or self.neighbourhood is None:
            return alone
        return closed(self.neighbourhood.drawn(self.space.apply(batch), opened(alone)))

    def _combined(self, scores: list[FloatArray]) -> FloatArray:
        calibrated = [c.apply(s) for c, s in zip(self.calibrations, scores, strict=True)]
        if (
            self.neighbourhood is not None
        ):  # how usual a model finds an item is no answer to one that finds it odd
            calibrated = [np.maximum(one, _USUAL) for one in calibrated]
        return np.asarray(np.average(calibrated, axis=0, weights=[m.weight for m in self.models]))

    def score(self, batch: Batch) -> FloatArray:
        """Return the weighted mean of the calibrated scores of each item, shape (items,), finite."""
        return self._drawn(batch, self._combined([model.score(batch) for model in self.models]))

    def gross(self, batch: Batch) -> FloatArray:
        """Return how far items lie beyond where a normal one can lie, opened, shape (items,); 0 within, or without
        `Robust`.

        It is the distance from the centre that tells, neighbours and densities take many gross items for a cluster; but
        the models that are no networks have to agree. Networks compress what is gross more than they do.
        """
        judged = list(zip(self.calibrations, self.models, strict=True))
        beyond = np.zeros(len(batch))
        for robust in [one for one in judged if isinstance(one[1], Robust)][:1]:
            far = opened(robust[0].apply(robust[1].score(batch))) - _GROSS
            gross = np.flatnonzero(far > 0)
            some = batch.take(gross)
            agreed = np.mean([c.apply(m.score(some)) for c, m in judged if not m.networks()], axis=0)
            beyond[gross] = np.where(opened(agreed) > _GROSS, far[gross], 0.0)
        return beyond

    def surprise(self, batch: Batch) -> FloatArray:
        """Return how surprising each cell is, shape (items, cells), >= 0.

        The mean of log(1 + surprise / unit) over the models, the unit being the mean surprise in training.
        """
        shares = [np.log1p(m.surprise(batch) / u) for m, u in zip(self.models, self.units, strict=True)]
        return np.asarray(np.mean(shares, axis=0))

    def expected(self, batch: Batch) -> FloatArray | None:
        """Return the median of what the models expected in each cell, shape (items, cells), raw units.

        None where no model has a view.
        """
        views = [view for m in self.models if (view := m.expected(batch)) is not None]
        return np.asarray(np.median(np.stack(views), axis=0)) if views else None

    def surprise_of_levels(self, batch: Batch) -> FloatArray | None:
        """Return how surprising each category is, as `surprise` does, shape (items, categories); None: no view."""
        views = [view for m in self.models if (view := m.surprise_of_levels(batch)) is not None]
        shares = (
            [np.log1p(view / u) for view, u in zip(views, self.level_units, strict=True)] if views else []
        )
        return np.asarray(np.mean(shares, axis=0)) if shares else None

    def expected_levels(self, batch: Batch) -> IntArray | None:
        """Return the place of the level in each category that the first model with a view expects."""
        views = (m.expected_levels(batch) for m in self.models)
        return next((view for view in views if view is not None), None)


_ROWS_FOR_UNITS = 2_000
_ROWS_TOGETHER = 10_000
_USUAL = -0.3  # calibrated: about a third of all items lie below, and count alike
_GROSS = 9.0  # the score, opened, that no normal item reaches by its distance from the centre
_LEAST_NATS = 0.1  # of a category's unit: where all are certain the least doubt would be without measure


def _unit(surprise: FloatArray) -> FloatArray:
    """Return the mean surprise of each cell, at least a tenth of the mean over all; 1.0 where all is 0."""
    means = surprise.mean(axis=0)
    return np.maximum(means, 0.1 * means.mean()) if means.any() else np.ones_like(means)


def combine(
    calibrations: list[Calibration], scores: list[FloatArray], how: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Return the combined score of each item: ``how`` of the calibrated scores, (models, items)."""
    return how(np.stack([c.apply(s) for c, s in zip(calibrations, scores, strict=True)]))
