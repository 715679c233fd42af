"""How much of what comes lies in the bands that amiss tells, and how far forecasts err, beside simple peers.

`python benchmarks/bands.py --runs 60` makes so many series of each kind and learns from 40 days of hours of each;
with `--smoothing`, exponential smoothing of statsmodels is measured beside it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

import amiss

DAY, DAYS, AHEAD, NEW = 24, 40, 48, 168
CENTRAL = 1.959964  # standard deviations of 95 %

Noise = Callable[[], np.ndarray]


def waves(count: int) -> np.ndarray:
    """Return a day's course, hour by hour."""
    hours = np.arange(count)
    return 3 * np.sin(hours * 2 * np.pi / DAY) + 1.5 * np.sin(hours * 4 * np.pi / DAY + 1)


def season(count: int, draw: np.random.Generator) -> np.ndarray:
    """A day's course with noise."""
    return waves(count) + 0.5 * draw.normal(size=count)


def trend(count: int, draw: np.random.Generator) -> np.ndarray:
    """The same, rising or falling."""
    return season(count, draw) + draw.choice([-1, 1]) * 0.02 * np.arange(count)


def week(count: int, draw: np.random.Generator) -> np.ndarray:
    """Work days that are unlike weekends."""
    works = np.arange(count) // DAY % 7 < 5
    return np.where(works, waves(count) + 2, 0.3 * waves(count)) + 0.5 * draw.normal(size=count)


def noise(count: int, draw: np.random.Generator) -> np.ndarray:
    """Noise alone, with heavy tails."""
    return draw.standard_t(4, size=count)


def walk(count: int, draw: np.random.Generator) -> np.ndarray:
    """A random walk."""
    return np.cumsum(draw.normal(size=count))


def wandering(count: int, draw: np.random.Generator) -> np.ndarray:
    """A day's course on a level that wanders for good."""
    return 3 * waves(count) + np.cumsum(0.5 * draw.normal(size=count))


def back(count: int, draw: np.random.Generator) -> np.ndarray:
    """A day's course on a level that wanders and comes back."""
    from scipy.signal import lfilter

    return season(count, draw) + lfilter([1.0], [1.0, -0.95], 0.4 * draw.normal(size=count))


def shifts(count: int, draw: np.random.Generator) -> np.ndarray:
    """A day's course whose level jumps every four days or so."""
    jumps = np.where(draw.random(count) < 1 / (4 * DAY), 4 * draw.normal(size=count), 0)
    return season(count, draw) + np.cumsum(jumps)


KINDS = (season, trend, week, noise, walk, wandering, back, shifts)


def last_value(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last value goes on; the band is that of a random walk."""
    step = np.sqrt(np.mean(np.diff(past) ** 2))
    return np.full(AHEAD, past[-1]), CENTRAL * step * np.sqrt(np.arange(1, AHEAD + 1))


def last_day(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last day comes again (Hyndman, Athanasopoulos 2021, section 5.5)."""
    off = np.sqrt(np.mean((past[DAY:] - past[:-DAY]) ** 2))
    return np.resize(past[-DAY:], AHEAD), CENTRAL * off * np.sqrt(1 + np.arange(AHEAD) // DAY)


def smoothing(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exponential smoothing with a damped trend and a season (statsmodels)."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = ETSModel(pd.Series(past), trend="add", damped_trend=True, seasonal="add", seasonal_periods=DAY)
    told = model.fit(disp=False, maxiter=200).get_prediction(start=len(past), end=len(past) + AHEAD - 1)
    frame = told.summary_frame(alpha=0.05)
    return frame["mean"].to_numpy(), (frame["pi_upper"] - frame["pi_lower"]).to_numpy() / 2


def measured(kind: Any, runs: int, peers: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Return the mean error and the share inside the band of each way to foretell, and what `expected` holds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ("amiss", *peers, "expected")}
    for seed in range(runs):
        values = kind(DAYS * DAY + NEW, np.random.default_rng(seed))
        hours = np.datetime64("2024-01-01", "us") + np.arange(len(values)) * np.timedelta64(
            3_600_000_000, "us"
        )
        frame = pl.DataFrame({"at": hours, "v": values})
        detector = amiss.SeriesDetector(models="fast", random_state=0).fit(frame[: DAYS * DAY])
        past, true = values[: DAYS * DAY], values[DAYS * DAY : DAYS * DAY + AHEAD]
        told = detector.forecast(AHEAD)
        answers = {
            "amiss": (told["v_expected"].to_numpy(), (told["v_upper"] - told["v_lower"]).to_numpy() / 2)
        }
        answers |= {name: peer(past) for name, peer in peers.items()}
        for name, (middle, band) in answers.items():
            off = np.abs(middle - true)
            found[name].append((float(off.mean()), float((off <= band).mean())))
        band = detector.expected(frame[DAYS * DAY :])
        new = values[DAYS * DAY :]
        inside = (band["v_lower"].to_numpy() <= new) & (new <= band["v_upper"].to_numpy())
        found["expected"].append(
            (float(np.abs(band["v_expected"].to_numpy() - new).mean()), float(inside.mean()))
        )
    return found


def main() -> None:
    """Print a table: mean absolute error, and per cent of the points inside the band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60, help="series of each kind")
    parser.add_argument("--smoothing", action="store_true", help="statsmodels too: about 15 seconds a series")
    asked = parser.parse_args()
    runs = asked.runs
    peers = {"last value": last_value, "last day": last_day}
    if asked.smoothing:
        peers["smoothing"] = smoothing
    warnings.simplefilter("ignore")
    names = ["amiss", *peers, "expected"]
    print(f"| {runs} series each | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    for kind in KINDS:
        found = measured(kind, runs, peers)
        cells = [f"{np.mean(one, axis=0)[0]:.2f}, {np.mean(one, axis=0)[1]:.1%}" for one in found.values()]
        print(f"| {kind.__doc__.rstrip('.').lower()} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
