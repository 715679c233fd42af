"""A few labels move the threshold."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.errors import ParameterError
from amiss.thresholds.by_labels import labelled, line_by_labels

_SCORES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 2.5, 4.0, 7.0, 1e9])
_LABELLED = st.lists(st.tuples(_SCORES, st.booleans()), min_size=1, max_size=12)


def _wronged(scores, anomalous, line, miss):
    """How much a threshold wrongs labels, counted item by item."""
    return sum(
        (miss if a else 0) if s <= line else (0 if a else 1) for s, a in zip(scores, anomalous, strict=True)
    )


@given(_LABELLED, st.sampled_from([0.3, 1.0, 3.0, 50.0]), st.sampled_from([0.5, 1.0, 3.0]))
def test_no_threshold_wrongs_the_labels_less(found, line, miss):
    """Whatever line is tried, it wrongs at least as much; and the line is moved only if that rights something."""
    scores, anomalous = np.array([s for s, _ in found]), np.array([a for _, a in found])
    moved = line_by_labels(scores, anomalous, line, miss)
    tried = [1e-9, *(s for s in scores if s > 0), *(s * f for s in scores if s > 0 for f in (0.99, 1.01))]
    least = min(_wronged(scores, anomalous, t, miss) for t in tried)
    assert moved > 0
    assert _wronged(scores, anomalous, moved, miss) <= least
    if _wronged(scores, anomalous, line, miss) == least:
        assert moved == line


def test_a_line_at_a_labelled_score_stays():
    """Above the line is abnormal, not at it: with three normal items and an anomaly there, nothing is better."""
    assert line_by_labels(np.ones(4), np.array([False, False, False, True]), 1.0, miss=3.0) == 1.0


def test_a_false_alarm_lifts_the_line_above_it():
    """One normal item above the line: the line goes 5 % above that item, and no farther."""
    assert line_by_labels(np.array([10.0]), np.array([False]), 4.0) == 10.5


def test_the_line_goes_between_labels_that_are_close():
    """Where the next anomaly leaves less room, the line lies half way (in ratio) between both."""
    moved = line_by_labels(np.array([10.0, 10.2]), np.array([False, True]), 4.0)
    assert moved == pytest.approx(np.sqrt(10.0 * 10.2), rel=1e-12)


def test_a_dear_miss_outweighs_false_alarms():
    """With a miss worth three false alarms, two normal items beyond are borne for one anomaly."""
    scores, anomalous = np.array([2.0, 3.0, 3.5]), np.array([True, False, False])
    assert line_by_labels(scores, anomalous, 4.0, miss=1.0) == 4.0
    assert line_by_labels(scores, anomalous, 4.0, miss=3.0) == 2.0 / 1.05


def test_items_that_nobody_labelled_do_not_count():
    """None and NaN are no labels."""
    scores, anomalous = labelled([1.0, 2.0, 3.0, 4.0], [None, 0, float("nan"), True])
    assert scores.tolist() == [2.0, 4.0]
    assert anomalous.tolist() == [False, True]


@pytest.mark.parametrize(
    ("scores", "labels", "said"),
    [
        ([1.0], [1, 0], "There are 2 labels for 1 scores."),
        ([1.0], [2], "Label 0 is 2. Legal: 1 (anomaly), 0 (normal), None where nobody said."),
        ([1.0, 1.0], [1, "yes"], "Label 1 is 'yes'."),
        ([-3.0], [1], "Score 0 is -3.0. Give scores as in scores_"),
        ([float("nan")], [0], "Score 0 is nan."),
        ([1.0], [None], "No label is given."),
    ],
)
def test_labels_that_cannot_be_used_are_refused(scores, labels, said):
    """The sentence says which label, and what is legal."""
    with pytest.raises(ParameterError, match=re.escape(said)):
        labelled(scores, labels)
