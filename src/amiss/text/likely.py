"""Likely characters in words."""

from __future__ import annotations

from amiss.text.characters import character_class
from amiss.text.patterns import class_in_words
from amiss.text.texts import quoted

_SURE = 0.8


def in_words(likely: dict[str, float], seen: str = "") -> str:
    """Return likely characters in words: one, a class other than that of what was seen, or a few.

    Examples
    --------
    >>> in_words({"7": 0.4, "3": 0.35, "-": 0.2, "x": 0.05})
    '"7", "3" or "-"'
    >>> in_words({"7": 0.5, "3": 0.48, "x": 0.02})
    'a digit'
    """
    likely = {character: share for character, share in likely.items() if character != seen}
    if not likely:
        return "another character"
    first = next(iter(likely))
    if likely[first] >= _SURE:
        return quoted(first)
    shares: dict[int, float] = {}
    for character, share in likely.items():
        shares[character_class(character)] = shares.get(character_class(character), 0.0) + share
    best = max(shares, key=lambda kind: shares[kind])
    if shares[best] >= _SURE and not (seen and character_class(seen) == best):
        return class_in_words(best)
    few = [quoted(character) for character in list(likely)[:3]]
    return " or ".join([", ".join(few[:-1]), few[-1]] if len(few) > 1 else few)
