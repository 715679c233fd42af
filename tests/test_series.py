"""SeriesDetector: events, context, gaps, odd numbers, causes, and the same score for the same point."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import SeriesDetector
from amiss.errors import AmissWarning, DataError, ParameterError, UnknownPartError
from strategies import FLOATS


def waves(points=1500, period=50, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    phase = np.arange(points)[:, None] * 2 * np.pi / period + np.arange(channels)
    return 10 + 3 * np.sin(phase) + 0.2 * rng.normal(size=(points, channels))


def broken(at=900, length=25, **shape):
    values = waves(**shape)
    values[at : at + length, 0] = values[at, 0]
    return values


def fitted(values, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        return SeriesDetector(**{"random_state": 0, **params}).fit(values)


@pytest.mark.parametrize("channels", [1, 4])
def test_a_stuck_sensor_is_the_worst_event(channels):
    """A stretch in which a channel does not move is found where it is, in old data and in new."""
    detector = fitted(broken(channels=channels))
    for values in (broken(channels=channels), broken(at=300, channels=channels, seed=1)):
        at = 900 if values[900, 0] == values[910, 0] else 300
        event = detector.detect(values).anomalies[0]
        assert event.start <= at + 25
        assert event.end >= at
        assert "x0" in [cause.cell for cause in event.causes]


@pytest.mark.parametrize("channels", [1, 4])
def test_training_scores_are_told_again(channels):
    """The training series, scored again, gives the scores of fit to the last bit."""
    values = broken(channels=channels)
    detector = fitted(values)
    assert (detector.scores_ == -detector.score_samples(values)).all()
    assert (detector.scores_ == -detector.score_samples(pd.DataFrame(values))).all()


@pytest.mark.parametrize("channels", [1, 4])
def test_new_points_are_scored_in_context(channels):
    """Points that follow on score as they do in one stretch with the training series."""
    values = broken(at=1300, channels=channels)
    detector = fitted(values[:1000])
    whole = -detector.score_samples(values)
    assert np.allclose(whole[1000:], -detector.score_samples(values[1000:]), rtol=1e-6)


def test_one_new_point_is_scored():
    """A single point is judged by the windows that end with it."""
    detector = fitted(waves())
    usual, odd = (-detector.score_samples([[v]])[0] for v in (waves(1501)[1500, 0], 40.0))
    assert 0 <= usual < odd


def test_a_later_stretch_has_no_context():
    """Times that do not follow on: the stretch is judged by itself."""
    hours = np.datetime64("2026-01-01", "us") + np.arange(3000) * np.timedelta64(3600 * 10**6, "us")
    values = waves(3000)[:, 0]
    frame = pl.DataFrame({"at": hours, "v": values})
    detector = fitted(frame[:1500])
    assert len(-detector.score_samples(frame[2500:2510])) == 10
    event = detector.detect(frame[2000:].with_columns(v=pl.lit(10.0))).anomalies[0]
    assert event.label.startswith("2026-")
    assert detector.summary()["step"] == "1 h"


def test_a_missing_point_scores_nothing_and_the_gap_is_no_event():
    """A long gap: its points score 0 and are shown as missing, its edges are not flagged."""
    values = waves()
    values[700:800] = np.nan
    with pytest.warns(AmissWarning, match=r"6\.7% of the values are missing"):
        detector = SeriesDetector(random_state=0).fit(values)
    detection = detector.detect(values)
    assert (detection.scores[700:800] == 0).all()
    assert np.isnan(detection.evidence.values[700:800]).all()
    assert not detection.flags[650:850].any()


def test_an_infinite_value_is_named():
    """Infinity is seen, flagged, and stands in the cause."""
    values = waves()
    values[800] = np.inf
    event = fitted(values).detect(values).anomalies[0]
    assert event.start <= 800 <= event.end
    assert event.causes[0].seen == "inf"


@settings(max_examples=40, deadline=None)
@given(st.lists(FLOATS, min_size=1, max_size=40), st.integers(1, 3))
def test_any_numbers_get_finite_scores(numbers, channels):
    """Whatever the numbers and however few: one finite score >= 0 a point, the same again, and an answer."""
    values = np.resize(np.array(numbers), (len(numbers), channels))
    detector = fitted(values)
    detection = detector.detect(values)
    assert detection.scores.shape == (len(numbers),)
    assert np.isfinite(detection.scores).all()
    assert (detection.scores >= 0).all()
    assert (detection.scores == detector.scores_).all()
    detection.to_json()


def test_the_band_holds_what_is_usual():
    """At least 97 of 100 usual values lie within the expected band, in raw units."""
    detector = fitted(waves())
    evidence = detector.detect(waves(seed=4)).evidence
    inside = (evidence.values >= evidence.lower) & (evidence.values <= evidence.upper)
    assert inside.mean() > 0.97
    assert (evidence.upper - evidence.lower).mean() < 2


def test_points_are_explained_one_by_one():
    """`explain` gives one anomaly a point, in order, whose causes' shares sum to at most 1."""
    values = broken(points=600, at=300, channels=3)
    every = fitted(values).explain(values)
    assert [a.place for a in every] == list(range(600))
    assert all(sum(c.share for c in a.causes) <= 1 + 1e-9 for a in every)


def test_causes_are_told_in_words():
    """Value and band stand in the reason, in raw units."""
    values = waves(channels=3)
    values[900:903, 1] = 30.0
    cause = fitted(values).detect(values).anomalies[0].causes[0]
    assert cause.cell == "x1"
    assert cause.seen == "30"
    assert cause.reason.startswith("30, expected ")


def test_events_merge_and_have_a_least_length():
    """The gap decides how many events there are; no event is shorter than the least length."""
    values = broken()
    values[1030:1055, 0] += np.random.default_rng(1).normal(size=25) * 3
    apart = fitted(values, merge_gap=0).detect(values)
    together = fitted(values, merge_gap=300).detect(values)
    assert len(together) < len(apart)
    assert len(fitted(values, min_length=1500).detect(values)) == 0


def test_what_was_learnt_is_told():
    """The summary names period, window, channels and models."""
    learnt = fitted(waves(channels=2)).summary()
    assert learnt["period"] == 50
    assert learnt["window"] == 50
    assert learnt["channels"] == ["x0", "x1"]
    assert learnt["models"][0] == "subspace"


def test_the_window_can_be_given():
    """A window asked for is used; one too wide for the data is narrowed, and a note says so."""
    assert fitted(waves(), window=30).window_ == 30
    with pytest.warns(AmissWarning, match="A window of 100 points needs at least 400 points"):
        assert SeriesDetector(window=100, random_state=0).fit(waves(200)).window_ == 50


def test_models_are_asked_by_name():
    """One model or several, with parameters."""
    detector = fitted(broken(), models=["shapes:k=1"])
    assert detector.summary()["models"] == ["shapes:k=1"]
    assert fitted(broken(), models="codebook").summary()["models"] == ["codebook"]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"models": "shape"}, UnknownPartError, "Did you mean 'shapes'"),
        ({"models": "rarity"}, UnknownPartError, "Model of series 'rarity' is not known"),
        ({"models": []}, ParameterError, "models is empty"),
        ({"window": 1}, ParameterError, "window is 1. Legal: a whole number of at least 2"),
        ({"min_length": 0.5}, ParameterError, "min_length is 0.5"),
        ({"time": "at"}, DataError, "Time column 'at' is not there"),
    ],
)
def test_wrong_parameters(params, error, message):
    """The error names the value, what is legal and what to do."""
    with pytest.raises(error, match=message):
        SeriesDetector(**params).fit(waves(100))


def test_few_of_clean_points_are_flagged():
    """On series without anomalies, about the share promised is flagged, in old points and in new."""
    old, new = [], []
    for seed in range(6):
        values = waves(3000, 40 + 10 * seed, seed=seed)
        detector = fitted(values[:1500])
        old.append((detector.scores_ > detector.threshold_).mean())
        new.append((detector.predict(values[1500:]) == -1).mean())
    assert np.mean(old) < 0.01
    assert np.mean(new) < 0.02


@pytest.mark.parametrize("channels", [1, 4])
def test_an_event_is_as_long_as_what_happened(channels):
    """The score of a point is smoothed over a window; the event is not."""
    values = waves(channels=channels)
    values[900:910, 0] += 3.0
    events = fitted(values).detect(values).anomalies
    assert abs(events[0].start - 900) <= 8
    assert abs(events[0].end - 909) <= 8
    assert events[0].start <= events[0].place <= events[0].end


@pytest.mark.parametrize("at", [9, 700])
def test_one_infinite_value_is_one_point(at):
    """Near the beginning too."""
    values = waves()
    values[at] = np.inf
    event = fitted(values).detect(values).anomalies[0]
    assert (event.start, event.end) == (at, at)


def test_events_are_told_by_the_numbers_of_the_time_column():
    """Numbers that count something are shown as they are, not as dates of 1970."""
    values = broken()
    frame = pd.DataFrame({"metre": np.arange(len(values)) / 4, "v": values[:, 0]})
    detection = fitted(frame, time="metre").detect(frame)
    event = detection.anomalies[0]
    assert event.label == f"metre {event.start / 4:g} to {event.end / 4:g}"
    assert detection.evidence.times is None
    assert detection.learnt["step"] == "0.25"
