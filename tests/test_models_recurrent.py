"""Recurrent: what goes through the middle, the order of writing, and that both ways of running it agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from amiss import StringDetector
from amiss.models import Recurrent
from amiss.networks import numpy_operations, torch_operations
from amiss.networks.rows import Layout, Rows
from amiss.networks.weights import by_name

POSITIONS = 10


def rows_of(values: Any) -> Rows:
    count, positions, width = values.shape
    return Rows(
        Layout(positions, width), values, np.zeros((count, positions, 0), int), np.ones(values.shape, bool)
    )


def drawn(rows: int = 16, positions: int = POSITIONS, width: int = 2, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(rows, positions, width)).astype(np.float32)


def untrained(positions: int = POSITIONS, **params: Any) -> Recurrent:
    network, rows = Recurrent(**{"hidden": 7, "latent": 3, **params}), rows_of(drawn(positions=positions))
    network.layout_ = rows.layout
    network.plan(rows)
    network.weights_ = network.first_weights(rows, np.random.default_rng(1))
    return network


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("stride", [1, 4, 50])
@pytest.mark.parametrize("positions", [1, POSITIONS])
def test_numpy_and_torch_answer_alike(cell: str, stride: int, positions: int) -> None:
    """The one forward pass over either set of operations; a row answers the same alone."""
    network, values = untrained(positions, cell=cell, stride=stride), drawn(32, positions, seed=3)
    weights = {name: torch.from_numpy(w) for name, w in by_name(network.weights_, network.shapes()).items()}
    with torch.no_grad():
        theirs = network.forward(torch_operations, weights, torch.from_numpy(values)).numpy()
    ours = network.rebuild(values)
    assert ours.shape == values.shape
    assert np.abs(ours - theirs).max() < 1e-5
    assert (network.rebuild(values[5:6]) == ours[5:6]).all()


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_only_what_is_kept_goes_through(cell: str) -> None:
    """A middle that hears nothing gives all rows one answer; a reader without memory tells the last step alone."""
    network, values = untrained(cell=cell, stride=1), drawn()
    by_name(network.weights_, network.shapes())["into"][:] = 0.0
    answers = network.rebuild(values)
    assert (answers == answers[:1]).all()

    network = untrained(cell=cell, stride=1)
    weights = by_name(network.weights_, network.shapes())
    weights["reader_state"][:] = 0.0
    weights["bias_reader_input"][7:14] = -200.0  # the update gate, or the forget gate: shut, it keeps nothing
    earlier, last = values.copy(), values.copy()
    earlier[:, :-1] += 1.0
    last[:, -1] += 1.0
    assert (network.rebuild(earlier) == network.rebuild(values)).all()
    assert (network.rebuild(last) != network.rebuild(values)).any()


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_it_is_written_from_the_last_position_back(cell: str) -> None:
    """The last position is one step of the writer, the first is all of them."""
    network, values = untrained(cell=cell, stride=1), drawn()
    weights = by_name(network.weights_, network.shapes())
    run = getattr(numpy_operations, cell)
    reader = [weights[n] for n in ("reader_input", "reader_state", "bias_reader_input", "bias_reader_state")]
    writer = [weights[n] for n in ("writer_input", "writer_state", "bias_writer_input", "bias_writer_state")]
    middle = run(values, *reader)[:, -1] @ weights["into"] + weights["bias_into"]
    told = np.repeat(middle[:, None], POSITIONS, axis=1)
    written = run(told, *writer)[:, ::-1] @ weights["last"] + weights["bias_last"]
    assert np.allclose(network.rebuild(values), written, atol=1e-5)


def test_it_learns_to_rebuild() -> None:
    """Windows of a wave in any phase."""
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (600, 1, 1))
    values = np.sin(phase + np.arange(24)[None, :, None] / 3).astype(np.float32)
    network = Recurrent(latent=4, epochs=25).learn(rows_of(values), True, np.random.default_rng(0))
    assert ((network.rebuild(values) - values) ** 2).mean() < 0.1 * values.var()


def test_epochs_are_as_asked_or_fewer_than_those_of_others() -> None:
    """Asked for, so many; else a quarter."""
    assert Recurrent(epochs=7).schedule(1_000).epochs == 7
    plain = super(Recurrent, Recurrent()).schedule(1_000)
    assert Recurrent().schedule(1_000).epochs == -(-plain.epochs // 4)


@pytest.mark.parametrize("spec", ["recurrent:epochs=20", "conv:epochs=20", "conv:causal=True,epochs=20"])
def test_strings_too(spec: str) -> None:
    """A letter among digits is the string of the highest score."""
    strings = [f"{a}-{n:04d}" for a, n in zip("ABCDEFGH" * 40, range(0, 6_400, 20), strict=True)]
    strings[100] = "A-20X0"
    detector = StringDetector(models=spec, random_state=0).fit(strings)
    assert int(detector.scores_.argmax()) == 100
