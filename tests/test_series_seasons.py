"""SeriesDetector and the calendar: periods, holidays, local time, what the season finds and what band it tells."""

from __future__ import annotations

import sys
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import amiss
from amiss import SeriesDetector, cli
from amiss.errors import MissingExtraError, ParameterError
from amiss.learnt import lines
from amiss.reading.holidays import check_holidays, days_of, texts_of

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")

HOLIDAYS = ["2024-01-01", "2024-01-18", "2024-02-06", "2024-02-29", "2024-03-13"]


def visitors(start="2024-01-01", end="2024-04-08", seed=0, freq="h", zone=None, holidays=()):
    """Visitors of a shop: none at night, most at noon of a work day, a third of them on weekends and holidays."""
    moments = pd.date_range(start, end, freq=freq, tz=zone, inclusive="left")
    hour, rng = np.asarray(moments.hour), np.random.default_rng(seed)
    rest = np.asarray(moments.day_of_week >= 5) | np.isin(
        np.asarray(moments.strftime("%Y-%m-%d")), list(holidays)
    )
    busy = np.maximum(np.sin((hour - 6) / 24 * 2 * np.pi), 0) * np.where(rest, 0.3, 1.0)
    values = np.maximum(100 * busy + 12 * busy * rng.normal(size=len(moments)), 0)
    return pd.DataFrame({"at": moments, "visitors": values})


def at(data, moment):
    return int(np.flatnonzero(data["at"].astype(str).str.startswith(moment))[0])


@pytest.fixture(scope="module")
def shop():
    """A detector of a shop that had a zero at noon of one Wednesday, and its data."""
    data = visitors(holidays=HOLIDAYS)
    data.loc[at(data, "2024-02-21 12"), "visitors"] = 0.0
    return SeriesDetector(random_state=0, holidays=HOLIDAYS).fit(data), data


def test_the_periods_are_found_and_told(shop):
    """The shop has days and weeks; the summary and its lines say so."""
    detector, _ = shop
    assert detector.periods_ == ("daily", "weekly")
    assert detector.summary()["periods"] == ["daily", "weekly"]
    assert any("Seasons: daily, weekly." in line for line in lines(detector.summary()))


def test_a_zero_at_noon_is_found_among_hundreds_at_night(shop):
    """The zero at noon is the worst event, told with what is usual then; no zero at night is flagged."""
    detector, data = shop
    zero = at(data, "2024-02-21 12")
    worst = detector.detect(data).anomalies[0]
    assert worst.place == zero
    assert zero - 4 < worst.start <= zero <= worst.end < zero + 4
    assert worst.causes[0].seen == "0"
    assert [event.place for event in detector.detect(data).anomalies] == [zero]


def test_visitors_at_night_are_found_where_nights_are_unsteady():
    """Some nights are empty, some not; seventy visitors at three are found best by what knows the time of day."""
    data, rng = visitors(), np.random.default_rng(3)
    quiet = ((data["at"].dt.hour < 6) | (data["at"].dt.hour >= 18)).to_numpy()
    data.loc[quiet, "visitors"] = np.abs(2 * rng.normal(size=quiet.sum())) * (rng.random(quiet.sum()) < 0.4)
    night = [at(data, f"2024-{month:02}-{day:02} 03") for month, day in ((2, 13), (2, 28), (3, 5), (3, 20))]
    for place in night:
        data.loc[place : place + 1, "visitors"] = 70.0
    detector = SeriesDetector(random_state=0).fit(data)
    others = [model.spec() for model in detector.committee_.models if model.name != "season"]
    without = SeriesDetector(models=others, random_state=0).fit(data)
    highest, by_others = (set(np.argsort(-one.scores_)[:20]) for one in (detector, without))
    assert all({place, place + 1} & highest for place in night)
    assert not any({place, place + 1} & by_others for place in night)


def test_the_band_is_wide_at_noon_and_narrow_at_night(shop):
    """The band follows the spread that is usual at the time of day."""
    detector, data = shop
    told = detector.expected(data)
    width = (told["visitors_upper"] - told["visitors_lower"]).to_numpy()
    hour = data["at"].dt.hour.to_numpy()
    assert width[hour == 12].mean() > 3 * width[hour == 0].mean()
    inside = (data["visitors"] >= told["visitors_lower"]) & (data["visitors"] <= told["visitors_upper"])
    assert inside.mean() > 0.98


def test_a_holiday_is_expected_to_be_one(shop):
    """A quiet Monday in new data is odd; as a holiday it is not."""
    detector, data = shop
    new = visitors("2024-04-08", "2024-04-22", 1, holidays=["2024-04-15"])
    quiet = at(new, "2024-04-15 12")
    knows = SeriesDetector(random_state=0, holidays=[*HOLIDAYS, "2024-04-15"]).fit(data)
    scores = {
        name: -one.score_samples(new) / one.threshold_ for name, one in (("no", detector), ("yes", knows))
    }
    assert scores["no"][quiet - 5 : quiet + 5].max() > 1
    assert scores["yes"][quiet - 5 : quiet + 5].max() < 1
    assert (
        knows.expected(new)["visitors_expected"][quiet]
        < 50
        < detector.expected(new)["visitors_expected"][quiet]
    )


def test_seasons_and_holidays_are_saved(shop, tmp_path):
    """A loaded detector gives the same scores on training and new data, and has the holidays."""
    detector, data = shop
    amiss.save(detector, tmp_path / "shop.amiss")
    loaded = amiss.load(tmp_path / "shop.amiss")
    new = visitors("2024-04-08", "2024-04-22", 1)
    assert (loaded.score_samples(data) == -detector.scores_).all()
    assert (loaded.score_samples(new) == detector.score_samples(new)).all()
    assert loaded.holidays == HOLIDAYS
    assert (loaded.periods_, loaded.holidays_) == (detector.periods_, detector.holidays_)
    assert repr(loaded) == repr(detector)


def test_holidays_by_a_function_are_saved_as_dates(tmp_path):
    """A function gives the dates of a year; the file holds those from the year before to ten years on."""
    data = visitors("2024-01-01", "2024-02-12")
    detector = SeriesDetector(random_state=0, holidays=lambda year: [date(year, 12, 25)]).fit(data)
    amiss.save(detector, tmp_path / "shop.amiss")
    loaded = amiss.load(tmp_path / "shop.amiss")
    assert loaded.holidays == [f"{year}-12-25" for year in range(2023, 2035)]


def test_days_are_those_of_local_time():
    """What comes at noon in Berlin is expected at noon in summer too, an hour earlier by UTC."""
    data = visitors("2024-02-05", "2024-03-25", zone="Europe/Berlin")
    detector = SeriesDetector(random_state=0, time="at").fit(data)
    new = visitors("2024-03-25", "2024-04-15", 1, zone="Europe/Berlin")
    told = detector.expected(new)["visitors_expected"].to_numpy()
    hour = new["at"].dt.hour.to_numpy()
    work = new["at"].dt.day_of_week.to_numpy() < 5
    summer = (new["at"] >= pd.Timestamp("2024-04-01", tz="Europe/Berlin")).to_numpy() & work
    by_hour = [told[summer & (hour == h)].mean() for h in range(24)]
    assert int(np.argmax(by_hour)) == 12
    assert (detector.predict(new) == -1).sum() <= 2  # of 503, by chance


def test_without_times_the_models_are_the_same():
    """No calendar: the season is told in points, and no model of it joins."""
    values = np.tile([*np.tile([0.0, 1, 3, 7, 3, 1, 0, 0], 5), *[0.0] * 16], 20)
    values += 0.01 * np.random.default_rng(0).normal(size=len(values))
    detector = SeriesDetector(random_state=0, window=8).fit(values)
    assert "season" not in [model.name for model in detector.committee_.models]
    assert detector.periods_[0] == f"{detector.period_} points"
    assert SeriesDetector(random_state=0).fit(np.random.default_rng(0).normal(size=300)).periods_ == ()


def test_each_of_many_series_has_its_season():
    """By key, the holidays are those of all."""
    data = pd.concat([visitors(seed=s, end="2024-02-12").assign(shop=f"s{s}") for s in range(2)])
    detector = SeriesDetector(random_state=0, by="shop", holidays=["01-01"], jobs=1).fit(data)
    assert detector.summary()["periods"] == ["daily", "weekly"]
    assert detector.holidays == ["01-01"]


def test_the_command_line_takes_holidays(tmp_path):
    """Dates with commas between; a wrong one is one sentence."""
    place = tmp_path / "shop.csv"
    visitors("2024-01-01", "2024-02-12").to_csv(place, index=False)
    words = ["fit", str(place), "-o", str(tmp_path / "shop.amiss"), "--holidays", "2024-01-01, 12-25"]
    assert CliRunner().invoke(cli.amiss, words).exit_code == 0
    assert "2025-12-25" in amiss.load(tmp_path / "shop.amiss").holidays_


# ------------------------------------------------------------- how holidays are spelt
@pytest.mark.parametrize(
    "given",
    [
        ["2024-12-25", "2024-02-29"],
        "2024-12-25,2024-02-29",
        [date(2024, 12, 25), datetime(2024, 2, 29, 12)],
        np.array(["2024-12-25", "2024-02-29"], "datetime64[ns]"),
        pd.DatetimeIndex(["2024-12-25", "2024-02-29"]),
        {date(2024, 12, 25): "Christmas", date(2024, 2, 29): "leap day"},
        lambda year: [date(year, 12, 25), date(year, 2, 29)],
        ["12-25", "02-29"],
    ],
)
def test_holidays_are_read_as_people_give_them(given):
    """Texts, dates, arrays, dicts, a function, days of every year."""
    assert texts_of(days_of(given, 2024, 2024)) == ["2024-02-29", "2024-12-25"]


def test_the_leap_day_comes_in_leap_years_alone():
    """Every year has a 1st of May, every fourth a 29th of February, not every hundredth."""
    assert texts_of(days_of(["02-29"], 1899, 1904)) == ["1904-02-29"]
    assert len(days_of(["05-01"], 2020, 2024)) == 5
    assert len(days_of(["05-01"], 9998, 12000)) == 2  # Python's dates end in 9999


@pytest.mark.parametrize(
    "wrong", [["25.12.2024"], ["2024-13-01"], ["02-30"], [3.5], 7, "christmas", [pd.NaT]]
)
def test_a_wrong_holiday_is_told_in_one_sentence(wrong):
    """What stands there, and what is legal."""
    with pytest.raises(
        ParameterError, match=r"^holidays (is|holds) .*Legal: a list of dates such as '2026-12-25'"
    ):
        SeriesDetector(holidays=wrong).fit(np.arange(50.0))


def test_a_country_needs_its_package(monkeypatch):
    """Without the package the sentence names the line that installs it."""
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'amiss\[holidays\]'"):
        check_holidays("DE")


def test_a_country_and_its_parts_are_known():
    """The Epiphany is a holiday in Bavaria and not in Berlin; a country that is none is told."""
    pytest.importorskip("holidays")
    assert "2024-01-06" in texts_of(days_of("DE-BY", 2024, 2024))
    assert "2024-01-06" not in texts_of(days_of("DE-BE", 2024, 2024))
    with pytest.raises(ParameterError, match=r"holidays is 'QQ'"):
        check_holidays("QQ")


def test_no_more_events_than_told_where_nothing_is_amiss():
    """A season judges each point: the line is for the oddest point of a window, else each day had several events."""
    found, told = 0, 0.0
    for seed in range(8):
        hours = np.arange(1500)
        load = (
            10 + 3 * np.sin(hours * 2 * np.pi / 24 + seed) + np.random.default_rng(seed).normal(0, 0.3, 1500)
        )
        data = pd.DataFrame({"at": pd.date_range("2026-03-01", periods=1500, freq="h"), "load": load})
        detector = SeriesDetector(models="fast", random_state=0)
        detection = detector.fit_detect(data)
        assert any(model.name == "season" for model in detector.committee_.models)
        found += len(detection)
        told += detection.chance * len(detection.scores) / detection.reach
    assert told < 8
    assert found <= 2 * told + 2
