"""The cloze network: what it computes, against plain twins."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.networks.cloze_net import END, FIRST, HEADS, START, ClozeNet, Ribbon
from amiss.numerics.blocks import LANES


def ribbon_of(strings: list[list[int]]) -> Ribbon:
    symbol = [s for string in strings for s in (START, *string, END)]
    return Ribbon(np.array(symbol), np.array([len(string) + 2 for string in strings]))


def small(seed: int = 0) -> tuple[ClozeNet, np.ndarray, Ribbon, np.random.Generator]:
    rng = np.random.default_rng(seed)
    net = ClozeNet(9, 14, 5, 6)
    weights = np.zeros(net.size, np.float32)
    net.first_weights(weights, rng)
    weights += rng.normal(0, 0.05, net.size).astype(np.float32)  # biases too
    strings = [rng.integers(FIRST, 9, n).tolist() for n in (3, 0, 12, 1, 7)]
    return net, weights, ribbon_of(strings), rng


def test_rows_of_a_ribbon_know_their_neighbours():
    """A shift stays within the string; beyond it stands the number of rows."""
    ribbon = ribbon_of([[2, 3], []])
    assert ribbon.before.tolist() == [0, 1, 2, 3, 0, 1]
    assert ribbon.after.tolist() == [3, 2, 1, 0, 1, 0]
    assert ribbon.shifted(-2).tolist() == [6, 6, 0, 1, 6, 6]
    assert ribbon.shifted(1).tolist() == [1, 2, 3, 6, 5, 6]
    assert ribbon.windows(-1)[2].tolist() == [2, 1, 0, 6]
    assert ribbon.judged.astype(int).tolist() == [[0, 1, 1, 1, 0, 1], [1, 1, 1, 0, 1, 0], [0, 1, 1, 0, 0, 0]]


def test_lanes_are_filled_up():
    ribbon = Ribbon.in_lanes(np.array([START, 2, END]), np.array([3]))
    assert len(ribbon) == LANES
    assert ribbon.length.tolist() == [3, LANES - 3]


def twin(net: ClozeNet, flat, ribbon: Ribbon, weight):
    """The same network, string by string and tap by tap, in torch; returns its loss by head."""
    import torch

    w = net.views(flat)
    heads = {name: [] for name in HEADS}
    counts = {name: [] for name in HEADS}
    start = 0
    for length, times in zip(ribbon.length.tolist(), weight, strict=True):
        symbol = torch.tensor(ribbon.symbol[start : start + length])
        start += length
        seen = {}
        for side in ("left", "right"):
            order = symbol if side == "left" else symbol.flip(0)
            x = w["symbol"][order] + w[f"{side}.place"][torch.arange(length)]
            for layer, apart in (("first", 1), ("second", 3)):
                taps = [
                    torch.cat(
                        [torch.zeros(min(k * apart, length), x.shape[1]), x[: max(length - k * apart, 0)]]
                    )
                    for k in range(4)
                ]
                y = torch.relu(torch.cat(taps, 1) @ w[f"{side}.{layer}"] + w[f"{side}.{layer}.bias"])
                x = y if layer == "first" else x + y
            seen[side] = x if side == "left" else x.flip(0)
        left, right = seen["left"][:-1], seen["right"][1:]  # of what stands before, of what stands after
        logits = {
            "next": (left @ w["next"] + w["bias"][0], symbol[1:]),
            "previous": (right @ w["previous"] + w["bias"][1], symbol[:-1]),
            "cloze": (torch.cat([left[:-1], right[1:]], 1) @ w["cloze"] + w["bias"][2], symbol[1:-1]),
        }
        for name, (values, target) in logits.items():
            losses = (
                torch.nn.functional.cross_entropy(values, target, reduction="sum") if len(target) else 0.0
            )
            heads[name].append(losses * float(times))
            counts[name].append(len(target) * float(times))
    return [sum(heads[name]) / sum(counts[name]) for name in HEADS]


def test_loss_and_slopes_are_those_of_autograd():
    import torch

    net, weights, ribbon, rng = small()
    weight = rng.integers(1, 4, len(ribbon.length))
    slopes = np.zeros_like(weights)
    loss = net.learn(weights, slopes, ribbon, weight)
    flat = torch.tensor(weights, requires_grad=True)
    by_head = twin(net, flat, ribbon, weight)
    sum(by_head).backward()
    assert loss == pytest.approx(sum(by_head).item() / 3, rel=1e-5)
    np.testing.assert_allclose(slopes, flat.grad.numpy(), atol=2e-6, rtol=2e-4)


def test_loss_without_slopes_is_the_same():
    net, weights, ribbon, _ = small()
    weight = np.array([1, 2, 1, 3, 1])
    assert net.loss(weights, ribbon, weight) == pytest.approx(
        net.learn(weights, np.zeros_like(weights), ribbon, weight), rel=1e-5
    )


def test_a_head_does_not_see_what_it_predicts():
    """Changing a symbol changes no prediction of it, nor what the side before it predicts earlier."""
    net, weights, ribbon, _ = small()
    before = net.logits(net.views(weights), ribbon).copy()
    row = 5 + 2 + 6  # within the third string
    other = ribbon.symbol.copy()
    other[row] = FIRST + (other[row] - FIRST + 1) % 7
    after = net.logits(net.views(weights), Ribbon(other, ribbon.length)).copy()
    assert np.array_equal(before[:, row], after[:, row])
    assert np.array_equal(before[0, :row], after[0, :row])
    assert np.array_equal(before[1, row:], after[1, row:])
    assert not np.array_equal(before[0, row + 1], after[0, row + 1])
    assert not np.array_equal(before[2, row - 1], after[2, row - 1])


def test_surprise_and_entropy_are_those_of_the_shares():
    net, weights, ribbon, _ = small()
    ribbon = Ribbon.in_lanes(ribbon.symbol, ribbon.length)
    surprise, entropy = net.evidence(weights, ribbon)
    logits = net.logits(net.views(weights), ribbon).astype(float)
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    own = np.take_along_axis(p, np.tile(ribbon.symbol, (3, 1))[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(surprise, -np.log(own), atol=1e-5)
    np.testing.assert_allclose(entropy, -(p * np.log(p)).sum(axis=2), atol=1e-5)


def test_shares_are_those_of_both_sides_among_characters():
    net, weights, ribbon, _ = small()
    ribbon = Ribbon.in_lanes(ribbon.symbol, ribbon.length)
    shares = net.shares(weights, ribbon, np.array([2, 8]))
    logits = net.logits(net.views(weights), ribbon)[2, [2, 8], FIRST:].astype(float)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares[:, FIRST:], expected, atol=1e-5)
    assert shares[:, :FIRST].max() < 1e-20
