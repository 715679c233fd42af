"""Incidents: events of several series that began together, more of them than chance would bring together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import ParameterError
from amiss.events import SEVERITIES


class Spell(NamedTuple):
    """An event of one series on a clock that all series share.

    Attributes
    ----------
    start, end : float
        Its first and last moment, both inclusive, in points or seconds.
    severity : str
        One of `SEVERITIES`.
    """

    start: float
    end: float
    severity: str = SEVERITIES[0]


@dataclass(frozen=True)
class Incident:
    """Events of several series that began together.

    Attributes
    ----------
    start, end : float
        When the first of them began and the last of them ended.
    series : tuple of str
        The series that take part, in the order in which they began.
    severity : str
        That of the gravest event, a step graver where at least half of all series take part.
    p_value : float
        How likely chance brings so many series together anywhere in the time looked at.
    """

    start: float
    end: float
    series: tuple[str, ...]
    severity: str
    p_value: float


def incidents(
    events: Mapping[str, Sequence[Spell]],
    span: float,
    tolerance: float,
    risk: float = 0.01,
    resolution: float = 1.0,
) -> list[Incident]:
    """Return the incidents, those of the most series first.

    Events belong together where they began within ``tolerance``; an event is part of one incident at most. By chance
    the events of a series begin at any moment, as often as they did, and independently of the other series: then
    the number of series in which one begins within ``tolerance`` is a sum of independent trials with a chance of
    ``1 - exp(-rate * width)`` each. The p-value of ``k`` series is how many events chance lets ``k - 1`` series or more
    follow, a bound for how likely that happens at all.

    Parameters
    ----------
    events : mapping of str to sequence of Spell
        The events of each series, those of series without any too.
    span : float
        How long was looked, on the clock of the events.
    tolerance : float
        How far apart the first and the last of an incident may begin.
    risk : float
        Incidents of a higher p-value are left out.
    resolution : float
        The step of the clock: what begins in one step begins at once.

    Raises
    ------
    ParameterError
        A number is outside its legal values.

    References
    ----------
    Wang (1993), "On the number of successes in independent trials", Statistica Sinica 3, equation 1. Last, Penrose
    (2017), "Lectures on the Poisson process", theorem 4.1 (Mecke): the mean number of events that others follow.

    Examples
    --------
    >>> alone = {f"quiet {i}": [] for i in range(20)}
    >>> broken = {f"pump {i}": [Spell(500 + i, 520, "high")] for i in range(3)}
    >>> found = incidents({**alone, **broken}, span=10_000, tolerance=5)
    >>> found[0].series, found[0].start, found[0].end, found[0].severity
    (('pump 0', 'pump 1', 'pump 2'), 500, 520, 'high')
    """
    _check(span, tolerance, risk, resolution)
    width = tolerance + resolution
    chances = [1.0 - np.exp(-len(spells) / span * width) for spells in events.values()]
    followed = chance_of_at_least(np.array(chances)) * sum(map(len, events.values()))
    left = sorted(
        ((spell, name) for name, spells in events.items() for spell in spells),
        key=lambda pair: (pair[0].start, pair[1]),
    )
    found = []
    while left:
        first, last, series = _most_series(left, tolerance)
        p_value = min(1.0, float(followed[len(series) - 1]))
        if len(series) < 2 or p_value > risk:
            break
        found.append(_incident(left[first:last], series, p_value, len(events)))
        left = left[:first] + left[last:]
    return found


def chance_of_at_least(chances: FloatArray) -> FloatArray:
    """Return how likely at least 0, 1, 2, ... of independent trials succeed, shape (trials + 1,).

    Parameters
    ----------
    chances : ndarray of shape (trials,)
        How likely each succeeds.

    Examples
    --------
    >>> chance_of_at_least(np.array([0.5, 0.5]))
    array([1.  , 0.75, 0.25])
    """
    exactly = np.zeros(len(chances) + 1)
    exactly[0] = 1.0
    for chance in chances.tolist():
        exactly[1:] = exactly[1:] * (1.0 - chance) + exactly[:-1] * chance
        exactly[0] *= 1.0 - chance
    return np.asarray(
        np.minimum(np.cumsum(exactly[::-1])[::-1], 1.0)
    )  # from the smallest: tails keep their digits


def _most_series(events: list[tuple[Spell, str]], tolerance: float) -> tuple[int, int, list[str]]:
    """Return the stretch of events, sorted by start, that begin within the tolerance and are of the most series."""
    best, counts, last = (0, 0, 0), dict[str, int](), 0
    for first, (spell, name) in enumerate(events):
        while last < len(events) and events[last][0].start - spell.start <= tolerance:
            counts[events[last][1]] = counts.get(events[last][1], 0) + 1
            last += 1
        if len(counts) > best[2]:
            best = (first, last, len(counts))
        counts[name] -= 1
        if not counts[name]:
            del counts[name]
    first, last, _ = best
    return first, last, list(dict.fromkeys(name for _, name in events[first:last]))


def _incident(members: list[tuple[Spell, str]], series: list[str], p_value: float, watched: int) -> Incident:
    spells = [spell for spell, _ in members]
    gravest = max(SEVERITIES.index(spell.severity) for spell in spells)
    graver = gravest + (2 * len(series) >= watched)
    severity = SEVERITIES[min(graver, len(SEVERITIES) - 1)]
    return Incident(spells[0].start, max(spell.end for spell in spells), tuple(series), severity, p_value)


def _check(span: float, tolerance: float, risk: float, resolution: float) -> None:
    for name, value, legal in (
        ("span", span, span > 0),
        ("tolerance", tolerance, tolerance >= 0),
        ("resolution", resolution, resolution > 0),
        ("risk", risk, 0 < risk <= 1),
    ):
        if not (legal and np.isfinite(value)):
            least = {"tolerance": "a number from 0", "risk": "above 0, at most 1"}.get(
                name, "a number above 0"
            )
            raise ParameterError(f"{name} is {value!r}. Legal: {least}.")
