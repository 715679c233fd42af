"""What kind of values a column holds, told from what is in it.

============  ==========================================================================================
numeric       numbers, as numbers or as text ("1,234", "12 %", "$3"); codes such as "007" are text
boolean       two values that mean yes and no
date          days or moments, or times of day
categorical   few values that recur
identifier    values that name the row: nearly all different
text          free text: nearly all different, of several words
constant      one value, or none
============  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray
from amiss.reading.moments import date_style
from amiss.reading.values import number_style, read_numbers

KINDS = ("numeric", "boolean", "date", "categorical", "identifier", "text", "constant")
YES_NO = {"true": "false", "yes": "no", "y": "n", "t": "f", "1": "0", "on": "off", "ja": "nein", "oui": "non"}
_ENOUGH = 0.8
_ONCE = np.ones(1)


def kind_of(distinct: Sequence[str], count: FloatArray, missing: BoolArray) -> tuple[str, str]:
    """Return the kind of a column of text and the style its numbers or dates are written in.

    Parameters
    ----------
    distinct : sequence of str
        The different texts.
    count : ndarray of shape (distinct,)
        Rows that hold each.
    missing : ndarray of shape (distinct,), bool
        Which of them stand for "no value".
    """
    real = np.flatnonzero(~missing)
    if len(real) <= 1:
        return "constant", ""
    texts, weight = [distinct[i] for i in real.tolist()], np.asarray(count, float)[real]
    if _is_yes_or_no(texts, weight):
        return "boolean", ""
    if (style := date_style(texts, weight, enough=0.95)) == "compact":
        return "date", style
    style, share = number_style(texts, weight)
    if share >= _ENOUGH:
        counter = _is_counter(*_known(read_numbers(texts, style), weight))
        return ("identifier" if counter else "numeric"), style
    dated = date_style(texts, weight)
    if dated is not None:
        return "date", dated
    return _kind_of_words(texts, weight), ""


def _is_yes_or_no(texts: list[str], weight: FloatArray) -> bool:
    total: dict[str, float] = {}
    for text, rows in zip(texts, weight, strict=True):
        word = text.casefold()
        total[word] = total.get(word, 0.0) + float(rows)
        if len(total) > 200:
            return False
    for yes, no in YES_NO.items():
        if yes in total and no in total:
            share = (total[yes] + total[no]) / float(weight.sum())
            return share >= (1.0 if yes == "1" else 0.95)
    return False


def _kind_of_words(texts: list[str], weight: FloatArray) -> str:
    rows = float(weight.sum())
    sample = texts[:2000]
    words = sum(min(len(t.split()), 20) for t in sample) / len(sample)
    if len(texts) > max(20.0, rows / 2):
        with_digit = sum(any(ch.isdigit() for ch in t) for t in sample) / len(sample)
        return "identifier" if words < 1.5 and with_digit > 0.5 else "text"
    return "text" if words > 12 and len(texts) > max(20.0, rows / 4) else "categorical"


def _known(values: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    finite = np.isfinite(values)
    return values[finite], weight[finite]


def _is_counter(values: FloatArray, weight: FloatArray) -> bool:
    """Return whether whole numbers, each once, spread evenly: they name rows and measure nothing."""
    n = len(values)
    if n < 20 or np.any(values != np.round(values)) or np.mean(weight > 1) > 0.02:
        return False
    ordered = np.sort(values)
    if np.mean(np.diff(ordered) == 0) > 0.02:
        return False
    span = ordered[-1] - ordered[0]
    if not 0 < span <= 4 * n:
        return False
    uneven = np.abs((ordered - ordered[0]) / span - np.arange(n) / (n - 1)).max()
    return float(uneven) < 0.1


def typed_kind(raw: AnyArray, boolean: bool, named: bool) -> str:
    """Return the kind of a column of moments or numbers; what has no name is measured, so no identifier."""
    if raw.dtype.kind == "M":
        real = raw[~np.isnat(raw)]
        return "constant" if not len(real) or bool((real == real[0]).all()) else "date"
    real = raw[~np.isnan(raw)]
    if not len(real) or bool((real == real[0]).all()):
        return "constant"
    if boolean:
        return "boolean"
    return "identifier" if named and len(real) == len(raw) and _is_counter(raw, _ONCE) else "numeric"
