"""Slow, obvious twins of incidents: every stretch looked at, every outcome counted."""

from __future__ import annotations

import itertools
import math

from amiss.incidents import Spell


def naive_at_least(chances: list[float], wanted: int) -> float:
    """Return how likely at least so many trials succeed: the sum over all outcomes."""
    outcomes = itertools.product([False, True], repeat=len(chances))
    return sum(
        math.prod(p if won else 1 - p for p, won in zip(chances, outcome, strict=True))
        for outcome in outcomes
        if sum(outcome) >= wanted
    )


def naive_incidents(
    events: dict[str, list[Spell]], span: float, tolerance: float, risk: float
) -> list[tuple[float, float, set[str], float]]:
    """Return start, end, series and p-value of each incident, those of the most series first."""
    chances = [1 - math.exp(-len(spells) / span * (tolerance + 1)) for spells in events.values()]
    left = sorted((spell.start, name, spell.end) for name, spells in events.items() for spell in spells)
    found = []
    while left:
        groups = [[e for e in left if start <= e[0] <= start + tolerance] for start, _, _ in left]
        group = max(groups, key=lambda members: len({name for _, name, _ in members}))
        series = {name for _, name, _ in group}
        followed = naive_at_least(chances, len(series) - 1)
        p_value = min(1.0, followed * sum(map(len, events.values())))
        if len(series) < 2 or p_value > risk:
            break
        found.append((min(e[0] for e in group), max(e[2] for e in group), series, p_value))
        left = [e for e in left if e not in group]
    return found
