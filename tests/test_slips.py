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


def passing(kind: str, place: int, symbol: str = ""):
    """Return a check that one change alone mends."""

    def passes(tried: str, where: int) -> np.ndarray:
        found = np.zeros(1 if tried in ("extra", "swap") else FIRST + 26, bool)
        if (tried, where) == (kind, place):
            found[FIRST + ord(symbol) - ord("a") if symbol else 0] = True
        return found

    return passes


@pytest.mark.parametrize(
    ("text", "kind", "place", "symbol", "blamed"),
    [
        ("abccdefgh", "extra", 2, "", {2}),
        ("abccdefgh", "extra", 3, "", {3}),
        ("abcdegh", "missing", 5, "f", {4, 5}),
    ],
)
def test_a_check_decides_between_likely_slips(learnt, text, kind, place, symbol, blamed):
    """Of two equal letters the one without which the check holds."""
    slip, worst = likeliest_slip(*learnt, written(text), passing(kind, place, symbol))
    assert (slip.kind, slip.place) == (kind, place)
    assert worst in blamed


def test_a_check_that_no_change_mends_changes_nothing(learnt):
    """The likeliest slip stays the likeliest."""
    for text in ("abcxefgh", "abcdxefgh", "abcefgh", "abcedfgh"):
        alone, worst = likeliest_slip(*learnt, written(text))
        slip, blamed = likeliest_slip(*learnt, written(text), passing("none", 0))
        assert (slip.kind, slip.place, blamed) == (alone.kind, alone.place, worst)


def test_one_character_is_a_string_too(learnt):
    slip, worst = likeliest_slip(*learnt, written("z"))
    assert worst == 0
    assert 0 <= slip.place <= 1
