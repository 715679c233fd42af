"""Rows at any moments become points on an even grid: places, holes, months, means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive_resampling as naive
from amiss.reading import resampling
from amiss.reading.resampling import Rows


def moments(*texts):
    return np.array(texts, "datetime64[us]")


def seconds_of(times):
    return times.astype(np.int64) / 1e6


@pytest.mark.parametrize(
    ("places", "cells"),
    [
        ([0.0, 1.0, 2.0], [0, 1, 2]),
        ([0.0, 1.0, 4.0, 5.0], [0, 1, 4, 5]),  # a hole
        ([0.0, 1.2, 1.9, 3.1], [0, 1, 2, 3]),  # a little early, a little late
        ([0.0, 1.4, 1.6, 3.0], [0, 1, 2, 3]),  # within half a step, though two steps are far from whole
        ([0.0, 0.1, 1.0, 1.1, 2.0], [0, 0, 1, 1, 2]),  # two moments of one place
        ([7.0], [0]),
    ],
)
def test_a_moment_goes_to_the_nearest_place(places, cells):
    """Early and late moments snap; holes stay holes; moments of one place share it."""
    assert resampling.cells_of(np.array(places)).tolist() == cells


def test_a_clock_that_is_a_little_fast_loses_no_point():
    """Ten thousand steps of 1.004 are ten thousand places, not forty more."""
    assert (resampling.cells_of(np.arange(10_000) * 1.004) == np.arange(10_000)).all()


def test_jitter_never_moves_a_point():
    """Moments up to 0.4 steps off: each has its own place, whatever the phase of the grid."""
    rng = np.random.default_rng(0)
    for phase in (0.0, 0.3, 0.77):
        places = np.arange(2000) + phase + rng.uniform(-0.4, 0.4, 2000)
        assert (np.diff(resampling.cells_of(np.sort(places))) == 1).all()


@pytest.mark.parametrize(
    ("seconds", "step"),
    [
        ([0.0, 60.0, 120.0, 600.0, 660.0], 60.0),
        ([0.0, 10.0, 20.0, 30.2, 40.3], 10.075),  # told by all of them
        ([5.0], 1.0),
    ],
)
def test_the_step_is_the_usual_one(seconds, step):
    """The median; more exactly where all agree with it."""
    assert resampling.usual_step(np.array(seconds)) == pytest.approx(step, rel=1e-12)


@pytest.mark.parametrize("step", [300.0, 7.318, 0.02])
def test_the_step_is_found_under_jitter(step):
    """Moments up to 0.4 steps off, one in ten left out: the step to a few millionths, so that no point is lost."""
    rng = np.random.default_rng(0)
    cells = np.flatnonzero(rng.random(5000) < 0.9)
    seconds = step * (cells + rng.uniform(-0.4, 0.4, len(cells)))
    found = resampling.usual_step(seconds)
    assert found == pytest.approx(step, rel=5e-6)
    assert (resampling.cells_of(seconds / found) == cells - cells[0]).all()


def test_moments_at_random_have_the_median_step_or_near():
    """No step fits them; the usual one is as good as any."""
    seconds = np.cumsum(np.random.default_rng(0).exponential(10.0, 3000))
    assert resampling.usual_step(seconds) == pytest.approx(np.median(np.diff(seconds)), rel=0.1)


@pytest.mark.parametrize(
    ("times", "months"),
    [
        (["1950-01-01", "1950-02-01", "1950-03-01"], 1),
        (
            ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
            1,
        ),  # ends of months, a leap day
        (["2024-01-03", "2024-02-01", "2024-03-01", "2024-04-02", "2024-05-01"], 1),  # first working days
        (["2023-01-15", "2023-02-15", "2023-05-15", "2023-06-15"], 1),  # two are missing
        (["2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31"], 3),
        (
            ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"],
            12,
        ),  # the last of each February
        (["2020-07-01", "2021-07-01", "2022-07-01", "2023-07-01"], 12),
        (["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31", "2024-04-30"], 0),  # every thirty days
        (["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01"], 0),
        (["2024-01-01", "2024-01-08", "2024-01-15"], 0),
    ],
)
def test_steps_of_the_calendar_are_known(times, months):
    """Months, quarters and years by the calendar; days, weeks and thirty days are no months."""
    times = moments(*times)
    assert resampling.calendar_step(times, resampling.usual_step(seconds_of(times))) == months


def test_each_month_is_one_place_for_a_hundred_years():
    """Months of 28 to 31 days do not add up to a wrong place."""
    ends = (np.arange("1924-02", "2024-02", dtype="datetime64[M]")).astype("datetime64[us]") - np.timedelta64(
        1, "D"
    )
    assert (resampling.cells_of(resampling.months_in(ends)) == np.arange(1200)).all()


def test_a_grid_does_not_explode():
    """A century at a second a point is cut to four points a row; other holes stay as long as there is room."""
    cells, longest = resampling.without_long_holes(np.array([0, 1, 2, 3_000_000_000, 3_000_000_001]), 20)
    assert cells.tolist() == [0, 1, 2, 18, 19]
    assert longest == 16
    cells, longest = resampling.without_long_holes(np.array([0, 1, 6, 7]), 16)
    assert (cells.tolist(), longest) == ([0, 1, 6, 7], 0)
    cells, longest = resampling.without_long_holes(
        np.r_[np.arange(1000), np.arange(10**6, 10**6 + 1000)], 8000
    )
    assert (int(cells[-1]), longest) == (999 + 304 + 999, 304)  # a hole of one window


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=60), st.integers(1, 4))
def test_a_grid_has_never_more_points_than_allowed(steps, times):
    """Whatever the holes: at most so many points a row, in the same order, steps of one as they were."""
    cells = np.concatenate([[0], np.cumsum(steps)])
    kept, _ = resampling.without_long_holes(cells, times * len(cells))
    assert int(kept[-1]) < max(times * len(cells), len(cells) + 1)
    assert (np.diff(kept) >= 1).all()
    assert (np.diff(kept) <= np.diff(cells)).all()


VALUES = st.one_of(st.floats(-1e9, 1e9), st.just(float("nan")))


@given(st.data(), st.integers(1, 30), st.integers(1, 3), st.integers(1, 6))
def test_means_are_those_of_the_twin_in_any_order(data, rows, channels, count):
    """The mean of what is there, and the very same bits however the rows are shuffled."""
    values = np.array(data.draw(st.lists(VALUES, min_size=rows * channels, max_size=rows * channels)))
    values = values.reshape(rows, channels)
    groups = np.array(data.draw(st.lists(st.integers(0, count - 1), min_size=rows, max_size=rows)))
    order = np.array(data.draw(st.permutations(range(rows))))
    found = resampling.averaged(values, groups, count)
    assert np.allclose(found, naive.averaged(values, groups, count), rtol=1e-9, atol=1e-6, equal_nan=True)
    again = resampling.averaged(values[order], groups[order], count)
    assert np.array_equal(found, again, equal_nan=True)


def test_means_of_the_largest_numbers_are_numbers():
    """No overflow between two large values; one value of its own is itself."""
    found = resampling.averaged(
        np.array([[1.5e308], [1.7e308], [0.1], [0.1], [0.1]]), np.array([0, 0, 1, 1, 1]), 2
    )
    assert found.tolist() == [[1.6e308], [0.1]]


def test_points_without_a_moment_lie_evenly_between():
    """In whole units of the others: days between days, months between months."""
    days = moments("2024-02-27", "2024-03-01")
    assert (
        resampling.times_of(days, np.array([0, 3])).tolist() == moments(*naive.days("2024-02-27", 4)).tolist()
    )
    months = moments("2024-01-01", "2024-04-01")
    assert [str(t)[:10] for t in resampling.times_of(months, np.array([0, 3]))] == [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
        "2024-04-01",
    ]


def test_rows_around_a_stretch():
    """Where an end of a stretch of points has no row, the nearest one outside counts."""
    rows = Rows(np.array([1, 0, 2, 3]), np.array([1, 0, 5, 6]), moments(*naive.days("2024-01-01", 4)))
    assert rows.around(1, 5) == (1, 2)
    assert rows.around(2, 4) == (1, 2)
    assert rows.around(3, 6) == (1, 3)
    assert rows.around(6, 6) == (3, 3)
    assert rows.to_points(np.array([7.0, 8.0, 9.0, 3.0]), 7).tolist() == [8.0, 7.0, 0, 0, 0, 9.0, 3.0]
    assert rows.from_points(np.arange(7)).tolist() == [1, 0, 5, 6]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(-100, 100)), min_size=3, max_size=30), st.randoms())
def test_a_series_on_the_grid_is_that_of_the_twin(rows, random):
    """Rows at whole minutes, in any order, some minutes twice and some never: the points of the twin."""
    from amiss.reading.timeline import Timeline

    rows = [*rows, (0, 1.0), (1, 2.0), (2, 3.0)]  # so that a minute is the usual step
    rows += [(41 + i, 0.0) for i in range(40)]
    random.shuffle(rows)
    minutes, values = np.array([m for m, _ in rows]), [v for _, v in rows]
    times = np.datetime64("2024-01-01", "us") + minutes * np.timedelta64(60_000_000, "us")
    series = Timeline().fit({"t": times, "v": np.array(values)})
    wanted = naive.onto_seconds((minutes * 60).tolist(), values, 60)
    assert np.allclose(series.values[:, 0], wanted, rtol=1e-12, atol=1e-12, equal_nan=True)
    place = {int(t): i for i, t in enumerate(np.unique(minutes))}
    assert (series.rows.points if series.rows else np.arange(len(rows))).tolist() == minutes.tolist()
    assert len(place) <= len(series)
