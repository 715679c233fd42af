"""The path every detector walks: prepare, let the models score, set the threshold, explain.

A kind of data says how its items are prepared, scored and explained (`_learn`, `_score`, `_explain`); everything else,
scikit-learn's methods among it, stands here once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import AnyArray, FloatArray
from amiss.detection import Anomaly, Detection, Evidence
from amiss.detectors.of_training import OfTraining
from amiss.detectors.takes_labels import TakesLabels
from amiss.errors import AmissWarning, DataError, ParameterError
from amiss.models.base import AnyModel
from amiss.models.given import kept, own_networks, take_given
from amiss.models.own_network import OwnNetwork
from amiss.numerics.blocks import one_blas_thread
from amiss.part import Stored, make_part
from amiss.thresholds import Threshold

_FEW_ITEMS = 50


class Detector(TakesLabels, Stored):
    """What the three detectors share.

    Attributes
    ----------
    scores_ : ndarray of shape (items,)
        Scores of the items given to `fit`, higher = more abnormal. Not kept in a model file.
    threshold_ : float
        An item is abnormal when its score is greater.
    p_values_ : ndarray of shape (items,)
        How likely a normal item scores at least as high as each item given to `fit`. Not kept in a model file.
    offset_ : float
        scikit-learn's: ``decision_function(X) == score_samples(X) - offset_``.
    """

    kind: ClassVar[str]
    unit: ClassVar[str]
    default_threshold: ClassVar[str] = "peaks"
    left_out: ClassVar[frozenset[str]] = frozenset({"scores_", "p_values_", "_good"})

    models: Any
    threshold: Any
    training_data: str
    random_state: Any
    threshold_rule_: Threshold
    notes_: list[str]
    offset_: float
    threshold_: float
    scores_ = OfTraining()
    p_values_ = OfTraining()

    # ------------------------------------------------------------- a kind of data fills these in
    def _reading(self, data: Any) -> Any:
        """Return new data, read once, as `_score`, `_explain` and `_notes_on` take it: by default as it is."""
        return data

    def _reading_to_learn(self, data: Any) -> Any:
        """Return the data given to `fit`, read once, as `_learn` takes it, and what `_reading` is for takes it too."""
        return self._reading(data)

    def _learn(self, data: Any, random_state: np.random.Generator) -> FloatArray:
        """Learn what is normal in ``data`` (sets names that end in ``_``); return its scores, shape (items,), >= 0.

        The scores are exactly what `_score` returns for the same data.
        """
        raise NotImplementedError

    def _score(self, data: Any) -> FloatArray:
        """Return the scores of ``data``, shape (items,), finite, >= 0."""
        raise NotImplementedError

    def _explain(self, data: Any, scores: FloatArray, flagged: AnyArray) -> tuple[list[Anomaly], Evidence]:
        """Return the anomalies among the items at ``flagged`` (positions), the worst first, and what a report shows."""
        raise NotImplementedError

    def _independent(self, scores: FloatArray) -> FloatArray:
        """Return the training scores the threshold is learnt from: all, or some where they hang together."""
        return scores

    def _reach(self) -> int:
        """Return over how many neighbouring items a score reaches, 1 where items stand alone."""
        return 1

    def _notes_on(self, data: Any) -> tuple[str, ...]:
        """Return what to know about an answer on this very data, beside the notes of `fit`."""
        return ()

    def summary(self) -> dict[str, Any]:
        """Return what was learnt, in plain words and numbers, ready for JSON."""
        raise NotImplementedError

    def _fitted_models(self) -> Sequence[AnyModel]:
        """Return the models that were fitted; none by default."""
        return ()

    def _own_networks(self) -> list[OwnNetwork]:
        """Return the networks of the user's own among the fitted models."""
        return own_networks(self._fitted_models())

    def _take_given(self, given: Any) -> None:
        """Take the networks whose code no model file holds, after loading."""
        self.models = take_given(self.models, self._own_networks(), given)

    def state(self) -> dict[str, Any]:
        found = super().state()
        return {**found, "models": kept(found["models"])}

    @property
    def history_(self) -> list[dict[str, Any]]:
        """How each neural network of the detector was trained, one dict a network; empty where it has none.

        Keys: name, layers (name, shape, weights), weights (in all), loss and validation_loss (epoch by epoch), best
        (the epoch, from 0, whose weights were kept), rate, ended ("epochs", "patience" or "interrupted"), restarted
        (at a lower rate), outcome (in words).
        """
        self._check_is_fitted()
        return [network for model in self._fitted_models() for network in model.networks()]

    def _probe(self) -> Any:
        """Return a few items of the kind learnt; a detector from a file must answer for them to be let in."""
        raise NotImplementedError

    # ------------------------------------------------------------- the path
    @one_blas_thread()
    def fit(self, X: Any, y: None = None, labels: Any = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : frame, array or list
            The training items.
        y : None
            Ignored; kept for scikit-learn.
        labels : array of shape (items,) or None
            1 or True for an item known to be an anomaly: not learnt from, scored afterwards. 0 or False for one
            known to be normal: trusted whatever it looks like, and the threshold is raised where that is needed for it.
            None or NaN where nobody said. Of a series also ranges: a list of (start, end, label), times or numbers of
            rows, both ends among them.

        Returns
        -------
        self

        Raises
        ------
        DataError
            The data cannot be used.
        ParameterError
            A parameter is outside its legal values.
        """
        if labels is not None:
            return self._fit_labelled(X, labels)
        self._learn_from(X)
        return self

    def _learn_from(self, X: Any) -> Any:
        """Learn what is normal; return the data as it was read."""
        if self.training_data not in ("mixed", "clean"):
            raise ParameterError(
                f"training_data is {self.training_data!r}. Legal: 'mixed' (it may hold anomalies) or 'clean' "
                "(it holds none)."
            )
        rule = make_part(Threshold, self.default_threshold if self.threshold == "auto" else self.threshold)
        self.notes_ = []
        reading = self._reading_to_learn(X)
        scores = self._learn(reading, _generator(self.random_state))
        self._note_training()
        self._set_threshold(type(rule)(**rule.parameters()), self._finite(scores))
        return reading

    def _set_threshold(self, rule: Threshold, scores: FloatArray) -> None:
        self.threshold_rule_ = rule.fit(self._independent(scores), clean=self.training_data == "clean")
        self.scores_ = scores
        self.threshold_ = self.threshold_rule_.threshold_
        self.offset_ = -self.threshold_
        self.p_values_ = self.threshold_rule_.p_values(scores)
        if len(scores) < _FEW_ITEMS:
            self._note(
                f"Only {len(scores)} {self.unit}{'s' * (len(scores) != 1)} to learn from: too few to say much; "
                f"p-values below {1 / (len(scores) + 1):.2g} are extrapolated."
            )

    def _note_training(self) -> None:
        for network in self.history_:
            if network["ended"] == "interrupted":
                self._note(f"The training of {network['name']} was interrupted: {network['outcome']}.")
            elif network["restarted"]:
                self._note(
                    f"The loss of {network['name']} was no number: it was trained anew at a tenth of the rate "
                    f"({network['rate']:g})."
                )

    def _note(self, text: str) -> None:
        """Keep what the reader should know, and warn."""
        self.notes_.append(text)
        warnings.warn(text, AmissWarning, stacklevel=2)

    @one_blas_thread()
    def score_samples(self, X: Any) -> FloatArray:
        """Return the score of each item with scikit-learn's sign: higher = more normal.

        Parameters
        ----------
        X : frame, array or list
            Items of the kind given to `fit`.

        Returns
        -------
        ndarray of shape (items,)
        """
        self._check_is_fitted()
        return -self._finite(self._score(self._reading(X)))

    def decision_function(self, X: Any) -> FloatArray:
        """Return ``score_samples(X) - offset_``: below 0 is abnormal, shape (items,)."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return +1 for each normal and -1 for each abnormal item, shape (items,)."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def fit_predict(self, X: Any, y: None = None) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Fit on ``X`` and return +1 for each normal and -1 for each abnormal item of it."""
        self.fit(X)
        return np.where(self.scores_ <= self.threshold_, 1, -1)

    @one_blas_thread()
    def detect(self, X: Any) -> Detection:
        """Return what is amiss in ``X``: scores, p-values, verdicts, and the anomalies with their causes.

        Parameters
        ----------
        X : frame, array or list
            Items of the kind given to `fit`; the very data given to `fit` is welcome.

        Returns
        -------
        Detection
        """
        self._check_is_fitted()
        reading = self._reading(X)
        return self._detection(X, reading, self._finite(self._score(reading)))

    @one_blas_thread()
    def fit_detect(self, X: Any) -> Detection:
        """Learn what is normal in ``X``, and return what is amiss in it.

        The answer is that of ``fit(X).detect(X)``, in less time: the data is read and scored once.

        Parameters
        ----------
        X : frame, array or list
            The items to learn from and to judge.

        Returns
        -------
        Detection

        Raises
        ------
        DataError
            The data cannot be used.
        ParameterError
            A parameter is outside its legal values.

        Examples
        --------
        >>> from amiss import StringDetector
        >>> detection = StringDetector().fit_detect([f"AB{i:02d}" for i in range(99)] + ["AB-7"])
        >>> [anomaly.label for anomaly in detection]
        ['"AB-7"']
        """
        reading = self._learn_from(X)
        return self._detection(X, reading, self.scores_)

    def _detection(self, X: Any, reading: Any, scores: FloatArray) -> Detection:
        flags = scores > self.threshold_
        worst_first = np.argsort(-scores, kind="stable")
        anomalies, evidence = self._explain(reading, scores, worst_first[flags[worst_first]])
        return Detection(
            kind=self.kind,
            unit=self.unit,
            scores=scores,
            threshold=self.threshold_,
            p_values=self.threshold_rule_.p_values(scores),
            flags=flags,
            anomalies=tuple(anomalies),
            chance=self.threshold_rule_.expected_by_chance(),
            reach=self._reach(),
            evidence=evidence,
            learnt=self.summary(),
            notes=(*self.notes_, *self._notes_on(reading), *self.threshold_rule_.notes_on(flags, self.unit)),
            native=X,
        )

    @one_blas_thread()
    def explain(self, X: Any) -> list[Anomaly]:
        """Return one `Anomaly` with its causes for every item of ``X``, flagged or not, in the order of ``X``."""
        self._check_is_fitted()
        reading = self._reading(X)
        scores = self._finite(self._score(reading))
        anomalies, _ = self._explain(reading, scores, np.arange(len(scores)))
        return sorted(anomalies, key=lambda a: a.place)

    def _explain_items(self, X: Any, places: Sequence[int]) -> list[Anomaly]:
        """Return what `explain` says of the items at some places."""
        wanted = set(places)
        return [anomaly for anomaly in self.explain(X) if anomaly.place in wanted]

    def _finite(self, scores: FloatArray) -> FloatArray:
        """Return the scores; no detector answers with a number that is none, whatever a model of yours does."""
        if not np.isfinite(scores).all():
            place = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise DataError(
                f"The score of {self.unit} {place} is {scores[place]}. A model of your own must give finite "
                "scores; a model file whose parts do not fit together must be made again."
            )
        return scores

    def _relative(self, score: float) -> float:
        """Return a score in multiples of the threshold."""
        return float(score / self.threshold_)


def _generator(random_state: Any) -> np.random.Generator:
    """Return a generator of its own from an int, None, a Generator or a RandomState."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31))
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"random_state is {random_state!r}. Legal: a whole number from 0, None, a Generator or a "
            "RandomState."
        ) from error
