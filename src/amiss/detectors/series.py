"""SeriesDetector: what is amiss in a time series of one or many channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from amiss.batch import FloatArray
from amiss.detectors.many_series import ManySeries
from amiss.detectors.series_labels import fingerprint
from amiss.detectors.series_rows import of_rows
from amiss.detectors.series_stream import NO_HOLE, Placed
from amiss.events import check_count
from amiss.models.base import AnyModel
from amiss.part import make_part
from amiss.reading.levels import UsualLevels
from amiss.reading.timeline import Series, Timeline
from amiss.reading.windows import DEFAULT_WINDOW, LEARNT_FROM, Channels, Scale, find_period
from amiss.series_committee import SeriesCommittee, series_models
from amiss.thresholds import Threshold

_SHORTEST_STRETCH = 32
_REPEATS = 8  # windows of one length, other than the period, that are to fit into the training series
_TREATED = {"mask": "gaps are bridged by straight lines", "interpolate": "straight lines count as if seen"}
_OF_POINTS = (
    "peaks:tail_shape=0.0,least=4.0"  # the highest scores of windows vary less than those at their centre
)
_NOT_GOING_ON = ("many_", "stream_", "kept_rows_", "recent_moments_")  # what an earlier fit left behind
_FEWEST_SCORES = 30  # that the threshold is learnt from, where there are so many points


class SeriesDetector(ManySeries):
    """Learn the usual course of a series and tell which points and channels do not fit.

    A point is scored by the windows around it, compared with what was seen at other times: a training point
    is never compared with its own neighbourhood. New data is scored in the context of what came before it.
    It is taken to follow on the training series unless its times say otherwise; a stretch that begins with
    the training series is recognised and scored at its place, so that ``scores_`` and
    ``-score_samples(training data)`` are equal.

    Rows with times may stand in any order and at any moments: they become points on an even grid in time, and each row
    gets the score of its point. Around gaps a window counts by the share of it that was seen; a point whose channels
    are all missing, or in whose window less than half of the usual was seen, is not scored: its score is 0. Where the
    data stopped for longer than usual is an event of its own.

    Parameters
    ----------
    models : "auto", "fast", or list of str or SeriesModel
        What looks at the series. "auto" and "fast": for one channel kernels, shapes and codebook, each through
        the detector's window and others of 8 to 256 points; for many
        subspace (plain and detrended), own_past, other_channels, codebook and kernels; for both season where the
        calendar has periods.
    threshold : str or Threshold
        The rule that says where abnormal starts; "auto" is "peaks:tail_shape=0.0,least=6.0". It is learnt
        from scores a window apart, since those of neighbouring points rise together; where a season judges each point,
        from the highest of each window, with least=4.0.
    training_data : "mixed" or "clean"
        Whether the series given to `fit` may hold anomalies.
    random_state : int, Generator, RandomState or None
        Draws the kernels and the first codes.
    time : str or None
        The column that holds the time; None: the first column that holds dates, if there is one.
    window : int or None
        Points in a window; None: the lag at which the series resembles itself most, which is its period if
        it has one; 125 where there is none.
    merge_gap : int or None
        Flagged points with at most so many others between them are one event; None: half a window.
    min_length : int
        Events of fewer points are not reported. An event is what is odd itself among the flagged points.
    events : "auto", str or EventRules
        When an event begins and when it is over: "leave=0.7,cool_down=24" (see `EventRules`).
    by : str, list of str or None
        The key columns of data that holds many series, one a key: each gets a detector of its own, and all are
        answered in one. Scores are multiples of each one's threshold then.
    share : bool
        Whether many series share one model; scale, level, band and threshold stay each one's own.
    channels : "together" or "apart"
        Whether the columns are channels of one series, or each a series of its own.
    jobs : int or None
        In how many processes many series are looked at; None: one a processor, where there is enough to do.
    tz : str or None
        Time zone, such as "Europe/Berlin": times that name no zone are local times there, and all are told in it.
        None: times are told as they come.
    holidays : list of str or date, str, callable or None
        Days off in local time, which are unlike other days of the week: dates such as "2026-12-25", or "12-25" for
        every year; a country code such as "DE" or "US-CA", with the extra `holidays`; or a function of the year.
    duplicates : "mean", "last" or "error"
        What rows of one time count as.
    gap : "mask", "interpolate" or "zero"
        What a missing value is, and a moment on the grid without a row: nothing that was seen; what lies on a straight
        line between its neighbours, as if seen; or 0, as in counters.
    time_format : str or None
        What cannot be told from the times themselves: the unit of numbers since 1970, "s", "ms", "us" or "ns"; "excel"
        for days since 1899-12-30; "dmy" or "mdy" for which of day and month stands first. None: found.

    Attributes
    ----------
    period_ : int or None
        The period in points, None where none is clear.
    periods_ : tuple of str
        All periods, the shortest first: "daily", "weekly" and "yearly" where there are times, else points.
    holidays_ : tuple of str
        The holidays from the year before the training series to ten years after it (ISO 8601).
    window_ : int
        Points in a window.
    timeline_ : Timeline
        The channels, the step and the time zone.
    usual_gaps_ : UsualGaps
        How long gaps usually are.
    scored_ : ndarray of shape (rows,), bool
        Which rows given to `fit` were scored. Not kept in a model file.
    committee_ : SeriesCommittee
        The fitted models.

    Examples
    --------
    >>> values = np.sin(np.arange(600) * 2 * np.pi / 24)
    >>> values[400:406] = 0.0
    >>> detector = SeriesDetector(random_state=0).fit(values)
    >>> detector.period_
    24
    >>> detector.detect(values).anomalies[0].start <= 403 <= detector.detect(values).anomalies[0].end
    True
    """

    kind: ClassVar[str] = "series"
    unit: ClassVar[str] = "point"
    default_threshold: ClassVar[str] = "peaks:tail_shape=0.0,least=6.0"

    time: str | None
    window: int | None
    period_: int | None
    fingerprint_: str
    span_: list[str]
    n_features_in_: int

    def __init__(
        self,
        models: Any = "auto",
        threshold: Any = "auto",
        training_data: str = "mixed",
        random_state: Any = None,
        time: str | None = None,
        window: int | None = None,
        merge_gap: int | None = None,
        min_length: int = 1,
        events: Any = "auto",
        tz: str | None = None,
        duplicates: str = "mean",
        gap: str = "mask",
        time_format: str | None = None,
        by: Any = None,
        share: bool = False,
        channels: str = "together",
        jobs: int | None = None,
        holidays: Any = None,
    ) -> None:
        self.models = models
        self.threshold = threshold
        self.training_data = training_data
        self.random_state = random_state
        self.time = time
        self.window = window
        self.merge_gap = merge_gap
        self.min_length = min_length
        self.events = events
        self.tz = tz
        self.duplicates = duplicates
        self.gap = gap
        self.time_format = time_format
        self.by = by
        self.share = share
        self.channels = channels
        self.jobs = jobs
        self.holidays = holidays

    # ------------------------------------------------------------- the path
    def _reading_to_learn(self, data: Any) -> Series:
        for name in _NOT_GOING_ON:
            vars(self).pop(name, None)
        check_count("window", self.window, 2, optional=True)
        self._event_rules()
        self._check_time()
        self.timeline_ = Timeline(self.time, self.tz, self.duplicates, self.time_format)
        return self._gaps_treated(self.timeline_.fit(data))

    def _prepared(self, series: Series) -> Channels:
        """Learn scale, window and calendar; return what the models will see."""
        self.n_features_in_ = len(self.timeline_.channels)
        self.scale_ = Scale().fit(series.values)
        values, mask = self._standardised(series)
        self._choose_window(values)
        return Channels(values, mask, 0, self.window_, self._calendar())

    def _learn(self, series: Series, random_state: np.random.Generator) -> FloatArray:
        clean, longest = self.training_data == "clean", len(series) // _REPEATS
        models = series_models(self.models, len(self.timeline_.channels), clean, longest)
        channels = self._prepared(series)
        self.committee_ = self._committee(self._find_seasons(channels, models))
        scores = self.committee_.fit(channels, random_state)
        self._learn_band(channels)
        context = channels.last(2 * self.committee_.reach(self.window_) + _SHORTEST_STRETCH)
        self.tail_, self.tail_mask_ = context.values.copy(), context.mask.copy()
        self._keep_newest(series)
        self.fingerprint_ = fingerprint(series.values)
        self.span_ = [] if series.times is None else self.timeline_.texts(series.times[[0, -1]])
        self.levels_ = UsualLevels().fit(series.values, self.window_)
        self._learn_gaps(series, channels)
        self._tell_about(series)
        return self._learn_rows(series, scores, self._scored_points(channels, 0, len(series)))

    def _committee(self, models: Any) -> SeriesCommittee:
        return SeriesCommittee(models)

    def _choose_window(self, values: FloatArray) -> None:
        moving = values.std(axis=0) > 0
        lag, clear = find_period(values[:, int(np.argmax(moving))])
        self.period_ = lag if clear else None
        wanted = self.window or lag or DEFAULT_WINDOW
        self.window_ = min(wanted, max(1, len(values) // 4))
        if self.window is not None and self.window_ < self.window:
            self._note(
                f"A window of {self.window} points needs at least {4 * self.window} points to learn from; "
                f"there are {len(values)}, so windows of {self.window_} points are used."
            )

    def _tell_about(self, series: Series) -> None:
        if series.left_out:
            names = ", ".join(map(repr, series.left_out))
            self._note(f"Left out, neither time nor numbers: {names}.")
        given = slice(None) if series.rows is None else np.unique(series.rows.points)
        missing = float(np.isnan(series.values[given]).mean())
        if missing:
            self._note(f"{missing:.1%} of the values are missing; {_TREATED[self.gap]}.")
        if len(series) > LEARNT_FROM:
            self._note(
                f"Learnt from {LEARNT_FROM:,} of the {len(series):,} points, in stretches evenly spread."
            )
        for note in series.notes:
            self._note(note)

    def _score(self, series: Series) -> FloatArray:
        channels, context = self._in_context(series)
        scores = self._at_levels(series, self.committee_.score)
        return of_rows(series, np.where(self._scored_points(channels, context, len(series)), scores, 0.0))

    def _in_context(self, series: Series) -> tuple[Channels, int]:
        """Return the channels with what came before them, where it is known, and how many points that is."""
        values, mask = self._standardised(series)
        start, hole = self._place_of(series)
        points = self.timeline_.points
        channels = Channels(values, mask, start, self.window_)
        if hole == NO_HOLE:
            return channels.at_least(
                min(points, max(self.committee_.reach(self.window_), _SHORTEST_STRETCH))
            ), 0
        before = Channels(self.tail_, self.tail_mask_, points - len(self.tail_), self.window_)
        return channels.after(before, hole), len(before) + hole

    def _place_of(self, series: Series) -> tuple[int, int]:
        """Return the position of the first point, and how many are missing since the training series, if it is near."""
        if isinstance(series, Placed):
            return series.start, series.hole
        points = self.timeline_.points
        if len(series) >= points and fingerprint(series.values[:points]) == self.fingerprint_:
            return 0, NO_HOLE
        return self._after_training(series.times)

    def _independent(self, scores: FloatArray) -> FloatArray:
        # neighbouring points share their windows: their scores rise together and would pass for anomalies
        scores = scores[self.taught_]
        apart = max(1, min(self.window_, len(scores) // _FEWEST_SCORES))
        if self._judges_points():  # a window is as odd as the oddest of its points
            return np.asarray(np.maximum.reduceat(scores, np.arange(0, len(scores), apart)))
        return scores[apart // 2 :: apart]

    def _judges_points(self) -> bool:
        """Return whether a model judges each point by itself, beside those that judge windows."""
        return any(model.width(self.window_) == 1 for model in self.committee_.models)

    def _set_threshold(self, rule: Threshold, scores: FloatArray) -> None:
        if self.threshold == "auto" and self._judges_points():
            rule = make_part(Threshold, _OF_POINTS)
        super()._set_threshold(rule, scores)

    def _reach(self) -> int:
        return self.window_

    def _fitted_models(self) -> Sequence[AnyModel]:
        if self.many_ is not None:
            return ()
        return self.committee_.models

    def _probe(self) -> Any:
        if self.many_ is not None:
            return self._probe_of_many()
        values = self.scale_.restore(self.tail_)
        if not self.timeline_.named:
            return values
        return {
            **self.timeline_.moments(len(values)),
            **dict(zip(self.timeline_.channels, values.T, strict=True)),
        }

    def summary(self) -> dict[str, Any]:
        """Return what was learnt: channels, period, window, step, time zone, first and last moment."""
        self._check_is_fitted()
        if self.many_ is not None:
            return self._summary_of_many()
        return {
            "kind": self.kind,
            "items": self.timeline_.points,
            "models": [model.spec() for model in self.committee_.models],
            "threshold": {
                "rule": self.threshold_rule_.spec(),
                "value": self.threshold_,
                "chance": self.threshold_rule_.expected_by_chance(),
            },
            "training_data": self.training_data,
            "random_state": self.random_state if isinstance(self.random_state, int) else None,
            "networks": self.history_,
            "notes": list(self.notes_),
            "channels": list(self.timeline_.channels),
            "period": self.period_,
            "periods": list(self.periods_),
            "window": self.window_,
            "step": self.timeline_.step_text(),
            "timezone": self.timeline_.timezone,
            "gap": self.gap,
            "start": self.span_[0] if self.span_ else None,
            "end": self.span_[-1] if self.span_ else None,
        }
