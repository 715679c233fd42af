"""Every network on every kind of data it claims: trains, explains, comes back from a file; on odd data too."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import amiss
from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.models import Autoencoder
from amiss.part import shelf_of
from kinds import BY_NAME

DETECTORS: dict[str, Any] = {"table": TableDetector, "series": SeriesDetector, "strings": StringDetector}
NETWORKS = [
    (name, kind)
    for name, part in shelf_of(Autoencoder).items()
    if issubclass(part, Autoencoder) or name in ("masked", "cloze")
    for kind in sorted(part.kinds)
]
USUAL = {"table": "numbers", "series": "channels", "strings": "strings"}
draw = np.random.default_rng(0)
gappy = draw.normal(size=(60, 3))
gappy[draw.random(gappy.shape) < 0.3] = np.nan
ODD: dict[str, dict[str, Any]] = {
    "table": {
        "ten rows": draw.normal(size=(10, 3)),
        "one row": np.array([[1.0, 2.0, 3.0]]),
        "constant": np.column_stack([np.ones(40), draw.normal(size=40), np.zeros(40)]),
        "missing": gappy,
        "an empty column": np.column_stack([np.full(40, np.nan), draw.normal(size=(40, 2))]),
    },
    "series": {
        "ten points": np.arange(10.0),
        "one point": np.array([1.0]),
        "constant": np.column_stack([np.ones(80), np.sin(np.arange(80) / 3)]),
        "missing": np.where(draw.random((90, 2)) < 0.3, np.nan, np.sin(np.arange(90) / 4)[:, None]),
    },
    "strings": {
        "ten": [f"AB{i}" for i in range(10)],
        "one": ["AB1"],
        "all equal": ["AB1"] * 30,
        "empty": ["", "", "A"],
        "missing": [None, "AB1", "AB2", None] * 8,
    },
}

every_network = pytest.mark.parametrize(("name", "kind"), NETWORKS)
every_odd = pytest.mark.parametrize(
    ("name", "kind", "odd"), [(n, k, odd) for n, k in NETWORKS for odd in ODD[k]]
)


def quick(name: str) -> str:
    """Return the spec of a network that trains for a moment only, where it has epochs."""
    return f"{name}:epochs=2" if "epochs" in shelf_of(Autoencoder)[name].parameter_defaults() else name


def fitted(kind: str, data: Any, spec: str) -> Any:
    """Return a fitted detector; its notes are no warnings here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        params = BY_NAME[USUAL[kind]].params if data is None else {}
        data = BY_NAME[USUAL[kind]].training() if data is None else data
        return DETECTORS[kind](models=spec, random_state=0, **params).fit(data)


def test_all_networks_are_there() -> None:
    """A new network is checked from the day it stands on the shelf; none gets lost."""
    assert {name for name, _ in NETWORKS} >= {
        "attention",
        "cloze",
        "conv",
        "dense",
        "masked",
        "recurrent",
        "variational",
    }


@every_network
def test_a_network_tells_how_it_learnt(name: str, kind: str) -> None:
    """Loss epoch by epoch, layers, weights: in the history, in what `amiss info` prints and in the report."""
    detector = fitted(kind, None, quick(name))
    histories = detector.history_
    assert histories
    for history in histories:
        assert history["weights"] == sum(layer["weights"] for layer in history["layers"]) > 0
        assert np.isfinite(history["loss"]).all()
        assert 0 <= history["best"] < len(history["loss"])
    detection = detector.detect(BY_NAME[USUAL[kind]].unseen())
    assert detection.learnt["networks"] == histories
    from amiss.report import render

    assert 'id="training"' in render(detection)


@every_network
def test_a_network_explains(name: str, kind: str) -> None:
    """Every item gets its causes, shares between 0 and 1 that sum to at most 1."""
    detector = fitted(kind, None, quick(name))
    for anomaly in detector.explain(BY_NAME[USUAL[kind]].unseen()):
        assert all(0 <= cause.share <= 1 for cause in anomaly.causes)
        assert sum(cause.share for cause in anomaly.causes) <= 1 + 1e-9


@every_odd
def test_little_and_odd_data(name: str, kind: str, odd: str, tmp_path: Path) -> None:
    """A defined score for every item, the same after save and load, and an explanation."""
    data = ODD[kind][odd]
    detector = fitted(kind, data, quick(name))
    assert np.isfinite(detector.scores_).all()
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    assert (loaded.score_samples(data) == -detector.scores_).all()
    assert len(detector.explain(data)) == len(data)


def test_every_saved_network_scores_without_a_neural_library(tmp_path: Path) -> None:
    """Learnt with PyTorch or without, a file is loaded and asked with numpy alone: the very scores of training."""
    for name, kind in NETWORKS:
        detector = fitted(kind, None, quick(name))
        amiss.save(detector, tmp_path / f"{kind}.{name}.amiss")
        np.save(tmp_path / f"{kind}.{name}.npy", detector.score_samples(BY_NAME[USUAL[kind]].unseen()))
    code = (
        "import sys, pathlib, warnings\nimport numpy as np\nimport amiss\nfrom kinds import BY_NAME\n"
        f"usual, folder = {USUAL!r}, pathlib.Path({str(tmp_path)!r})\n"
        "warnings.simplefilter('ignore')\n"
        "for path in sorted(folder.glob('*.amiss')):\n"
        "    items = BY_NAME[usual[path.name.split('.')[0]]].unseen()\n"
        "    scores = amiss.load(path).score_samples(items)\n"
        "    assert (scores == np.load(path.with_suffix('.npy'))).all(), path.name\n"
        "print({'torch', 'keras', 'tensorflow', 'onnxruntime', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.stdout.strip() == "set()", done.stderr
