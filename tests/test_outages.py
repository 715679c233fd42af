"""Gaps longer than usual: limits, channels that stop alone, and how likely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive_resampling as naive
from amiss.reading.outages import Outage, UsualGaps, runs_of


def missing(points, *runs, channels=1, channel=slice(None)):
    found = np.zeros((points, channels), bool)
    for start, length in runs:
        found[start : start + length, channel] = True
    return found


@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_those_of_the_twin(flags):
    """Where each begins, and where it is over."""
    assert runs_of(np.array(flags, bool)) == naive.runs(flags)


@pytest.mark.parametrize(
    ("runs", "limit"),
    [
        ([], 3.0),
        ([(10, 50)], 3.0),  # one gap says nothing of what is usual
        ([(10, 50), (200, 60), (400, 70)], 3.0),  # nor do three
        ([(7 * i, 2) for i in range(100)], 4.0),  # weekends
        ([*[(7 * i, 2) for i in range(50)], (600, 30)], 4.0),  # and once a month
        ([(50 * i, 10) for i in range(20)], 20.0),
    ],
)
def test_the_limit_is_twice_the_usual_gap(runs, limit):
    """At least three points; the longest gaps never tell what is usual."""
    assert UsualGaps().fit(missing(1000, *runs)).limits[0] == limit


def test_clean_data_holds_no_outages():
    """What it has of gaps is usual: the longest of them."""
    assert UsualGaps().fit(missing(1000, (10, 50), (200, 7)), clean=True).limits.tolist() == [100.0, 100.0]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.09, 0.2, 0.5])
def test_values_missing_at_random_are_no_outages(share):
    """In forty series of 5,000 points hardly one gap is told, however many values are missing."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(40):
        flags = rng.random((5000, 1)) < share
        found += len(UsualGaps().fit(flags).outages(flags))
    assert found <= 6


def test_an_outage_is_told_by_how_much_longer_it_is():
    """Multiples of the limit; as rare as the gaps as long were."""
    flags = missing(999, (100, 30))
    usual = UsualGaps().fit(flags)
    assert usual.outages(flags) == [Outage(100, 129, (0,), 10.0, 2 / 1000)]
    assert usual.outages(missing(60, (20, 31))) == [Outage(20, 50, (0,), 31 / 3, 1 / 1000)]
    assert usual.outages(missing(60, (20, 3))) == []


def test_a_channel_may_stop_while_others_go_on():
    """All channels together first; of a channel what is not told with all; those that stop together are one."""
    flags = missing(1000, (500, 40), channels=3)
    flags |= missing(1000, (490, 60), channels=3, channel=0)
    flags |= missing(1000, (800, 9), channels=3, channel=[1, 2])
    found = UsualGaps().fit(flags).outages(flags)
    assert [(one.start, one.end, one.channels) for one in found] == [
        (500, 539, (0, 1, 2)),
        (490, 499, (0,)),
        (540, 549, (0,)),
        (800, 808, (1, 2)),
    ]


def test_a_channel_that_is_never_there_does_not_stop():
    """It is not told in clean data, whose longest gap is usual."""
    flags = missing(100, (0, 100), channels=2, channel=1)
    assert UsualGaps().fit(flags, clean=True).outages(flags) == []
