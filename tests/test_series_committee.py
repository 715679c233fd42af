"""Committee of a series: tails, smoothing, gaps, and which models sit in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from amiss.errors import ParameterError, UnknownPartError
from amiss.numerics.calibration import ExponentialTail
from amiss.reading.windows import Channels, moving_mean
from amiss.series_committee import SeriesCommittee, series_models


def channels_of(points=600, channels=2, gap=None):
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(points)[:, None] / 5 + np.arange(channels)) + 0.1 * rng.normal(
        size=(points, channels)
    )
    mask = np.zeros(values.shape, bool)
    if gap is not None:
        mask[gap] = True
    return Channels(values, mask, 0, 32)


@given(arrays(float, 200, elements=st.floats(0, 1e6)))
def test_tails_never_fall_with_the_score(scores):
    """A higher score is never less surprising, and no surprise exceeds 12."""
    tail = ExponentialTail().fit(scores)
    found = tail.apply(np.sort(np.append(scores, [1e9, 0.0])))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 12


def test_a_tail_is_the_share_of_higher_scores():
    """Within the training scores: minus log10 of the share at least as high."""
    scores = np.random.default_rng(0).exponential(size=5000)
    tail = ExponentialTail().fit(scores)
    for share in (0.5, 0.1, 0.03):
        assert tail.apply(np.quantile(scores, [1 - share]))[0] == pytest.approx(-np.log10(share), abs=0.03)


def test_beyond_the_training_scores_the_tail_is_exponential():
    """On exponential scores one more nat in the tail is log10(e) more surprise, beyond the highest too."""
    tail = ExponentialTail().fit(np.random.default_rng(0).exponential(size=20_000))
    low, high = tail.apply(np.array([12.0, 15.0]))
    assert (high - low) / 3 == pytest.approx(np.log10(np.e), rel=0.1)


def test_a_bent_tail_has_no_end():
    """Below the bend nothing changes; beyond it what is odder still scores higher, where the plain tail ends at 12."""
    scores = np.random.default_rng(0).exponential(size=2000)
    plain, bent = ExponentialTail().fit(scores), ExponentialTail(6.0).fit(scores)
    asked = np.array([1.0, 5.0, 10.0, 100.0, 1000.0, 1e300])
    low, high = plain.apply(asked), bent.apply(asked)
    assert (low[-3:] == 12.0).all()
    assert (high[:3] == low[:3]).all()
    assert low[2] < 6.0
    assert (np.diff(high) > 0).all()
    one = ExponentialTail(1e9).fit(scores).apply(asked)[3]
    assert high[3] == pytest.approx(6.0 * (1 + np.log(one / 6.0)))


def test_anomalies_among_the_training_scores_do_not_hide_themselves():
    """Twenty huge scores of 1,500 stay far above the rest."""
    scores = np.append(np.random.default_rng(0).exponential(size=1480), np.full(20, 200.0))
    assert ExponentialTail().fit(scores).apply(np.array([200.0]))[0] > 3.0


def test_cells_are_taken_one_by_one():
    """Each column has its own tail."""
    scores = np.random.default_rng(0).exponential(size=(500, 2)) * [1.0, 100.0]
    both = ExponentialTail().fit(scores).apply(scores)
    assert (both[:, 1] == ExponentialTail().fit(scores[:, 1]).apply(scores[:, 1])).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gap_scores_nothing(channels):
    """Missing points score 0, those beside the gap no more than what is usual elsewhere."""
    stretch = channels_of(channels=channels, gap=slice(300, 360))
    committee = SeriesCommittee(series_models("auto", channels))
    scores = committee.fit(stretch, np.random.default_rng(0))
    assert (scores[300:360] == 0).all()
    assert scores[270:390].max() < 1.5 * np.quantile(np.delete(scores, slice(250, 410)), 0.99)


def test_scoring_again_gives_the_scores_of_fit():
    """To the last bit."""
    stretch = channels_of()
    committee = SeriesCommittee(series_models("auto", 2))
    assert (committee.fit(stretch, np.random.default_rng(0)) == committee.score(stretch)).all()


def test_cells_have_a_surprise_whatever_the_models():
    """Models that cannot tell channels apart leave it to the distance from what was expected."""
    stretch = channels_of()
    for names in (["subspace"], ["shapes"], ["own_past"]):
        committee = SeriesCommittee(series_models(names, 2))
        committee.fit(stretch, np.random.default_rng(0))
        surprise = committee.surprise(stretch)
        assert surprise.shape == stretch.values.shape
        assert (surprise >= 0).all()


def test_the_default_depends_on_the_number_of_channels():
    """One channel and many have committees of their own."""
    one, many = series_models("auto", 1), series_models("fast", 2)
    assert [m.spec() for m in one] == ["kernels", "shapes", "codebook"]
    assert {m.name for m in many} >= {"subspace", "own_past", "other_channels"}


def test_one_channel_is_seen_through_several_windows():
    """Windows beside the detector's are of 8 to 256 points, none longer than is asked for."""
    specs = [model.spec() for model in series_models("auto", 1, longest=40)]
    names = ["kernels", "shapes", "codebook"]
    assert specs == names + [f"{name}:window={window}" for window in (8, 32) for name in names]
    assert len(series_models("auto", 1, longest=256)) == 15
    assert [model.spec() for model in series_models("fast", 1, longest=256)] == names
    assert len(series_models("auto", 2, longest=256)) == len(series_models("auto", 2))


def test_each_score_is_smoothed_over_its_window():
    """The committee's score is the sum of those of the models alone, whatever their windows."""
    stretch = channels_of(channels=1)
    together = SeriesCommittee(series_models(["shapes", "shapes:window=8"], 1))
    alone = [SeriesCommittee(series_models(name, 1)) for name in ("shapes", "shapes:window=8")]
    found = [one.fit(stretch, np.random.default_rng(0)) for one in [together, *alone]]
    assert np.allclose(found[0], found[1] + found[2])
    raw = alone[1].unsmoothed(stretch)
    assert np.allclose(found[2], moving_mean(raw, 8))
    assert [one.reach(32) for one in [together, *alone]] == [32, 32, 32]
    assert SeriesCommittee(series_models("shapes:window=128", 1)).reach(32) == 128


def test_models_of_other_kinds_are_refused():
    """A model of strings does not look at series; no model at all neither."""
    with pytest.raises(UnknownPartError, match=r"Known: .*codebook.*kernels"):
        series_models("rarity", 1)
    with pytest.raises(ParameterError, match="models is empty"):
        series_models([], 1)
