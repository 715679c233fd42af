"""Levels that have lasted are the new normal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss import SeriesDetector, load, save
from amiss.batch import FloatArray
from amiss.reading.levels import UsualLevels
from naive_levels import naive_settled

VALUES = st.lists(st.sampled_from([0.0, 0.5, 1.0, 5.0, 5.5, -9.0, float("nan"), float("inf")]), max_size=80)


def column(values: list[float]) -> FloatArray:
    """Return one channel."""
    return np.array(values, np.float64).reshape(-1, 1)


@given(VALUES, VALUES, st.integers(0, 9), st.integers(1, 6), st.integers(1, 30))
def test_levels_settle_as_the_naive_twin_says(
    training: list[float], values: list[float], start: int, window: int, after: int
) -> None:
    """The same places and distances, window by window, with gaps, from any start."""
    usual = UsualLevels().fit(column(training), window)
    found = usual.settled(column(values), start, after)
    wanted = naive_settled(np.array(training), np.array(values, np.float64), start, window, after)
    assert [one.place for one in found] == [place for place, _ in wanted]
    assert [float(one.off[0]) for one in found] == pytest.approx([off for _, off in wanted])


@given(st.lists(st.sampled_from([0.0, 0.5, 5.0, 5.5, -9.0]), min_size=40, max_size=80), st.integers(5, 40))
def test_what_comes_later_changes_nothing(values: list[float], cut: int) -> None:
    """A level is settled by what was there until then."""
    usual = UsualLevels().fit(column([0.0, 0.5, 0.2, 0.1] * 5), 4)
    whole = usual.settled(column(values), 0, 8)
    part = usual.settled(column(values[:cut]), 0, 8)
    assert [one.place for one in part] == [one.place for one in whole if one.place <= cut]


def test_channels_settle_each_on_its_own() -> None:
    """One channel that moves leaves the others where they are."""
    rng = np.random.default_rng(0)
    training, values = rng.normal(size=(100, 3)), rng.normal(size=(100, 3))
    values[40:, 1] += 50.0
    values[60:, 2] -= 50.0
    found = UsualLevels().fit(training, 10).settled(values, 100, 20)
    assert [one.place for one in found] == [60, 80]
    assert [np.round(one.off / 50).tolist() for one in found] == [[0, 1, 0], [0, 1, -1]]


def shifted(seed: int = 0) -> FloatArray:
    """Return a season with a level that shifts at 1,500, holds a spike at 2,200, and returns at 2,600."""
    values = 5 * np.sin(np.arange(4000) * 2 * np.pi / 24) + np.random.default_rng(seed).normal(size=4000)
    values[1500:2600] += 12.0
    values[2200:2203] += 15.0
    return values


def fitted(values: FloatArray, **params: object) -> SeriesDetector:
    """Return a detector that learnt from the first thousand points."""
    detector: SeriesDetector = SeriesDetector(random_state=0, training_data="clean", **params).fit(
        values[:1000]
    )
    return detector


def test_a_shift_is_one_event_and_then_normal() -> None:
    """It lasts eight windows and a bit; a spike on the new level and the way back are events of their own."""
    values = shifted()
    found = sorted(fitted(values).detect(values[1000:]), key=lambda event: event.place)
    shift, spike, back = found
    assert [event.kind for event in found] == ["level shift", "spike", "level shift"]
    assert (shift.start, back.start) == (pytest.approx(500, abs=24), pytest.approx(1600, abs=24))
    assert all(event.end - event.start <= 10 * 24 for event in (shift, back))
    assert spike.start <= 1201 <= spike.end


def test_it_can_be_switched_off_and_set() -> None:
    """With 0 the alarm lasts as long as the level, with fewer points it is shorter."""
    values = shifted()
    (whole,) = fitted(values, events="adapt_after=0").detect(values[1000:])
    assert whole.end - whole.start >= 1000
    short = fitted(values, events="adapt_after=72").detect(values[1000:])
    first = min(short, key=lambda event: event.place)
    assert first.end - first.start <= 5 * 24


def test_many_channels_do_not_adapt_by_themselves() -> None:
    """There a level that lasts is often the anomaly itself; with adapt_after it is taken for normal."""
    values = np.stack([shifted(), shifted(1)[::-1]], axis=1)
    plain, asked = fitted(values), fitted(values, events="adapt_after=192")
    late = slice(900, 1100)  # long after the shift of both
    assert (plain.detect(values[1000:]).flags[late]).all()
    assert not asked.detect(values[1000:]).flags[late].any()


def test_training_points_keep_their_scores() -> None:
    """Levels within the training series are what they are: nothing is taken for new there."""
    values = shifted()
    detector = SeriesDetector(random_state=0).fit(values)
    assert (detector.scores_ == -detector.score_samples(values)).all()
    assert (
        detector.scores_
        == -SeriesDetector(random_state=0, events="adapt_after=0").fit(values).score_samples(values)
    ).all()


def test_scores_do_not_depend_on_what_comes_later() -> None:
    """But for the last two windows, points score as they do with the rest of the series behind them."""
    values = shifted()
    detector = fitted(values)
    whole = detector.score_samples(values[1000:])
    for cut in (600, 700, 720, 1900):
        part = detector.score_samples(values[1000 : 1000 + cut])
        assert part[:-48] == pytest.approx(whole[: cut - 48], abs=1e-9)


def test_the_band_moves_with_the_level() -> None:
    """What is expected stands around the new level once it is normal."""
    values = shifted()
    evidence = fitted(values).detect(values[1000:]).evidence
    inside = slice(900, 1100)
    usual = (evidence.lower[inside] <= evidence.values[inside]) & (
        evidence.values[inside] <= evidence.upper[inside]
    )
    assert usual.mean() > 0.9


def test_levels_are_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A loaded detector adapts as the saved one."""
    values = shifted()
    detector = fitted(values, events="adapt_after=72")
    save(detector, tmp_path / "load.amiss")
    loaded = load(tmp_path / "load.amiss")
    assert (loaded.score_samples(values[1000:]) == detector.score_samples(values[1000:])).all()
    assert loaded.events == "adapt_after=72"
