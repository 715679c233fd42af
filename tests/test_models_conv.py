"""Conv: what each position may know, how narrow the middle is, and that both ways of running it agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from amiss.models import Conv
from amiss.networks import torch_operations
from amiss.networks.rows import Layout, Rows
from amiss.networks.weights import by_name

POSITIONS = 21


def rows_of(values: Any) -> Rows:
    count, positions, width = values.shape
    return Rows(
        Layout(positions, width), values, np.zeros((count, positions, 0), int), np.ones(values.shape, bool)
    )


def drawn(rows: int = 16, positions: int = POSITIONS, width: int = 2, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, positions, width)).astype(np.float32)


def untrained(positions: int = POSITIONS, width: int = 2, **params: Any) -> Conv:
    """A network with first weights, and biases that are not 0."""
    network, rows = Conv(**params), rows_of(drawn(positions=positions, width=width))
    network.layout_ = rows.layout
    network.plan(rows)
    network.weights_ = network.first_weights(rows, np.random.default_rng(1))
    network.weights_ += np.random.default_rng(2).normal(0, 0.05, network.weights_.shape).astype(np.float32)
    return network


PARAMS = [
    {},
    {"stride": 1, "kernel": 5},
    {"stride": 50, "depth": 0},
    {"depth": 3, "channels": 5, "latent": 3, "activation": "tanh"},
    {"causal": True},
    {"causal": True, "kernel": 2, "depth": 4},
]


@pytest.mark.parametrize("params", PARAMS, ids=str)
@pytest.mark.parametrize(("positions", "width"), [(1, 1), (POSITIONS, 2), (32, 1)])
def test_numpy_and_torch_answer_alike(params: dict[str, Any], positions: int, width: int) -> None:
    """The one forward pass over either set of operations."""
    network, values = untrained(positions, width, **params), drawn(32, positions, width, seed=3)
    flat = torch.from_numpy(network.weights_)
    with torch.no_grad():
        weights = {name: torch.from_numpy(w) for name, w in by_name(flat.numpy(), network.shapes()).items()}
        theirs = network.forward(torch_operations, weights, torch.from_numpy(values)).numpy()
    ours = network.rebuild(values)
    assert ours.shape == values.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    assert (network.rebuild(values[5:6]) == ours[5:6]).all()


@pytest.mark.parametrize(("kernel", "depth"), [(1, 0), (2, 1), (2, 2), (3, 2)])
def test_a_causal_network_sees_only_what_came_before(kernel: int, depth: int) -> None:
    """A change at one position moves the answers after it, as far as the filters reach, and no other."""
    network, values = untrained(causal=True, kernel=kernel, depth=depth, activation="tanh"), drawn()
    changed = values.copy()
    changed[:, 4] += 1.0
    moved = (network.rebuild(changed) != network.rebuild(values)).any(axis=(0, 2))
    reach = (kernel - 1) * sum(2**i for i in range(depth + 1))
    assert np.flatnonzero(moved).tolist() == list(range(5, min(6 + reach, POSITIONS)))


@pytest.mark.parametrize("latent", [1, 3])
def test_the_middle_is_narrow(latent: int) -> None:
    """Without an activation, answers lie in a plane of as many dimensions as the middle has values."""
    network = untrained(latent=latent, activation="linear")
    answers = network.rebuild(drawn(64)).reshape(64, -1).astype(float)
    assert np.linalg.matrix_rank(answers - answers.mean(axis=0), tol=1e-3) == latent


def naive(network: Conv, row: Any) -> Any:
    """Return the answer of a causal network of one convolution and one that adds, position by position."""
    w = by_name(network.weights_, network.shapes())
    before = np.concatenate([np.zeros((1, row.shape[1])), row[:-1]])

    def conv(x: Any, name: str, apart: int) -> Any:
        out = np.tile(w[f"bias_{name}"].astype(float), (len(x), 1))
        for t in range(len(x)):
            for i in range(network.kernel):
                at = t - (network.kernel - 1 - i) * apart
                if at >= 0:
                    out[t] += x[at] @ w[name][i]
        return out

    x = conv(before, "first", 1)
    x = x + conv(np.maximum(x, 0), "before0", 2)
    return x @ w["last"] + w["bias_last"]


def test_a_causal_network_is_what_a_plain_loop_says() -> None:
    """Filters, what each layer adds, and the step back by one position, written out."""
    network, values = untrained(causal=True, depth=1), drawn()
    assert np.allclose(network.rebuild(values)[3], naive(network, values[3]), atol=1e-5)


def test_it_learns_to_rebuild() -> None:
    """Windows of a wave in any phase, through four values."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (600, 1, 1))
    values = np.sin(phase + np.arange(32)[None, :, None] / 3).astype(np.float32)
    network = Conv(latent=4, epochs=15).learn(rows_of(values), True, np.random.default_rng(0))
    assert ((network.rebuild(values) - values) ** 2).mean() < 0.05 * values.var()
    assert network.history_.loss[0] > network.history_.loss[-1]


def test_epochs_are_as_asked_or_fewer_than_those_of_others() -> None:
    """Asked for, so many; else a third."""
    assert Conv(epochs=7).schedule(1_000).epochs == 7
    plain = super(Conv, Conv()).schedule(1_000)
    assert Conv().schedule(1_000).epochs == -(-plain.epochs // 3)
