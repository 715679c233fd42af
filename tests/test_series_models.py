"""The models of series: what each must find, and that a point's score does not depend on company."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from amiss.errors import ParameterError
from amiss.models import Codebook, Kernels, SeriesModel, kernels
from amiss.models.asked import fresh_models
from amiss.models.shapes import TimedWindows
from amiss.part import shelf_of
from amiss.reading.windows import Channels

PERIOD = 40
POINTS = 1600
SPECS = [
    "kernels",
    "shapes",
    "codebook",
    "codebook:of=points",
    "kernels:window=16",
    "shapes:window=16",
    "codebook:window=16",
    "subspace",
    "subspace:detrended=True",
    "own_past",
    "other_channels",
    "season",
    "dense",
    "conv:epochs=8",
    "recurrent:epochs=8",
    "attention:epochs=4",
    "variational:epochs=8",
]
NETWORKS = SPECS[-5:]


def stretch(values, start=0):
    return Channels(values, np.zeros(values.shape, bool), start, PERIOD)


def waves(channels=3, seed=0):
    """Noisy waves of one period, the channels shifted against each other."""
    rng = np.random.default_rng(seed)
    phase = np.arange(POINTS)[:, None] * 2 * np.pi / PERIOD + np.arange(channels)
    return np.sin(phase) + 0.05 * rng.normal(size=(POINTS, channels))


def fitted(spec, values):
    return fresh(spec).fit(stretch(values), np.random.default_rng(0))


def fresh(spec):
    return fresh_models("series", spec, ())[0]


@functools.cache
def fitted_on_waves(spec):
    """Return the model fitted on plain waves, once for all tests that only ask."""
    return fitted(spec, waves())


def test_every_series_model_is_tested_here():
    """A new model of series must be put into the list above."""
    parts = shelf_of(SeriesModel).items()
    ours = [(name, part) for name, part in parts if part.__module__.startswith("amiss.")]
    known = {name for name, part in ours if "series" in part.kinds}
    assert {spec.partition(":")[0] for spec in SPECS} == known


@pytest.mark.parametrize("spec", SPECS)
def test_a_broken_stretch_stands_out(spec):
    """Noise in place of the waves, in new data, scores higher there than anywhere else."""
    model = fitted_on_waves(spec)
    new = waves(seed=1)
    new[800:840] = np.random.default_rng(5).normal(size=(40, 3)) * 1.5
    scores = model.score(stretch(new, POINTS))
    assert scores.shape == (POINTS,)
    assert 780 <= int(scores.argmax()) <= 860


@pytest.mark.parametrize("spec", SPECS)
def test_an_event_among_the_training_points_stands_out(spec):
    """The one odd stretch of the training series is not normal because it is stored."""
    values = waves()
    values[800:840] = np.random.default_rng(5).normal(size=(40, 3)) * 2
    scores = fitted(spec, values).score(stretch(values))
    assert 760 <= int(scores.argmax()) <= 880


@pytest.mark.parametrize("spec", SPECS)
def test_inner_points_score_the_same_in_a_shorter_stretch(spec):
    """Far from the ends of a stretch, what else it holds does not matter."""
    model, new = fitted_on_waves(spec), waves(seed=2)
    whole = model.score(stretch(new, POINTS))
    part = model.score(stretch(new[400:1200], POINTS + 400))
    assert np.allclose(whole[500:1100], part[100:700], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("points", [1, 2, 5, 41])
def test_short_and_constant_series(spec, points):
    """A model learns from any number of equal points and finds nothing surprising in them."""
    values = np.zeros((points, 2))
    channels = Channels(values, np.zeros(values.shape, bool), 0, max(1, points // 4))
    model = fresh(spec).fit(channels, np.random.default_rng(0))
    scores = model.score(channels)
    assert scores.shape == (points,)
    assert np.allclose(scores, scores[0])
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("spec", ["own_past", "other_channels", "season", *NETWORKS])
def test_the_broken_channel_is_named(spec):
    """The surprise is highest in the channel that broke."""
    model, new = fitted_on_waves(spec), waves(seed=1)
    new[800:816, 1] += 4 * np.random.default_rng(0).normal(size=16)
    surprise = model.surprise(stretch(new, POINTS))
    assert surprise[800:816].sum(axis=0).argmax() == 1


@pytest.mark.parametrize("spec", ["shapes", "other_channels"])
def test_a_broken_point_is_rebuilt(spec):
    """What was expected is near what stood there before it broke."""
    model, whole = fitted(spec, waves(5)), waves(5, seed=1)
    broken = whole.copy()
    broken[810, 0] = 9.0
    rebuilt = model.expected(stretch(broken, POINTS))[810, 0]
    assert abs(rebuilt - whole[810, 0]) < 0.5


def test_the_codebook_is_of_windows_or_points():
    """Anything else is refused, with what is legal."""
    with pytest.raises(ParameterError, match=r"of='rows'\. Legal: 'windows', 'points'"):
        Codebook(of="rows").fit(stretch(waves()), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["kernels", "shapes", "codebook"])
def test_a_window_of_its_own_is_the_window_of_a_detector(name):
    """A model with a window of its own scores as one without does where the detector's window is as long."""
    own = fitted(f"{name}:window=16", waves()).score(stretch(waves(seed=3), POINTS))
    narrow = replace(stretch(waves()), period=16)
    model = fresh(name).fit(narrow, np.random.default_rng(0))
    assert (own == model.score(replace(stretch(waves(seed=3), POINTS), period=16))).all()


@pytest.mark.parametrize("windows", [2500, 7])
def test_a_stored_point_is_stored_once(windows):
    """Of windows that overlap or lie apart, a file holds no point twice, and the windows come back as they were."""
    kept = fitted(f"shapes:windows={windows}", waves()).memory_
    again = TimedWindows.from_state(kept.state())
    assert len(kept.state()["covered"]) == min(POINTS, windows * PERIOD)
    assert "rows" not in kept.state()
    assert (again.rows == kept.rows).all()
    begin = kept.places[3]
    window = waves()[begin : begin + PERIOD].T.ravel() / np.sqrt(3 * PERIOD)
    assert (kept.rows[3] == window).all()


@pytest.mark.parametrize("remembered", [0, 20_000])
def test_fitted_and_scored_in_one_is_fitted_and_scored(monkeypatch, remembered):
    """What is remembered from learning to scoring changes nothing, to the last bit; a long series remembers nothing."""
    monkeypatch.setattr(kernels, "_REMEMBERED", remembered)
    channels = stretch(waves(), POINTS)
    one, two = Kernels(), Kernels()
    scores = one.fit_score(channels, np.random.default_rng(0))
    assert (scores == two.fit(channels, np.random.default_rng(0)).score(channels)).all()
    assert (one.memory_.rows == two.memory_.rows).all()


def test_the_same_seed_draws_the_same_kernels():
    """Scores are equal to the last bit."""
    one, other = (fitted("kernels", waves()).score(stretch(waves(seed=3), POINTS)) for _ in range(2))
    assert (one == other).all()


@pytest.mark.parametrize("first", [0, 6, 12])
def test_the_ends_of_a_series_are_not_odd(first):
    """Where a smooth course is cut off, its first and last window score no higher than those between."""
    values = np.sin(np.arange(first, first + 1999) * 2 * np.pi / 24)[:, None]
    values += 0.01 * np.random.default_rng(0).normal(size=values.shape)
    channels = Channels(values, np.zeros(values.shape, bool), 0, 24)
    scores = Kernels().fit(channels, np.random.default_rng(0)).score(channels)
    assert scores[[0, -1]].max() <= scores[24:-24].max()
