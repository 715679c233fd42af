"""Series with one event of a known kind, of clear size, for the tests of kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amiss.batch import FloatArray


@dataclass(frozen=True)
class Made:
    """A channel and what was done to it from ``start`` to ``end``, both inclusive; ``period`` None: no season."""

    values: FloatArray
    start: int
    end: int
    window: int
    period: int | None


def made(kind: str, rng: np.random.Generator) -> Made:
    """Return noise of deviation 1 on a season and a slope, with one event at least eight deviations large."""
    points, period = int(rng.integers(500, 1500)), int(rng.integers(12, 60))
    t = np.arange(points)
    amplitude = 8 if kind == "shape" else int(rng.choice([0, 3, 8]))
    phase = 2 * np.pi * t / period
    waves = (np.sin(phase), (t % period) / period * 2 - 1, np.sin(phase) + 0.5 * np.sin(2 * phase + 1))
    season = amplitude * waves[int(rng.integers(3))]
    slope = float(rng.choice([0.0, rng.uniform(-0.01, 0.01)])) * t
    noise = rng.normal(size=points)
    start, length = int(rng.integers(0.4 * points, 0.6 * points)), _length(kind, period, rng)
    inside = slice(start, start + length)
    if kind == "noise":
        noise[inside] *= rng.uniform(4, 8)
    if kind == "shape":
        season[inside] = _other_course(season, phase, inside, period, rng)
    values = season + slope + noise
    size = rng.uniform(8, 20)
    if kind in ("spike", "dip"):
        values[inside] += size if kind == "spike" else -size
    if kind == "level shift":
        values[start:] += size * rng.choice([-1, 1])
    if kind == "trend change":
        values[start:] += size / length * (t[start:] - start) * rng.choice([-1, 1])
    if kind == "flatline":
        values[inside] = values[start]
    return Made(values, start, start + length - 1, period, period if amplitude else None)


def _length(kind: str, period: int, rng: np.random.Generator) -> int:
    least, most = {
        "spike": (1, max(3, period // 3)),
        "dip": (1, max(3, period // 3)),
        "shape": (max(16, period), max(17, 2 * period + 1)),
        "level shift": (max(4, period // 2), 3 * period),
        "trend change": (max(16, period), 3 * period + 16),
        "flatline": (8, 2 * period),
        "noise": (20, 3 * period + 20),
    }[kind]
    return int(rng.integers(least, most))


def _other_course(
    season: FloatArray, phase: FloatArray, inside: slice, period: int, rng: np.random.Generator
) -> FloatArray:
    """Return the season upside down, half a period late, or at another speed."""
    speed = rng.choice([0.5, 2.0]) if period >= 24 else 0.5
    courses = (-season, np.roll(season, period // 2), 8 * np.sin(speed * phase))
    return np.asarray(courses[int(rng.integers(3))][inside])
