"""Print what a table detector gains by learning from more rows: ranking of all rows, false alarms, CPU seconds.

    python benchmarks/sample_size.py                          generated tables of a million rows
    python benchmarks/sample_size.py --folder FOLDER          labelled tables of more than 10,000 rows (docs/bench.md)
    python benchmarks/sample_size.py --sizes 1000,20000 --models fast --seeds 1 --rows 200000 --judged 50000

Each detector learns from a uniform sample drawn without replacement and judges all rows (of generated tables so many
as --judged says, evenly spread). "False alarms" are normal rows beyond the line, in multiples of what the detector
tells; "line of 100k" are those of a line learnt from the scores of 100,000 rows instead of the sample's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from large_tables import KINDS, made

from amiss import TableDetector
from amiss.evaluation import find_labelled, read_labelled
from amiss.evaluation.ranking import average_precision, roc_auc
from amiss.thresholds.peaks import Peaks

SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_LARGE, _FOR_A_LINE = 10_000, 100_000


@dataclass(frozen=True)
class Figures:
    """What one detector did on one table."""

    table: str
    models: str
    sample: int
    seed: int
    roc_auc: float
    average_precision: float
    told: float  # false alarms per 1000 normal rows as the detector tells
    alarms: float  # those there were
    alarms_of_wide_line: float  # those there would be, were the line learnt from 100,000 scores
    recall: float
    fit_seconds: float
    score_seconds: float  # per million rows


@dataclass(frozen=True)
class LargeTable:
    """A table, the rows of it that are judged, and their labels."""

    name: str
    rows: pl.DataFrame
    judged: pl.DataFrame
    labels: Any


def labelled(folder: Path) -> Iterator[LargeTable]:
    """Yield the labelled tables below a folder that are large."""
    for place in find_labelled(str(folder)):
        found = read_labelled(place)
        if found.kind in ("table", "mixed") and len(found.labels) > _LARGE:
            data = found.data if isinstance(found.data, pl.DataFrame | dict) else pl.DataFrame(found.data)
            frame = pl.DataFrame(data)
            yield LargeTable(found.name, frame, frame, found.labels)


def generated(asked: argparse.Namespace) -> Iterator[LargeTable]:
    """Yield tables made for the purpose."""
    for kind in asked.kinds:
        frame, labels = made(kind, asked.rows, seed=0)
        some = np.linspace(0, asked.rows - 1, min(asked.judged, asked.rows)).astype(np.int64)
        learnt = frame.filter(pl.Series(labels == 0)) if asked.normal_only else frame
        name = f"{kind}, normal rows" if asked.normal_only else kind
        yield LargeTable(name, learnt, frame[some], labels[some])


def measure(table: LargeTable, models: str, sample: int, seed: int) -> Figures:
    """Return the figures of a detector that learnt from ``sample`` rows."""
    rng = np.random.default_rng([seed, sample])
    drawn = np.sort(rng.choice(len(table.rows), sample, replace=False))
    began = time.process_time()
    detector = TableDetector(models=models, random_state=seed).fit(table.rows[drawn])
    fitted = time.process_time()
    scores = -detector.score_samples(table.judged)
    scored = time.process_time()
    normal, odd = scores[table.labels == 0], scores[table.labels == 1]
    wide = Peaks().fit(scores[rng.permutation(len(scores))[:_FOR_A_LINE]]).threshold_
    return Figures(
        table.name,
        models,
        sample,
        seed,
        roc_auc(table.labels, scores),
        average_precision(table.labels, scores),
        1000 * float(detector.threshold_rule_.expected_by_chance()),
        1000 * float(np.mean(normal > detector.threshold_)),
        1000 * float(np.mean(normal > wide)),
        float(np.mean(odd > detector.threshold_)),
        fitted - began,
        (scored - fitted) / len(scores) * 1e6,
    )


def summary(found: list[Figures]) -> Iterator[str]:
    """Yield a table of means over tables and seeds, a line a size: what a table loses is against its largest size."""
    columns = (
        *(
            "models",
            "rows learnt from",
            "ROC-AUC",
            "AP",
            "most a table loses, AUC / AP",
            "false alarms / told",
        ),
        *("line of 100k / told", "found", "fit, CPU s", "score, CPU s per million"),
    )
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * 10
    for models in dict.fromkeys(f.models for f in found):
        mine = [f for f in found if f.models == models]
        last = {f.table: max(g.sample for g in mine if g.table == f.table) for f in mine}
        best = {t: _means(mine, t, n) for t, n in last.items()}
        for size in sorted({f.sample for f in mine}):
            tables = [t for t in last if any(f.table == t and f.sample == size for f in mine)]
            each = {t: _means(mine, t, size) for t in tables}
            mean = np.mean(list(each.values()), axis=0)
            lost = np.max([best[t][:2] - each[t][:2] for t in tables], axis=0)
            yield (
                f"| {models} | {size:,} | {mean[0]:.4f} | {mean[1]:.4f} | {lost[0]:+.4f} / {lost[1]:+.4f} | "
                f"{mean[2]:.2f} | {mean[3]:.2f} | {mean[4]:.3f} | {mean[5]:.2f} | {mean[6]:.1f} |"
            )


def _means(found: list[Figures], table: str, size: int) -> np.ndarray[Any, Any]:
    """Return ROC-AUC, AP, false alarms in multiples of those told (own line, wide line), recall, seconds."""
    rows = [
        (
            *(f.roc_auc, f.average_precision, f.alarms / f.told, f.alarms_of_wide_line / f.told, f.recall),
            *(f.fit_seconds, f.score_seconds),
        )
        for f in found
        if (f.table, f.sample) == (table, size)
    ]
    return np.asarray(np.mean(rows, axis=0))


def options() -> argparse.Namespace:
    """Return what is asked for."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--folder", type=Path, help="of labelled data; generated tables otherwise")
    ask.add_argument("--kinds", type=lambda t: t.split(","), default=list(KINDS), help="of generated tables")
    ask.add_argument("--rows", type=int, default=1_000_000, help="of a generated table")
    ask.add_argument("--judged", type=int, default=100_000, help="rows of it that are judged")
    ask.add_argument(
        "--normal-only", action="store_true", help="learn from the normal rows of generated tables"
    )
    ask.add_argument("--sizes", type=lambda t: [int(n) for n in t.split(",")], default=SIZES)
    ask.add_argument("--models", type=lambda t: t.split(","), default=["fast", "auto"])
    ask.add_argument("--seeds", type=int, default=2)
    ask.add_argument(
        "--json", type=Path, help="a line a detector; what stands there is kept and not run again"
    )
    return ask.parse_args()


def main() -> None:
    """Measure, keep each line at once, print the summary."""
    asked = options()
    warnings.simplefilter("ignore")
    found: list[Figures] = []
    if asked.json and asked.json.exists():
        found = [Figures(**json.loads(line)) for line in asked.json.read_text().splitlines()]
    done = {(f.table, f.models, f.sample, f.seed) for f in found}
    for table in labelled(asked.folder) if asked.folder else generated(asked):
        runs = itertools.product(
            range(asked.seeds), asked.models, [n for n in asked.sizes if n <= len(table.rows)]
        )
        for seed, models, sample in runs:
            if (table.name, models, sample, seed) in done:
                continue
            found.append(measure(table, models, sample, seed))
            print(found[-1], flush=True)
            if asked.json:
                with asked.json.open("a") as file:
                    file.write(json.dumps(asdict(found[-1])) + "\n")
    print("\n".join(summary(found)))


if __name__ == "__main__":
    main()
