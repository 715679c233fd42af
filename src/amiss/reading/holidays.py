"""Holidays: a list of dates, a function of the year, or a country -> days."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import numpy as np

from amiss.batch import IntArray
from amiss.errors import MissingExtraError, ParameterError

_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EVERY_YEAR = re.compile(r"(\d{2})-(\d{2})", re.ASCII)
_COUNTRY = re.compile(r"([A-Z]{2})(?:-([A-Za-z0-9]+))?", re.ASCII)
_LEGAL = (
    "Legal: a list of dates such as '2026-12-25', or '12-25' for every year; a function that returns the dates of a "
    "year; a country code such as 'DE' or 'US-CA'; or None"
)


def check_holidays(given: Any) -> None:
    """Raise where holidays are spelt in a way that is not known.

    Raises
    ------
    ParameterError
        With what stands there, and what is legal.
    MissingExtraError
        A country is named, and the package that knows its holidays is not installed.
    """
    days_of(given if not callable(given) else None, 2024, 2024)


def days_of(given: Any, first: int, last: int) -> IntArray:
    """Return the holidays as days since 1970, ascending; of those that are told by the year, from first to last.

    Parameters
    ----------
    given : list of str or date, str, callable or None
        As the parameter ``holidays`` of `SeriesDetector`.
    first, last : int
        Years.

    Raises
    ------
    ParameterError
        With what stands there, and what is legal.
    MissingExtraError
        A country is named, and the package that knows its holidays is not installed.

    Examples
    --------
    >>> days_of(["1970-01-02", "01-06"], 1970, 1971).tolist()
    [1, 5, 370]
    """
    years = range(max(first, date.min.year), min(last, date.max.year) + 1)
    found: list[int] = []
    for one in _entries(given, years):
        if isinstance(one, str) and (yearly := _EVERY_YEAR.fullmatch(one)):
            found += _every_year(one, int(yearly[1]), int(yearly[2]), years)
        else:
            found.append(_day(one))
    return np.unique(np.array(found, np.int64))


def _entries(given: Any, years: range) -> Iterable[Any]:
    if given is None:
        return []
    if callable(given):
        return [one for year in years for one in given(year)]
    if isinstance(given, str):
        if country := _COUNTRY.fullmatch(given):
            return _of_country(given, country[1], country[2], years)
        given = given.split(",")
    if not isinstance(given, Iterable):
        raise ParameterError(f"holidays is {given!r}. {_LEGAL}.")
    return [one.strip() if isinstance(one, str) else one for one in given]


def _of_country(given: str, country: str, part: str | None, years: range) -> Iterable[Any]:
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError.of(f"holidays={given!r}", "the package holidays", "holidays") from error
    try:
        return list(holidays.country_holidays(country, subdiv=part, years=list(years)))
    except NotImplementedError as error:
        raise ParameterError(
            f"holidays is {given!r}, a country or a part of one that the package holidays does not know. {_LEGAL}."
        ) from error


def _every_year(text: str, month: int, day: int, years: range) -> list[int]:
    try:
        date(2024, month, day)
    except ValueError as error:
        raise ParameterError(f"holidays holds {text!r}, which is no day of a year. {_LEGAL}.") from error
    leap = (month, day) == (2, 29)
    return [date(y, month, day).toordinal() - _EPOCH for y in years if not leap or _is_leap(y)]


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _day(one: Any) -> int:
    """Return a date as days since 1970."""
    if isinstance(one, np.datetime64) and not np.isnat(one):
        return int(one.astype("datetime64[D]").astype(np.int64))
    if isinstance(one, datetime | date) and one == one:
        return one.toordinal() - _EPOCH
    try:
        if isinstance(one, str) and _DATE.match(one):
            return datetime.fromisoformat(one).toordinal() - _EPOCH
    except ValueError:
        pass
    raise ParameterError(f"holidays holds {one!r}, which is no date. {_LEGAL}.")


def texts_of(days: IntArray) -> list[str]:
    """Return days since 1970 as dates (ISO 8601).

    Examples
    --------
    >>> texts_of(np.array([0, 20000]))
    ['1970-01-01', '2024-10-04']
    """
    return [str(text) for text in days.astype("datetime64[D]")]
