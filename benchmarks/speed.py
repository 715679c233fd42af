"""Print how long whole jobs take, from file to verdicts, beside the tutorial's script in the same run.

    python benchmarks/speed.py [--runs 5] [--peers .peers/bin/python]

Each job is a process of its own, timed from outside: wall seconds and CPU seconds (median of the runs), peak
memory. The peer is the TensorFlow tutorial's table script (benchmarks/peers/tutorial_table.py) in the environment
of benchmarks/requirements.txt; without that environment its row is left out, and the ratio with it.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from made import write_series, write_strings, write_table

HERE = pathlib.Path(__file__).resolve().parent


def measure(command: list[str], runs: int) -> tuple[float, float, float]:
    """Return median wall seconds, median CPU seconds and peak memory in MiB over `runs`, after one warm-up."""
    walls, cpus, peaks = [], [], []
    for run in range(runs + 1):
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            raise SystemExit(f"{' '.join(command)} failed:\n{child.stderr.read().decode()}")
        if run:
            walls.append(wall)
            cpus.append(usage.ru_utime + usage.ru_stime)
            peaks.append(usage.ru_maxrss / 1024)
    return statistics.median(walls), statistics.median(cpus), max(peaks)


ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--runs", type=int, default=5)
    ask.add_argument("--peers", type=pathlib.Path, default=HERE.parent / ".peers/bin/python")
    asked = ask.parse_args()
    amiss = [str(pathlib.Path(sys.executable).with_name("amiss")), "detect", "--quiet", "--no-report"]
    with tempfile.TemporaryDirectory() as folder:
        files = {
            name: pathlib.Path(folder) / name for name in ("t1k.csv", "t100k.csv", "s25k.txt", "p100k.csv")
        }
        write_table(files["t1k.csv"], 1_000)
        write_table(files["t100k.csv"], 100_000)
        write_strings(files["s25k.txt"], 25_000)
        write_series(files["p100k.csv"], 100_000)
        jobs = {
            "amiss --help": [amiss[0], "--help"],
            "table 1,000 x 20": [*amiss, str(files["t1k.csv"])],
            "table 100,000 x 20": [*amiss, str(files["t100k.csv"])],
            "strings 25,000": [*amiss, str(files["s25k.txt"])],
            "series 100,000 points": [*amiss, str(files["p100k.csv"]), "--kind", "series"],
        }
        print(f"{'job, whole process':34s} {'wall s':>8s} {'CPU s':>8s} {'MiB':>7s}")
        figures = {}
        for name, command in jobs.items():
            figures[name] = measure(command, asked.runs)
            print(
                f"{name:34s} {figures[name][0]:8.2f} {figures[name][1]:8.2f} {figures[name][2]:7.0f}",
                flush=True,
            )
        if not asked.peers.exists():
            print(f"no peers at {asked.peers}: see benchmarks/requirements.txt")
            return
        tutorial = [str(asked.peers), str(HERE / "peers/tutorial_table.py"), str(files["t1k.csv"])]
        name = "tutorial 1,000 x 20, TensorFlow"
        figures[name] = measure(tutorial, asked.runs)
        print(f"{name:34s} {figures[name][0]:8.2f} {figures[name][1]:8.2f} {figures[name][2]:7.0f}")
        ours, theirs = figures["table 1,000 x 20"], figures[name]
        speed, cpu, memory = (theirs[i] / ours[i] for i in range(3))
        print(f"\namiss is {speed:.1f} times faster (CPU {cpu:.1f}) in 1/{memory:.1f} of the memory")


if __name__ == "__main__":
    main()
