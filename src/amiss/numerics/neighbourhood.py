"""Neighbourhood: what is known of the rows around a row says something of the row itself."""

from __future__ import annotations

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.numerics.neighbours import NearestRows
from amiss.part import Stored

_K = 10
_SHARE = 0.7


class Neighbourhood(Stored):
    """Stored rows with a score each; the score of any row is drawn towards those of the ten nearest.

    Anomalies of one kind lie together, and so do normal rows that are scored high by chance: the mean over a
    neighbourhood tells them apart. A neighbour counts as far as the row lies among the neighbour's own ten
    nearest: by min(1, (radius of the neighbour / distance)^2). A row that is far from all others keeps its score.

    References
    ----------
    Yang, Chen, Rahardja (2023), "Neighborhood representative for improving outlier detectors", section 3: the mean
    over a neighbourhood. Breunig, Kriegel, Ng, Sander (2000), "LOF: identifying density-based local outliers",
    definition 5: distance against the neighbour's own.
    """

    neighbours: NearestRows
    radius: FloatArray
    scores: FloatArray

    def fit_drawn(self, rows: FloatArray, scores: FloatArray, kept: IntArray) -> FloatArray:
        """Keep some of the rows with their scores; return what `drawn` returns for all.

        Parameters
        ----------
        rows : ndarray of shape (n, columns)
        scores : ndarray of shape (n,)
        kept : ndarray of integers
            Places of the rows to keep.

        Returns
        -------
        ndarray of shape (n,)
        """
        self.neighbours, self.scores = NearestRows(rows[kept]), scores[kept]
        distances, places = self.neighbours.nearest(rows, _K)
        self.radius = distances[kept, -1]
        return self._drawn(scores, distances, places)

    def drawn(self, rows: FloatArray, scores: FloatArray) -> FloatArray:
        """Return scores, each drawn seven tenths of the way, or less, to those of the nearest kept rows.

        Parameters
        ----------
        rows : ndarray of shape (n, columns)
            Rows in the units of the kept ones.
        scores : ndarray of shape (n,)
            The scores of those rows on their own.

        Returns
        -------
        ndarray of shape (n,)
            score + 0.7 mean over the neighbours of weight x (neighbour's score - score).
        """
        return self._drawn(scores, *self.neighbours.nearest(rows, _K))

    def _drawn(self, scores: FloatArray, distances: FloatArray, places: IntArray) -> FloatArray:
        radius = self.radius[places]
        inside = distances <= radius
        weights = np.where(inside, 1.0, (radius / np.where(inside, 1.0, distances)) ** 2)
        pull = np.einsum("nk,nk->n", weights, self.scores[places] - scores[:, None]) / places.shape[1]
        return np.asarray(scores + _SHARE * pull)
