"""Recurrence: neighbours at another time, clusters, codes that come back."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.numerics.recurrence import TimedRows, cluster, nearest_code, recurring


def naive_nearest(rows, places, radius, asking, at, k):
    """The k nearest rows at least ``radius`` away in time, one by one."""
    allowed = [i for i in range(len(rows)) if abs(places[i] - at) >= radius]
    return sorted(float(np.linalg.norm(rows[i] - asking)) for i in allowed)[:k]


@pytest.mark.parametrize("radius", [1, 5, 30])
def test_neighbours_are_the_nearest_at_another_time(radius):
    """Distances equal those of the search one by one, for stored rows and for others."""
    rng = np.random.default_rng(0)
    rows, places = rng.normal(size=(150, 4)), np.arange(0, 300, 2)
    memory = TimedRows(rows, places, radius)
    asking, at = np.concatenate([rows[20:120], rng.normal(size=(50, 4))]), np.arange(40, 190)
    distances, indices = memory.nearest(asking, at, 3)
    for i in range(len(asking)):
        assert np.allclose(distances[i], naive_nearest(rows, places, radius, asking[i], at[i], 3))
        assert (np.abs(places[indices[i]] - at[i]) >= radius).all()


def test_no_neighbour_no_distance():
    """Where nothing stands at another time, nothing is surprising."""
    memory = TimedRows(np.zeros((3, 2)), np.arange(3), 100)
    distances, _ = memory.nearest(np.ones((2, 2)), np.array([0, 1]), 3)
    assert (distances == 0).all()


def test_in_single_precision_what_was_the_same_is_at_no_distance():
    """Rows kept in half the room find themselves again exactly; other distances differ by the rounding alone."""
    rng = np.random.default_rng(0)
    rows = np.tile(rng.normal(size=(50, 4)), (3, 1))
    places = np.arange(150)
    half, whole = TimedRows(rows.astype(np.float32), places, 5), TimedRows(rows, places, 5)
    distances, _ = half.nearest(rows, places, 3)
    assert (distances[:, :2] == 0).all()
    assert np.allclose(distances, whole.nearest(rows, places, 3)[0], atol=1e-6)


def test_in_whole_steps_what_was_the_same_is_at_no_distance():
    """Rows kept in a quarter of the room find themselves again exactly; others by their rounded values."""
    rng = np.random.default_rng(0)
    rows = np.tile(rng.normal(size=(50, 4)), (3, 1))
    places, step = np.arange(150), 0.01
    memory = TimedRows(rows, places, 5, step)
    assert memory.rows.dtype == np.int16
    distances, _ = memory.nearest(rows, places, 3)
    assert (distances[:, :2] == 0).all()
    asking = rng.normal(size=(150, 4))
    asking[7] = 1e6  # far beyond what 16 bits hold
    found, _ = memory.nearest(asking, places, 3)
    stored, rounded = np.rint(rows / step) * step, np.rint(asking / step) * step
    for i in range(len(asking)):
        assert np.allclose(found[i], naive_nearest(stored, places, 5, rounded[i], places[i], 3))


def test_the_nearest_code_is_the_nearest():
    """Code and distance equal those of the full table of distances."""
    rng = np.random.default_rng(1)
    rows, codes = rng.normal(size=(2000, 3)), rng.normal(size=(7, 3))
    table = np.linalg.norm(rows[:, None] - codes, axis=2)
    index, distance = nearest_code(rows, codes)
    assert (index == table.argmin(axis=1)).all()
    assert np.allclose(distance, table.min(axis=1))


def test_clusters_are_found():
    """Three heaps give three codes at their centres."""
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    rows = np.repeat(centres, 100, axis=0) + 0.1 * rng.normal(size=(300, 2))
    codes = cluster(rows, 3, np.random.default_rng(0))
    assert {tuple(code) for code in np.abs(codes.round(0))} == {tuple(centre) for centre in centres}


def test_equal_rows_are_one_cluster():
    """There are no more codes than different rows."""
    assert len(cluster(np.ones((50, 2)), 8, np.random.default_rng(0))) == 1


def test_codes_of_one_time_do_not_recur():
    """A code met often but in one block of time is deleted; where none recurs all stay."""
    index = np.array([0, 0, 1, 1, 1, 0])
    assert recurring(index, np.array([0, 1, 2, 3, 4, 90]), 2, 10, 2).tolist() == [True, False]
    assert recurring(index, np.arange(6), 2, 10, 2).tolist() == [True, True]
