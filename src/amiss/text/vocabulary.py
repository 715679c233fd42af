"""Vocabulary: the symbols of a network that reads strings, one a frequent character, one a class of the others."""

from __future__ import annotations

import unicodedata

import numpy as np

from amiss.batch import AnyArray, IntArray
from amiss.part import Stored
from amiss.text.characters import DIGIT, LETTER, LOWER, MARK, UPPER, Characters, Strings
from amiss.text.likely import in_words
from amiss.text.patterns import class_in_words

_MOST, _FEWEST_ROWS, _LEAST_SHARE = 250, 2, 2e-4
_CLASSES = (UPPER, LOWER, DIGIT, LETTER, MARK)
_PUNCTUATION, _SIGN, _OTHER = len(_CLASSES), len(_CLASSES) + 1, len(_CLASSES) + 2
_OTHER_WORDS = ("a punctuation mark", "a symbol", "another character")
RARE = len(_CLASSES) + len(_OTHER_WORDS)
"""Symbols below this one stand for a class of rare characters; from it on each stands for one character."""
_SURE = 0.8


class Vocabulary(Stored):
    """Characters that are frequent enough to be symbols of their own, and eight classes for all others.

    Symbols are numbered from 0: the classes, then the characters by code point.

    Parameters
    ----------
    alphabet : ndarray of shape (characters,), integers
        The code points of the frequent characters, ascending.
    """

    alphabet: IntArray

    def __init__(self, alphabet: IntArray) -> None:
        self.alphabet = alphabet

    @classmethod
    def of(cls, strings: Strings, most: int = _MOST) -> Vocabulary:
        """Return the vocabulary of a list: at most ``most`` characters, each in at least 2 rows and 0.02 % of them.

        Examples
        --------
        >>> Vocabulary.of(Strings.of(["a-1", "a-2", "b-1"])[0]).alphabet
        array([45, 49, 97])
        """
        known: AnyArray = np.zeros(0, np.int64)
        rows: AnyArray = np.zeros(0)
        for place, block in strings.blocks():
            pairs = np.sort(block.text.symbol * len(block) + block.text.item)
            symbol, item = np.divmod(pairs[np.diff(pairs, prepend=-1) > 0], len(block))
            both, where = np.unique(np.concatenate([known, symbol]), return_inverse=True)
            weight = np.concatenate([rows, strings.weight[place][item]])
            known, rows = both, np.bincount(where, weight, minlength=len(both))
        least = max(_FEWEST_ROWS, _LEAST_SHARE * float(strings.weight.sum()))
        if strings.weight.sum() < _FEWEST_ROWS:
            least = 0
        often = np.argsort(-rows, kind="stable")[:most]
        return cls(np.sort(known[often[rows[often] >= least]]))

    def __len__(self) -> int:
        return RARE + len(self.alphabet)

    def symbols(self, block: Characters) -> IntArray:
        """Return the symbol of each character of a block, end to end, shape (characters,)."""
        code = block.text.symbol
        distinct, where = np.unique(code, return_inverse=True)
        place = np.minimum(np.searchsorted(self.alphabet, distinct), max(len(self.alphabet) - 1, 0))
        found = RARE + place
        own = self.alphabet[place] == distinct if len(self.alphabet) else np.zeros(len(distinct), bool)
        for i in np.flatnonzero(~own).tolist():
            found[i] = _class_of(chr(int(distinct[i])))
        return np.asarray(found[where], np.int64)

    def expected(self, shares: AnyArray, seen: str = "") -> str:
        """Return in words what stands at a place, given the share of each symbol.

        Parameters
        ----------
        shares : ndarray of shape (symbols,)
        seen : str
            What stood there instead.
        """
        rare = int(np.argmax(shares[:RARE]))
        if shares[rare] >= _SURE * shares.sum():
            if rare < len(_CLASSES):
                return class_in_words(_CLASSES[rare])
            return _OTHER_WORDS[rare - len(_CLASSES)]
        frequent = shares[RARE:] / max(float(shares[RARE:].sum()), 1e-300)
        order = np.argsort(-frequent, kind="stable").tolist()
        return in_words({chr(int(self.alphabet[i])): float(frequent[i]) for i in order}, seen)


def _class_of(character: str) -> int:
    """Return the place of a rare character's class."""
    category = unicodedata.category(character)
    named = {"Lu": UPPER, "Ll": LOWER, "Nd": DIGIT}.get(category)
    named = named or {"L": LETTER, "M": MARK}.get(category[0])
    if named is not None:
        return _CLASSES.index(named)
    return {"P": _PUNCTUATION, "S": _SIGN}.get(category[0], _OTHER)
