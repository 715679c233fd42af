"""Large tables with planted anomalies, made from a seed: any number of rows, the kind of each row known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

SHARE = 0.005
_Floats = np.ndarray
_STRUCTURE = 7  # what a kind of table looks like does not depend on which rows are drawn of it


def made(kind: str, rows: int, seed: int) -> tuple[pl.DataFrame, _Floats]:
    """Return a table and its labels, shape (rows,), 1 = planted.

    Anomalies are normal rows of which some cells were changed to the values of another row: each value is usual, the
    row is not. In one of five the cells are moved away by six standard deviations as well.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    rows : int
    seed : int
        Draws the rows. The same kind has the same structure whatever the seed.
    """
    rng = np.random.default_rng(seed)
    columns = KINDS[kind](np.random.default_rng(_STRUCTURE), rng, rows)
    labels = (rng.random(rows) < SHARE).astype(np.int64)
    odd = np.flatnonzero(labels)
    names = list(columns)
    count = min(len(names), max(2, len(names) // 3))
    changed = np.argsort(rng.random((len(odd), len(names))), axis=1)[:, :count]
    gross = rng.random(len(odd)) < 0.2
    for place, name in enumerate(names):
        column = columns[name]
        here = (changed == place).any(axis=1)
        column[odd[here]] = column[rng.integers(0, rows, int(here.sum()))]
        if column.dtype.kind == "f":
            far = odd[here & gross]
            column[far] += 6 * column.std() * rng.choice([-1.0, 1.0], len(far))
    return pl.DataFrame(columns), labels


def _named(values: _Floats) -> dict[str, _Floats]:
    return {f"c{i}": np.ascontiguousarray(column) for i, column in enumerate(values.T)}


def _correlated(structure: np.random.Generator, rng: np.random.Generator, rows: int) -> dict[str, _Floats]:
    """20 columns that hang together through five hidden ones."""
    mixing = structure.normal(size=(5, 20))
    return _named(rng.normal(size=(rows, 5)) @ mixing + 0.3 * rng.normal(size=(rows, 20)))


def _mixture(structure: np.random.Generator, rng: np.random.Generator, rows: int) -> dict[str, _Floats]:
    """Twelve groups of unequal size and shape in 10 columns; the smallest are 1 % of the rows."""
    shares = np.array([0.25, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01])
    centres = structure.normal(0, 3, size=(12, 10))
    shapes = structure.normal(size=(12, 10, 10)) / np.sqrt(10) * structure.uniform(0.3, 1.5, (12, 1, 1))
    group = rng.choice(12, rows, p=shares)
    values = np.empty((rows, 10))
    for one in range(12):
        members = group == one
        values[members] = centres[one] + rng.normal(size=(int(members.sum()), 10)) @ shapes[one]
    return _named(values)


def _heavy(structure: np.random.Generator, rng: np.random.Generator, rows: int) -> dict[str, _Floats]:
    """Eight columns with tails of Student's t(4) that hang together, four of them as amounts (exponentials)."""
    mixing = structure.normal(size=(3, 8))
    values = rng.standard_t(4, size=(rows, 3)) @ mixing + 0.5 * rng.standard_t(4, size=(rows, 8))
    values[:, :4] = np.exp(0.5 * np.clip(values[:, :4], -20, 20))
    return _named(values)


def _curved(structure: np.random.Generator, rng: np.random.Generator, rows: int) -> dict[str, _Floats]:
    """12 columns that hang together through three hidden ones and saturating units: no straight line holds them."""
    units, mixing = structure.normal(size=(3, 16)), structure.normal(size=(16, 12)) / 4
    return _named(
        np.tanh(1.5 * rng.normal(size=(rows, 3)) @ units) @ mixing + 0.05 * rng.normal(size=(rows, 12))
    )


def _levels(structure: np.random.Generator, rng: np.random.Generator, rows: int) -> dict[str, _Floats]:
    """Four columns of levels (4, 12, 40 and 3 of them, Zipf's shares) that hang together, and three numbers."""
    shares = 1 / np.arange(1, 41)
    shop = rng.choice(40, rows, p=shares / shares.sum())
    region, manager = structure.integers(0, 4, 40)[shop], structure.integers(0, 12, 40)[shop]
    size = structure.normal(0, 2, 40)[shop] + rng.normal(size=rows)
    price = size + structure.normal(size=4)[region] + 0.3 * rng.normal(size=rows)
    words = {
        "shop": shop,
        "region": region,
        "manager": manager,
        "paid": rng.choice(3, rows, p=[0.7, 0.2, 0.1]),
    }
    texts = {
        name: np.array([f"{name} {i}" for i in range(40)], object)[codes] for name, codes in words.items()
    }
    return {**texts, "size": size, "price": price, "weight": 0.5 * size + rng.normal(size=rows)}


KINDS: dict[str, Callable[[np.random.Generator, np.random.Generator, int], dict[str, _Floats]]] = {
    "correlated": _correlated,
    "mixture": _mixture,
    "heavy tails": _heavy,
    "curved": _curved,
    "levels": _levels,
}
