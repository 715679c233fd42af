"""NormalScores: how the scores of normal items are distributed, learnt from scores that may hold anomalies.

The body is counted, the tail is a generalised Pareto distribution (Pickands 1975; Coles 2001, chapter 4).
Where the scores may hold anomalies, the tail is fitted on a middle part and the items above it are only
counted, so that no anomaly moves it by its size. First, on the scale of square roots, anomalies that stand
apart are looked for and taken out of the count; where there are none, the tail is fitted on the scale of
logarithms, on which few tails are heavy.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from amiss.batch import FloatArray
from amiss.part import Stored
from amiss.thresholds.pareto import Pareto, Prior, fit_pareto

_KEPT = 10_000  # quantiles of the training scores that are kept
_SEARCHED = (
    700  # quantiles the search for anomalies looks at: with more, small misfits would pass for anomalies
)
_CLEAN = Prior(0.1, 0.4)  # clean scores: nearly free
_TAIL, _FEWEST_CLEAN = 0.1, 20  # where all count: the share that is the tail, and the fewest items in it
_SEARCH = Prior(
    -0.2, 0.1
)  # in the search heavier tails than the normal distribution's are taken for anomalies
_SPREAD = 0.1  # of the shape that is expected of scores that may hold anomalies
_LARGEST = 600.0  # logarithm of a score that is still a number
_LEVELS = (0.01, 0.02, 0.035, 0.06, 0.1, 0.15, 0.25)  # shares of items above the middle part, in the search
_BASE = (0.1, 0.05, 0.02, 0.01)  # the same where the search found none; the next where ties leave too little
_MIDDLE = 5  # the middle part and what is above it, in multiples of what is above
_FEWEST_MIDDLE = 8
_FEWEST_ANOMALIES = 3.1
_FOUND = (0.3, 0.9)  # of the items above the middle part, the share of anomalies that is believed
_NEAR, _APART = 0.25, 0.35  # so near to the line lies at most such a share of anomalies that stand apart
_MANY = 0.06  # share of anomalies from which they are many
_FAR, _FAR_OF_MANY = 1.5, 2.0  # the score of the middle one, in multiples of the line
_BEYOND = 0.001  # anomalies are counted beyond the score that this share of normal items exceeds


class Scale(NamedTuple):
    """The scale on which a tail is fitted: a power of the score, or for power 0 log(score + offset)."""

    power: float
    offset: float = 0.0

    def of(self, scores: FloatArray) -> FloatArray:
        """Return scores on this scale."""
        return np.log(scores + self.offset) if self.power == 0 else scores**self.power

    def back(self, value: float) -> float:
        """Return the score that stands at ``value`` on this scale."""
        if self.power == 0:
            return float(np.exp(min(value, _LARGEST)) - self.offset)
        return float(max(value, 0.0) ** (1 / self.power))


_AS_IS, _ROOT = Scale(1.0), Scale(0.5)


class _Tail(NamedTuple):
    start: float
    share: float  # of normal items beyond the start
    excess: Pareto
    anomalies: float = 0.0  # share of all items
    above: float = 0.0  # share of all items above the middle part
    scale: Scale = _AS_IS

    def beyond(self, share: float) -> float:
        """Return the score, on the tail's scale, that this share of normal items exceeds."""
        return self.start + self.excess.beyond(min(share / self.share, 1.0))


class NormalScores(Stored):
    """The distribution of the scores of normal items.

    Attributes
    ----------
    ordered : ndarray of shape (m,)
        Training scores in ascending order, at most 10,000 quantiles of them.
    items : int
        Training items.
    anomalies : float
        Share of the training items that were taken for anomalies and do not count as normal.
    start, share, shape, scale : float
        Beyond ``start`` lies ``share`` of the normal items, and their excess over it has a generalised Pareto
        distribution, all on the scale of ``power`` and ``offset``.
    power, offset : float
        See `Scale`.
    """

    ordered: FloatArray
    items: int
    anomalies: float
    start: float
    share: float
    shape: float
    scale: float
    power: float
    offset: float

    @classmethod
    def fit(cls, scores: FloatArray, *, clean: bool, shape: float) -> Self:
        """Learn the distribution.

        Parameters
        ----------
        scores : ndarray of shape (items,)
            In ascending order.
        clean : bool
            True where the scores hold no anomalies.
        shape : float
            Shape expected of the tail of normal scores that may hold anomalies.
        """
        new = cls()
        new.ordered, new.items = thinned(scores, _KEPT), len(scores)
        spread = untied(scores)
        tail = _predicted(spread, _clean_tail(spread, _CLEAN)) if clean else _mixed_tail(spread, shape)
        new.start, new.share, new.anomalies = tail.start, tail.share, tail.anomalies
        new.shape, new.scale = tail.excess
        new.power, new.offset = tail.scale
        return new

    def p_values(self, scores: FloatArray) -> FloatArray:
        """Return how likely a normal item scores at least as high, in (0, 1], never rising with the score."""
        at_least = 1 - np.searchsorted(self.ordered, scores, side="left") / len(self.ordered)
        body = np.clip((at_least - self.anomalies) / (1 - self.anomalies), self.share, 1.0)
        excess = Scale(self.power, self.offset).of(scores) - self.start
        tail = self.share * Pareto(self.shape, self.scale).survival(np.maximum(excess, 0.0))
        return np.maximum(np.where(excess > 0, tail, body), self.smallest())

    def smallest(self) -> float:
        """Return the smallest p-value told: the tail is not followed beyond the square of the items."""
        return min(1e-4, 1 / (self.items + 1) ** 2)

    def beyond(self, risk: float) -> float:
        """Return the score that this share of normal items exceeds."""
        if risk >= self.share:
            wanted = 1 - (risk * (1 - self.anomalies) + self.anomalies)
            return float(np.quantile(self.ordered, max(wanted, 0.0), method="higher"))
        value = self.start + Pareto(self.shape, self.scale).beyond(risk / self.share)
        return Scale(self.power, self.offset).back(value)


def thinned(ordered: FloatArray, count: int) -> FloatArray:
    """Return ``count`` evenly spread quantiles of ascending scores, or all of them where they are fewer."""
    if len(ordered) <= count:
        return ordered
    # np.quantile would partition anew for each of the levels: a thousand times slower
    places = (np.arange(count) + 0.5) / count * (len(ordered) - 1)
    return np.interp(places, np.arange(len(ordered)), ordered)


def untied(ordered: FloatArray) -> FloatArray:
    """Return ascending scores with equal ones spread evenly down to the next smaller score.

    Items that score alike say only that the distribution reaches there, and a tail cannot be fitted to a step.

    Examples
    --------
    >>> import numpy as np
    >>> untied(np.array([1.0, 2.0, 2.0, 2.0, 2.0]))
    array([1.  , 1.25, 1.5 , 1.75, 2.  ])
    """
    values, first, count = np.unique(ordered, return_index=True, return_counts=True)
    step = np.diff(values, prepend=max(0.0, 2 * values[0] - values[1]) if len(values) > 1 else 0.0)
    rank = np.arange(len(ordered)) - np.repeat(first, count) + 1
    return np.repeat(values, count) - np.repeat(step, count) * (1 - rank / np.repeat(count, count))


def _clean_tail(scores: FloatArray, prior: Prior) -> _Tail:
    """Return the tail of scores without anomalies: the excesses over the highest tenth."""
    n = len(scores)
    start = scores[n - 1 - min(max(int(_TAIL * n), _FEWEST_CLEAN), n // 2)]
    if start == scores[-1]:
        lower = scores[scores < start]
        start = lower[-1] if len(lower) else start / 2
    excess = scores[scores > start] - start
    share = len(excess) / (n + (len(excess) == n))
    return _Tail(float(start), share, fit_pareto(excess, prior))


def _predicted(scores: FloatArray, tail: _Tail) -> _Tail:
    """Return the tail of scores to come: heavier than the fitted one by the variance of its shape.

    That is (1 + shape)**2 / m of m excesses (Smith 1987, Annals of Statistics 15, 1174). Where they are exponential
    with mean s, the next one is above x with probability (1 + x / (m s))**-m, which is a generalised Pareto
    distribution of shape 1 / m.
    """
    shape, scale = tail.excess
    variance = (1 + max(shape, -1.0)) ** 2 / int((scores > tail.start).sum())
    return tail._replace(excess=Pareto(shape + variance, scale))


def _mixed_tail(scores: FloatArray, shape: float) -> _Tail:
    """Return the tail of the normal ones among scores that may hold anomalies."""
    found = _tail_without_anomalies(_ROOT.of(thinned(scores, _SEARCHED)))
    if found is not None:
        return found._replace(scale=_ROOT)
    plain = _clean_tail(scores, Prior(shape, 2 * _SPREAD))
    guarded = _guarded_tail(scores, Prior(shape, _SPREAD))
    if guarded is None:
        return _tail_of_few(scores) or plain
    risk = max(_BEYOND, 1 / len(scores))
    lighter = plain.scale.back(plain.beyond(risk)) < guarded.scale.back(guarded.beyond(risk))
    return plain if lighter else guarded  # anomalies only make a tail heavier


def _guarded_tail(scores: FloatArray, prior: Prior) -> _Tail | None:
    """Return the tail that the highest scores do not move, on a log scale; None where ties forbid."""
    sample, positive = thinned(scores, _SEARCHED), scores[scores > 0]
    logarithm = Scale(0.0, float(np.median(positive)))
    for level in _BASE:
        tail = _censored_tail(logarithm.of(sample), level, prior, rounds=1)
        if tail is not None:
            return tail._replace(anomalies=0.0, scale=logarithm)
    return None


def _tail_without_anomalies(scores: FloatArray) -> _Tail | None:
    """Return the tail of the normal ones where some scores stand apart from it; None where none do.

    The search goes from few items above the middle part to many: a middle part that holds anomalies itself
    gives a tail so heavy that nothing lies beyond it, and the search goes on. Scores are square roots.
    """
    n = len(scores)
    for level in _LEVELS:
        found = _censored_tail(scores, level, _SEARCH, rounds=30)
        if found is None or found.anomalies * n < _FEWEST_ANOMALIES:
            continue
        if not _FOUND[0] * found.above <= found.anomalies <= _FOUND[1] * found.above:
            continue
        line = found.beyond(_BEYOND)
        near = (scores > line) & (scores <= line + _NEAR * (line - found.start))
        if near.sum() <= _APART * found.anomalies * n and _far_enough(scores[scores > line], line, n):
            return found
    return None


def _far_enough(anomalies: FloatArray, line: float, n: int) -> bool:
    """Return whether the middle one of the anomalies lies as far above the line as so many of them must.

    A heavy tail leaves no gap, and normal items of a second kind are many and score but a little higher.
    """
    times = _FAR if len(anomalies) <= _MANY * n else _FAR_OF_MANY
    return float(np.median(anomalies)) >= float(times**0.5) * line


def _tail_of_few(scores: FloatArray) -> _Tail | None:
    """Return the tail where all scores but a few are one value; None where they are more."""
    n = len(scores)
    start = scores[n // 2]
    greater = scores[scores > start]
    if not 0 < len(greater) < _FEWEST_MIDDLE or scores[0] < start:
        return None
    scale = (start or greater[0]) / 4  # of the order of the value itself: nothing else tells
    return _Tail(float(start), 0.5, Pareto(0.0, float(scale)), len(greater) / n)


def _censored_tail(scores: FloatArray, level: float, prior: Prior, rounds: int) -> _Tail | None:
    """Return the tail fitted on the part below the highest ``level`` of the scores, if it is large enough.

    Items beyond the fitted tail are no longer counted as normal, and the tail is fitted again, until none is
    added.
    """
    n = len(scores)
    above = max(int(level * n), 1)
    end = scores[n - 1 - above]
    start = scores[n - 1 - max(min(_MIDDLE * above, n // 2), min(40, n // 2))]
    middle = scores[(scores > start) & (scores <= end)] - start
    if len(middle) < _FEWEST_MIDDLE:
        return None
    beyond_start, beyond_end = float((scores > start).sum()), float((scores > end).sum())
    anomalies = 0.0
    for _ in range(rounds):
        excess = fit_pareto(middle, prior, float(end - start), max(beyond_end - anomalies, 1.0))
        share = max(beyond_start - anomalies, 1.0) / (n - anomalies)
        line = start + excess.beyond(min(_BEYOND / share, 1.0))
        found = max(float((scores > max(line, end)).sum()) - _BEYOND * (n - anomalies), 0.0)
        if abs(found - anomalies) < 1:
            break
        anomalies = found
    return _Tail(float(start), share, excess, anomalies / n, beyond_end / n)
