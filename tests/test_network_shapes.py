"""The shape a network of one's own must take, told before there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from amiss import SeriesDetector, StringDetector, TableDetector, network_shape
from amiss.errors import DataError

WAVE = np.sin(np.arange(400) * 2 * np.pi / 25)


@pytest.mark.parametrize(
    ("detector", "data"),
    [
        (TableDetector(random_state=0), np.random.default_rng(0).normal(size=(60, 4))),
        (TableDetector(random_state=0), {"x": np.arange(60.0) % 7, "c": ["a", "b", "c"] * 20}),
        (SeriesDetector(random_state=0, window=30), np.column_stack([WAVE, -WAVE])),
        (SeriesDetector(random_state=0), WAVE),
        (StringDetector(random_state=0), [f"AB{i:02d}" for i in range(80)]),
    ],
    ids=["numbers", "numbers and categories", "channels", "one channel", "strings"],
)
def test_the_shape_told_is_the_shape_given(detector: Any, data: Any) -> None:
    """A function that takes down what it is given sees batches of exactly that shape."""
    shapes = set()

    def taken_down(batch: Any) -> Any:
        shapes.add(batch.shape[1:])
        return np.full_like(batch, 0.5)

    told = network_shape(detector, data)
    detector.set_params(models=taken_down).fit(data)
    assert shapes == {told}


def test_a_table_that_no_network_sees_gets_a_sentence() -> None:
    """Free text alone has neither numbers nor categories."""
    texts = {"note": [f"note number {i} says {i * 7919 % 1000} things" for i in range(60)]}
    with pytest.raises(DataError, match="nothing that a network sees: no numbers and no categories"):
        network_shape(TableDetector(), texts)
