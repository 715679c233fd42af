"""Memory: data of any size are read in the memory of a partition."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

READ = """
import pathlib, re, resource, sys
from amiss.partitions import find_partitions, sample
partitions = find_partitions(sys.argv[1], rows=50_000)
rows = sum(partitions.read(one).height for one in partitions.partitions)
rows += sample(partitions, 10_000).height
status = pathlib.Path("/proc/self/status")  # getrusage counts what the parent took when it started this process
peak = int(re.search("VmHWM: *(.*) kB", status.read_text().replace(chr(9), " "))[1]) / 1e3 if status.exists() else (
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
print(rows, int(peak))
"""


def test_a_file_of_400_mb_is_read_in_the_memory_of_a_partition(tmp_path: Path) -> None:
    """A million rows of 50 numbers: less than their cells take, with the process itself."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{column}": random.normal(size=1_000_000) for column in range(50)})
    path = tmp_path / "a.parquet"
    frame.write_parquet(path, row_group_size=100_000)
    assert path.stat().st_size > 380e6
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    rows, peak = map(int, done.stdout.split())
    assert rows == 1_010_000
    assert peak < 300  # MB; the cells of the whole take 400
