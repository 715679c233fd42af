"""Fewer points, the same picture."""

from __future__ import annotations

import base64
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import detections
from amiss.detection import STOPPED, Anomaly
from amiss.report.thinning import POINTS, chart_data, holes_of, thin

SERIES = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=300).map(np.array)


def naive_extremes(values, stretches):
    """Return the smallest and largest value of each stretch, one after the other."""
    length = -(-len(values) // stretches)
    parts = [values[i : i + length] for i in range(0, len(values), length)]
    parts = [p[~np.isnan(p)] for p in parts]
    return [extreme for p in parts if len(p) for extreme in (p.min(), p.max())]


@given(SERIES, st.integers(1, 20))
def test_the_smallest_and_largest_of_each_stretch_are_drawn(values, stretches):
    """No peak and no trough is lost."""
    drawn = thin(values, values - 1, values + 1, np.zeros(len(values), bool), stretches)
    shown = values[drawn.index]
    assert all(extreme in shown for extreme in naive_extremes(values, stretches))
    assert (np.diff(drawn.index) > 0).all()
    assert (drawn.index[0], drawn.index[-1]) == (0, len(values) - 1)


@given(SERIES, st.integers(1, 20), st.randoms(use_true_random=False))
def test_kept_points_are_drawn_with_their_own_band(values, stretches, random):
    """A point about an event is there, and its band is not widened."""
    keep = np.array([random.random() < 0.2 for _ in values])
    drawn = thin(values, values - 1, values + 2, keep, stretches)
    assert set(np.flatnonzero(keep)) <= set(drawn.index)
    at = keep[drawn.index]
    np.testing.assert_array_equal(drawn.lower[at], (values - 1)[drawn.index][at])
    np.testing.assert_array_equal(drawn.upper[at], (values + 2)[drawn.index][at])


@given(SERIES, st.integers(1, 20))
def test_the_band_holds_every_band_it_stands_for(values, stretches):
    """A thinned band is as wide as anywhere in its stretch."""
    n = len(values)
    lower, upper = -np.arange(n, dtype=float), np.arange(n, dtype=float) % 7
    drawn = thin(values, lower, upper, np.zeros(n, bool), stretches)
    if 2 * stretches >= n:
        np.testing.assert_array_equal(drawn.lower, lower)
        return
    length = -(-n // stretches)
    for i, low, high in zip(drawn.index, drawn.lower, drawn.upper, strict=True):
        stretch = slice(i // length * length, i // length * length + length)
        assert (low, high) == (lower[stretch].min(), upper[stretch].max())


def test_a_short_series_is_drawn_whole():
    """Where the page has room nothing is left out."""
    found = detections.rooms(2_000, 3, 2)
    data = chart_data(found.evidence, found.anomalies, found.scores / found.threshold)
    assert data["stretch"] == 1
    assert [len(base64.b64decode(c["values"])) for c in data["channels"]] == [4 * 2_000] * 3


@pytest.mark.parametrize("channels", [1, 4, 30])
def test_a_long_series_keeps_to_its_budget(channels):
    """No more points are drawn than a page holds, over all channels; the worst event is whole."""
    found = detections.rooms(60_000, channels, 200)
    data = chart_data(found.evidence, found.anomalies, found.scores / found.threshold)
    drawn = [np.frombuffer(base64.b64decode(c["values"]), "<f4") for c in data["channels"]]
    assert sum(map(len, drawn)) <= 1.05 * POINTS
    worst, first = found.anomalies[0], data["channels"][0]
    steps = np.frombuffer(base64.b64decode(first["index"]), "<u4" if first["wide"] else "<u2")
    assert set(range(worst.start, worst.end + 1)) <= set(np.cumsum(steps).tolist())


def test_the_channels_most_to_blame_come_first():
    """The order of the panels is the order of blame."""
    found = detections.rooms(3_000, 4, 1)
    found = dataclasses.replace(
        found,
        anomalies=(
            dataclasses.replace(
                found.anomalies[0], causes=(dataclasses.replace(found.anomalies[0].causes[0], cell="power"),)
            ),
        ),
    )
    data = chart_data(found.evidence, found.anomalies, found.scores / found.threshold)
    assert [c["name"] for c in data["channels"]] == ["power", "temperature", "humidity", "carbon dioxide"]
    assert data["events"][0][4] == [0]


def test_the_packed_band_is_near_to_the_band():
    """Half the bytes cost less than a thousandth of the distance to the middle."""
    found = detections.rooms(2_000, 1, 1)
    (channel,) = chart_data(found.evidence, found.anomalies, found.scores / 4)["channels"]
    for packed, truth in zip(channel["band"], ("lower", "upper", "expected"), strict=True):
        half = np.frombuffer(base64.b64decode(packed), "<f2").astype(float)
        wanted = getattr(found.evidence, truth)[:, 0]
        error = np.abs(half * channel["scale"] + channel["centre"] - wanted)
        assert (error <= 1e-3 * np.abs(wanted - channel["centre"]) + 1e-6 * np.abs(wanted).max()).all()


@pytest.mark.parametrize(
    ("times", "clock"),
    [
        (["2026-01-01", "2026-01-02", "2026-01-04"], "times"),
        (["2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:02"], "step"),
        (["1950-01", "1950-02", "1950-03"], "times"),
        (["2026-01-02", "2026-01-01", "2026-01-03"], None),
        (["2026-01-01", "2026-01-01", "2026-01-02"], "times"),
        (["one", "two", "three"], None),
        (["2026-01-01", "NaT", "2026-01-03"], None),
        (None, None),
    ],
    ids=["uneven", "even", "months", "not sorted", "twice", "words", "missing", "none"],
)
def test_times_are_used_where_they_do_not_go_back(times, clock):
    """An uneven clock travels point by point; without a clock points are counted."""
    found = detections.rooms(3, 1, 0)
    evidence = dataclasses.replace(found.evidence, times=times)
    data = chart_data(evidence, (), found.scores / 4)
    assert (data["clock"] is not None) == (clock is not None)
    assert ("times" in data["channels"][0]) == (clock == "times")


def test_missing_and_infinite_values_are_gaps():
    """What is no number is packed as no number, and counted."""
    found = detections.rooms(50, 1, 0)
    values = found.evidence.values.copy()
    values[3:6] = [[np.nan], [np.inf], [-np.inf]]
    data = chart_data(dataclasses.replace(found.evidence, values=values), (), found.scores / 4)
    packed = np.frombuffer(base64.b64decode(data["channels"][0]["values"]), "<f4")
    assert np.flatnonzero(np.isnan(packed)).tolist() == [3, 4, 5]
    assert data["channels"][0]["missing"] == 3


def test_a_line_is_broken_at_a_hole_in_time():
    """Behind a hole that is an event nothing is drawn from the point before it to the first behind."""
    found = detections.rooms(50, 1, 0)
    stopped = Anomaly(19, "", 9.0, 0.1, (), 19, 20, kind=STOPPED)
    drawn = thin(
        *(a[:, 0] for a in (found.evidence.values,) * 3), np.zeros(50, bool), 100, holes_of((stopped,))
    )
    assert drawn.index.tolist() == [*range(20), 20, *range(20, 50)]
    assert np.flatnonzero(np.isnan(drawn.of(found.evidence.values[:, 0]))).tolist() == [20]
    assert np.flatnonzero(np.isnan(drawn.lower)).tolist() == [20]
    data = chart_data(found.evidence, (stopped,), found.scores / 4)
    packed = np.frombuffer(base64.b64decode(data["channels"][0]["values"]), "<f4")
    assert np.isnan(packed).sum() == 1
