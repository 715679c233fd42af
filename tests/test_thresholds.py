"""The shelf of thresholds: lines, p-values, false alarms, anomalies among the training scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, genpareto

from amiss.errors import ParameterError
from amiss.part import make_part, shelf_of
from amiss.thresholds import Fdr, Mad, MeanStd, Peaks, Quantile, Threshold
from amiss.thresholds.pareto import Pareto, Prior, fit_pareto

RULES = ["fdr", "mad", "mean_std", "peaks", "quantile"]
FREE = Prior(0.0, 10.0)
DISTRIBUTIONS = {
    "half-normal": lambda r, n: np.abs(r.normal(size=n)),
    "chi2(1)": lambda r, n: r.chisquare(1, n),
    "lognormal": lambda r, n: r.lognormal(size=n),
    "t3 squared": lambda r, n: r.standard_t(3, n) ** 2,
    "uniform": lambda r, n: r.random(n),
    "exponential": lambda r, n: r.exponential(size=n),
    "gamma(5)": lambda r, n: r.gamma(5, size=n),
    "bimodal": lambda r, n: np.where(r.random(n) < 0.6, np.abs(r.normal(2, 0.5, n)), r.normal(6, 0.7, n)),
}
SCORES = st.lists(
    st.floats(0, 1.7e308) | st.sampled_from([0.0, 1.0, 1.0, 5e-324, 2.0]), min_size=1, max_size=200
).map(np.array)


def test_the_shelf_holds_the_five_rules() -> None:
    """Every rule is found by name."""
    assert set(RULES) <= set(shelf_of(Threshold))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("clean", [True, False])
@given(scores=SCORES)
@settings(max_examples=60, deadline=None)
def test_any_scores_give_a_finite_line_and_falling_p_values(
    name: str, clean: bool, scores: np.ndarray
) -> None:
    """Constant, zero, single, tiny, huge scores: a finite line > 0, p-values in (0, 1] that fall."""
    rule = make_part(Threshold, name).fit(scores, clean=clean)
    assert 0 < rule.threshold_ < np.inf
    asked = np.sort(np.concatenate([scores, [0.0, rule.threshold_, np.finfo(float).max]]))
    p = rule.p_values(asked)
    assert np.all((p > 0) & (p <= 1) & (np.diff(p, prepend=1.0) <= 0))
    assert 0 < rule.expected_by_chance() <= 1


@pytest.mark.parametrize("name", RULES)
def test_the_order_of_the_scores_does_not_matter(name: str) -> None:
    """Shuffled scores give the same line."""
    scores = np.random.default_rng(0).gamma(2, size=500)
    line = make_part(Threshold, name).fit(scores).threshold_
    assert make_part(Threshold, name).fit(scores[::-1]).threshold_ == line


@pytest.mark.parametrize("name", RULES)
def test_the_line_scales_with_the_scores(name: str) -> None:
    """Scores in other units, a power of two apart, give the same line in those units."""
    scores = np.random.default_rng(0).gamma(2, size=500)
    line = make_part(Threshold, name).fit(scores).threshold_
    assert make_part(Threshold, name).fit(scores * 1024).threshold_ == line * 1024


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("risk", [0.05, 0.01, 0.001, 0.0002])
def test_peaks_has_its_risk_as_p_value_at_the_line(risk: float, clean: bool) -> None:
    """The chance that `peaks` states is the risk it was given."""
    scores = np.random.default_rng(0).exponential(size=5000)
    assert Peaks(risk=risk).fit(scores, clean=clean).expected_by_chance() == pytest.approx(risk, rel=0.02)


@pytest.mark.parametrize("name", list(DISTRIBUTIONS))
def test_peaks_gives_about_one_false_alarm_in_a_thousand(name: str) -> None:
    """With 5,000 clean scores: 1 per 1000 within a factor of 1.5, whatever the distribution."""
    draw, rates = DISTRIBUTIONS[name], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        line = Peaks().fit(draw(rng, 5000), clean=True).threshold_
        rates.append(1000 * np.mean(draw(rng, 20_000) > line))
    assert 1 / 1.5 <= np.mean(rates) <= 1.5


@pytest.mark.parametrize("name", ["half-normal", "gamma(5)", "uniform", "bimodal"])
def test_peaks_stays_calm_on_clean_scores_said_to_be_mixed(name: str) -> None:
    """Tails no heavier than the normal distribution's are not taken for anomalies: under 6 per 1000."""
    draw = DISTRIBUTIONS[name]
    rates = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        rates.append(1000 * np.mean(draw(rng, 20_000) > Peaks().fit(draw(rng, 5000)).threshold_))
    assert np.mean(rates) < 6


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("count", [500, 5000])
def test_peaks_finds_gross_anomalies_among_its_training_scores(share: float, count: int) -> None:
    """One to twenty per cent of high scores do not move the line beyond themselves."""
    rng = np.random.default_rng(0)
    scores = np.abs(rng.normal(size=count))
    anomalies = int(share * count)
    scores[:anomalies] = rng.uniform(5, 15, anomalies)
    line = Peaks().fit(scores).threshold_
    assert np.mean(scores[:anomalies] > line) == 1
    assert np.mean(scores[anomalies:] > line) < 0.01


def test_one_that_differs_among_equals_is_found() -> None:
    """99 items with one score and one with another: that one is abnormal."""
    scores = np.append(np.ones(99), 100.0)
    assert 1 < Peaks().fit(scores).threshold_ < 100


def test_a_line_can_lie_beyond_all_training_scores() -> None:
    """Nothing is amiss among 300 evenly spread scores."""
    scores = np.linspace(0, 1, 300)
    assert Peaks().fit(scores).threshold_ > 1


def test_p_values_keep_falling_beyond_the_largest_score() -> None:
    """An item further out than any training item is told apart from one further still."""
    rule = Peaks().fit(np.random.default_rng(0).exponential(size=1000), clean=True)
    p = rule.p_values(np.array([8.0, 9.0, 10.0]))
    assert p[0] > p[1] > p[2]


def test_only_quantiles_are_kept_of_many_scores() -> None:
    """100,000 scores leave at most 10,000 numbers behind."""
    rule = Peaks().fit(np.random.default_rng(0).exponential(size=100_000))
    assert len(rule.normal_.ordered) == 10_000


def test_quantile_is_numpys() -> None:
    """The line is the quantile asked for."""
    scores = np.random.default_rng(0).gamma(2, size=500)
    assert Quantile(q=0.95).fit(scores).threshold_ == pytest.approx(np.quantile(scores, 0.95))


def test_quantile_of_mostly_zeros_still_leaves_the_rest_abnormal() -> None:
    """Where the quantile is 0 the line lies between 0 and the smallest other score."""
    assert 0 < Quantile(q=0.9).fit(np.append(np.zeros(99), 3.0)).threshold_ < 3


def test_mean_std_is_the_textbooks() -> None:
    """Mean and k standard deviations."""
    scores = np.random.default_rng(0).gamma(2, size=500)
    assert MeanStd(k=2).fit(scores).threshold_ == pytest.approx(scores.mean() + 2 * scores.std())


def test_mad_is_not_moved_by_a_third_of_anomalies() -> None:
    """A third of wild scores moves the line by less than its own size."""
    scores = np.abs(np.random.default_rng(0).normal(size=300))
    wild = np.append(scores, np.full(100, 1e9))
    assert Mad().fit(wild).threshold_ < 2 * Mad().fit(scores).threshold_


def test_fdr_flags_what_scipys_benjamini_hochberg_flags() -> None:
    """The same training items as scipy's adjusted p-values at the level."""
    rng = np.random.default_rng(0)
    scores = np.append(np.abs(rng.normal(size=950)), rng.uniform(4, 9, 50))
    rule = Fdr(level=0.1).fit(scores)
    expected = false_discovery_control(rule.p_values(scores)) <= 0.1
    np.testing.assert_array_equal(scores > rule.threshold_, expected)


def test_fdr_finds_nothing_where_nothing_is() -> None:
    """On clean scores the line lies beyond nearly all of them."""
    flagged = []
    for seed in range(20):
        scores = np.abs(np.random.default_rng(seed).normal(size=1000))
        flagged.append(np.sum(scores > Fdr().fit(scores, clean=True).threshold_))
    assert np.mean(flagged) < 1


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("quantile:q=1.5", "above 0 and below 1"),
        ("mean_std:k=0", "above 0"),
        ("mad:k=-1", "above 0"),
        ("peaks:risk=0", "above 0 and below 1"),
        ("fdr:level=1", "above 0 and below 1"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_legal(spec: str, words: str) -> None:
    """The error says which values are legal."""
    with pytest.raises(ParameterError, match=words):
        make_part(Threshold, spec).fit(np.arange(10.0))


@pytest.mark.parametrize("shape", [-0.4, -0.1, 0.0, 0.3, 0.7])
def test_the_tail_fit_is_as_near_the_truth_as_scipys(shape: float) -> None:
    """Over 30 samples of 500: the error of the shape is at most that of scipy's likelihood plus 0.02."""
    ours, theirs = [], []
    for seed in range(30):
        excesses = np.sort(genpareto.rvs(shape, size=500, random_state=seed))
        ours.append(fit_pareto(excesses, FREE).shape)
        theirs.append(genpareto.fit(excesses, floc=0)[0])
    assert (
        np.sqrt(np.mean((np.array(ours) - shape) ** 2))
        < np.sqrt(np.mean((np.array(theirs) - shape) ** 2)) + 0.02
    )


def test_the_censored_tail_fit_maximises_the_likelihood() -> None:
    """Near the best of a fine grid over shape and scale, excesses above the limit being counted only."""
    excesses = np.sort(genpareto.rvs(0.2, size=2000, random_state=0))
    limit = float(np.quantile(excesses, 0.8))
    seen, above = excesses[excesses <= limit], int((excesses > limit).sum())
    found = fit_pareto(seen, FREE, limit, above)

    def likelihood(shape: float, scale: float) -> float:
        inside = genpareto.logpdf(seen, shape, scale=scale).sum()
        return float(inside + above * genpareto.logsf(limit, shape, scale=scale))

    best = max(likelihood(c, s) for c in np.linspace(-0.3, 0.7, 101) for s in np.linspace(0.8, 1.2, 41))
    assert likelihood(*found) > best - 0.5


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.4])
def test_survival_is_scipys_and_beyond_turns_it_round(shape: float) -> None:
    """`survival` against scipy's; `beyond` its inverse."""
    excess = np.array([0.0, 0.5, 2.0, 6.0, 50.0])
    pareto = Pareto(shape, 1.5)
    np.testing.assert_allclose(pareto.survival(excess), genpareto.sf(excess, shape, scale=1.5))
    assert pareto.survival(np.array([pareto.beyond(0.01)]))[0] == pytest.approx(0.01)


def test_equal_scores_are_no_tail() -> None:
    """Where nearly all score alike on a few levels, the one that stands apart is beyond the line."""
    scores = np.concatenate([np.repeat([1.0, 1.1, 1.25], 100), [50.0]])
    rule = make_part(Threshold, "peaks").fit(scores)
    assert 1.25 <= rule.threshold_ < 50.0


@pytest.mark.parametrize("count", [60, 200, 1000])
def test_a_tail_of_few_scores_is_as_heavy_as_what_is_not_known_of_it(count: int) -> None:
    """Clean exponential scores, 400 samples: what lies beyond the line is what is told, within a factor of 1.5."""
    told, true = [], []
    for seed in range(400):
        rule = Peaks().fit(np.random.default_rng(seed).exponential(size=count), clean=True)
        told.append(rule.expected_by_chance())
        true.append(np.exp(-rule.threshold_))
    assert 1 / 1.5 <= np.mean(true) / np.mean(told) <= 1.5


def test_data_of_which_most_lie_beyond_the_line_do_not_look_like_what_was_learnt() -> None:
    """More than half of 20 or more: a note; half of them, or a few single items: none."""
    rule = Peaks().fit(np.random.default_rng(0).exponential(size=500))
    (note,) = rule.notes_on(np.arange(30) < 16, "row")
    assert note.startswith("16 of 30 rows lie beyond the limit")
    assert rule.notes_on(np.arange(30) < 15, "row") == ()
    assert rule.notes_on(np.ones(19, bool), "row") == ()
