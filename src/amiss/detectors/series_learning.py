"""A series that is learnt on: the newest rows are kept, what was flagged among them is not learnt unless it lasts."""

from __future__ import annotations

import warnings
from typing import Annotated, Any, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray, IntArray
from amiss.detection import STOPPED, Detection
from amiss.detectors.series_ahead import SeriesAhead
from amiss.errors import AmissWarning, ParameterError
from amiss.part import MAY_BE_INFINITE, Stored
from amiss.reading.frames import Frame
from amiss.reading.timeline import Timeline
from amiss.thresholds.by_labels import known_bad

KEPT_ROWS = 20_000
"""Of the rows given to `partial_fit`, the newest so many are learnt from."""

_LASTED = 0.9  # of the newest rows are flagged, where what was flagged has lasted
_WINDOWS = 8  # for which it has to, where the rules of events do not say
_LEARNT, _FLAGGED, _BAD = 0, 1, 2


class KeptRows(Stored):
    """The newest rows of a series, and which of them are not learnt from.

    Attributes
    ----------
    values : ndarray of shape (rows, channels)
    moments : ndarray of shape (rows,)
        Microseconds; empty where the series has no times.
    states : ndarray of shape (rows,)
        0 learnt from, 1 flagged, 2 known to be bad.
    """

    values: Annotated[FloatArray, MAY_BE_INFINITE]
    moments: IntArray
    states: IntArray

    @classmethod
    def of(cls, data: Any, timeline: Timeline, bad: BoolArray, flagged: BoolArray) -> Self:
        """Return the rows of some data."""
        new = cls()
        new.values, times = timeline.rows(data)
        new.moments = np.zeros(0, np.int64)
        if times is not None:
            new.moments = times.moments.astype("datetime64[us]").astype(np.int64)
        new.states = np.where(bad, _BAD, np.where(flagged, _FLAGGED, _LEARNT))
        return new

    def and_then(self, newer: KeptRows) -> Self:
        """Return these rows and newer ones, the newest `KEPT_ROWS` in all."""
        for name in ("values", "moments", "states"):
            joined = np.concatenate([getattr(self, name), getattr(newer, name)])
            setattr(self, name, joined[-KEPT_ROWS:])
        return self

    def let_in(self, lasts: int) -> None:
        """Learn what was flagged from now on, if it has lasted for so many rows; 0: never."""
        newest = slice(-lasts, None)
        if lasts and len(self.states) >= lasts and (self.states[newest] == _FLAGGED).mean() >= _LASTED:
            self.states[newest] = np.where(self.states[newest] == _FLAGGED, _LEARNT, self.states[newest])

    def frame(self, timeline: Timeline) -> Frame:
        """Return the rows as data to be fitted."""
        columns = list(self.values.T)
        if not len(self.moments) or timeline.time is None:
            return Frame(tuple(timeline.channels), columns, named=timeline.named)
        times: Any = self.moments / 1e6 if timeline.counted else self.moments.astype("datetime64[us]")
        zones = {timeline.time: timeline.timezone} if timeline.timezone and not timeline.counted else {}
        return Frame((timeline.time, *timeline.channels), [times, *columns], timezones=zones)


class SeriesLearning(SeriesAhead):
    """The part of `SeriesDetector` that learns on."""

    kept_rows_: KeptRows | None = None

    def partial_fit(self, X: Any, y: None = None, labels: Any = None) -> Self:
        """Learn on from the next rows of the series; the first call is `fit`. After `fit`, its newest 24 cycles go on.

        The newest 20,000 rows are kept, and learnt from anew. Of the next rows, events are not learnt: an anomaly stays
        one however often it comes. What goes on for ``adapt_after`` points (see `EventRules`; 8 windows where nothing
        is said) is learnt from then on.

        Parameters
        ----------
        X : frame or array
            The next rows, a cycle or more of them: each call costs as much as a `fit` on all rows kept.
        y : None
            Ignored; kept for scikit-learn.
        labels : array of shape (rows,) or None
            1 or True for a row known to be bad, which is never learnt; 0 or False for one known to be good, which is
            learnt even if it is flagged; None or NaN where nobody said.

        Returns
        -------
        self

        Raises
        ------
        DataError
            The data cannot be used.
        ParameterError
            A label is none.

        Examples
        --------
        >>> from amiss import SeriesDetector
        >>> wave = np.sin(np.arange(960) * 2 * np.pi / 24)
        >>> SeriesDetector(random_state=0).partial_fit(wave[:600]).partial_fit(wave[600:]).scores_.shape
        (960,)
        """
        if not self.__sklearn_is_fitted__():
            self.fit(X, labels=labels)
            count = len(self.scores_)
            bad = np.zeros(count, bool) if labels is None else known_bad(labels, count)
            self.kept_rows_ = KeptRows.of(X, self.timeline_, bad, np.zeros(count, bool))
            return self
        kept = self._kept_with(X, labels, self.kept_rows_ or self._newest())
        held = kept.states != _LEARNT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AmissWarning)  # told at the first call
            self.fit(
                kept.frame(self.timeline_),
                labels=np.where(held, 1.0, np.nan) if held.any() and not held.all() else None,
            )
        self.kept_rows_ = kept
        return self

    def _newest(self) -> KeptRows:
        """Return the newest points that `fit` kept."""
        if not len(self.recent_):
            raise ParameterError(
                "A file of an earlier version keeps no rows to learn on from. Begin anew: partial_fit(data) on another "
                "detector."
            )
        kept = KeptRows()
        kept.values, kept.moments = self.recent_, self.recent_moments_
        kept.states = np.zeros(len(kept.values), np.int64)
        return kept

    def _kept_with(self, X: Any, labels: Any, before: KeptRows) -> KeptRows:
        """Return the rows kept, the next ones among them."""
        detection = self.detect(X)
        count = len(detection.scores)
        bad = good = np.zeros(count, bool)
        if labels is not None:
            given = np.asarray(labels, dtype=object).ravel()
            bad = known_bad(labels, count)
            good = ~bad & np.array([label is not None and label == label for label in given], bool)
        newer = KeptRows.of(X, self.timeline_, bad, _flagged(detection) & ~good)
        joined = KeptRows.from_state(dict(vars(before))).and_then(newer)
        lasts = self._event_rules().adapt_after
        joined.let_in(_WINDOWS * self.window_ if lasts is None else lasts)
        return joined


def _flagged(detection: Detection) -> BoolArray:
    """Return which rows lie in an event, shape (rows,)."""
    found = np.zeros(len(detection.scores), bool)
    for event in detection:
        if event.kind != STOPPED:
            found[detection._items_of(event)] = True
    return found
