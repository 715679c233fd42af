"""Trust: which rows of training data that may hold anomalies are taken for normal."""

from __future__ import annotations

import numpy as np

from amiss.batch import Batch, BoolArray, FloatArray
from amiss.models.middle import Middle
from amiss.models.robust import Gaussian, lowest
from amiss.numerics.blocks import squared_lengths
from amiss.numerics.calibration import Tail
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space

_SHARE, _SHARE_BESIDE_LEVELS = 0.8, 0.6
_NEIGHBOUR = 5


def trusted_rows(
    batch: Batch, random_state: np.random.Generator, middle: bool = True, most: int = 10_000
) -> BoolArray:
    """Return the 80 % of rows that three simple views agree are central, of at most ``most`` drawn.

    The views: distance to the column medians, distance by the covariance of the rows that pass a first
    round, and distance to the fifth nearest of those rows. Each becomes a tail probability; their logarithms
    are summed. Beside levels, if ``middle`` is True: the 60 % nearest to the middle of each column, see `Middle`. There
    anomalies are often many and alike, such as floods in records of traffic, and the three views take them for a second
    kind of normal rows.

    Parameters
    ----------
    batch : Batch
        Training rows.
    random_state : numpy.random.Generator
    middle : bool
        For a committee, whose other models know the rows at the edges. A network alone has to learn from those too.
    most : int
        Larger tables: only so many rows, drawn at random, can be trusted.

    Returns
    -------
    ndarray of shape (items,), bool
    """
    drawn = np.arange(len(batch))
    if len(batch) > most:
        drawn = np.sort(random_state.choice(len(batch), most, replace=False))
    trusted = np.zeros(len(batch), dtype=bool)
    if batch.levels and middle:
        everywhere = Middle().fit(batch, np.ones(len(batch), dtype=bool), random_state)
        trusted[drawn[lowest(everywhere.score(batch.take(drawn)), _SHARE_BESIDE_LEVELS)]] = True
        return trusted
    flat = Space("asinh").fit(batch).apply(batch.take(drawn))
    scaled = Space("standard").fit(batch).apply(batch.take(drawn))
    centre = _tail(squared_lengths(flat))
    first = scaled[lowest(centre + _tail(Gaussian(flat).squared_distance(flat)), _SHARE)]
    linear = _tail(Gaussian(first).squared_distance(scaled))
    near = _tail(NearestRows(first).nearest(scaled, _NEIGHBOUR)[0][:, -1])
    trusted[drawn[lowest(centre + linear + near, _SHARE)]] = True
    return trusted


def _tail(scores: FloatArray) -> FloatArray:
    return Tail().fit(scores).apply(scores)
