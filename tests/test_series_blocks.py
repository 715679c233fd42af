"""A long series is judged block by block, with the answer of one piece."""

from typing import Any

import numpy as np
import pytest

from amiss import SeriesDetector
from amiss.detectors import series_blocks
from amiss.detectors.series_blocks import Ground, Stretch
from amiss.reading.windows import Channels, moving_mean


pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")  # missing values


def _series(points: int, channels: int) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(3)
    at = np.arange(points)[:, None]
    values = np.sin(at * 2 * np.pi / 24 + np.arange(channels)) + 0.1 * rng.normal(size=(points, channels))
    values[700:706, 0] += 4.0
    values[1_503:1_520, -1] = 0.3
    values[300:310, 0] = np.nan
    return values


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("block", [333, 1_000])
def test_blocks_change_no_answer(monkeypatch: pytest.MonkeyPatch, channels: int, block: int) -> None:
    """Scores, events, causes and bands are the same to the last bit, however long a block is."""
    values = _series(3_000, channels)
    detector = SeriesDetector(random_state=0, training_data="clean").fit(_series(2_000, channels)[:1_800])
    whole = detector.detect(values)
    monkeypatch.setattr(series_blocks, "BLOCK", block)
    cut = detector.detect(values)
    assert (cut.scores == whole.scores).all()
    assert [str(event) for event in cut] == [str(event) for event in whole]
    for name in ("expected", "lower", "upper", "surprise"):
        seen, told = getattr(cut.evidence, name), getattr(whole.evidence, name)
        assert np.array_equal(seen, told, equal_nan=True), name


def test_a_level_that_has_settled_is_judged_by_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows on a level that lasts is seen from there, in blocks as in one piece."""
    values = _series(4_000, 1)
    detector = SeriesDetector(random_state=0).fit(values[:2_000])
    later = values[2_000:] + 6.0 * (np.arange(2_000) >= 500)[:, None]
    whole = detector.detect(later)
    monkeypatch.setattr(series_blocks, "BLOCK", 250)
    cut = detector.detect(later)
    assert (cut.scores == whole.scores).all()
    assert [str(event) for event in cut] == [str(event) for event in whole]


def test_a_part_of_a_ground_is_what_the_whole_says_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points asked for alone, across stretches and blocks, get what they get among all."""
    rng = np.random.default_rng(0)
    near, far = (Channels(rng.normal(size=(900, 1)), np.zeros((900, 1), bool), 0, 8) for _ in range(2))
    ground = Ground([Stretch(0, 400, near, 50), Stretch(400, 700, far, -100)], 50, 8)

    def judge(channels: Channels) -> Any:
        return moving_mean(channels.values[:, 0], 8)

    expected = np.concatenate([judge(near)[50:450], judge(far)[300:600]])
    monkeypatch.setattr(series_blocks, "BLOCK", 64)
    assert np.array_equal(ground.judged(judge), expected)
    assert np.array_equal(ground.judged(judge, 390, 530), expected[390:530])
    assert len(ground.before) == 50
