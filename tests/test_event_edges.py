"""Edges of events: cut down to what is odd itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.event_edges import outside_band, trimmed
from amiss.events import Event, EventRules, events_of


def no_course() -> np.ndarray:
    """Fail: the values outside the band say all."""
    raise AssertionError


def test_an_event_is_trimmed_to_what_lies_outside() -> None:
    """The abnormal points around the odd ones are left out, and little things beside a large one too."""
    outside = np.zeros(30)
    outside[[12, 13, 15, 20]] = [4.0, 1.0, 2.0, 0.15]
    scores = np.r_[np.arange(15.0), np.arange(15.0, 0.0, -1.0)]
    found = trimmed(Event(5, 25, 15, 15.0), np.arange(5, 26), scores, outside, no_course)
    assert found == Event(12, 15, 15, 15.0)


def test_an_event_without_values_outside_is_trimmed_to_its_course() -> None:
    """What is left is where the score before smoothing is nearer to its peak than to what is usual."""
    course = np.ones(40)
    course[10:20] = [1.5, 1.5, 4.0, 5.0, 9.0, 9.0, 9.0, 6.0, 4.9, 2.0]
    found = trimmed(Event(5, 25, 15, 1.0), np.arange(5, 26), np.ones(40), np.zeros(40), lambda: course)
    assert found == Event(13, 17, 13, 1.0)


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=60), st.integers(0, 5), st.integers(0, 99))
def test_a_trimmed_event_lies_in_the_whole_one(scores: list[float], gap: int, seed: int) -> None:
    """It begins, peaks and ends at abnormal points of the event it was cut from."""
    rng = np.random.default_rng(seed)
    values = np.array(scores)
    outside, course = np.maximum(rng.normal(size=len(values)), 0), rng.random(len(values))
    for whole in events_of(values, EventRules(merge_gap=gap)):
        run = whole.start + np.flatnonzero(values[whole.start : whole.end + 1] > 1.0)
        found = trimmed(whole, run, values, outside, lambda: course)
        assert whole.start <= found.start <= found.peak <= found.end <= whole.end
        assert {found.start, found.peak, found.end} <= set(run.tolist())
        assert found.score == values[found.peak]


def test_infinite_and_missing_values_have_a_distance() -> None:
    """An infinite value is the farthest, a missing one is nowhere; a band of no width is taken for a narrow one."""
    seen = np.array([[0.0, 5.0], [np.inf, 5.0], [np.nan, 5.0], [-1e308, 5.0], [0.0, 5.1]])
    found = outside_band(seen, np.tile([-1.0, 5.0], (5, 1)), np.tile([1.0, 5.0], (5, 1)), np.ones(2))
    assert found == pytest.approx([0.0, 10.0, 0.0, 10.0, 10.0])
    nothing = np.full((5, 2), np.nan)
    assert outside_band(seen, nothing, nothing, np.ones(2)).tolist() == [0.0] * 5
