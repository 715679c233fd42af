"""Parquet in partitions: each cell as one read of the whole gives it; samples that do not depend on the cuts."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from amiss.errors import ParameterError, SourceError
from amiss.packed import pack, unpack
from amiss.partitions import RECORDS, Partitions, find_partitions, is_partitioned, sample
from amiss.partitions.sampling import drawn, priorities
from amiss.sources import Limits, open_source


def whole(partitions: Partitions) -> pl.DataFrame:
    """Return all partitions, one below the other."""
    return pl.concat([partitions.read(one) for one in partitions.partitions])


def table(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return a table of every common type, with gaps."""
    random = np.random.default_rng(seed)
    numbers = random.integers(-9, 9, rows)
    gaps = [None if number > 5 else int(number) for number in numbers]
    return pl.DataFrame(
        {
            "whole": pl.Series(numbers, dtype=pl.Int32),
            "gaps": pl.Series(gaps, dtype=pl.Int64),
            "float": random.normal(size=rows),
            "text": [None if number == 0 else f"t{number}" for number in numbers],
            "yes": numbers > 0,
            "day": pl.Series(numbers, dtype=pl.Int32).cast(pl.Date),
            "list": [[int(number)] for number in numbers],
        },
        schema_overrides={"text": pl.String, "list": pl.List(pl.Int64)},
    )


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 60), group=st.integers(1, 70), most=st.integers(1, 70), seed=st.integers(0, 9))
def test_parquet_by_partitions_is_parquet_in_one_piece(rows: int, group: int, most: int, seed: int) -> None:
    """Values, types and order, whatever the groups of rows and the size of partitions; none is too large."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.parquet"
        table(rows, seed).write_parquet(path, row_group_size=group)
        partitions = find_partitions(path, rows=most)
        assert_frame_equal(whole(partitions), open_source(path).read())
    assert all(1 <= one.rows <= most for one in partitions.partitions)
    assert [one.first_row for one in partitions.partitions] == [
        sum(before.rows for before in partitions.partitions[:number])
        for number in range(len(partitions.partitions))
    ]


def test_bounds_follow_groups_of_rows(tmp_path: Path) -> None:
    """Small groups are read together, large ones are cut evenly; files are never joined."""
    for name, rows, group in (("a", 10, 3), ("b", 20, 20)):
        table(rows).write_parquet(tmp_path / f"{name}.parquet", row_group_size=group)
    partitions = find_partitions(str(tmp_path), rows=7)
    assert [(Path(one.file).name, one.start, one.stop) for one in partitions.partitions] == [
        ("a.parquet", 0, 6),
        ("a.parquet", 6, 10),
        ("b.parquet", 0, 6),
        ("b.parquet", 6, 13),
        ("b.parquet", 13, 20),
    ]
    assert partitions.found == "Parquet, 2 files, 5 partitions, 30 rows x 7 columns"
    assert partitions.rows == 30


def test_a_reader_goes_to_other_processes_and_back() -> None:
    """What is packed reads the same."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "day=1").mkdir()
        table(9).write_parquet(f"{folder}/day=1/a.parquet")
        partitions = find_partitions(folder, rows=4)
        sent = unpack(pack({"reader": partitions.reader, "one": partitions.partitions[1]}), RECORDS)
        assert sent == {"reader": partitions.reader, "one": partitions.partitions[1]}
        assert_frame_equal(sent["reader"].read(sent["one"]), partitions.read(partitions.partitions[1]))


def test_names_of_folders_are_columns(tmp_path: Path) -> None:
    """Numbers are numbers, codes stay text, a missing value is missing, percent signs are read."""
    for folder in ("y=2026/m=01/k=a%20b", "y=2027/m=02/k=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / folder).mkdir(parents=True)
        pl.DataFrame({"v": [1.5]}).write_parquet(tmp_path / folder / "part.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "y=2026" / ".part.crc").touch()
    partitions = find_partitions(str(tmp_path))
    assert whole(partitions).to_dicts() == [
        {"v": 1.5, "y": 2026, "m": "01", "k": "a b"},
        {"v": 1.5, "y": 2027, "m": "02", "k": None},
    ]
    assert find_partitions(f"{tmp_path}/y=*/m=01/k=*/*.parquet").names == ("v", "y", "m", "k")
    assert find_partitions(str(tmp_path), columns=["y", "v"]).read(partitions.partitions[0]).rows() == [
        (2026, 1.5)
    ]


def test_a_folder_of_other_keys_is_refused(tmp_path: Path) -> None:
    """All files lie in folders of the same keys."""
    for folder in ("y=2026", "z=1"):
        (tmp_path / folder).mkdir()
        pl.DataFrame({"v": [1]}).write_parquet(tmp_path / folder / "a.parquet")
    with pytest.raises(SourceError, match=r"z=1/a.parquet' name z, those of .*y=2026/a.parquet' name y"):
        find_partitions(str(tmp_path))


def test_whole_numbers_in_one_file_and_floats_in_another_are_floats(tmp_path: Path) -> None:
    """As reading all as float gives; a column that is null in one file takes the type of the other."""
    pl.DataFrame({"v": [1, 2], "n": [None, None], "w": pl.Series([1, 2], dtype=pl.Int8)}).write_parquet(
        tmp_path / "a.parquet"
    )
    pl.DataFrame({"w": [3], "v": [0.5], "n": ["x"]}).write_parquet(tmp_path / "b.parquet")
    frame = whole(find_partitions(str(tmp_path)))
    assert frame.schema == {"v": pl.Float64, "n": pl.String, "w": pl.Int64}
    assert frame.rows() == [(1.0, None, 1), (2.0, None, 2), (0.5, "x", 3)]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"v": ["x"]}, r"Column 'v' is String in '.*b.parquet' and Int64 in '.*a.parquet'"),
        ({"v": [1], "w": [1]}, r"'.*b.parquet' has a column 'w', '.*a.parquet' has none"),
        ({"w": [1]}, r"'.*a.parquet' has a column 'v', '.*b.parquet' has none"),
    ],
)
def test_files_of_other_columns_are_refused(
    tmp_path: Path, other: dict[str, list[object]], says: str
) -> None:
    """File, column and both types are named."""
    pl.DataFrame({"v": [1]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame(other).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(SourceError, match=says):
        find_partitions(str(tmp_path))


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A folder without files, a glob without matches, a URL, an unknown ending, mixed formats: a sentence each."""
    empty, odd, mixed = tmp_path / "empty", tmp_path / "odd", tmp_path / "mixed"
    for folder, names in ((empty, ["_SUCCESS"]), (odd, ["a.png"]), (mixed, ["a.csv", "b.jsonl"])):
        folder.mkdir()
        for name in names:
            (folder / name).write_text("x")
    for place, says in (
        (str(empty), "holds no files"),
        (f"{tmp_path}/*.parquet", "Nothing matches"),
        ("sqlite:///a.db", "A URL cannot be read in partitions"),
        ("-", "Standard input cannot be read in partitions"),
        (str(odd), "holds no file that can be read by its ending, only files such as .*a.png"),
        (str(mixed), "several formats: '.*a.csv' is csv, '.*b.jsonl' is jsonl"),
        (str(tmp_path / "no.parquet"), "There is no file"),
    ):
        with pytest.raises(SourceError, match=says):
            find_partitions(place)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With those that are."""
    pl.DataFrame({"v": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=r"a.parquet has no column 'w'. Its columns: v"):
        find_partitions(str(tmp_path / "a.parquet"), columns=["w"])
    with pytest.raises(ParameterError, match="Legal: whole numbers from 1"):
        find_partitions(str(tmp_path / "a.parquet"), rows=0)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """In the footer it is found at once; in the middle where it is read."""
    path = tmp_path / "a.parquet"
    table(1000).write_parquet(path)
    content = path.read_bytes()
    path.write_bytes(content[:-20])
    with pytest.raises(SourceError, match=r"a.parquet' is damaged Parquet: .*Get a whole copy"):
        find_partitions(str(tmp_path))
    path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    partitions = find_partitions(str(tmp_path))
    with pytest.raises(SourceError, match=r"a.parquet' is damaged Parquet: .*Get a whole copy"):
        partitions.read(partitions.partitions[0])


def test_a_file_that_changes_is_not_read(tmp_path: Path) -> None:
    """Neither when it was written anew, nor when it is gone."""
    path = tmp_path / "a.parquet"
    table(10).write_parquet(path)
    partitions = find_partitions(str(path))
    table(11).write_parquet(path)
    with pytest.raises(SourceError, match=r"a.parquet' was changed after it had been found"):
        partitions.read(partitions.partitions[0])
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file or directory"):
        partitions.read(partitions.partitions[0])


def test_files_without_rows_are_passed_over(tmp_path: Path) -> None:
    """Spark writes such; a data set of nothing else is refused."""
    table(0).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="hold no rows"):
        find_partitions(str(tmp_path))
    table(3).write_parquet(tmp_path / "b.parquet")
    assert find_partitions(str(tmp_path)).rows == 3


def test_limits_hold_for_a_partition_not_for_all(tmp_path: Path) -> None:
    """Data larger than the limits are read in partitions that are smaller; a bomb is refused by its footer."""
    table(1000).write_parquet(tmp_path / "a.parquet")
    limits = Limits(cells=2000)
    assert find_partitions(str(tmp_path), rows=200, limits=limits).rows == 1000
    with pytest.raises(SourceError, match="At most 2,000 cells are read"):
        find_partitions(str(tmp_path), rows=500, limits=limits)
    bomb = tmp_path / "bomb"
    bomb.mkdir()
    pl.DataFrame({"v": np.zeros(4_000_000)}).write_parquet(bomb / "a.parquet", use_pyarrow=False)
    long = pl.DataFrame({"v": ["x" * 5000] * 40_000})
    long.write_parquet(bomb / "b.parquet")
    partitions = find_partitions(str(bomb / "b.parquet"))
    with pytest.raises(SourceError, match="as few honest files do"):
        partitions.read(partitions.partitions[0])


def test_a_place_of_many_files_is_known(tmp_path: Path) -> None:
    """A folder and a glob; a file whose name looks like a glob is a file."""
    odd = tmp_path / "a[1].csv"
    odd.touch()
    assert [
        is_partitioned(p) for p in (str(tmp_path), "logs/*.csv", str(odd), "a.csv", "-", "http://x/*")
    ] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


# ---------------------------------------------------------------------------------------------- samples
@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 3000), rows=st.integers(1, 400), seed=st.integers(0, 2**64))
def test_the_rows_of_the_smallest_priorities_are_drawn(count: int, rows: int, seed: int) -> None:
    """As sorting all of them gives."""
    priority = priorities(np.arange(count, dtype=np.uint64), seed)
    naive = sorted(sorted(range(count), key=lambda number: int(priority[number]))[:rows])
    assert drawn(count, rows, seed).tolist() == naive


def test_many_rows_are_drawn_block_by_block() -> None:
    """More rows than one block: as sorting all gives."""
    priority = priorities(np.arange(1_000_000, dtype=np.uint64), 7)
    assert drawn(1_000_000, 5000, 7).tolist() == sorted(np.argsort(priority)[:5000].tolist())


def test_priorities_are_those_of_splitmix64() -> None:
    """Computed with Python's whole numbers."""

    def mixed(value: int) -> int:
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % 2**64
        return value ^ (value >> 31)

    numbers = [0, 1, 2, 12_345_678_901]
    naive = [mixed((mixed(42) + 0x9E3779B97F4A7C15 * (number + 1)) % 2**64) for number in numbers]
    assert priorities(np.array(numbers, np.uint64), 42).tolist() == naive


def test_each_row_is_as_likely_as_any_other() -> None:
    """Over 2,000 seeds, 100 of 1,000 rows: each a tenth of the time, within six standard errors."""
    counts = np.zeros(1000)
    for seed in range(2000):
        counts[drawn(1000, 100, seed)] += 1
    assert abs(counts / 2000 - 0.1).max() < 6 * (0.1 * 0.9 / 2000) ** 0.5


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sample_does_not_depend_on_the_cuts(tmp_path: Path, jobs: int) -> None:
    """One file or three, large or small partitions, one process or two: the same rows in the order of their places."""
    frame = table(3000)
    (tmp_path / "many").mkdir()
    frame.write_parquet(tmp_path / "one.parquet")
    for number, start in enumerate(range(0, 3000, 1000)):
        frame[start : start + 1000].write_parquet(tmp_path / "many" / f"{number}.parquet", row_group_size=90)
    expected = frame[drawn(3000, 200, 5)]
    for place, rows in (("one.parquet", 10_000), ("one.parquet", 77), ("many", 450)):
        partitions = find_partitions(str(tmp_path / place), rows=rows)
        assert_frame_equal(sample(partitions, 200, 5, jobs=jobs), expected)
    assert_frame_equal(sample(partitions, 5000, 5), frame)


def test_a_fault_while_sampling_is_told(tmp_path: Path) -> None:
    """A file that changed, in this process or another: the same sentence."""
    for name in "ab":
        table(100).write_parquet(tmp_path / f"{name}.parquet")
    partitions = find_partitions(str(tmp_path))
    table(99).write_parquet(tmp_path / "b.parquet")
    for jobs in (1, 2):
        with pytest.raises(SourceError, match=r"b.parquet' was changed after it had been found"):
            sample(partitions, 50, jobs=jobs)
    with pytest.raises(ParameterError, match="Legal: whole numbers from 1"):
        sample(partitions, 0)
