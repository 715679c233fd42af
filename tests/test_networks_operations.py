"""The operations of networks: numpy and PyTorch mean the same, and what recurs is what a plain loop says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from amiss.networks import numpy_operations, torch_operations
from amiss.networks.patches import from_patches, to_patches

ROWS, POSITIONS, WIDTH = 16, 5, 6


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def cell(gates: int, hidden: int = 3) -> tuple[Any, ...]:
    wide = gates * hidden
    return drawn(WIDTH, wide), drawn(hidden, wide), drawn(wide, seed=1), drawn(wide, seed=2)


X = drawn(ROWS, POSITIONS, WIDTH)
CASES: list[tuple[str, tuple[Any, ...]]] = [
    ("where", (X > 0, X, -X)),
    ("linear", (X, drawn(WIDTH, 4))),
    ("linear", (X, drawn(WIDTH, 4), drawn(4))),
    ("linear", (X[:, 0], drawn(WIDTH, 4), drawn(4))),
    *(("activation", (X, name)) for name in ("relu", "elu", "tanh", "sigmoid", "linear")),
    *(
        ("conv", (X, drawn(taps, WIDTH, 4), drawn(4), dilation, causal))
        for taps in (1, 2, 3)
        for dilation in (1, 2)
        for causal in (False, True)
    ),
    ("gru", (X, *cell(3), False)),
    ("gru", (X, *cell(3), True)),
    ("lstm", (X, *cell(4), False)),
    ("lstm", (X, *cell(4), True)),
    ("normalise", (X, drawn(WIDTH), drawn(WIDTH, seed=1))),
    ("softmax", (X,)),
    ("log_softmax", (X,)),
    ("concat", ([X, X[..., :2]],)),
    ("reshape", (X, (-1, POSITIONS * WIDTH))),
    ("swap", (X, 1, 2)),
    ("dropout", (X, 0.5)),
    ("product", (X, drawn(ROWS, WIDTH, 2))),
    ("part", (X, 1, 4)),
    ("total", (X,)),
    ("exp", (X,)),
    ("drawn", (X,)),
]


def as_tensors(given: Any) -> Any:
    if isinstance(given, np.ndarray):
        return torch.from_numpy(given)
    return [as_tensors(one) for one in given] if isinstance(given, list) else given


@pytest.mark.parametrize(("name", "given"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_numpy_and_torch_mean_the_same(name: str, given: tuple[Any, ...]) -> None:
    """Where nothing is learnt, the same arrays in give the same arrays out, to the rounding."""
    ours = getattr(numpy_operations, name)(*given)
    with torch.no_grad():
        theirs = getattr(torch_operations, name)(*(as_tensors(one) for one in given)).numpy()
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-5


def test_every_operation_is_compared() -> None:
    """Both files hold the same names, and each stands in the list above."""
    public = {
        name
        for name, value in vars(numpy_operations).items()
        if getattr(value, "__name__", "") == name
        and value.__module__ in (numpy_operations.__name__, "numpy")
        and name[0] != "_"
    }
    assert public == {name for name, _ in CASES}
    assert all(hasattr(torch_operations, name) for name in public)


@pytest.mark.parametrize("name", ["gru", "lstm"])
@pytest.mark.parametrize("backwards", [False, True])
def test_slopes_flow_through_what_recurs(name: str, backwards: bool) -> None:
    """The slope that PyTorch finds is the quotient of differences, in double precision."""
    given = [
        torch.from_numpy(one).double().requires_grad_() for one in (X[:2], *cell(3 if name == "gru" else 4))
    ]
    assert torch.autograd.gradcheck(lambda *g: getattr(torch_operations, name)(*g, backwards), given)


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_a_cell_of_one_value_on_paper(name: str) -> None:
    """One value in, one kept, two steps: the equations written out."""
    if name == "gru":
        weights = (
            np.array([[0.5, -1.0, 2.0]]),
            np.array([[0.3, 0.7, -0.4]]),
            np.zeros(3),
            np.array([0, 0, 0.1]),
        )
        h = 0.0
        for x in (1.0, -2.0):
            reset, update = sigmoid(0.5 * x + 0.3 * h), sigmoid(-x + 0.7 * h)
            h = (1 - update) * np.tanh(2 * x + reset * (-0.4 * h + 0.1)) + update * h
    else:
        weights = (
            np.array([[0.5, -1.0, 2.0, 1.0]]),
            np.array([[0.3, 0.7, -0.4, 0.2]]),
            np.zeros(4),
            np.zeros(4),
        )
        h = content = 0.0
        for x in (1.0, -2.0):
            let_in, kept = sigmoid(0.5 * x + 0.3 * h), sigmoid(-x + 0.7 * h)
            content = kept * content + let_in * np.tanh(2 * x - 0.4 * h)
            h = sigmoid(x + 0.2 * h) * np.tanh(content)
    x = np.tile(np.array([1.0, -2.0], np.float32)[None, :, None], (16, 1, 1))
    states = getattr(numpy_operations, name)(x, *(w.astype(np.float32) for w in weights))
    assert states[0, 1, 0] == pytest.approx(h, rel=1e-5)
    turned = getattr(numpy_operations, name)(x[:, ::-1], *(w.astype(np.float32) for w in weights), True)
    assert (turned[:, ::-1] == states).all()


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_patches_come_back(size: int) -> None:
    """Positions put together and taken apart again are the same; what fills the last patch is 0."""
    patches = to_patches(numpy_operations, X, POSITIONS, WIDTH, size)
    assert patches.shape == (ROWS, -(-POSITIONS // size), size * WIDTH)
    assert (patches.reshape(ROWS, -1)[:, POSITIONS * WIDTH :] == 0).all()
    assert (from_patches(numpy_operations, patches, POSITIONS, WIDTH, size) == X).all()
