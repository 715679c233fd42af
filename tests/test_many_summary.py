"""What is told of many series in summary holds of each."""

import numpy as np
import polars as pl

from amiss import SeriesDetector

HOURS = np.datetime64("2026-01-01", "us") + np.arange(480) * np.timedelta64(3600, "s")


def _series(name: str, values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"sensor": [name] * len(HOURS), "ts": HOURS, "value": values})


def test_the_rules_told_are_those_that_hold() -> None:
    """A season changes the default rule of the series that has one; both are told, and of how many series each."""
    noise = np.random.default_rng(0).normal(size=(3, len(HOURS)))
    daily = np.maximum(np.sin(np.arange(len(HOURS)) * 2 * np.pi / 24), 0) * 10
    data = pl.concat(
        [_series("busy", daily + noise[0]), _series("noise", noise[1]), _series("more", noise[2])]
    )
    detector = SeriesDetector(by="sensor", time="ts", models="fast", random_state=0, jobs=1).fit(data)
    alone = [
        SeriesDetector(time="ts", models="fast", random_state=0)
        .fit(data.filter(pl.col("sensor") == name).drop("sensor"))
        .threshold_rule_.spec()
        for name in ("busy", "noise")
    ]
    assert alone[0] != alone[1]
    assert detector.summary()["threshold"]["rule"] == f"{alone[1]} (2 series); {alone[0]} (1 series)"


def test_one_rule_is_told_as_such() -> None:
    """Where all series have the same rule it is told once, as asked for."""
    noise = np.random.default_rng(0).normal(size=(2, len(HOURS)))
    data = pl.concat([_series("one", noise[0]), _series("two", noise[1])])
    detector = SeriesDetector(by="sensor", threshold="mad", models="fast", random_state=0, jobs=1).fit(data)
    assert detector.summary()["threshold"]["rule"] == "mad"
