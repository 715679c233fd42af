"""Check digits: the five schemes against python-stdnum, and the model that recognises them."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from amiss.models.check_digit import SCHEMES, CheckDigit, vin
from amiss.text.characters import Characters, Strings

ASCII = st.characters(codec="ascii")


def likely(scheme: str) -> st.SearchStrategy[str]:
    """Return texts that look like numbers of the scheme."""
    digits = {"Luhn": (2, 19), "EAN": (7, 14), "ISBN": (9, 13)}.get(scheme)
    if digits:
        return st.text("0123456789", min_size=digits[0], max_size=digits[1])
    return st.from_regex(r"(GB|DE|NL)[0-9]{2}[A-Z]{0,4}[0-9]{10,18}", fullmatch=True)


@pytest.mark.parametrize("scheme", ["IBAN", "ISBN", "EAN", "Luhn"])
@given(data=st.data())
def test_schemes_agree_with_python_stdnum(scheme: str, data: st.DataObject) -> None:
    """On any text and on texts with any last two characters."""
    theirs = importlib.import_module(f"stdnum.{scheme.lower()}")
    text = data.draw(likely(scheme) | st.text(ASCII.filter(lambda c: c.isalnum() or c in " -"), max_size=16))
    for value in [text, *(text[:-1] + c for c in "0123456789X" if text)]:
        ours = SCHEMES[scheme](value)
        if value != value.strip(" -") or len(value.replace("-", "").replace(" ", "")) in range(10):
            # stray separators and nine-digit numbers of 1967 are read by theirs alone
            continue
        if scheme == "IBAN":
            # theirs knows the form of each country's numbers too: that is the other models' to find here
            bare = value.replace(" ", "").replace("-", "").upper()
            form = 15 <= len(bare) <= 34 and bare[:2].isalpha() and bare[2:4].isdigit()
            assert ours == (form and mod_97_10.is_valid(bare[4:] + bare[:4])), value
        else:
            assert ours == theirs.is_valid(value), value


def test_vehicle_identification_numbers() -> None:
    """The example of the standard, and one character changed."""
    assert vin("1M8GDM9AXKP042788")
    assert not vin("1M8GDM9AXKP042789")
    assert not vin("1M8GDM9AXKP04278I")


def cards(count: int, seed: int = 0) -> list[str]:
    """Return distinct numbers that pass Luhn's check."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < count:
        text = "".join(map(str, rng.integers(0, 10, 12)))
        found += [text + d for d in "0123456789" if SCHEMES["Luhn"](text + d)]
    return found


def fitted(values: list[str]) -> CheckDigit:
    return CheckDigit().fit(Strings.of(values)[0], np.random.default_rng(0))


def test_broken_checks_are_found_and_named() -> None:
    """Two of two hundred break the check: the others get nothing."""
    good = cards(198)
    broken = [value[:-1] + str((int(value[-1]) + 1) % 10) for value in cards(2, seed=1)]
    model = fitted(good + broken)
    assert model.scheme_ == "Luhn"
    score = model.score(Characters.of(good + broken))
    assert (score[:198] == 0).all()
    assert (score[198:] > 5).all()
    clue = model.clues(Characters.of(broken))[0][0]
    assert "fails the Luhn check" in str(clue.cause)


def test_chance_is_no_scheme() -> None:
    """Random numbers pass a check of one digit once in ten: none is recognised in a hundred lists."""
    rng = np.random.default_rng(0)
    lists = rng.integers(10**12, 10**13, (100, 30)).astype(str)
    assert {fitted(list(values)).scheme_ for values in lists} == {None}


def test_few_strings_prove_nothing() -> None:
    """Fewer than twenty distinct strings are not judged."""
    assert fitted(cards(19)).scheme_ is None
    assert fitted(cards(20)).scheme_ == "Luhn"


def test_the_most_specific_scheme_is_named() -> None:
    """Every ISBN-13 is an EAN too."""
    books = [f"978{i:09d}" for i in range(30)]
    books = [b + next(d for d in "0123456789" if SCHEMES["EAN"](b + d)) for b in books]
    assert fitted(books).scheme_ == "ISBN"
