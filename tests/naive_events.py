"""Slow, obvious twins of the rules of events: point by point, as the rules are told."""

from __future__ import annotations

import math

from amiss.events import Event, EventRules


def naive_events(scores: list[float], rules: EventRules) -> list[Event]:
    """Return the events among scores in multiples of the limit, the oldest first."""
    return naive_cool_down([run for run in naive_runs(scores, rules) if len(run) >= rules.min_length], rules)


def naive_runs(scores: list[float], rules: EventRules) -> list[Event]:
    """Return the runs of points above `leave` since one above `enter`, those near each other as one."""
    inside, places = False, []
    for place, score in enumerate(scores):
        if score > rules.enter:
            inside = True
        elif math.isnan(score) or score <= rules.leave:
            inside = False
        if inside:
            places.append(place)
    runs: list[list[int]] = []
    for place in places:
        if runs and place - runs[-1][-1] - 1 <= (rules.merge_gap or 0):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [Event(run[0], run[-1], (peak := max(run, key=lambda p: scores[p])), scores[peak]) for run in runs]


def naive_cool_down(events: list[Event], rules: EventRules) -> list[Event]:
    """Return the events, one that begins soon after another counted to it unless it is much worse."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        soon = last is not None and event.start - last.end <= rules.cool_down
        if last is None or not soon or event.score >= rules.worse * last.score:
            found.append(event)
            continue
        highest = last if last.score >= event.score else event
        found[-1] = Event(last.start, event.end, highest.peak, highest.score, last.runs + 1)
    return found
