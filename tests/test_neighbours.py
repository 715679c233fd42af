"""Nearest stored rows: exact, the first of equally near ones, one identical row left out, the same in any company."""

import numpy as np
import pytest

from amiss.numerics.neighbours import NearestRows


def naive_nearest(stored, asking, k):
    """Distances to the k nearest stored rows; of the rows equal to the asking one, one is left out."""
    out = []
    for row in asking:
        distances = sorted(float(np.sqrt(((other - row) ** 2).sum())) for other in stored)
        if distances and distances[0] == 0 and len(distances) > 1:
            distances = distances[1:]
        out.append(distances[: max(1, min(k, len(stored) - 1))])
    return np.array(out)


@pytest.mark.parametrize(
    ("stored", "width", "k"), [(2, 1, 5), (7, 3, 5), (300, 2, 1), (1500, 20, 10), (900, 4, 5)]
)
def test_distances_are_those_of_the_slow_search(stored, width, k):
    """The blocked search finds the distances that comparing every pair finds."""
    random = np.random.default_rng(stored)
    rows = random.normal(size=(stored, width)).round(1) * 5 + 100
    asking = np.vstack([rows[:40], random.normal(size=(40, width)) * 5 + 100])
    found, places = NearestRows(rows).nearest(asking, k)
    np.testing.assert_allclose(found, naive_nearest(rows, asking, k), rtol=1e-12)
    np.testing.assert_allclose(
        found, np.sqrt(((rows[places] - asking[:, None]) ** 2).sum(axis=2)), rtol=1e-12
    )


def test_own_row_is_left_out_once():
    """A stored row does not find itself, but finds its duplicate."""
    rows = np.array([[0.0], [1.0], [1.0], [5.0]])
    found, _ = NearestRows(rows).nearest(rows, 1)
    assert found.ravel().tolist() == [1.0, 0.0, 0.0, 4.0]


@pytest.mark.parametrize("width", [1, 3, 20, 33])
def test_same_answer_in_any_company(width):
    """A row gets bit-identical distances and places alone, in a batch, shuffled, in another memory order."""
    random = np.random.default_rng(width)
    rows = random.normal(size=(700, width))
    search = NearestRows(rows)
    found, places = search.nearest(rows, 5)
    shuffle = random.permutation(len(rows))
    again, again_places = search.nearest(np.asfortranarray(rows[shuffle]), 5)
    assert (again == found[shuffle]).all()
    assert (again_places == places[shuffle]).all()
    for i in range(0, 700, 70):
        assert (search.nearest(rows[i : i + 1], 5)[0] == found[i]).all()


def naive_places(stored, asking, k):
    """Places of the k nearest stored rows, equally near ones in their order; one equal to the asking one left out."""
    out = []
    for row in asking:
        order = sorted((float(((other - row) ** 2).sum()), place) for place, other in enumerate(stored))
        out.append([place for _, place in order[order[0][0] == 0 :][:k]])
    return np.array(out)


@pytest.mark.parametrize(
    ("step", "far", "scale"),
    [(1.0, 0.0, 1.0), (1.0, 0.0, 2.0**-400), (1.0, 0.0, 2.0**400), (2.0**-13, 100.0, 1.0)],
)
def test_of_equally_near_rows_the_first_are_taken(step, far, scale):
    """On a grid, where many are equally near, even so fine and far from the centre that single precision is blind."""
    random = np.random.default_rng(0)
    rows = random.integers(0, 5, (400, 4)) * step + np.where(np.arange(400) < 200, -far, far)[:, None]
    asking = np.vstack([rows[::9], rows[::7] + 2 * step, np.full((1, 4), 1000.0)])
    _, places = NearestRows(rows * scale).nearest(asking * scale, 6)
    assert places.tolist() == naive_places(rows, asking, 6).tolist()


def test_rows_stored_many_times_are_all_found():
    """Of a thousand equal rows the first ones, of as many others each in turn; far away all the same."""
    rows = np.repeat([[0.0, 0.0], [1.0, 0.0], [3.0, 4.0]], 1000, axis=0)
    asking = np.array([[0.0, 0.0], [2.0, 4.0], [1e40, 0.0]])
    found, places = NearestRows(rows).nearest(asking, 3)
    assert found.tolist() == [[0.0] * 3, [1.0] * 3, [1e40] * 3]
    assert places.tolist() == [[1, 2, 3], [2000, 2001, 2002], [0, 1, 2]]


def test_threads_change_nothing():
    """Rows beyond one part are answered in threads, with the same result as few rows."""
    random = np.random.default_rng(1)
    search, asking = NearestRows(random.normal(size=(100, 3))), random.normal(size=(9000, 3))
    found, _ = search.nearest(asking, 3)
    assert (found[8000:8100] == search.nearest(asking[8000:8100], 3)[0]).all()


@pytest.mark.parametrize("stored", [0, 1])
def test_hardly_any_row_stored(stored):
    """With no or one stored row there is still a finite answer."""
    found, places = NearestRows(np.zeros((stored, 2))).nearest(np.array([[0.0, 0.0], [3.0, 4.0]]), 5)
    assert found.ravel().tolist() == ([0.0, 0.0] if stored == 0 else [0.0, 5.0])
    assert places.ravel().tolist() == [0, 0]
