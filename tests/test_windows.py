"""Windows: scale, period, moving mean, the grid in time, and back to points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from amiss.reading.windows import (
    Channels,
    Scale,
    find_period,
    grid,
    moving_mean,
    spread_evenly,
    to_points,
    window_maxima,
    window_sums,
    windows_of,
)


def naive_moving_mean(values, width):
    width = min(width, len(values))
    first = [i - width // 2 for i in range(len(values))]
    return [np.mean(values[max(0, a) : min(len(values), a + width)]) for a in first]


def channels_of(values, start=0, period=8):
    values = np.asarray(values, float).reshape(len(values), -1)
    return Channels(values, np.zeros(values.shape, bool), start, period)


@given(arrays(float, st.integers(1, 30), elements=st.floats(-9, 9)), st.integers(1, 40))
def test_moving_mean_is_the_mean_of_the_points_around(values, width):
    """Every point gets the plain mean of what lies within the width."""
    assert np.allclose(moving_mean(values, width), naive_moving_mean(values, width), atol=1e-9)


@pytest.mark.parametrize("period", [6, 24, 101, 303])
def test_a_sine_has_its_period(period):
    """The period of a noisy sine is found to within a point."""
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(3000) * 2 * np.pi / period) + 0.1 * rng.normal(size=3000)
    lag, clear = find_period(values)
    assert abs(lag - period) <= 1
    assert clear


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [3.0] * 500, list(range(500)), [0.0] * 3])
def test_no_period_where_nothing_repeats(values):
    """Constant, short and straight series have no period."""
    assert find_period(np.array(values, float)) == (None, False)


@pytest.mark.parametrize("seed", range(5))
def test_noise_on_a_slow_course_is_no_period(seed):
    """A lag may be found there, but it is not called a period."""
    rng = np.random.default_rng(seed)
    values = 5 * np.sin(np.arange(4000) * 2 * np.pi / 2000) + rng.normal(size=4000)
    assert not find_period(values)[1]


def test_the_scale_is_mean_and_standard_deviation():
    """Values are standardised a channel; gaps are bridged by a straight line and marked."""
    raw = np.array([[1.0, 10.0], [np.nan, 20.0], [3.0, 30.0]])
    values, mask = Scale().fit(raw).apply(raw)
    assert np.allclose(values, [[-1, -np.sqrt(1.5)], [0, 0], [1, np.sqrt(1.5)]])
    assert mask.tolist() == [[False, False], [True, False], [False, False]]


@given(arrays(float, (7, 2), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_the_scale_survives_any_numbers(raw):
    """Standardised values are finite and bounded, and restored ones finite, whatever was given."""
    scale = Scale().fit(raw)
    values, _ = scale.apply(raw)
    assert np.abs(values).max() <= 20
    assert np.isfinite(scale.restore(values)).all()


def test_an_outlier_does_not_flatten_the_others():
    """One absurd value leaves the spread of the others to be seen."""
    raw = np.r_[np.tile([0.0, 1.0], 200), 1e300][:, None]
    values, _ = Scale().fit(raw).apply(raw)
    assert values[1, 0] > values[0, 0]


def test_restoring_undoes_the_scale():
    """What lies within the clipped range comes back in raw units."""
    raw = np.random.default_rng(0).normal(5, 3, (50, 2))
    scale = Scale().fit(raw)
    assert np.allclose(scale.restore(scale.apply(raw)[0]), raw)


@given(st.integers(0, 500), st.integers(32, 200))
def test_the_grid_is_fixed_in_time(start, points):
    """Two stretches look at the same windows where they overlap, but for their first and last."""
    one = start + grid(channels_of(np.zeros(points), start), 32)
    other = start + 3 + grid(channels_of(np.zeros(points), start + 3), 32)
    inner = [p for p in one[1:-1] if other[0] < p < other[-1]]
    assert set(inner) <= set(other)


def test_a_window_is_scored_at_its_centre():
    """The highest score stands at the centre of its window, with straight lines to its neighbours."""
    assert to_points(np.array([0.0, 4.0, 0.0]), np.array([0, 4, 8]), 2, 10).tolist() == [
        0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0, 0.0,
    ]  # fmt: skip


def test_windows_are_all_runs_of_points():
    """Each window holds, for each channel, the points from its beginning on."""
    values = np.arange(10.0).reshape(5, 2)
    assert windows_of(values, 3).tolist() == [values[i : i + 3].T.tolist() for i in range(3)]


def test_positions_are_spread_evenly():
    """First and last are among them, and no more than asked for."""
    assert spread_evenly(100, 3).tolist() == [0, 49, 99]
    assert spread_evenly(2, 5).tolist() == [0, 1]


def test_a_stretch_is_lengthened_by_missing_points():
    """A stretch too short for a window repeats its last point, marked as missing."""
    longer = channels_of([1.0, 2.0]).at_least(4)
    assert longer.values.ravel().tolist() == [1, 2, 2, 2]
    assert longer.mask.ravel().tolist() == [False, False, True, True]


def test_the_period_is_the_fundamental_one():
    """A yearly wave with a slow swing has its highest peak at four years; its period is still one year."""
    month = np.arange(720)
    values = np.cos(2 * np.pi * month / 12) + 0.3 * np.cos(2 * np.pi * month / 48)
    assert find_period(values) == (12, True)


@pytest.mark.parametrize(("period", "points"), [(144, 2000), (168, 2000), (288, 5000)])
def test_a_long_period_is_told_to_the_point(period, points):
    """Where the course comes back several times, the period is exact, whatever the noise."""
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(size=points)
        assert find_period(np.sin(np.arange(points) * 2 * np.pi / period) + 0.1 * noise) == (period, True)


@pytest.mark.parametrize(("cycles", "found"), [(2.5, False), (3.5, True)])
def test_a_period_comes_at_least_three_times(cycles, found):
    """What came twice may be chance."""
    values = np.sin(np.arange(round(40 * cycles)) * 2 * np.pi / 40)
    assert find_period(values)[1] == found


def test_a_window_is_at_most_a_quarter_of_the_stretch():
    """As many points as asked for, fewer in a short stretch; the period where none are asked for."""
    stretch = Channels(np.zeros((100, 1)), np.zeros((100, 1), bool), 0, 12)
    assert [stretch.window(points) for points in (None, 8, 64)] == [12, 8, 25]
    assert stretch.last(3).window(8) == 1


@given(arrays(float, st.integers(3, 40), elements=st.floats(-9, 9)), st.integers(1, 40), st.integers(0, 20))
def test_a_window_has_the_same_sum_anywhere(values, width, before):
    """Bit by bit, whatever came before it; and it is the sum."""
    width = min(width, len(values))
    whole = window_sums(np.concatenate([np.full(before, 1e9), values]), width)
    assert (whole[before:] == window_sums(values, width)).all()
    assert np.allclose(whole[before:], windows_of(values, width).sum(axis=1), atol=1e-9)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), st.integers(1, 40))
def test_the_largest_value_of_a_window_is_the_largest(values, width):
    """Of every window, to the last bit."""
    values, width = np.array(values), min(width, len(values))
    assert (window_maxima(values, width) == windows_of(values, width).max(axis=1)).all()
