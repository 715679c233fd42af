"""Peers on tables: PyOD's and scikit-learn's detectors, the tutorial's autoencoder; words as one-hot columns."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from peers.peer import Peer

from amiss.evaluation import Case, Scored

_LEVELS = 100  # a column of words with more is left out
_PYOD = {
    "IForest": "iforest",
    "KNN": "knn",
    "LOF": "lof",
    "MCD": "mcd",
    "ECOD": "ecod",
    "COPOD": "copod",
    "HBOS": "hbos",
    "PCA": "pca",
    "OCSVM": "ocsvm",
    "CBLOF": "cblof",
    "GMM": "gmm",
    "PyOD-AutoEncoder": "auto_encoder",
}
_SEEDED = {"IForest", "MCD", "PCA", "CBLOF", "GMM", "PyOD-AutoEncoder"}


def rows_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit on and those to judge, standardised by the first; gaps are filled with the mean."""
    training, judged = _columns(case.training), _columns(case.training if case.new is None else case.new)
    parts = []
    for name, column in training.items():
        if column.dtype.kind in "biuf":
            parts.append((column[:, None].astype(float), judged[name][:, None].astype(float)))
            continue
        words, others = column.astype(str), judged[name].astype(str)
        levels = np.unique(words)
        if len(levels) <= _LEVELS:
            parts.append(((words[:, None] == levels) * 1.0, (others[:, None] == levels) * 1.0))
    left, right = (np.hstack([part[side] for part in parts]) for side in (0, 1))
    mean, spread = np.nanmean(left, axis=0), np.nanstd(left, axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return np.nan_to_num((left - mean) / spread), np.nan_to_num((right - mean) / spread)


def _columns(data: Any) -> dict[str, np.ndarray]:
    if isinstance(data, dict):
        return data
    if isinstance(data, np.ndarray):
        return {str(place): data[:, place] for place in range(data.shape[1])}
    return {name: data[name].to_numpy() for name in data.columns}


def pyod(name: str) -> Peer:
    """Return a detector of PyOD, with its default threshold (a tenth of the training rows)."""

    def score(case: Case, seed: int) -> Scored:
        made = getattr(importlib.import_module(f"pyod.models.{_PYOD[name]}"), name.removeprefix("PyOD-"))
        options: dict[str, Any] = {"random_state": seed} if name in _SEEDED else {}
        if name == "PyOD-AutoEncoder":
            options |= {"verbose": 0, "device": "cpu"}
        training, judged = rows_of(case)
        detector = made(**options).fit(training)
        scores = detector.decision_scores_ if case.new is None else detector.decision_function(judged)
        return Scored(np.asarray(scores, float), np.asarray(scores > detector.threshold_))

    needs = ("pyod", "torch") if name == "PyOD-AutoEncoder" else ("pyod",)
    return Peer(name, ("table", "mixed"), needs, score)


def isolation_forest(case: Case, seed: int) -> Scored:
    """scikit-learn's IsolationForest with its default threshold."""
    from sklearn.ensemble import IsolationForest

    training, judged = rows_of(case)
    forest = IsolationForest(random_state=seed).fit(training)
    scores = -forest.score_samples(judged)
    return Scored(scores, scores > -forest.offset_)


def local_outlier_factor(case: Case, seed: int) -> Scored:
    """scikit-learn's LocalOutlierFactor with its default threshold."""
    from sklearn.neighbors import LocalOutlierFactor

    training, judged = rows_of(case)
    factor = LocalOutlierFactor(novelty=case.new is not None).fit(training)
    scores = -factor.negative_outlier_factor_ if case.new is None else -factor.score_samples(judged)
    return Scored(scores, scores > -factor.offset_)


def elliptic_envelope(case: Case, seed: int) -> Scored:
    """scikit-learn's EllipticEnvelope with its default threshold."""
    from sklearn.covariance import EllipticEnvelope

    training, judged = rows_of(case)
    envelope = EllipticEnvelope(random_state=seed).fit(training)
    scores = -envelope.score_samples(judged)
    return Scored(scores, scores > -envelope.offset_)


def tutorial_autoencoder(case: Case, seed: int) -> Scored:
    """The TensorFlow tutorial's table job: a bottleneck of 14, 50 epochs, mean + 3 standard deviations."""
    from peers.tutorials import rebuilding_errors

    training, judged = rows_of(case)
    fitted, errors = rebuilding_errors(training, judged, seed)
    return Scored(errors, errors > fitted.mean() + 3 * fitted.std())


PEERS = [
    *map(pyod, _PYOD),
    Peer("sklearn IsolationForest", ("table", "mixed"), ("sklearn",), isolation_forest, "IForest"),
    Peer("sklearn LOF", ("table", "mixed"), ("sklearn",), local_outlier_factor, "LOF"),
    Peer("sklearn EllipticEnvelope", ("table", "mixed"), ("sklearn",), elliptic_envelope, "MCD"),
    Peer("tutorial autoencoder", ("table", "mixed"), ("tensorflow", "keras"), tutorial_autoencoder),
]
