"""A long series is judged block by block, with the answer of one piece."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from amiss import SeriesDetector, series_committee
from amiss.detectors import series
from amiss.detectors.series_blocks import Ground, Stretch
from amiss.reading import stretches, windows
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
    monkeypatch.setattr(stretches, "BLOCK", block)
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
    monkeypatch.setattr(stretches, "BLOCK", 250)
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
    monkeypatch.setattr(stretches, "BLOCK", 64)
    assert np.array_equal(ground.judged(judge), expected)
    assert np.array_equal(ground.judged(judge, 390, 530), expected[390:530])
    assert len(ground.before) == 50


def test_a_long_series_is_learnt_from_its_stretches_and_scored_as_new_data_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the cap what is drawn is told, all points are scored, and those of training as if asked again."""
    for module in (windows, series_committee, series):
        monkeypatch.setattr(module, "LEARNT_FROM", 64 * 60)
    monkeypatch.setattr(stretches, "BLOCK", 1_500)
    values = _series(5_000, 1)
    detector = SeriesDetector(random_state=0).fit(values)
    assert "Learnt from 3,840 of the 5,000 points, in stretches evenly spread." in detector.notes_
    assert (detector.scores_ == -detector.score_samples(values)).all()
    assert any(event.start <= 703 <= event.end for event in detector.detect(values))


def test_what_is_learnt_from_is_spread_evenly() -> None:
    """64 stretches from the first to the last point, none over another; positions lie in them alone."""
    count = 3_000_000
    places = windows.stretches(count)
    assert len(places) == 64
    assert (places[0][0], places[-1][1]) == (0, count)
    assert all(stop <= begin for (_, stop), (begin, _) in pairwise(places))
    at = windows.spread_evenly(count, 2_500)
    inside = np.zeros(count, bool)
    for first, stop in places:
        inside[first:stop] = True
    assert len(at) == 2_500
    assert inside[at].all()
    assert (np.diff(at) > 0).all()
