"""What a series report shows: one series with its expected band, or many at a glance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amiss.batch import AnyArray, FloatArray, IntArray

_NAMED = 6  # series, where one line tells of several


@dataclass(frozen=True)
class SeriesEvidence:
    """What a series report shows: the points, the expected band, and how surprising each channel was.

    Attributes
    ----------
    channels : tuple of str
    times : list of str or None
        Time of each point as text (ISO 8601), None where the data has no time.
    values, expected, lower, upper : ndarray of shape (points, channels)
        Raw units; NaN where a value is missing or nothing is expected.
    surprise : ndarray of shape (points, channels)
    rows : ndarray of shape (points,) or None
        The row of the data of each point; None where rows and points are the same. Points stand in order of time.
    """

    channels: tuple[str, ...]
    times: list[str] | None
    values: FloatArray
    expected: FloatArray
    lower: FloatArray
    upper: FloatArray
    surprise: FloatArray
    rows: IntArray | None = None

    def in_time(self, values: AnyArray) -> AnyArray:
        """Return what is said of each row of the data in order of time, as the points stand here."""
        return values if self.rows is None else np.asarray(values[self.rows])


@dataclass(frozen=True)
class SeriesOverview:
    """One of many series at a glance: at most `STRETCHES` stretches of equal length.

    Attributes
    ----------
    name : str
    points, unusual, events : int
        How many points it has, how many of them lie in events, and how many events.
    worst : float
        The highest score, in multiples of the threshold.
    times : ndarray of shape (stretches + 1,)
        When each stretch begins, and when the last one ends: what the clock showed, in seconds since 1970, or positions
        where there is no time.
    timed : bool
        Whether they are seconds.
    low, high : ndarray of shape (stretches,)
        Smallest and largest value of the channel most to blame, raw units; NaN where all are missing.
    scores : ndarray of shape (stretches,)
        The highest score, in multiples of the threshold.
    marks : ndarray of shape (marked, 2)
        When the worst events begin and end, as `times`.
    failed : str
        Why it could not be looked at; empty where it was.
    """

    name: str
    points: int
    unusual: int
    events: int
    worst: float
    times: FloatArray
    timed: bool
    low: FloatArray
    high: FloatArray
    scores: FloatArray
    marks: FloatArray
    failed: str = ""


@dataclass(frozen=True)
class Together:
    """Events of several series that began together (see `incidents.incidents`).

    Attributes
    ----------
    label : str
        When the first began and the last ended: "2026-03-01 14:05 to 2026-03-01 14:20", "points 20 to 30".
    series : tuple of str
        The series that take part, in the order in which they began.
    severity : str
    p_value : float
        How likely chance brings so many series together anywhere in the time looked at.
    """

    label: str
    series: tuple[str, ...]
    severity: str
    p_value: float

    def __str__(self) -> str:
        more = f" and {len(self.series) - _NAMED:,} more" if len(self.series) > _NAMED else ""
        named = ", ".join(self.series[:_NAMED]) + more
        return f"{self.label}: {len(self.series):,} series, severity {self.severity}: {named}"


@dataclass(frozen=True)
class ManySeriesEvidence:
    """What a report of many series shows: each at a glance, the worst in full.

    Attributes
    ----------
    by : tuple of str
        The key columns; empty where each column is a series of its own.
    series : tuple of SeriesOverview
        In the order of their first rows.
    details : dict of str to SeriesEvidence
        The worst series in full, by name, the worst first.
    scores : dict of str to ndarray of shape (points,)
        Their scores, in multiples of the threshold.
    order : ndarray of shape (rows,)
        The rows of the data, series by series, of each in order of time.
    begins : ndarray of shape (series + 1,) or None
        Where the rows of each series begin in ``order``; None where all series share the rows.
    together : tuple of Together
        Series that broke together, those of the most series first.
    """

    by: tuple[str, ...]
    series: tuple[SeriesOverview, ...]
    details: dict[str, SeriesEvidence]
    scores: dict[str, FloatArray]
    order: IntArray
    begins: IntArray | None
    together: tuple[Together, ...] = ()

    @property
    def points(self) -> int:
        """How many points all series have."""
        return sum(one.points for one in self.series)

    @property
    def unusual(self) -> int:
        """How many points lie in events."""
        return sum(one.unusual for one in self.series)

    def rows(self, name: str) -> IntArray:
        """Return the rows of a series in the data, in order of time."""
        if self.begins is None:
            return self.order
        at = next(i for i, one in enumerate(self.series) if one.name == name)
        return self.order[self.begins[at] : self.begins[at + 1]]
