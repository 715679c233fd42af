"""Expressions: the regular expression of texts that stand in one place of many strings."""

from __future__ import annotations

from collections import Counter

from amiss.text.characters import DIGIT, LOWER, MARK, UPPER, character_class

_ENOUGH = 20
_RARE = 0.01
_ALTERNATIVES = 6
_NUMBERS = 3
_RANGES = (("0-9", DIGIT), ("A-Z", UPPER), ("a-z", LOWER))
_SPECIAL = set(".^$*+?{}[]\\|()")


def usual(texts: Counter[str]) -> Counter[str]:
    """Return the texts without lengths and characters that few rows have, so that slips do not widen a
    pattern."""
    total = texts.total()
    least = _RARE * total if total >= _ENOUGH else 0.0
    lengths, characters = Counter[int](), Counter[str]()
    for text, rows in texts.items():
        lengths[len(text)] += rows
        for character in set(text):
            characters[character] += rows
    kept = Counter(
        {
            text: rows
            for text, rows in texts.items()
            if lengths[len(text)] > least and all(characters[c] > least for c in text)
        }
    )
    return kept or texts


def alternatives(texts: Counter[str]) -> str:
    """Return the expression of a constant or of a few texts, empty where there are many."""
    total = texts.total()
    often = sorted(text for text, rows in texts.most_common(_ALTERNATIVES + 1) if rows >= _RARE * total)
    if not often or len(often) > _ALTERNATIVES or sum(texts[text] for text in often) < 0.99 * total:
        return ""
    if len(often) == 1:
        return _escaped(often[0])
    if total < _ENOUGH or (any(text.isdigit() for text in often) and len(often) > _NUMBERS):
        return ""
    if all(len(text) == 1 for text in often):
        return f"[{''.join(map(_escaped, often))}]"
    return f"(?:{'|'.join(map(_escaped, often))})"


def run_expression(texts: Counter[str]) -> str:
    """Return the expression of one run: a constant, a few alternatives, or a set with its lengths."""
    few = alternatives(texts)
    if few:
        return few
    texts = usual(texts)
    lengths = {len(text) for text in texts}
    times = ",".join(str(n) for n in sorted({min(lengths), max(lengths)}))
    return _set(set("".join(texts))) + (f"{{{times}}}" if times != "1" else "")


def _set(characters: set[str]) -> str:
    """Return the set of an expression that holds the characters."""
    if len(characters) == 1:
        return _escaped(*characters)
    if len(characters) <= 3:
        return f"[{''.join(map(_escaped, sorted(characters)))}]"
    for hexadecimal, name in (("0123456789abcdef", "[0-9a-f]"), ("0123456789ABCDEF", "[0-9A-F]")):
        if len(characters) > 10 and characters <= set(hexadecimal):
            return name
    classes = {character_class(c) for c in characters}
    marks = "".join(sorted(c for c in characters if character_class(c) == MARK))
    if all(c.isascii() for c in characters):
        return "[" + "".join(name for name, kind in _RANGES if kind in classes) + "]"
    return f"[\\w{marks}]" if DIGIT in classes or marks else "[^\\W\\d_]"


def _escaped(text: str) -> str:
    """Return text as an expression that matches it: spaces stay readable, what cannot be seen is escaped."""
    return "".join("\\" + c if c in _SPECIAL else c if c.isprintable() else _unseen(c) for c in text)


def _unseen(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
