"""`benchmarks/scale.py` and its like: data made from a seed, processes measured and killed, figures on paper."""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import sys
import time

import numpy as np
import polars as pl
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import scale  # noqa: E402
from large_tables import KINDS, SHARE, made  # noqa: E402
from memory_size import greedy, k_means  # noqa: E402
from process_tree import family, measure, memory  # noqa: E402
from sample_size import Figures, LargeTable, summary  # noqa: E402
from sample_size import measure as judged  # noqa: E402


# ------------------------------------------------------------ data
@pytest.mark.parametrize("kind", list(KINDS))
def test_made_tables_hold_the_planted_share(kind):
    """The same seed gives the same table; another seed other rows of the same structure."""
    table, labels = made(kind, 20_000, 3)
    again, _ = made(kind, 20_000, 3)
    other, _ = made(kind, 20_000, 4)
    assert table.equals(again)
    assert not table.equals(other)
    assert abs(labels.mean() - SHARE) < 4 * math.sqrt(SHARE / 20_000)
    numbers = [name for name, kind in table.schema.items() if kind.is_float()]
    normal = labels == 0
    for name in numbers:
        first, second = table[name].to_numpy()[normal], other[name].to_numpy()
        assert abs(np.median(first) - np.median(second)) < 0.1 * first.std()


def test_rows_do_not_depend_on_where_files_end(tmp_path):
    """The first rows of a larger table are those of a smaller one; keys count on from file to file."""
    few = pl.read_parquet(scale.write_rows(tmp_path / "few", 1_000, width=4) / "*.parquet")
    assert few["id"].to_list() == list(range(1_000))
    assert few.columns == ["id", "c0", "c1", "c2", "c3"]
    assert (
        scale.size_of(tmp_path / "few") == sum(f.stat().st_size for f in (tmp_path / "few").iterdir()) / 2**20
    )


# ------------------------------------------------------------ processes
def test_memory_counts_all_processes_and_what_they_share_once():
    """Two processes of 60 MiB each, 40 of them shared."""
    program = (
        "import os, time\nshared = bytearray(b'x' * (40 << 20))\npid = os.fork()\nown = bytearray(b'y' * (20 << 20))\n"
        "time.sleep(0.8)\npid and os.wait()"
    )
    taken = measure([sys.executable, "-c", program])
    assert taken.status == 0
    assert 80 <= taken.peak < 115


def test_seconds_are_those_of_the_children_too():
    """A process that waits for one that works."""
    work = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.4: pass"
    taken = measure(
        [sys.executable, "-c", f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])"]
    )
    assert taken.cpu >= 0.4


def test_seconds_of_a_child_that_nobody_waits_for_count():
    """As the Java process of Spark."""
    work = "import time\nwhile time.process_time() < 0.6: pass\ntime.sleep(9)"
    program = (
        f"import os, subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {work!r}])\n"
        "time.sleep(2.5)\nos._exit(0)"
    )
    taken = measure([sys.executable, "-c", program])
    assert taken.status == 0
    assert taken.cpu >= 0.6


def test_a_kill_takes_the_whole_family_and_nobody_else(tmp_path):
    """The process that waits, and the one it waits for."""
    told = tmp_path / "pid"
    program = (
        f"import os, pathlib, time\npid = os.fork()\n"
        f"if not pid: pathlib.Path({str(told)!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    )
    taken = measure([sys.executable, "-c", program], stop=lambda: told.exists() and bool(told.read_text()))
    assert taken.status == -9
    child = int(told.read_text())
    for _ in range(50):
        if not os.path.exists(f"/proc/{child}"):
            break
        time.sleep(0.1)
    assert memory(child) == 0
    assert os.getpid() in family(os.getpid())


# ------------------------------------------------------------ on paper
def lines_of(cost, *rows):
    """Runs whose CPU seconds are a function of the rows."""
    return [scale.Line(scale.Job("growth", "fast", n), 1.0, cost(n), 1.0) for n in rows]


def test_a_straight_line_has_exponent_one_whatever_its_start():
    """And a square has two."""
    each, exponent = scale.slope(lines_of(lambda n: 7 + 3e-5 * n, 10**5, 10**6, 10**7))
    assert (each, exponent) == (pytest.approx(30), pytest.approx(1))
    assert scale.slope(lines_of(lambda n: 7 + 1e-9 * n * n, 10**6, 10**7, 10**8))[1] == pytest.approx(
        2, abs=0.01
    )
    assert math.isnan(scale.slope(lines_of(lambda n: n, 10, 100))[1])


def test_a_plan_is_the_slope_times_the_rows():
    """36 seconds a million rows are 36 million seconds."""
    assert scale.plan(36.0, 0.05) == "10,000 core-hours, 500 dollars, 10.0 hours on 1,000 cores"


def test_a_job_says_what_it_asks_for():
    """What differs between two lines of a table stands in the command."""
    asked = argparse.Namespace(
        rows=[1_000, 50_000], detectors=["fast", "dense"], only=["cores", "partitions"], most=10**7
    )
    jobs = list(scale.jobs_of(asked))
    assert [(j.detector, j.jobs) for j in jobs if j.part == "cores"] == [
        *[("fast", 1), ("fast", 2)],
        *[("dense", 1), ("dense", 2)],
    ]
    assert [j.file for j in jobs if j.part == "partitions"] == [10_000, 30_000]
    command = jobs[-1].command(pathlib.Path("rows"), pathlib.Path("answer"))
    assert command[1:5] == ["detect", "rows", "-o", "answer"]
    assert command[-4:] == ["--jobs", "2", "--cluster", "local"]


# ------------------------------------------------------------ choosing rows
def test_greedy_takes_the_farthest_each_time():
    """On a line: the ends, then the middle, whichever end comes first."""
    rows = np.linspace(0.0, 1.0, 101)[:, None]
    chosen = greedy(rows, 4, np.random.default_rng(5))[:, 0]
    away = [min(abs(rows[:, 0] - c).min() for c in [x]) for x in chosen]
    assert max(away) == 0
    for count in range(1, 4):
        gaps = np.abs(rows[:, 0][:, None] - chosen[:count]).min(axis=1)
        assert gaps[int(np.flatnonzero(rows[:, 0] == chosen[count])[0])] == pytest.approx(gaps.max())


def test_k_means_finds_groups_that_stand_apart():
    """The centre of each."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(at, 0.01, (50, 2)) for at in (0.0, 5.0, 9.0)])
    centres = k_means(rows[rng.permutation(150)], 12, rng)
    for at in (0.0, 5.0, 9.0):
        assert np.abs(centres - at).max(axis=1).min() < 0.05


# ------------------------------------------------------------ how large a sample
def test_a_sample_is_measured_and_summed_up():
    """One line a size; what is lost is against the largest."""
    table, labels = made("correlated", 3_000, 0)
    large = LargeTable("correlated", table, table, labels)
    found = [judged(large, "fast", n, 0) for n in (200, 1_000)]
    assert found[1].roc_auc > 0.8
    assert found[0].told == pytest.approx(5.0, rel=0.3)  # of 200 rows one lies beyond by chance
    lines = list(summary(found))
    assert [line.split(" | ")[1] for line in lines[2:]] == ["200", "1,000"]
    assert "+0.0000 / +0.0000" in lines[-1]
    assert isinstance(found[0], Figures)
