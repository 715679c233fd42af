"""Series as they come: rows late, twice, uneven, missing, by the month, in local time; one score a row all the same."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import amiss
from amiss import SeriesDetector
from amiss.datasets import describe
from amiss.errors import AmissWarning, DataError, ParameterError
from amiss.report import render
from amiss.sinks.base import answer_columns

DATA = Path(__file__).parent / "data"
START = np.datetime64("2024-03-01", "us")


def minutes(count, step=5):
    return START + np.arange(count) * np.timedelta64(step * 60_000_000, "us")


def waves(points, period=48, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    phase = np.arange(points)[:, None] * 2 * np.pi / period + np.arange(channels)
    return 10 + 3 * np.sin(phase) + 0.2 * rng.normal(size=(points, channels))


def frame(points=1500, channels=1, stuck=None, times=None):
    values = waves(points, channels=channels)
    if stuck:
        values[stuck : stuck + 10, 0] = 10.0
    times = minutes(points) if times is None else times
    return pd.DataFrame({"at": times, **{f"c{i}": values[:, i] for i in range(channels)}})


def fitted(data, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        return SeriesDetector(**{"random_state": 0, **params}).fit(data)


def scores(detector, data):
    return -detector.score_samples(data)


# ------------------------------------------------------------- order and duplicates
def test_rows_in_any_order_get_the_scores_of_their_points():
    """Shuffled, learnt from and asked: the same score a row, the same limit, the same events, to the last bit."""
    data = frame(stuck=900)
    order = np.random.default_rng(1).permutation(len(data))
    sorted_, shuffled = fitted(data), fitted(data.iloc[order])
    assert (shuffled.scores_ == sorted_.scores_[order]).all()
    assert shuffled.threshold_ == sorted_.threshold_
    assert (scores(sorted_, data.iloc[order]) == sorted_.scores_[order]).all()
    answers = [sorted_.detect(data), shuffled.detect(data.iloc[order])]
    assert [list(map(str, answer)) for answer in answers[:1]] == [list(map(str, answers[1]))]
    assert answers[1].notes[0].endswith("rows stood out of order; the rows are sorted by time.")
    assert (answers[1].flags == answers[0].flags[order]).all()


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_no_order_of_uneven_rows_changes_a_score(data):
    """Times twice, missing, a little off, in any order: one score a row, its own."""
    rows = data.draw(st.lists(st.tuples(st.integers(0, 300), st.floats(-5, 5)), min_size=20, max_size=60))
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    times = START + np.array([m for m, _ in rows]) * np.timedelta64(20_000_000, "us")
    values = np.array([v for _, v in rows])
    detector = fitted({"at": times, "v": values})
    again = fitted({"at": times[order], "v": values[order]})
    assert (again.scores_ == detector.scores_[order]).all()
    assert (scores(detector, {"at": times[order], "v": values[order]}) == detector.scores_[order]).all()
    assert (scores(detector, {"at": times, "v": values}) == detector.scores_).all()
    answer = detector.detect({"at": times, "v": values})
    assert np.isfinite(answer.scores).all()
    for anomaly in answer:
        assert 0 <= anomaly.start <= anomaly.place <= anomaly.end < len(rows)
    answer.to_json()


def test_rows_of_one_time_share_its_score():
    """Their mean counts; each of them is told its score."""
    data = frame(600)
    twice = pd.concat([data, data.iloc[100:103].assign(c0=lambda d: d["c0"] + 1)])
    by_hand = data.copy()
    by_hand.loc[100:102, "c0"] += 0.5
    detector = fitted(twice)
    assert "3 rows more than there are times; those of one time are averaged." in detector.notes_
    found = detector.scores_
    wanted = fitted(by_hand).scores_
    assert found[:600] == pytest.approx(wanted, rel=1e-9)
    assert (found[600:] == found[100:103]).all()


def test_the_last_row_of_a_time_may_count():
    """duplicates="last"; and each time may be asked to stand once."""
    data = frame(600)
    twice = pd.concat([data.assign(c0=lambda d: d["c0"].where(d.index != 50, 99.0)), data.iloc[[50]]])
    assert (fitted(twice, duplicates="last").scores_[:600] == fitted(data).scores_).all()
    with pytest.raises(
        DataError, match=r"'at' holds 2024-03-01T04:10 in rows 50 and 600\. With duplicates='error'"
    ):
        fitted(twice, duplicates="error")


# ------------------------------------------------------------- uneven steps
def test_a_hole_in_time_is_a_gap():
    """Rows that are not there count as missing values, not as if the others stood side by side."""
    data = frame(stuck=1200)
    kept = data.drop(index=range(700, 705))
    masked = data.assign(c0=data["c0"].where(~data.index.isin(range(700, 705))))
    with pytest.warns(
        AmissWarning, match="1,495 rows onto a grid of 5 min: 0 merged, 5 moments without data"
    ):
        detector = SeriesDetector(random_state=0).fit(kept)
    wanted = fitted(masked)
    assert (detector.scores_ == wanted.scores_[kept.index]).all()
    assert detector.threshold_ == wanted.threshold_
    events = [(a.label, a.score) for a in detector.detect(kept) if a.kind != "data stopped"]
    assert events == [(a.label, a.score) for a in wanted.detect(masked) if a.kind != "data stopped"]


def test_jitter_changes_nothing():
    """Times up to two of five minutes off are the same points."""
    data = frame(stuck=900)
    off = np.random.default_rng(0).integers(-120, 120, len(data)) * np.timedelta64(1_000_000, "us")
    assert (fitted(data.assign(at=data["at"] + off)).scores_ == fitted(data).scores_).all()


def test_several_rows_a_step_are_averaged():
    """Every tenth step has a second row, half a minute later: its point is the mean of both."""
    data = frame(600)
    extra = data.iloc[::10].assign(at=lambda d: d["at"] + pd.Timedelta(30, "s"), c0=lambda d: d["c0"] + 1)
    detector = fitted(pd.concat([data, extra]))
    assert "660 rows onto a grid of about 5 min: 60 merged, 0 moments without data." in detector.notes_
    by_hand = data.copy()
    by_hand.loc[::10, "c0"] += 0.5
    assert detector.scores_[:600] == pytest.approx(fitted(by_hand).scores_, rel=1e-9)


def test_two_rows_a_century_apart_do_not_fill_the_memory():
    """Long holes are cut short, and it is told."""
    times = np.concatenate([minutes(400), minutes(400) + np.timedelta64(36_500, "D")])
    with pytest.warns(AmissWarning, match="a hole counts as 303 moments at most"):
        detector = SeriesDetector(random_state=0).fit(frame(800, times=times))
    assert detector.timeline_.points == 800 + 303
    assert detector.scores_.shape == (800,)


def test_a_stretch_behind_a_cut_hole_is_known_at_its_place():
    """The points behind it are where they were in training."""
    times = np.concatenate([minutes(400), minutes(400) + np.timedelta64(36_500, "D")])
    data = frame(800, times=times)
    detector = fitted(data)
    series = detector.timeline_.read(data.iloc[500:600])
    assert detector.timeline_.place(series.times) == (500 + 303, False)


def test_data_much_sparser_than_what_was_learnt_is_not_scored():
    """Hours where five minutes were learnt: no window is full enough, instead of a course twelve times as fast."""
    data = frame(3000)
    answer = fitted(data.iloc[:2000]).detect(data.iloc[2000::12])
    assert not answer.flags.any()
    assert answer.scored is not None
    assert answer.scored.mean() < 0.1  # beside the points learnt from
    assert answer.notes[0] == "84 rows onto a grid of 5 min: 0 merged, 913 moments without data."


def test_data_much_denser_than_what_was_learnt_is_averaged():
    """Ten rows in each five minutes: one score for the ten."""
    data = frame(1500)
    detector = fitted(data.iloc[:1000])
    dense = data.iloc[1000:].loc[lambda d: d.index.repeat(10)].reset_index(drop=True)
    dense["at"] = dense["at"] + pd.to_timedelta(np.tile(np.arange(10) * 12, 500), "s")
    found = scores(detector, dense).reshape(-1, 10)
    assert (found == found[:, :1]).all()
    assert found[:, 0] == pytest.approx(scores(detector, data.iloc[1000:]), rel=1e-6)


def test_counted_times_are_put_onto_a_grid_too():
    """Metres, with some left out."""
    data = pd.DataFrame({"metre": np.arange(600) / 4, "v": waves(600)[:, 0]}).drop(index=[200, 201, 300])
    with pytest.warns(AmissWarning, match=r"597 rows onto a grid of 0\.25: 0 merged, 3 moments without data"):
        detector = SeriesDetector(time="metre", random_state=0).fit(data)
    assert detector.summary()["step"] == "0.25"


def test_a_series_without_times_is_what_it_was():
    """Nothing is sorted, merged or moved."""
    values = waves(600)
    detector = fitted(values)
    assert (detector.scores_ == fitted(pd.DataFrame({"at": minutes(600), "v": values[:, 0]})).scores_).all()
    assert not detector.notes_


def test_a_short_hole_behind_the_training_series_keeps_the_context():
    """New rows that begin within a window of the end are scored as they would be in one piece."""
    data = frame(1500)
    detector = fitted(data.iloc[:1000])
    new = data.iloc[1010:1200]
    whole = scores(detector, data.iloc[:1200].drop(index=range(1000, 1010)))
    assert np.allclose(scores(detector, new), whole[1000:], rtol=1e-6)


# ------------------------------------------------------------- the calendar
def test_months_are_months():
    """The ends of months over three leap years, one of them missing: no month is a hole but that one."""
    ends = np.arange("2015-02", "2025-02", dtype="datetime64[M]").astype("datetime64[us]") - np.timedelta64(
        1, "D"
    )
    data = frame(120, times=ends).drop(index=61)  # the 29th of February 2020
    assert str(ends[61])[:10] == "2020-02-29"
    with pytest.warns(AmissWarning, match="119 rows onto a grid of 1 month: 0 merged, 1 moment without data"):
        detector = SeriesDetector(random_state=0).fit(data)
    assert detector.timeline_.points == 120
    later = ends[-1:] + np.timedelta64(28, "D")
    assert detector.timeline_.place(later) == (120, True)


def test_a_leap_day_is_a_day():
    """Days over the 29th of February are even; without it there is a hole of one."""
    days = np.datetime64("2023-06-01", "us") + np.arange(400) * np.timedelta64(1, "D")
    data = frame(400, times=days)
    detector = fitted(data)
    assert detector.timeline_.points == 400
    assert detector.summary()["step"] == "1 d"
    without = data[data["at"] != np.datetime64("2024-02-29")]
    assert "399 rows onto a grid of 1 d: 0 merged, 1 moment without data." in fitted(without).notes_


def test_el_nino_with_months_left_out():
    """Real months: sea surface temperatures since 1950; five of them left out are a gap, and an outage."""
    data = pd.read_csv(describe("el_nino").path)
    kept = data.drop(index=range(100, 105))
    detector = fitted(kept)
    assert detector.timeline_.points == len(data)
    assert detector.period_ == 12
    stopped = [a for a in detector.detect(kept) if a.kind == "data stopped"]
    assert [a.label for a in stopped] == ["1958-04 to 1958-10"]
    assert stopped[0].causes[0].reason == "no data for 5 steps of 1 month, gaps up to 3 are usual"


@pytest.mark.parametrize("given", ["missing", "left out", "shuffled"])
def test_co2_of_mauna_loa(given):
    """Real weeks: 59 are missing, as empty values or as rows; the spring of 1964 is the one outage."""
    data = pd.read_csv(DATA / "co2_mauna_loa.csv")
    if given != "missing":
        data = data.dropna()
    if given == "shuffled":
        data = data.sample(frac=1, random_state=0)
    detector = fitted(data, time="date")
    assert detector.timeline_.points == 2284
    assert detector.summary()["step"] == "7 d"
    answer = detector.detect(data)
    assert [a.kind for a in answer] == ["data stopped"]
    assert answer.anomalies[0].label.startswith("1964-01-")
    assert answer.anomalies[0].causes[0].reason == "no data for 18 steps of 7 d, gaps up to 8 are usual"
    unscored = 0 if answer.scored is None else (~answer.scored).sum()
    assert unscored == (59 if given == "missing" else 0)


# ------------------------------------------------------------- time zones
@pytest.mark.parametrize(
    ("zone", "first", "hours", "behind"),
    [
        ("Europe/Berlin", "2024-10-20", 400, "+01:00"),
        ("Europe/Berlin", "2024-03-24", 400, "+02:00"),
        ("America/New_York", "2024-10-27", 400, "-05:00"),
        ("America/New_York", "2024-03-03", 400, "-04:00"),
    ],
)
def test_local_times_over_a_change_of_the_clocks_are_even(zone, first, hours, behind, tmp_path):
    """The hour that comes twice stands twice, the one that never comes is no hole; labels, file and summary tell it."""
    aware = pd.date_range(first, periods=hours, freq="h", tz=zone)
    data = frame(hours, times=aware.tz_localize(None).to_numpy())
    detector = fitted(data, tz=zone)
    assert detector.timeline_.points == hours
    assert not detector.notes_
    assert (detector.scores_ == fitted(frame(hours, times=aware)).scores_).all()
    summary = detector.summary()
    assert (summary["timezone"], summary["step"]) == (zone, "1 h")
    assert summary["start"] == aware[0].isoformat()
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    answer = loaded.detect(data)
    assert answer.to_json() == detector.detect(data).to_json()
    assert answer.evidence.times == [moment.isoformat() for moment in aware]
    assert loaded.explain(data)[-1].label.endswith(behind)


def test_days_in_local_time_are_days_of_23_and_25_hours_too():
    """Midnights in Berlin over both changes of the clocks are even, and what follows on follows on."""
    days = pd.date_range("2024-01-01", periods=400, freq="D", tz="Europe/Berlin")
    detector = fitted(frame(400, times=days))
    assert detector.timeline_.points == 400
    assert detector.summary()["step"] == "1 d"
    assert not detector.notes_


def test_times_with_a_zone_are_told_in_the_zone_asked_for():
    """UTC in the data, Berlin in the answer."""
    data = frame(600, times=pd.date_range("2024-07-01", periods=600, freq="h", tz="UTC"), stuck=400)
    answer = fitted(data, tz="Europe/Berlin").detect(data)
    assert answer.learnt["start"] == "2024-07-01T02:00:00+02:00"
    assert answer.anomalies[0].label.endswith("+02:00")


# ------------------------------------------------------------- gaps
def test_a_gap_may_be_taken_as_if_seen():
    """gap="interpolate": the scores are those of the series with straight lines drawn in."""
    data = frame(stuck=1200)
    holed = data.assign(c0=data["c0"].where(~data.index.isin(range(500, 508))))
    drawn = holed.assign(c0=holed["c0"].interpolate())
    found = fitted(holed, gap="interpolate")
    seen = [i for i in range(1500) if not 440 <= i < 570]
    assert found.scores_ == pytest.approx(fitted(drawn).scores_, rel=0.2)
    assert found.scores_[seen].shape == (1370,)
    assert found.detect(holed).scored is None
    assert (found.scores_[500:508] > 0).all()


def test_a_gap_may_be_a_zero():
    """gap="zero": the scores are those of the series with zeros written in, and nothing stopped."""
    counts = np.random.default_rng(0).poisson(3 + 2 * np.sin(np.arange(900) / 8), 900).astype(float)
    data = pd.DataFrame({"at": minutes(900), "n": counts})
    detector = fitted(data[counts > 0].iloc[:], gap="zero")
    first, last = np.flatnonzero(counts > 0)[[0, -1]]
    whole = data.iloc[first : last + 1]
    assert (detector.scores_ == fitted(whole).scores_[(counts > 0)[first : last + 1]]).all()
    assert not [a for a in detector.detect(data[counts > 0]) if a.kind == "data stopped"]


def test_points_with_too_little_about_them_are_not_scored():
    """A gap of two windows: its points and those at its edges score 0, their p is 1, and it is told everywhere."""
    data = frame(stuck=1200)
    data.loc[600:695, "c0"] = np.nan
    detector = fitted(data)
    answer = detector.detect(data)
    gone = ~answer.scored
    assert gone[600:696].all()
    assert not gone[:590].any()
    assert not gone[710:].any()
    assert (answer.scores[gone] == 0).all()
    assert (answer.p_values[gone] == 1).all()
    assert (detector.scored_ == answer.scored).all()
    assert (detector.p_values_ == answer.p_values).all()
    assert (
        f"{gone.sum()} points not scored: no value, or too little data in the window around." in answer.notes
    )
    assert answer.to_frame()["scored"].tolist() == answer.scored.tolist()
    assert answer_columns(answer)["scored"].tolist() == answer.scored.tolist()
    assert json.loads(answer.to_json())["not_scored"] == gone.sum()
    assert "Not scored" in render(answer)


def test_channels_that_are_mostly_missing_are_scored_all_the_same():
    """Of four channels three tell a value every fifth point: as much as usual was seen everywhere."""
    data = frame(1500, channels=4, stuck=900)
    data.loc[data.index % 5 > 0, ["c1", "c2", "c3"]] = np.nan
    detector = fitted(data)
    assert detector.scored_.all()
    assert (detector.scores_ > 0).all()


def test_where_all_are_scored_nothing_is_said():
    """No column, no note."""
    data = frame(600)
    answer = fitted(data).detect(data)
    assert list(answer.to_frame().columns) == ["score", "p_value", "anomalous", "causes"]
    assert "not_scored" not in json.loads(answer.to_json())


def test_missing_values_do_not_lower_the_limit():
    """A series of which two thirds are missing has the limit of what was seen, not of zeros."""
    data = frame(3000)
    data.loc[1000:2999, "c0"] = np.nan
    detector = fitted(data)
    assert (detector.scores_ > detector.threshold_).mean() < 0.01


# ------------------------------------------------------------- the data stopped
def test_that_the_data_stopped_is_an_event():
    """From the last row before the hole to the first behind, as grave as it is long."""
    data = frame(1500)
    kept = data.drop(index=range(700, 760))
    answer = fitted(kept).detect(kept)
    event = answer.anomalies[0]
    assert (event.kind, event.start, event.end, event.score) == ("data stopped", 699, 700, 20.0)
    assert event.label == "2024-03-03T10:15 to 2024-03-03T15:20"
    assert event.causes[0].reason == "no data for 60 steps of 5 min, gaps up to 3 are usual"
    assert answer.unusual == 0
    assert answer.verdict.endswith(" The data stopped once.")


def test_a_run_of_missing_values_is_one_too():
    """Without times: the points that are missing."""
    values = waves(1500)
    values[700:760] = np.nan
    event = fitted(values).detect(values).anomalies[0]
    assert (event.kind, event.start, event.end, event.label) == (
        "data stopped",
        700,
        759,
        "points 700 to 759",
    )
    assert event.causes[0].reason == "no data for 60 points, gaps up to 3 are usual"


def test_one_channel_may_stop():
    """The others go on and are not blamed; new data too."""
    data = frame(1500, channels=3)
    detector = fitted(data)
    data.loc[900:939, "c1"] = np.nan
    stopped = [a for a in detector.detect(data) if a.kind == "data stopped"]
    assert [(a.start, a.end, [c.cell for c in a.causes]) for a in stopped] == [(900, 939, ["c1"])]


def test_a_usual_gap_is_no_event():
    """Nights without data."""
    data = frame(3000)
    kept = data[data.index % 48 < 30]
    assert not [a for a in fitted(kept).detect(kept) if a.kind == "data stopped"]


# ------------------------------------------------------------- what is legal
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"gap": "fill"}, r"gap is 'fill'\. Legal: 'mask', 'interpolate', 'zero'"),
        ({"duplicates": "first"}, r"duplicates is 'first'\. Legal: 'mean', 'last', 'error'"),
        ({"tz": "Europe/Berln"}, "tz is 'Europe/Berln', and there is no such time zone.*'Europe/Berlin'"),
        ({"time_format": "serial"}, "time_format is 'serial'"),
    ],
)
def test_what_is_not_legal_is_named(params, message):
    """The value, what is legal."""
    with pytest.raises(ParameterError, match=message):
        fitted(frame(60), **params)


def test_every_row_is_explained_in_the_order_of_the_data():
    """One anomaly a row, at its own time, rows shuffled and one time twice."""
    data = frame(300)
    mixed = pd.concat([data.iloc[::-1], data.iloc[[7]]])
    every = fitted(data).explain(mixed)
    assert [a.place for a in every] == list(range(301))
    assert [a.label for a in every] == [str(t)[:16].replace(" ", "T") for t in mixed["at"]]
