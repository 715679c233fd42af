"""The most surprising character of a string as something to blame: where, what, what was expected."""

from __future__ import annotations

from amiss.detection import Cause
from amiss.models.base import Clue
from amiss.text.texts import named, quoted


def worst_character(text: str, place: int, expected: str, strength: float, read: int) -> Clue:
    """Return the clue about one character, or about the end of the string.

    Parameters
    ----------
    text : str
    place : int
        From 0; the length of the text stands for its end.
    expected : str
        In words.
    strength : float
        Part of the string's score, nats.
    read : int
        So many characters of a string are read.
    """
    if place >= read:
        cause = Cause("end", "", "", 0.0, f"only the first {read} characters are read")
    elif place == len(text):
        cause = Cause("end", "", expected, 0.0, f"the string ends after {quoted(text[-5:])}, unusually")
    else:
        seen = text[place]
        cause = Cause(f"position {place + 1}", seen, expected, 0.0, f"{named(seen)}, expected {expected}")
    return Clue(strength, (place, place), cause, clarity=1)
