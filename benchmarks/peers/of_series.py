"""Peers on series: methods over windows as long as the period, stumpy's matrix profile, plain baselines."""

from __future__ import annotations

import numpy as np
from peers.peer import Peer

from amiss.evaluation import Case, Scored

_MOST_WINDOWS = 5_000  # to learn from
_MOST_CHANNELS = 40  # whose matrix profiles are counted


def channels_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the points to fit on and those to judge, shape (points, channels), standardised by the first."""
    training = np.nan_to_num(case.training)
    judged = training if case.new is None else np.nan_to_num(case.new)
    mean, spread = training.mean(axis=0), training.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return (training - mean) / spread, (judged - mean) / spread


def windows_of(values: np.ndarray, size: int) -> np.ndarray:
    """Return all windows of ``size`` points, shape (windows, size * channels)."""
    windows = np.lib.stride_tricks.sliding_window_view(values, size, axis=0)
    return windows.reshape(len(windows), -1)


def spread_over_points(scores: np.ndarray, points: int) -> np.ndarray:
    """Return the mean score of the windows that cover each point, shape (points,)."""
    size = points - len(scores) + 1
    sums = np.convolve(scores, np.ones(size))
    counts = np.convolve(np.ones(len(scores)), np.ones(size))
    return sums / counts


def _windowed(case: Case, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return windows to learn from, at most 5,000, windows to judge, and the number of points."""
    training, judged = channels_of(case)
    size = max(2, min(case.buffer or 100, len(training) // 4, len(judged) // 4))
    learnt = windows_of(training, size)
    if len(learnt) > _MOST_WINDOWS:
        drawn = np.random.default_rng(seed).choice(len(learnt), _MOST_WINDOWS, replace=False)
        learnt = learnt[np.sort(drawn)]
    return learnt, windows_of(judged, size), len(judged)


def sub_knn(case: Case, seed: int) -> Scored:
    """Distance to the tenth nearest window."""
    from sklearn.neighbors import NearestNeighbors

    learnt, judged, points = _windowed(case, seed)
    nearest = NearestNeighbors(n_neighbors=min(11, len(learnt))).fit(learnt)
    return Scored(spread_over_points(nearest.kneighbors(judged)[0][:, -1], points), None)


def k_means(case: Case, seed: int) -> Scored:
    """Distance to the nearest of twenty centres of windows (Yairi et al. 2001)."""
    from sklearn.cluster import KMeans

    learnt, judged, points = _windowed(case, seed)
    centres = KMeans(min(20, len(learnt)), n_init=1, random_state=seed).fit(learnt)
    return Scored(spread_over_points(centres.transform(judged).min(axis=1), points), None)


def sub_pca(case: Case, seed: int) -> Scored:
    """Error of rebuilding windows from the components that hold 90 % of the variance."""
    from sklearn.decomposition import PCA

    learnt, judged, points = _windowed(case, seed)
    found = PCA(0.9, svd_solver="full").fit(learnt)
    errors = np.linalg.norm(judged - found.inverse_transform(found.transform(judged)), axis=1)
    return Scored(spread_over_points(errors, points), None)


def sub_forest(case: Case, seed: int) -> Scored:
    """scikit-learn's IsolationForest on windows."""
    from sklearn.ensemble import IsolationForest

    learnt, judged, points = _windowed(case, seed)
    forest = IsolationForest(random_state=seed).fit(learnt)
    return Scored(spread_over_points(-forest.score_samples(judged), points), None)


def matrix_profile(case: Case, seed: int) -> Scored:
    """stumpy's matrix profile, the mean over the channels (Yeh et al. 2016); of a first part the join with it."""
    import stumpy

    training, judged = channels_of(case)
    size = max(3, min(case.buffer or 100, len(training) // 4, len(judged) // 4))
    profiles = []
    for channel in range(min(training.shape[1], _MOST_CHANNELS)):
        seen = np.ascontiguousarray(judged[:, channel])
        if case.new is None:
            profile = stumpy.stump(seen, size)
        else:
            other = np.ascontiguousarray(training[:, channel])
            profile = stumpy.stump(seen, size, other, ignore_trivial=False)
        distances = profile[:, 0].astype(float)
        profiles.append(np.where(np.isfinite(distances), distances, 0.0))
    return Scored(spread_over_points(np.mean(profiles, axis=0), len(judged)), None)


def robust_z(case: Case, seed: int) -> Scored:
    """The channel farthest from its median, in quartile ranges; more than three is flagged."""
    training, judged = (
        np.nan_to_num(case.training),
        np.nan_to_num(case.training if case.new is None else case.new),
    )
    low, middle, high = np.quantile(training, [0.25, 0.5, 0.75], axis=0)
    spread = np.where(
        high > low, (high - low) / 1.349, np.where(training.std(axis=0) > 0, training.std(axis=0), 1.0)
    )
    scores = np.abs((judged - middle) / spread).max(axis=1)
    return Scored(scores, scores > 3)


def point_autoencoder(case: Case, seed: int) -> Scored:
    """The tutorial's autoencoder on single points, mean + 3 standard deviations."""
    from peers.tutorials import rebuilding_errors

    fitted, errors = rebuilding_errors(*channels_of(case), seed)
    return Scored(errors, errors > fitted.mean() + 3 * fitted.std())


PEERS = [
    Peer("Sub-KNN", ("series",), ("sklearn",), sub_knn),
    Peer("KMeansAD", ("series",), ("sklearn",), k_means),
    Peer("Sub-PCA", ("series",), ("sklearn",), sub_pca),
    Peer("Sub-IForest", ("series",), ("sklearn",), sub_forest),
    Peer("matrix profile", ("series",), ("stumpy",), matrix_profile),
    Peer("robust z", ("series",), (), robust_z),
    Peer("tutorial autoencoder", ("series",), ("tensorflow", "keras"), point_autoencoder),
]
