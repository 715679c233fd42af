"""Print what judging large tables costs: rows a CPU second, peak memory of all processes, as rows grow.

    python benchmarks/scale.py [--rows 10000,100000,1000000,10000000] [--detectors fast,auto,dense] [--json PATH]
    python benchmarks/scale.py --quick                      a minute: 10,000 and 100,000 rows
    python benchmarks/scale.py --only limit --rows 20000000  more data than memory, killed in the middle, resumed

Each line is `amiss detect` as a whole process over a folder of Parquet files of 20 columns: sample, fit, score, write.
"growth": rows 10^4 to 10^7. "cores": one and two processes. "partitions": files of 10,000 rows and more, each one
partition (of larger files one has 100,000 rows). "spark": the same in a local Spark, where that is there. "limit": a
memory limit of the kernel below the size of the data, kill -9 when half is done, the same command again, and the
answer compared with that of one quiet run without a limit. From the slope of the CPU seconds: what 10^12 rows cost at
--price dollars a core-hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
from process_tree import Measured, measure

PARTS = ("growth", "cores", "partitions", "spark", "limit")
COLUMNS, _FILE = 20, 1_000_000
_PIECES = (10_000, 30_000, 100_000)
_AMISS = str(Path(sys.executable).with_name("amiss"))
_TRILLION, _CORES = 10**12, 1_000


@dataclass(frozen=True)
class Job:
    """One run of `amiss detect` over a folder."""

    part: str
    detector: str
    rows: int
    jobs: int = 2
    file: int = 1_000_000
    cluster: str = "local"
    memory: int | None = None

    def command(self, folder: Path, answer: Path) -> list[str]:
        """Return the command line."""
        asked = [_AMISS, "detect", str(folder), "-o", str(answer), "--key", "id", "--quiet", "--no-report"]
        asked += ["--models", self.detector, "--jobs", str(self.jobs), "--cluster", self.cluster]
        return asked + (["--memory", f"{self.memory}M"] if self.memory else [])


@dataclass(frozen=True)
class Line:
    """A job and what it took."""

    job: Job
    wall: float
    cpu: float
    peak: float

    @property
    def words(self) -> str:
        """The line of a table."""
        job = self.job
        cells = [job.part, job.detector, job.cluster, f"{job.rows:,}", f"{job.file:,}", str(job.jobs)]
        cells += [f"{job.rows / self.cpu:,.0f}", f"{self.cpu:.1f}", f"{self.wall:.1f}", f"{self.peak:,.0f}"]
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| part | detector | cluster | rows | rows a file | processes | rows a CPU s | CPU s | wall s | peak MiB |\n"
    + "|---" * 10
    + "|"
)


# ------------------------------------------------------------ data
def write_rows(folder: Path, rows: int, width: int = COLUMNS, file: int = _FILE) -> Path:
    """Write Parquet files of so many rows: a key, and columns that hang together; one row in 1000 does not."""
    folder.mkdir(parents=True)
    mixing = np.random.default_rng(0).normal(size=(5, width)).astype(np.float32)
    for number, start in enumerate(range(0, rows, file)):
        rng, count = np.random.default_rng([1, number]), min(file, rows - start)
        values = rng.standard_normal((count, 5), np.float32) @ mixing
        values += np.float32(0.3) * rng.standard_normal((count, width), np.float32)
        odd = np.flatnonzero(rng.random(count) < 0.001)
        values[odd] += rng.normal(0, 4, (len(odd), width)).astype(np.float32)
        columns = {"id": np.arange(start, start + count), **{f"c{i}": c for i, c in enumerate(values.T)}}
        pl.DataFrame(columns).write_parquet(
            folder / f"rows-{number:04d}.parquet", compression="lz4", row_group_size=100_000
        )
    return folder


def size_of(folder: Path) -> float:
    """Return the bytes of a folder's files, in MiB."""
    return sum(path.stat().st_size for path in folder.rglob("*")) / 2**20


# ------------------------------------------------------------ jobs
def jobs_of(asked: argparse.Namespace) -> Iterator[Job]:
    """Yield what is to be run, few rows first."""
    middle = sorted(asked.rows)[len(asked.rows) // 2]
    first = asked.detectors[0]
    for part in asked.only:
        if part == "growth":
            for detector in asked.detectors:
                yield from (
                    Job(part, detector, rows) for rows in sorted(asked.rows) if _few(detector, rows, asked)
                )
        elif part == "cores":
            yield from (Job(part, detector, middle, jobs) for detector in asked.detectors for jobs in (1, 2))
        elif part == "partitions":
            yield from (Job(part, first, middle, file=n) for n in _PIECES if n <= middle)
        elif part == "spark" and _has_spark():
            yield from (
                Job(part, first, rows, cluster="spark:master=local[2]") for rows in sorted(asked.rows)[:2]
            )


def _few(detector: str, rows: int, asked: argparse.Namespace) -> bool:
    """Return whether a detector is to judge so many rows: the committees are asked for fewer."""
    return detector not in ("fast", "auto") or rows <= asked.most


def _has_spark() -> bool:
    """Return whether amiss and this environment know Spark."""
    known = subprocess.run([_AMISS, "parts"], capture_output=True, text=True, check=True).stdout
    return "spark" in known and find_spec("pyspark") is not None


def finished(command: list[str], limit: int | None = None) -> Measured:
    """Run a command that must succeed."""
    taken = measure(command, limit)
    if taken.status not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {taken.status}:\n{taken.told[-2000:]}")
    return taken


def parts_of(answer: Path) -> list[Path]:
    """Return the part files that are there."""
    return sorted(answer.glob("part-*.parquet"))


def beyond_memory(folder: Path, scratch: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Judge more data than memory, kill it in the middle, resume; return what happened."""
    rows, quiet, broken = max(asked.rows), scratch / "quiet", scratch / "broken"
    job = Job("limit", asked.detectors[0], rows, memory=asked.limit)
    whole = finished(job.command(folder, quiet))
    count = len(parts_of(quiet))
    killed = measure(
        job.command(folder, broken), asked.limit, lambda: len(parts_of(broken)) >= max(count // 2, 1)
    )
    done = {path: path.stat().st_mtime_ns for path in parts_of(broken)}
    resumed = finished(job.command(folder, broken), asked.limit)
    pairs = zip(parts_of(quiet), parts_of(broken), strict=True)
    return {
        "command": " ".join(job.command(Path("ROWS"), Path("ANSWER"))),
        "data MiB": round(size_of(folder)),
        "limit MiB": asked.limit,
        "peak MiB": round(max(killed.peak, resumed.peak)),
        "peak without the limit MiB": round(whole.peak),
        "killed with signal": -killed.status,
        "partitions": count,
        "done at the kill": len(done),
        "of them done again": sum(path.stat().st_mtime_ns != then for path, then in done.items()),
        "CPU s of the quiet run": round(whole.cpu, 1),
        "CPU s after the kill": round(resumed.cpu, 1),
        "answers equal": all(pl.read_parquet(one).equals(pl.read_parquet(other)) for one, other in pairs),
    }


# ------------------------------------------------------------ what follows
def slope(lines: list[Line]) -> tuple[float, float]:
    """Return the CPU seconds of a million rows more, and the exponent of their growth.

    The first between the two largest runs: what does not grow with the rows, start and fit, falls out. The exponent
    compares what the last step cost with the one before, by the rows of each: of a straight line it is 1. NaN where
    there are fewer than three runs.
    """
    ordered = sorted(lines, key=lambda line: line.job.rows)[-3:]
    rows, seconds = np.diff([line.job.rows for line in ordered]), np.diff([line.cpu for line in ordered])
    each = 1e6 * seconds[-1] / rows[-1]
    if len(ordered) < 3 or min(seconds) <= 0:
        return float(each), float("nan")
    return float(each), float(np.log(seconds[1] / seconds[0]) / np.log(rows[1] / rows[0]))


def plan(each: float, price: float) -> str:
    """Return in words what 10^12 rows cost at so many CPU seconds a million rows and dollars a core-hour."""
    hours = each * _TRILLION / 1e6 / 3600
    return f"{hours:,.0f} core-hours, {price * hours:,.0f} dollars, {hours / _CORES:,.1f} hours on {_CORES:,} cores"


def options() -> argparse.Namespace:
    """Return what is asked for."""

    def names(text: str) -> list[str]:
        return text.split(",")

    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument(
        "--rows", type=lambda t: [int(float(n)) for n in names(t)], default=[10**n for n in (4, 5, 6, 7)]
    )
    ask.add_argument(
        "--most", type=int, default=10**7, help="rows that the committees (fast, auto) judge at most"
    )
    ask.add_argument("--detectors", type=names, default=["fast", "auto", "dense"])
    ask.add_argument("--only", type=names, default=list(PARTS[:-1]), help=f"of {', '.join(PARTS)}")
    ask.add_argument("--limit", type=int, default=512, help="MiB, for the part 'limit'")
    ask.add_argument("--price", type=float, default=0.04, help="dollars a core-hour")
    ask.add_argument("--quick", action="store_true", help="10,000 and 100,000 rows")
    ask.add_argument("--scratch", type=Path, help="where data goes, and is taken away again")
    ask.add_argument("--json", type=Path)
    asked = ask.parse_args()
    if asked.quick:
        asked.rows = [10_000, 100_000]
    return asked


def main() -> None:
    """Run, print a line each, then slopes and plans."""
    asked = options()
    scratch = Path(tempfile.mkdtemp(prefix="amiss-scale-", dir=asked.scratch))
    found: dict[str, object] = {"price": asked.price, "columns": COLUMNS, "processors": os.cpu_count()}
    try:
        lines = run_jobs(asked, scratch)
        found["lines"] = [asdict(line) for line in lines]
        found["plans"] = dict(plans(lines, asked.price))
        if "limit" in asked.only:
            found["limit"] = beyond_memory(data(scratch, max(asked.rows)), scratch, asked)
            print(json.dumps(found["limit"], indent=1))
    finally:
        shutil.rmtree(scratch)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def run_jobs(asked: argparse.Namespace, scratch: Path) -> list[Line]:
    """Run the jobs and print a line each."""
    lines, answer = [], scratch / "answer"
    for job in jobs_of(asked):
        if not lines:
            print(HEAD)
        taken = finished(job.command(data(scratch, job.rows, job.file), answer))
        lines.append(Line(job, taken.wall, taken.cpu, taken.peak))
        print(lines[-1].words, flush=True)
        shutil.rmtree(answer)
    return lines


def data(scratch: Path, rows: int, file: int = _FILE) -> Path:
    """Return the folder of so many rows in files of so many, written when first asked for."""
    folder = scratch / f"rows-{rows}-{file}"
    return folder if folder.is_dir() else write_rows(folder, rows, file=file)


def plans(lines: list[Line], price: float) -> Iterator[tuple[str, str]]:
    """Yield, for each detector whose cost was seen to grow, its name and what 10^12 rows cost; print it too."""
    for detector in dict.fromkeys(line.job.detector for line in lines):
        mine = [line for line in lines if (line.job.part, line.job.detector) == ("growth", detector)]
        if len(mine) > 1:
            each, exponent = slope(mine)
            words = (
                f"{each:.2f} CPU s a million rows, exponent {exponent:.3f}; 10^12 rows: {plan(each, price)}"
            )
            print(f"{detector}: {words}")
            yield detector, words


if __name__ == "__main__":
    main()
