"""Rows of cells, their losses and slopes, and the dense core beside plain autograd."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from amiss.networks import numpy_operations, torch_operations
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.adam import Adam
from amiss.networks.dense_core import DenseTrainee, Stack
from amiss.networks.rows import Layout, Rows, cell_losses, hidden, loss_slopes, worst


def some_rows(count: int = 40, positions: int = 1) -> Rows:
    """Return rows of three numbers and two categories, some cells missing, some levels never learnt."""
    draw = np.random.default_rng(0)
    layout = Layout(positions, 3, [4, 2])
    codes = np.stack(
        [draw.integers(-1, 4, (count, positions)), draw.integers(0, 2, (count, positions))], axis=-1
    )
    return Rows(
        layout,
        draw.normal(size=(count, positions, 3)),
        codes,
        draw.random((count, positions, 5)) > 0.1,
    )


def test_values_are_numbers_then_indicators() -> None:
    """One row on paper: two numbers, a category of three levels at its second."""
    rows = Rows(Layout(1, 2, [3]), np.array([[[0.5, -1.0]]]), np.array([[[1]]]), np.ones((1, 1, 3), bool))
    values, seen = rows.take([0])
    assert values.tolist() == [[[0.5, -1.0, 0.0, 1.0, 0.0]]]
    assert seen.all()
    assert (rows.layout.width, rows.layout.cells) == (5, 3)


def test_losses_on_paper() -> None:
    """Squared error, twice the distance less one beyond one, -log of the share of the level, 0 where not seen."""
    layout = Layout(1, 2, [2])
    values = np.array([[[0.0, 1.0, 1.0, 0.0]]], np.float32)
    outputs = np.array([[[3.0, 1.5, 0.0, 0.0]]], np.float32)
    seen = np.array([[[True, True, True]]])
    plain = cell_losses(numpy_operations, layout, outputs, values, seen)
    assert plain[0, 0] == pytest.approx([9.0, 0.25, np.log(2)])
    assert (cell_losses(numpy_operations, layout, outputs, values, None) == plain).all()
    bent = cell_losses(numpy_operations, layout, outputs, values, seen, huber=True)
    assert bent[0, 0] == pytest.approx([5.0, 0.25, np.log(2)])
    seen[0, 0, 0] = False
    assert cell_losses(numpy_operations, layout, outputs, values, seen)[0, 0, 0] == 0


@pytest.mark.parametrize("huber", [False, True])
def test_slopes_are_those_of_autograd(huber: bool) -> None:
    """The slope written by hand is that of the losses."""
    rows = some_rows(positions=3)
    values, seen = rows.take(np.arange(len(rows)))
    outputs = np.random.default_rng(1).normal(size=values.shape).astype(np.float32) * 2
    there = torch.tensor(outputs, requires_grad=True)
    losses = cell_losses(
        torch_operations, rows.layout, there, torch.tensor(values), torch.tensor(seen), huber
    )
    losses.sum().backward()
    assert there.grad is not None
    assert loss_slopes(rows.layout, outputs, values, seen, huber) == pytest.approx(
        there.grad.numpy(), abs=1e-5
    )
    ours = cell_losses(numpy_operations, rows.layout, outputs, values, seen, huber)
    assert ours == pytest.approx(losses.detach().numpy(), abs=1e-5)


def plain_twin(stack: Stack, names: list[str], x: Any, masks: list[Any]) -> tuple[Any, Any]:
    """Return output and weights of the same layers, spelt out for autograd."""
    weights = torch.tensor(stack.weights, requires_grad=True)
    layers, at, matrices = len(stack.sizes) - 1, 0, []
    for i, (before, after) in enumerate(pairwise(stack.sizes)):
        if stack.tied and i >= layers / 2:
            matrix = matrices[layers - 1 - i].T
        else:
            matrix = weights[at : at + before * after].reshape(before, after)
            at += before * after
        matrices.append(matrix)
        x = torch_operations.activation(x @ matrix + weights[at : at + after], names[i])
        at += after
        if masks and i < layers - 1:
            x = x * torch.tensor(masks[i].T)
    return x, weights


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_dense_core_computes_what_autograd_computes(activation: str, tied: bool, dropout: float) -> None:
    """Output and slopes of every weight, with each activation, tied or not, with dropout or without."""
    draw = np.random.default_rng(2)
    names = [activation, "linear", activation, "linear"]
    stack = Stack([9, 7, 4, 7, 9], names, tied)
    stack.weights[:] = draw.normal(size=stack.count) * 0.5
    x = draw.normal(size=(30, 9)).astype(np.float32)
    room = stack.room(30)
    room.inputs[...] = x
    output = stack.forward(room, dropout, draw)
    room.slopes[-1][...] = 2 * output
    stack.backward(room)
    theirs, weights = plain_twin(stack, names, torch.tensor(x), room.masks)
    (theirs**2).sum().backward()
    assert output == pytest.approx(theirs.detach().numpy(), abs=1e-4)
    assert stack.slopes == pytest.approx(weights.grad.numpy(), rel=1e-3, abs=1e-3)


def test_a_step_is_that_of_autograd_and_its_optimiser() -> None:
    """Ten steps over the same batches end at the same weights."""
    rows, draw = some_rows(), np.random.default_rng(3)
    names = ["tanh", "linear", "tanh", "linear"]
    stack = Stack([9, 6, 3, 6, 9], names)
    begun = (draw.normal(size=stack.count) * 0.4).astype(np.float32)

    def first() -> None:
        stack.weights[...] = begun

    trainee = DenseTrainee(stack, rows, first, draw)
    trainee.start()
    twin = Stack(stack.sizes, names)
    twin.weights[...] = begun
    adam = Adam(twin.count)
    for i in range(10):
        batch = np.arange(4 * i, 4 * i + 4) % len(rows)
        values, seen = rows.take(batch)
        output, weights = plain_twin(twin, names, torch.tensor(values.reshape(4, -1)), [])
        losses = cell_losses(
            torch_operations,
            rows.layout,
            output.reshape(values.shape),
            torch.tensor(values),
            torch.tensor(seen),
        )
        loss = losses.sum() / int(seen.sum())
        loss.backward()
        assert trainee.step(batch, 0.01) == pytest.approx(float(loss.detach()), rel=1e-5)
        adam.step(twin.weights, weights.grad.numpy(), 0.01)
    assert stack.weights == pytest.approx(twin.weights, abs=2e-5)


def test_hidden_cells_lose_their_whole_category() -> None:
    """About the share asked for is hidden; a category goes as one; nothing else changes."""
    rows = some_rows(4000)
    values, _ = rows.take(np.arange(4000))
    shown = hidden(rows.layout, values, 0.3, np.random.default_rng(0))
    changed = shown != values
    assert (shown[changed] == 0).all()
    assert 0.27 < changed[..., 0].mean() < 0.33
    block = rows.layout.blocks()[0]
    there = values[..., block].any(axis=-1)
    gone = ~shown[..., block].any(axis=-1) & there
    assert 0.27 < gone.sum() / there.sum() < 0.33
    assert hidden(rows.layout, values, 0.0, np.random.default_rng(0)) is values


def test_the_worst_rows_are_those_of_the_highest_losses() -> None:
    """A share of the rows, rounded down."""
    losses = np.array([1.0, 9.0, 3.0, 8.0, 2.0]).reshape(5, 1, 1)
    assert sorted(worst(losses, 0.4).tolist()) == [1, 3]
    assert worst(losses, 0.1).tolist() == []


def test_trimmed_rows_teach_nothing() -> None:
    """With the whole share left out, the worst row leaves no trace in the slopes."""
    draw = np.random.default_rng(4)
    numbers = draw.normal(size=(10, 1, 3))
    numbers[7] = 50.0
    rows = Rows(Layout(1, 3), numbers, np.zeros((10, 1, 0), int), np.ones((10, 1, 3), bool))
    stacks = []
    for places in (np.arange(10), np.array([0, 1, 2, 3, 4, 5, 6, 8, 9])):
        stack = Stack([3, 2, 3], ["linear", "linear"])
        trainee = DenseTrainee(stack, rows, lambda s=stack: s.weights.fill(0.1), draw, trim=0.1, steps=1)
        trainee.start()
        trainee.done = 5
        trainee.step(places, 0.0)
        stacks.append(stack.slopes * (30 if len(places) == 10 else 27))  # undo the mean over cells
    assert stacks[0] == pytest.approx(stacks[1], rel=1e-4)
