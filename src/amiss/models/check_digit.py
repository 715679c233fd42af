"""Check digit: strings that break a checksum nearly all others keep."""

from __future__ import annotations

import string
from typing import ClassVar, Self

import numpy as np

from amiss.batch import BoolArray, FloatArray
from amiss.detection import Cause
from amiss.models.base import Clue, StringModel
from amiss.text.characters import Characters, Strings
from amiss.text.texts import quoted

_FEWEST = 20
_SAMPLE = 200

_LETTERS_TO_NUMBERS = str.maketrans({letter: str(i + 10) for i, letter in enumerate(string.ascii_uppercase)})
_SEPARATORS = str.maketrans("", "", " -")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True)
)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def luhn(text: str) -> bool:
    """Return whether the last digit is Luhn's check digit (ISO/IEC 7812-1, annex B).

    Examples
    --------
    >>> luhn("4111 1111 1111 1111"), luhn("4111 1111 1111 1112")
    (True, False)
    """
    text = text.translate(_SEPARATORS)
    if len(text) < 2 or not _is_digits(text):
        return False
    return (sum(map(int, text[-1::-2])) + sum(_DOUBLED[int(c)] for c in text[-2::-2])) % 10 == 0


def ean(text: str) -> bool:
    """Return whether the text is a GTIN-8, -12, -13 or -14 with its check digit (GS1 General
    Specifications)."""
    text = text.translate(_SEPARATORS)
    if len(text) not in (8, 12, 13, 14) or not _is_digits(text):
        return False
    return (sum(map(int, text[-1::-2])) + 3 * sum(map(int, text[-2::-2]))) % 10 == 0


def isbn(text: str) -> bool:
    """Return whether the text is an ISBN-10 or ISBN-13 with its check digit (ISO 2108)."""
    text = text.translate(_SEPARATORS).upper()
    if len(text) == 13:
        return text.startswith(("978", "979")) and ean(text)
    if len(text) != 10 or not _is_digits(text[:9]) or not (text[9] == "X" or _is_digits(text[9])):
        return False
    last = 10 if text[9] == "X" else int(text[9])
    return (sum((10 - i) * int(c) for i, c in enumerate(text[:9])) + last) % 11 == 0


def iban(text: str) -> bool:
    """Return whether the text is an IBAN with its check digits (ISO 13616, ISO/IEC 7064 MOD 97-10).

    Examples
    --------
    >>> iban("GB82 WEST 1234 5698 7654 32"), iban("GB82 WEST 1234 5698 7654 23")
    (True, False)
    """
    text = text.translate(_SEPARATORS).upper()
    if not (15 <= len(text) <= 34 and text.isascii() and text.isalnum()):
        return False
    if not (text[:2].isalpha() and text[2:4].isdigit()):
        return False
    return int((text[4:] + text[:4]).translate(_LETTERS_TO_NUMBERS)) % 97 == 1


def vin(text: str) -> bool:
    """Return whether the text is a vehicle identification number with its check digit (49 CFR 565.15)."""
    if len(text) != 17 or not all(c in _VIN_VALUES for c in text):
        return False
    rest = sum(w * _VIN_VALUES[c] for w, c in zip(_VIN_WEIGHTS, text, strict=True)) % 11
    return "0123456789X"[rest] == text[8]


SCHEMES = {"IBAN": iban, "ISBN": isbn, "EAN": ean, "VIN": vin, "Luhn": luhn}
"""The checksums known, the most specific first."""


class CheckDigit(StringModel):
    """Evidence that a string breaks the checksum that nearly all strings of the list keep.

    A scheme is taken where at least ``share`` of at least 20 distinct strings keep it: by chance one in
    ten or fewer would, so that at most one list in 10^15 is taken by mistake. A string that breaks it
    gets twice -log(share of rows that break it).

    Parameters
    ----------
    share : float
        Of the distinct strings.
    """

    name = "check_digit"
    legal: ClassVar[dict[str, tuple[float, float]]] = {"share": (0.5, 1)}

    share: float
    scheme_: str | None
    surprise_: float

    def __init__(self, share: float = 0.95) -> None:
        self.share = share

    def fit(self, strings: Strings, random_state: np.random.Generator) -> Self:
        """Find the scheme, if any."""
        self.scheme_, self.surprise_ = None, 0.0
        for scheme in SCHEMES:
            if len(strings) < _FEWEST or not self._mostly(scheme, _some(strings.values)):
                continue
            if self._mostly(scheme, strings.values):
                self.scheme_ = scheme
                broken = self.breaks(strings.values)
                rows = strings.weight.sum()
                least = max(float((broken * strings.weight).sum()), 1.0)
                self.surprise_ = 2.0 * float(np.log(rows / least))
                break
        return self

    def _mostly(self, scheme: str, values: list[str]) -> bool:
        return sum(map(SCHEMES[scheme], values)) >= self.share * len(values)

    def breaks(self, values: list[str]) -> FloatArray:
        """Return 1.0 for each string that breaks the scheme, 0.0 for the others and where there is none."""
        if self.scheme_ is None:
            return np.zeros(len(values))
        keeps = SCHEMES[self.scheme_]
        return np.fromiter((not keeps(value) for value in values), np.float64, len(values))

    def passes(self, values: list[str]) -> BoolArray:
        """Return whether each string keeps the scheme, shape (strings,); all do where there is none."""
        return np.asarray(self.breaks(values) == 0.0)

    def score(self, block: Characters) -> FloatArray:
        """Return the surprise of each string, shape (strings,)."""
        return self.breaks(block.values) * self.surprise_

    def clues(self, block: Characters) -> list[list[Clue]]:
        """Return the broken check of each string."""
        clues: list[list[Clue]] = []
        for value, broken in zip(block.values, self.breaks(block.values), strict=True):
            words = f"of {quoted(value)} is wrong: it fails the {self.scheme_} check, which nearly all others pass"
            cause = Cause("check digit", value, "", 0.0, words)
            clues.append([Clue(self.surprise_, None, cause)] if broken else [])
        return clues


def _some(values: list[str]) -> list[str]:
    return values[:: max(1, len(values) // _SAMPLE)]
