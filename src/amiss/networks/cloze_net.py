"""Cloze network: every character predicted from the characters on its left, on its right, and on both sides.

Forward and backward by hand in numpy, all weights in one flat vector. Strings lie end to end in a `Ribbon`, so
that no position is padding; a convolution is a matrix product over rows gathered from the ribbon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from amiss.batch import AnyArray, FloatArray, IntArray

Float32 = NDArray[np.float32]

START, END = 0, 1
"""The symbols before the first and after the last character."""
FIRST = 2
"""Smaller symbols are not characters."""

HEADS = ("next", "previous", "cloze")
"""What predicts a character: those on its left; those on its right; both."""

_TAPS = 4  # symbols a convolution sees
_APART = (1, 3)  # how far apart, in the first layer and in the second
_MOST = 60.0  # of a logit: its exponential is a float32 yet


@dataclass
class Ribbon:
    """Strings end to end, each between START and END, then ``spare`` rows that stand for nothing.

    Parameters
    ----------
    symbol : ndarray of shape (rows,), integers
    length : ndarray of shape (strings,)
        Rows of each string, START and END among them.
    spare : int
        Rows at the end, of a string of their own.

    Attributes
    ----------
    item, before, after : ndarray of shape (rows,)
        The string of each row, and how many of its rows lie before and after.
    """

    symbol: IntArray
    length: IntArray
    item: IntArray = field(init=False)
    before: IntArray = field(init=False)
    after: IntArray = field(init=False)

    def __post_init__(self) -> None:
        first = np.cumsum(self.length) - self.length
        self.item = np.repeat(np.arange(len(self.length)), self.length)
        self.before = np.arange(len(self.symbol)) - first[self.item]
        self.after = self.length[self.item] - 1 - self.before

    def __len__(self) -> int:
        return len(self.symbol)

    def shifted(self, by: int) -> IntArray:
        """Return the row ``by`` further on in the same string (before: negative); the number of rows where
        there is none."""
        inside = self.before >= -by if by < 0 else self.after >= by
        return np.where(inside, np.arange(len(self)) + by, len(self))

    def windows(self, apart: int) -> IntArray:
        """Return, per row, itself and the next rows that are ``apart`` apart, flat, shape (rows * taps,)."""
        steps = range(0, abs(apart) * _TAPS, abs(apart))
        return np.stack([self.shifted(k if apart > 0 else -k) for k in steps], axis=1).ravel()


class Cloze:
    pass


class ClozeNet:
    """The network; its weights are the caller's, one flat vector of ``size``.

    Per side: character embedding + position from that side's end, two convolutions that see that side only.

    Parameters
    ----------
    symbols : int
        How many there are, START and END among them.
    places : int
        Rows of the longest string, START and END among them.
    embedding, channels : int
    """

    def __init__(
        self, symbols: int, places: int, embedding: int, channels: int, hidden: int = 0, skip: bool = True
    ) -> None:
        self.symbols, self.places, self.embedding, self.channels = symbols, places, embedding, channels
        self.skip = skip
        self.hidden = hidden
        e, c = embedding, channels
        self.shapes: dict[str, tuple[int, ...]] = {"symbol": (symbols, e)}
        for side in ("left", "right"):
            self.shapes |= {
                f"{side}.place": (places, e),
                f"{side}.first": (_TAPS * e, c),
                f"{side}.first.bias": (c,),
                f"{side}.second": (_TAPS * c, c),
                f"{side}.second.bias": (c,),
            }
        if hidden:
            self.shapes |= {"both": (2 * c, hidden), "both.bias": (hidden,)}
        self.shapes |= {
            "next": (c, symbols),
            "previous": (c, symbols),
            "cloze": (hidden or 2 * c, symbols),
            "bias": (3, symbols),
        }
        self.size = sum(math.prod(shape) for shape in self.shapes.values())

    def views(self, flat: Float32) -> dict[str, Float32]:
        """Return the weights by name, views of the flat vector."""
        views, first = {}, 0
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            views[name] = flat[first : first + size].reshape(shape)
            first += size
        return views

    def start(self, flat: Float32, random_state: np.random.Generator) -> None:
        """Draw first weights into ``flat``."""
        flat[:] = 0.0
        for name, view in self.views(flat).items():
            if name == "symbol" or name.endswith("place"):
                view[:] = random_state.normal(0.0, 0.5 if name == "symbol" else 0.2, view.shape)
            elif "bias" not in name:
                gain = 2.0 if "first" in name or "second" in name else 0.2
                view[:] = random_state.normal(0.0, math.sqrt(gain / view.shape[0]), view.shape)

    def forward(self, w: dict[str, Float32], ribbon: Ribbon) -> dict[str, AnyArray]:
        rows, c = len(ribbon), self.channels
        kept: dict[str, AnyArray] = {}
        both = np.empty((rows, 2 * c), np.float32)
        for side, turn, place in (("left", -1, ribbon.before), ("right", 1, ribbon.after)):
            inputs = np.zeros((rows + 1, self.embedding), np.float32)
            inputs[:rows] = w["symbol"].take(ribbon.symbol, axis=0)
            inputs[:rows] += w[f"{side}.place"].take(place, axis=0)
            near = inputs.take(ribbon.windows(turn * _APART[0]), axis=0, mode="clip").reshape(rows, -1)
            first = np.zeros((rows + 1, c), np.float32)
            np.matmul(near, w[f"{side}.first"], out=first[:rows])
            first[:rows] += w[f"{side}.first.bias"]
            np.maximum(first[:rows], 0.0, out=first[:rows])
            far = first.take(ribbon.windows(turn * _APART[1]), axis=0, mode="clip").reshape(rows, -1)
            second = np.zeros((rows + 1, c), np.float32)
            np.matmul(far, w[f"{side}.second"], out=second[:rows])
            second[:rows] += w[f"{side}.second.bias"]
            np.maximum(second[:rows], 0.0, out=second[:rows])
            kept |= {f"{side}.near": near, f"{side}.h1": first, f"{side}.far": far, f"{side}.h2": second}
            out = second + first if self.skip else second
            # what a row is predicted from ends one row before it
            seen = out.take(ribbon.shifted(turn), axis=0, mode="clip")
            both[:, :c] if turn < 0 else both[:, c:]
            (both[:, :c] if turn < 0 else both[:, c:])[:] = seen
        kept["both"] = both
        logits = np.empty((3, rows, self.symbols), np.float32)
        np.matmul(both[:, :c], w["next"], out=logits[0])
        np.matmul(both[:, c:], w["previous"], out=logits[1])
        if self.hidden:
            hid = both @ w["both"]
            hid += w["both.bias"]
            np.maximum(hid, 0.0, out=hid)
            kept["hid"] = hid
            np.matmul(hid, w["cloze"], out=logits[2])
        else:
            np.matmul(both, w["cloze"], out=logits[2])
        logits += w["bias"][:, None, :]
        kept["logits"] = logits
        return kept

    def judged(self, ribbon: Ribbon) -> AnyArray:
        """Return which heads judge which rows, shape (3, rows): START and END have one side only."""
        left, right = ribbon.before > 0, ribbon.after > 0
        return np.stack([left, right, left & right])

    def learn(self, flat: Float32, gradient: Float32, ribbon: Ribbon, weight: Float32) -> float:
        """Return the mean loss and write its gradient.  weight per string."""
        w, g = self.views(flat), self.views(gradient)
        kept = self.forward(w, ribbon)
        rows, c = len(ribbon), self.channels
        p = kept["logits"].reshape(3 * rows, self.symbols)
        np.clip(p, -_MOST, _MOST, out=p)
        np.exp(p, out=p)
        total = p @ np.ones(self.symbols, np.float32)
        of_rows = self.judged(ribbon) * weight[ribbon.item]
        of_rows = (of_rows / of_rows.sum(1, keepdims=True) / 3).astype(np.float32).ravel()
        target = np.tile(ribbon.symbol, 3)
        at = np.arange(3 * rows), target
        share = p[at] / total
        loss = float(-(np.log(share) * of_rows).sum()) * 3
        p *= (of_rows / total)[:, None]
        p[at] -= of_rows
        d = p.reshape(3, rows, self.symbols)
        both = kept["both"]
        np.matmul(both[:, :c].T, d[0], out=g["next"])
        np.matmul(both[:, c:].T, d[1], out=g["previous"])
        g["bias"][:] = d.sum(1)
        if self.hidden:
            np.matmul(kept["hid"].T, d[2], out=g["cloze"])
            dh = d[2] @ w["cloze"].T
            dh *= kept["hid"] > 0
            np.matmul(both.T, dh, out=g["both"])
            g["both.bias"][:] = dh.sum(0)
            dboth = dh @ w["both"].T
        else:
            np.matmul(both.T, d[2], out=g["cloze"])
            dboth = d[2] @ w["cloze"].T
        dboth[:, :c] += d[0] @ w["next"].T
        dboth[:, c:] += d[1] @ w["previous"].T
        g["symbol"][:] = 0
        hot = np.zeros((rows, self.symbols), np.float32)
        hot[np.arange(rows), ribbon.symbol] = 1
        for side, turn, place in (("left", -1, ribbon.before), ("right", 1, ribbon.after)):
            dout = np.zeros((rows + 1, c), np.float32)
            dout[:rows] = dboth[:, :c] if turn < 0 else dboth[:, c:]
            dout = dout.take(ribbon.shifted(-turn), axis=0, mode="clip")
            d2 = np.zeros((rows + 1, c), np.float32)
            np.multiply(dout, kept[f"{side}.h2"][:rows] > 0, out=d2[:rows])
            np.matmul(kept[f"{side}.far"].T, d2[:rows], out=g[f"{side}.second"])
            g[f"{side}.second.bias"][:] = d2.sum(0)
            back = d2.take(ribbon.windows(-turn * _APART[1]), axis=0, mode="clip").reshape(rows, -1)
            d1 = np.zeros((rows + 1, c), np.float32)
            np.matmul(back, _turned(w[f"{side}.second"]), out=d1[:rows])
            if self.skip:
                d1[:rows] += dout
            d1 *= kept[f"{side}.h1"] > 0
            np.matmul(kept[f"{side}.near"].T, d1[:rows], out=g[f"{side}.first"])
            g[f"{side}.first.bias"][:] = d1.sum(0)
            back = d1.take(ribbon.windows(-turn * _APART[0]), axis=0, mode="clip").reshape(rows, -1)
            dx = back @ _turned(w[f"{side}.first"])
            g["symbol"] += hot.T @ dx
            hotp = np.zeros((rows, self.places), np.float32)
            hotp[np.arange(rows), place] = 1
            np.matmul(hotp.T, dx, out=g[f"{side}.place"])
        return loss

    def evidence(self, flat: Float32, ribbon: Ribbon) -> tuple[FloatArray, FloatArray]:
        """Return -log p of each row, and the entropy of the prediction, by head, shape (3, rows) each."""
        z = self.forward(self.views(flat), ribbon)["logits"].reshape(-1, self.symbols)
        np.clip(z, -_MOST, _MOST, out=z)
        own = z[np.arange(len(z)), np.tile(ribbon.symbol, 3)]
        e = np.exp(z)
        ones = np.ones(self.symbols, np.float32)
        total = e @ ones
        e *= z
        mean = (e @ ones) / total
        log_total = np.log(total)
        judged = self.judged(ribbon)
        return (log_total - own).reshape(3, -1) * judged, (log_total - mean).reshape(3, -1) * judged


def _turned(matrix: Float32) -> Float32:
    """Return the matrix that leads back: (taps * inputs, outputs) -> (taps * outputs, inputs)."""
    outputs = matrix.shape[1]
    return np.ascontiguousarray(
        matrix.reshape(_TAPS, -1, outputs).transpose(0, 2, 1).reshape(_TAPS * outputs, -1)
    )
