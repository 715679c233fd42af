"""Data the benchmarks are measured on, made from seed 0 and written to files."""

import pathlib

import numpy as np

ANOMALIES = ("XYDC2DCA", "TXSX1ABC", "RNIU4XRE", "AABDXUEI", "SDRAC5RF")


def write_table(path: pathlib.Path, rows: int) -> None:
    """Write rows x 20 numbers that hang together through five hidden ones; 1 % of the rows do not."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(rows, 5)) @ rng.normal(size=(5, 20)) + 0.3 * rng.normal(size=(rows, 20))
    values[:: max(rows // 10, 1)] += rng.normal(0, 4, size=values[:: max(rows // 10, 1)].shape)
    header = ",".join(f"c{i}" for i in range(20))
    np.savetxt(path, values, delimiter=",", header=header, comments="", fmt="%.6f")


def write_strings(path: pathlib.Path, rows: int) -> None:
    """Write serial numbers such as AB12-3456-C; one in 5,000 has a character of the wrong class."""
    rng = np.random.default_rng(0)
    letters, digits = np.array(list("ABCDEFGHJKLM")), np.array(list("0123456789"))
    lines = []
    for row in range(rows):
        pick = [rng.choice(digits if c == "9" else letters) if c != "-" else "-" for c in "AA99-9999-A"]
        if row % 5000 == 17:
            pick[6] = "x"
        lines.append("".join(pick))
    path.write_text("\n".join(lines) + "\n")


def write_series(path: pathlib.Path, points: int) -> None:
    """Write a daily wave sampled every ten minutes with noise, and a flat hour in every 20,000 points."""
    rng = np.random.default_rng(0)
    t = np.arange(points)
    values = (
        20 + 5 * np.sin(2 * np.pi * t / 144) + 2 * np.sin(2 * np.pi * t / 36) + rng.normal(0, 0.3, points)
    )
    for start in range(10_000, points, 20_000):
        values[start : start + 60] = 20.0
    np.savetxt(path, values, header="value", comments="", fmt="%.5f")


def write_codes(path: pathlib.Path) -> None:
    """Write 25,000 lines as in the string tutorial, such as BEAC1LLW, then its five anomalies."""
    rng = np.random.default_rng(0)
    parts = (("ABCDEF", 4), ("012", 1), ("LMOPQWXZ", 3))
    cells = np.hstack([rng.choice(list(letters), size=(25_000, count)) for letters, count in parts])
    path.write_text("\n".join(["".join(line) for line in cells] + list(ANOMALIES)) + "\n")


def save_rows(path: pathlib.Path, held_out: pathlib.Path, rows: int) -> None:
    """Save rows x 50 standardised float32 numbers, and 50,000 rows of the same kind apart from them.

    Eight hidden factors, mixed through 32 saturating units so that no straight line holds them together, and noise.
    """
    rng = np.random.default_rng(0)
    units, columns = rng.normal(size=(8, 32)) / np.sqrt(8), rng.normal(size=(32, 50)) / np.sqrt(32)
    factors = rng.normal(size=(rows + 50_000, 8))
    values = np.tanh(2 * factors @ units) @ columns + 0.1 * rng.normal(size=(rows + 50_000, 50))
    values -= values[:rows].mean(0)
    values /= values[:rows].std(0)
    np.save(path, values[:rows].astype(np.float32))
    np.save(held_out, values[rows:].astype(np.float32))
