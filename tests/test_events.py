"""Events: neighbouring abnormal points become one, by rules."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss import SeriesDetector, load, save
from amiss.errors import ParameterError
from amiss.events import SEVERITIES, Event, EventRules, EventTracker, events_of, severity
from naive_events import naive_events

SCORES = st.lists(st.sampled_from([0.0, 0.4, 0.5, 0.8, 1.0, 1.1, 1.5, 3.0, 9.0, float("nan")]), max_size=60)


@st.composite
def rules(draw: st.DrawFn) -> EventRules:
    """Return any legal rules of a size that matters to sixty points."""
    enter = draw(st.sampled_from([0.5, 1.0, 1.2]))
    return EventRules(
        enter=enter,
        leave=draw(st.sampled_from([0.4, 0.5, enter])),
        min_length=draw(st.integers(1, 4)),
        merge_gap=draw(st.none() | st.integers(0, 5)),
        cool_down=draw(st.integers(0, 12)),
        worse=draw(st.sampled_from([1.0, 2.0, 5.0])),
    )


def by_time(events: list[Event]) -> list[Event]:
    """Return events, the oldest first."""
    return sorted(events, key=lambda event: event.start)


@given(SCORES, rules())
def test_events_are_those_of_the_naive_twin(scores: list[float], rules: EventRules) -> None:
    """The state machine finds what the rules, told point by point, find."""
    assert by_time(events_of(np.array(scores), rules)) == naive_events(scores, rules)


@given(SCORES, rules(), st.lists(st.integers(0, 60), max_size=8))
def test_chunks_of_any_size_give_the_same_events(
    scores: list[float], rules: EventRules, cuts: list[int]
) -> None:
    """However the scores are cut, the events are equal, and none is given out before it is over."""
    tracker, found = EventTracker(rules), []
    edges = [0, *sorted(min(cut, len(scores)) for cut in cuts), len(scores)]
    for start, end in itertools.pairwise(edges):
        closed = tracker.push(np.array(scores[start:end], np.float64))
        assert all(event.end < end for event in closed)
        found += closed
    assert found + tracker.finish() == by_time(events_of(np.array(scores), rules))
    assert tracker.finish() == []


@given(SCORES, rules())
def test_events_are_apart_and_hold_every_abnormal_point(scores: list[float], rules: EventRules) -> None:
    """They rise, never touch, and each point above `enter` lies in one or in a run that was too short."""
    found = by_time(events_of(np.array(scores), rules))
    assert all(a.end + 1 < b.start for a, b in itertools.pairwise(found))
    assert all(scores[event.peak] == event.score > rules.enter for event in found)
    assert all(len(event) >= rules.min_length for event in found)
    covered = {place for event in found for place in range(event.start, event.end + 1)}
    short = EventRules(rules.enter, rules.leave, merge_gap=rules.merge_gap)
    dropped = {
        place
        for event in events_of(np.array(scores), short)
        if len(event) < rules.min_length
        for place in range(event.start, event.end + 1)
    }
    assert {place for place, score in enumerate(scores) if score > rules.enter} <= covered | dropped


@given(SCORES, rules())
def test_merging_twice_is_merging_once(scores: list[float], rules: EventRules) -> None:
    """Events whose every point is abnormal are found again as they are."""
    found = by_time(events_of(np.array(scores), rules))
    whole = np.zeros(len(scores))
    for event in found:
        whole[event.start : event.end + 1] = event.score
    again = by_time(events_of(whole, EventRules(rules.enter, rules.leave, rules.min_length)))
    assert [(e.start, e.end, e.score) for e in again] == [(e.start, e.end, e.score) for e in found]


def test_two_lines_make_one_event_of_a_wavering_score() -> None:
    """Between the lines an event goes on, and none begins."""
    scores = np.array([0.8, 1.2, 0.8, 1.1, 0.6, 0.8, 1.3])
    assert [(e.start, e.end) for e in by_time(events_of(scores, EventRules()))] == [(1, 1), (3, 3), (6, 6)]
    two = EventRules(leave=0.7)
    assert [(e.start, e.end) for e in by_time(events_of(scores, two))] == [(1, 3), (6, 6)]


def test_what_comes_in_the_time_to_cool_down_is_counted() -> None:
    """It makes the event longer, unless it is much worse: then it is an event of its own."""
    scores = np.zeros(40)
    scores[[5, 12, 20, 26]] = [3.0, 4.0, 1.5, 9.0]
    found = by_time(events_of(scores, EventRules(cool_down=8)))
    assert found == [Event(5, 20, 12, 4.0, runs=3), Event(26, 26, 26, 9.0)]


def test_a_gap_is_merged_or_not_by_one_point() -> None:
    """Exactly ``merge_gap`` points between two runs are bridged, one more is not."""
    scores = np.array([2.0, 0, 0, 2.0, 0, 0, 0, 2.0])
    assert [(e.start, e.end) for e in by_time(events_of(scores, EventRules(merge_gap=2)))] == [(0, 3), (7, 7)]


def test_an_event_is_trimmed_before_its_length_is_judged() -> None:
    """What the trimming leaves is what min_length and cool_down speak of."""

    def first_point(event: Event, run: np.ndarray) -> Event:
        return Event(int(run[0]), int(run[0]), int(run[0]), event.score)

    scores = np.array([0, 2.0, 2.0, 2.0, 0, 3.0])
    assert events_of(scores, EventRules(min_length=2), trim=first_point) == []
    assert events_of(scores, EventRules(), trim=first_point) == [Event(5, 5, 5, 3.0), Event(1, 1, 1, 2.0)]


def test_the_worst_comes_first() -> None:
    """Events are ordered by the score of their peak; the limit is what the scores are divided by."""
    scores = np.zeros(20)
    scores[[3, 9, 15]] = [2.1, 10.0, 4.0]
    assert [event.peak for event in events_of(scores, EventRules(), limit=2.0)] == [9, 15, 3]
    assert [event.peak for event in events_of(scores, EventRules(), limit=5.0)] == [9]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("leave=2.0", "leave is 2.0. Legal: a number from 0 to 1, which is enter."),
        ("worse=0.5", "worse is 0.5. Legal: a number from 1."),
        ("enter=nan", "enter is nan"),
        ("min_length=0", "min_length is 0. Legal: a whole number of at least 1."),
        ("merge_gap=0.5", "merge_gap is 0.5. Legal: a whole number of at least 0."),
        ("cool_down=soon", "cannot be read as int"),
        ("cooldown=3", "'cooldown=3' is not a parameter of 'rules'"),
        (3, "Event rules were given as int"),
    ],
)
def test_rules_that_are_not_legal_are_refused(asked: object, told: str) -> None:
    """The error names the rule, its value and what is legal."""
    with pytest.raises(ParameterError) as caught:
        EventRules.of(asked)
    assert told in str(caught.value)


def test_rules_are_spelt_as_parts_are() -> None:
    """The text that tells the rules asks for them again."""
    wanted = EventRules(leave=0.7, cool_down=24, merge_gap=3)
    assert EventRules.of(wanted.spec().partition(":")[2]) == wanted
    assert EventRules.of("auto") == EventRules.of(EventRules()) == EventRules()


@pytest.mark.parametrize(
    ("score", "length", "blame", "told"),
    [
        (1.1, 3, [1.0], "low"),
        (2.0, 3, [1.0], "medium"),
        (5.0, 3, [1.0], "high"),
        (5.0, 24, [1.0], "critical"),
        (1.1, 24, [1.0, 1.0, 1.0, 0.0], "high"),
        (1.1, 3, [1.0, 0.0, 0.0], "low"),
        (1.1, 3, [9.0, 1.0], "low"),
        (1.1, 3, [6.0, 4.0], "medium"),
        (9.0, 99, [1.0, 1.0, 1.0], "critical"),
        (1.1, 3, [0.0, 0.0], "low"),
    ],
)
def test_severity_rises_by_steps(score: float, length: int, blame: list[float], told: str) -> None:
    """By its score twice, by its length, and by the share of channels that take part."""
    event = Event(10, 9 + length, 10, score * 3.0)
    assert severity(event, 3.0, 24, np.array(blame)) == told
    assert told in SEVERITIES


def broken() -> np.ndarray:
    """Return three channels of one season; two of them jump together, twice within a day."""
    values = np.stack([np.sin(np.arange(960) * 2 * np.pi / 24 + phase) for phase in (0, 1, 2)], axis=1)
    values += np.random.default_rng(0).normal(0, 0.1, values.shape)
    values[500:504, :2] += 6.0, 3.0
    values[560:564, :2] += 6.0, 3.0
    return values


def test_a_detector_keeps_to_its_rules_and_saves_them(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Two events within the time to cool down are one, before and after saving; its label says how often."""
    values = broken()
    detector = SeriesDetector(random_state=0, events=EventRules(cool_down=72)).fit(values)
    save(detector, tmp_path / "rules.amiss")
    for one in (detector, load(tmp_path / "rules.amiss")):
        (event,) = one.detect(values)
        assert event.label.endswith(", 2 times")
        assert (event.start, event.end) == (500, 563)
    assert len(SeriesDetector(random_state=0).fit_detect(values)) == 2


def test_channels_to_blame_are_in_order_and_share_one_whole() -> None:
    """The worst first, shares that fall and add up to at most one; those that jumped lead."""
    for event in SeriesDetector(random_state=0).fit_detect(broken()):
        shares = [cause.share for cause in event.causes]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-9
        assert {cause.cell for cause in event.causes[:2]} == {"x0", "x1"}
        assert event.severity in SEVERITIES


def test_a_rule_given_twice_is_refused() -> None:
    """merge_gap and min_length are rules too: each is given once."""
    with pytest.raises(ParameterError, match="min_length is given twice"):
        SeriesDetector(min_length=3, events="min_length=4").fit(broken())
