"""Data in many files for tests of jobs larger than memory, and a network that is slow, or fatal, where it is told."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl

AMISS = [sys.executable, "-m", "amiss"]
ROWS = 400

NETWORK = '''
import glob, os, signal, time
import numpy as np

def rebuild(batch):
    """Every column as the mean of all; slow where SLOW says so, once it is learnt; fatal for a value of 500 where FATAL
    names a file."""
    if glob.glob("*/model.amiss"):
        time.sleep(float(os.environ.get("SLOW", "0")))
    fatal = os.environ.get("FATAL")
    if fatal and os.path.exists(fatal) and (np.abs(batch) > 300).any():
        if fatal.endswith("once"):
            os.unlink(fatal)
        os.kill(os.getpid(), signal.SIGKILL)
    return np.repeat(batch.mean(axis=1, keepdims=True), batch.shape[1], axis=1)
'''


def write_data(folder: pathlib.Path, files: int = 12, fatal: int | None = None) -> None:
    """Write ``data/``, Parquet files of 400 rows that hang together, a wild value in one of them, and ``nets.py``."""
    draw = np.random.default_rng(0)
    (folder / "data").mkdir()
    for number in range(files):
        values = draw.normal(size=(ROWS, 1)) + 0.1 * draw.normal(size=(ROWS, 3))
        values[7, 1] += 5.0
        if number == fatal:
            values[9, 2] = 500.0
        ids = [f"r{number * ROWS + row:05}" for row in range(ROWS)]
        frame = pl.DataFrame({"id": ids, **{f"c{j}": values[:, j] for j in range(3)}})
        frame.write_parquet(folder / "data" / f"f{number:02}.parquet")
    (folder / "nets.py").write_text(NETWORK, "utf-8")


def run(*words: str, cwd: pathlib.Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``amiss`` as a process of its own."""
    return subprocess.run(
        [*AMISS, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def start(*words: str, cwd: pathlib.Path, **environment: str) -> subprocess.Popen[str]:
    """Start ``amiss`` and go on."""
    return subprocess.Popen(
        [*AMISS, *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def wait_for(condition: object, process: subprocess.Popen[str], seconds: float = 120.0) -> None:
    """Wait until something is true while a process runs."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def parts(folder: pathlib.Path) -> dict[str, bytes]:
    """Return the part files of a folder, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("part-*.parquet"))}


def children(process: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def kill(process: int) -> None:
    """End a process as the system ends one for want of memory."""
    os.kill(process, signal.SIGKILL)
