"""The variational autoencoder: its numbers, its draws, what it finds."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import amiss
from amiss import StringDetector, TableDetector
from amiss.errors import AmissWarning
from amiss.models import Variational
from amiss.models.autoencoder import Autoencoder
from amiss.networks import numpy_operations, torch_operations
from amiss.networks.rows import Layout
from amiss.networks.weights import by_name
from test_models_attention import LAYOUTS, related, rows_of


def learnt(layout: Layout, **params: Any) -> Variational:
    """Return a small network that saw random rows for a moment."""
    network = Variational(**{"latent": 2, "hidden": 8, "epochs": 1, **params})
    return network.learn(rows_of(layout), True, np.random.default_rng(0))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.positions}-{x.numbers}-{x.levels}")
@pytest.mark.parametrize("depth", [0, 2])
def test_numpy_answers_as_torch(layout: Layout, depth: int) -> None:
    """One forward pass, two libraries, the same numbers; nothing is drawn without a gradient."""
    network = learnt(layout, depth=depth)
    values, _ = rows_of(layout, 16, seed=1).take(slice(None))
    weights = by_name(network.weights_, network.shapes())
    ours = network.forward(numpy_operations, weights, values)
    tensors = {name: torch.from_numpy(w.copy()) for name, w in weights.items()}
    with torch.no_grad():
        theirs = network.forward(torch_operations, tensors, torch.from_numpy(values)).numpy()
        lesson, penalty = network.lesson(torch_operations, tensors, torch.from_numpy(values))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(lesson.numpy(), theirs, rtol=1e-4, atol=1e-5)
    assert penalty.shape == (16,)


def test_the_penalty_is_the_divergence_from_the_standard_normal() -> None:
    """Against PyTorch's own, weighted by beta."""
    network = learnt(Layout(1, 3), beta=0.5)
    weights = {k: torch.from_numpy(w.copy()) for k, w in by_name(network.weights_, network.shapes()).items()}
    values = torch.from_numpy(rows_of(Layout(1, 3), 16).take(slice(None))[0])
    centre, spread = network._encoded(torch_operations, weights, values)
    normal = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence(normal(centre, spread.exp()), normal(0.0, 1.0))
    _, penalty = network.lesson(torch_operations, weights, values)
    np.testing.assert_allclose(penalty.numpy(), 0.5 * divergence.sum((1, 2)).numpy(), rtol=1e-4, atol=1e-5)


def test_losses_are_averages_over_the_draws_of_the_fit() -> None:
    """A naive twin: draw by draw, row by row."""
    layout = Layout(1, 2, [3])
    network = learnt(layout, draws=5)
    values, seen = rows_of(layout, 16, seed=1).take(slice(None))
    weights = by_name(network.weights_, network.shapes())
    total = np.zeros(seen.shape)
    for row in range(16):
        centre, spread = network._encoded(numpy_operations, weights, values)
        for noise in network.noise_:
            outputs = network._decoded(numpy_operations, weights, centre + np.exp(spread) * noise)
            total[row] += Autoencoder.losses(network, outputs, values, seen)[row] / 5
    losses = network.losses(network.rebuild(values), values, seen)
    np.testing.assert_allclose(losses, total, rtol=1e-4, atol=1e-6)
    assert network.noise_.shape == (5, 2)


def test_draws_teach_more_than_the_centre_alone() -> None:
    """The weight of the divergence decides how much of a latent value is used: with much of it nothing is."""
    rows = related(odd=False)
    spread = {}
    for beta in (0.01, 100.0):
        detector = TableDetector(models=f"variational:latent=2,epochs=30,beta={beta}", random_state=0)
        network = detector.fit(rows).committee_.models[0].network
        weights = by_name(network.weights_, network.shapes())
        values = detector.committee_.models[0]._rows(detector._numbers(detector._read(rows)))
        spread[beta] = network._encoded(numpy_operations, weights, values.take(slice(0, 32))[0])[1].min()
    assert spread[0.01] < -1.0 < -0.5 < spread[100.0]


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
def test_a_planted_cell_is_found_blamed_and_told_and_comes_back_from_a_file(tmp_path: Path) -> None:
    """Usual by itself, not beside the others; the same alone, and after save and load."""
    rows = related()
    detector = TableDetector(models="variational:latent=1,epochs=60", random_state=0).fit(rows)
    assert int(detector.scores_.argmax()) == 17
    assert detector.explain(rows[17:18])[0].causes[0].cell == "x2"
    assert 1.2 < detector.committee_.models[0].expected(detector._numbers(detector._read(rows)))[17, 2] < 2.8
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    assert (loaded.score_samples(rows[10:30]) == detector.score_samples(rows[10:30])).all()
    assert (loaded.score_samples(rows[17:18]) == -detector.scores_[17]).all()


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
@pytest.mark.parametrize(
    "model", ["variational:epochs=60", "dense:epochs=60", "attention:epochs=60,width=16"]
)
def test_a_level_that_does_not_fit_the_numbers_is_blamed_and_told(model: str) -> None:
    """The sign in words contradicts the number beside it; no count of texts can know."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=300)
    x += np.sign(x)
    sign = ["plus" if one > 0 else "minus" for one in x]
    sign[7] = "minus" if x[7] > 0 else "plus"
    frame = pl.DataFrame({"x": x, "y": 2 * x + 0.1 * draw.normal(size=300), "sign": sign})
    detector = TableDetector(models=model, random_state=0).fit(frame)
    assert (detector.scores_ > detector.scores_[7]).sum() < 15  # of 300; those above are the largest numbers
    cause = next(c for c in detector.explain(frame[7:8])[0].causes if c.cell == "sign")
    right = "plus" if x[7] > 0 else "minus"
    assert cause.expected == f'"{right}" beside the other columns'
    assert cause.reason == f'"{sign[7]}", usually "{right}" beside the other columns'
    assert cause.share > 0.2
    assert detector.score_cells(frame)[:, 2].argmax() == 7


def test_a_planted_character_is_found_and_blamed() -> None:
    """A separator that no other string has."""
    serials = [f"AB{i % 83:02d}-{i % 7}E" for i in range(300)]
    detector = StringDetector(models="variational:epochs=100", random_state=0).fit([*serials, "AB12_1E"])
    assert int(detector.scores_.argmax()) == 300
    cause = detector.explain(["AB12_1E"])[0].causes[0]
    assert (cause.cell, cause.expected) == ("position 5", '"-"')


@pytest.mark.parametrize(
    "rows",
    [
        np.random.default_rng(0).normal(size=(10, 3)),
        np.ones((20, 3)),
        np.ones((1, 2)),
        np.where(np.random.default_rng(0).random((30, 3)) < 0.3, np.nan, 1.5),
        pl.DataFrame({"a": ["x", "y"] * 20, "b": ["u", "v"] * 20}),
    ],
    ids=["10 rows", "constant", "one row", "missing", "only categories"],
)
def test_any_table_is_learnt(rows: Any) -> None:
    """Finite scores for little, constant and missing data, and for nothing but levels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        detector = TableDetector(models="variational:epochs=2", random_state=0).fit(rows)
    assert np.isfinite(detector.scores_).all()
    assert (-detector.score_samples(rows) == detector.scores_).all()
