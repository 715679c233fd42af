"""The dense autoencoder, and an autoencoder on a table."""

from __future__ import annotations

import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import amiss
from amiss import TableDetector
from amiss.batch import Batch
from amiss.errors import ParameterError, UnknownPartError
from amiss.models import Dense
from amiss.models.on_table import OnTable
from amiss.networks import torch_operations
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.rows import Layout, Rows
from amiss.networks.weights import by_name


def related(rows: int = 400, columns: int = 8, hidden: int = 2, seed: int = 0) -> Any:
    """Return rows that hang together through a few hidden numbers, and a little noise."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, hidden)) @ draw.normal(size=(hidden, columns))
    return values + 0.05 * draw.normal(size=(rows, columns))


def as_rows(values: Any) -> Rows:
    """Return a table of numbers as rows of one position."""
    return Rows(
        Layout(1, values.shape[1]),
        values[:, None],
        np.zeros((len(values), 1, 0), int),
        np.ones((len(values), 1, values.shape[1]), bool),
    )


def network_of(detector: Any) -> Dense:
    """Return the network of a detector that has one model."""
    return detector.committee_.models[0].network


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_it_begins_as_the_principal_directions(depth: int, tied: bool, activation: str) -> None:
    """Before the first step it rebuilds what the first principal directions rebuild, whatever its depth."""
    values = related(hidden=4) + 3.0
    network = Dense(latent=3, hidden=16, depth=depth, tied=tied, activation=activation)
    rows = as_rows(values)
    network.layout_ = rows.layout
    network.plan(rows)
    network.weights_ = network.first_weights(rows, np.random.default_rng(0))
    rebuilt = network.rebuild(values[:, None].astype(np.float32))[:, 0]
    centred = values - values.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    naive = centred @ directions[:3].T @ directions[:3] + values.mean(axis=0)
    assert rebuilt == pytest.approx(naive, abs=1e-4)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_numpy_and_torch_run_the_same_network(activation: str) -> None:
    """What scores is what trains: the forward pass over both sets of operations."""
    values = related()
    detector = TableDetector(models=f"dense:activation={activation},epochs=2", random_state=0).fit(values)
    network = network_of(detector)
    x = np.random.default_rng(1).normal(size=(33, 1, 8)).astype(np.float32)
    weights = by_name(torch.tensor(network.weights_), network.shapes())
    theirs = network.forward(torch_operations, weights, torch.tensor(x)).numpy()
    assert network.rebuild(x) == pytest.approx(theirs, abs=1e-5)


def test_training_lowers_the_loss_where_principal_directions_do_not_suffice() -> None:
    """A circle of one hidden number: bent layers rebuild it from one value, straight ones cannot."""
    draw = np.random.default_rng(0)
    angle = draw.uniform(0, 2 * np.pi, 1000)
    values = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.02 * draw.normal(size=(1000, 2))
    asked = "dense:latent=1,activation={},hidden=64,depth=2,epochs=200,space=standard"
    straight, bent = (
        TableDetector(models=asked.format(a), training_data="clean", random_state=0).fit(values)
        for a in ("linear", "tanh")
    )
    assert straight.history_[0]["loss"][-1] > 0.45
    assert min(bent.history_[0]["validation_loss"]) < 0.2


def test_the_latent_size_is_that_of_the_data() -> None:
    """Two hidden numbers behind eight columns: two values in the middle."""
    detector = TableDetector(models="dense:space=standard", random_state=0).fit(related())
    assert network_of(detector).sizes_ == [8, 32, 2, 32, 8]


def test_the_broken_relation_is_found_and_the_expected_value_is_right() -> None:
    """One value that the others contradict: its row first, its column blamed, its true value expected."""
    values = related()
    true = values[17, 3]
    values[17, 3] = true + 2.0
    detector = TableDetector(models="dense", random_state=0).fit(values)
    first = detector.detect(values).anomalies[0]
    assert (first.place, first.causes[0].cell) == (17, "x3")
    rebuilt = detector.committee_.expected(detector._numbers(detector._read(values)))
    assert abs(rebuilt[17, 3] - true) < abs(rebuilt[17, 3] - values[17, 3])


def test_a_contradicted_category_is_surprising() -> None:
    """The level follows from a number; where it does not, it costs more than anywhere else."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=500)
    frame = {"x": x, "sign": np.where(x > 0, "plus", "minus"), "other": draw.normal(size=500)}
    frame["x"][7], frame["sign"][7] = 2.0, "minus"
    detector = TableDetector(models="dense", random_state=0).fit(frame)
    on_table = detector.committee_.models[0]
    batch = detector._numbers(detector._read(frame))
    surprise = on_table.surprise_of_levels(batch)
    assert surprise.shape == (500, 1)
    assert int(surprise[:, 0].argmax()) == 7
    levels = detector.levels_[0].levels
    assert levels[on_table.expected_levels(batch)[7, 0]] == "plus"


def test_a_level_never_learnt_costs_more_than_the_rarest() -> None:
    """Unknown beats rare; missing costs nothing."""
    codes = np.random.default_rng(0).choice(3, size=300, p=[0.6, 0.3, 0.1])

    def batch_of(code: int, lost: bool = False) -> Batch:
        empty = np.zeros((1, 0))
        return Batch(empty, empty.astype(bool), (), np.array([[code]]), np.array([[lost]]), (3,))

    empty = np.zeros((300, 0))
    whole = Batch(empty, empty.astype(bool), (), codes[:, None], np.zeros((300, 1), bool), (3,))
    model = OnTable(Dense()).fit(whole, np.ones(300, bool), np.random.default_rng(0))
    rare, unknown = (float(model.surprise_of_levels(batch_of(code))[0, 0]) for code in (2, -1))
    assert unknown > rare > 0
    assert model.surprise_of_levels(batch_of(-1, lost=True))[0, 0] == 0


@pytest.mark.parametrize(
    "spec",
    [
        "dense",
        "dense:tied=true",
        "dense:depth=0,latent=1",
        "dense:activation=elu,noise=0.2,dropout=0.2,loss=huber",
    ],
)
@pytest.mark.parametrize("space", ["standard", "minmax", "asinh", "rank"])
def test_what_is_asked_for_trains_scores_and_comes_back(spec: str, space: str, tmp_path: Path) -> None:
    """Every variant: finite, the same twice, the same in any company, the same from a file."""
    values = related(rows=80)
    values[3, 2] = np.nan
    params: Any = {"models": f"{spec}{',' if ':' in spec else ':'}space={space}", "random_state": 1}
    detector = TableDetector(**params).fit(values)
    assert np.isfinite(detector.scores_).all()
    assert (TableDetector(**params).fit(values).scores_ == detector.scores_).all()
    order = np.random.default_rng(0).permutation(80)
    assert (-detector.score_samples(values[order]) == detector.scores_[order]).all()
    assert [-detector.score_samples(values[i : i + 1])[0] for i in range(5)] == detector.scores_[:5].tolist()
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    assert (-loaded.score_samples(values) == detector.scores_).all()
    assert loaded.history_ == detector.history_


@pytest.mark.parametrize(
    "values",
    [
        np.ones((1, 1)),
        np.arange(10.0)[:, None],
        np.ones((10, 3)),
        np.column_stack([np.ones(40), np.arange(40.0), np.full(40, np.nan)]),
        np.column_stack([np.full(40, 1e300), np.arange(40.0) * 1e-300]),
        np.where(np.random.default_rng(0).random((30, 4)) < 0.5, np.nan, 1.0),
    ],
    ids=["one value", "ten rows", "constant", "constant and empty columns", "gigantic", "half missing"],
)
def test_little_and_odd_data_gives_finite_scores(values: Any) -> None:
    """One row, constant columns, columns without a value, numbers at the ends of the range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector = TableDetector(models="dense", random_state=0).fit(values)
    assert np.isfinite(detector.scores_).all()
    assert np.isfinite(detector.score_samples(np.vstack([values, values * 0 + 7]))).all()
    assert len(detector.explain(values)) == len(values)


def test_a_table_of_categories_alone_is_rebuilt() -> None:
    """No number at all: the levels are judged by the network."""
    draw = np.random.default_rng(0)
    countries = draw.choice(["DE", "FR", "AT"], size=300)
    cities = np.array([{"DE": "Berlin", "FR": "Paris", "AT": "Wien"}[c] for c in countries])
    cities[11] = "Paris" if countries[11] != "FR" else "Wien"
    frame = {"country": countries, "city": cities}
    detector = TableDetector(models="dense", random_state=0).fit(frame)
    assert detector.committee_ is not None
    batch = detector._numbers(detector._read(frame))
    surprise = detector.committee_.models[0].surprise_of_levels(batch)
    assert int(surprise.sum(axis=1).argmax()) == 11


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("dense:latent=0", "Model 'dense': latent=0. Legal: at least 1."),
        ("dense:activation=swish", "activation=swish. Legal: relu, elu, tanh, sigmoid, linear."),
        ("dense:loss=absolute", "loss=absolute. Legal: squared, huber."),
        ("dense:dropout=1.5", "dropout=1.5. Legal: at least 0 and at most 0.9."),
        ("dense:epochs=none", "epochs=none. Legal: at least 1."),
        ("dense:width=3", "'width=3' is not a parameter of 'dense'"),
        ("dense:device=tpu", "device=tpu. Legal: auto, cpu, cuda, mps."),
    ],
)
def test_a_wrong_parameter_is_named(asked: str, words: str) -> None:
    """Place, value, what is legal."""
    with pytest.raises(ParameterError) as caught:
        TableDetector(models=asked).fit(related())
    assert words in str(caught.value)


def test_a_device_that_is_not_there_is_named() -> None:
    """Asked for a graphics card on a machine without one."""
    if torch.cuda.is_available():
        pytest.skip("this machine has a graphics card")
    with pytest.raises(ParameterError, match=r"device=cuda, and PyTorch finds none here. There is: cpu"):
        TableDetector(models="dense:device=cuda").fit(related())


def test_a_model_of_another_kind_is_refused() -> None:
    """The known ones are listed."""
    with pytest.raises(UnknownPartError, match=r"Known: .*dense.*memory"):
        TableDetector(models=["rarity"]).fit(related())


def test_trimmed_training_is_not_taught_by_dirty_rows() -> None:
    """A tenth of the rows break the relation in one and the same way: trimmed, the network calls them worse."""
    values = related(rows=600, hidden=2)
    dirty = np.arange(60)
    values[dirty, 0] += 3.0

    def gap(trim: float) -> float:
        rows = as_rows(values)
        network = Dense(trim=trim, latent=2, epochs=60, activation="tanh").learn(
            rows, False, np.random.default_rng(0)
        )
        x, seen = rows.take(np.arange(600))
        losses = network.losses(network.rebuild(x), x, seen).mean(axis=(1, 2))
        return float(np.median(losses[dirty]) / np.median(losses[60:]))

    assert gap(0.15) > 2 * gap(0.0)


def test_a_part_given_as_an_object_is_the_one_asked_for_by_name() -> None:
    """``Dense(latent=2)`` and "dense:latent=2" are one."""
    values = related()
    by_object = TableDetector(models=Dense(latent=2), random_state=0).fit(values)
    by_text = TableDetector(models="dense:latent=2", random_state=0).fit(values)
    assert (by_object.scores_ == by_text.scores_).all()
    assert repr(Dense(latent=2)).startswith("Dense(")
    assert Dense(latent=2).spec() == "dense:latent=2"


def test_no_neural_library_is_loaded() -> None:
    """A dense autoencoder learns and scores with numpy alone."""
    import subprocess
    import sys

    code = (
        "import sys, numpy as np\nfrom amiss import TableDetector\n"
        "rows = np.random.default_rng(0).normal(size=(60, 4))\n"
        "TableDetector(models='dense', random_state=0).fit(rows).detect(rows)\n"
        "print({'torch', 'keras', 'tensorflow', 'onnx', 'onnxruntime', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr


def test_repairs_are_those_of_the_batch_asked_about() -> None:
    """Asked twice about a batch a model answers alike, asked about another in between too; it keeps none alive."""
    draw = np.random.default_rng(0)
    one, other = (Batch(v, np.zeros((300, 4), bool), tuple("abcd")) for v in draw.normal(size=(2, 300, 4)))
    model = OnTable(Dense()).fit(one, np.ones(300, bool), draw)
    first, between, again = model.surprise(one), model.surprise(other), model.surprise(one)
    assert (first == again).all()
    assert (first != between).any()
    assert (between == model.surprise(Batch(other.values.copy(), other.mask, other.names))).all()
    held = weakref.ref(one)
    del one
    assert held() is None
    assert "_last" not in vars(model)


def test_a_row_without_gaps_scores_the_same_beside_one_with_gaps() -> None:
    """A batch in which all cells are seen takes a shorter way to the same score, to the last bit."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(300, 4))
    gaps = np.zeros((300, 4), bool)
    whole = Batch(values, gaps.copy(), tuple("abcd"))
    model = OnTable(Dense()).fit(whole, np.ones(300, bool), draw)
    gaps[7, 2] = True
    pierced = Batch(np.where(gaps, 0.0, values), gaps, tuple("abcd"))
    others = np.arange(300) != 7
    assert (model.score(whole)[others] == model.score(pierced)[others]).all()
    assert (model.surprise(whole)[others] == model.surprise(pierced)[others]).all()
