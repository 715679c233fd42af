"""ONNX files: a graph scores as the detector does, or is not written."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np
import onnx
import pytest

import amiss
from amiss import TableDetector, export, load, save
from amiss.errors import ExportError, MissingExtraError, NotFittedError, ParameterError
from amiss.models import Dense
from amiss.networks import numpy_operations, onnx_operations
from amiss.networks.activations import ACTIVATIONS
from amiss.networks.onnx_graph import ROWS, Graph
from amiss.onnx_file import check, series, table
from amiss.onnx_file.check import run

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


def made(rows: int = 300, seed: int = 0) -> np.ndarray[Any, Any]:
    """Return numbers of several sizes that hang together, some missing, one column constant."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, 2)) @ draw.normal(size=(2, 5)) * [1.0, 10.0, 1e4, 1e-3, 1.0]
    values += [0.0, 5.0, 2_000.0, 0.0, 0.0]
    values[draw.random(values.shape) < 0.05] = np.nan
    values[:, 4] = 0.1
    return values


def hostile(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the rows and what else may come: nothing at all, zeros, numbers beyond all bounds."""
    width = rows.shape[1]
    odd = [np.full(width, v) for v in (np.nan, 0.0, 1e300, -1e300, np.inf, -np.inf, 1e-300)]
    mixed = np.where(np.arange(width) % 2, 1e300, rows[0])
    return np.vstack([rows, *odd, mixed])


def answers(place: pathlib.Path, values: np.ndarray[Any, Any]) -> dict[str, Any]:
    return run(place.read_bytes(), values)


# ------------------------------------------------------------- the graph and its operations
def counted(build: Any, *given: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return what a graph answers that ``build`` makes of values of these shapes."""
    graph = Graph()
    values = [graph.input(f"x{i}", a.dtype, (ROWS, *a.shape[1:])) for i, a in enumerate(given)]
    graph.output("y", build(*values))
    import onnxruntime

    session = onnxruntime.InferenceSession(
        graph.model("1", {}).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    answer = session.run(["y"], {f"x{i}": a for i, a in enumerate(given)})[0]
    return np.asarray(answer)


DRAW = np.random.default_rng(1)
X = DRAW.normal(size=(16, 6, 5)).astype(np.float32)
W = DRAW.normal(size=(5, 3)).astype(np.float32)
TAPS = DRAW.normal(size=(3, 5, 2)).astype(np.float32)
GATES = {
    n: [DRAW.normal(size=s).astype(np.float32) for s in ((5, n * 4), (4, n * 4), (n * 4,), (n * 4,))]
    for n in (3, 4)
}
FIVE = DRAW.normal(size=5).astype(np.float32)

OPERATIONS = {
    "linear": lambda o, x: o.linear(x, W, W[0]),
    "linear without bias": lambda o, x: o.linear(x, W),
    **{name: lambda o, x, name=name: o.activation(x * 3, name) for name in ACTIVATIONS},
    "conv": lambda o, x: o.conv(x, TAPS, TAPS[0, 0]),
    "conv apart": lambda o, x: o.conv(x, TAPS, TAPS[0, 0], 2),
    "conv causal": lambda o, x: o.conv(x, TAPS, TAPS[0, 0], 2, True),
    "normalise": lambda o, x: o.normalise(x, FIVE, FIVE * 2),
    "softmax": lambda o, x: o.softmax(x),
    "log_softmax": lambda o, x: o.log_softmax(x),
    "concat": lambda o, x: o.concat([x, x * 2]),
    "reshape": lambda o, x: o.reshape(x, (-1, 30)),
    "swap": lambda o, x: o.swap(x, 1, 2),
    "swap of weights": lambda o, x: o.linear(o.linear(x, W), o.swap(W, 0, 1)),
    "dropout": lambda o, x: o.dropout(x, 0.5),
    "where": lambda o, x: o.where(abs(x) <= 1, x * x, 2 * abs(x) - 1),
    "product": lambda o, x: o.product(x, o.swap(x, 1, 2)),
    "part": lambda o, x: o.part(x, 1, 4),
    "total": lambda o, x: o.total(x),
    "exp": lambda o, x: o.exp(x),
    "drawn": lambda o, x: o.drawn(x),
    "gru": lambda o, x: o.gru(x, *GATES[3]),
    "gru backwards": lambda o, x: o.gru(x, *GATES[3], True),
    "lstm": lambda o, x: o.lstm(x, *GATES[4]),
    "lstm backwards": lambda o, x: o.lstm(x, *GATES[4], True),
    "arithmetic": lambda o, x: (1 - x) / (2 + x * x) - (-x) + FIVE * x - FIVE,
    "cuts": lambda o, x: o.concat([x[:, 1:3, :2], x[:, 2:4, ::-1], x[:, :2, -2:]]),
    "axes": lambda o, x: x[:, 0][:, None] + x[..., 1:2] * 0 + x.mean(1)[:, None, :] + x.max(2)[..., None],
    "types": lambda o, x: x * FIVE.astype(np.float64) + 1,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_in_a_graph_is_that_of_numpy(name: str) -> None:
    """Values, shape and type."""
    wanted = np.asarray(OPERATIONS[name](numpy_operations, X))
    found = counted(lambda x: OPERATIONS[name](onnx_operations, x), X)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6)


def test_every_operation_of_numpy_is_there() -> None:
    """The two files hold the same names."""
    names = [n for n in vars(numpy_operations) if not n.startswith("_") and n.islower()]
    own = [
        n for n in names if getattr(vars(numpy_operations)[n], "__module__", "") == numpy_operations.__name__
    ]
    assert [n for n in [*own, "where"] if not hasattr(onnx_operations, n)] == []


def test_a_value_knows_its_shape_before_it_is_there() -> None:
    """Shapes are counted as the nodes are added."""
    graph = Graph()
    x = graph.input("x", np.float32, (ROWS, 6, 5))
    shapes = {name: getattr(build(onnx_operations, x), "shape", None) for name, build in OPERATIONS.items()}
    wanted = {name: np.asarray(build(numpy_operations, X)).shape for name, build in OPERATIONS.items()}
    assert {n: (16, *s[1:]) for n, s in shapes.items()} == wanted


def test_constants_are_kept_once() -> None:
    """Equal weights are one constant; equal numbers of another type are another."""
    graph = Graph()
    same = [graph.constant(W), graph.constant(W.copy()), graph.constant(W.astype(np.float64))]
    assert same[0] is same[1]
    assert len(graph.constants) == 2


@pytest.mark.parametrize("key", [(slice(0, 2),), (slice(1, None), 0)])
def test_rows_are_not_cut(key: Any) -> None:
    """How many rows there are is not known yet."""
    x = Graph().input("x", np.float32, (ROWS, 3))
    with pytest.raises(IndexError, match="rows of a graph are not cut"):
        x[key]


def test_shapes_that_do_not_go_together_are_told() -> None:
    """As numpy does."""
    x = Graph().input("x", np.float32, (ROWS, 3))
    with pytest.raises(ValueError, match="do not go together"):
        x + np.zeros(4, np.float32)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("entries", [1, 2, 3, 7, 8, 100])
def test_places_in_an_ordered_table_are_found(entries: int, right: bool) -> None:
    """Halving finds what numpy finds, ties and ends among them."""
    draw = np.random.default_rng(entries)
    tables = np.sort(draw.integers(0, 20, (3, entries)).astype(float))
    x = np.vstack([draw.integers(-2, 23, (50, 3)), np.full((1, 3), 1e150), np.full((1, 3), -1e150)]).astype(
        float
    )
    side = "right" if right else "left"
    wanted = np.column_stack([np.searchsorted(t, c, side) for t, c in zip(tables, x.T, strict=True)])
    found = counted(lambda v: onnx_operations.below(tables, v, right), x)
    np.testing.assert_array_equal(found, wanted)


# ------------------------------------------------------------- tables
NETWORKS = [
    *[f"dense:activation={name}" for name in ACTIVATIONS],
    *[f"dense:depth={depth}" for depth in (0, 2, 3)],
    "dense:tied=True,activation=tanh",
    "dense:loss=huber",
    *[f"dense:space={space}" for space in ("minmax", "asinh", "rank")],
    "attention:width=8,heads=2,epochs=2",
    "variational:epochs=2,draws=3",
    "masked:steps=40",
    "masked:steps=40,space=standard,nets=2",
]


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize("model", NETWORKS)
def test_a_graph_scores_as_the_detector(model: str, clean: bool, tmp_path: pathlib.Path) -> None:
    """Any rows, odd ones among them, to 1 part in 10,000; the verdicts are the same."""
    rows, place = made(), tmp_path / "it.onnx"
    state = "clean" if clean else "mixed"
    detector = TableDetector(models=model, training_data=state, random_state=0).fit(rows)
    asked = hostile(made(seed=1))
    written = export(detector, place, check=asked)
    assert clean or written.difference <= 1e-4
    assert written.items == len(table.items_to_check(detector)) + len(asked)
    found = answers(place, asked)
    wanted = table.scores(detector, asked)
    np.testing.assert_array_equal(wanted.exact, -detector.score_samples(asked))
    assert (wanted.low <= wanted.exact).all()
    assert (wanted.exact <= wanted.high).all()
    assert (found["score"] >= wanted.low * (1 - 1e-4)).all()
    assert (found["score"] <= wanted.high * (1 + 1e-4)).all()
    np.testing.assert_array_equal(found["anomalous"], found["score"] > detector.threshold_)
    assert found["threshold"] == detector.threshold_


def test_cells_are_those_of_the_network(tmp_path: pathlib.Path) -> None:
    """What is expected, raw units, and the surprise, with that of a gap added."""
    rows, place = made(), tmp_path / "it.onnx"
    detector = TableDetector(models="dense", random_state=0).fit(rows)
    export(detector, place)
    asked = made(seed=1)
    found = answers(place, asked)
    model, read = detector.committee_.models[0], detector._read(asked)
    values, seen = model._rows(detector._numbers(read)).take(np.arange(len(asked)))
    outputs = model.network.rebuild(values)
    expected = model.space_.invert(outputs[:, 0].astype(np.float64))
    size = np.nanstd(rows, axis=0) + 1e-9
    np.testing.assert_allclose(found["expected"] / size, expected / size, rtol=1e-4, atol=1e-4)
    surprise = model.network.surprise(outputs, values, seen)[:, 0] + detector.odd_cells_.surprise(read)
    np.testing.assert_allclose(found["surprise"], surprise, rtol=1e-4, atol=1e-4)
    assert (found["expected"][:, 4] == 0.1).all()


@pytest.mark.parametrize("count", [2, 3, 4])
def test_several_networks_share_the_score(count: int, tmp_path: pathlib.Path) -> None:
    """The mean of their calibrated scores, the median of what they expect."""
    models = ["dense:latent=1", "dense:latent=2", "dense:latent=3", "dense:activation=tanh"][:count]
    detector = TableDetector(models=models, random_state=0).fit(made())
    asked, place = hostile(made(seed=1)), tmp_path / "it.onnx"
    assert export(detector, place, check=asked).difference <= 1e-4
    expected = detector._numbers(detector._read(asked))
    views = []
    for model in detector.committee_.models:
        values, _ = model._rows(expected).take(np.arange(len(asked)))
        views.append(model.space_.invert(model.network.rebuild(values)[:, 0].astype(np.float64)))
    wanted = np.median(views, axis=0)[: len(made())]
    found = answers(place, asked)["expected"][: len(made())]
    size = np.nanstd(made(), axis=0) + 1e-9
    np.testing.assert_allclose(found / size, wanted / size, rtol=1e-4, atol=1e-4)


def test_masked_networks_beside_others_count_twice(tmp_path: pathlib.Path) -> None:
    """As in the committee; cells and what is expected are those of the model, constant columns among them."""
    asked, place = hostile(made(seed=1)), tmp_path / "it.onnx"
    detector = TableDetector(models=["dense", "masked:steps=40"], random_state=0).fit(made())
    assert export(detector, place, check=asked).difference <= 1e-4
    alone = TableDetector(models="masked:steps=40", random_state=0).fit(made())
    export(alone, place)
    found, model = answers(place, asked), alone.committee_.models[0]
    batch = alone._numbers(alone._read(asked))
    gaps = alone.odd_cells_.surprise(alone._read(asked))
    np.testing.assert_allclose(
        found["surprise"], np.log1p(model.surprise(batch)) + gaps, rtol=1e-4, atol=1e-4
    )
    size = np.nanstd(made(), axis=0) + 1e-9
    np.testing.assert_allclose(found["expected"] / size, model.expected(batch) / size, rtol=1e-3, atol=1e-3)


def test_single_precision_may_be_asked_for(tmp_path: pathlib.Path) -> None:
    """A constant of 0.1 is still that constant, and the scores are the detector's."""
    rows, place = made(), tmp_path / "it.onnx"
    detector = TableDetector(models="dense", random_state=0).fit(rows)
    assert export(detector, place, precision="float32").difference <= 1e-4
    with np.errstate(over="ignore"):
        found = answers(place, hostile(rows).astype(np.float32))["score"]
    np.testing.assert_allclose(found, -detector.score_samples(hostile(rows)), rtol=1e-4)


def test_numbers_that_single_precision_cannot_hold_are_told(tmp_path: pathlib.Path) -> None:
    """Seconds since 1970 need double precision; nothing is written."""
    rows = made()
    rows[:, 0] = 1.7e9 + np.random.default_rng(0).normal(size=len(rows))
    detector = TableDetector(models="dense", random_state=0).fit(rows)
    with pytest.raises(ExportError, match="Single precision cannot hold these numbers"):
        export(detector, tmp_path / "it.onnx", precision="float32")
    assert list(tmp_path.iterdir()) == []
    assert export(detector, tmp_path / "it.onnx").difference <= 1e-4


def test_columns_of_all_kinds_of_numbers(tmp_path: pathlib.Path) -> None:
    """Names, dates, a log's moments, yes and no, a number that names rows: as numbers in the order learnt."""
    import polars as pl

    draw = np.random.default_rng(0)
    days = np.datetime64("2024-01-01T00:00", "us") + np.sort(draw.integers(0, 10**7, 300)).astype(
        "timedelta64[s]"
    )
    frame = pl.DataFrame(
        {
            "id": np.arange(300),
            "moment": days,
            "born": np.datetime64("1990-01-01", "D") + (draw.exponential(2000, 300)).astype("timedelta64[D]"),
            "size": draw.normal(size=300),
            "paid": draw.random(300) < 0.5,
        }
    )
    detector = TableDetector(models="dense", random_state=0).fit(frame)
    assert detector.columns_.kinds_ == ["identifier", "date", "date", "numeric", "boolean"]
    assert detector.growing_ == [1]
    place = tmp_path / "it.onnx"
    assert export(detector, place, check=frame).difference <= 1e-4
    asked = table.items_to_check(detector, frame)
    found = answers(place, asked)
    np.testing.assert_allclose(found["score"], -detector.score_samples(asked), rtol=1e-4)
    np.testing.assert_allclose(found["score"][-300:], -detector.score_samples(frame), rtol=1e-4)
    assert np.isnan(found["expected"][:, :2]).all()
    assert np.isfinite(found["expected"][:, 2:]).all()
    assert np.isfinite(found["surprise"]).all()


def test_cells_that_were_learnt_as_text_come_as_numbers(tmp_path: pathlib.Path) -> None:
    """The scores are those of the numbers; that spelling is not judged is said."""
    rows = made()
    text = {f"c{j}": ["" if np.isnan(v) else repr(float(v)) for v in rows[:, j]] for j in range(4)}
    detector = TableDetector(models="dense", random_state=0).fit(text)
    written = export(detector, tmp_path / "it.onnx", check=text)
    assert written.difference <= 1e-4
    assert "spelt" in written.notes[0]
    found = answers(tmp_path / "it.onnx", rows[:, :4])["score"]
    np.testing.assert_allclose(found, -detector.score_samples(rows[:, :4]), rtol=1e-4)


@pytest.mark.parametrize("model", ["dense", "masked:steps=20"])
def test_few_rows_and_one_column(model: str, tmp_path: pathlib.Path) -> None:
    """Whatever can be learnt from can be exported."""
    for rows in (made(1)[:, :1], made(3), np.zeros((5, 2)), np.full((4, 2), np.nan), made(40)[:, :1]):
        detector = TableDetector(models=model, random_state=0).fit(rows)
        assert export(detector, tmp_path / "it.onnx", check=hostile(rows)).difference <= 1e-4


def test_the_file_tells_where_it_comes_from(tmp_path: pathlib.Path) -> None:
    """Version, names of columns, whatever they hold, and threshold; a loaded detector writes the very same file."""
    names = ["a", "b\n\x1b[31m", "\u202ec", "d"]
    rows = made()[:, :4]
    detector = TableDetector(models="dense", random_state=0).fit(dict(zip(names, rows.T, strict=True)))
    export(detector, tmp_path / "one.onnx")
    model = onnx.load(tmp_path / "one.onnx")
    told = {p.key: p.value for p in model.metadata_props}
    assert (model.producer_name, model.producer_version) == ("amiss", amiss.__version__)
    assert json.loads(told["columns"]) == names
    assert float(told["threshold"]) == detector.threshold_
    assert [i.name for i in model.graph.input] == ["values"]
    assert [o.name for o in model.graph.output] == ["score", "anomalous", "threshold", "expected", "surprise"]
    save(detector, tmp_path / "it.amiss")
    export(load(tmp_path / "it.amiss"), tmp_path / "two.onnx")
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


# ------------------------------------------------------------- series
def course(points: int = 500, channels: int = 2) -> np.ndarray[Any, Any]:
    """Return channels that come back every 20 points, with a gap."""
    time = np.arange(points)[:, None]
    values = np.sin(time * 2 * np.pi / 20 + np.arange(channels)) * [3.0, 100.0][:channels] + 7.0
    values += np.random.default_rng(0).normal(size=values.shape) * 0.1
    values[100:103, 0] = np.nan
    return values


@pytest.mark.parametrize(
    "model",
    [
        "dense",
        "conv:epochs=1",
        "conv:epochs=1,causal=True",
        "recurrent:epochs=1",
        "recurrent:epochs=1,cell=lstm",
        "attention:width=8,heads=2,epochs=1",
        "variational:epochs=1,draws=2",
    ],
)
def test_a_graph_scores_windows_as_the_network(model: str, tmp_path: pathlib.Path) -> None:
    """Windows as the detector cuts them, and odd ones."""
    values, place = course(), tmp_path / "it.onnx"
    detector = amiss.SeriesDetector(models=model, random_state=0).fit(values)
    written = export(detector, place, check=values)
    assert written.difference <= 1e-4
    assert "windows" in written.notes[0]
    judge = detector.committee_.models[0]
    steps = judge.steps_
    windows = np.lib.stride_tricks.sliding_window_view(values[150:], steps, axis=0).swapaxes(1, 2)
    found = answers(place, np.ascontiguousarray(windows))
    assert found["score"].shape == (len(windows),)
    assert found["expected"].shape == found["surprise"].shape == windows.shape
    channels, _ = detector._in_context(detector.timeline_.read(values))
    wanted = judge.score(channels)[150 + steps // 2 :][: len(windows)]
    on_grid = (np.arange(len(windows)) + 150) % max(
        1, steps // 16
    ) == 0  # between them it draws straight lines
    np.testing.assert_allclose(found["score"][on_grid], wanted[on_grid], rtol=1e-4, atol=1e-5)


def test_a_window_that_is_odd_scores_high(tmp_path: pathlib.Path) -> None:
    """What the file is for."""
    values, place = course(channels=1), tmp_path / "it.onnx"
    detector = amiss.SeriesDetector(models="dense", random_state=0).fit(values)
    export(detector, place, precision="float32")
    steps = detector.committee_.models[0].steps_
    usual = values[200 : 200 + steps]
    odd = usual.copy()
    odd[steps // 2 :] = odd[steps // 2]
    score = answers(place, np.stack([usual, odd]).astype(np.float32))["score"]
    assert score[1] > 3 * score[0]


def test_few_points_make_a_window(tmp_path: pathlib.Path) -> None:
    """A series shorter than what is kept of others."""
    detector = amiss.SeriesDetector(models="dense", random_state=0).fit(course(9, 1))
    assert export(detector, tmp_path / "it.onnx").difference <= 1e-4
    assert series.items_to_check(detector).shape[1:] == (detector.committee_.models[0].steps_, 1)


def test_several_networks_of_a_series_are_not_exported(tmp_path: pathlib.Path) -> None:
    """Each has windows of its own; other models are no networks."""
    for models, reason in ((["dense", "conv:epochs=1"], "is not the only one"), ("kernels", "is no network")):
        detector = amiss.SeriesDetector(models=models, random_state=0).fit(course())
        assert reason in refused(detector, tmp_path / "it.onnx")


# ------------------------------------------------------------- what is not exported, and why
def refused(detector: Any, place: pathlib.Path, **asked: Any) -> str:
    """Return the sentence of a refusal that leaves the folder as it was."""
    before = {p: p.read_bytes() for p in place.parent.iterdir()}
    with pytest.raises((ExportError, ParameterError)) as error:
        export(detector, place, **asked)
    assert {p: p.read_bytes() for p in place.parent.iterdir()} == before
    return str(error.value)


def test_other_models_are_named(tmp_path: pathlib.Path) -> None:
    """The first model that is no network."""
    detector = TableDetector(models=["dense", "memory:k=3"], random_state=0).fit(made())
    assert "because its model 'memory:k=3' is no network. " in refused(detector, tmp_path / "it.onnx")


def test_columns_of_text_are_named(tmp_path: pathlib.Path) -> None:
    """Words and categories are no numbers."""
    for words in (["red", "green"] * 150, [f"part {i} of many in a row" for i in range(300)]):
        read = {"size": made()[:, 0], "word": words}
        detector = TableDetector(models="dense", random_state=0).fit(read)
        assert "because column 'word' holds text" in refused(detector, tmp_path / "it.onnx")


def test_strings_are_not_exported(tmp_path: pathlib.Path) -> None:
    """Nor is what judges them."""
    detector = amiss.StringDetector().fit([f"AB{i:02d}" for i in range(100)])
    assert "because it judges strings" in refused(detector, tmp_path / "it.onnx")


def test_networks_of_your_own_are_exported_by_their_library(tmp_path: pathlib.Path) -> None:
    """What a function does is not known."""
    detector = TableDetector(models=lambda batch: batch * 0.5, random_state=0).fit(made())
    assert "is a network of your own" in refused(detector, tmp_path / "it.onnx")


def test_wrong_uses_get_a_sentence(tmp_path: pathlib.Path) -> None:
    """No detector, not fitted, no such precision, no such ending, no such folder."""
    detector = TableDetector(models="dense", random_state=0).fit(made())
    assert refused("it", tmp_path / "it.onnx").startswith("A str was given to export.")
    assert "Legal: float64, float32." in refused(detector, tmp_path / "it.onnx", precision="float16")
    assert "does not end so. Legal: .onnx." in refused(detector, tmp_path / "it.pb")
    with pytest.raises(ExportError, match="cannot be written: No such file or directory"):
        export(detector, tmp_path / "none" / "it.onnx")
    with pytest.raises(NotFittedError):
        export(TableDetector(models="dense"), tmp_path / "it.onnx")


def test_a_network_that_judges_in_its_own_way_is_not_exported(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph is not written of what it does not know."""
    detector = TableDetector(models="dense", random_state=0).fit(made())
    monkeypatch.setattr(Dense, "losses", lambda self, *given: 2 * super(Dense, self).losses(*given))
    assert "its model 'dense' judges its cells in a way of its own" in refused(detector, tmp_path / "it.onnx")


def test_a_graph_that_scores_otherwise_is_not_written(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there before stays."""
    detector = TableDetector(models="dense", random_state=0).fit(made())
    place = tmp_path / "it.onnx"
    export(detector, place)
    monkeypatch.setattr(
        type(detector.committee_.models[0]), "score", lambda self, batch: np.arange(len(batch)) + 1.0
    )
    sentence = refused(detector, place)
    assert sentence.startswith("The detector is not exported because item ")
    assert sentence.endswith("legal is a difference of 0.0001 of the score. Judge with amiss.")


@pytest.mark.parametrize("found", [1.0002, 0.9998, np.nan, np.inf])
def test_no_score_far_outside_is_let_pass(found: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither more nor less, nor what is no number; what lies between the bounds is told and passes."""
    monkeypatch.setattr(check, "run", lambda content, values: {"score": np.array([2.0, found])})
    exact = np.array([2.0, 1.0])
    with pytest.raises(ExportError, match="item 1 of the check"):
        check.compared(b"", np.zeros((2, 1)), check.Scores(exact, exact, exact), "float64")
    if np.isfinite(found):
        wide = check.Scores(exact, exact - 0.1, exact + 0.1)
        assert check.compared(b"", np.zeros((2, 1)), wide, "float64") == pytest.approx(2e-4)


def test_the_extra_is_named_where_it_is_missing(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the line that installs it."""
    detector = TableDetector(models="dense", random_state=0).fit(made())
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'amiss\[onnx\]'"):
        export(detector, tmp_path / "it.onnx")


# ------------------------------------------------------------- light
LIGHT = """
import sys
import numpy as np
from amiss import load
detector = load(sys.argv[1])
detector.score_samples({data})
print("torch" in sys.modules, "onnx" in sys.modules)
"""
EXPORTS = """
import sys
from amiss import load, export
export(load(sys.argv[1]), sys.argv[2])
print(any("onnxscript" in m for m in sys.modules), "torch" in sys.modules)
"""


def python(code: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("model", ["dense", "masked", "attention:width=8,heads=2,epochs=1"])
def test_a_saved_network_scores_without_a_neural_library(model: str, tmp_path: pathlib.Path) -> None:
    """Whatever trained it."""
    save(TableDetector(models=model, random_state=0).fit(made()), tmp_path / "it.amiss")
    code = LIGHT.format(data="np.random.default_rng(0).normal(size=(1000, 5))")
    assert python(code, str(tmp_path / "it.amiss")) == "False False\n"


def test_a_saved_network_of_strings_scores_without_a_neural_library(tmp_path: pathlib.Path) -> None:
    """The default network of strings."""
    detector = amiss.StringDetector(models="cloze").fit([f"AB{i:03d}" for i in range(200)])
    save(detector, tmp_path / "it.amiss")
    assert python(LIGHT.format(data="['AB017', 'AB-17']"), str(tmp_path / "it.amiss")) == "False False\n"


def test_a_graph_is_made_without_onnxscript_and_torch(tmp_path: pathlib.Path) -> None:
    """From nodes alone."""
    save(TableDetector(models="dense", random_state=0).fit(made()), tmp_path / "it.amiss")
    assert python(EXPORTS, str(tmp_path / "it.amiss"), str(tmp_path / "it.onnx")) == "False False\n"
    assert (tmp_path / "it.onnx").exists()


# ------------------------------------------------------------- the command line
def command(*words: str, cwd: pathlib.Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "amiss", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_export_from_the_command_line(tmp_path: pathlib.Path) -> None:
    """One line that says what was written and how well it agrees; refusals are one sentence and exit 2."""
    rows = made()
    np.savetxt(tmp_path / "parts.csv", rows[:, :4], delimiter=",", header="a,b,c,d", comments="", fmt="%.9g")
    assert command("fit", "parts.csv", "--models", "dense", "-o", "parts.amiss", "-q", cwd=tmp_path)[0] == 0
    words = ("export", "parts.amiss", "-o", "parts.onnx", "--check", "parts.csv")
    status, out, err = command(*words, cwd=tmp_path)
    assert (status, err) == (0, "")
    assert out.startswith("Written: parts.onnx. It scores 574 items as the detector does, to ")
    assert out.endswith("judged by amiss alone.\n")
    detector = load(tmp_path / "parts.amiss")
    found = answers(tmp_path / "parts.onnx", rows[:, :4])["score"]
    np.testing.assert_allclose(found, -detector.score_samples(rows[:, :4]), rtol=1e-4)
    assert command(*words, "-q", cwd=tmp_path) == (0, "", "")
    status, out, err = command("export", "parts.amiss", "-o", "parts.csv", cwd=tmp_path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "Legal: .onnx." in err
    status, out, err = command("export", "parts.amiss", "-o", "it.onnx", "--precision", "half", cwd=tmp_path)
    assert (status, out) == (2, "")
    assert not (tmp_path / "it.onnx").exists()
