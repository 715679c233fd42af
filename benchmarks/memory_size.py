"""Print what a memory of normal rows gains by keeping more of them, and by choosing them.

    python benchmarks/memory_size.py [--folder FOLDER] [--rows 50000] [--seeds 2] [--sizes 1000,2000,5000]
    python benchmarks/memory_size.py --detectors      the caps inside the detectors, raised

The memory learns from the rows of a table that are trusted and judges all rows. "random" is what `Memory` does, and
what a reservoir gives. "greedy" takes the row farthest from all taken before, again and again (Sener and Savarese 2018,
algorithm 1, as in PatchCore: Roth et al. 2022, section 3.2), "k-means" the centres of ten rounds of Lloyd's algorithm.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from large_tables import KINDS, made
from sample_size import labelled

import amiss.committee
import amiss.detectors.table
from amiss import TableDetector
from amiss.batch import Batch
from amiss.evaluation.ranking import average_precision, roc_auc
from amiss.numerics.neighbours import NearestRows
from amiss.numerics.spaces import Space
from amiss.trust import trusted_rows

_NEIGHBOUR, _ROUNDS = 5, 10
CAPS = (
    (2_500, 5_000),
    (5_000, 10_000),
    (10_000, 20_000),
    (20_000, 40_000),
)  # of the memory; of rows together
_Rows = np.ndarray[Any, Any]


def random(rows: _Rows, count: int, rng: np.random.Generator) -> _Rows:
    """Return rows drawn at random."""
    return rows[np.sort(rng.choice(len(rows), count, replace=False))]


def greedy(rows: _Rows, count: int, rng: np.random.Generator) -> _Rows:
    """Return rows of which each is the farthest from all before it."""
    lengths = np.einsum("nd,nd->n", rows, rows)
    chosen = [int(rng.integers(len(rows)))]
    away = np.full(len(rows), np.inf)
    for _ in range(count - 1):
        last = chosen[-1]
        away = np.minimum(away, lengths + lengths[last] - 2 * (rows @ rows[last]))
        chosen.append(int(np.argmax(away)))
    return rows[chosen]


def k_means(rows: _Rows, count: int, rng: np.random.Generator) -> _Rows:
    """Return the centres of clusters; a centre without rows stays where it is."""
    centres = random(rows, count, rng)
    for _ in range(_ROUNDS):
        nearest = NearestRows(centres).nearest(rows, 1)[1][:, 0]
        size = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, column, count) for column in rows.T], axis=1)
        centres = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
    return centres


CHOOSE: dict[str, Callable[[_Rows, int, np.random.Generator], _Rows]] = {
    "random": random,
    "greedy": greedy,
    "k-means": k_means,
}


def tables(asked: argparse.Namespace) -> Iterator[tuple[str, Any, _Rows]]:
    """Yield name, frame and labels of each table of numbers."""
    if asked.folder:
        for one in labelled(asked.folder):
            yield one.name, one.rows, one.labels
        return
    for kind in asked.kinds:
        yield (kind, *made(kind, asked.rows, 0))


def of_memory(frame: Any, labels: _Rows, asked: argparse.Namespace, seed: int) -> Iterator[tuple[Any, ...]]:
    """Yield how the rows were chosen, how many, ROC-AUC, AP, and the seconds that choosing and judging took."""
    values = frame.to_numpy().astype(float)
    batch = Batch(values, np.zeros(values.shape, bool), tuple(frame.columns))
    units = Space("asinh").fit(batch).apply(batch)
    kept = units[trusted_rows(batch, np.random.default_rng(seed), most=len(batch))]
    sizes = sorted({min(n, len(kept)) for n in (*asked.sizes, *asked.more)})
    for size in sizes:
        for how, choose in CHOOSE.items():
            if how != "random" and size not in asked.sizes:
                continue
            began = time.process_time()
            memory = NearestRows(choose(kept, size, np.random.default_rng(seed)))
            chosen = time.process_time()
            scores = memory.nearest(units, _NEIGHBOUR)[0][:, -1]
            spent = chosen - began, time.process_time() - chosen
            yield how, size, roc_auc(labels, scores), average_precision(labels, scores), *spent


def of_detector(frame: Any, labels: _Rows, asked: argparse.Namespace, seed: int) -> Iterator[tuple[Any, ...]]:
    """Yield the same of the detector without networks, its caps raised and lowered."""
    table = amiss.detectors.table
    models, trust, together = table.FAST_MODELS, table.trusted_rows, amiss.committee._ROWS_TOGETHER
    for rows, around in CAPS:
        table.FAST_MODELS = (*models[:-1], f"memory:rows={rows}")
        table.trusted_rows = partial(trusted_rows, most=max(10_000, 2 * rows))  # type: ignore[assignment]
        amiss.committee._ROWS_TOGETHER = around
        began = time.process_time()
        detector = TableDetector(models="fast", random_state=seed).fit(frame)
        fitted = time.process_time()
        scores = -detector.score_samples(frame)
        spent = fitted - began, time.process_time() - fitted
        yield "caps", rows, roc_auc(labels, scores), average_precision(labels, scores), *spent
    table.FAST_MODELS, table.trusted_rows, amiss.committee._ROWS_TOGETHER = models, trust, together


def options() -> argparse.Namespace:
    """Return what is asked for."""

    def numbers(text: str) -> list[int]:
        return [int(n) for n in text.split(",") if n]

    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--folder", type=Path, help="of labelled data; generated tables otherwise")
    numeric = [kind for kind in KINDS if kind != "levels"]
    ask.add_argument("--kinds", type=lambda t: t.split(","), default=numeric, help="of generated tables")
    ask.add_argument("--rows", type=int, default=50_000, help="of a generated table")
    ask.add_argument("--sizes", type=numbers, default=[1_000, 2_000, 5_000])
    ask.add_argument("--more", type=numbers, default=[10_000, 20_000, 40_000], help="sizes at random alone")
    ask.add_argument("--seeds", type=int, default=2)
    ask.add_argument("--detectors", action="store_true", help="the caps inside the detectors instead")
    return ask.parse_args()


def main() -> None:
    """Measure; print a line a table and choice, then the means."""
    asked = options()
    warnings.simplefilter("ignore")
    judge = of_detector if asked.detectors else of_memory
    every: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
    for name, frame, labels in tables(asked):
        here: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
        for seed in range(asked.seeds):
            for how, size, *figures in judge(frame, labels, asked, seed):
                here[how, size].append(tuple(figures))
        for key, found in here.items():
            every[key].append(tuple(np.mean(found, axis=0).tolist()))
            print(_line(name, key, every[key][-1]), flush=True)
    print(
        "| table | chosen | rows kept | ROC-AUC | AP | CPU s to choose or fit | to judge |\n"
        + "|---" * 7
        + "|"
    )
    for key in sorted(every):
        print(_line(f"mean of {len(every[key])}", key, np.mean(every[key], axis=0).tolist()))


def _line(name: str, key: tuple[str, int], figures: Any) -> str:
    auc, ap, before, after = figures
    return f"| {name} | {key[0]} | {key[1]:,} | {auc:.4f} | {ap:.4f} | {before:.2f} | {after:.2f} |"


if __name__ == "__main__":
    main()
