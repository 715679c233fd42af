"""A small folder of labelled data of every kind, as docs/bench.md shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl


def write_folder(folder: Path) -> Path:
    """Write one data set of each kind below ``folder``."""
    rng = np.random.default_rng(0)
    for name in ("tables", "series", "cells/shops"):
        (folder / name).mkdir(parents=True)
    rows, labels = rng.normal(size=(200, 3)), np.arange(200) >= 190
    np.savez(folder / "tables/sensors.npz", X=rows + 8.0 * labels[:, None], y=labels)
    write_orders(folder / "tables/orders.csv")
    write_series(folder / "series")
    codes = [f"AB{i:02d}-{i % 7}E" for i in range(98)] + ["AB-7", "ab01-3E"]
    lines = "".join(f"{code},{int(i >= 98)}\n" for i, code in enumerate(codes))
    (folder / "codes.csv").write_text("value,label\n" + lines)
    towns = ["Rome,IT", "Oslo,NO", "Bern,CH"] * 30
    (folder / "cells/shops/clean.csv").write_text("town,country\n" + "\n".join(towns))
    towns[7], towns[40] = "Osloo,NO", "Oslo,N0"
    (folder / "cells/shops/dirty.csv").write_text("town,country\n" + "\n".join(towns))
    return folder


def write_orders(path: Path) -> None:
    """Write a table with a column of words; its labels are called otherwise."""
    rng = np.random.default_rng(1)
    lines = ["amount,country,Outlier"]
    lines += [f"{rng.normal(100, 5):.2f},{'DE' if i % 2 else 'FR'},false" for i in range(116)]
    lines += ["400.00,DE,true", "1.00,FR,true", "90.00,XX,true", "500.00,YY,true"]
    path.write_text("\n".join(lines))


def write_series(folder: Path) -> None:
    """Write a series with a part to learn from, and one of two channels without."""
    t = np.arange(600)
    labels = (t >= 500) & (t < 506)
    wave = np.where(labels, 0.0, np.sin(t * 2 * np.pi / 24) + 2.0)
    times = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 25, 23), "1h", eager=True)
    frame = pl.DataFrame({"timestamp": times, "load": wave, "label": labels.astype(int)})
    frame.write_parquet(folder / "load.parquet")
    (folder / "load.json").write_text(json.dumps({"train_end": 300}))
    frame.with_columns(shifted=pl.Series(np.roll(wave, 3))).write_csv(folder / "two.csv")
