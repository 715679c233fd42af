"""What the page draws of many series: exact on cases small enough for paper."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from amiss.detection import Anomaly
from amiss.detectors.series_overview import failed_overview, together
from amiss.report.overview import Axis, _hot, _path, _row
from amiss.series_evidence import SeriesOverview


def line(low, high, scores=None, times=None, **said):
    """Return a series at a glance, its stretches one apart."""
    low, high = np.array(low, float), np.array(high, float)
    scores = np.zeros(len(low)) if scores is None else np.array(scores, float)
    times = np.arange(len(low) + 1.0) if times is None else np.array(times, float)
    given = {"timed": False, "marks": np.zeros((0, 2)), "name": "a", "points": len(low), **said}
    return SeriesOverview(
        unusual=0,
        events=0,
        worst=float(scores.max(initial=0)),
        times=times,
        low=low,
        high=high,
        scores=scores,
        **given,
    )


def test_the_course_goes_to_the_nearer_end_first():
    """Lowest value at 27, highest at 3; a quarter and three quarters of each stretch."""
    one = line([0, 0], [4, 4])
    assert _path(one, Axis(0, 2, False), 96) == "M75 27L225 3L375 3L525 27"


def test_the_course_is_broken_where_nothing_was_measured():
    """A new stroke begins after the gap."""
    one = line([0, np.nan, 2], [2, np.nan, 2])
    assert _path(one, Axis(0, 3, False), 96) == "M50 27L150 3M450 3L550 3"


def test_stretches_are_joined_where_there_are_more_than_fit():
    """The smallest and the largest of each pair."""
    assert _path(line([0, 1, 2, 3], [1, 2, 3, 4]), Axis(0, 4, False), 2) == "M75 27L225 15L375 15L525 3"


@pytest.mark.parametrize("value", [0.0, 5.0, -1e300, 1.7e308])
def test_a_constant_is_a_line(value):
    """At any height, however large."""
    assert _path(line([value] * 2, [value] * 2), Axis(0, 2, False), 96) == "M75 27L225 27L375 27L525 27"


def test_the_largest_numbers_are_drawn():
    """Their difference overflows; nothing else does."""
    assert _path(line([-1.7e308], [1.7e308]), Axis(0, 1, False), 96) == "M150 27L450 3"


def test_neighbours_of_one_heat_are_one():
    """At the limit is not beyond it; 1 is from there, 2 from 1.5, 3 from 2.5, 4 from 5 times the limit."""
    one = line([0] * 6, [1] * 6, [1.0, 1.2, 1.4, 2.0, 9.0, 0.2])
    assert _hot(one, Axis(0, 6, False)) == [(100.0, 200.0, 1), (300.0, 100.0, 2), (400.0, 100.0, 4)]


def test_a_row_of_the_map_has_the_worst_of_each_stretch():
    """Dots where there is no data, 0 where it is quiet."""
    one = line([0, 0], [1, 1], [0.5, 3.0], times=[40, 80, 120])
    assert _row(one, Axis(0, 160, False)) == "." * 40 + "0" * 40 + "3" * 40 + "." * 40
    assert _row(failed_overview("b", 10, "because"), Axis(0, 160, False)) == "." * 160


def seconds(*moment):
    return datetime(*moment, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        (seconds(2026, 3, 1), seconds(2026, 3, 1, 0, 5), ["1 Mar", "00:01", "00:02", "00:03", "00:04"]),
        (seconds(2026, 3, 1), seconds(2026, 3, 2, 6), ["1 Mar", "06:00", "12:00", "18:00", "2 Mar"]),
        (
            seconds(2026, 2, 26),
            seconds(2026, 3, 1, 1),
            ["26 Feb", "12:00", "27 Feb", "12:00", "28 Feb", "12:00", "1 Mar"],
        ),
        (seconds(2025, 11, 2), seconds(2026, 3, 3), ["Dec", "2026", "Feb", "Mar"]),
        (seconds(1990, 1, 1), seconds(2020, 1, 1), ["1990", "1995", "2000", "2005", "2010", "2015", "2020"]),
    ],
)
def test_the_axis_has_round_places(first, last, labels):
    """Minutes, hours, days, months, years; midnight is a date, January a year."""
    assert [label for _, label in Axis(first, last, True).ticks()] == labels


def test_positions_have_round_places_too():
    """Where there is no time."""
    assert Axis(0, 1_000, False).ticks() == [
        (0.0, "0"),
        (0.2, "200"),
        (0.4, "400"),
        (0.6, "600"),
        (0.8, "800"),
    ]


def test_events_that_begin_together_are_one_line():
    """Of three series within half a window; one that is hours away is not among them."""
    names = ["a", "b", "c", "d", *(f"quiet{i}" for i in range(20))]
    marks = {"a": [[500, 510]], "b": [[501, 512]], "c": [[503, 505]], "d": [[800, 810]]}
    series = [
        line(
            [0] * 240,
            [1] * 240,
            times=np.linspace(0, 2_000, 241),
            name=name,
            points=2_001,
            marks=np.array(marks.get(name, []), float).reshape(-1, 2),
        )
        for name in names
    ]
    events = {name: [Anomaly(0, name, 2.0, 0.01, severity="high", series=name)] for name in marks}
    (found,) = together(series, events, 24)
    assert (found.label, found.series, found.severity) == ("points 500 to 512", ("a", "b", "c"), "high")
    assert str(found) == "points 500 to 512: 3 series, severity high: a, b, c"
