"""Events: neighbouring abnormal points become one, by rules that say when an event begins and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.errors import ParameterError
from amiss.part import Part, Stored, make_part

SEVERITIES = ("low", "medium", "high", "critical")
_HIGHER, _FAR_HIGHER = 2.0, 5.0  # multiples of the limit
_MORE_THAN_ONE = 1.5  # channels: one has at most four fifths of the blame


@dataclass(frozen=True)
class Event(Stored):
    """A stretch in which something is amiss.

    Attributes
    ----------
    start, end : int
        First and last point, both inclusive.
    peak : int
        The point of the highest score.
    score : float
        The score of the peak.
    runs : int
        How many runs of abnormal points it holds: more than one where others began in the time to cool down.
    """

    start: int
    end: int
    peak: int
    score: float
    runs: int = 1

    def __len__(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True)
class EventRules(Part):
    """When an event of a series begins and when it is over.

    Spelt ``"leave=0.7,cool_down=24"``. Scores are in multiples of the limit; lengths are in points.

    Parameters
    ----------
    enter : float
        An event begins at a point that scores higher.
    leave : float
        It goes on as long as points score higher than this, at most ``enter``: a score that wavers about one
        line makes one event of two lines.
    min_length : int
        Shorter events are left out.
    merge_gap : int or None
        Runs with at most so many points between them are one event; None: half a window.
    cool_down : int
        An event that begins within so many points after another belongs to it, which then lasts to its end, ...
    worse : float
        ... unless its score is so many times as high.
    adapt_after : int or None
        A level that new data has stood on for so many points is the new normal, and no longer an event: scores are
        lower from there on. None: eight windows of one channel, never of many; 0: never.

    Raises
    ------
    ParameterError
        A rule is outside its legal values.

    References
    ----------
    Schmitt (1938), "A thermionic trigger": two lines in place of one.

    Examples
    --------
    >>> EventRules(leave=0.7, cool_down=24).spec()
    'rules:leave=0.7,cool_down=24'
    """

    shelf: ClassVar[str] = "event rule"
    name: ClassVar[str] = "rules"

    enter: float = 1.0
    leave: float = 1.0
    min_length: int = 1
    merge_gap: int | None = None
    cool_down: int = 0
    worse: float = 2.0
    adapt_after: int | None = None

    def __post_init__(self) -> None:
        _check_number("enter", self.enter, 0.0, None)
        _check_number("leave", self.leave, 0.0, self.enter)
        _check_number("worse", self.worse, 1.0, None)
        check_count("min_length", self.min_length, 1)
        check_count("merge_gap", self.merge_gap, 0, optional=True)
        check_count("cool_down", self.cool_down, 0)
        check_count("adapt_after", self.adapt_after, 0, optional=True)

    @classmethod
    def of(cls, asked: Any) -> EventRules:
        """Return the rules that ``asked`` spells; "auto" is the default.

        Raises
        ------
        ParameterError
            There is no such rule, or its value is not legal.

        Examples
        --------
        >>> EventRules.of("leave=0.7") == EventRules(leave=0.7)
        True
        """
        if isinstance(asked, cls):
            return asked
        if not isinstance(asked, str):
            raise ParameterError(
                f"Event rules were given as {type(asked).__name__}. Give 'auto', EventRules(...) or a text such "
                "as 'leave=0.7,cool_down=24'."
            )
        return cls() if asked == "auto" else make_part(cls, f"{cls.name}:{asked}")


def check_count(name: str, value: Any, least: int, optional: bool = False) -> None:
    """Raise ParameterError unless ``value`` is a whole number of at least ``least`` (or None, where optional)."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and value >= least) and not (optional and value is None):
        raise ParameterError(f"{name} is {value!r}. Legal: a whole number of at least {least}.")


def _check_number(name: str, value: Any, least: float, most: float | None) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and least <= value < np.inf and (most is None or value <= most)):
        upper = "" if most is None else f" to {most:g}, which is enter"
        raise ParameterError(f"{name} is {value!r}. Legal: a number from {least:g}{upper}.")


Trim = Callable[[Event, IntArray], Event]
"""An event and the positions of its abnormal points -> the event cut down to what is odd itself."""


class EventTracker(Stored):
    """Finds the events among scores that come in chunks: the same events however they are cut.

    Parameters
    ----------
    rules : EventRules
        A ``merge_gap`` of None is one of 0 here.
    limit : float
        The score that is 1.0 for the rules.
    trim : callable or None
        Cuts an event down before its length is judged.

    Examples
    --------
    >>> tracker = EventTracker(EventRules(leave=0.5))
    >>> tracker.push(np.array([0.0, 1.2, 0.7]))
    []
    >>> tracker.push(np.array([0.6, 0.1, 0.7]))
    [Event(start=1, end=3, peak=1, score=1.2, runs=1)]
    >>> tracker.finish()
    []
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"_trim"})
    _rules: EventRules
    _limit: float
    _trim: Trim | None = None
    _seen: int
    _inside: bool
    _run: IntArray  # abnormal points of what may still go on
    _run_scores: FloatArray
    _last: Event | None  # over, yet another may still belong to it

    def __init__(self, rules: EventRules, limit: float = 1.0, trim: Trim | None = None) -> None:
        self._rules, self._limit, self._trim = rules, limit, trim
        self._seen, self._inside, self._last = 0, False, None
        self._run, self._run_scores = np.zeros(0, np.int64), np.zeros(0)

    def trimmed_by(self, trim: Trim | None) -> Self:
        """Give the tracker what cuts events down, which no model file keeps."""
        self._trim = trim
        return self

    @property
    def open_since(self) -> int | None:
        """The first abnormal point of what may still go on; None where nothing does."""
        return int(self._run[0]) if len(self._run) else None

    def push(self, scores: FloatArray) -> list[Event]:
        """Take the scores of the next points, shape (points,); return the events that are over, the oldest first.

        A point whose score is NaN is a normal one.
        """
        found = self._seen + np.flatnonzero(self._is_inside(scores))
        self._run_scores = np.concatenate([self._run_scores, scores[found - self._seen]])
        self._run = np.concatenate([self._run, found])
        self._seen += len(scores)
        cuts = np.flatnonzero(np.diff(self._run) > self._gap + 1) + 1
        if len(self._run) and self._seen - 1 - self._run[-1] > self._gap:
            cuts = np.append(cuts, len(self._run))
        return self._close(cuts)

    def finish(self) -> list[Event]:
        """Return the events that no further point can change any more, now that none comes."""
        over = self._close(np.array([len(self._run)] if len(self._run) else [], np.int64))
        over += [self._last] if self._last else []
        self._last = None
        return over

    @property
    def _gap(self) -> int:
        return self._rules.merge_gap or 0

    def _is_inside(self, scores: FloatArray) -> BoolArray:
        """Return which points lie in an event: above `leave` since one above `enter`."""
        if not len(scores):
            return np.zeros(0, bool)
        enters = scores > self._rules.enter * self._limit
        decided = enters | ~(scores > self._rules.leave * self._limit)
        latest = np.maximum.accumulate(np.where(decided, np.arange(len(scores)), -1))
        inside: BoolArray = np.where(latest >= 0, enters[latest], self._inside)
        self._inside = bool(inside[-1])
        return inside

    def _close(self, cuts: IntArray) -> list[Event]:
        """Make events of the runs that end at the cuts; return those that are over."""
        over: list[Event] = []
        begin = 0
        for cut in cuts.tolist():
            run, scores = self._run[begin:cut], self._run_scores[begin:cut]
            begin, peak = cut, int(np.argmax(scores))
            event = Event(int(run[0]), int(run[-1]), int(run[peak]), float(scores[peak]))
            event = self._trim(event, run) if self._trim else event
            if len(event) >= self._rules.min_length:
                over += self._settle(event)
        self._run, self._run_scores = self._run[begin:], self._run_scores[begin:]
        coming = int(self._run[0]) if len(self._run) else self._seen
        if self._last and coming - self._last.end > self._rules.cool_down:
            over.append(self._last)
            self._last = None
        return over

    def _settle(self, event: Event) -> list[Event]:
        """Count an event to the one before it, or keep it as the last; return what is over by that."""
        last, self._last = self._last, event
        if last is None:
            return []
        if event.start - last.end > self._rules.cool_down or event.score >= self._rules.worse * last.score:
            return [last]
        highest = max((last, event), key=lambda one: one.score)
        self._last = replace(highest, start=last.start, end=event.end, runs=last.runs + event.runs)
        return []


def events_of(
    scores: FloatArray, rules: EventRules, limit: float = 1.0, trim: Trim | None = None
) -> list[Event]:
    """Return the events among scores, the highest peak first.

    Parameters
    ----------
    scores : ndarray of shape (points,)
    rules, limit, trim
        See `EventTracker`.

    Examples
    --------
    >>> [(e.start, e.end) for e in events_of(np.array([0, 0, 0, 2, 3, 0, 0, 9.0]), EventRules(merge_gap=1))]
    [(7, 7), (3, 4)]
    """
    tracker = EventTracker(rules, limit, trim)
    return sorted(tracker.push(scores) + tracker.finish(), key=lambda event: (-event.score, event.start))


def severity(event: Event, limit: float, window: int, blame: FloatArray) -> str:
    """Return how grave an event is: "low", and a step more for each of these.

    It scores at least twice the limit; at least five times; it lasts at least a window; at least half of the
    channels take part, and more than one. How many take part is the inverse Simpson index of their shares: 1
    where one has all the blame, all of them where they share it evenly.

    Parameters
    ----------
    event : Event
    limit : float
        The score that is 1.0 for a person.
    window : int
        Points in a window.
    blame : ndarray of shape (channels,)
        Surprise of each channel in the event, >= 0.

    References
    ----------
    Simpson (1949), "Measurement of diversity", Nature 163: the index is 1 / sum of squared shares.

    Examples
    --------
    >>> severity(Event(10, 39, 20, score=12.0), 2.0, 24, np.array([1.0]))
    'critical'
    """
    total = float(blame.sum())
    part = 1.0 / float(((blame / total) ** 2).sum()) if total > 0 else 1.0
    wide = part >= max(_MORE_THAN_ONE, len(blame) / 2)
    steps = (event.score >= _HIGHER * limit, event.score >= _FAR_HIGHER * limit, len(event) >= window, wide)
    return SEVERITIES[min(sum(steps), len(SEVERITIES) - 1)]
