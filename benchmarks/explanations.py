"""Print how often the first cause named is the one cell that was made wrong.

    python benchmarks/explanations.py [--runs 3]

Tables: 1,000 rows to learn from, 60 new ones, in each one cell replaced by the value of another row that lies far from
its own, so that in most the value is usual and only does not fit its row. Judged over all 60, flagged or not.
Series: eight channels, 4,000 points to learn from, then 12 anomalies of one channel each. Judged over those flagged.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from amiss import SeriesDetector, TableDetector

ROWS, NEW, POINTS, CHANNELS, EVENTS, LONG = 1_000, 60, 4_000, 8, 12, 40
Columns = dict[str, Any]


def gaussian(rng: np.random.Generator, rows: int) -> Columns:
    """Return six numbers that hang together through two hidden ones."""
    mixing = np.array([[1, 0.9, 0.8, 0.2, -0.3, 0.1], [0.1, -0.4, 0.3, 1, 0.9, -0.8]])
    values = rng.normal(size=(rows, 2)) @ mixing + 0.2 * rng.normal(size=(rows, 6))
    return {f"x{j}": values[:, j] for j in range(6)}


def categories(rng: np.random.Generator, rows: int) -> Columns:
    """Return numbers and levels that follow from a kind of goods."""
    kind = rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])
    price = np.array([5.0, 20.0, 80.0, 300.0])[kind] * rng.lognormal(0, 0.15, rows)
    return {
        "goods": np.array(["pen", "book", "lamp", "desk"])[kind],
        "shelf": np.array(["A", "A", "B", "C"])[kind],
        "price": price,
        "tax": price * 0.19 + rng.normal(0, 0.02, rows) * price,
        "weight": np.array([0.02, 0.4, 2.0, 30.0])[kind] * rng.lognormal(0, 0.15, rows),
    }


def curved(rng: np.random.Generator, rows: int) -> Columns:
    """Return five numbers that all follow from one angle, along curves."""
    angle = rng.uniform(0, 2 * np.pi, rows)
    curves = {
        "cos": np.cos(angle),
        "sin": np.sin(angle),
        "cos2": np.cos(2 * angle),
        "sin2": np.sin(2 * angle),
    }
    curves["sum"] = np.cos(angle) + np.sin(
        angle
    )  # without it, who is wrong of sin and sin2 could not be told
    return {name: values + 0.05 * rng.normal(size=rows) for name, values in curves.items()}


def gross(rng: np.random.Generator, rows: int) -> Columns:
    """Return the numbers of `gaussian`; the wrong ones are a hundred times too large."""
    return gaussian(rng, rows)


def spoilt(rng: np.random.Generator, made: Callable[..., Columns]) -> tuple[Columns, list[str]]:
    """Return new rows with one wrong cell each, and the name of it."""
    rows, blamed = made(rng, NEW), []
    for row in range(NEW):
        name = list(rows)[rng.integers(len(rows))]
        column, blamed = rows[name], [*blamed, name]
        if made is gross:
            column[row] = 100 * np.sign(column[row]) * max(abs(column[row]), 0.1)
        elif column.dtype.kind == "U":
            column[row] = rng.choice(sorted(set(column) - {column[row]}))
        else:
            far = np.abs(column - column[row]) > column.std()
            column[row] = rng.choice(column[far])
    return rows, blamed


def share_of_rows(made: Callable[..., Columns], seed: int) -> float:
    """Return the share of wrong cells that are the first cause."""
    rng = np.random.default_rng(seed)
    detector = TableDetector(random_state=0).fit(made(rng, ROWS))
    rows, blamed = spoilt(rng, made)
    first = [a.causes[0].cell if a.causes else "" for a in detector.explain(rows)]
    return float(np.mean([one == name for one, name in zip(first, blamed, strict=True)]))


def share_of_events(how: str, seed: int) -> tuple[float, float]:
    """Return the share of anomalies of one channel that are found, and of those found the share rightly blamed."""
    rng = np.random.default_rng(seed)
    time = np.arange(POINTS + EVENTS * 200)
    waves = np.sin(2 * np.pi * time[:, None] / 50 + np.arange(3))
    values = waves @ rng.normal(size=(3, CHANNELS)) + 0.1 * rng.normal(size=(len(time), CHANNELS))
    learnt, new, planted = values[:POINTS], values[POINTS:].copy(), []
    for start in range(100, len(new), 200):
        channel, here = int(rng.integers(CHANNELS)), slice(start, start + LONG)
        unit = learnt[:, channel].std()
        if how == "spike":
            here = slice(start, start + 2)
            new[here, channel] += 5 * unit
        elif how == "level shift":
            new[here, channel] += 2 * unit
        else:
            new[here, channel] = rng.permutation(new[here, channel])
        planted.append((here, f"channel {channel}"))
    names = [f"channel {i}" for i in range(CHANNELS)]
    detector = SeriesDetector(random_state=0).fit(dict(zip(names, learnt.T, strict=True)))
    events = list(detector.detect(dict(zip(names, new.T, strict=True))))
    seen, right = [], []
    for here, name in planted:
        met = [e for e in events if (e.start or 0) <= here.stop and here.start <= (e.end or 0)]
        seen.append(bool(met))
        right += [met[0].causes[0].cell == name] if met and met[0].causes else []
    return float(np.mean(seen)), float(np.mean(right)) if right else 0.0


def main() -> None:
    """Print a line a kind of data."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=3)
    runs = options.parse_args().runs
    for made in (gaussian, gross, categories, curved):
        shares = [share_of_rows(made, seed) for seed in range(runs)]
        print(f"table, {made.__name__:12} first cause is the wrong cell: {np.mean(shares):.0%}", flush=True)
    for how in ("spike", "level shift", "decorrelation"):
        seen, right = np.mean([share_of_events(how, seed) for seed in range(runs)], axis=0)
        print(f"series, {how:14} found {seen:.0%}, first cause is the channel: {right:.0%}", flush=True)


if __name__ == "__main__":
    main()
