"""Print how long many series take in one run, and how much memory: made by the program, answered in one detection.

    python benchmarks/many_series.py [--series 1000] [--points 10000] [--jobs N] [--models fast] [--share] [--keep]

Wall and CPU seconds, the CPU of the worker processes among it, and the peak memory of the whole family of processes
(private memory, sampled), with the data and what the answer holds. ``--keep`` fits and keeps the detectors instead.
"""

import argparse
import pathlib
import resource
import threading
import time
import warnings

import numpy as np
import polars

from amiss import SeriesDetector
from amiss.progress import listening


def made(series: int, points: int) -> polars.DataFrame:
    """Return `series` series in long form, row by row in order of time: daily courses, noise, a few events each."""
    draw = np.random.default_rng(0)
    step = np.arange(points)
    begin = np.datetime64("2026-01-01", "us")
    names = polars.Series([f"sensor {i:04d}" for i in range(series)])
    values = np.empty((points, series))
    for i in range(series):
        period = draw.choice([24, 48, 96, 144])
        values[:, i] = np.sin(step * 2 * np.pi / period + draw.uniform(0, 6)) + draw.uniform(
            0.05, 0.4
        ) * draw.normal(size=points)
        if i % 3 == 0:
            at = draw.integers(points // 10, points - 20)
            values[at : at + 10, i] += draw.choice([-4.0, 4.0])
    return polars.DataFrame(
        {
            "sensor": names.gather(np.tile(np.arange(series), points)),
            "time": np.repeat(begin + step * np.timedelta64(600, "s"), series),
            "value": values.ravel(),
        }
    )


class Peak:
    """Samples the private memory of this process and its children."""

    def __enter__(self) -> "Peak":
        self.bytes, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.bytes = max(self.bytes, sum(map(_resident, _family())))


def _family() -> list[str]:
    me = str(pathlib.Path("/proc/self").resolve().name)
    children = pathlib.Path(f"/proc/{me}/task").glob("*/children")
    return [me, *(child for file in children for child in file.read_text().split())]


def _resident(process: str) -> int:
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return 1024 * sum(
        int(line.split()[1]) for line in status.splitlines() if line.startswith(("RssAnon", "RssShmem"))
    )


def _cpu() -> float:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--series", type=int, default=1_000)
    ask.add_argument("--points", type=int, default=10_000)
    ask.add_argument("--jobs", type=int)
    ask.add_argument("--models", default="auto")
    ask.add_argument("--share", action="store_true")
    ask.add_argument("--keep", action="store_true")
    asked = ask.parse_args()
    warnings.simplefilter("ignore")
    data = made(asked.series, asked.points)
    told: list[str] = []
    detector = SeriesDetector(
        models=asked.models, time="time", by="sensor", share=asked.share, jobs=asked.jobs, random_state=0
    )
    began, cpu = time.perf_counter(), _cpu()
    with Peak() as peak, listening(told.append):
        answer = detector.fit(data) if asked.keep else detector.fit_detect(data)
    wall, cpu = time.perf_counter() - began, _cpu() - cpu
    print(f"{asked.series:,} series x {asked.points:,} points, {told[-1] if told else ''}")
    if asked.keep:
        kept = sum(len(one) for one in detector.many_.packed)
        print(f"kept: {kept / asked.series / 2**20:.2f} MiB a series, {kept / 2**20:,.0f} MiB in all")
    else:
        print(answer.verdict)
    print(
        f"wall {wall:,.1f} s, CPU {cpu:,.1f} s ({cpu / asked.series:.3f} s a series), "
        f"peak {peak.bytes / 2**20:,.0f} MiB"
    )


if __name__ == "__main__":
    main()
