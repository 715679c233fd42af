"""Slow, obvious twin of settled levels: one channel, window by window, point by point."""

from __future__ import annotations

import math
import statistics

import numpy as np

from amiss.batch import FloatArray


def naive_levels(values: list[float], start: int, window: int) -> dict[int, float]:
    """Return the median of each window that stands whole in the stretch and was half seen, by its first point."""
    found = {}
    for begin in range(len(values) - window + 1):
        seen = [value for value in values[begin : begin + window] if math.isfinite(value)]
        if (start + begin) % window == 0 and len(seen) >= window / 2:
            found[begin] = statistics.median(seen)
    return found


def naive_settled(
    training: FloatArray, values: FloatArray, start: int, window: int, after: int
) -> list[tuple[int, float]]:
    """Return from which points on one channel has settled, and how far from its usual level."""
    usual = list(naive_levels(training.tolist(), 0, window).values()) or [0.0]
    room = 0.5 * (max(usual) - min(usual))
    low, high, centre = min(usual) - room, max(usual) + room, float(np.median(usual))
    wanted = max(2, math.ceil(after / window))
    found: list[tuple[int, float]] = []
    off, above, below = 0.0, list[float](), list[float]()
    for begin, level in naive_levels(values.tolist(), start, window).items():
        above = [*above, level] if level - off > high else []
        below = [*below, level] if level - off < low else []
        for run in (above, below):
            last = run[-wanted:]
            if len(last) == wanted and max(last) - min(last) <= high - low:
                off = float(np.median(last)) - centre
                found.append((begin + window, off))
                above, below = [], []
    return found
