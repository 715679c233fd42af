"""When a job is done in parts: many files, more than the limits, a folder to write to, or where it was asked for."""

from __future__ import annotations

import os
import pathlib

import polars as pl
import pytest

from amiss.job import Job
from amiss.large.in_parts import beyond_limits, goes_in_parts
from amiss.large.pace import Pace
from amiss.outputs import choose_large_outputs


def text_of(path: pathlib.Path, line: bytes, size: int) -> str:
    """Write a file of so many bytes, of which only the first lines take room on the disk."""
    path.write_bytes(line * (200_000 // len(line)))
    os.truncate(path, size)
    return str(path)


def test_many_files_and_folders_go_in_parts(tmp_path: pathlib.Path) -> None:
    """A folder, a glob, a folder to write to, or a word that only means something in parts; a file else does not."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    one, folder = Job(str(tmp_path / "a.csv")), str(tmp_path)
    assert goes_in_parts(Job(folder), False)
    assert goes_in_parts(Job(f"{folder}/*.csv"), False)
    assert goes_in_parts(one, True)
    assert goes_in_parts(one, False, [f"{folder}/new/"])
    assert goes_in_parts(one, False, [folder])
    assert not goes_in_parts(one, False, ["scores.csv"])
    assert not goes_in_parts(Job("-"), False)
    assert not goes_in_parts(Job("sqlite:///a.db?table=t"), False)


@pytest.mark.parametrize(
    ("line", "size", "beyond"),
    [
        (b"1,2,3,4\n", 2 * 10**9 + 1, True),
        (b"1,2,3,4\n", 390_000_000, False),
        (b"1,2,3,4\n", 410_000_000, True),
        (b"AB12-1E\n", 1_000_000_000, False),
        (b'{"a": 1, "b": 2}\n', 1_500_000_000, True),
    ],
)
def test_a_text_is_weighed_by_its_size_and_its_first_lines(
    tmp_path: pathlib.Path, line: bytes, size: int, beyond: bool
) -> None:
    """2 GB, or 200 million cells at as many bytes a cell as its first lines have."""
    assert beyond_limits(text_of(tmp_path / "text", line, size)) == beyond


def test_limits_that_were_said_are_kept(tmp_path: pathlib.Path) -> None:
    """Who names a limit wants to be stopped there."""
    place = text_of(tmp_path / "text", b"1,2\n", 3 * 10**9)
    assert goes_in_parts(Job(place), False)
    assert not goes_in_parts(Job(place, limits=("bytes=1G",)), False)


def test_parquet_is_weighed_by_its_footer(tmp_path: pathlib.Path) -> None:
    """So many cells, whatever room they take; a footer that cannot be read is left to the reading."""
    few = pl.DataFrame({"a": [1, 2]})
    few.write_parquet(tmp_path / "few.parquet")
    assert not beyond_limits(str(tmp_path / "few.parquet"))
    many = pl.select(pl.repeat(0, 2_100_000, dtype=pl.Int8).alias("a"))
    many.select(pl.col("a").alias(f"c{j}") for j in range(96)).write_parquet(tmp_path / "many.parquet")
    assert beyond_limits(str(tmp_path / "many.parquet"))
    (tmp_path / "torn.parquet").write_bytes(b"PAR1" + bytes(100))
    assert not beyond_limits(str(tmp_path / "torn.parquet"))


def test_rows_go_to_one_place_and_reports_beside() -> None:
    """A folder or one file for the rows; HTML is the report."""
    rows, pages = choose_large_outputs(["scores", "a.html"])
    assert (rows, [place for place, _ in pages]) == ("scores", ["a.html"])
    assert choose_large_outputs([])[0] is None


def test_pace_tells_rows_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was done before does not count as speed."""
    clock = iter([100.0, 100.0, 110.0])
    monkeypatch.setattr("amiss.large.pace.time.monotonic", lambda: next(clock))
    pace = Pace(rows=1_000_000, before=400_000)
    assert pace.words(400_000) == "Scoring: 400,000 of 1,000,000 rows"
    assert pace.words(600_000) == "Scoring: 600,000 of 1,000,000 rows, 20,000 rows/s, 20 s left"
