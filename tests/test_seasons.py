"""Seasons: the periods that are found, profiles by medians, and the model that compares each value with its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import naive_seasons as naive
from amiss.models.season import Season
from amiss.numerics.profiles import bridged, medians, spread_around
from amiss.numerics.seasons import find_seasons
from amiss.reading.calendar import Calendar, Cycle
from amiss.reading.timeline import Timeline
from amiss.reading.windows import Channels

GENERATOR = np.random.default_rng(0)


def calendar_of(start, end, freq, zone=None, holidays=()):
    timeline = Timeline(tz=zone)
    moments = pd.date_range(start, end, freq=freq, tz=zone, inclusive="left")
    series = timeline.fit(pd.DataFrame({"at": moments, "value": np.arange(len(moments)) % 5.0}))
    found = Calendar.of(timeline, np.array(holidays, "datetime64[D]").astype(np.int64))
    assert found is not None
    return found, len(series)


def channels_of(values, calendar, period=24):
    values = np.asarray(values, float).reshape(len(values), -1)
    return Channels(values, np.zeros(values.shape, bool), 0, period, calendar)


def fitted(values, calendar, period=24):
    channels = channels_of(values, calendar, period)
    return Season().fit(channels, np.random.default_rng(0)), channels


# ------------------------------------------------------------- a series without noise is rebuilt
def test_days_and_weeks_are_rebuilt_exactly_through_the_change_of_clocks() -> None:
    """Each weekday its own course by local time, over a change of the clocks: the error is rounding."""
    calendar, count = calendar_of("2024-02-05", "2024-05-06", "h", "Europe/Berlin")
    places = calendar.places(0, count)
    table = GENERATOR.normal(size=(7, 24))
    model, channels = fitted(table[places.weekday, places.slot], calendar)
    assert model.seasons_.names() == ["daily", "weekly"]
    assert np.abs(model.expected(channels) - channels.values).max() < 1e-9
    later = replace(channels, start=count, values=channels.values[:500] * 0, mask=channels.mask[:500])
    places = calendar.places(count, 500)
    assert np.abs(model.usual(later)[:, 0] - table[places.weekday, places.slot]).max() < 1e-9


def test_years_are_rebuilt_exactly_through_leap_years() -> None:
    """Each date its own value, the 29th of February among them where two years held it."""
    calendar, count = calendar_of("2015-01-01", "2025-01-01", "D")
    places = calendar.places(0, count)
    values = GENERATOR.normal(size=366)[places.date]
    model, channels = fitted(values, calendar, 30)
    assert model.seasons_.names() == ["yearly"]
    assert model.seasons_.yearly == 1
    assert np.abs(model.expected(channels) - channels.values).max() < 1e-9


def test_holidays_are_rebuilt_as_a_day_of_their_own() -> None:
    """Work days have one course, weekends another, holidays a third."""
    free = ["2024-01-01", "2024-01-24", "2024-02-13", "2024-03-29", "2024-04-10"]
    calendar, count = calendar_of("2024-01-01", "2024-05-01", "h", holidays=free)
    places = calendar.places(0, count)
    kind = np.where(places.holiday, 2, places.weekday >= 5)
    model, channels = fitted(GENERATOR.normal(size=(3, 24))[kind, places.slot], calendar)
    assert (model.seasons_.days, model.seasons_.holidays) == ("weekend", "own")
    assert np.abs(model.expected(channels) - channels.values).max() < 1e-9


def test_few_holidays_are_sundays() -> None:
    """Two holidays are too few to tell what they are like: they are taken as Sundays, and these have a course."""
    calendar, count = calendar_of("2024-01-01", "2024-03-01", "h", holidays=["2024-01-10", "2024-02-06"])
    places = calendar.places(0, count)
    rest = (places.weekday == 6) | places.holiday
    model, channels = fitted(GENERATOR.normal(size=(2, 24))[rest.astype(int), places.slot], calendar)
    assert model.seasons_.holidays == "sunday"
    assert np.abs(model.expected(channels) - channels.values).max() < 1e-9


def test_a_period_without_times_is_rebuilt_exactly() -> None:
    """The period of the window takes the part of the day."""
    model, channels = fitted(np.tile(GENERATOR.normal(size=15), 30), None, 15)
    assert model.seasons_.names() == ["15 points"]
    assert np.abs(model.expected(channels) - channels.values).max() < 1e-9


# ------------------------------------------------------------- what is found, and what is not
@pytest.mark.parametrize("course", ["noise", "walk", "line", "step"])
def test_no_period_is_found_where_there_is_none(course: str) -> None:
    """Noise, a random walk, a slope and a step have no season."""
    calendar, count = calendar_of("2024-01-01", "2024-04-01", "h")
    noise = np.random.default_rng(3).normal(size=count)
    values = {
        "noise": noise,
        "walk": noise.cumsum() / 10,
        "line": np.arange(count) / 500 + 0.1 * noise,
        "step": (np.arange(count) > count // 2) + 0.1 * noise,
    }[course]
    assert find_seasons(*_parts(values), calendar).names() == []


def test_a_week_under_noise_is_found() -> None:
    """Weekends that lie one deviation lower are found in four weeks; in two they are not looked for."""
    for weeks, expected in ((4, ["daily", "weekly"]), (2, ["daily"])):
        calendar, count = calendar_of(
            "2024-01-01", pd.Timestamp("2024-01-01") + pd.Timedelta(weeks=weeks), "h"
        )
        places = calendar.places(0, count)
        noise = np.random.default_rng(1).normal(size=count)
        values = 2 * np.sin(places.slot / 24 * 2 * np.pi) - (places.weekday >= 5) + 0.5 * noise
        assert find_seasons(*_parts(values), calendar).names() == expected


def test_a_longer_period_of_a_cycle_is_found() -> None:
    """Without times, every third period may differ."""
    values = np.tile(np.r_[np.zeros(16), np.ones(8)], 20) + 0.05 * GENERATOR.normal(size=480)
    assert find_seasons(*_parts(values), Cycle(8, 3)).names() == ["24 points"]


def _parts(values):
    return values[:, None], np.zeros((len(values), 1), bool)


# ------------------------------------------------------------- night and noon
def test_a_zero_at_night_is_normal_and_a_zero_at_noon_is_not() -> None:
    """Visitors: none at night, a hundred give or take twenty at noon. A zero at noon stands out, one at night never."""
    calendar, count = calendar_of("2024-01-01", "2024-02-12", "h")
    slot = calendar.places(0, count).slot
    busy = np.maximum(np.sin((slot - 6) / 24 * 2 * np.pi), 0)
    values = np.maximum(100 * busy + 20 * busy * np.random.default_rng(2).normal(size=count), 0)
    values[24 * 20 + 12] = 0
    model, channels = fitted((values - values.mean()) / values.std(), calendar)
    scores = model.score(channels)
    assert int(scores.argmax()) == 24 * 20 + 12
    night = (slot < 5) | (slot > 19)
    assert scores[night].max() < 0.25 * scores.max()
    spread = model.spread(channels)[:, 0]
    assert spread[slot == 12].mean() > 3 * spread[slot == 0].mean()


def test_missing_values_surprise_nobody_and_teach_nothing() -> None:
    """Masked values have no surprise; the profile is that of the others."""
    calendar, count = calendar_of("2024-01-01", "2024-02-12", "h")
    values = np.sin(calendar.places(0, count).slot / 24 * 2 * np.pi)
    channels = channels_of(values, calendar)
    gap = np.zeros((count, 1), bool)
    gap[100:150] = True
    wild = replace(channels, values=np.where(gap, 9.0, channels.values), mask=gap)
    model = Season().fit(wild, np.random.default_rng(0))
    assert (model.surprise(wild)[gap] == 0).all()
    assert np.abs(model.usual(wild) - channels.values).max() < 1e-9


def test_scores_are_those_of_the_naive_twin() -> None:
    """What is expected of training cells is told by other weeks, by medians, on the mean level around."""
    calendar, count = calendar_of("2024-01-01", "2024-02-05", "3h")
    places = calendar.places(0, count)
    values = np.random.default_rng(5).normal(size=count) + 3 * np.sin(places.slot) * (places.weekday < 5)
    model, channels = fitted(values, calendar, 8)
    assert model.seasons_.days == "weekend"
    keys = list(zip((places.weekday >= 5).tolist(), places.slot.tolist(), strict=True))
    folds = (places.week % 5).tolist()
    tables = [naive.usual(values.tolist(), keys, folds, fold) for fold in range(5)]
    usual = np.array([tables[fold][key] for fold, key in zip(folds, keys, strict=True)])
    spread = model.spread(channels)[:, 0]
    distance = np.clip((values - usual) / spread, -3, 3).tolist()
    level = np.array(naive.mean_around(distance, [True] * count, 32))
    np.testing.assert_allclose(model.expected(channels)[:, 0], usual + level * spread, atol=1e-12)


def test_a_point_scores_the_same_in_any_stretch() -> None:
    """A stretch judged alone gives what the whole series gives, but at its ends."""
    calendar, count = calendar_of("2024-01-01", "2024-03-01", "h")
    values = np.random.default_rng(1).normal(size=count)
    values += 3 * np.sin(calendar.places(0, count).slot / 4)
    model, channels = fitted(values, calendar)
    part = replace(channels, values=channels.values[300:500], mask=channels.mask[300:500], start=300)
    assert (model.score(part)[32:-32] == model.score(channels)[332:468]).all()


# ------------------------------------------------------------- arithmetic
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 5)), max_size=40))
def test_medians_are_those_of_each_group(pairs: list[tuple[float, int]]) -> None:
    """The median of each group, NaN of an empty one."""
    values = np.array([value for value, _ in pairs])
    group = np.array([one for _, one in pairs], np.int64)
    expected = [np.median(values[group == g]) if (group == g).any() else np.nan for g in range(6)]
    np.testing.assert_allclose(medians(values, group, 6), expected, rtol=1e-12)


def test_an_empty_cycle_is_bridged_by_zeros() -> None:
    """Where nothing is known, nothing is expected."""
    assert bridged(np.full(3, np.nan)).tolist() == [0.0, 0.0, 0.0]


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 6)), max_size=60), st.integers(1, 10))
def test_the_spread_is_told_from_the_nearest_places(pairs: list[tuple[float, int]], fewest: int) -> None:
    """The mean error over as few places around as hold enough errors; NaN where the whole cycle holds too few."""
    errors = np.array([error for error, _ in pairs])
    slot = np.array([one for _, one in pairs], np.int64)
    expected = []
    for place in range(7):
        apart = np.minimum((slot - place) % 7, (place - slot) % 7)
        near = (errors[apart <= reach] for reach in range(4))
        expected.append(next((float(one.mean()) for one in near if len(one) >= fewest), np.nan))
    np.testing.assert_allclose(spread_around(errors, slot, 7, fewest), expected, rtol=1e-9, atol=1e-9)
