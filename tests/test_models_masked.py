"""The masked model of tables, and the core it stands on beside plain autograd."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import amiss
from amiss import TableDetector
from amiss.batch import Batch
from amiss.errors import AmissWarning, ParameterError
from amiss.models import Masked
from amiss.networks.masked_core import MaskedNets, MaskedTrainee, hide
from amiss.networks.masked_turns import Turns
from amiss.numerics.blocks import LANES


def batch_of(values: Any) -> Batch:
    """Return a table of numbers as a batch; NaN is missing."""
    values = np.asarray(values, float)
    mask = np.isnan(values)
    return Batch(np.where(mask, 0.0, values), mask, tuple(f"c{j}" for j in range(values.shape[1])))


def ring(rows: int = 500, seed: int = 0) -> Any:
    """Return cosine, sine and cosine of the double angle of random angles with a little noise, and pure noise."""
    draw = np.random.default_rng(seed)
    angle = draw.uniform(0, 2 * np.pi, rows)
    related = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)])
    return np.column_stack([10 + 3 * related + 0.05 * draw.normal(size=(rows, 3)), draw.normal(size=rows)])


def fitted(values: Any, normal: Any = None, **parameters: Any) -> Masked:
    """Return a masked model that has learnt from the values."""
    batch = batch_of(values)
    trusted = np.ones(len(batch), bool) if normal is None else normal
    return Masked(**parameters).fit(batch, trusted, np.random.default_rng(0))


# ------------------------------------------------------------- the core
def as_torch(nets: MaskedNets, values: Any, shown: Any) -> tuple[Any, list[Any]]:
    """Return the answers of the same networks written for autograd, and their weights."""
    import torch

    weights = [torch.tensor(w.copy(), requires_grad=True) for w in (nets.first, nets.second, nets.output)]
    first, second, output = weights
    seen = torch.tensor(shown.astype(np.float32))
    inputs = torch.cat([torch.tensor(values) * seen, seen, torch.ones_like(seen[..., :1])], dim=2)
    between = inputs @ first
    between = between * torch.sigmoid(1.702 * between)
    after = between @ second
    joined = torch.cat([between + after * torch.sigmoid(1.702 * after), inputs], dim=2)
    return joined @ output, weights


def some_nets(nets: int = 3, width: int = 5, hidden: int = 7) -> MaskedNets:
    """Return networks with weights drawn at random, the straight path too."""
    made = MaskedNets(nets, width, hidden)
    made.weights[...] = np.random.default_rng(3).normal(size=len(made.weights)) * 0.4
    return made


def test_answers_and_slopes_are_those_of_autograd() -> None:
    """The hand-written backward pass, two batches of different size in turn so that rooms are used again."""
    nets, draw = some_nets(), np.random.default_rng(5)
    for rows in (11, 4, 11):
        values = draw.normal(size=(rows, 5)).astype(np.float32)
        shown = draw.random((3, rows, 5)) < 0.6
        slope = draw.normal(size=(3, rows, 5)).astype(np.float32)
        answer, weights = as_torch(nets, values, shown)
        (answer * answer.new_tensor(slope)).sum().backward()
        np.testing.assert_allclose(nets.forward(values, shown), answer.detach().numpy(), atol=2e-5)
        nets.backward(slope)
        slopes = np.concatenate([w.grad.numpy().ravel() for w in weights])
        np.testing.assert_allclose(nets.slopes, slopes, atol=5e-5)


def test_networks_side_by_side_are_networks_alone() -> None:
    """Answers and slopes of each network are those it has with no other beside it."""
    nets, draw = some_nets(), np.random.default_rng(6)
    values = draw.normal(size=(9, 5)).astype(np.float32)
    shown = draw.random((3, 9, 5)) < 0.5
    slope = draw.normal(size=(3, 9, 5)).astype(np.float32)
    together = nets.forward(values, shown).copy()
    nets.backward(slope)
    for i in range(3):
        alone = MaskedNets(1, 5, 7)
        alone.first[...], alone.second[...] = nets.first[i], nets.second[i]
        alone.output[...] = nets.output[i]
        np.testing.assert_allclose(
            alone.forward(values, shown[i : i + 1])[0], together[i], rtol=1e-5, atol=1e-6
        )
        alone.backward(slope[i : i + 1])
        views = alone._views(alone.slopes)
        expected = [view[i : i + 1] for view in nets._views(nets.slopes)]
        for got, want in zip(views, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_lanes_give_the_answers_of_training_at_any_place() -> None:
    """The scoring pass computes the training pass; a row's answer is the same to the bit in every lane and stack."""
    nets, draw = some_nets(2, 9, 32), np.random.default_rng(7)
    rows = draw.normal(size=(2 * LANES, 9)).astype(np.float32)
    seen = draw.random((len(rows), 9)) < 0.8
    groups = np.array([[0, 1, 2, 0, 1, 2, 0, 1, 0], [2, 1, 0, 0, 1, 1, 2, 0, 0]])
    turns = Turns(nets, groups)

    def as_lanes(values: Any) -> Any:
        lanes = values.reshape(2, LANES, 9).swapaxes(1, 2)[:, None]
        return np.ascontiguousarray(lanes, np.float32)

    lanes, there = as_lanes(rows), as_lanes(seen)
    answers = turns.rebuild(lanes, there)
    for turn in range(3):
        shown = np.stack([seen & (group != turn) for group in groups])
        slow = nets.forward(rows, shown)
        got = answers.transpose(1, 0, 3, 2).reshape(2, -1, 9)
        for i, group in enumerate(groups):
            np.testing.assert_allclose(got[i][:, group == turn], slow[i][:, group == turn], atol=2e-5)
    turned = turns.rebuild(np.roll(lanes, 5, axis=3)[::-1], np.roll(there, 5, axis=3)[::-1])
    assert np.array_equal(np.roll(turned, -5, axis=3)[::-1], answers)
    assert np.array_equal(turns.rebuild(lanes[1:], there[1:]), answers[1:])


def test_a_whole_row_has_its_answer_whatever_the_rows_beside_it_miss() -> None:
    """The answer of a row without gaps is the same to the bit beside rows with gaps and beside none."""
    nets, draw = some_nets(2, 6, 16), np.random.default_rng(8)
    turns = Turns(nets, np.array([[0, 1, 2, 0, 1, 2], [2, 2, 1, 1, 0, 0]]))
    lanes = draw.normal(size=(3, 1, 6, LANES)).astype(np.float32)
    there = np.ones(lanes.shape, np.float32)
    alone = turns.rebuild(lanes, there)
    there[:2, :, :, 1::2] = draw.random((2, 1, 6, LANES // 2)) < 0.5
    beside = turns.rebuild(lanes, there)
    assert np.array_equal(beside[:, :, :, ::2], alone[:, :, :, ::2])
    assert not np.array_equal(beside, alone)


def test_every_row_hides_at_least_one_cell_at_a_rate_of_its_own() -> None:
    """The share of hidden cells lies between the rates, and rows differ in it more than by chance."""
    hidden = hide((2, 2_000, 60), np.random.default_rng(0))
    shares = hidden.mean(axis=2)
    assert hidden.any(axis=2).all()
    assert 0.28 < shares.mean() < 0.33
    assert shares.std() > 0.13  # 0.06 if all rows had the same rate
    assert hide((1, 500, 2), np.random.default_rng(0)).any(axis=2).all()


def test_the_rows_rebuilt_worst_teach_nothing() -> None:
    """With a tenth of gross rows in the batch the slopes are those without them."""
    draw = np.random.default_rng(1)
    values = draw.normal(size=(40, 4)).astype(np.float32)
    values[[3, 11, 25, 39]] = 1e4
    seen = np.ones(values.shape, bool)

    def slopes(values: Any, trim: float) -> Any:
        nets = MaskedNets(2, 4, 8)
        trainee = MaskedTrainee(nets, values, seen, 40, trim, np.random.default_rng(2))
        trainee.start()
        loss = trainee.step(np.arange(40), 0.0)
        return nets.slopes.copy(), loss

    trimmed, loss = slopes(values, 0.1)
    others = values.copy()
    others[[3, 11, 25, 39]] = -3e4
    assert loss < 10
    assert np.array_equal(trimmed, slopes(others, 0.1)[0])
    assert slopes(values, 0.0)[1] > 1e6


# ------------------------------------------------------------- the model
@pytest.mark.parametrize("space", ["standard", "asinh", "minmax", "rank"])
def test_the_broken_relation_is_found_blamed_and_mended(space: str) -> None:
    """A cell that is usual by itself and at odds with the others gets the blame and its right value is expected."""
    values = ring()
    values[17, :2] = 10 + 3 * np.array([np.cos(0.3), np.sin(0.3)])
    values[17, 2] = 10 - 3 * np.cos(0.6)
    model, batch = fitted(values, space=space), batch_of(values)
    scores = model.score(batch)
    assert (scores < scores[17]).mean() > 0.98
    row = batch.take(np.array([17]))
    assert model.surprise(row)[0].argmax() == 2
    assert abs(model.expected(row)[0, 2] - (10 + 3 * np.cos(0.6))) < 1.0


def test_a_linear_table_is_rebuilt_nearly_as_well_as_by_regression() -> None:
    """The straight path does what it is there for."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(600, 2)) @ draw.normal(size=(2, 8)) + 0.1 * draw.normal(size=(600, 8))
    errors = (fitted(values).expected(batch_of(values)) - values) ** 2
    assert np.median(errors) < 0.1
    assert np.median(values**2) > 5 * np.median(errors)


@pytest.mark.parametrize("rows", [500, 20])
def test_a_row_scores_the_same_in_any_company(rows: int) -> None:
    """Alone, shuffled, in part: to the last bit; so do surprise and expected. Networks and linear regression."""
    values = np.hstack([ring(rows), ring(rows, 1)])
    values[3, 2] = np.nan
    model, batch = fitted(values, steps=40), batch_of(values)
    order = np.random.default_rng(0).permutation(rows)
    for ask in (model.score, model.surprise, model.expected):
        whole = ask(batch)
        assert np.array_equal(ask(batch.take(order)), whole[order])
        for i in (0, 3, rows - 1):
            assert np.array_equal(ask(batch.take(np.array([i]))), whole[i : i + 1])


def test_a_missing_cell_is_neither_used_nor_blamed() -> None:
    """What stands in a missing cell changes nothing, and its surprise is 0."""
    values = ring()
    model = fitted(values, steps=40)
    values[0, 1] = np.nan
    batch = batch_of(values[:1])
    other = Batch(batch.values + batch.mask * 99.0, batch.mask, batch.names)
    assert model.surprise(batch)[0, 1] == 0.0
    assert np.array_equal(model.surprise(batch), model.surprise(other))
    assert np.array_equal(model.expected(batch), model.expected(other))


def test_it_learns_from_trusted_rows_alone() -> None:
    """Rows that are not trusted move neither weights nor units."""
    values, normal = ring(), np.ones(500, bool)
    normal[:50] = False
    one = fitted(values, normal, steps=60, space="minmax")
    values[:50] = values[50:100][::-1] * 0.5 + values[60:110] * 0.5
    other = fitted(values, normal, steps=60, space="minmax")
    assert np.array_equal(one.weights_, other.weights_)
    assert np.array_equal(one.units_, other.units_)


def test_a_column_that_was_constant_is_blamed_where_it_is_not() -> None:
    """The networks do not see it; another value than the constant is surprising, and the constant was expected."""
    values = np.column_stack([ring(), np.full(500, 7.0)])
    model = fitted(values, steps=40)
    row = batch_of(values[:1] + np.array([0, 0, 0, 0, 1.0]))
    assert model.surprise(row)[0, 4] == 50.0
    assert model.expected(row)[0, 4] == 7.0
    assert model.surprise(batch_of(values))[:, 4].max() == 0.0
    assert model.score(row)[0] - model.score(batch_of(values[:1]))[0] == pytest.approx(np.log(51) / 4)


@pytest.mark.parametrize(
    "values",
    [
        [[1.0, 2.0]],
        np.arange(20.0).reshape(10, 2),
        np.random.default_rng(0).normal(size=(60, 1)),
        np.random.default_rng(0).normal(size=(40, 130)),
        np.full((50, 3), 4.0),
        np.column_stack([np.full(60, np.nan), np.arange(60.0), np.arange(60.0) ** 2]),
        np.column_stack([np.r_[np.zeros(59), 1e300], np.r_[-1e300, np.arange(59.0)], np.arange(60.0)]),
        np.where(np.random.default_rng(0).random((80, 4)) < 0.5, np.nan, 1.0 + np.arange(80.0)[:, None]),
    ],
    ids=["one row", "ten rows", "one column", "wide", "constant", "all missing", "gigantic", "half missing"],
)
def test_little_and_odd_data_gives_finite_scores(values: Any) -> None:
    """Whatever the table, every number that comes out is finite, and no warning is given."""
    values = np.asarray(values, float)
    asked = batch_of(np.vstack([values, values[:1] * 1e3 + 1e250, -values[:1] + 0.5]))
    model = fitted(values, steps=40)
    for answer in (model.score(asked), model.surprise(asked), model.expected(asked)):
        assert np.isfinite(answer).all()
    assert (model.surprise(asked) >= 0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)  # few rows to learn from, constant columns
        detector = TableDetector(models="masked:steps=40", random_state=0).fit(values)
    assert np.isfinite(detector.scores_).all()


def test_few_rows_are_judged_by_linear_regression() -> None:
    """Below 30 rows no network is trained, and a broken linear relation is still found."""
    draw = np.random.default_rng(0)
    first = draw.normal(size=25)
    values = np.column_stack([first, 2 * first + 0.01 * draw.normal(size=25), draw.normal(size=25)])
    normal = np.ones(25, bool)
    normal[4], values[4, 1] = False, -2 * values[4, 0]
    model = fitted(values, normal)
    assert model.history_ is None
    assert model.networks() == []
    assert model.score(batch_of(values)).argmax() == 4
    np.testing.assert_allclose(model.expected(batch_of(values[:3]))[:, 1], 2 * values[:3, 0], atol=0.1)


def test_it_comes_back_from_a_file_and_tells_of_its_training(tmp_path: Path) -> None:
    """Scores to the bit; the layers and losses of the networks."""
    values = ring()
    detector = TableDetector(models="masked:hidden=24,steps=200,nets=2", random_state=0).fit(values)
    amiss.save(detector, tmp_path / "masked.amiss")
    back = amiss.load(tmp_path / "masked.amiss")
    assert np.array_equal(back.score_samples(values), detector.score_samples(values))
    told = detector.history_[0]
    assert told["name"] == "masked:nets=2,hidden=24,steps=200"
    assert told["layers"][0] == {"name": "first", "shape": [2, 9, 24], "weights": 432}
    assert len(told["loss"]) == 20
    assert min(told["validation_loss"]) < 0.8 * told["validation_loss"][0]


def test_the_same_seed_gives_the_same_model() -> None:
    """And another one another."""
    values = ring()
    scores = [
        TableDetector(models="masked:steps=60", random_state=seed).fit(values).scores_ for seed in (0, 0, 1)
    ]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("masked:nets=0", "Model 'masked': nets=0. Legal: at least 1."),
        ("masked:trim=1", "trim=1. Legal: at least 0 and at most 0.9."),
        ("masked:space=log", "space=log. Legal: standard, minmax, asinh, rank."),
    ],
)
def test_a_wrong_parameter_is_named(asked: str, words: str) -> None:
    """Value, and what is legal."""
    with pytest.raises(ParameterError, match=words.replace(".", r"\.")):
        TableDetector(models=asked).fit(ring())


def test_no_neural_library_is_loaded() -> None:
    """It learns and scores with numpy alone."""
    code = (
        "import sys\nimport numpy as np\nfrom amiss import TableDetector\n"
        "rows = np.random.default_rng(0).normal(size=(60, 3))\n"
        "TableDetector(models='masked:steps=20', random_state=0).fit(rows).detect(rows)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'tensorflow', 'jax', 'onnxruntime', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
