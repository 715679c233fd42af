"""Print the false alarms per 1000 normal items of each threshold rule, and how many anomalies it finds.

    python benchmarks/false_alarms.py [--runs 20] [--write docs/thresholds.md]
    python benchmarks/false_alarms.py --detectors [--runs 3]     of whole detectors on clean data

Per run and distribution: 5,000 training scores, 20,000 new normal scores. Anomalies, where there are any, are
a twentieth of the training scores, evenly spread from 1.5 to 4.5 times the score that one normal item in 1000
exceeds.
"""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

import numpy as np

from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.part import make_part
from amiss.thresholds import Threshold

RULES = ("peaks", "fdr", "mean_std:k=3", "mad", "quantile:q=0.99")
DISTRIBUTIONS = {
    "half-normal": lambda r, n: np.abs(r.normal(size=n)),
    "chi2(1)": lambda r, n: r.chisquare(1, n),
    "lognormal": lambda r, n: r.lognormal(size=n),
    "t3 squared": lambda r, n: r.standard_t(3, n) ** 2,
    "uniform": lambda r, n: r.random(n),
    "exponential": lambda r, n: r.exponential(size=n),
    "gamma(5)": lambda r, n: r.gamma(5, size=n),
    "bimodal": lambda r, n: np.where(r.random(n) < 0.6, np.abs(r.normal(2, 0.5, n)), r.normal(6, 0.7, n)),
}
TRAINING, NEW, SHARE = 5_000, 20_000, 0.05
BEGIN, END = "<!-- false alarms: begin -->", "<!-- false alarms: end -->"


def one_run(rule: str, name: str, seed: int, clean: bool, share: float) -> tuple[float, float]:
    """Return the false alarms per 1000 new items and the share of anomalies found."""
    rng = np.random.default_rng(seed)
    draw = DISTRIBUTIONS[name]
    scores, new = draw(rng, TRAINING), draw(rng, NEW)
    count = int(share * TRAINING)
    scores[:count] = np.quantile(draw(rng, 200_000), 0.999) * rng.uniform(1.5, 4.5, count)
    line = make_part(Threshold, rule).fit(scores, clean=clean).threshold_
    return 1000 * float(np.mean(new > line)), float(np.mean(scores[:count] > line)) if count else 0.0


def table(runs: int, clean: bool, share: float) -> list[str]:
    """Return the lines of one table: a row a rule, a column a distribution."""
    lines = ["| rule | " + " | ".join(DISTRIBUTIONS) + " |", "|---|" + "---|" * len(DISTRIBUTIONS)]
    for rule in RULES:
        cells = []
        for name in DISTRIBUTIONS:
            alarms, found = np.mean([one_run(rule, name, seed, clean, share) for seed in range(runs)], axis=0)
            cells.append(f"{alarms:.1f} / {found:.0%}" if share else f"{alarms:.2f}")
        lines.append(f"| `{rule}` | " + " | ".join(cells) + " |")
    return lines


def _table(rng: np.random.Generator, rows: int) -> object:
    values = rng.normal(size=(rows, 3)) @ np.array([[1, 0.9, 0.1, 0.2], [0, 0.3, 1, 0.1], [0.2, 0, 0.4, 1]])
    return values + 0.3 * rng.normal(size=values.shape)


def _skewed(rng: np.random.Generator, rows: int) -> object:
    return rng.lognormal(size=(rows, 4))


def _levels(rng: np.random.Generator, rows: int) -> object:
    kind = rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    other = rng.choice(["x", "y", "z"], rows, p=[0.6, 0.3, 0.1])
    return {"kind": np.array(list("ABCD"))[kind], "other": other, "size": kind + rng.normal(size=rows)}


def _series(rng: np.random.Generator, points: int) -> object:
    return np.sin(2 * np.pi * np.arange(points) / 50) + 0.2 * rng.normal(size=points)


def _strings(rng: np.random.Generator, count: int) -> object:
    letters, digits = rng.choice(list("ABCDEF"), (count, 2)), rng.choice(list("0123456789"), (count, 4))
    return ["".join(row) for row in np.hstack([letters, digits])]


DETECTORS = {
    "table": (TableDetector, _table),
    "skewed table": (TableDetector, _skewed),
    "table with levels": (TableDetector, _levels),
    "series": (SeriesDetector, _series),
    "strings": (StringDetector, _strings),
}


def of_detectors(runs: int) -> list[str]:
    """Return the lines of a table: false alarms of whole detectors on clean data, in multiples of what they tell.

    They tell 1 per 1000, or more where what they learnt from is less.
    """
    lines = [
        "| data | learnt from | trained as | told per 1000 | of them | of new ones | factor |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (kind, draw) in DETECTORS.items():
        for items in (200, 1_000, 5_000):
            for trained in ("mixed", "clean"):
                every = [_alarms(kind, draw, items, trained, seed) for seed in range(runs)]
                told, own, new = np.mean(every, axis=0)
                words = f"| {name} | {items} | {trained} | {told:.2f} | {own:.2f} | {new:.2f} "
                lines.append(f"{words}| {new / told:.2f} |")
                print(lines[-1], flush=True)
    return lines


def _alarms(kind: Any, draw: Any, items: int, trained: str, seed: int) -> tuple[float, float, float]:
    """Return, per 1000 items: false alarms as told, among the items learnt from, among 5,000 new ones."""
    rng = np.random.default_rng(seed)
    detector = kind(training_data=trained, random_state=0).fit(draw(rng, items))
    new = np.mean(detector.predict(draw(rng, 5_000)) == -1)
    told = detector.threshold_rule_.expected_by_chance()
    own = np.mean(detector.scores_ > detector.threshold_)
    return 1000 * float(told), 1000 * float(own), 1000 * float(new)


def main() -> None:
    """Print the three tables, and write them into the page where asked."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--write", type=pathlib.Path)
    options.add_argument("--detectors", action="store_true")
    asked = options.parse_args()
    if asked.detectors:
        of_detectors(asked.runs)
        return
    lines = ['Clean training scores, `training_data="clean"`: false alarms per 1000.', ""]
    lines += table(asked.runs, True, 0.0)
    lines += ["", 'Clean training scores, but `training_data="mixed"`: false alarms per 1000.', ""]
    lines += table(asked.runs, False, 0.0)
    lines += [
        "",
        "5 % anomalies in the training scores, mixed: false alarms per 1000 / anomalies found.",
        "",
    ]
    lines += table(asked.runs, False, SHARE)
    print("\n".join(lines))
    if asked.write:
        page = asked.write.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        asked.write.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
