"""The value of a trial: the error at held-out cells, or how well labelled items are told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.detectors.base import Detector
from amiss.errors import DataError, ParameterError
from amiss.models.autoencoder import Autoencoder
from amiss.tuning.held_out import HeldOut
from amiss.tuning.search_space import Member, with_models


class TrialValue(Protocol):
    """How well parameters do.

    Attributes
    ----------
    measure : str
        What the values are.
    maximise : bool
        Whether a higher value is better.
    """

    measure: ClassVar[str]
    maximise: ClassVar[bool]

    def of(self, parameters: dict[str, Any], models: Any) -> float:
        """Return the value of parameters by name; ``models``: the models of the detector with them.

        Raises
        ------
        KeyboardInterrupt
            A training was interrupted: its value would not compare.
        """


class HeldOutError:
    """The error at hidden cells of held-out rows, the mean over the neural models of the detector.

    A model that sees the data its own way, without `Rows`, predicts each cell from the others by itself; there its
    validation loss is the error.

    Parameters
    ----------
    detector : Detector
    data : frame, array or list
    members : list of Member
    seed : int
    """

    measure: ClassVar[str] = "held-out error"
    maximise: ClassVar[bool] = False

    def __init__(self, detector: Detector, data: Any, members: list[Member], seed: int) -> None:
        self.detector = detector
        self.data = data
        self.members = members
        self.seed = seed
        self.held = {
            member.place: HeldOut.of(
                member.rows, detector.kind == "series", np.random.default_rng([seed, member.place])
            )
            for member in members
            if member.rows is not None
        }

    def of(self, parameters: dict[str, Any], models: Any) -> float:
        return float(np.mean([self._of_member(member, parameters) for member in self.members]))

    def _of_member(self, member: Member, parameters: dict[str, Any]) -> float:
        made = member.made(parameters)
        if isinstance(made, Autoencoder):
            learnt_from, held = self.held[member.place]
            network = made.learn(learnt_from, member.clean, np.random.default_rng(self.seed))
            _check_whole([network.history_.ended])
            return held.error(network)
        told = with_models(self.detector, [made], self.seed).fit(self.data).history_
        _check_whole([network["ended"] for network in told])
        return float(np.mean([(n["validation_loss"] or n["loss"])[n["best"]] for n in told]))


class LabelledPrecision:
    """Average precision of the detector's scores over the labelled items.

    Parameters
    ----------
    detector : Detector
    data : frame, array or list
    marks : ndarray of shape (items,)
        1 abnormal, 0 normal, NaN unknown.
    seed : int
    """

    measure: ClassVar[str] = "average precision"
    maximise: ClassVar[bool] = True

    def __init__(self, detector: Detector, data: Any, marks: FloatArray, seed: int) -> None:
        self.detector = detector
        self.data = data
        self.marks = marks
        self.seed = seed

    def of(self, parameters: dict[str, Any], models: Any) -> float:
        fitted = with_models(self.detector, models, self.seed).fit(self.data)
        _check_whole([network["ended"] for network in fitted.history_])
        known = ~np.isnan(self.marks)
        if len(known) != len(fitted.scores_):
            raise DataError(
                f"There are {len(known)} labels and {len(fitted.scores_)} {fitted.unit}s. Give one label an item, NaN "
                "where it is unknown."
            )
        return average_precision(fitted.scores_[known], self.marks[known] == 1)


def _check_whole(ended: Sequence[str]) -> None:
    """Pass on a Ctrl-C that training took for its end: weights of half a training are no trial."""
    if "interrupted" in ended:
        raise KeyboardInterrupt


def marks_of(labels: Any) -> FloatArray:
    """Return labels as 1 abnormal, 0 normal, NaN unknown, shape (items,).

    Raises
    ------
    ParameterError
        A label is something else, or no item, or every known one, is abnormal.
    """
    try:
        values = list(labels.tolist() if hasattr(labels, "tolist") else labels)
    except TypeError:
        values = [labels]
    marks = np.array([_mark(value, place) for place, value in enumerate(values)], dtype=np.float64)
    abnormal, normal = int((marks == 1).sum()), int((marks == 0).sum())
    if not (abnormal and normal):
        raise ParameterError(
            f"labels name {abnormal} abnormal and {normal} normal items. Legal: at least one of each; they are told "
            "apart."
        )
    return marks


def _mark(value: Any, place: int) -> float:
    if value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and np.isnan(value)):
        return float("nan")
    if isinstance(value, bool | int | float | np.number | np.bool_) and value in (0, 1):
        return float(value)
    raise ParameterError(
        f"labels[{place}] is {value!r}. Legal: 1 or True for abnormal, 0 or False for normal, None or NaN for unknown."
    )


def average_precision(scores: FloatArray, abnormal: BoolArray) -> float:
    """Return the mean precision at the abnormal items, those of one score taken at once.

    Parameters
    ----------
    scores : ndarray of shape (items,)
        Higher = more abnormal.
    abnormal : ndarray of shape (items,), bool

    References
    ----------
    Buckley, Voorhees (2000), "Evaluating evaluation measure stability", section 2: non-interpolated average precision.

    Examples
    --------
    >>> import numpy as np
    >>> average_precision(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]))
    0.8333333333333333
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of each run of equal scores
    hits = np.cumsum(abnormal[order])[last]
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / (last + 1)).sum() / hits[-1])


__all__ = ["HeldOutError", "LabelledPrecision", "TrialValue", "average_precision", "marks_of"]
