"""Events: neighbouring flagged points become one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.events import Event, events_of, outside_band, trimmed


@given(st.sets(st.integers(0, 60)), st.integers(0, 5))
def test_every_flagged_point_lies_in_one_event(flagged, gap):
    """Events cover all flagged points, and between two events lies more than the merge gap."""
    scores = np.random.default_rng(0).random(61)
    found = sorted(events_of(np.array(sorted(flagged), int), scores, gap), key=lambda e: e.start)
    covered = {p for e in found for p in range(e.start, e.end + 1)}
    assert flagged <= covered
    assert all(b.start - a.end - 1 > gap for a, b in itertools.pairwise(found))
    assert all(scores[e.peak] == max(scores[p] for p in flagged if e.start <= p <= e.end) for e in found)


def test_short_events_are_left_out():
    """An event of fewer points than the minimum is not reported."""
    scores = np.ones(20)
    assert events_of(np.array([2, 3, 4, 9]), scores, 0, 3) == [Event(2, 4, 2)]


def test_the_worst_comes_first():
    """Events are ordered by the score of their peak."""
    scores = np.zeros(20)
    scores[[3, 9, 15]] = [1.0, 5.0, 2.0]
    assert [e.peak for e in events_of(np.array([3, 9, 15]), scores)] == [9, 15, 3]


def test_nothing_flagged_no_events():
    """Without flagged points there are none."""
    assert events_of(np.array([], int), np.ones(3)) == []


def test_an_event_is_trimmed_to_what_lies_outside():
    """The flagged points around the odd ones are left out, and little things beside a large one too."""
    outside = np.zeros(30)
    outside[[12, 13, 15, 20]] = [4.0, 1.0, 2.0, 0.15]
    scores = np.r_[np.arange(15.0), np.arange(15.0, 0.0, -1.0)]
    found = trimmed([Event(5, 25, 15)], np.arange(5, 26), scores, outside, list)
    assert found == [Event(12, 15, 15)]


def test_an_event_without_values_outside_is_trimmed_to_its_course():
    """What is left is where the score before smoothing is nearer to its peak than to what is usual."""
    course = np.ones(40)
    course[10:20] = [1.5, 1.5, 4.0, 5.0, 9.0, 9.0, 9.0, 6.0, 4.9, 2.0]
    found = trimmed([Event(5, 25, 15)], np.arange(5, 26), np.ones(40), np.zeros(40), lambda: course)
    assert found == [Event(13, 17, 13)]


@given(st.sets(st.integers(0, 60), min_size=1), st.integers(0, 5), st.integers(0, 99))
def test_a_trimmed_event_lies_in_the_whole_one(flagged, gap, seed):
    """It begins, peaks and ends at flagged points, in the order of the events given."""
    rng = np.random.default_rng(seed)
    scores, outside, course = rng.random(61), np.maximum(rng.normal(size=61), 0), rng.random(61)
    points = np.array(sorted(flagged))
    whole = events_of(points, scores, gap)
    for before, after in zip(whole, trimmed(whole, points, scores, outside, lambda: course), strict=True):
        assert before.start <= after.start <= after.peak <= after.end <= before.end
        assert {after.start, after.peak, after.end} <= flagged


def test_infinite_and_missing_values_have_a_distance():
    """An infinite value is the farthest, a missing one is nowhere; a band of no width is taken for a narrow one."""
    seen = np.array([[0.0, 5.0], [np.inf, 5.0], [np.nan, 5.0], [-1e308, 5.0], [0.0, 5.1]])
    found = outside_band(seen, np.tile([-1.0, 5.0], (5, 1)), np.tile([1.0, 5.0], (5, 1)), np.ones(2))
    assert found == pytest.approx([0.0, 10.0, 0.0, 10.0, 10.0])
    nothing = np.full((5, 2), np.nan)
    assert outside_band(seen, nothing, nothing, np.ones(2)).tolist() == [0.0] * 5
