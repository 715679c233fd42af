"""Kinds of events, told from values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss import SeriesDetector
from amiss.event_kinds import KINDS, kind_of
from event_series import made

OPPOSITE = {"spike": "dip", "dip": "spike"}


def told(kind: str, seed: int) -> str:
    """Return the kind found where an event of a kind was made."""
    one = made(kind, np.random.default_rng(seed))
    return kind_of(one.values, one.start, one.end, one.window, one.period)


@pytest.mark.parametrize("kind", KINDS)
def test_nine_in_ten_events_of_each_kind_are_told(kind: str) -> None:
    """Of sixty made events of clear size, with and without season and slope, at least 90 % get their name."""
    found = [told(kind, seed) for seed in range(60)]
    assert found.count(kind) >= 54, {name: found.count(name) for name in KINDS}


def test_nine_in_ten_events_that_a_detector_finds_are_told() -> None:
    """On new data, with the start and end that the detector gives an event."""
    right, found = 0, 0
    for kind in KINDS:
        for seed in range(3):
            one = made(kind, np.random.default_rng(seed))
            detector = SeriesDetector(random_state=0, training_data="clean").fit(one.values[: one.start])
            events = detector.detect(one.values[one.start :]).anomalies
            near = [e for e in events if (e.start or 0) <= one.end - one.start + one.window]
            found += bool(near)
            right += bool(near) and near[0].kind == kind
    assert found >= 18
    assert right >= 0.9 * found - 1


@given(st.sampled_from(KINDS), st.integers(0, 999), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_the_unit_of_the_values_does_not_matter(kind: str, seed: int, scale: float, offset: float) -> None:
    """Scaled and moved values are told the same; upside down, a spike is a dip."""
    one = made(kind, np.random.default_rng(seed))
    plain = kind_of(one.values, one.start, one.end, one.window, one.period)
    moved = one.values * scale + offset * scale
    assert kind_of(moved, one.start, one.end, one.window, one.period) == plain
    turned = kind_of(-one.values, one.start, one.end, one.window, one.period)
    assert turned == OPPOSITE.get(plain, plain)


@given(
    st.lists(
        st.sampled_from([0.0, 1.0, -1.0, 1e308, -1e308, 1e-320, np.nan, np.inf, 3.7]), min_size=1, max_size=60
    ),
    st.data(),
)
def test_any_values_have_a_kind(values: list[float], data: st.DataObject) -> None:
    """Missing, infinite, huge and constant values, at the edges too, are told without a warning."""
    start = data.draw(st.integers(0, len(values) - 1))
    end = data.draw(st.integers(start, len(values) - 1))
    window = data.draw(st.integers(1, 80))
    period = data.draw(st.none() | st.integers(2, 30))
    assert kind_of(np.array(values), start, end, window, period) in KINDS


def test_a_level_that_returns_late_is_a_shift() -> None:
    """An excursion of more than a window is another level, a shorter one a spike."""
    values = np.random.default_rng(0).normal(size=400)
    values[200:260] += 9.0
    assert kind_of(values, 200, 259, window=24) == "level shift"
    assert kind_of(values, 200, 259, window=80) == "spike"


def test_the_last_points_are_told_by_what_came_before() -> None:
    """At the end of the data, where nothing follows, a step of eight points is a shift, one point is a spike."""
    values = np.random.default_rng(0).normal(size=300)
    shifted, spiked = values.copy(), values.copy()
    shifted[290:] += 9.0
    spiked[299] += 9.0
    assert kind_of(shifted, 290, 299, window=24) == "level shift"
    assert kind_of(spiked, 299, 299, window=24) == "spike"


def test_less_scatter_is_noise_too() -> None:
    """A channel that calms down by far has another noise, without standing still."""
    values = np.random.default_rng(0).normal(size=400)
    values[200:240] *= 0.1
    assert kind_of(values, 200, 239, window=24) == "noise"


def test_a_channel_of_few_values_does_not_stand_still_by_that() -> None:
    """Where runs of one value are usual, one more is no flatline; a far longer one is."""
    values = np.repeat(np.random.default_rng(0).integers(0, 5, 100), 6).astype(float)
    assert kind_of(values, 300, 305, window=24) != "flatline"
    values[300:370] = 2.0
    assert kind_of(values, 300, 369, window=24) == "flatline"


def test_a_night_is_no_dip() -> None:
    """The season is taken off before values are looked at."""
    day = np.tile(np.r_[np.zeros(12), np.full(12, 10.0)], 30) + np.random.default_rng(0).normal(0, 0.2, 720)
    missed = day.copy()
    missed[397:401] = 0.0
    assert kind_of(missed, 397, 400, window=24, period=24) == "dip"
    extra = day.copy()
    extra[385:389] = 10.0
    assert kind_of(extra, 385, 388, window=24, period=24) == "spike"
