"""The distribution of scores as a drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.report.histogram import histogram

SCORES = st.lists(st.floats(0, 1e9), min_size=1, max_size=200).map(np.array)


@given(SCORES)
def test_every_score_is_in_one_bar(scores):
    """The counts add up, flagged ones as well."""
    drawn = histogram(scores, scores > 1)
    assert sum(bar.count for bar in drawn.bars) == len(scores)
    assert sum(bar.flagged for bar in drawn.bars) == (scores > 1).sum()


@given(SCORES)
def test_the_line_parts_the_bars(scores):
    """No bar holds flagged and other scores; flagged ones lie right of the line."""
    drawn = histogram(scores, scores > 1)
    for bar in drawn.bars:
        assert bar.flagged in (0, bar.count)
        assert (bar.x >= drawn.line - 1e-9) == (bar.flagged > 0)


@given(SCORES)
def test_the_drawing_stays_in_its_frame(scores):
    """Bars and ticks lie within the drawing, tenfold counts stand higher."""
    drawn = histogram(scores, scores > 1)
    for bar in drawn.bars:
        assert -1e-9 <= bar.x <= bar.x + bar.width <= 1 + 1e-9
        assert 0 < bar.height <= 1
    assert all(-1e-9 <= place <= 1 + 1e-9 for place, _ in drawn.ticks + drawn.counts)
    assert sorted(drawn.counts) == list(drawn.counts)


def test_a_score_of_exactly_one_is_usual():
    """Abnormal starts beyond the line, not on it."""
    drawn = histogram(np.array([0.5, 1.0]), np.array([False, False]))
    assert drawn.bars[-1].high == pytest.approx(1.0)


def test_one_is_always_a_tick():
    """The line carries its number, whatever the range."""
    for top in (0.1, 1.0, 30.0, 1e5):
        scores = np.array([0.05, top])
        assert "1" in [label for _, label in histogram(scores, scores > 1).ticks]


def test_a_bar_tells_itself_in_words():
    """What a pointer over a bar shows."""
    scores = np.array([0.3, 0.3, 3.0])
    words = [bar.words for bar in histogram(scores, scores > 1).bars]
    assert words[0].startswith("2 between 0.")
    assert words[1].endswith("of the limit, 1 of them flagged")
