"""What a series is expected to be: the band holds what it promises, forecasts beat the last season repeated."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import SeriesDetector, load, save
from amiss.batch import FloatArray
from amiss.errors import AmissWarning, NotFittedError, ParameterError
from amiss.numerics.ahead import _never_falling, _telling, foretold
from amiss.reading.resampling import months_after
from strategies import FLOATS


def learnt(data: Any, **params: Any) -> SeriesDetector:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        return SeriesDetector(**{"random_state": 0, **params}).fit(data)


def season(points: int, period: int, channels: int = 1, seed: int = 0) -> FloatArray:
    random = np.random.default_rng(seed)
    phase = np.arange(points)[:, None] * 2 * np.pi / period + np.arange(channels)
    return 10 + 3 * np.sin(phase) + 0.5 * random.normal(size=(points, channels))


def el_nino() -> FloatArray:
    frame = pl.read_csv(str(resources.files("amiss.datasets") / "el_nino.csv"))
    return frame["sea_surface_temperature"].to_numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_band_holds_what_it_promises(channels: int) -> None:
    """Of new points of seasons with noise, 98 to 99.8 % lie in the band of 99 %."""
    inside = []
    for seed, period in enumerate((12, 24, 50)):
        values = season(3000, period, channels, seed)
        told = learnt(values[:2000]).expected(values[2000:]).to_numpy()
        inside.append((told[:, 1::3] <= values[2000:]) & (values[2000:] <= told[:, 2::3]))
    assert 0.98 <= np.mean(inside) <= 0.998


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_what_is_expected_comes_as_the_data_came(kind: Any) -> None:
    """A frame of the caller's kind, a row a row, in the order of the data, raw units."""
    at = np.datetime64("2024-01-01", "us") + np.arange(600) * np.timedelta64(3_600_000_000, "us")
    frame = kind({"at": at, "load": season(600, 24)[:, 0]})
    detector = learnt(frame)
    told = detector.expected(frame)
    assert isinstance(told, kind)
    assert list(told.columns) == ["load_expected", "load_lower", "load_upper"]
    backwards = detector.expected(kind({"at": at[::-1], "load": season(600, 24)[::-1, 0]}))
    assert (np.asarray(backwards["load_lower"])[::-1] == np.asarray(told["load_lower"])).all()
    evidence = detector.detect(frame).evidence
    assert (np.asarray(told["load_upper"]) == evidence.upper[:, 0]).all()  # type: ignore[union-attr]


def rolled(values: FloatArray, period: int, steps: int) -> tuple[float, float, float]:
    """Return mean errors of forecasts and of the last season repeated, and the share inside the band of 95 %."""
    errors, naive, inside = [], [], []
    for origin in range(len(values) // 2, len(values) - steps, max(1, len(values) // 25)):
        expected, band = foretold(values[:origin], period, (period,), steps, 0.95)
        true = values[origin : origin + steps]
        errors.append(np.abs(expected - true).mean())
        naive.append(np.abs(np.resize(values[origin - period : origin], steps) - true).mean())
        inside.append((np.abs(expected - true) <= band).mean())
    return float(np.mean(errors)), float(np.mean(naive)), float(np.mean(inside))


def test_forecasts_beat_the_last_season_repeated() -> None:
    """By a seventh: seasons with noise, with a trend; by a twentieth with a level that wanders, and El Nino."""
    random = np.random.default_rng(0)
    wandering = np.zeros(1200)
    for at in range(1, 1200):
        wandering[at] = 0.9 * wandering[at - 1] + 0.4 * random.normal()
    plain = season(1200, 24)[:, 0]
    trend = plain + 0.02 * np.arange(1200)
    cases = [(plain, 24, 0.85), (trend, 24, 0.85), (plain + wandering, 24, 0.95), (el_nino(), 12, 0.95)]
    for values, period, share in cases:
        errors, naive, inside = rolled(values, period, period)
        assert errors <= share * naive
        assert inside >= 0.88


def test_a_pure_season_goes_on() -> None:
    """Without noise, nothing is left to err about."""
    wave = np.resize(np.array([1.0, 2.0, 4.0, 8.0, 4.0, 0.0, 1.0, 3.0, 3.0]), 300)
    told = learnt(wave).forecast(30)
    for name in ("x0_expected", "x0_lower", "x0_upper"):
        assert told[name].to_numpy() == pytest.approx(np.resize(wave[3:12], 30), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(FLOATS | st.just(np.nan), min_size=1, max_size=60),
    st.integers(1, 9),
    st.lists(st.integers(2, 20), max_size=2),
    st.integers(1, 30),
    st.booleans(),
)
def test_any_past_gives_an_answer(
    past: list[float], period: int, seasons: list[int], steps: int, known: bool
) -> None:
    """Of the length asked for, the band no narrower farther ahead; missing only where nothing was ever seen."""
    values = np.array(past)
    values[~np.isfinite(values) | (np.abs(values) > 1e100)] = np.nan
    usual = np.arange(len(values) + steps) % 7.0 if known else None
    expected, band = foretold(values, period, seasons, steps, 0.9, usual)
    assert expected.shape == band.shape == (steps,)
    assert np.isfinite(expected).all() == np.isfinite(values).any()
    if np.isfinite(values).any():
        assert (np.diff(band) >= 0).all()


MADE: dict[str, Callable[[FloatArray], FloatArray]] = {
    "season": lambda noise: season_of(len(noise)) + 0.5 * noise,
    "trend": lambda noise: season_of(len(noise)) + 0.5 * noise + 0.02 * np.arange(len(noise)),
    "walk": np.cumsum,
    "shifts": lambda noise: season_of(len(noise)) + 0.5 * noise + np.cumsum(np.where(noise > 2.3, 5.0, 0.0)),
}


def season_of(points: int) -> FloatArray:
    return np.asarray(3 * np.sin(np.arange(points) * 2 * np.pi / 24))


@pytest.mark.parametrize("kind", list(MADE))
def test_the_band_of_a_forecast_holds_what_it_promises(kind: str) -> None:
    """Of 40 series each, two cycles ahead, about 95 in 100 points lie in the band of 95 %, be it steady or not."""
    inside = []
    for seed in range(40):
        values = MADE[kind](np.random.default_rng(seed).normal(size=24 * 26))
        expected, band = foretold(values[:-48], 24, () if kind == "walk" else (24,), 48, 0.95)
        inside.append(np.abs(expected - values[-48:]) <= band)
    assert 0.92 <= np.mean(inside) <= 0.98


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=12))
def test_widths_that_never_fall_are_the_nearest(pairs: list[tuple[int, int]]) -> None:
    """The same as the textbook's formula: at each place the highest over the lowest of all means around it."""
    values, weights = (np.array(part, float) for part in zip(*pairs, strict=True))
    count = len(values)
    naive = [
        max(
            min(np.average(values[a : b + 1], weights=weights[a : b + 1]) for b in range(at, count))
            for a in range(at + 1)
        )
        for at in range(count)
    ]
    assert _never_falling(values, weights) == pytest.approx(np.array(naive))


def test_errors_that_are_alike_tell_less() -> None:
    """A hundred independent errors tell as much as a hundred; steps of a walk hardly anything; one error: itself."""
    noise = np.random.default_rng(0).normal(size=(100, 30))
    assert np.mean([_telling(one) for one in noise.T]) > 85
    assert np.mean([_telling(one) for one in np.cumsum(noise, axis=0).T]) < 12
    assert _telling(np.array([3.0, np.nan])) == 1.0


def test_the_season_that_foretells_best_is_taken() -> None:
    """A week of hours is foretold by the week with a third of the errors of days alone; what is usual helps more."""
    hours = np.arange(24 * 70)
    week = 3 * np.sin(hours * 2 * np.pi / 24) * np.where(hours // 24 % 7 < 5, 1.0, 0.2)
    values = week + 0.2 * np.random.default_rng(0).normal(size=len(hours))
    past, true = values[:-168], values[-168:]
    days, weeks, usual = (
        np.abs(foretold(past, 24, seasons, 168, 0.95, said)[0] - true).mean()
        for seasons, said in (((24,), None), ((24, 168), None), ((24,), week))
    )
    assert weeks < days / 3
    assert usual < weeks


def hourly(points: Any, start: str = "2024-03-22T00:00") -> pl.DataFrame:
    at = np.datetime64(start, "us") + np.asarray(points) * np.timedelta64(3_600_000_000, "us")
    return pl.DataFrame({"at": at, "load": season(1000, 24)[np.asarray(points), 0]})


def test_times_go_on_in_their_zone() -> None:
    """Over the change of the clocks there is an hour that never comes."""
    told = learnt(hourly(range(214)), tz="Europe/Berlin").forecast(6)
    assert told["at"].dtype == pl.Datetime("us", "Europe/Berlin")
    assert told["at"].dt.hour().to_list() == [22, 23, 0, 1, 3, 4]


@pytest.mark.parametrize(
    ("moments", "after"),
    [
        (pd.date_range("2000-01-31", periods=60, freq="ME"), ["2005-01-31", "2005-02-28", "2005-03-31"]),
        (pd.date_range("2000-01-01", periods=60, freq="QS"), ["2015-01-01", "2015-04-01", "2015-07-01"]),
        (pd.date_range("2000-01-01", periods=60, freq="D"), ["2000-03-01", "2000-03-02", "2000-03-03"]),
    ],
)
def test_months_and_days_go_on(moments: Any, after: list[str]) -> None:
    """Calendar months and quarters, the ends of months, days over a leap day."""
    frame = pd.DataFrame({"at": moments, "load": season(60, 12)[:, 0]})
    assert learnt(frame).forecast(3)["at"].dt.date().cast(str).to_list() == after


def test_days_on_the_wall_go_on() -> None:
    """Midnight stays midnight when the clocks change."""
    at = pd.date_range("2024-02-01", periods=58, freq="D", tz="Europe/Berlin")
    told = learnt(pd.DataFrame({"at": at, "load": season(58, 7)[:, 0]})).forecast(5)["at"]
    assert told.dt.hour().to_list() == [0] * 5
    assert told.dt.date().cast(str).to_list()[0] == "2024-03-30"


def test_numbers_that_count_go_on() -> None:
    """Metres after metres."""
    frame = pl.DataFrame({"metre": np.arange(0, 300, 0.5), "depth": season(600, 24)[:, 0]})
    assert learnt(frame, time="metre").forecast(2)["metre"].to_list() == [300.0, 300.5]


def test_the_last_day_of_a_month_stays_the_last() -> None:
    """As does the day elsewhere, where the month has it."""
    months = np.arange(1, 5)
    assert [str(day)[:10] for day in months_after(np.datetime64("2023-11-30", "us"), months)] == [
        "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31",
    ]  # fmt: skip
    assert [str(day)[:10] for day in months_after(np.datetime64("2023-12-30", "us"), months)] == [
        "2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30",
    ]  # fmt: skip


def test_a_forecast_follows_the_updates(tmp_path: Any) -> None:
    """It begins after the newest row, at the level there, saved and loaded too; a hole counts."""
    detector, twin = learnt(hourly(range(600))), learnt(hourly(range(600)))
    first = detector.forecast(3)
    for at in range(600, 780, 45):
        detector.update(hourly(range(at, at + 45)).with_columns(pl.col("load") + 20))
    told = detector.forecast(4)
    assert told["at"].to_list() == hourly(range(780, 784))["at"].to_list()
    assert (told["load_expected"] - hourly(range(780, 784))["load"]).to_numpy() == pytest.approx(20, abs=2)
    save(detector, tmp_path / "on.amiss")
    assert load(tmp_path / "on.amiss").forecast(4).equals(told)
    detector.finish()
    assert detector.forecast(3).equals(first)
    twin.update(hourly(range(609, 660)))
    assert twin.forecast(1)["load_expected"][0] == pytest.approx(season(661, 24)[660, 0], abs=2)


def test_what_cannot_be_is_said() -> None:
    """Before fit, no points, a coverage that is none, models without a view."""
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        SeriesDetector().forecast(3)
    detector = learnt(season(300, 24))
    with pytest.raises(ParameterError, match=r"n is 0\. Legal: a whole number of at least 1\."):
        detector.forecast(0)
    with pytest.raises(
        ParameterError, match=r"coverage is 95\. Legal: a number between 0 and 1, such as 0\.95\."
    ):
        detector.forecast(3, coverage=95)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"None of the models \(codebook\) tells what it expects"):
        learnt(season(300, 24), models="codebook").expected(season(300, 24))
