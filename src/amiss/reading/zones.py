"""Time zones: moments in UTC <-> what the clock on the wall shows, the hours that come twice or never among them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np

from amiss.batch import BoolArray, IntArray
from amiss.errors import ParameterError
from amiss.reading.resampling import Moments

OFFSET = re.compile(r"(?:UTC)?([+-])(\d{2}):?(\d{2})\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_WEEK = 7 * 86_400 * _SECOND  # no zone changes its clocks twice within one
_EARLIEST, _LATEST = -62_000_000_000 * _SECOND, 253_000_000_000 * _SECOND  # within Python's years 1 to 9999


def zone_named(name: str) -> tzinfo:
    """Return a time zone by its name or offset ("Europe/Berlin", "UTC+01:00"); UTC where it is not known here."""
    from zoneinfo import ZoneInfo

    fixed = OFFSET.match(name)
    if fixed:
        sign, hours, minutes = fixed.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead) if ahead < timedelta(days=1) else UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def check_zone(name: Any) -> None:
    """Raise where ``tz`` is neither None nor the name or offset of a time zone.

    Raises
    ------
    ParameterError
        With the names that are near.
    """
    if name is None or (isinstance(name, str) and (OFFSET.match(name) or name == "UTC")):
        return
    from zoneinfo import available_timezones

    known = sorted(available_timezones())
    if isinstance(name, str) and name in known:
        return
    near = []
    if isinstance(name, str):
        wanted = name.casefold().replace(" ", "_")
        near = [zone for zone in known if wanted and wanted in zone.casefold().split("/")][:3]
        folded = {zone.casefold(): zone for zone in known}
        near = near or [folded[n] for n in difflib.get_close_matches(wanted, list(folded), 3, 0.6)]
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise ParameterError(
        f"tz is {name!r}, and there is no such time zone. Legal: a name such as 'Europe/Berlin', an offset such as "
        f"'+01:00', 'UTC', or None.{hint}"
    )


@dataclass(frozen=True)
class Changes:
    """When a zone changed its clocks, over a span of time.

    Attributes
    ----------
    since : ndarray of shape (changes,)
        Microseconds since 1970 (UTC) of each change.
    offsets : ndarray of shape (changes + 1,)
        Microseconds the clock was ahead of UTC before the first change, and after each.
    """

    since: IntArray
    offsets: IntArray


def changes_of(zone: tzinfo, first: int, last: int) -> Changes:
    """Return the changes of a zone between two moments, in microseconds since 1970 (UTC), to the second."""
    first, last = (min(max(moment, _EARLIEST), _LATEST) for moment in (first, last))
    if isinstance(zone, timezone):
        return Changes(np.zeros(0, np.int64), np.array([_ahead(zone, first)]))
    weeks = [*range(first - _WEEK, last + _WEEK, _WEEK), last + _WEEK]
    ahead = [_ahead(zone, week) for week in weeks]
    since = [_change(zone, weeks[i - 1], weeks[i]) for i in range(1, len(weeks)) if ahead[i] != ahead[i - 1]]
    return Changes(
        np.array(since, np.int64), np.array([ahead[0], *(_ahead(zone, moment) for moment in since)])
    )


def _ahead(zone: tzinfo, moment: int) -> int:
    offset = (_EPOCH + timedelta(microseconds=moment)).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * _SECOND) if offset else 0


def _change(zone: tzinfo, low: int, high: int) -> int:
    before = _ahead(zone, low)
    while high - low > _SECOND:
        middle = (low + high) // 2
        if _ahead(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high // _SECOND * _SECOND


def on_the_wall(moments: Moments, zone: tzinfo) -> Moments:
    """Return what the clock on the wall shows at moments in UTC, shape (moments,)."""
    if not len(moments):
        return moments
    utc = moments.astype("datetime64[us]").astype(np.int64)
    changes = changes_of(zone, int(utc.min()), int(utc.max()))
    ahead = changes.offsets[np.searchsorted(changes.since, utc, side="right")]
    return np.asarray((utc + ahead).astype("datetime64[us]"))


def from_the_wall(moments: Moments, zone: tzinfo) -> tuple[Moments, BoolArray]:
    """Return the moments in UTC at which the clock on the wall shows these times, in the order of the data.

    Of an hour that comes twice, when clocks are set back, the first run of rows is the first and what stands after
    the clock was set back the second; where each time of it stands twice in the data, the first is the first. A time
    that never comes, when clocks are set forward, is read as if they had not been yet.

    Parameters
    ----------
    moments : ndarray of shape (moments,), datetime64[us]
    zone : tzinfo

    Returns
    -------
    utc : ndarray of shape (moments,), datetime64[us]
    never : ndarray of shape (moments,), bool
        True where the clock never showed that time.
    """
    wall = moments.astype("datetime64[us]").astype(np.int64)
    never = np.zeros(len(wall), bool)
    if not len(wall):
        return moments, never
    changes = changes_of(zone, int(wall.min()) - _WEEK, int(wall.max()) + _WEEK)
    before, after = changes.offsets[:-1], changes.offsets[1:]
    passed = np.searchsorted(changes.since + np.maximum(before, after), wall, side="right")
    for i in range(len(changes.since)):
        least, most = (int(changes.since[i] + end[i]) for end in (after, before))
        if least < most:
            twice = np.flatnonzero((wall >= least) & (wall < most))
            passed[twice[_second_time(wall[twice])]] = i + 1
        else:
            never |= (wall >= most) & (wall < least)
    return np.asarray((wall - changes.offsets[passed]).astype("datetime64[us]")), never


def _second_time(wall: IntArray) -> BoolArray:
    """Return which rows of an hour that comes twice belong to its second time."""
    distinct, first, count = np.unique(wall, return_index=True, return_counts=True)
    second = np.zeros(len(wall), bool)
    if len(distinct) and (count == 2).all():
        second[:] = True
        second[first] = False
    elif (back := np.flatnonzero(np.diff(wall) < 0)).size:
        second[back[0] + 1 :] = True
    return second


def local_texts(moments: Moments, zone: tzinfo | None) -> list[str]:
    """Return moments in UTC as text with the offset of the zone, or without one, as short as they allow (ISO 8601)."""
    if zone is None:
        return [str(text) for text in np.datetime_as_string(moments, unit=_unit(moments))]
    return [_local_text(moment, zone) for moment in moments.tolist()]


def _local_text(moment: Any, zone: tzinfo) -> str:
    """Return a moment in local time; in UTC beyond the years 1 to 9999, where Python has none but a whole number."""
    try:
        return str(moment.replace(tzinfo=UTC).astimezone(zone).isoformat())
    except (AttributeError, OverflowError):
        return f"{np.datetime_as_string(np.datetime64(moment, 'us'), unit='s')}+00:00"


def _unit(moments: Moments) -> Any:
    """Return the coarsest unit that tells all moments exactly."""
    for unit in ("M", "D", "m", "s"):
        if (moments == moments.astype(f"datetime64[{unit}]")).all():
            return unit
    return "us"
