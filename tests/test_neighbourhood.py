"""Neighbourhood: scores drawn to those of the nearest rows, as far as these are neighbours in truth."""

import numpy as np
import pytest

from amiss import TableDetector
from amiss.numerics.calibration import closed, opened
from amiss.numerics.neighbourhood import Neighbourhood


def naive_drawn(stored, known, asking, scores):
    """Each score + 0.7 x the mean of weight x difference over the ten nearest, one pair at a time."""

    def nearest(row):
        order = sorted((float(np.sqrt(((other - row) ** 2).sum())), j) for j, other in enumerate(stored))
        return (order[1:] if order[0][0] == 0 else order)[: min(10, len(stored) - 1)]

    radius = [nearest(row)[-1][0] for row in stored]
    out = []
    for row, score in zip(asking, scores, strict=True):
        near = nearest(row)
        weights = [1.0 if d <= radius[j] else (radius[j] / d) ** 2 for d, j in near]
        pulls = [w * (known[j] - score) for w, (_, j) in zip(weights, near, strict=True)]
        out.append(score + 0.7 * sum(pulls) / len(near))
    return np.array(out)


def around(rows, scores):
    one = Neighbourhood()
    one.fit_drawn(rows, scores, np.arange(len(rows)))
    return one


@pytest.mark.parametrize(("stored", "width"), [(2, 1), (7, 2), (200, 3)])
def test_scores_are_those_of_the_slow_twin(stored, width):
    """The fast routine says what comparing every pair says."""
    random = np.random.default_rng(stored)
    rows, known = random.normal(size=(stored, width)), random.exponential(size=stored)
    asking = np.vstack([rows[:5], random.normal(size=(20, width)) * 3])
    scores = random.exponential(size=len(asking))
    found = around(rows, known).drawn(asking, scores)
    np.testing.assert_allclose(found, naive_drawn(rows, known, asking, scores), rtol=1e-9)


def test_among_its_own_a_row_goes_most_of_the_way_to_their_score():
    """A row in the middle of eleven equal ones goes seven tenths of the way to what they score."""
    one = around(np.zeros((11, 2)), np.full(11, 4.0))
    assert one.drawn(np.zeros((1, 2)), np.array([2.0])) == pytest.approx(3.4, rel=1e-15)


def test_a_row_far_from_all_keeps_its_score():
    """Normal rows say next to nothing of one that lies a hundred of their radii away."""
    rows = np.random.default_rng(0).normal(size=(200, 2))
    found = around(rows, np.zeros(200)).drawn(np.full((1, 2), 500.0), np.array([8.0]))
    assert 7.99 < found[0] < 8.0


def test_rows_equal_or_alone_are_scored():
    """One row stored, or no distance between any two: the score stays finite."""
    for stored in (1, 2, 30):
        one = around(np.ones((stored, 3)), np.arange(stored, dtype=float))
        assert np.isfinite(one.drawn(np.vstack([np.ones(3), np.zeros(3)]), np.array([1.0, 2.0]))).all()


def test_same_score_in_any_company():
    """A row is drawn to the same number, to the last bit, alone and among others in any order."""
    random = np.random.default_rng(3)
    one = around(random.normal(size=(300, 4)), random.exponential(size=300))
    rows, scores = random.normal(size=(150, 4)), random.exponential(size=150)
    found, order = one.drawn(rows, scores), random.permutation(150)
    assert (one.drawn(rows[order], scores[order]) == found[order]).all()
    assert all(one.drawn(rows[i : i + 1], scores[i : i + 1])[0] == found[i] for i in range(0, 150, 15))


def test_rows_learnt_from_get_the_score_they_get_later():
    """Kept or not, a row is drawn to the same number, to the last bit, when it is learnt from and after."""
    random = np.random.default_rng(4)
    rows, scores, one = random.normal(size=(120, 3)), random.exponential(size=120), Neighbourhood()
    learnt = one.fit_drawn(rows, scores, np.arange(0, 120, 2))
    assert (learnt == one.drawn(rows, scores)).all()


def test_the_defaults_ask_the_neighbours_of_mixed_rows():
    """Mixed rows judged by the models amiss chooses: neighbours count. Clean rows, levels, or models named: not."""
    rows = np.random.default_rng(0).normal(size=(60, 3))
    for models, training_data, asked in [
        ("auto", "mixed", True),
        ("fast", "mixed", True),
        ("auto", "clean", False),
        (["marginal", "memory"], "mixed", False),
    ]:
        detector = TableDetector(models=models, training_data=training_data, random_state=0).fit(rows)
        assert (detector.committee_.neighbourhood is not None) is asked
        assert (detector.scores_ == -detector.score_samples(rows)).all()
    levels = {"x": rows[:, 0], "y": rows[:, 1], "group": ["a", "b", "c"] * 20}
    assert TableDetector(random_state=0).fit(levels).committee_.neighbourhood is None


def test_how_usual_a_model_finds_a_row_is_no_answer_to_one_that_finds_it_odd():
    """Calibrated scores below -0.3 count as -0.3, model by model, before the mean is taken."""
    rows = np.random.default_rng(0).normal(size=(300, 3))
    detector = TableDetector(models="fast", random_state=0).fit(rows)
    committee, batch = detector.committee_, detector._numbers(detector._read(rows))
    alone = [c.apply(m.score(batch)) for c, m in zip(committee.calibrations, committee.models, strict=True)]
    assert min(one.min() for one in alone) < -0.5
    floored = [[max(value, -0.3) for value in one] for one in alone]
    mean = np.mean(floored, axis=0)
    drawn = committee.neighbourhood.drawn(committee.space.apply(batch), opened(mean))
    np.testing.assert_allclose(committee.score(batch), closed(drawn), rtol=1e-12)
