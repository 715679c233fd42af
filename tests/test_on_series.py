"""Autoencoders on series: windows as rows, scores of points, gaps, short series, and what a window is for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from amiss import SeriesDetector
from amiss.models import on_series
from amiss.models.asked import fresh_models
from amiss.models.autoencoder import Autoencoder
from amiss.models.on_series import OnSeries
from amiss.networks.rows import Rows
from amiss.reading.windows import Channels, grid

PERIOD = 24


@dataclass(kw_only=True, eq=False, repr=False)
class Half(Autoencoder):
    """A network that learns nothing: it answers half of what it is shown, and 1 is a usual loss everywhere."""

    taught: ClassVar[list[Rows]] = []

    def learn(self, rows: Rows, clean: bool, random_state: np.random.Generator) -> Self:
        self.layout_ = rows.layout
        self.usual_ = np.ones((rows.layout.positions, rows.layout.numbers))
        self.taught.append(rows)
        return self

    def rebuild(self, values: Any, seen: Any = None) -> Any:
        return values / 2


def stretch(values: Any, start: int = 0, mask: Any = None, period: int = PERIOD) -> Channels:
    values = np.asarray(values, float)
    return Channels(values, np.zeros(values.shape, bool) if mask is None else mask, start, period)


def half(channels: Channels, **params: Any) -> OnSeries:
    return OnSeries(Half(**params)).fit(channels, np.random.default_rng(0))


def noise(points: int, channels: int = 2, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(points, channels))


# ------------------------------------------------------------- what it computes
@pytest.mark.parametrize(("window", "start"), [(1, 0), (7, 3), (40, 11), (64, 0)])
def test_scores_surprise_and_expected_are_those_of_a_plain_loop(window: int, start: int) -> None:
    """Window by window: its mean loss at its centre; cell by cell: the mean over the windows that cover it."""
    channels = stretch(noise(200), start)
    model = half(channels, window=window)
    losses = (channels.values / 2) ** 2
    begins = grid(channels, window)
    at_centres = [losses[b : b + window].mean() for b in begins]
    naive = np.interp(np.arange(200), begins + window // 2, at_centres)
    assert np.allclose(model.score(channels), naive, rtol=1e-6)
    assert np.allclose(model.surprise(channels), np.log1p(losses), rtol=1e-5)
    assert np.allclose(model.expected(channels), channels.values / 2, rtol=1e-6)


def test_the_surprise_of_a_cell_is_the_mean_over_its_windows() -> None:
    """Where the usual loss differs by the place in the window, every window that covers the point has its say."""
    channels = stretch(noise(50, 1), 5)
    model = half(channels, window=8)
    model.network.usual_ = np.arange(1.0, 9.0)[:, None]
    begins = grid(channels, 8, 4)
    for point in (0, 3, 20, 49):
        losses = (channels.values[point, 0] / 2) ** 2
        said = [np.log1p(losses / (point - b + 1)) for b in begins if b <= point < b + 8]
        assert model.surprise(channels)[point, 0] == pytest.approx(np.mean(said), rel=1e-6)


def test_parts_do_not_change_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few windows go through at once, every number is the very same."""
    channels = stretch(noise(700, 3))
    model = half(channels)
    whole = model.score(channels), model.surprise(channels), model.expected(channels)
    monkeypatch.setattr(on_series, "_NUMBERS_AT_ONCE", 1)
    parts = model.score(channels), model.surprise(channels), model.expected(channels)
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize("spec", ["dense:epochs=2", "conv:epochs=1", "recurrent:epochs=1"])
def test_a_point_scores_the_same_in_any_stretch(spec: str) -> None:
    """Away from the ends, to the last bit."""
    channels = stretch(noise(400))
    model = fresh_models("series", spec, ())[0].fit(channels, np.random.default_rng(0))
    part = stretch(channels.values[100:300], 100)
    inside = slice(PERIOD, -PERIOD)
    assert (model.score(part)[inside] == model.score(channels)[100:300][inside]).all()


# ------------------------------------------------------------- what it learns from
def test_windows_are_views() -> None:
    """Rows of a long series take no memory of their own."""
    channels = stretch(noise(5_000))
    half(channels)
    assert np.shares_memory(Half.taught[-1].numbers, channels.values)


def test_windows_begin_at_every_moment_of_a_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long series evenly spread windows are learnt, and no more than so many; none begin in step with it."""
    monkeypatch.setattr(on_series, "_LEARNT_FROM", 100)
    half(stretch((np.arange(2_400 + PERIOD) % PERIOD)[:, None]))
    begins = Half.taught[-1].numbers[:, 0, 0]
    assert 90 <= len(begins) <= 100
    assert set(begins) == set(range(PERIOD))


@pytest.mark.parametrize(
    ("points", "channels", "window", "steps"),
    [(400, 2, None, PERIOD), (10, 2, None, 10), (400, 100, None, 16), (400, 1, 100, 100), (50, 1, 100, 50)],
)
def test_points_in_a_window(points: int, channels: int, window: int | None, steps: int) -> None:
    """As many as in the detector's, fewer where many channels stand side by side; or as many as asked for."""
    assert half(stretch(noise(points, channels)), window=window).steps_ == steps


# ------------------------------------------------------------- gaps, ends, little
def test_what_was_missing_is_not_judged() -> None:
    """A missing cell surprises nobody, and what stands in its place adds nothing to a score."""
    values, mask = np.zeros((100, 2)), np.zeros((100, 2), bool)
    mask[50, 1] = True
    values[50, 1] = 9.0
    channels = stretch(values, mask=mask)
    model = half(channels)
    assert (model.score(channels) == 0).all()
    assert (model.surprise(channels) == 0).all()


def test_a_stretch_shorter_than_the_window_is_scored() -> None:
    """Its points score by what is there of the window."""
    model = half(stretch(noise(400)), window=100)
    short = stretch(np.full((20, 2), 2.0), 400)
    assert model.score(short) == pytest.approx(np.full(20, 0.2))
    assert model.expected(short).shape == model.surprise(short).shape == (20, 2)


@pytest.mark.parametrize("spec", ["dense", "conv", "conv:causal=True", "recurrent", "recurrent:cell=lstm"])
@pytest.mark.parametrize(
    "values",
    [[1.0], [1.0, 2.0], list(range(10)), [5.0] * 30, [1.0, np.nan, 3.0] * 8, [np.nan] * 5 + [1.0]],
    ids=["one", "two", "ten", "constant", "gaps", "nearly all missing"],
)
def test_little_data(spec: str, values: list[float]) -> None:
    """One point, ten, constant ones, gaps: finite scores, and those of the training points come back."""
    series = np.column_stack([values, np.ones(len(values))])
    detector = SeriesDetector(models=spec + (":" if ":" not in spec else ",") + "epochs=2", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what little data is noted is no subject here
        detector.fit(series)
    assert np.isfinite(detector.scores_).all()
    assert (detector.scores_ >= 0).all()
    assert (detector.scores_ == -detector.score_samples(series)).all()


# ------------------------------------------------------------- what a window is for
def sine_with_odd_shapes(points: int = 2_000, period: int = 50) -> tuple[Any, Any]:
    """A noisy sine, and four periods in it of another shape within the usual values; True where one stands."""
    draw = np.random.default_rng(7)
    phase = np.arange(points) % period / period
    values, odd = np.sin(2 * np.pi * phase), np.zeros(points, bool)
    shapes = [
        np.sign(np.sin(2 * np.pi * phase[:period])) * 0.8,  # a square
        -values[:period],  # upside down
        np.sin(4 * np.pi * phase[:period]),  # twice as fast
        np.linspace(0.9, -0.9, period),  # a slope
    ]
    for at, shape in zip((400, 800, 1_200, 1_600), shapes, strict=True):
        values[at : at + period], odd[at : at + period] = shape, True
    return values + 0.1 * draw.normal(size=points), odd


def raw_scores(spec: str, values: Any) -> Any:
    channels = stretch(((values - values.mean()) / values.std())[:, None], period=50)
    return fresh_models("series", spec, ())[0].fit(channels, np.random.default_rng(0)).score(channels)


@pytest.mark.parametrize(
    "spec", ["dense", "conv:epochs=6", "conv:causal=True,epochs=6", "recurrent:epochs=8"]
)
def test_windows_see_odd_shapes(spec: str) -> None:
    """Shapes that no single value gives away stand out from the windows around them."""
    values, odd = sine_with_odd_shapes()
    assert np.abs(values[odd]).max() < np.abs(values[~odd]).max()
    assert roc_auc_score(odd, raw_scores(spec, values)) > 0.93


def test_single_points_cannot_see_odd_shapes() -> None:
    """A network that looks at one value at a time does hardly better than chance on the same series."""
    values, odd = sine_with_odd_shapes()
    assert roc_auc_score(odd, raw_scores("dense:window=1", values)) < 0.6


def test_shuffled_points_tell_which_network_knows_time() -> None:
    """Shuffled, each point keeps its score from a network of single values, and loses it from one of windows."""
    values, odd = sine_with_odd_shapes()
    order = np.random.default_rng(1).permutation(len(values))
    pointwise = fresh_models("series", "dense:window=1", ())[0]
    windows = fresh_models("series", "dense", ())[0]
    channels, shuffled = (stretch(v[:, None], period=50) for v in (values, values[order]))
    for model in (pointwise, windows):
        model.fit(channels, np.random.default_rng(0))
    assert (pointwise.score(shuffled) == pointwise.score(channels)[order]).all()
    assert windows.score(shuffled).min() > 10 * np.median(windows.score(channels))
    assert roc_auc_score(odd[order], windows.score(shuffled)) < 0.7
