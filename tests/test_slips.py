"""Slips: which change of a string the network finds likeliest, and which character it blames."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.networks.adam import Adam
from amiss.networks.cloze_net import END, FIRST, START, ClozeNet, Ribbon
from amiss.networks.slips import likeliest_slip

USUAL = "abcdefgh"


def written(text: str) -> np.ndarray:
    return np.array([START, *(FIRST + ord(c) - ord("a") for c in text), END])


@pytest.fixture(scope="module")
def learnt() -> tuple[ClozeNet, np.ndarray]:
    """A network that has seen "abcdefgh", and now and then another character at one place."""
    rng = np.random.default_rng(0)
    net = ClozeNet(FIRST + 26, 12, 8, 16)
    weights, slopes = np.zeros(net.size, np.float32), np.zeros(net.size, np.float32)
    net.first_weights(weights, rng)
    adam = Adam(net.size)
    for _ in range(150):
        texts = [list(USUAL) for _ in range(16)]
        for text in texts:
            if rng.random() < 0.5:
                text[rng.integers(8)] = chr(ord("a") + rng.integers(26))
        symbol = np.concatenate([written("".join(text)) for text in texts])
        net.learn(weights, slopes, Ribbon(symbol, np.full(16, 10)), np.ones(16))
        adam.step(weights, slopes, 0.01)
    return net, weights


@pytest.mark.parametrize(
    ("text", "kind", "place", "symbol", "blamed"),
    [
        ("abcxefgh", "replace", 3, "d", {3}),
        ("abcdxefgh", "extra", 4, None, {4}),
        ("abcefgh", "missing", 3, "d", {2, 3}),
        ("abcedfgh", "swap", 3, None, {3, 4}),
        ("abccdefgh", "extra", {2, 3}, None, {2, 3}),
    ],
)
def test_the_slip_is_found(learnt, text, kind, place, symbol, blamed):
    slip, worst = likeliest_slip(*learnt, written(text))
    assert slip.kind == kind
    assert slip.place in (place if isinstance(place, set) else {place})
    assert worst in blamed
    assert slip.shares.sum() == pytest.approx(1.0, abs=1e-5)
    if symbol is not None:
        assert int(slip.shares.argmax()) == FIRST + ord(symbol) - ord("a")


def test_one_character_is_a_string_too(learnt):
    slip, worst = likeliest_slip(*learnt, written("z"))
    assert worst == 0
    assert 0 <= slip.place <= 1
