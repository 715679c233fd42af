"""What level new data is seen from: one that has lasted is the new normal, instead of an alarm for weeks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.detectors.series_blocks import Ground, Stretch
from amiss.detectors.series_seasons import SeriesSeasons
from amiss.detectors.series_stream import Placed
from amiss.errors import ParameterError
from amiss.events import EventRules, check_count
from amiss.reading.levels import Settled, UsualLevels
from amiss.reading.stretches import Judge
from amiss.reading.timeline import Series, Timeline
from amiss.reading.windows import Channels
from amiss.series_committee import SeriesCommittee

_WINDOWS = 8  # that a level lasts until it is normal
MORE_REACH = 32
"""Points beyond two windows that a score may reach."""


class SeriesLevels(SeriesSeasons):
    """The part of `SeriesDetector` that takes a level that has lasted for the new normal, and its rules of events."""

    merge_gap: int | None
    min_length: int
    events: Any = "auto"
    timeline_: Timeline
    window_: int
    committee_: SeriesCommittee
    levels_: UsualLevels | None = None

    def _in_context(self, series: Series) -> tuple[Channels, int]:
        """Return the channels with what came before them, where it is known, and how many points that is."""
        raise NotImplementedError

    def _standardised(self, series: Series) -> tuple[FloatArray, BoolArray]:
        """Return standardised values, gaps bridged, and which are missing; both of shape (points, channels)."""
        raise NotImplementedError

    def _event_rules(self) -> EventRules:
        """Return the rules of events, those given on their own among them.

        Raises
        ------
        ParameterError
            A rule is not legal, or is given twice.
        """
        check_count("min_length", self.min_length, 1)
        rules = EventRules.of(self.events)
        for name, default in (("merge_gap", None), ("min_length", 1)):
            own = getattr(self, name)
            if own == default:
                continue
            if getattr(rules, name) != default:
                raise ParameterError(f"{name} is given twice: {own!r}, and among the events. Give it once.")
            rules = replace(rules, **{name: own})
        return rules

    def _at_levels(self, series: Series, judge: Judge) -> FloatArray:
        """Return what ``judge`` says of each point of a series, seen from the level that is normal there."""
        return self._ground(series).judged(judge)

    def _ground(self, series: Series) -> Ground:
        """Return what judges see of a series, each point from the level that is normal there.

        From where a level is the new normal on, a point is judged as if the series had always stood there: what came
        before is moved with it. So no window holds the jump from one level to another, which would be odd itself.
        """
        channels, context = self._in_context(series)
        settled = self._settled(series, channels.start + context)
        ends = [*(one.place for one in settled), len(series)]
        stretches = [Stretch(0, ends[0], channels, context)]
        reach = 2 * self.committee_.reach(self.window_) + MORE_REACH
        for one, end in zip(settled, ends[1:], strict=True):
            begin = max(0, one.place - reach)
            with np.errstate(over="ignore"):
                moved = replace(series, values=series.values[begin : end + reach] - one.off)
            there = Channels(*self._standardised(moved), channels.start + context + begin, self.window_)
            stretches.append(Stretch(one.place, end, there, -begin))
        return Ground(stretches, context, self.committee_.dependence(self.window_))

    def _settled(self, series: Series, start: int) -> list[Settled]:
        """Return from where on which levels are normal, in new data alone; ``start`` is where the series stands."""
        if isinstance(series, Placed):
            return list(series.settled)
        lasts = self._lasts(series.values.shape[1])
        known = min(max(0, self.timeline_.points - start), len(series))
        if self.levels_ is None or not lasts or known == len(series):
            return []
        settled = self.levels_.settled(series.values[known:], start + known, lasts)
        found = [replace(one, place=one.place + known) for one in settled]
        return [one for one in found if one.place < len(series)]

    def _lasts(self, channels: int) -> int:
        """Return for how many points a level lasts until it is normal; 0: none ever is."""
        lasts = self._event_rules().adapt_after
        if lasts is not None:
            return lasts
        return _WINDOWS * self.window_ if channels == 1 else 0

    def _level(self, series: Series) -> FloatArray:
        """Return how far from its usual level each channel stands for normal, raw units, shape (points, channels)."""
        channels, context = self._in_context(series)
        level = np.zeros(series.values.shape)
        for one in self._settled(series, channels.start + context):
            level[one.place :] = one.off
        return level
