"""Networks of the user's own: trained on a copy, asked in blocks, wrong answers told in a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone

from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.errors import AmissError, DataError, ParameterError
from amiss.models import OwnCallable, OwnTorch
from amiss.models.given import own_part
from amiss.networks.module_trainee import ModuleTrainee
from amiss.networks.rows import Layout, Rows
from own_networks import Letters, Narrow, Wave, table


def fitted(network: Any, data: Any = None, **options: Any) -> TableDetector:
    """Return a table detector with one network of one's own, fitted."""
    return TableDetector(models=network, random_state=0, **options).fit(table() if data is None else data)


def part_of(detector: TableDetector) -> Any:
    """Return the part that asks the network."""
    return detector._own_networks()[0]


# ------------------------------------------------------------- trained on a copy
def test_a_module_is_trained_on_a_copy_and_finds_what_is_amiss() -> None:
    """The module given stays as it was; the copy has learnt, and row 17 is the worst."""
    torch.manual_seed(0)
    module = Narrow()
    before = {name: one.clone() for name, one in module.state_dict().items()}
    detector = fitted(OwnTorch(module, epochs=60))
    assert detector.scores_.argmax() == 17
    assert [anomaly.label for anomaly in detector.detect(table())][:1] == ["row 17"]
    assert all(torch.equal(before[name], one) for name, one in module.state_dict().items())
    assert module.training
    copy = part_of(detector).network_
    assert copy is not module
    assert not copy.training
    assert not torch.equal(copy.down.weight, module.down.weight)
    assert detector.get_params()["models"].network is module


def test_the_same_seed_learns_the_same_and_leaves_torch_as_it_was() -> None:
    """Two fits agree to the last bit, dropout included; nobody else's random numbers change."""
    torch.manual_seed(3)
    module = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.Dropout(0.2), torch.nn.Linear(6, 8))
    state = torch.random.get_rng_state()
    one = fitted(OwnTorch(module, epochs=5)).scores_
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(99)
    assert (fitted(OwnTorch(module, epochs=5)).scores_ == one).all()


def test_the_best_weights_are_kept_and_told() -> None:
    """The validation loss of the weights kept is the lowest of the history."""
    torch.manual_seed(0)
    detector = fitted(OwnTorch(Narrow(), epochs=20))
    [told] = detector.history_
    assert told["ended"] == "epochs"
    assert len(told["loss"]) == len(told["validation_loss"]) == 20
    assert told["validation_loss"][told["best"]] == min(told["validation_loss"])
    assert told["weights"] == sum(one.numel() for one in Narrow().parameters())
    assert told["name"] == "Narrow (torch module): epochs=20"


def test_a_trained_module_is_taken_as_it_is() -> None:
    """epochs=0 changes no weight; so does a module without any."""
    torch.manual_seed(0)
    module = Narrow().eval()
    detector = fitted(OwnTorch(module, epochs=0))
    assert torch.equal(part_of(detector).network_.down.weight, module.down.weight)
    assert "trained before it was given" in detector.history_[0]["outcome"]
    assert fitted(torch.nn.Identity()).history_[0]["ended"] == "given"


def test_frozen_weights_stay() -> None:
    """What needs no gradient is not learnt."""
    torch.manual_seed(0)
    module = Narrow()
    module.down.requires_grad_(False)
    copy = part_of(fitted(OwnTorch(module, epochs=5))).network_
    assert torch.equal(copy.down.weight, module.down.weight)
    assert not torch.equal(copy.up.weight, module.up.weight)


@pytest.mark.parametrize("huber", [False, True])
def test_a_step_is_that_of_plain_torch(huber: bool) -> None:
    """The trainee takes the very steps of AdamW on the mean error of the values that were seen."""
    random = np.random.default_rng(0)
    layout = Layout(1, 3, [2])
    seen = random.random((20, 1, 4)) > 0.2
    numbers = 2 * random.normal(size=(20, 1, 3)).astype(np.float32)
    rows = Rows(layout, np.where(seen[..., :3], numbers, 0), random.integers(0, 2, (20, 1, 1)), seen)
    module, twin = torch.nn.Linear(5, 5), torch.nn.Linear(5, 5)
    twin.load_state_dict(module.state_dict())
    trainee = ModuleTrainee(module, rows, lambda asked, x: asked(x), random, huber=huber)
    trainee.start()
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.1, weight_decay=0.01)
    values = torch.from_numpy(rows.take(np.arange(20))[0])
    weight = torch.from_numpy(np.concatenate([seen, seen[..., 3:]], axis=-1)).float()
    for _ in range(3):
        loss = trainee.step(np.arange(20), 0.1)
        error = twin(values) - values
        each = torch.nn.functional.huber_loss(error, 0 * error, reduction="none") * 2 if huber else error**2
        wanted = (each * weight).sum() / weight.sum()
        optimizer.zero_grad()
        wanted.backward()
        optimizer.step()
        assert loss == pytest.approx(float(wanted.detach()), rel=1e-5)
    assert torch.allclose(module.weight, twin.weight, atol=1e-6)
    trainee.host[...] = 0.5
    trainee.put_back()
    assert (module.bias == 0.5).all()


def test_a_loss_that_is_no_number_is_told() -> None:
    """At the rate and at a tenth of it: an error that names the rate."""
    torch.manual_seed(0)
    with pytest.raises(DataError, match=r"learning rate 1e\+30 and at a tenth"):
        fitted(OwnTorch(torch.nn.Linear(8, 8), epochs=5, learning_rate=1e30))


# ------------------------------------------------------------- what it sees
def test_a_table_is_seen_as_numbers_then_levels() -> None:
    """Float32, (rows, columns): numbers in standard deviations, then one value a level, 0 or 1."""
    polars = pytest.importorskip("polars")
    random = np.random.default_rng(0)
    data = polars.DataFrame({"c": random.choice(["x", "y", "z"], 300), "n": random.normal(5.0, 2.0, 300)})
    seen: list[Any] = []
    fitted(lambda batch: seen.append(batch.copy()) or batch, data)
    batch = max(seen, key=lambda one: np.abs(one).sum())
    assert batch.dtype == np.float32
    assert batch.shape[1:] == (4,)
    rows = batch[batch.any(axis=1)]
    assert (rows[:, 1:].sum(axis=1) == 1).all()
    assert set(np.unique(rows[:, 1:])) == {0.0, 1.0}
    assert np.abs(rows[:, 0]).max() < 5


def test_a_series_is_seen_as_windows_points_channels() -> None:
    """The module sees the detector's window; what is flat in a wave is found."""
    torch.manual_seed(0)
    time, module = np.arange(1_000), Wave()
    values = np.stack([np.sin(time / 4), np.cos(time / 4)], axis=1)
    values += 0.02 * np.random.default_rng(0).normal(size=values.shape)
    values[600:612, 0] = 0.0
    detector = SeriesDetector(models=OwnTorch(module, epochs=15), window=24, random_state=0)
    [event] = detector.fit_detect(values)
    assert 590 <= event.start <= 611
    assert {shape[1:] for shape in part_of(detector).network_.shapes} == {(24, 2)}


def test_strings_are_seen_as_length_and_symbols() -> None:
    """One value a symbol at each place, 0 or 1; a lazy module takes its sizes from them."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    words = [f"AB{n:03d}" for n in random.integers(0, 1000, 400)] + ["AB0B1"]
    detector = StringDetector(models=OwnTorch(Letters(), epochs=60), random_state=0).fit(words)
    [shape] = {shape[1:] for shape in part_of(detector).network_.shapes}
    assert shape[0] == 6  # the longest and its end
    assert detector.scores_.argmax() == 400


# ------------------------------------------------------------- how it is asked
def test_shares_become_logarithms_and_numbers_stay() -> None:
    """`rebuild` is the network's answer, the levels as log shares, at least those of a share of 0.001."""
    part = OwnCallable(lambda batch: np.where(batch > 0, 0.75, -0.5)).on("table")
    rows = Rows(
        Layout(1, 1, [2]),
        np.ones((3, 1, 1)),
        np.asarray([0, 1, -1]).reshape(3, 1, 1),
        np.ones((3, 1, 2), bool),
    )
    part.learn(rows, True, np.random.default_rng(0))
    log = np.log(np.float32([0.75, 1e-3]))
    assert part.rebuild(rows.take(slice(None))[0])[:, 0].tolist() == [
        [0.75, log[0], log[1]],
        [0.75, log[1], log[0]],
        [0.75, log[1], log[1]],
    ]


@pytest.mark.parametrize(
    "network",
    [
        torch.nn.Linear(8, 8),
        lambda batch: (torch.from_numpy(batch) @ WIDE @ WIDE.T).numpy(),
        lambda batch: batch + 0.1 * batch.mean(axis=0),
        lambda batch: batch * np.linspace(0.9, 1.0, len(batch), dtype=np.float32)[:, None],
    ],
    ids=["linear", "rounds by the place", "looks at the batch", "depends on the place"],
)
def test_a_row_scores_alike_in_any_company(network: Any) -> None:
    """Alone, in a batch and shuffled, even where the network itself lets its company matter."""
    torch.manual_seed(0)
    rows = table()
    detector = fitted(network, rows)
    scores, order = detector.score_samples(rows), np.random.default_rng(0).permutation(len(rows))
    assert (detector.score_samples(rows[order]) == scores[order]).all()
    assert all(detector.score_samples(rows[i : i + 1])[0] == scores[i] for i in range(0, 300, 29))


WIDE = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))


def test_another_arrangement_of_the_right_values_is_taken() -> None:
    """(n, 1, d) or (n * d,) for (n, d)."""
    scores = fitted(lambda batch: batch * 0.5).scores_
    assert (fitted(lambda batch: batch[:, None] * 0.5).scores_ == scores).all()
    assert (fitted(lambda batch: (batch * 0.5).ravel()).scores_ == scores).all()


DRAWN = np.random.default_rng(0)


def _raises(batch: Any) -> Any:
    raise ValueError("no such\n\nluck")


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        (
            torch.nn.Linear(8, 7),
            ParameterError,
            r"answered an array of shape \(2, 7\) to a batch of shape \(2, 8\)",
        ),
        (
            torch.nn.Linear(7, 8),
            ParameterError,
            r"Linear cannot take a batch of shape \(2, 8\), float32: mat1 and",
        ),
        (torch.nn.LSTM(8, 8), ParameterError, r"LSTM answered a tuple to a batch of shape \(2, 8\)"),
        (
            lambda batch: batch[:, :3],
            ParameterError,
            r"shape \(512, 3\) .* \(512, 8\)\. It must answer with the shape",
        ),
        (_raises, ParameterError, r"_raises cannot take .* \(512, 8\), float32: no such luck\. It must take"),
        (lambda batch: batch * np.nan, DataError, "answered NaN or infinity to finite numbers"),
        (lambda batch: None, ParameterError, "answered a NoneType"),
        (
            lambda batch: batch + DRAWN.normal(),
            ParameterError,
            "answers the same batch differently",
        ),
        (
            OwnTorch(torch.nn.Linear(8, 8), epochs=-1),
            ParameterError,
            "'OwnTorch': epochs=-1. Legal: at least 0",
        ),
        (
            OwnTorch(torch.nn.Linear(8, 8), dropout=0.5),
            ParameterError,
            "dropout=0.5. Legal: at least 0 and at most 0",
        ),
        (
            torch.nn.Linear,
            ParameterError,
            r"class Linear cannot be made without parameters.*models=Linear\(\.\.\.\)",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(network: Any, error: type[AmissError], message: str) -> None:
    """Both shapes are named, and what the network itself said is chained."""
    with pytest.raises(error, match=message) as caught:
        fitted(network)
    if "cannot take" in message:
        assert caught.value.__cause__ is not None


# ------------------------------------------------------------- in company
def test_a_network_stands_in_a_committee_and_is_cloned() -> None:
    """By name, by class and as a module; clone, get_params and repr work."""
    torch.manual_seed(0)
    detector = TableDetector(models=["memory", Narrow, lambda batch: batch * 0.5], random_state=0)
    copy = clone(detector)
    assert "Narrow" in repr(copy)
    assert copy.get_params()["models"][1] is Narrow
    copy.models[1] = OwnTorch(Narrow(), epochs=5)
    assert "Narrow" in repr(copy)
    assert copy.fit(table()).summary()["models"] == [
        "memory",
        "Narrow (torch module): epochs=5",
        "test_a_network_stands_in_a_committee_and_is_cloned.locals.lambda (function)",
    ]


@pytest.mark.parametrize("given", ["memory", OwnTorch, int, 3, None])
def test_what_is_no_network_is_left_to_others(given: Any) -> None:
    """Names, parts, other classes and values are no networks."""
    assert own_part(given) is None


def test_a_function_loads_no_neural_library() -> None:
    """Neither Keras nor torch is imported to find out what was given."""
    code = (
        "import sys, numpy as np\nfrom amiss import TableDetector\n"
        "TableDetector(models=lambda batch: batch * 0.5).fit(np.random.default_rng(0).normal(size=(60, 3)))\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "tensorflow", "torch", "h5py"} & {
        one.partition(".")[0] for one in run.stdout.split()
    }


# ------------------------------------------------------------- Keras
FIXTURES = Path(__file__).with_name("own_networks.py")


@pytest.fixture(scope="module", params=["tensorflow", "torch"])
def on_backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened to Keras models on a backend, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", FIXTURES, tmp_path_factory.mktemp(request.param)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_BACKEND": request.param},
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert told["backend"] == request.param
    return told


def test_keras_models_learn_score_and_come_back(on_backend: dict[str, Any]) -> None:
    """Compiled or not, built or not: a copy learns, row 17 is the worst, scores are the same everywhere."""
    for name in ("plain", "unbuilt", "compiled", "functional"):
        told = on_backend[name]
        assert {
            key for key in ("unchanged", "shuffled", "alone", "loaded", "best") if not told[key]
        } == set(), name
        assert told["worst"] == 17, name
        assert told["rate"] == (0.02 if name == "compiled" else 0.01)
    assert on_backend["outcome"] == "trained before it was given"
