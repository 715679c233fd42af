"""The numeric models of tables: each against what it is defined to be."""

import re
from statistics import NormalDist

import numpy as np
import pytest

from amiss.batch import Batch
from amiss.committee import Committee
from amiss.errors import ParameterError
from amiss.models import Gaps, Local, Marginal, Memory, Middle, Robust, Span
from amiss.models.base import Model, SeriesModel, StringModel
from amiss.models.categorical import CategoricalMemory, Levels, levels_among
from amiss.models.robust import Gaussian
from amiss.numerics.blocks import product
from amiss.numerics.calibration import Tail, UpperQuantile, ZScore, closed, opened, positive
from amiss.part import make_part
from amiss.trust import trusted_rows

MODELS = (Marginal, Robust, Memory, Middle, Local, Gaps, Span)


def batch(values):
    values = np.ascontiguousarray(values, dtype=float)
    mask = np.isnan(values)
    return Batch(np.where(mask, 0.0, values), mask, tuple(f"x{i}" for i in range(values.shape[1])))


def fitted(model, values, normal=None):
    normal = np.ones(len(values), bool) if normal is None else normal
    return model().fit(batch(values), normal, np.random.default_rng(0))


def normal_table(rows=300, columns=4, seed=0, gaps=0.0):
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns)) * 3 + 50
    values[random.random(values.shape) < gaps] = np.nan
    return values


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_scores_and_surprises_are_finite_and_shaped(model, gaps):
    """Every model scores items and cells, >= 0 and finite, with and without gaps."""
    values = normal_table(gaps=gaps)
    one = fitted(model, values)
    surprise = one.surprise(batch(values))
    assert one.score(batch(values)).shape == (300,)
    assert surprise.shape == values.shape
    assert np.isfinite(surprise).all()
    assert (surprise >= 0).all()
    expected = one.expected(batch(values))
    assert expected is None or np.isfinite(expected).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "values",
    [
        np.zeros((1, 3)),
        np.full((2, 2), 7.0),
        np.full((9, 2), np.nan),
        np.array([[1.0, 2.0], [3.0, np.nan]]),
        np.full((40, 1), 1e300),
        np.array([[1e300], [-1e300], [0.0], [5e-324], [1.0]] * 5),
    ],
)
def test_degenerate_tables_score_finite(model, values):
    """One row, constants, nothing but gaps, huge values: finite scores."""
    assert np.isfinite(fitted(model, values).score(batch(values))).all()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("columns", [1, 5, 20])
def test_same_item_same_score(model, columns):
    """A row scores the same, bit for bit, alone, in a batch, and shuffled."""
    values = normal_table(columns=columns, gaps=0.05)
    one = fitted(model, values)
    scores = one.score(batch(values))
    shuffle = np.random.default_rng(1).permutation(len(values))
    assert (one.score(batch(values[shuffle])) == scores[shuffle]).all()
    assert [one.score(batch(values[i : i + 1]))[0] for i in range(20)] == scores[:20].tolist()


@pytest.mark.parametrize("model", [Marginal, Robust, Memory, Local])
def test_planted_row_scores_highest(model):
    """A row far from all others gets the highest score, and its changed cell the highest surprise."""
    values = normal_table()
    values[17, 2] = 500.0
    one = fitted(model, values, np.arange(300) != 17)
    assert one.score(batch(values)).argmax() == 17
    assert one.surprise(batch(values))[17].argmax() == 2


def test_gaussian_residual_is_value_minus_regression_on_the_others():
    """The conditional residual equals that of least squares on the other columns, but for the ridge."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(500, 3)) @ random.normal(size=(3, 3))
    residuals, deviations = Gaussian(rows, ridge=0.0).residuals(rows)
    others = np.column_stack([rows[:, 1:], np.ones(500)])
    slopes = np.linalg.lstsq(others, rows[:, 0], rcond=None)[0]
    np.testing.assert_allclose(residuals[:, 0], rows[:, 0] - others @ slopes, atol=1e-6)
    assert deviations[0] == pytest.approx(residuals[:, 0].std(), rel=1e-6)


def test_gaussian_distance_is_mahalanobis():
    """The squared distance equals (x - m) C^-1 (x - m)."""
    rows = np.random.default_rng(0).normal(size=(200, 4))
    centred = rows - rows.mean(axis=0)
    inverse = np.linalg.inv(np.cov(rows.T, bias=True))
    expected = [x @ inverse @ x for x in centred]
    np.testing.assert_allclose(Gaussian(rows, ridge=0.0).squared_distance(rows), expected, rtol=1e-6)


def test_robust_forgets_a_cluster_of_anomalies():
    """A fifth of the rows, far off and alike, does not pull the centre to itself."""
    values = np.vstack([normal_table(240), normal_table(60, seed=1) + 200])
    one = fitted(Robust, values, np.arange(300) < 200)
    scores = one.score(batch(values))
    assert scores[240:].min() > 3 * scores[:240].max()


def test_robust_expects_what_the_other_columns_say():
    """With y = 2 x, a wrong y is expected near 2 x, inside a range around it."""
    x = np.random.default_rng(0).normal(size=300)
    values = np.column_stack([x, 2 * x + 0.01 * x**2])
    one = fitted(Robust, values)
    wrong = batch([[1.0, -2.0]])
    low, high = one.expected_range(wrong)
    assert one.expected(wrong)[0, 1] == pytest.approx(2.0, abs=0.3)
    assert low[0, 1] < one.expected(wrong)[0, 1] < high[0, 1]


def test_local_factor_is_that_of_the_definition():
    """The factor follows definitions 5 to 7 of the paper, the own row left out."""
    values, k = batch(np.random.default_rng(0).normal(size=(60, 2))), 10
    one = Local(k=k, space="standard").fit(values, np.ones(60, bool), np.random.default_rng(0))
    rows = one.space_.apply(values)
    distance = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(axis=2))
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1)[:, :k]
    radius = np.take_along_axis(distance, near, 1)[:, -1]
    density = 1 / np.maximum(np.take_along_axis(distance, near, 1), radius[near]).mean(axis=1)
    found = one._factor(*one.neighbours_.nearest(rows, k))
    np.testing.assert_allclose(found, density[near].mean(axis=1) / density)


def test_rescaled_columns_are_in_units_of_the_usual_difference():
    """Each column is divided by the root mean square difference between a row and its three nearest."""
    values = batch(np.random.default_rng(0).normal(size=(60, 2)) * [1.0, 20.0])
    one = Local(rescaled=True).fit(values, np.ones(60, bool), np.random.default_rng(0))
    rows = one.space_.apply(values)
    distance = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(axis=2))
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1)[:, :3]
    usual = [np.sqrt(np.mean([(rows[i, j] - rows[near[i], j]) ** 2 for i in range(60)])) for j in range(2)]
    np.testing.assert_allclose(one.scale_, usual)
    np.testing.assert_allclose(one.neighbours_.rows, rows / usual)


def test_rescaling_sees_what_close_rows_share():
    """As far off in a column in which nearest rows agree, a row is farther than in one in which they do not."""
    random = np.random.default_rng(1)
    group = random.integers(0, 2, 400)
    values = batch(np.column_stack([group * 10 + random.normal(size=400) * 0.01, random.uniform(0, 10, 400)]))
    shared, free = values.values.std(axis=0) / 2
    odd = batch([[shared, 5.0], [0.0, 10.0 + free]])
    for rescaled, times in ((False, (0.8, 1.25)), (True, (5, np.inf))):
        one = Local(rescaled=rescaled).fit(values, np.ones(400, bool), np.random.default_rng(0))
        first, second = one.neighbours_.nearest(one._rows(odd), 1)[0][:, 0]
        assert times[0] < first / second < times[1]
        assert np.isclose(values.values[:, 0], one.expected(odd)[0, 0]).any()


def test_rescaling_equal_rows_changes_nothing():
    """Where no rows differ there is nothing to divide by."""
    one = Local(rescaled=True).fit(batch(np.ones((5, 2))), np.ones(5, bool), np.random.default_rng(0))
    assert one.scale_.tolist() == [1.0, 1.0]


def test_marginal_costs_are_log_shares():
    """In a column of few values a value costs log(most frequent / its rows); an unseen one the most."""
    one = fitted(Marginal, np.array([[0.0]] * 90 + [[1.0]] * 10))
    costs = one.surprise(batch([[0.0], [1.0], [0.5], [9.0]])).ravel()
    assert costs[:3] == pytest.approx([0.0, np.log(9), np.log(180)])
    assert costs[3] > costs[2]


def test_gaps_cost_where_they_are_rare():
    """A gap where there is none costs much, and a value where there is none; half and half costs nothing."""
    values = np.ones((200, 3))
    values[:100, 1] = np.nan
    values[:, 2] = np.nan
    one = fitted(Gaps, values)
    present, absent = one.surprise(batch([[1.0] * 3, [np.nan] * 3]))
    assert present == pytest.approx([0.0, 0.0, np.log(402)], abs=0.05)
    assert absent == pytest.approx([np.log(402), 0.0, 0.0], abs=0.05)


def test_span_lets_data_go_on():
    """Values up to one range beyond cost nothing; far ones cost."""
    one = fitted(Span, np.arange(100.0)[:, None])
    cost = one.surprise(batch([[50.0], [190.0], [-90.0], [99_000.0]])).ravel()
    assert cost[:3].tolist() == [0.0, 0.0, 0.0]
    assert cost[3] > 20


def test_large_tables_are_sampled_by_the_generator():
    """Only so many rows are kept; another seed keeps others, the same seed the same."""
    values = batch(normal_table(3000))
    kept = [
        Memory(rows=500).fit(values, np.ones(3000, bool), np.random.default_rng(s)).neighbours_.rows
        for s in (0, 0, 1)
    ]
    assert kept[0].shape == (500, 4)
    assert (kept[0] == kept[1]).all()
    assert not (kept[0] == kept[2]).all()


def test_trust_leaves_out_the_anomalies():
    """Of 300 rows with 30 far ones, 240 are trusted and none of the far ones."""
    values = normal_table()
    values[:30] += 100
    trusted = trusted_rows(batch(values), np.random.default_rng(0))
    assert trusted.sum() == 240
    assert not trusted[:30].any()


def flooded() -> Batch:
    """350 rows as usual and 150 alike: zeros that are ones there in four columns, and a level of their own."""
    random = np.random.default_rng(0)
    values = np.where(random.random((500, 6)) < 0.97, 0.0, random.random((500, 6)))
    codes = random.choice(2, 500, p=[0.8, 0.2])
    values[350:, :4], codes[350:] = 1.0, 2
    lost = np.zeros((500, 1), bool)
    return Batch(values, lost.repeat(6, axis=1), tuple("abcdef"), codes[:, None], lost, (3,))


def test_trust_beside_levels_leaves_out_a_flood():
    """Of 500 rows, 150 of them wrong in the same way, 300 are trusted and none of those."""
    trusted = trusted_rows(flooded(), np.random.default_rng(0))
    assert trusted.sum() == 300
    assert not trusted[350:].any()


def test_middle_sums_ranks_and_shares():
    """Normal quantiles of middle ranks, and 2 (1 - share); a level never seen has no share."""
    values = np.array([[0.0], [0.0], [0.0], [7.0]])
    codes, lost = np.array([[0], [0], [1], [0]]), np.zeros((4, 1), bool)
    one = Middle().fit(
        Batch(values, lost, ("a",), codes, lost, (2,)), np.ones(4, bool), np.random.default_rng(0)
    )
    zero, seven = abs(NormalDist().inv_cdf(1.5 / 4)), NormalDist().inv_cdf(3.5 / 4)
    asked = Batch(values[[0, 2, 3, 0]], lost, ("a",), np.array([[0], [1], [0], [-1]]), lost, (2,))
    assert one.score(asked) == pytest.approx([zero + 0.5, zero + 1.5, seven + 0.5, zero + 2.0])


def test_middle_sees_a_flood():
    """Rows wrong in the same way, three in ten, are farther from the middle than 99 % of the others."""
    rows = flooded()
    scores = Middle().fit(rows, np.ones(500, bool), np.random.default_rng(0)).score(rows)
    assert scores[350:].min() > np.quantile(scores[:350], 0.99)


def test_trust_draws_from_large_tables():
    """At most the asked number of rows is looked at."""
    assert trusted_rows(batch(normal_table(2000)), np.random.default_rng(0), most=500).sum() == 400


def test_product_equals_matrix_product():
    """Blocks change nothing but the last bits."""
    random = np.random.default_rng(0)
    rows, matrix = random.normal(size=(130, 7)), random.normal(size=(7, 5))
    np.testing.assert_allclose(product(rows, matrix), rows @ matrix, rtol=1e-12)


@pytest.mark.parametrize("calibration", [ZScore, Tail, UpperQuantile])
def test_calibrations_keep_the_order(calibration):
    """A higher score never becomes a lower one, and all stay finite."""
    scores = np.random.default_rng(0).gamma(1.0, size=400)
    asked = np.sort(np.concatenate([scores, [0.0, 50.0, 1e9]]))
    found = calibration().fit(scores).apply(asked)
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()


def test_tail_is_log_of_the_share_at_least_as_high():
    """With 100 different scores the highest gets log 100; beyond it grows."""
    found = Tail().fit(np.arange(100.0)).apply(np.array([0.0, 99.0, 500.0]))
    assert found[:2] == pytest.approx([0.0, np.log(100)])
    assert found[2] > found[1]


def test_equal_scores_calibrate_to_zero():
    """Scores that differ by rounding alone are no reason to be far out."""
    scores = np.full(50, 0.1) + np.random.default_rng(0).normal(size=50) * 1e-17
    assert np.abs(ZScore().fit(scores).apply(scores)).max() < 1e-9


def test_opened_and_positive_keep_order_and_sign():
    """Both maps are increasing and positive, over the whole range of scores."""
    scores = np.linspace(-50, 50, 1001)
    for found in (opened(scores), positive(scores)):
        assert (found > 0).all()
        assert (np.diff(found) > 0).all()


def test_closed_undoes_opened():
    """Opened and closed again, a score is what it was."""
    scores = np.linspace(-6, 50, 500)
    np.testing.assert_allclose(closed(opened(scores)), scores, atol=1e-9)


def test_committee_is_the_mean_of_calibrated_scores():
    """The committee's score is the mean of what its members' calibrated scores are."""
    values = batch(normal_table())
    one = Committee([Marginal(), Memory()])
    training = one.fit_score(values, np.ones(300, bool), np.random.default_rng(0))
    assert (training == one.score(values)).all()
    parts = [c.apply(m.score(values)) for c, m in zip(one.calibrations, one.models, strict=True)]
    np.testing.assert_array_equal(one.score(values), np.mean(parts, axis=0))


def test_levels_unknown_is_all_zeros():
    """A level becomes one column; a level never seen is zeros."""
    levels = Levels(["a", "b"], np.array([3.0, 5.0]))
    found = levels.indicators(["a", "new", "b"], np.array([0, 1, 2, 0]))
    assert found.tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("clean", [False, True])
def test_categorical_memory_finds_the_odd_combination(clean: bool) -> None:
    """Two levels that never meet in training score high when they do."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 2, 200)
    indicators = np.eye(2)[kind]
    numbers = batch((kind * 10 + random.normal(size=200))[:, None])
    one = CategoricalMemory()
    training = one.fit_score(numbers, indicators, random, clean)
    assert (training == one.score(numbers, indicators)).all()
    usual, odd = one.score(batch([[10.0], [10.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert usual < np.quantile(training, 0.9)
    assert odd > training.max() + 0.2


def test_rows_wrong_in_the_same_way_do_not_vouch_for_each_other() -> None:
    """In mixed training data a twentieth of equal wrong rows scores above 99 % of the others."""
    random = np.random.default_rng(0)
    kind = np.r_[random.choice(3, 380, p=[0.5, 0.3, 0.2]), np.full(20, 3)]
    numbers = batch(np.r_[random.normal(size=380), np.full(20, 3.0)][:, None])
    scores = CategoricalMemory().fit_score(numbers, np.eye(4)[kind], random)
    assert scores[380:].min() > np.quantile(scores[:380], 0.99)


def test_grades_and_counts_are_levels_too() -> None:
    """Whole numbers of few values, gaps left out; not fractions, not many values."""
    rows = np.arange(40.0)
    values = np.column_stack([rows % 4, rows % 4 + 0.5, rows, np.where(rows < 3, 0.5, rows % 10)])
    mask = np.zeros(values.shape, bool)
    mask[:3, 3] = True
    assert levels_among(Batch(values, mask, ("grade", "half", "many", "gaps"))) == 2


@pytest.mark.parametrize(
    ("spec", "legal"),
    [
        ("memory:k=0", "k=0. Legal: at least 1."),
        ("local:rows=-2", "rows=-2. Legal: at least 1."),
        ("subspace:share=7", "share=7.0. Legal: at least 0 and at most 1."),
        ("ngram:order=0", "order=0. Legal: at least 1 and at most 9."),
        ("other_channels:ridge=nan", "ridge=nan. Legal: at least 0."),
    ],
)
def test_parameters_of_a_model_are_checked_where_it_is_asked_for(spec: str, legal: str) -> None:
    """Before any work, with what is legal, in whatever kind of data."""
    base = {"subspace": SeriesModel, "other_channels": SeriesModel, "ngram": StringModel}
    with pytest.raises(ParameterError, match=re.escape(legal)):
        make_part(base.get(spec.partition(":")[0], Model), spec)
