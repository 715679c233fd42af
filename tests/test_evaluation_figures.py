"""The figures that judge scores: exact on paper, equal to their naive twins and to scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

import naive_evaluation as naive
from amiss.evaluation.ranking import average_precision, found_at, precision_at_k, recall_at, roc_auc
from amiss.evaluation.verdicts import events_found, verdict_figures
from amiss.evaluation.volume import buffer_length, volumes


@st.composite
def judged(draw, least=2, most=40):
    """Labels of both classes, and scores with ties."""
    count = draw(st.integers(least, most))
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    labels[0], labels[-1] = 1, 0
    scores = draw(st.lists(st.integers(0, 8), min_size=count, max_size=count))
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(count)
    return labels[order], np.array(scores, float)


@given(judged())
def test_ranking_is_that_of_the_definition_and_of_scikit_learn(case):
    """ROC-AUC and average precision, ties among them."""
    labels, scores = case
    assert roc_auc(labels, scores) == pytest.approx(naive.roc_auc(labels, scores), abs=1e-12)
    assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert average_precision(labels, scores) == pytest.approx(
        naive.average_precision(labels, scores), abs=1e-12
    )
    assert average_precision(labels, scores) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )


@given(judged(most=6), st.integers(1, 6))
def test_a_cut_among_ties_counts_the_mean_of_all_orders(case, count):
    """What is found among the highest does not depend on the order of the items."""
    labels, scores = case
    count = min(count, len(scores))
    assert found_at(labels, scores, count) == pytest.approx(naive.found_at(labels, scores, count), abs=1e-12)


@given(judged(), st.integers(0, 99))
def test_the_order_of_the_items_changes_no_figure(case, seed):
    """Shuffled items, same figures."""
    labels, scores = case
    order = np.random.default_rng(seed).permutation(len(labels))
    for figure in (roc_auc, average_precision, precision_at_k, recall_at):
        assert figure(labels, scores) == pytest.approx(figure(labels[order], scores[order]), abs=1e-12)


def test_recall_at_one_per_cent_looks_at_one_item_at_least():
    """150 items leave room for two; where there are more anomalies than room, the room is what counts."""
    labels, scores = np.zeros(150), np.arange(150.0)
    labels[[149, 0, 1]] = 1
    assert recall_at(labels, scores) == 0.5
    assert recall_at(labels[-50:], scores[-50:]) == 1.0


@given(judged(), st.integers(0, 8))
def test_verdicts_are_those_of_scikit_learn(case, line):
    """Precision, recall and F1; the share flagged and the false alarms counted by hand."""
    labels, scores = case
    flags = scores > line
    told = verdict_figures(labels, flags)
    theirs = precision_recall_fscore_support(labels, flags, average="binary", zero_division=0.0)
    assert [told["precision"], told["recall"], told["f1"]] == pytest.approx(theirs[:3], abs=1e-12)
    assert told["flagged"] == flags.mean()
    assert told["false_alarms"] == pytest.approx(1000 * flags[labels == 0].mean())


def test_an_event_is_found_by_one_point_of_it():
    """Two of three events; flags beside events find nothing."""
    labels = np.array([0, 1, 1, 0, 1, 0, 0, 1])
    flags = np.array([1, 0, 1, 0, 0, 1, 0, 1], bool)
    assert events_found(labels, flags) == pytest.approx(2 / 3)


# ------------------------------------------------------------ series
@given(judged(least=3, most=60), st.integers(0, 9))
def test_volumes_are_those_of_the_definition(case, longest):
    """Events at the ends, beside each other and with overlapping buffers; scores with ties."""
    labels, scores = case
    assert volumes(labels, scores, longest) == pytest.approx(
        naive.volumes(labels, scores, longest), abs=1e-12
    )


@pytest.mark.parametrize("longest", [0, 40])
def test_a_perfect_score_fills_the_volume(longest):
    """The labels themselves as scores: 1 at any buffer."""
    labels = np.zeros(300, int)
    labels[100:120] = 1
    assert volumes(labels, labels + 0.0, longest) == pytest.approx((1.0, 1.0))


def test_a_late_score_is_forgiven_by_a_buffer_only():
    """Five points late: without buffer nothing is found by the highest scores."""
    labels, scores = np.zeros(400, int), np.zeros(400)
    labels[200:210], scores[212:215] = 1, 1.0
    assert naive.range_areas(labels, scores, 0)[1] == pytest.approx(volumes(labels, scores, 0)[1], abs=1e-12)
    assert volumes(labels, scores, 0)[1] < 0.1 < volumes(labels, scores, 40)[1]


@pytest.mark.parametrize("period", [7, 24, 125, 290])
def test_the_buffer_is_the_period(period):
    """A wave with noise: its period, and the twin agrees."""
    values = np.sin(np.arange(1200) * 2 * np.pi / period) + np.random.default_rng(0).normal(0, 0.02, 1200)
    assert abs(buffer_length(values) - period) <= 2
    assert buffer_length(values) == naive.buffer_length(values)


@pytest.mark.parametrize("values", [np.zeros(50), np.arange(4.0), np.arange(500.0), np.array([1.0])])
def test_without_a_period_the_buffer_is_the_usual_one(values):
    """Constant, short or ever rising: 125."""
    assert buffer_length(values) == 125
