"""Dates and times written as text -> seconds since 1970."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from amiss.batch import FloatArray

DAY = 86_400.0
_ENOUGH = 0.8
_SAMPLE = 4_000

_MONTHS = {
    m: i + 1
    for i, m in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    )
}
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d+))?)?\s*(?P<half>[AaPp][Mm])?"
_HOUR = _CLOCK.replace(r":(?P<M>\d{2})", r"(?::(?P<M>\d{2})").replace(r"\d+))?)?\s*", r"\d+))?)?)?\s*")
_HOURS_AHEAD = {
    name: hours
    for hours, names in (
        (-8, "PST"),
        (-7, "PDT"),
        (-5, "EST"),
        (-4, "EDT"),
        (0, "UTC GMT WET"),
        (1, "WEST CET MEZ"),
        (2, "CEST MESZ EET"),
        (3, "EEST MSK"),
        (9, "JST"),
    )
    for name in names.split()
}  # that mean one thing wherever they stand: IST, BST, CST and MST do not
_ZONE = rf"(?P<zone>Z|[+-]\d{{2}}(?::?\d{{2}})?|{'|'.join(_HOURS_AHEAD)})(?:\s*[\[(][\w/+-]+[\])])?"
_TIME = rf"(?:(?:[T\s]+|:){_HOUR}\s*(?:{_ZONE})?)?\Z"
_WEEKDAY = r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*\.?,?\s+)?"
_DATE_STYLES = {
    "ymd": re.compile(r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})" + _TIME, re.ASCII),
    "mdy": re.compile(r"(?P<m>\d{1,2})(?P<s>[-/.])(?P<d>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})" + _TIME, re.ASCII),
    "dmy": re.compile(r"(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})" + _TIME, re.ASCII),
    "dby": re.compile(
        _WEEKDAY + r"(?P<d>\d{1,2})[-/\s](?P<b>[A-Za-z]{3})[a-z]*[-/,\s]+(?P<y>\d{4}|\d{2})" + _TIME, re.ASCII
    ),
    "bdy": re.compile(
        _WEEKDAY + r"(?P<b>[A-Za-z]{3})[a-z]*\.?\s+(?P<d>\d{1,2}),?\s+(?P<y>\d{4})" + _TIME, re.ASCII
    ),
    "bdty": re.compile(
        _WEEKDAY + rf"(?P<b>[A-Za-z]{{3}})\s+(?P<d>\d{{1,2}})\s+{_CLOCK}\s*(?:{_ZONE}\s+)?(?P<y>\d{{4}})\Z",
        re.ASCII,
    ),
    "ym": re.compile(r"(?P<y>\d{4})[-/](?P<m>\d{2})\Z", re.ASCII),
    "compact": re.compile(
        r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?:T?(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})(?P<zone>Z)?)?\Z",
        re.ASCII,
    ),
    "clock": re.compile(_CLOCK + r"\Z", re.ASCII),
    "week": re.compile(r"(?P<y>\d{4})-?W(?P<w>\d{2})(?:-?(?P<wd>[1-7]))?\Z", re.ASCII),
    "quarter": re.compile(r"(?P<y>\d{4})[-\s]?Q(?P<q>[1-4])\Z", re.ASCII),
}
OF_A_SERIES = ("week", "quarter")
"""Styles that are dates where a column is known to hold times; in a table they are as well names of things."""
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?)(Z|[+-]\d{2}:\d{2})?\Z", re.ASCII
)
_EPOCH = datetime(1970, 1, 1)


def read_date(text: str, style: str) -> float:
    """Return the seconds since 1970 (UTC where an offset is written), NaN where the text is no such date.

    Parameters
    ----------
    text : str
    style : str
        "ymd", "mdy", "dmy", "dby" (5 Jan 2020), "bdy" (January 5, 2020), "bdty" (Jan 5 13:05:00 2020), "ym",
        "compact" (20200105), "week" (2020-W05, its Monday), "quarter" (2020-Q1), or "clock" (13:05), whose seconds
        count from midnight.

    Examples
    --------
    >>> read_date("1970-01-02 00:00:10", "ymd"), read_date("31/02/1970", "dmy")
    (86410.0, nan)
    """
    match = _DATE_STYLES[style].match(text.strip())
    if match is None:
        return math.nan
    part = match.groupdict()
    try:
        if part.get("H") and not (part["M"] or part["half"] or style == "ymd"):
            return math.nan  # a number behind a date
        clock = _clock_of(part)
        return clock if style == "clock" else _midnight_of(part) + clock - _offset_of(part.get("zone"))
    except (ValueError, KeyError):
        return math.nan


def _clock_of(part: dict[str, str | None]) -> float:
    hour, minute, second = (int(part.get(k) or 0) for k in "HMS")
    half = part.get("half")
    if half and not 1 <= hour <= 12:
        raise ValueError("no such hour")
    if half:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("no such time")
    fraction = float("0." + part["f"]) if part.get("f") else 0.0  # type: ignore[operator]
    return hour * 3600.0 + minute * 60.0 + second + fraction


def _midnight_of(part: dict[str, str | None]) -> float:
    year = int(part["y"])  # type: ignore[arg-type]
    if len(part["y"]) == 2:  # type: ignore[arg-type]
        year += 2000 if year < 70 else 1900
    if part.get("w"):
        day = datetime.fromisocalendar(year, int(part["w"]), int(part["wd"] or 1))  # type: ignore[arg-type]
        return (day - _EPOCH).days * DAY
    if part.get("q"):
        part = {**part, "m": str(3 * int(part["q"]) - 2)}  # type: ignore[arg-type]
    named = part.get("b")
    month = _MONTHS[named.lower()] if named else int(part["m"])  # type: ignore[arg-type]
    return (datetime(year, month, int(part.get("d") or 1)) - _EPOCH).days * DAY


def _offset_of(zone: str | None) -> float:
    if not zone or zone[0] not in "+-":
        return _HOURS_AHEAD.get(zone or "", 0) * 3600.0
    minutes = int(zone[-2:]) if len(zone) > 3 else 0
    return (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 3600.0 + minutes * 60.0)


def date_style(texts: Sequence[str], weight: FloatArray | None = None, enough: float = _ENOUGH) -> str | None:
    """Return how the dates in ``texts`` are written, None where fewer than ``enough`` are of one style."""
    styles = date_styles(texts, weight, enough, tuple(s for s in _DATE_STYLES if s not in OF_A_SERIES))
    return styles[0] if styles else None


def date_styles(
    texts: Sequence[str],
    weight: FloatArray | None = None,
    enough: float = _ENOUGH,
    among: Sequence[str] = tuple(_DATE_STYLES),
) -> list[str]:
    """Return the styles in which most of ``texts`` are dates: several where the order of day and month is not told.

    Parameters
    ----------
    texts : sequence of str
    weight : ndarray of shape (texts,), optional
        How often each occurs; once each where None.
    enough : float
        The least share of ``texts``.
    among : sequence of str
        The styles looked at; of those that read as many, the first stands first.
    """
    if not len(texts):
        return []
    pick = spread(len(texts))
    sample = [texts[i].strip() for i in pick]
    counts = np.ones(len(pick)) if weight is None else np.asarray(weight, float)[pick]
    best, found = enough, list[str]()
    for style in among:
        pattern, probe = _DATE_STYLES[style], sample[:200]
        if sum(pattern.match(t) is not None for t in probe) < 0.5 * len(probe):
            continue
        read = np.fromiter((not math.isnan(read_date(t, style)) for t in sample), bool, len(sample))
        share = float(counts[read].sum() / counts.sum())
        if share >= best:
            found = [*found, style] if found and share == best else [style]
            best = share
    return found


def read_dates(texts: Sequence[str | None], style: str) -> FloatArray:
    """Return the seconds since 1970 of each text, NaN where it is no date of that style, shape (texts,)."""
    iso = [_ISO.match(t) if t is not None else None for t in texts] if style == "ymd" else []
    if iso and all(iso) and len({match[2] for match in iso if match}) == 1:
        try:
            plain = np.array([match[1] for match in iso if match], "datetime64[us]")
            return np.asarray(plain.astype(np.int64) / 1e6 - _offset_of(iso[0] and iso[0][2]))
        except ValueError:
            pass  # a day that does not exist: read one by one, so that only that one is lost
    return np.array([math.nan if t is None else read_date(t, style) for t in texts], np.float64)


def has_zone(text: str, style: str) -> bool:
    """Return whether a date names its offset from UTC."""
    match = _DATE_STYLES[style].match(text.strip())
    return match is not None and bool(match.groupdict().get("zone"))


def spread(count: int) -> NDArray[np.int64]:
    """Return positions of at most `_SAMPLE` of ``count`` items, evenly spread."""
    return np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.int64)
