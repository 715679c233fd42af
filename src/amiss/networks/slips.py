"""Slips: the one change of a string that a cloze network finds likeliest, and which character is to blame.

A slip is a character replaced, one too many, one missing, two swapped, or an end that came too early. How likely each
is: how likely the string would be without it, times how likely the slip makes what was seen. Where the string fails a
check that nearly all others pass, such as a check digit, a change that mends the check is far likelier than another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.networks.cloze_net import FIRST, ClozeNet, Ribbon
from amiss.networks.rows import Float32Array

_SUSPECTS = 8  # characters that are looked at closely
_LIKELY = 2  # symbols tried at a place
_GAP = 2.0  # nats that a place between characters has to be better by to be a suspect
_TWICE = 2.0  # nats for a character too many beside its like: a key hit twice
_SWAP, _CUT = -3.5, -1.0  # nats: rarer than the other slips
_ODD = -4.0  # nats: what no slip mends is blamed on the most surprising character
_LEAST = 1e-30  # of a share: all others may be 0
_FAILED = -5.0  # nats: of a change after which the string still fails the check
_BESIDE = 0.5  # of a character's blame goes to each neighbour

Passes = Callable[[str, int], BoolArray]
"""Kind of slip and place -> whether the string passes the check without it: shape (symbols,), one for each symbol that
may have stood there, or (1,) where none is put in."""


@dataclass(frozen=True)
class Slip:
    """One change of a string.

    Attributes
    ----------
    kind : str
        "replace", "extra", "missing" (before the place), "swap" (with the next), "cut" (an end came too early).
    place : int
        The character, from 0; the length of the string stands for its end.
    shares : ndarray of shape (symbols,)
        How likely each symbol is there given both sides.
    """

    kind: str
    place: int
    shares: Float32Array


def likeliest_slip(
    net: ClozeNet, weights: Float32Array, symbol: IntArray, passes: Passes | None = None
) -> tuple[Slip, int]:
    """Return the likeliest slip of a string and the place of the character to blame, from 0.

    Parameters
    ----------
    net : ClozeNet
    weights : ndarray of shape (size,), float32
    symbol : ndarray of shape (rows,), integers
        The string between START and END, at least one character long.
    passes : callable, optional
        Which changes make a string pass that fails a check as it stands.
    """
    search = _Search(net, weights, symbol, passes)
    search.extra()
    search.replaced()
    search.missing()
    search.swapped()
    search.cut()
    search.odd()
    return search.best()


class _Search:
    """Slips of one string with the logarithm of how likely each is, up to what all share."""

    def __init__(self, net: ClozeNet, weights: Float32Array, symbol: IntArray, passes: Passes | None) -> None:
        self.net, self.weights, self.symbol, self.passes = net, weights, symbol, passes
        self.count = len(symbol) - 2
        ribbon = _ribbon([symbol])
        surprise, entropy = net.evidence(weights, ribbon)
        judged = ribbon.judged[:, : len(symbol)]
        self.excess = np.where(judged, surprise[:, : len(symbol)] - entropy[:, : len(symbol)], 0.0)
        self.surprise = np.maximum(self.excess[:2, 1:-1].sum(axis=0) / 2, 0.0)  # of each character
        self.usual = self._likelihood([symbol])[0]
        self.suspects = self._suspects()
        self.gaps = np.unique(np.concatenate([self.suspects, self.suspects + 1]))
        self.wrong = float(np.log(max(net.symbols - FIRST, 2)))  # what a wrong character is, nobody can tell
        self.kinds: list[str] = []
        self.places: list[int] = []
        self.blamed: list[tuple[int, ...]] = []
        self.gain: list[float] = []

    def _likelihood(self, strings: list[AnyArray]) -> FloatArray:
        """Return the log-likelihood of each string, the mean of both directions."""
        ribbon = _ribbon(strings)
        surprise, _ = self.net.evidence(self.weights, ribbon)
        both = np.where(ribbon.judged[:2], surprise[:2], 0.0).sum(axis=0)
        return -np.bincount(ribbon.item, both, len(strings))[: len(strings)] / 2

    def _suspects(self) -> IntArray:
        """Return the rows of the characters without which all before fits its left, and all after its right.

        Where a check tells right from wrong, all are suspects.
        """
        if self.passes is not None:
            return np.arange(1, self.count + 1)
        after_left, before_right = np.maximum(self.excess[:2], 0.0)
        left = np.cumsum(np.append(0.0, after_left))  # of all rows before each
        right = np.cumsum(np.append(0.0, before_right[::-1]))[::-1]  # of each row and all after
        gap = left[:-1] + right[:-1]
        misfit = np.minimum(left[:-2] + right[1:-1], np.minimum(gap[:-1], gap[1:]) + _GAP)[1:]
        suspects = np.argsort(misfit, kind="stable")[:_SUSPECTS] + 1
        return np.unique([*suspects, 1 + int(self.surprise.argmax()), self.count])

    def _checked(self, kind: str, row: int) -> float:
        """Return the nats that a change is less likely because the string still fails after it."""
        return 0.0 if self.passes is None or self.passes(kind, row - 1).any() else _FAILED

    def _passing(self, kind: str, rows: IntArray, shares: Float32Array) -> Float32Array:
        """Return the shares of the symbols that make the string pass; all where none does."""
        if self.passes is None:
            return shares
        passing = np.stack([self.passes(kind, row - 1) for row in rows.tolist()])
        return np.where(passing | ~passing.any(axis=1, keepdims=True), shares, 0.0).astype(np.float32)

    def _add(self, kind: str, row: int, blamed: tuple[int, ...], gain: float) -> None:
        self.kinds.append(kind)
        self.places.append(row - 1)
        self.blamed.append(tuple(b - 1 for b in blamed if 1 <= b <= self.count))
        self.gain.append(gain)

    def extra(self) -> None:
        """Try each suspect left out."""
        found = self._likelihood([np.delete(self.symbol, row) for row in self.suspects])
        for row, likelihood in zip(self.suspects.tolist(), found, strict=True):
            twice = self.symbol[row] in (self.symbol[row - 1], self.symbol[row + 1])
            gain = likelihood - self.usual - self.wrong + _TWICE * twice
            self._add("extra", row, (row,), gain + self._checked("extra", row))

    def replaced(self) -> None:
        """Try the likeliest other symbols at each suspect."""
        shares = self.net.shares(self.weights, _ribbon([self.symbol]), self.suspects)
        shares[np.arange(len(shares)), self.symbol[self.suspects]] = 0.0
        shares = self._passing("replace", self.suspects, shares)
        found = self._filled([self.symbol] * len(shares), self.suspects, shares)
        for row, likelihood in zip(self.suspects.tolist(), found, strict=True):
            gain = likelihood - self.usual - self.wrong
            self._add("replace", row, (row,), gain + self._checked("replace", row))

    def odd(self) -> None:
        """Take each suspect as simply out of place."""
        for row in self.suspects.tolist():
            self._add("replace", row, (row,), float(self.surprise[row - 1]) + _ODD)

    def missing(self) -> None:
        """Try the likeliest symbols in each gap beside a suspect."""
        opened = [np.insert(self.symbol, row, FIRST) for row in self.gaps]
        shares = self._passing("missing", self.gaps, self._gap_shares(opened, self.gaps))
        found = self._filled(opened, self.gaps, shares)
        for row, likelihood in zip(self.gaps.tolist(), found, strict=True):
            gain = likelihood - self.usual
            self._add("missing", row, (row - 1, row), gain + self._checked("missing", row))

    def _gap_shares(self, opened: list[AnyArray], rows: IntArray) -> Float32Array:
        length = len(self.symbol) + 1
        return self.net.shares(self.weights, _ribbon(opened), np.arange(len(opened)) * length + rows)

    def _filled(self, strings: list[AnyArray], rows: IntArray, shares: Float32Array) -> FloatArray:
        """Return the log-likelihood of each string with any symbol at its row; the likeliest speak for all."""
        likely = np.argsort(-shares, axis=1, kind="stable")[:, :_LIKELY]
        tried = []
        for string, row, symbols in zip(strings, rows, likely, strict=True):
            for one in symbols:
                tried.append(string.copy())
                tried[-1][row] = one
        found = np.logaddexp.reduce(self._likelihood(tried).reshape(likely.shape), axis=1)
        tried_share = np.take_along_axis(shares, likely, axis=1).sum(axis=1, dtype=np.float64)
        return np.asarray(found - np.log((tried_share + _LEAST) / (shares.sum(axis=1) + _LEAST)))

    def swapped(self) -> None:
        """Try the two characters at each gap the other way round."""
        rows = [r for r in self.gaps if 2 <= r <= self.count and self.symbol[r - 1] != self.symbol[r]]
        if not rows:
            return
        strings = []
        for row in rows:
            strings.append(self.symbol.copy())
            strings[-1][[row - 1, row]] = self.symbol[[row, row - 1]]
        for row, likelihood in zip(rows, self._likelihood(strings), strict=True):
            gain = likelihood - self.usual + _SWAP + self._checked("swap", int(row) - 1)
            self._add("swap", int(row) - 1, (int(row) - 1, int(row)), gain)

    def cut(self) -> None:
        """Take the end as one that came too early, and the beginning as one that came too late."""
        self._add("cut", self.count + 1, (self.count,), float(self.excess[0, -1]) + _CUT)
        self._add("cut", 1, (1,), float(self.excess[1, 0]) + _CUT)

    def best(self) -> tuple[Slip, int]:
        """Return the likeliest slip about the character that all slips together blame most."""
        gain = np.array(self.gain)
        share = np.exp(gain - gain.max())
        blame = np.zeros(self.count)
        for one, rows in zip(share, self.blamed, strict=True):
            blame[list(rows)] += one
        blame[1:], blame[:-1] = blame[1:] + _BESIDE * blame[:-1], blame[:-1] + _BESIDE * blame[1:]
        worst = int(blame.argmax())
        about = [i for i, rows in enumerate(self.blamed) if worst in rows]
        chosen = max(about, key=lambda i: gain[i]) if about else int(gain.argmax())
        kind, place = self.kinds[chosen], self.places[chosen]
        if kind == "missing":
            opened = np.insert(self.symbol, place + 1, FIRST)
            shares = self._gap_shares([opened], np.array([place + 1]))[0]
        else:
            row = np.array([min(place + 1, self.count)])
            shares = self.net.shares(self.weights, _ribbon([self.symbol]), row)[0]
        return Slip(kind, place, shares), worst


def _ribbon(strings: list[AnyArray]) -> Ribbon:
    return Ribbon.in_lanes(np.concatenate(strings), np.array([len(string) for string in strings]))


__all__ = ["Passes", "Slip", "likeliest_slip"]
