"""Calibration: what training scores would be, had the scale been learnt without them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.numerics.calibration import Tail, ZScore


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30).map(lambda s: np.array(s, dtype=float)))
def test_tail_without_each_is_the_slow_twins(scores: np.ndarray) -> None:
    """The optimism of the training scores is what leaving each out of the ordered scores takes from it."""
    tail = Tail().fit(scores)
    for i, lift in enumerate(tail.optimism(scores)):
        others = np.delete(scores, i)
        share = max(np.sum(others >= scores[i]), 1) / len(others)
        alone = -np.log(share) + np.log1p(max(scores[i] - others.max(), 0.0) / tail.spread)
        assert lift == pytest.approx(max(alone - tail.apply(scores[i : i + 1])[0], 0.0))


def test_what_no_training_item_tops_by_itself_is_as_it_was():
    """Standard deviations are not lifted."""
    scores = np.random.default_rng(0).gamma(2, size=50)
    assert not ZScore().fit(scores).optimism(scores).any()
