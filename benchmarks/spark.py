"""What Spark costs beside one process, and what a model of its own for each group costs; seconds on one core.

::

    python benchmarks/spark.py rows 1000000        # one process, Spark, and the answers compared
    python benchmarks/spark.py model               # how long a worker takes to load a model
    python benchmarks/spark.py groups fast 100 5000    # models, rows a group, groups
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from amiss import TableDetector
from amiss.clusters import score_batches, spark
from amiss.clusters.spark.carried import bytes_of, detector_of

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


def rows(count: int) -> None:
    """Parquet to scores without causes: in one process, and by Spark, the start of the session told apart."""
    detector = TableDetector(models="fast", random_state=0).fit(table(20_000, 1).select(NAMES))
    with tempfile.TemporaryDirectory() as folder:
        path, out = str(Path(folder, "rows.parquet")), str(Path(folder, "scores"))
        table(count).write_parquet(path, row_group_size=100_000)
        begin = time.perf_counter()
        frame = pl.read_parquet(path)
        batches = (frame[i : i + 10_000] for i in range(0, count, 10_000))
        here = pl.concat(score_batches(detector, batches, ["id"], causes=False))
        here.write_parquet(Path(folder, "here.parquet"))
        print(f"one process       {time.perf_counter() - begin:7.1f} s")
        begin = time.perf_counter()
        opened = session()
        print(f"Spark's session   {time.perf_counter() - begin:7.1f} s")
        for turn in ("first", "second"):
            begin = time.perf_counter()
            answer = spark.score(opened.read.parquet(path), detector, "id", causes=False)
            answer.write.mode("overwrite").parquet(out)
            print(f"Spark, {turn:6} time {time.perf_counter() - begin:7.1f} s")
        there = pl.read_parquet(f"{out}/*.parquet").sort("id").with_columns(id=pl.col("id").cast(pl.UInt32))
        print(f"equal to the last bit: {there.equals(here)}")


def model() -> None:
    """Load models from their bytes, as a worker does once."""
    for models in ("fast", "auto"):
        content = bytes_of(TableDetector(models=models, random_state=0).fit(table(20_000, 1).select(NAMES)))
        begin = time.perf_counter()
        for _ in range(5):
            detector_of(content)
        print(f"{models:5} {len(content):>10,} bytes  {(time.perf_counter() - begin) / 5:6.3f} s")


def groups(models: str, size: int, count: int) -> None:
    """Fit and score so many groups by Spark; seconds, milliseconds a group, and errors."""
    frame = table(size * count).with_columns(group=pl.col("id") % count)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "rows.parquet"))
        frame.write_parquet(path)
        del frame
        opened = session()
        opened.range(1).count()
        begin = time.perf_counter()
        asked = TableDetector(models=models, random_state=0)
        answer = spark.fit_score_by(opened.read.parquet(path), "group", asked, keys="id")
        answer.write.parquet(str(Path(folder, "scores")))
        seconds = time.perf_counter() - begin
        told = pl.scan_parquet(f"{folder}/scores/*.parquet")
        found = told.select(
            pl.len(), pl.col("group").n_unique().alias("groups"), pl.col("error").count()
        ).collect()
    print(
        f"{models}, {size:,} rows a group: {seconds:.1f} s, {1000 * seconds / count:.1f} ms a group; "
        f"{found.to_dicts()[0]}"
    )


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ["model"]
    if what == "groups":
        groups(words[0], int(words[1]), int(words[2]))
    elif what == "rows":
        rows(int(words[0]))
    else:
        model()
