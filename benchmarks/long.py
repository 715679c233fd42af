"""Print what long inputs cost by default: one long series, a long list of strings, as they grow.

    python benchmarks/long.py [--points 10000,100000,1000000] [--strings 10000,100000,1000000] [--detect]

Each size is a process of its own, with one thread: items a second and CPU seconds of `fit` (which scores all that is
given) and of `score_samples`, with --detect of `detect` too; peak memory beyond the data while each ran. Beside them
how many times the time of the size before: a straight line has the ratio of the sizes. The series has 288 points a day,
times, noise, and an event in 20,000 points; the strings are serial numbers and addresses, nearly all distinct, a slip
in 2,000.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

ENVIRONMENT = {**os.environ, **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")}
COLUMNS = ("fit_s", "fit_mib", "score_s", "score_mib", "detect_s", "detect_mib")


def series(points: int) -> Any:
    """Return a frame of times and values."""
    import numpy as np
    import polars

    draw = np.random.default_rng(0)
    at = np.arange(points)
    values = np.sin(at * 2 * np.pi / 288) + 0.3 * np.sin(at * 2 * np.pi / 41) + 0.1 * draw.normal(size=points)
    for begin in draw.integers(300, points - 300, max(3, points // 20_000)).tolist():
        values[begin : begin + int(draw.integers(1, 60))] += draw.choice([-3.0, 3.0])
    times = np.datetime64("2020-01-01", "us") + at * np.timedelta64(300_000_000, "us")
    return polars.DataFrame({"time": times, "value": values})


def strings(count: int) -> Any:
    """Return serial numbers and addresses."""
    import numpy as np

    draw = np.random.default_rng(0)
    digits = draw.integers(0, 100_000_000, count).tolist()
    made = [
        f"{chr(65 + n % 26)}{chr(65 + n % 23)}-{n % 10_000:04d}-{n // 10_000:04d}"
        if n % 3
        else f"user{n}@host{n % 7}.example"
        for n in digits
    ]
    for at in draw.integers(0, count, max(3, count // 2_000)).tolist():
        place = int(draw.integers(len(made[at])))
        made[at] = made[at][:place] + str(draw.choice(list("#oXé ~"))) + made[at][place + 1 :]
    return made


def one(kind: str, count: int, detects: bool) -> dict[str, float]:
    """Return what one size costs; the figures of this process."""
    warnings.simplefilter("ignore")
    from amiss import SeriesDetector, StringDetector

    make, detector = (series, SeriesDetector) if kind == "series" else (strings, StringDetector)
    detector(random_state=0).fit_detect(make(2_000))  # what is imported on first use
    data, fitted, figures = make(count), detector(random_state=0), {}
    doings: dict[str, Callable[[Any], Any]] = {"fit": fitted.fit, "score": fitted.score_samples}
    for name, do in {**doings, **({"detect": fitted.detect} if detects else {})}.items():
        pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak of memory begins anew
        before, began = _memory("VmRSS"), time.process_time()
        kept = do(data)
        figures[f"{name}_s"], figures[f"{name}_mib"] = time.process_time() - began, _memory("VmHWM") - before
        del kept
    return figures


def _memory(what: str) -> float:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--points", default="10000,100000,1000000")
    ask.add_argument("--strings", default="10000,100000,1000000")
    ask.add_argument("--detect", action="store_true")
    ask.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one[0], int(asked.one[1]), asked.detect)))
        return
    for kind, sizes in (("series", asked.points), ("strings", asked.strings)):
        before: dict[str, float] = {}
        for count in map(int, filter(None, sizes.split(","))):
            command = [sys.executable, __file__, "--one", kind, str(count), *["--detect"] * asked.detect]
            answer = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True)
            found = json.loads(answer.stdout)
            print(f"{kind}, {count:,}")
            for name in (name.removesuffix("_s") for name in COLUMNS[::2] if name in found):
                seconds, mib = found[f"{name}_s"], found[f"{name}_mib"]
                times = (
                    f"  {seconds / before[f'{name}_s']:5.1f} x the time of the size before" if before else ""
                )
                print(
                    f"  {name:8s} {count / seconds:10,.0f} a second {seconds:9.2f} CPU s {mib:8.0f} MiB{times}",
                    flush=True,
                )
            before = found


if __name__ == "__main__":
    main()
