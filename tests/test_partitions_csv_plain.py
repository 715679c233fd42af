"""Plain CSV counted over its bytes: the verdicts, rows and places that the csv module and the judge of cells give."""

from __future__ import annotations

from itertools import accumulate, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.errors import SourceError
from amiss.partitions import csv_plain, find_partitions
from amiss.partitions.counting import Range
from amiss.partitions.csv import CsvReader
from amiss.partitions.csv_plain import plain_rows, plain_text
from amiss.sources import Limits
from amiss.sources.dialect import Dialect
from amiss.sources.seen import SeenTexts, seen_texts
from amiss.sources.typed import SEPARATOR


def verdict(seen: SeenTexts) -> tuple[object, ...]:
    """Return all that is asked of what was seen."""
    return seen.kind("."), seen.kind(","), seen.has_decimal_comma(), seen.present, seen.missing


HOSTILE = st.one_of(
    st.text(st.sampled_from("019-.+eE, "), max_size=5),
    st.from_regex(r"-?[0-9]{13,18}(\.[0-9]{0,3})?", fullmatch=True),
    st.integers(-99, 99).map(str),
    st.floats(allow_nan=False).map(str),
    st.floats(-99, 99, allow_nan=False).map("{:.3f}".format),
    st.sampled_from(
        [
            "",
            "",
            "-0",
            "007",
            "+49",
            "1e5",
            "1e999",
            "1.5e999",
            "-2.E+309",
            "inf",
            "nan",
            "0x1",
            "1_0",
            "٣",
            "²",
            "é",
            "0,25",
        ]
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(HOSTILE, min_size=width, max_size=width), min_size=1, max_size=12)
    ),
    block=st.integers(1, 40),
    ended=st.booleans(),
)
def test_verdicts_are_those_of_the_judge_of_cells(rows: list[list[str]], block: int, ended: bool) -> None:
    """Codes, long numbers, signs, exponents, commas, gaps, letters, in blocks of any size; and where rows end."""
    lines = [(";".join(row) + "\n").encode() for row in rows]
    content = b"".join(lines) if ended else b"".join(lines)[:-1]
    usual = csv_plain._BLOCK
    csv_plain._BLOCK = block
    try:
        found = plain_rows(content, ";", len(rows[0]), 99)
    finally:
        csv_plain._BLOCK = usual
    assert found is not None
    assert found.ends.tolist() == [min(end, len(content)) for end in accumulate(map(len, lines))]
    for seen, cells in zip(found.seen, zip(*rows, strict=True), strict=True):
        assert verdict(seen) == verdict(seen_texts(SEPARATOR.join(cells)))


def test_every_short_cell_is_judged_as_by_the_judge_of_cells() -> None:
    """All cells of up to five marks, each a column of its own."""
    cells = ["".join(marks) for length in range(6) for marks in product("019+-.e,", repeat=length)]
    found = plain_rows(";".join(cells).encode(), ";", len(cells), 99)
    assert found is not None
    wrong = [
        cell
        for cell, seen in zip(cells, found.seen, strict=True)
        if verdict(seen) != verdict(seen_texts(cell))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "content", [b"1,2\n\n3,4\n", b"1,2\n3,4,5\n6\n", b"1,2,\n", b"1\n", b"1,2\n3,123456\n", b""]
)
def test_what_is_not_plain_is_left_to_others(content: bytes) -> None:
    """Empty rows, other numbers of cells, a cell that is too long, nothing."""
    assert plain_rows(content, ",", 2, 5) is None


def test_a_row_of_millions_of_bytes_is_left_to_others() -> None:
    """The arrays beside its bytes would take more memory than the csv module does."""
    cell = b"1" * 15
    for width, fits in ((2**18, True), (2**18 + 1, False)):
        found = plain_rows(b",".join([cell] * width) + b"\n", ",", width, 99)
        assert (found is not None) == fits


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        (b"1,2\n3,4\r\n", Dialect(",")),
        (b"1,2\r3,4\r", Dialect(",")),
        (b"1,\0\n", Dialect(",")),
        (b"1,'2'\n", Dialect(",", "'")),
        (b"1, 2\n", Dialect(",", blanks=True)),
        (b"1 2\n", Dialect(" ")),
    ],
)
def test_marks_that_may_mean_more_are_seen(content: bytes, dialect: Dialect) -> None:
    """Lines that end in two ways, carriage returns, NUL, quotation marks, blanks."""
    assert plain_text(content, dialect) is None


def test_empty_lines_of_one_column_are_no_rows(tmp_path: Path) -> None:
    """As the csv module reads them."""
    (tmp_path / "a.csv").write_text("a\n1\n\n2\n")
    partitions = find_partitions(str(tmp_path / "a.csv"), "csv:delimiter=;,header=yes")
    assert [partitions.read(one)["a"].to_list() for one in partitions.partitions] == [[1, 2]]


TABLES = st.integers(2, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.text(st.sampled_from("019-.é \x1f"), max_size=3), min_size=width, max_size=width),
        min_size=1,
        max_size=25,
    )
)


@settings(max_examples=150, deadline=None)
@given(
    rows=TABLES,
    end=st.sampled_from(["\n", "\r\n"]),
    most=st.integers(1, 9),
    ended=st.booleans(),
    start=st.integers(0, 3),
)
def test_ranges_are_counted_as_by_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    end: str,
    most: int,
    ended: bool,
    start: int,
) -> None:
    """Places, lines, pieces and types."""
    path = tmp_path_factory.mktemp("plain") / "a.csv"
    content = "x" * start + end.join(",".join(row) for row in rows) + end * ended
    path.write_bytes(content.encode())
    reader = CsvReader(
        **vars(_reader(path.with_name("b.csv"))) | {"columns": tuple("abc"[: len(rows[0])]), "kinds": {}}
    )
    one = Range(str(path), start, len(content.encode()), last=True, before=3)
    text = content[start:]
    plain = reader._plainly_counted(one, text.encode(), most)
    exact = reader._counted(one, text.encode(), text, most)
    assert plain is not None
    assert (plain.landed, plain.lines, plain.pieces) == (exact.landed, exact.lines, exact.pieces)
    assert list(plain.seen) == list(exact.seen)
    assert [*map(verdict, plain.seen.values())] == [*map(verdict, exact.seen.values())]


def _reader(path: Path) -> CsvReader:
    path.write_text("a,b\n1,x\n")
    reader = find_partitions(str(path)).reader
    assert isinstance(reader, CsvReader)
    return reader


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("1,2\n" * 2000 + "1,2,3\n", r"a.csv line 2002 has 3 cells, the header has 2"),
        ("1,2\n" * 2000 + "1,\n2\n", r"a.csv line 2003 has 1 cell, the header has 2"),
        ("1,2\n" * 2000 + "1," + "x" * 101 + "\n", "101 or more characters in one cell. At most 100"),
    ],
)
def test_what_is_wrong_in_plain_rows_is_named(tmp_path: Path, rows: str, says: str) -> None:
    """Line and number as the csv module counts them."""
    (tmp_path / "a.csv").write_text("a,b\n" + rows)
    with pytest.raises(SourceError, match=says):
        find_partitions(str(tmp_path / "a.csv"), limits=Limits(cell_length=100))
