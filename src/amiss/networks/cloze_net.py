"""Cloze network: every character predicted from those on its left, from those on its right, and from both sides.

No prediction sees the character it is about. Forward and backward are written by hand, all weights lie in one flat
vector. Strings lie end to end in a `Ribbon`, so that nothing is padded; a convolution is a matrix product over rows
gathered from the ribbon.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from amiss.batch import AnyArray, BoolArray, IntArray
from amiss.networks.rows import Float32Array
from amiss.numerics.blocks import LANES, lane_product

START, END, FIRST = 0, 1, 2
"""The symbols before the first and after the last character of a string, and the first that is a character."""

HEADS = ("next", "previous", "cloze")
"""What predicts a symbol: those on its left; those on its right; both."""

_SIDES = (("left", -1), ("right", 1))  # and the way a side looks
_TAPS = 4  # symbols a convolution sees
_APART = {"first": 1, "second": 3}  # how far apart in each layer
_MOST = 60.0  # of a logit, so that its exponential is a float32

Views = dict[str, Float32Array]
Product = Callable[[Float32Array, Float32Array], Float32Array]


@dataclass
class Ribbon:
    """Strings end to end, each between START and END.

    Parameters
    ----------
    symbol : ndarray of shape (rows,), integers
    length : ndarray of shape (strings,)
        Rows of each string, START and END among them.

    Attributes
    ----------
    item : ndarray of shape (rows,)
        The string of each row.
    before, after : ndarray of shape (rows,)
        How many of its string's rows lie before and after it.
    """

    symbol: IntArray
    length: IntArray
    item: IntArray = field(init=False)
    before: IntArray = field(init=False)
    after: IntArray = field(init=False)

    def __post_init__(self) -> None:
        start = np.cumsum(self.length) - self.length
        self.item = np.repeat(np.arange(len(self.length)), self.length)
        self.before = np.arange(len(self.symbol)) - start[self.item]
        self.after = self.length[self.item] - 1 - self.before

    @classmethod
    def in_lanes(cls, symbol: IntArray, length: IntArray) -> Ribbon:
        """Return the strings and behind them one that makes the number of rows a multiple of `LANES`."""
        spare = -len(symbol) % LANES
        return cls(np.concatenate([symbol, np.full(spare, START)]), np.append(length, spare))

    def __len__(self) -> int:
        return len(self.symbol)

    def shifted(self, by: int) -> IntArray:
        """Return the row ``by`` further on in the same string (negative: back), the number of rows where none is."""
        inside = self.before >= -by if by < 0 else self.after >= by
        return np.where(inside, np.arange(len(self)) + by, len(self))

    def windows(self, apart: int) -> IntArray:
        """Return each row and the next ones ``apart`` from each other (negative: back), shape (rows, taps)."""
        return np.stack([self.shifted(tap * apart) for tap in range(_TAPS)], axis=1)

    @property
    def judged(self) -> BoolArray:
        """Which head judges which row, shape (heads, rows): nothing stands before START, nothing after END."""
        left, right = self.before > 0, self.after > 0
        return np.stack([left, right, left & right])


class Room:
    """Arrays used again from step to step: fresh memory costs more than what is computed in it."""

    def __init__(self) -> None:
        self._kept: dict[str, Float32Array] = {}

    def __call__(self, name: str, *shape: int) -> Float32Array:
        """Return an array of that shape; it holds what was left in it."""
        size = math.prod(shape)
        if name not in self._kept or self._kept[name].size < size:
            self._kept[name] = np.empty(size + size // 4, np.float32)
        return self._kept[name][:size].reshape(shape)

    def gathered(self, name: str, rows: Float32Array, places: IntArray) -> Float32Array:
        """Return the rows at these places, those of one line of ``places`` side by side."""
        out = self(name, len(places), places.size // max(len(places), 1) * rows.shape[1])
        rows.take(places.ravel(), axis=0, out=out.reshape(places.size, rows.shape[1]), mode="clip")
        return out

    def indicators(self, name: str, which: IntArray, kinds: int) -> Float32Array:
        """Return 1 at the kind of each row, else 0, shape (rows, kinds)."""
        out = self(name, len(which), kinds)
        out[:] = 0.0
        out[np.arange(len(which)), which] = 1.0
        return out


class ClozeNet:
    """The network over weights that are the caller's.

    A side: embedding of the symbol + of its place from that side's end; two convolutions that see that side only, the
    second added to the first. A head is one matrix product.

    Parameters
    ----------
    symbols : int
        How many there are, START and END among them.
    places : int
        Rows of the longest string learnt from, START and END among them; rows further on count as that far.
    embedding, channels : int
        Numbers a symbol, and numbers a row between the layers.

    Attributes
    ----------
    shapes : dict of str to tuple of int
        The shape of each array of weights, in the order in which they lie in the flat vector.
    """

    def __init__(self, symbols: int, places: int, embedding: int, channels: int) -> None:
        self.symbols, self.places, self.embedding, self.channels = symbols, places, embedding, channels
        self.shapes: dict[str, tuple[int, ...]] = {"symbol": (symbols, embedding)}
        for side, _ in _SIDES:
            self.shapes |= {
                f"{side}.place": (places, embedding),
                f"{side}.first": (_TAPS * embedding, channels),
                f"{side}.first.bias": (channels,),
                f"{side}.second": (_TAPS * channels, channels),
                f"{side}.second.bias": (channels,),
            }
        self.shapes |= dict.fromkeys(HEADS[:2], (channels, symbols))
        self.shapes |= {"cloze": (2 * channels, symbols), "bias": (len(HEADS), symbols)}
        self.size = sum(math.prod(shape) for shape in self.shapes.values())
        self._room = Room()

    def views(self, flat: Float32Array) -> Views:
        """Return the weights by name, as views of the flat vector."""
        views, start = {}, 0
        for name, shape in self.shapes.items():
            views[name] = flat[start : start + math.prod(shape)].reshape(shape)
            start += math.prod(shape)
        return views

    def first_weights(self, flat: Float32Array, random_state: np.random.Generator) -> None:
        """Draw first weights into ``flat``."""
        flat[:] = 0.0
        for name, view in self.views(flat).items():
            if name == "symbol" or name.endswith("place"):
                view[:] = random_state.normal(0.0, 0.5 if name == "symbol" else 0.2, view.shape)
            elif not name.endswith("bias"):
                gain = 0.2 if name in HEADS else 2.0  # heads begin near even shares
                view[:] = random_state.normal(0.0, math.sqrt(gain / len(view)), view.shape)

    def logits(self, w: Views, ribbon: Ribbon, product: Product = np.matmul) -> Float32Array:
        """Return the logits of each head for the symbol of each row, shape (heads, rows, symbols).

        The array is used again by the next call.

        Parameters
        ----------
        w : dict of str to ndarray
            The weights by name.
        ribbon : Ribbon
        product : callable
            Matrix product.
        """
        rows, c, room = len(ribbon), self.channels, self._room
        sides = room("sides", rows, 2 * c)
        for side, way in _SIDES:
            inputs = room("inputs", rows + 1, self.embedding)
            w["symbol"].take(ribbon.symbol, axis=0, out=inputs[:-1], mode="clip")
            inputs[:-1] += room.gathered(
                "place", w[f"{side}.place"], ribbon.before if way < 0 else ribbon.after
            )
            inputs[-1] = 0.0
            first = self._layer(f"{side}.first", w, inputs, ribbon.windows(way * _APART["first"]), product)
            second = self._layer(f"{side}.second", w, first, ribbon.windows(way * _APART["second"]), product)
            seen = np.add(first, second, out=room("seen", rows + 1, c))
            # what predicts a row ends one row before it
            _half(sides, way)[:] = room.gathered("beside", seen, ribbon.shifted(way))
        logits = room("logits", len(HEADS), rows, self.symbols)
        logits[0] = product(sides[:, :c], w["next"])
        logits[1] = product(sides[:, c:], w["previous"])
        logits[2] = product(sides, w["cloze"])
        logits += w["bias"][:, None]
        return np.clip(logits, -_MOST, _MOST, out=logits)

    def _layer(
        self, name: str, w: Views, below: Float32Array, windows: IntArray, product: Product
    ) -> Float32Array:
        """Return relu(convolution), shape (rows + 1, channels); the last row is 0, what stands beyond the ends."""
        columns = self._room.gathered(f"{name} columns", below, windows)
        out = self._room(name, len(below), self.channels)
        out[:-1] = product(columns, w[name])
        out[:-1] += w[f"{name}.bias"]
        np.maximum(out, 0.0, out=out)
        out[-1] = 0.0
        return out

    def learn(self, weights: Float32Array, slopes: Float32Array, ribbon: Ribbon, weight: AnyArray) -> float:
        """Return the mean loss, nats a character and head, and write the slopes of the heads' summed means.

        Parameters
        ----------
        weights, slopes : ndarray of shape (size,), float32
        ribbon : Ribbon
        weight : ndarray of shape (strings,)
            How often each string counts.
        """
        w, rows = self.views(weights), len(HEADS) * len(ribbon)
        p = self.logits(w, ribbon).reshape(rows, self.symbols)
        at = np.arange(rows), np.tile(ribbon.symbol, len(HEADS))
        own = p[at]
        total = np.exp(p, out=p) @ np.ones(self.symbols, np.float32)
        share = ribbon.judged * weight[ribbon.item]
        share = (share / np.maximum(share.sum(axis=1, keepdims=True), 1)).astype(np.float32).ravel()
        p *= (share / total)[:, None]
        p[at] -= share
        self._back(w, self.views(slopes), ribbon, p.reshape(len(HEADS), -1, self.symbols))
        return float(((np.log(total) - own) * share).sum()) / len(HEADS)

    def _back(self, w: Views, slope: Views, ribbon: Ribbon, of_logits: Float32Array) -> None:
        """Write the slopes of all weights, given those of the logits."""
        rows, c, room = len(ribbon), self.channels, self._room
        sides, ones = room("sides", rows, 2 * c), np.ones(rows, np.float32)
        of_sides = np.matmul(of_logits[2], w["cloze"].T, out=room("of sides", rows, 2 * c))
        np.matmul(sides.T, of_logits[2], out=slope["cloze"])
        np.matmul(ones, of_logits, out=slope["bias"])
        hot = room.indicators("hot symbols", ribbon.symbol, self.symbols)
        slope["symbol"][:] = 0.0
        for (side, way), head, of_head in zip(_SIDES, HEADS, of_logits, strict=False):
            np.matmul(_half(sides, way).T, of_head, out=slope[head])
            of_seen = room("of seen", rows + 1, c)
            np.matmul(of_head, w[head].T, out=of_seen[:-1])
            of_seen[:-1] += _half(of_sides, way)
            of_seen[-1] = 0.0
            of_seen = room.gathered("of seen, turned", of_seen, ribbon.shifted(-way))
            of_second = self._layer_back(f"{side}.second", slope, of_seen, ones)
            of_first = self._below(w[f"{side}.second"], of_second, ribbon.windows(-way * _APART["second"]))
            of_first += of_seen
            of_first = self._layer_back(f"{side}.first", slope, of_first, ones)
            of_inputs = self._below(w[f"{side}.first"], of_first, ribbon.windows(-way * _APART["first"]))
            slope["symbol"] += hot.T @ of_inputs
            place = room.indicators("hot places", ribbon.before if way < 0 else ribbon.after, self.places)
            np.matmul(place.T, of_inputs, out=slope[f"{side}.place"])

    def _layer_back(self, name: str, slope: Views, of_out: Float32Array, ones: Float32Array) -> Float32Array:
        """Write a layer's slopes; return those before its relu, shape (rows + 1, channels), the last row 0."""
        rows, room = len(of_out), self._room
        before = room("before relu", rows + 1, self.channels)
        np.multiply(of_out, room(name, rows + 1, self.channels)[:-1] > 0.0, out=before[:-1])
        before[-1] = 0.0
        columns = room(f"{name} columns", rows, slope[name].shape[0])
        np.matmul(columns.T, before[:-1], out=slope[name])
        np.matmul(ones, before[:-1], out=slope[f"{name}.bias"])
        return before

    def _below(self, matrix: Float32Array, of_out: Float32Array, windows: IntArray) -> Float32Array:
        """Return the slopes of what a layer read: its convolution, turned round."""
        by_tap = matrix.reshape(_TAPS, -1, self.channels)
        turned = by_tap.transpose(0, 2, 1).reshape(_TAPS * self.channels, -1)
        out = self._room("below", len(windows), turned.shape[1])
        return np.matmul(self._room.gathered("back columns", of_out, windows), turned, out=out)

    def loss(self, weights: Float32Array, ribbon: Ribbon, weight: AnyArray) -> float:
        """Return the mean loss as `learn` does."""
        surprise, _ = self.evidence(weights, ribbon, np.matmul)
        share = ribbon.judged * weight[ribbon.item]
        return float(((surprise * share).sum(axis=1) / np.maximum(share.sum(axis=1), 1)).mean())

    def shares(self, weights: Float32Array, ribbon: Ribbon, rows: IntArray) -> Float32Array:
        """Return how likely each symbol is at these rows given both sides, shape (rows asked for, symbols)."""
        logits = self.logits(self.views(weights), ribbon, lane_product)[2, rows]
        logits[:, :FIRST] = -_MOST
        shares = np.exp(logits)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def evidence(
        self, weights: Float32Array, ribbon: Ribbon, product: Product = lane_product
    ) -> tuple[Float32Array, Float32Array]:
        """Return -log p of each row's symbol and the entropy of the prediction, both nats, shape (heads, rows).

        What no head judges (`Ribbon.judged`) holds numbers without meaning.

        Parameters
        ----------
        weights : ndarray of shape (size,), float32
        ribbon : Ribbon
            In lanes, unless another product is given.
        product : callable
            Matrix product; with the default one a row's evidence does not depend on the other strings.
        """
        logits = self.logits(self.views(weights), ribbon, product)
        symbol = np.broadcast_to(ribbon.symbol[:, None], (len(HEADS), len(ribbon), 1))
        own = np.take_along_axis(logits, symbol, axis=2)[..., 0]
        share = np.exp(logits, out=self._room("shares", *logits.shape))
        total = share.sum(axis=2)
        share *= logits
        mean, log_total = share.sum(axis=2) / total, np.log(total)
        return log_total - own, log_total - mean


def _half(sides: Float32Array, way: int) -> Float32Array:
    """Return the half of the columns that belongs to the side that looks that way."""
    half = sides.shape[1] // 2
    return sides[:, :half] if way < 0 else sides[:, half:]


__all__ = ["END", "FIRST", "HEADS", "START", "ClozeNet", "Ribbon"]
