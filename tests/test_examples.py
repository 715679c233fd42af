"""The three tutorials, done right: each example runs as a script, and finds what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import amiss

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, **environment: str) -> str:
    """Return what an example prints."""
    command = [sys.executable, str(EXAMPLES / name)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_series_the_pointwise_network_is_blind_and_the_windowed_one_sees() -> None:
    """The spoilt shapes score as the others point by point, several times as high in windows; all three are found."""
    text = run("series_pytorch.py")
    pointwise, windowed = (float(n) for n in re.findall(r"spoilt points score ([\d.]+) times", text))
    assert pointwise < 1.5
    assert windowed > 4
    assert "found: stuck, twice as fast, mirrored" in text
    assert re.search(r"least like the others: 199[78]-", text), "the great El Nino"


def test_strings_all_five_anomalies_are_found() -> None:
    """A dense network in Keras, cloze and the defaults: five of five, at most three others; the lists beside it too."""
    text = run("strings_keras.py", KERAS_BACKEND="tensorflow")
    found = re.findall(r"^(.*): (\d) of (\d) found, (\d+) others", text, flags=re.MULTILINE)
    assert [name for name, *_ in found] == [
        "a dense network in Keras",
        "cloze",
        "the defaults",
        "amino-acid triplets",
        "serial numbers",
        "user ids",
    ]
    for name, hits, planted, others in found:
        assert hits == planted, name
        assert int(others) <= 3, name
    assert '"RNIU4XRE": position 5 "4", expected' in text


def test_table_the_loss_is_lower_and_the_cells_are_named() -> None:
    """The sigmoid stalls; without it the same network finds four, that of amiss all five; both blame the column."""
    text = run("table_tensorflow.py", KERAS_BACKEND="tensorflow")
    losses = [float(n) for n in re.findall(r"validation loss ([\d.]+)", text)]
    as_written, in_amiss, dense = losses
    assert dense < in_amiss < as_written / 2
    hits = re.findall(r"(\d) of 5 planted ones among them, (\d) times the right column blamed first", text)
    assert [int(n) for n in hits[0]] >= [4, 4]
    assert hits[1] == ("5", "5")


@pytest.mark.parametrize(
    ("words", "data"),
    [
        (["--models", "dense:window=12"], "el_nino.csv"),
        (["--models", "cloze"], "serials.txt"),
        (
            ["--models", "dense:latent=2,epochs=50,batch_size=32", "--threshold", "mean_std:k=3"],
            "table.csv",
        ),
    ],
    ids=["series", "strings", "table"],
)
def test_each_tutorial_is_one_line_on_the_command_line(words: list[str], data: str, tmp_path: Path) -> None:
    """The lines of examples/README.md, on small data with something planted: an answer, and not an error."""
    shutil.copy(Path(amiss.__file__).parent / "datasets" / "el_nino.csv", tmp_path)
    serials = [f"AB{i:04d}E" for i in range(300)]
    serials[70] = "AB-070E"
    (tmp_path / "serials.txt").write_text("\n".join(serials))
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(300, 2)) @ draw.normal(size=(2, 5))
    rows[17, 3] += 9
    np.savetxt(tmp_path / "table.csv", rows, delimiter=",", header="a,b,c,d,e", comments="")
    command = [sys.executable, "-m", "amiss", "detect", data, *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    (network,) = answer["learnt"]["networks"]
    assert sorted(re.split("[:,]", network["name"])) == sorted(re.split("[:,]", words[1]))
    if data != "el_nino.csv":
        assert answer["anomalies"][0]["place"] == {"serials.txt": 70, "table.csv": 17}[data]
