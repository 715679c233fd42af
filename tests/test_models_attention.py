"""The masked attention network: its operations, its numbers, what it hides, what it finds."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import amiss
from amiss import StringDetector, TableDetector
from amiss.errors import AmissWarning, ParameterError
from amiss.models import Attention, Dense
from amiss.networks import numpy_operations, torch_operations
from amiss.networks.rows import Layout, Rows, marked, spread
from amiss.networks.weights import by_name

LAYOUTS = [Layout(1, 3, [2, 4]), Layout(1, 2), Layout(1, 0, [3]), Layout(7, 2, [3]), Layout(5, 0, [6])]


def rows_of(layout: Layout, count: int = 20, seed: int = 0) -> Rows:
    """Return random rows, some cells missing."""
    draw = np.random.default_rng(seed)
    seen = draw.random((count, layout.positions, layout.cells)) < 0.9
    numbers = draw.normal(size=(count, layout.positions, layout.numbers)) * seen[..., : layout.numbers]
    levels = np.array(layout.levels, int)
    codes = draw.integers(0, 99, (count, layout.positions, len(levels))) % np.maximum(levels, 1)
    return Rows(layout, numbers, np.where(seen[..., layout.numbers :], codes, -1), seen)


def learnt(layout: Layout, **params: Any) -> Attention:
    """Return a small network that saw random rows for a moment."""
    network = Attention(**{"width": 8, "heads": 2, "epochs": 1, **params})
    return network.learn(rows_of(layout), True, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "shapes", "more"),
    [
        ("product", [(3, 2, 5, 4), (3, 2, 4, 5)], ()),
        ("product", [(3, 1, 4), (3, 4, 2)], ()),
        ("part", [(3, 5, 7)], (2, 6)),
        ("total", [(3, 5, 7)], ()),
        ("exp", [(3, 5)], ()),
    ],
)
def test_operations_agree(name: str, shapes: list[tuple[int, ...]], more: tuple[int, ...]) -> None:
    """numpy and torch give the same, element by element."""
    draw = np.random.default_rng(0)
    arrays = [draw.normal(size=shape).astype(np.float32) for shape in shapes]
    ours = getattr(numpy_operations, name)(*arrays, *more)
    theirs = getattr(torch_operations, name)(*map(torch.from_numpy, arrays), *more).numpy()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_draws_are_made_in_training_alone() -> None:
    """Normal values where a gradient is asked for, zeros everywhere else."""
    zeros = np.zeros((2000, 1), np.float32)
    assert not numpy_operations.drawn(zeros + 3).any()
    with torch.no_grad():
        assert not torch_operations.drawn(torch.from_numpy(zeros) + 3).any()
    with torch.enable_grad():
        drawn = torch_operations.drawn(torch.from_numpy(zeros)).numpy()
    assert abs(drawn.mean()) < 0.1
    assert abs(drawn.std() - 1) < 0.1


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.positions}-{x.numbers}-{x.levels}")
@pytest.mark.parametrize("depth", [1, 2])
def test_numpy_answers_as_torch(layout: Layout, depth: int) -> None:
    """One forward pass, two libraries, the same numbers."""
    network = learnt(layout, depth=depth)
    values, seen = rows_of(layout, 16, seed=1).take(slice(None))
    shown = marked(layout, values, seen, np.random.default_rng(2).random(seen.shape) < 0.7)
    weights = by_name(network.weights_, network.shapes())
    ours = network.forward(numpy_operations, weights, shown)
    tensors = {name: torch.from_numpy(w.copy()) for name, w in weights.items()}
    with torch.no_grad():
        theirs = network.forward(torch_operations, tensors, torch.from_numpy(shown)).numpy()
    assert ours.shape == values.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_attention_is_the_sum_of_what_is_held_by_how_well_it_fits() -> None:
    """A naive twin: token by token, head by head."""
    network = learnt(Layout(5, 2))
    weights = by_name(network.weights_, network.shapes())
    x = np.random.default_rng(3).normal(size=(1, 5, 8)).astype(np.float32)
    asks, offers, holds = np.split(x[0] @ weights["look0"] + weights["bias_look0"], 3, axis=1)
    out = np.zeros((5, 8))
    for token in range(5):
        for head in (slice(0, 4), slice(4, 8)):
            fit = np.exp([asks[token, head] @ offers[other, head] / np.sqrt(4) for other in range(5)])
            out[token, head] = (fit / fit.sum()) @ holds[:, head]
    expected = out @ weights["join0"] + weights["bias_join0"]
    np.testing.assert_allclose(
        network._look(numpy_operations, weights, 0, x)[0], expected, rtol=1e-4, atol=1e-5
    )


def test_a_number_hidden_is_marked_and_a_zero_is_not() -> None:
    """0 that was seen, 0 that is missing, and a level hidden are three different things."""
    layout = Layout(1, 2, [3])
    values, seen = Rows(
        layout, np.zeros((1, 1, 2)), np.array([[[1]]]), np.array([[[True, False, True]]])
    ).take(slice(None))
    shown = np.ones((1, 1, 3), bool)
    assert marked(layout, values, seen, shown)[0, 0].tolist() == [0, 0, 0, 1, 0, 1, 0, 1]
    shown[0, 0, 2] = False
    assert marked(layout, values, seen, shown)[0, 0].tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    assert spread(layout, np.array([5, 6, 7])).tolist() == [5, 6, 7, 7, 7]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.positions}-{x.numbers}-{x.levels}")
def test_no_cell_is_predicted_from_itself(layout: Layout) -> None:
    """Whatever stands in a cell, what is expected there stays the same to the last bit."""
    network = learnt(layout)
    values, seen = rows_of(layout, 16, seed=1).take(slice(None))
    before = network.rebuild(values, seen)
    for cell in range(layout.cells):
        which = np.zeros(layout.cells, bool)
        which[cell] = True
        changed, unseen = values.copy(), seen.copy()
        changed[:, 0] = np.where(spread(layout, which), 1.0 - changed[:, 0], changed[:, 0])
        unseen[:, 0, cell] = ~unseen[:, 0, cell]
        after = network.rebuild(changed, unseen)
        assert (after[:, 0][:, spread(layout, which)] == before[:, 0][:, spread(layout, which)]).all()


def test_every_cell_is_hidden_once_a_partition() -> None:
    """As many groups as the share hidden says; a row of one cell has one."""
    network = learnt(Layout(4, 3, [2]), partitions=3, noise=0.25)
    assert network.groups_.shape == (3, 4, 4)
    assert [sorted(np.unique(g, return_counts=True)[1].tolist()) for g in network.groups_] == [[4] * 4] * 3
    assert learnt(Layout(1, 1)).groups_.tolist() == [[[0]], [[0]]]


def test_a_row_alone_is_rebuilt_as_in_company() -> None:
    """To the last bit."""
    for layout in LAYOUTS:
        network = learnt(layout)
        values, seen = rows_of(layout, 40, seed=1).take(slice(None))
        together = network.rebuild(values, seen)
        order = np.random.default_rng(4).permutation(40)
        assert (network.rebuild(values[order], seen[order]) == together[order]).all()
        assert (network.rebuild(values[7:8], seen[7:8]) == together[7:8]).all()


def test_it_takes_a_third_of_the_passes() -> None:
    """Unless told how many."""
    assert Attention().schedule(500).epochs == Dense().schedule(500).epochs // 3
    assert Attention(epochs=7).schedule(500).epochs == 7
    assert Attention().schedule(10_000_000).epochs == 1


def test_a_width_that_the_heads_cannot_share_is_refused() -> None:
    """In a sentence."""
    with pytest.raises(
        ParameterError, match=r"width=10, heads=4\. Legal: a width that is a multiple of heads"
    ):
        TableDetector(models="attention:width=10").fit(np.random.default_rng(0).normal(size=(60, 3)))


def related(odd: bool = True) -> Any:
    """Return rows whose columns tell of each other; in row 17 one cell does not."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(300, 1)) * [1.0, -1.0, 2.0, 0.5] + 0.1 * draw.normal(size=(300, 4))
    if odd:
        values[17] = [1.0, -1.0, -2.0, 0.5]
    return values


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
def test_a_planted_cell_is_found_blamed_and_told_and_comes_back_from_a_file(tmp_path: Path) -> None:
    """Usual by itself, not beside the others; the same after save and load."""
    rows = related()
    detector = TableDetector(models="attention:epochs=60,width=16", random_state=0).fit(rows)
    assert int(detector.scores_.argmax()) == 17
    cause = detector.explain(rows[17:18])[0].causes[0]
    assert cause.cell == "x2"
    assert 1.3 < detector.committee_.models[0].expected(detector._numbers(detector._read(rows)))[17, 2] < 2.7
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    assert (loaded.score_samples(rows[10:30]) == detector.score_samples(rows[10:30])).all()
    assert (loaded.score_samples(rows[17:18]) == -detector.scores_[17]).all()


def test_a_planted_character_is_found_and_blamed() -> None:
    """A letter among digits; a place where any digit may stand costs nothing."""
    draw = np.random.default_rng(0)
    serials = [f"AB-{n:04d}" for n in draw.integers(0, 10_000, 300)]
    detector = StringDetector(models="attention:epochs=30,width=16", random_state=0).fit(
        [*serials, "AB-1x34"]
    )
    assert int(detector.scores_.argmax()) == 300
    cause = detector.explain(["AB-1x34"])[0].causes[0]
    assert (cause.cell, cause.expected) == ("position 5", "a digit")


@pytest.mark.parametrize(
    "rows",
    [
        np.random.default_rng(0).normal(size=(10, 3)),
        np.ones((20, 3)),
        np.ones((1, 2)),
        np.where(np.random.default_rng(0).random((30, 3)) < 0.3, np.nan, 1.5),
        np.random.default_rng(0).normal(size=(30, 1)),
    ],
    ids=["10 rows", "constant", "one row", "missing", "one column"],
)
def test_any_table_is_learnt(rows: Any) -> None:
    """Finite scores for little, constant and missing data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        detector = TableDetector(models="attention:epochs=2", random_state=0).fit(rows)
    assert np.isfinite(detector.scores_).all()
    assert (-detector.score_samples(rows) == detector.scores_).all()
