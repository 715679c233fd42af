"""The calendar of a series: its holidays, the periods that are found, and whether a model of them joins the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import FloatArray, IntArray
from amiss.detectors.base import Detector
from amiss.models.base import SeriesModel
from amiss.models.season import Season
from amiss.numerics.seasons import Seasons, find_seasons
from amiss.reading.calendar import Calendar, Cycle
from amiss.reading.holidays import days_of, texts_of
from amiss.reading.timeline import Timeline
from amiss.reading.windows import Channels, find_period

_LONGEST = (
    5_000  # points of a period whose cycles are kept to foretell from; the calendar knows of longer ones
)
_YEARS_ON = 10  # after the training series, for which holidays that are told by the year are kept


class SeriesSeasons(Detector):
    """The part of `SeriesDetector` that knows the calendar."""

    holidays: Any = None
    holidays_: tuple[str, ...] = ()
    periods_: tuple[str, ...] = ()
    lengths_: tuple[int, ...] = ()  # of the period and of longer ones that were found, points
    timeline_: Timeline
    period_: int | None

    def state(self) -> dict[str, Any]:
        found = super().state()
        if callable(self.holidays):  # no file holds functions
            found["holidays"] = list(self.holidays_)
        elif not isinstance(self.holidays, str | None):
            found["holidays"] = [str(one)[:10] for one in self.holidays]
        return found

    def _calendar(self) -> Calendar | None:
        """Return the calendar of the training series; None where its points have no moments in time."""
        calendar = Calendar.of(self.timeline_, np.zeros(0, np.int64))
        if calendar is None:
            if self.holidays is not None:
                self._note("Holidays are given, and the series has no times: they are not used.")
            return None
        first, last = calendar.places(0, 1), calendar.places(self.timeline_.points - 1, 1)
        calendar.holidays = days_of(self.holidays, int(first.year[0]) - 1, int(last.year[0]) + _YEARS_ON)
        return calendar

    def _find_seasons(self, channels: Channels, models: list[SeriesModel]) -> list[SeriesModel]:
        """Find the periods; return the models, with one of the seasons where "auto" has a calendar to go by."""
        calendar = channels.calendar
        self.holidays_ = () if calendar is None else tuple(texts_of(calendar.holidays))
        found = self._seasons(channels)
        self.periods_ = () if found is None else tuple(found.names())
        longer = [] if found is None else found.points()
        shortest = [] if self.period_ is None else [self.period_]
        self.lengths_ = (*shortest, *(n for n in longer if n > (self.period_ or 1) and n < _LONGEST))
        if calendar is None or found is None:
            return models
        if found.any and self.models in ("auto", "fast"):
            models = [*models, Season()]
        return [model.knowing(found) if isinstance(model, Season) else model for model in models]

    def _seasons(self, channels: Channels) -> Seasons | None:
        if channels.calendar is not None:
            return find_seasons(channels.values, channels.mask, channels.calendar)
        if self.period_ is None:
            return None
        longer = _multiple(channels.values, self.period_)
        return find_seasons(channels.values, channels.mask, Cycle(self.period_, longer))


def _multiple(values: FloatArray, period: int) -> int:
    """Return after how many periods the mean of a period comes back, by its autocorrelation; 1 where it does not."""
    moving: IntArray = np.flatnonzero(values.std(axis=0) > 0)
    if not len(moving):
        return 1
    one = values[: len(values) // period * period, moving[0]]
    lag, clear = find_period(one.reshape(-1, period).mean(axis=1))
    return lag if lag and clear else 1
