"""One model for many series: memories and codes learnt over all, scale, level, band and threshold of each its own."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.detectors.series import SeriesDetector
from amiss.detectors.shared_model import SharedCommittee, SharedModel
from amiss.errors import AmissError, DataError, ParameterError
from amiss.reading.windows import Channels
from amiss.series_committee import SeriesCommittee, series_models

POINTS = 100_000
"""Points that all series together give to what they share."""

_WINDOWS = 4  # of each series, at least
_TURN = (5**0.5 - 1) / 2  # the golden section: stretches of neighbouring series stand far apart


class SharedSeries(SeriesDetector):
    """One of many series that share their models. Its places in time are counted along the axis of the shared model.

    Attributes
    ----------
    place_ : int
        Where its first training point stands on that axis.
    shared_ : SharedModel
    """

    left_out: ClassVar[frozenset[str]] = SeriesDetector.left_out | {"committee_", "shared_"}
    place_: int
    shared_: SharedModel

    def sharing(self, shared: SharedModel, place: int) -> Self:
        """Give the detector what all share, and its place; it is fitted where it was."""
        self.shared_, self.place_ = shared, place
        self.committee_ = SharedCommittee.of(shared.committee, place)
        return self

    def _choose_window(self, values: FloatArray) -> None:
        self.period_, self.window_ = self.shared_.period, self.shared_.window

    def _committee(self, models: Any) -> SeriesCommittee:
        own = len(self.timeline_.channels)
        if own != self.shared_.channels:
            raise DataError(
                f"It has {own} channel{'s' * (own != 1)} of numbers, most other series have {self.shared_.channels}: "
                "they cannot share a model. Give it the same columns, or a model of its own: share=False."
            )
        return SharedCommittee.of(self.shared_.committee, self.place_)


def learn_shared(
    params: dict[str, Any], series: Iterable[Any], count: int, random_state: np.random.Generator
) -> tuple[SharedModel, list[int]]:
    """Return what the series share, and where the first point of each stands.

    From each series a stretch is taken, those of neighbours from different parts of their time, as long as ``POINTS``
    allow and at least four windows. Between two stretches lies a window without values; it is bridged as gaps are.

    Parameters
    ----------
    params : dict
        Parameters of the detector.
    series : iterable
        The data of each series, at least one of which can be looked at.
    count : int
        How many there are.
    random_state : numpy.random.Generator

    Raises
    ------
    DataError
        None of the series can be looked at.
    ParameterError
        A parameter is outside its legal values.
    """
    seen: list[_Prepared | None] = []
    fault = None
    for data in series:
        try:
            seen.append(_prepared(params, data))
        except ParameterError:  # it is wrong for all
            raise
        except AmissError as error:
            seen.append(None)
            fault = error
    good = [one for one in seen if one is not None]
    if not good:
        raise DataError(f"None of the {count:,} series can be looked at. The last: {fault}") from fault
    channels = most_frequent(one.channels.values.shape[1] for one in good)
    good = [one for one in good if one.channels.values.shape[1] == channels]
    window = most_frequent(one.window for one in good)
    length = max(POINTS // count, _WINDOWS * window)
    parts, places, at = [], [], 0
    for number, one in enumerate(seen):
        places.append(at)
        if one is None or one.channels.values.shape[1] != channels:
            continue
        begin = int((number * _TURN % 1.0) * max(0, len(one.channels) - length))
        parts.append(_stretch(one.channels, begin, length))
        places[-1] = at - begin
        at += len(parts[-1]) + window
    shared = SharedModel()
    shared.window, shared.period = window, most_frequent(one.period for one in good)
    shared.channels, shared.points = channels, at
    models = series_models(params["models"], channels, params["training_data"] == "clean", window)
    shared.committee = SeriesCommittee(models)
    shared.committee.fit(_joined(parts, window), random_state)
    return shared, places


@dataclass(frozen=True)
class _Prepared:
    """A series on its own scale, with the window and the period it would have alone."""

    channels: Channels
    window: int
    period: int | None


def _prepared(params: dict[str, Any], data: Any) -> _Prepared:
    detector = SeriesDetector(**params)
    detector.notes_ = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        channels = detector._prepared(detector._reading_to_learn(data))
    kept = max(_WINDOWS * detector.window_, POINTS)
    return _Prepared(_stretch(channels, 0, kept), detector.window_, detector.period_)


def _stretch(channels: Channels, begin: int, length: int) -> Channels:
    end = begin + length
    return replace(channels, values=channels.values[begin:end], mask=channels.mask[begin:end])


def _joined(parts: list[Channels], window: int) -> Channels:
    """Return the stretches one after the other, a window without values between two."""
    values, masks = [parts[0].values], [parts[0].mask]
    for before, after in pairwise(parts):
        bridge = np.linspace(before.values[-1], after.values[0], window + 2)[1:-1]
        values += [bridge, after.values]
        masks += [np.ones(bridge.shape, bool), after.mask]
    return Channels(np.concatenate(values), np.concatenate(masks), 0, window)


def most_frequent(values: Iterable[Any]) -> Any:
    """Return the value met most often; of several the one met first."""
    return Counter(values).most_common(1)[0][0]
