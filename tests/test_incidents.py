"""Incidents: events of several series that began together."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss.errors import ParameterError
from amiss.incidents import Incident, Spell, chance_of_at_least, incidents
from naive_incidents import naive_at_least, naive_incidents

STARTS = st.lists(st.integers(0, 60), max_size=4, unique=True)


def spells(starts: list[int], length: int = 3) -> list[Spell]:
    """Return events of a few points that begin at these."""
    return [Spell(start, start + length) for start in starts]


@given(st.lists(STARTS, min_size=1, max_size=6), st.integers(0, 9), st.sampled_from([0.01, 0.2, 1.0]))
def test_incidents_are_those_of_the_naive_twin(starts: list[list[int]], tolerance: int, risk: float) -> None:
    """The same stretches, series and p-values as looking at every stretch and counting every outcome."""
    events = {f"s{i}": spells(one, 1 + i) for i, one in enumerate(starts)}
    found = incidents(events, 200, tolerance, risk)
    wanted = naive_incidents(events, 200, tolerance, risk)
    assert [(i.start, i.end, set(i.series)) for i in found] == [one[:3] for one in wanted]
    assert [i.p_value for i in found] == pytest.approx([one[3] for one in wanted])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_the_chance_of_at_least_so_many_is_exact(chances: list[float]) -> None:
    """The sum over all outcomes, falling with their number, from certainty on."""
    found = chance_of_at_least(np.array(chances))
    assert found == pytest.approx([naive_at_least(chances, k) for k in range(len(chances) + 1)])
    assert found[0] == pytest.approx(1.0)
    assert (np.diff(found) <= 1e-12).all()


def test_tails_keep_their_digits() -> None:
    """Ten in ten rare trials are as likely as their product, far below the precision of one."""
    assert chance_of_at_least(np.full(10, 1e-4))[10] == pytest.approx(1e-40)


def test_chance_alone_makes_no_incidents() -> None:
    """Of four hundred sets of independent series, no more than the risk says hold an incident."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        events = {f"s{i}": spells(np.sort(rng.choice(5000, 8, replace=False)).tolist()) for i in range(20)}
        alarms += bool(incidents(events, 5000, 10, risk=0.05))
    assert alarms <= 20


def test_series_that_break_together_are_one_incident() -> None:
    """Among a hundred series with events of their own, eight that break together are found, and no others."""
    rng = np.random.default_rng(1)
    events = {f"s{i:02d}": spells(rng.choice(10_000, 5, replace=False).tolist()) for i in range(100)}
    for i in range(8):
        events[f"s{i:02d}"].append(Spell(20_000 + i, 20_050 - i, "medium"))
    (found,) = incidents(events, 30_000, 10)
    assert found.series == tuple(f"s{i:02d}" for i in range(8))
    assert (found.start, found.end, found.severity) == (20_000, 20_050, "medium")
    assert found.p_value < 1e-6


def test_many_events_of_one_series_are_no_incident() -> None:
    """A series that flaps counts once."""
    assert incidents({"a": spells([10, 12, 14, 16]), "b": [], "c": []}, 1e6, 20, risk=1.0) == []


def test_an_incident_of_most_series_is_graver() -> None:
    """A step more than its gravest event where at least half of the series take part, never above critical."""
    events = {"a": [Spell(5, 9, "high")], "b": [Spell(5, 7, "low")], "c": [], "d": []}
    (found,) = incidents(events, 1e6, 2)
    assert found.severity == "critical"
    (rare,) = incidents({**events, "e": []}, 1e6, 2)
    assert rare.severity == "high"
    assert dataclasses.replace(rare, severity="critical").series == found.series == ("a", "b")


def test_without_events_there_are_none() -> None:
    """No series, or none with events: no incidents."""
    assert incidents({}, 10, 1) == incidents({"a": [], "b": []}, 10, 1) == []


@given(st.lists(STARTS, min_size=2, max_size=6), st.permutations(range(6)), st.integers(-9, 9))
def test_order_and_origin_do_not_matter(starts: list[list[int]], order: list[int], move: int) -> None:
    """Series in another order make the same incidents; a moved clock moves them."""
    named = [(f"s{i}", spells(one)) for i, one in enumerate(starts)]
    shuffled = dict(named[i] for i in order if i < len(named))
    moved = {name: [Spell(s.start + move, s.end + move) for s in one] for name, one in named}
    plain = incidents(dict(named), 500, 4, risk=1.0)
    assert [dataclasses.replace(i, p_value=0) for i in incidents(shuffled, 500, 4, risk=1.0)] == [
        dataclasses.replace(i, p_value=0) for i in plain
    ]
    shifted = [Incident(i.start + move, i.end + move, i.series, i.severity, i.p_value) for i in plain]
    assert incidents(moved, 500, 4, risk=1.0) == shifted


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"span": 0.0}, "span is 0.0. Legal: a number above 0."),
        ({"tolerance": -1.0}, "tolerance is -1.0. Legal: a number from 0."),
        ({"risk": 2.0}, "risk is 2.0. Legal: above 0, at most 1."),
        ({"resolution": float("nan")}, "resolution is nan"),
    ],
)
def test_numbers_that_are_not_legal_are_refused(words: dict[str, float], told: str) -> None:
    """The error names the number and what is legal."""
    with pytest.raises(ParameterError) as caught:
        incidents({"a": []}, **{"span": 10.0, "tolerance": 1.0, **words})
    assert told in str(caught.value)
