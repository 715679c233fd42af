"""What a detector keeps of its training data is bounded, and what is left out changes little."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from amiss import TableDetector
from amiss.batch import Batch
from amiss.detectors import odd_cells
from amiss.evidence import odd_number
from amiss.numerics import calibration, spaces
from amiss.text import row_counts


def test_ranks_of_many_values_are_interpolated(monkeypatch):
    """At most so many cuts, the ends among them; between them the rank is right to one of those kept."""
    values = np.random.default_rng(0).lognormal(size=(5_000, 1))
    batch = Batch(values, np.zeros(values.shape, bool), ("a",))
    whole = spaces.Space("rank").fit(batch).apply(batch)
    monkeypatch.setattr(spaces, "_MOST_RANKS", 500)
    thinned = spaces.Space("rank").fit(batch)
    assert len(thinned.cuts_[0]) == len(thinned.ranks_[0]) == 500
    assert [thinned.cuts_[0][0], thinned.cuts_[0][-1]] == [values.min(), values.max()]
    share = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
    assert np.abs(share(thinned.apply(batch)) - share(whole)).max() < 1 / 500


def test_a_tail_of_many_scores_keeps_the_highest(monkeypatch):
    """The share of scores at least as high is right to one of those kept, and beyond the highest nothing changes."""
    scores = np.random.default_rng(0).exponential(size=20_000)
    asked = np.array([0.1, 1.0, 4.0, scores.max(), scores.max() + 3.0])
    whole = calibration.Tail().fit(scores)
    monkeypatch.setattr(calibration, "_MOST_KEPT", 1_000)
    thinned = calibration.Tail().fit(scores)
    assert len(thinned.ordered) == 1_000
    assert thinned.ordered[-1] == scores.max()
    shares = np.exp(-whole.apply(asked)[:4]), np.exp(-thinned.apply(asked)[:4])
    assert np.abs(shares[0] - shares[1]).max() <= 1.1e-3
    beyond = [tail.apply(asked)[4] - tail.apply(asked)[3] for tail in (whole, thinned)]
    assert beyond[0] == pytest.approx(beyond[1], abs=1e-12)


def test_pairs_of_numbers_are_thinned_evenly(monkeypatch):
    """The first and the last row are kept, and what a number is told from stays the same relation."""
    monkeypatch.setattr(odd_number, "_MOST_PAIRS", 100)
    x = np.arange(1_000.0)
    model = odd_number.NumberNeighbours(x, 2 * x)
    assert len(model.x) == len(model.y) == 100
    assert (model.x[0], model.x[-1]) == (0.0, 999.0)
    assert model.expected(np.array([500.0]), np.array([0.0]))[0] == pytest.approx(1_000, abs=25)


def test_of_too_many_hashes_the_rarest_are_forgotten(monkeypatch):
    """They then count as never seen; the others keep their counts."""
    monkeypatch.setattr(row_counts, "_MOST", 2)
    hashes = np.array([3, 5, 7, 9], np.uint64)
    counts = row_counts.RowCounts([hashes], [np.array([4.0, 2.0, 1.0, 9.0])])
    assert counts.keys.tolist() == [3, 9]
    assert counts.others(hashes).tolist() == [3.0, 0.0, 0.0, 8.0]


def test_texts_of_very_many_rows_are_counted_in_some_of_them(monkeypatch, tmp_path):
    """A row gets the same score alone and in the table; an odd text stands out as before."""
    monkeypatch.setattr(odd_cells, "_MOST_ROWS", 300)
    codes = [f"AB-{i:05d}" for i in range(1_200)]
    codes[701] = "AB_0070x"
    table = {"code": codes, "paid": ["yes", "no", "yes", "yes"] * 300}
    detector = TableDetector(random_state=0).fit(table)
    assert len(detector.odd_cells_.evidence.texts_[0]) == 300
    assert int(detector.scores_.argmax()) == 701
    alone = detector.score_samples({name: [column[701]] for name, column in table.items()})
    assert -alone[0] == detector.scores_[701]


def test_a_fitted_detector_does_not_grow_with_its_training_data(monkeypatch):
    """Levels, numbers and clean tails among it: twice the rows, the same arrays."""
    monkeypatch.setattr(spaces, "_MOST_RANKS", 100)
    monkeypatch.setattr(calibration, "_MOST_KEPT", 200)
    rng = np.random.default_rng(0)

    def kept(rows: int, trained: str) -> int:
        kind = np.array(["a", "b", "c"], object)[rng.integers(0, 3, rows)]
        table = {"x": rng.normal(size=rows), "y": rng.lognormal(size=rows), "kind": kind}
        detector = TableDetector("middle", training_data=trained, random_state=0).fit(table)
        return len(json.dumps(_sizes(detector.state())))

    assert kept(12_000, "clean") == kept(24_000, "clean")


def _sizes(found):
    """Return the shapes of all arrays in a state."""
    if isinstance(found, np.ndarray):
        return list(found.shape)
    if isinstance(found, dict):
        return {key: _sizes(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_sizes(value) for value in found]
    return _sizes(found.state()) if hasattr(found, "state") else None
