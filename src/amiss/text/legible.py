"""Any text made safe and legible on a page: escaped, cut to a length, what cannot be seen written out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from amiss.batch import FloatArray

LEVELS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Surprise from which a cell or character takes each of the five colours; 1.0 is where abnormal starts."""

_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def level(surprise: float) -> int:
    """Return the colour of a cell, 0 (as usual) to 5; 2 and above are abnormal."""
    return sum(surprise >= step for step in LEVELS)


def visible(character: str) -> Markup:
    """Return one character as markup; one that cannot be seen as an escape such as ``\\u202e``."""
    if character.isprintable():
        return escape(character)
    return Markup("<i>{}</i>").format(written_out(character))


def written_out(text: str) -> str:
    """Return ``text`` as plain text with each character that cannot be seen as an escape.

    Examples
    --------
    >>> print(written_out("tab\\tand \\u202e"))
    tab\\tand \\u202e
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _NAMED.get(c) or _code(ord(c)) for c in text)


def _code(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def legible(text: object, limit: int = 160) -> Markup:
    """Return ``text`` as markup, at most ``limit`` characters of it and a note of what was left out.

    Examples
    --------
    >>> legible("<b>\\u202e")
    Markup('&lt;b&gt;<i>\\\\u202e</i>')
    >>> legible("x" * 1000, limit=3)
    Markup('xxx<small>… 997 characters more</small>')
    """
    text = str(text)
    head = text if len(text) <= limit else text[:limit]
    body = escape(head) if head.isprintable() else Markup().join(map(visible, head))
    return body + _left_out(len(text) - len(head), "more")


def cell(text: str, limit: int = 60) -> Markup:
    """Return the text of a cell as markup; an empty one and spaces alone are named."""
    if not text:
        return Markup("<em>empty</em>")
    return (
        legible(text, limit) if text.strip(" ") else Markup("<i>{}</i>").format("␣" * min(len(text), limit))
    )


def coloured(text: str, surprise: Sequence[float] | FloatArray, limit: int = 160) -> Markup:
    """Return ``text`` as markup with each character marked by how surprising it is.

    Of a long text the part about its most surprising character is shown.

    Parameters
    ----------
    text : str
    surprise : sequence of float, one a character
        1.0 is where a character starts to be abnormal; missing ones count as 0.
    limit : int
        How many characters are shown.
    """
    levels = np.zeros(len(text), dtype=np.int64)
    known = np.asarray(surprise, dtype=np.float64)[: len(text)]
    levels[: len(known)] = np.searchsorted(LEVELS, known, side="right")
    start = 0
    if len(text) > limit:
        start = min(max(0, int(levels.argmax()) - limit // 2), len(text) - limit)
    shown = zip(text[start : start + limit], levels[start : start + limit].tolist(), strict=True)
    runs = [_run(at, [c for c, _ in run]) for at, run in itertools.groupby(shown, key=lambda pair: pair[1])]
    after = _left_out(len(text) - start - limit, "more")
    return _left_out(start, "before") + Markup().join(runs) + after


def _run(at: int, characters: list[str]) -> Markup:
    if at == 0:
        return Markup().join(map(visible, characters))
    inner = Markup().join(Markup("<i>␣</i>") if c == " " else visible(c) for c in characters)
    return Markup('<mark class="s{}">{}</mark>').format(at, inner)


def _left_out(count: int, where: str) -> Markup:
    if count <= 0:
        return Markup()
    dots = ("… {:,} character{} {}" if where == "more" else "{:,} character{} {} …").format(
        count, "s" * (count != 1), where
    )
    return Markup("<small>{}</small>").format(dots)


def number(value: float) -> str:
    """Return a number as a person writes it: at most four digits that count, thousands parted.

    Examples
    --------
    >>> number(1234567.0), number(0.000123456), number(3.14159)
    ('1,234,567', '0.0001235', '3.142')
    """
    if value != value or abs(value) == float("inf"):
        return str(value)
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-6:
        return f"{value:.3g}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 3 if value == 0 else max(0, 3 - _exponent(value))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2])


def chance(p_value: float) -> str:
    """Return a p-value in words: "p 0.0004", "p below 0.0001"."""
    return "p below 0.0001" if p_value < 1e-4 else f"p {p_value:.2g}"
