"""Volumes under the surface: how well scores find events in a series, at any buffer around them."""

from __future__ import annotations

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray

_CUTS = 250  # scores at which the curves are drawn
_LONGEST_LOOKED_AT, _LAGS = 20_000, 400
_SHORTEST_BUFFER, _LONGEST_BUFFER, _DEFAULT_BUFFER = 6, 303, 125


def buffer_length(values: FloatArray) -> int:
    """Return the longest buffer to judge a series with: about its period.

    Parameters
    ----------
    values : ndarray of shape (points,)
        The first channel; NaN where a value is missing.

    Returns
    -------
    int
        The lag at which the autocorrelation has its highest local peak, if that is 6 to 303; else 125.

    References
    ----------
    Paparrizos et al. 2022, section 5 (buffer as long as the average period); Liu, Paparrizos 2024, "The elephant in the
    room" (TSB-AD), whose rule this is.

    Examples
    --------
    >>> buffer_length(np.sin(np.arange(900) * 2 * np.pi / 24))
    24
    """
    seen = np.asarray(values, float)[:_LONGEST_LOOKED_AT]
    missing = np.isnan(seen)
    centred = np.where(missing, 0.0, seen - (seen[~missing].mean() if not missing.all() else 0.0))
    size = 2 ** int(np.ceil(np.log2(2 * len(centred))))
    spectrum = np.fft.rfft(centred, size)
    similar = np.fft.irfft(spectrum * np.conj(spectrum))[: _LAGS + 1]
    lags = np.arange(4, len(similar) - 1)  # the neighbours of a peak are 3 or more
    if not similar[0] > 0 or not len(lags):
        return _DEFAULT_BUFFER
    peaks = lags[(similar[lags] > similar[lags - 1]) & (similar[lags] > similar[lags + 1])]
    best = int(peaks[np.argmax(similar[peaks])]) if len(peaks) else 0
    return best if _SHORTEST_BUFFER <= best <= _LONGEST_BUFFER else _DEFAULT_BUFFER


def volumes(labels: AnyArray, scores: FloatArray, longest: int) -> tuple[float, float]:
    """Return the volumes under the ROC and the precision-recall surface (VUS-ROC, VUS-PR).

    For each buffer length w of 0 to ``longest`` the labels fade out beside every event: sqrt(1 - d / w) at d <= w / 2
    points from it, at most 1 in all. The range-AUC with these soft labels asks besides how many events are touched
    at all; the volume is its mean over w.

    Parameters
    ----------
    labels : ndarray of shape (points,)
        1 = anomaly; an anomaly and a normal point occur.
    scores : ndarray of shape (points,)
        Finite, higher = more abnormal.
    longest : int
        The longest buffer, in points.

    Returns
    -------
    tuple of float

    References
    ----------
    Paparrizos et al. 2022, "Volume under the surface: a new accuracy evaluation measure for time-series anomaly
    detection", PVLDB 15(11), section 4, eqs. 4 to 9; with 250 thresholds at even ranks, as TSB-AD computes it.

    Examples
    --------
    >>> labels = np.zeros(200)
    >>> labels[100:110] = 1
    >>> [round(volume, 3) for volume in volumes(labels, labels, longest=0)]
    [1.0, 1.0]
    """
    surface = _Surface(np.asarray(labels) == 1, np.asarray(scores, float))
    areas = [surface.areas(width) for width in range(longest + 1)]
    return float(np.mean([roc for roc, _ in areas])), float(np.mean([pr for _, pr in areas]))


class _Surface:
    """What does not change with the buffer: events, and the first cut that each point reaches."""

    def __init__(self, inside: BoolArray, scores: FloatArray) -> None:
        edges = np.diff(np.concatenate([[0], inside.astype(int), [0]]))
        self.begin: IntArray = np.flatnonzero(edges == 1)
        self.end: IntArray = np.flatnonzero(edges == -1) - 1
        self.inside, self.points = inside, len(inside)
        cuts = np.sort(scores)[::-1][np.linspace(0, len(scores) - 1, _CUTS).astype(int)]
        self.level: IntArray = np.searchsorted(-cuts, -scores, side="left")
        self.predicted = self._reached(self.level)
        self.hit = self._reached(self.level[inside])

    def _reached(self, levels: IntArray, weights: FloatArray | None = None) -> FloatArray:
        """Return how many points, or what weight, reach each cut, shape (cuts,)."""
        return np.cumsum(np.bincount(levels, weights, minlength=_CUTS)[:_CUTS]).astype(float)

    def areas(self, width: int) -> tuple[float, float]:
        """Return the range-AUC of both curves with a buffer of ``width`` points."""
        places, weights = self._buffer(width)
        true = self.hit + self._reached(self.level[places], weights)
        anomalous = (2 * int(self.inside.sum()) + true - self.hit) / 2
        recall = np.minimum(true / anomalous, 1) * self._touched(width // 2)
        rates = np.concatenate([[0.0], recall, [1.0]])
        alarms = np.concatenate([[0.0], (self.predicted - true) / (self.points - anomalous), [1.0]])
        roc = np.dot(np.diff(alarms), (rates[1:] + rates[:-1]) / 2)
        return float(roc), float(np.dot(np.diff(rates[:-1]), true / self.predicted))

    def _buffer(self, width: int) -> tuple[IntArray, FloatArray]:
        """Return the points beside events and the weight of their soft labels."""
        away = np.arange(1, width // 2 + 1)
        places = np.concatenate([(self.end[:, None] + away).ravel(), (self.begin[:, None] - away).ravel()])
        weights = np.tile(np.sqrt(1 - away / max(width, 1)), 2 * len(self.begin))
        within = (places >= 0) & (places < self.points)
        within[within] = ~self.inside[places[within]]
        distinct, which = np.unique(places[within], return_inverse=True)
        return distinct, np.minimum(np.bincount(which, weights[within], len(distinct)), 1.0)

    def _touched(self, half: int) -> FloatArray:
        """Return the share of events that hold a point which reaches each cut; overlapping ones are one."""
        begin, end = np.maximum(self.begin - half, 0), np.minimum(self.end + half, self.points - 1)
        apart = self.end[:-1] + half < self.begin[1:] - half
        first = begin[np.concatenate([[True], apart])]
        last = end[np.concatenate([apart, [True]])]
        highest = np.array([self.level[a : b + 1].min() for a, b in zip(first, last, strict=True)])
        return self._reached(highest) / len(first)
