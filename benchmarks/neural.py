"""Print how fast the networks of amiss are beside their peers, target by target, both sides measured in turn.

    python benchmarks/neural.py [--runs 5] [--only TEXT] [--peers .peers/bin/python]

Every run is a process of its own on one core with one thread; amiss and its peer take turns. The ratio is peer /
amiss in CPU seconds (of memory, of loss), the median over the pairs, with the smallest and the largest behind it; a
share of the limit is the time that the same number of floating-point operations takes in a product of two large
float32 matrices. The figures of jobs timed inside leave imports out; "whole process" has them in. Slow peers have
fewer pairs. See benchmarks/requirements.txt for the environment of the peers.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import made
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
SCORING = 2 * (50 * 64 + 64 * 16 + 16 * 64 + 64 * 50)  # floating-point operations a row of 50-64-16-64-50
TRAINING = 3 * SCORING
ENVIRONMENT = {
    # Python keeps what it compiled, as it does of installed packages
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OPENBLAS_") and name != "PYTHONDONTWRITEBYTECODE"
    },
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True)
class Pair:
    """A job, how amiss and how the peer is asked to do it, and what amiss is to reach.

    Attributes
    ----------
    ours : str
        "amiss ..." is the command, everything else a job of amiss_jobs.py.
    theirs : str
        A script in peers/, or a job of amiss_jobs.py.
    targets : dict
        How many times less "cpu", "memory" or "loss" than the peer; 0: no target.
    most_runs : int
        For slow peers.
    """

    job: str
    peer: str
    ours: str
    theirs: str
    targets: dict[str, float]
    most_runs: int = 99


DETECT = "amiss detect --quiet --no-report 1k.csv"
TUTORIAL = "tutorial_table.py 1k.csv"
SMALL, LARGE = "step 20-14-20, 32 rows", "step 50-64-16-64-50, 256 rows"
FIT, SCORE = "fit 1M x 50, one pass, a row", "score 1M x 50, a row"
TABLE, STRINGS = "default table 100k x 50, fit + score", "default strings 25,005, fit + score"
DENSE, FIT_FILES = "50-64-16-64-50 256", "rows.npy held_out.npy"

PAIRS = [
    Pair("tutorial 1,000 x 20, whole process", "TensorFlow", DETECT, TUTORIAL, {"cpu": 5, "memory": 4}),
    Pair(
        "the same, models=dense:latent=14",
        "TensorFlow",
        f"{DETECT} --models dense:latent=14",
        TUTORIAL,
        {"cpu": 5, "memory": 4},
    ),
    Pair(SMALL, "torch, DataLoader", "step 20-14-20 32", "torch_dense.py loader 20-14-20 32", {"cpu": 20}),
    Pair(SMALL, "torch, fused Adam", "step 20-14-20 32", "torch_dense.py fused 20-14-20 32", {"cpu": 0}),
    Pair(LARGE, "torch, DataLoader", f"step {DENSE}", f"torch_dense.py loader {DENSE}", {"cpu": 0}),
    Pair(LARGE, "torch, fused Adam", f"step {DENSE}", f"torch_dense.py fused {DENSE}", {"cpu": 0}),
    Pair(
        FIT, "torch, fused Adam", f"fit {FIT_FILES}", f"torch_dense.py fit {FIT_FILES}", {"cpu": 4, "loss": 1}
    ),
    Pair(FIT, "limit", f"fit {FIT_FILES}", f"limit {TRAINING}", {"cpu": 0.35}),
    Pair(SCORE, "torch", "score rows.npy", "torch_dense.py score rows.npy", {"cpu": 1.9}),
    Pair(SCORE, "Keras on TensorFlow", "score rows.npy", "keras_score.py rows.npy", {"cpu": 12}),
    Pair(
        SCORE,
        "PyOD AutoEncoder",
        "score rows.npy",
        "pyod_table.py autoencoder score 100k.npy",
        {"cpu": 100},
        3,
    ),
    Pair(SCORE, "IsolationForest", "score rows.npy", "pyod_table.py forest score 100k.npy", {"cpu": 0}, 3),
    Pair(SCORE, "limit", "score rows.npy", f"limit {SCORING}", {"cpu": 0.5}),
    Pair(
        TABLE, "PyOD AutoEncoder", "table 100k.npy", "pyod_table.py autoencoder fit 100k.npy", {"cpu": 20}, 2
    ),
    Pair(TABLE, "IsolationForest", "table 100k.npy", "pyod_table.py forest fit 100k.npy", {"cpu": 1 / 3}),
    Pair(STRINGS, "Keras dense", "strings codes.txt", "keras_strings.py dense codes.txt", {"cpu": 2}, 3),
    Pair(STRINGS, "Keras LSTM", "strings codes.txt", "keras_strings.py lstm codes.txt", {"cpu": 10}, 1),
    Pair(
        "load, score 1,000 rows, whole process",
        "import torch",
        "cold 100k.npy dense.amiss",
        "import_torch.py",
        {"cpu": 5},
    ),
]


def command(words: str, peers: pathlib.Path) -> list[str]:
    """Return the command of one side of a pair."""
    first, *rest = words.split()
    if first == "amiss":
        return [str(pathlib.Path(sys.executable).with_name("amiss")), *rest]
    if first.endswith(".py"):
        return [str(peers), str(HERE / "peers" / first), *rest]
    return [sys.executable, str(HERE / "amiss_jobs.py"), first, *rest]


def to_one_core() -> None:
    """Keep this process and its threads to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def measure(words: str, peers: pathlib.Path, folder: pathlib.Path) -> dict[str, float]:
    """Return wall and CPU seconds and peak memory (MiB) of a process, or what it tells itself as JSON."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
        child = subprocess.Popen(
            command(words, peers),
            stdout=out,
            stderr=complaints,
            cwd=folder,
            env=ENVIRONMENT,
            preexec_fn=to_one_core,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        out.seek(0), complaints.seek(0)
        # The command exits with 1 where it finds anomalies; a script that does has failed.
        if os.waitstatus_to_exitcode(status) not in ((0, 1) if words.startswith("amiss ") else (0,)):
            raise SystemExit(f"{words} failed:\n{complaints.read()}")
        told = [line for line in out.read().splitlines() if line.startswith("{")]
    found = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}
    return {**found, **(json.loads(told[-1]) if told else {})}


def in_words(seconds: float) -> str:
    """Return seconds with a unit that fits."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


LINE = "{:38s} {:19s} {:>9s} {:>9s} {:>6s} {:>12s} {:>6s} {:>4s}  {}"


def show(pair: Pair, ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """Print the lines of one pair."""
    forms = {"cpu": in_words, "memory": "{:.0f} MiB".format, "loss": "{:.3g} loss".format}
    for what, target in pair.targets.items():
        middle = [forms[what](statistics.median(run[what] for run in side)) for side in (ours, theirs)]
        ratios, walls = (
            [b[which] / a[which] for a, b in zip(ours, theirs, strict=True)] for which in (what, "wall")
        )
        ratio = statistics.median(ratios)
        spread = f"{min(ratios):.3g}-{max(ratios):.3g}"
        wall = f"{statistics.median(walls):.3g}" if what == "cpu" else ""
        wanted = f">= {target:.3g} {'met' if ratio >= target else 'missed'}" if target else ""
        print(
            LINE.format(pair.job, pair.peer, *middle, f"{ratio:.3g}", spread, wall, str(len(ours)), wanted),
            flush=True,
        )


def write_data(folder: pathlib.Path, peers: pathlib.Path) -> None:
    """Write what the jobs read."""
    made.write_table(folder / "1k.csv", 1_000)
    made.write_codes(folder / "codes.txt")
    made.save_rows(folder / "rows.npy", folder / "held_out.npy", 1_000_000)
    np.save(folder / "100k.npy", np.load(folder / "rows.npy", mmap_mode="r")[:100_000])
    measure("save 100k.npy dense.amiss", peers, folder)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--runs", type=int, default=5, help="pairs of runs (default 5)")
    ask.add_argument("--only", default="", help="only jobs and peers that have this text in their names")
    ask.add_argument("--peers", type=pathlib.Path, default=HERE.parent / ".peers/bin/python")
    asked = ask.parse_args()
    if not asked.peers.exists():
        print(f"no peers at {asked.peers}: see benchmarks/requirements.txt")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_data(folder, asked.peers.absolute())
        print(LINE.format("job", "peer", "amiss", "peer", "ratio", "spread", "wall", "runs", "target"))
        for pair in PAIRS:
            if asked.only not in f"{pair.job} {pair.peer}":
                continue
            sides: tuple[list[dict[str, float]], ...] = ([], [])
            for _ in range(min(asked.runs, pair.most_runs)):
                for side, words in zip(sides, (pair.ours, pair.theirs), strict=True):
                    side.append(measure(words, asked.peers.absolute(), folder))
            show(pair, *sides)


if __name__ == "__main__":
    main()
