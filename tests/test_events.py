"""Events: neighbouring flagged points become one."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amiss.events import Event, events_of


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
