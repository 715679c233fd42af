"""Text of one cell -> number, date or missing.

A column of text is read in one *style*: how its numbers or dates are written ("." and "%", or
year-month-day). The style is found on all of its values together, since "1,234" and "03/04/2020" mean nothing
definite alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from amiss.batch import BoolArray, FloatArray
from amiss.reading.moments import date_style, has_zone, read_dates, spread

MISSING_TOKENS = frozenset(
    [
        "",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "nan",
        "-nan",
        "null",
        "(null)",
        "<null>",
        "#null!",
        "none",
        "nil",
    ]
).union(["<na>", "nat", "-", "--", "---", "?", ".", "\\n", "#div/0!", "#value!"])
"""Texts that stand for "no value", compared without case and outer blanks."""


_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", re.ASCII)
_NUMBER = re.compile(
    r"""(?P<open>\()?\s*(?P<sign>[+\-−])?\s*(?P<before>[$€£¥₹]|[A-Z]{3}\s)?\s*(?P<late_sign>[+\-−])?
    (?P<digits>\d+(?:[.,'\u00a0\u202f ]\d{3})*(?:[.,]\d+)?(?:[eE][+-]?\d+)?|[.,]\d+(?:[eE][+-]?\d+)?|\d+[.,])
    \s*(?P<after>%|‰|[$€£¥₹]|\s[A-Z]{3})?(?P<close>\))?\Z""",
    re.VERBOSE | re.ASCII,
)
_THOUSANDS = {
    ".": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z"),
    ",": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?\Z"),
}
_THIN_MARKS = re.compile("['\u00a0\u202f ]")


def is_missing(text: str | None, more: Iterable[str] = ()) -> bool:
    """Return whether ``text`` stands for "no value": None, one of `MISSING_TOKENS`, or one of ``more``."""
    if text is None:
        return True
    bare = text.strip().casefold()
    return bare in MISSING_TOKENS or bare in more


def are_missing(distinct: Sequence[str], more: Iterable[str] = ()) -> BoolArray:
    """Return for each text, outer blanks taken off, whether it stands for "no value", shape (texts,)."""
    tokens = MISSING_TOKENS.union(more)
    longest = max(map(len, tokens))
    return np.array([len(t) <= longest and t.casefold() in tokens for t in distinct], bool)


# ---------------------------------------------------------------- numbers
def read_number(text: str, style: str = ".") -> tuple[float, str]:
    """Read one number.

    Parameters
    ----------
    text : str
    style : str
        The decimal mark, "." or ",", and after it the unit allowed beside plain numbers ("%", "$", "EUR").

    Returns
    -------
    value : float
        NaN where the text is no number of that style. A percentage keeps its figure: "12 %" is 12.
    unit : str
        The unit that stands in the text; empty for a plain number.

    Examples
    --------
    >>> read_number("1,234.5"), read_number("(3 %)", ".%"), read_number("1.234,5", ",")
    ((1234.5, ''), (-3.0, '%'), (1234.5, ''))
    """
    value, unit = _any_number(text.strip(), style[0])
    return (value, unit) if unit in ("", style[1:]) else (math.nan, "")


def _any_number(text: str, decimal: str) -> tuple[float, str]:
    if _PLAIN.match(text) and (decimal == "." or "." not in text):
        return float(text), ""
    match = _NUMBER.match(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return math.nan, ""
    if match["sign"] and match["late_sign"]:
        return math.nan, ""
    digits = match["digits"]
    thousands = "," if decimal == "." else "."
    if thousands in digits and not _THOUSANDS[decimal].match(digits):
        return math.nan, ""
    digits = _THIN_MARKS.sub("", digits.replace(thousands, "").replace(decimal, "."))
    if digits.count(".") > 1:
        return math.nan, ""
    negative = bool(match["open"]) or not {match["sign"], match["late_sign"]}.isdisjoint("-−")
    unit = ((match["before"] or "") + (match["after"] or "")).strip()
    return (-float(digits) if negative else float(digits)), unit


def number_style(texts: Sequence[str], weight: FloatArray | None = None) -> tuple[str, float]:
    """Return how the numbers among ``texts`` are written, and the share of ``texts`` that are such numbers.

    Codes are not numbers: where leading zeros occur ("007"), or whole numbers of more than 15 digits, the
    share is 0.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts, none of them missing.
    weight : ndarray of shape (texts,)
        How often each occurs; once each where None.
    """
    if not len(texts):
        return ".", 0.0
    pick = spread(len(texts))
    sample = [texts[i].strip() for i in pick]
    counts = np.ones(len(pick)) if weight is None else np.asarray(weight, float)[pick]
    total = float(counts.sum())
    code = np.fromiter((t.isdigit() and (len(t) > 15 or (t[0] == "0" and len(t) > 1)) for t in sample), bool)
    if counts[code].sum() >= 0.01 * total:
        return ".", 0.0
    best = (".", 0.0)
    for decimal in (".", ","):
        style, share = _style_with(sample, counts / total, decimal)
        if share > best[1] + 1e-9:
            best = (style, share)
        if share > 0.999:
            break
    return best


def _style_with(sample: list[str], share: FloatArray, decimal: str) -> tuple[str, float]:
    by_unit: dict[str, float] = {}
    for text, part in zip(sample, share, strict=True):
        value, unit = _any_number(text, decimal)
        if not math.isnan(value):
            by_unit[unit] = by_unit.get(unit, 0.0) + float(part)
    unit = max((u for u in by_unit if u), key=lambda u: by_unit[u], default="")
    return decimal + unit, by_unit.get("", 0.0) + (by_unit.get(unit, 0.0) if unit else 0.0)


def read_numbers(texts: Sequence[str | None], style: str = ".") -> FloatArray:
    """Return the number in each text, NaN where there is none of that style, shape (texts,)."""
    if style == ".":
        fast = _plain_numbers(texts)
        if fast is not None:
            return fast
    out = np.full(len(texts), np.nan)
    grouped = _THOUSANDS["."].match if style == "." else lambda text: None
    for i, text in enumerate(texts):
        if text is not None:
            out[i] = float(text.replace(",", "")) if grouped(text) else read_number(text, style)[0]
    return out


def _plain_numbers(texts: Sequence[str | None]) -> FloatArray | None:
    """Return the numbers where all are plain, in one go; None where they are not."""
    try:
        out = np.fromiter(map(float, texts), np.float64, len(texts))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    whole = "".join(texts)  # type: ignore[arg-type]
    return out if np.isfinite(out).all() and whole.isascii() and "_" not in whole else None


def numbers(texts: Sequence[str | None]) -> tuple[FloatArray, BoolArray]:
    """Read numbers written as text, in the style that fits most of them.

    Parameters
    ----------
    texts : sequence of str or None

    Returns
    -------
    values : ndarray of shape (texts,)
        NaN where a text is no number.
    is_number : ndarray of shape (texts,), bool

    Examples
    --------
    >>> numbers(["1,200", "n/a", "75"])[0]
    array([1200.,   nan,   75.])
    """
    real = [t for t in texts if t is not None and not is_missing(t)]
    out = read_numbers(texts, number_style(real)[0])
    return out, np.isfinite(out)


# ---------------------------------------------------------------- dates
def dates(texts: Sequence[str | None]) -> tuple[NDArray[np.datetime64], BoolArray, str | None]:
    """Read dates written as text, in the style that fits most of them.

    Parameters
    ----------
    texts : sequence of str or None

    Returns
    -------
    moments : ndarray of shape (texts,), datetime64[us]
        UTC where a text names its offset, else as written; NaT where a text is no date.
    is_date : ndarray of shape (texts,), bool
        All False where fewer than 8 in 10 texts are dates of one style.
    timezone : str or None
        "UTC" where offsets were written, else None.

    Examples
    --------
    >>> dates(["03/25/2020", "04/01/2020 1:30 PM"])[0]
    array(['2020-03-25T00:00:00.000000', '2020-04-01T13:30:00.000000'], dtype='datetime64[us]')
    """
    real = [t for t in texts if t is not None and not is_missing(t)]
    style = date_style(real)
    if style is None or style == "clock":
        return np.full(len(texts), np.datetime64("NaT", "us")), np.zeros(len(texts), bool), None
    seconds = read_dates(texts, style)
    found = np.isfinite(seconds)
    moments = np.full(len(texts), np.datetime64("NaT", "us"))
    moments[found] = (np.round(seconds[found] * 1e6)).astype(np.int64).astype("datetime64[us]")
    zone = any(has_zone(t, style) for t in real[:1000])
    return moments, found, "UTC" if zone else None
