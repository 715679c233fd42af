"""What Spark costs beside one process, and what a model of its own for each group costs, on one core.

Seconds by the clock, and of CPU: of this process, of Spark's Java, and of its Python workers.

::

    python benchmarks/spark.py rows 1000000        # one process, Spark, and the answers compared
    python benchmarks/spark.py model               # how long a worker takes to load a model
    python benchmarks/spark.py group               # CPU of one group in its Python process, and of 100,000
    python benchmarks/spark.py groups fast 100 5000    # the same by Spark: models, rows a group, groups
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from amiss import TableDetector
from amiss.clusters import score_batches, spark
from amiss.clusters.scoring import ANSWER
from amiss.clusters.spark.carried import bytes_of, detector_of
from amiss.clusters.spark.groups import GroupTask
from amiss.packed import pack

COLUMNS = 10
NAMES = [f"x{i}" for i in range(COLUMNS)]


def session() -> Any:
    """Return a session in this process, on one core."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "2g",
    }
    builder = SparkSession.builder.master("local[1]").config(map={**settings, "spark.log.level": "ERROR"})
    return builder.config("spark.sql.shuffle.partitions", "8").getOrCreate()


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return rows of ten numbers that hang together, with a number each."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3)) @ random.normal(size=(3, COLUMNS)) + 0.3 * random.normal(
        size=(rows, COLUMNS)
    )
    return pl.DataFrame(values, schema=NAMES).with_row_index("id")


def cpu() -> float:
    """Return the seconds of CPU of this process and all it started, from /proc."""
    parents, used = {}, {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        number = int(place.parent.name)
        parents[number], used[number] = int(words[1]), sum(map(int, words[11:15]))
    family = {os.getpid()}
    while grown := {number for number, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(used.get(number, 0) for number in family) / os.sysconf("SC_CLK_TCK")


@contextmanager
def taking(what: str) -> Iterator[None]:
    """Tell how long something takes."""
    begin, before = time.perf_counter(), cpu()
    yield
    print(f"{what:18} {time.perf_counter() - begin:8.1f} s, CPU {cpu() - before:8.1f} s", flush=True)


def rows(count: int) -> None:
    """Parquet to scores without causes: in one process, and by Spark, the start of the session told apart."""
    detector = TableDetector(models="fast", random_state=0).fit(table(20_000, 1).select(NAMES))
    with tempfile.TemporaryDirectory() as folder:
        path, out = str(Path(folder, "rows.parquet")), str(Path(folder, "scores"))
        table(count).write_parquet(path, row_group_size=100_000)
        with taking("one process"):
            frame = pl.read_parquet(path)
            batches = (frame[i : i + 10_000] for i in range(0, count, 10_000))
            here = pl.concat(score_batches(detector, batches, ["id"], causes=False))
            here.write_parquet(Path(folder, "here.parquet"))
        with taking("Spark's session"):
            opened = session()
        for turn in ("first", "second"):
            with taking(f"Spark, {turn} time"):
                answer = spark.score(opened.read.parquet(path), detector, "id", causes=False)
                answer.write.mode("overwrite").parquet(out)
            there = (
                pl.read_parquet(f"{out}/*.parquet").sort("id").with_columns(id=pl.col("id").cast(pl.UInt32))
            )
            print(f"equal to the last bit: {there.equals(here)}", flush=True)


def model() -> None:
    """Load models from their bytes, as a worker does once."""
    for models in ("fast", "auto"):
        content = bytes_of(TableDetector(models=models, random_state=0).fit(table(20_000, 1).select(NAMES)))
        begin = time.perf_counter()
        for _ in range(5):
            detector_of(content)
        print(f"{models:5} {len(content):>10,} bytes  {(time.perf_counter() - begin) / 5:6.3f} s")


def group() -> None:
    """Fit and score single groups as an executor does, without Spark around it."""
    for models, size, count in (("fast", 100, 30), ("fast", 1000, 10), ("auto", 100, 6), ("auto", 1000, 4)):
        parameters = pack(TableDetector(models=models, random_state=0).get_params())
        task = GroupTask("TableDetector", parameters, 1, tuple(NAMES), ("id", *ANSWER, "error"), 20)
        tables = [table(size, seed).to_arrow() for seed in range(count + 1)]
        task(tables.pop())  # what is loaded once
        before = time.process_time()
        errors = sum(len(task(rows)["error"].drop_null()) for rows in tables)
        seconds = (time.process_time() - before) / count
        whole = 100_000 * seconds / 3600
        print(
            f"{models:5} {size:5,} rows: {1000 * seconds:7.1f} ms, 100,000 groups {whole:6.2f} h; errors {errors}",
            flush=True,
        )


def groups(models: str, size: int, count: int) -> None:
    """Fit and score so many groups by Spark; seconds, milliseconds a group, and errors."""
    frame = table(size * count).with_columns(group=pl.col("id") % count)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "rows.parquet"))
        frame.write_parquet(path)
        del frame
        opened = session()
        opened.range(1).count()
        asked = TableDetector(models=models, random_state=0)
        before = cpu()
        with taking(f"{models}, {size:,} rows"):
            answer = spark.fit_score_by(opened.read.parquet(path), "group", asked, keys="id")
            answer.write.parquet(str(Path(folder, "scores")))
        seconds = cpu() - before
        told = pl.scan_parquet(f"{folder}/scores/*.parquet")
        found = told.select(
            pl.len(), pl.col("group").n_unique().alias("groups"), pl.col("error").count()
        ).collect()
    print(f"{1000 * seconds / count:.1f} ms of CPU a group; {found.to_dicts()[0]}")


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ["model"]
    if what == "groups":
        groups(words[0], int(words[1]), int(words[2]))
    elif what == "group":
        group()
    elif what == "rows":
        rows(int(words[0]))
    else:
        model()
