"""Every kind of detector with data to try it on; the tests in checks/ run over all of them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.detectors.base import Detector
from amiss.models import Model
from amiss.part import shelf_of
from amiss.thresholds import Threshold


@dataclass(frozen=True)
class Kind:
    """A detector and data for it.

    Attributes
    ----------
    name : str
    detector : type of Detector
    training : callable
        Returns the training items.
    unseen : callable
        Returns other items, odd ones among them.
    independent : bool
        Whether the score of an item is its own, whoever stands beside it; points have neighbours.
    params : dict
        Parameters the data needs.
    """

    name: str
    detector: type[Detector]
    training: Callable[[], Any]
    unseen: Callable[[], Any]
    independent: bool = True
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def make(self, **params: Any) -> Detector:
        """Return a detector that is not fitted."""
        return self.detector(**{"random_state": 0, **self.params, **params})

    def fitted(self, data: Any = None, **params: Any) -> Detector:
        """Return a detector fitted on data, by default the training items; its notes are no warnings here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.make(**params).fit(self.training() if data is None else data)


def take(items: Any, places: Any) -> Any:
    """Return the items at some places, in the kind of data given."""
    places = [int(i) for i in places]
    return [items[i] for i in places] if isinstance(items, list) else items[places]


def _numbers(seed: int, rows: int, odd: bool) -> Any:
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, 4)) @ draw.normal(size=(4, 4)) + [0, 100, 1e6, -3]
    values[draw.random(values.shape) < 0.02] = np.nan
    if odd:
        values[0] = [1e6, -1e6, 0, 0]
        values[1] = np.nan
    return values


def _frame(seed: int, rows: int, odd: bool) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    countries = draw.choice(["DE", "FR", "AT", "CH"], size=rows, p=[0.6, 0.2, 0.15, 0.05])
    cities = {"DE": "Berlin", "FR": "Paris", "AT": "Wien", "CH": "Bern"}
    days = [datetime(2025, 1, 1) + timedelta(days=int(d)) for d in draw.integers(0, 365, size=rows)]
    frame = pl.DataFrame(
        {
            "amount": draw.gamma(5, 20, size=rows).round(2),
            "count": draw.integers(1, 9, size=rows),
            "paid": draw.random(rows) < 0.8,
            "country": countries,
            "city": [cities[c] for c in countries],
            "serial": [f"{a}{b}-{n:04d}" for a, b, n in zip(*_letters(draw, rows), strict=True)],
            "day": days,
            "note": [None if d < 0.7 else "as agreed" for d in draw.random(rows)],
        }
    )
    if odd:
        frame[0, "amount"], frame[1, "country"], frame[2, "serial"] = 99999.0, "XX", "ab-1"
        frame[3, "city"], frame[4, "amount"], frame[5, "note"] = "Berlim", None, "😀\x00"
    return frame


def _letters(draw: np.random.Generator, rows: int) -> tuple[Any, Any, Any]:
    pairs = draw.choice(list("ABCDEFGH"), size=(2, rows))
    return pairs[0], pairs[1], draw.integers(0, 10000, size=rows)


def _strings(seed: int, rows: int, odd: bool) -> list[str]:
    draw = np.random.default_rng(seed)
    strings = [f"{a}{b}-{n:04d}" for a, b, n in zip(*_letters(draw, rows), strict=True)]
    return ["AB12345", "", "AB_1234", "ÄB-1234", "\x00", "𝄞", "x" * 300, *strings] if odd else strings


def _channels(seed: int, points: int, count: int, odd: bool) -> Any:
    draw = np.random.default_rng(seed)
    time = np.arange(points)
    phases = np.arange(count) * 0.7
    values = np.sin(2 * np.pi * time[:, None] / 24 + phases) + 0.1 * draw.normal(size=(points, count))
    if odd:
        values[points // 2 : points // 2 + 5] = 3.0
    return values[:, 0] if count == 1 else values


def _timed(seed: int, points: int, odd: bool) -> pl.DataFrame:
    values = _channels(seed, points, 3, odd)
    start = datetime(2026, 1, 1) + timedelta(hours=seed * 1000)
    times = [start + timedelta(hours=i) for i in range(points)]
    return pl.DataFrame({"time": times, **{f"c{j}": values[:, j] for j in range(3)}})


KINDS = [
    Kind("numbers", TableDetector, lambda: _numbers(0, 150, False), lambda: _numbers(1, 40, True)),
    Kind(
        "clean numbers",
        TableDetector,
        lambda: _numbers(0, 150, False),
        lambda: _numbers(1, 40, True),
        params={"training_data": "clean"},
    ),
    Kind("frame", TableDetector, lambda: _frame(0, 150, False), lambda: _frame(1, 40, True)),
    Kind("strings", StringDetector, lambda: _strings(0, 150, False), lambda: _strings(1, 40, True)),
    Kind(
        "series",
        SeriesDetector,
        lambda: _channels(0, 400, 1, False),
        lambda: _channels(1, 100, 1, True),
        independent=False,
    ),
    Kind(
        "channels",
        SeriesDetector,
        lambda: _timed(0, 300, False),
        lambda: _timed(1, 80, True),
        independent=False,
        params={"time": "time"},
    ),
]
INDEPENDENT = [kind for kind in KINDS if kind.independent]
BY_NAME = {kind.name: kind for kind in KINDS}


@functools.cache
def default(name: str) -> Detector:
    """Return a kind's detector with default parameters, fitted once for all tests that only ask."""
    return BY_NAME[name].fitted()


def with_every_part() -> Iterator[tuple[Kind, dict[str, Any]]]:
    """Yield each kind with each model on the shelf that takes it, and with each threshold."""
    for kind in KINDS:
        for name, model in shelf_of(Model).items():
            if kind.detector.kind in model.kinds:
                yield kind, {"models": [name]}
        for name in shelf_of(Threshold):
            yield kind, {"threshold": name, "models": "fast"}
