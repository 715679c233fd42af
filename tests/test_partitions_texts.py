"""Texts in partitions: each cell as one read of the whole gives it, wherever the text is cut."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from amiss.errors import ParameterError, SourceError
from amiss.packed import pack, unpack
from amiss.partitions import RECORDS, Partitions, find_partitions, sample, texts
from amiss.sources import Limits, open_source
from amiss.sources.seen import SeenTexts, SeenValues, seen_texts, seen_values, text_as, values_as
from amiss.sources.typed import SEPARATOR, from_text, from_values, has_decimal_comma


@contextmanager
def cut_every(size: int) -> Iterator[None]:
    """Let ranges be of so many bytes: many in a small file."""
    usual = texts.STEP_LEAST, texts.STEP_MOST
    texts.STEP_LEAST = texts.STEP_MOST = size
    try:
        yield
    finally:
        texts.STEP_LEAST, texts.STEP_MOST = usual


def whole(partitions: Partitions) -> pl.DataFrame:
    """Return all partitions, one below the other."""
    return pl.concat([partitions.read(one) for one in partitions.partitions])


def in_one_piece(path: str, format: str | None = None) -> pl.DataFrame:
    """Return what the source reads, as a frame of the same types."""
    data = open_source(path, format).read()
    if isinstance(data, list):
        return pl.DataFrame({"string": data}, schema={"string": pl.String})
    columns = {
        name: pl.Series(name, values.tolist(), pl.String)
        if values.dtype == object
        else pl.Series(name, values)
        for name, values in data.items()
    }
    return pl.DataFrame(columns)


def check(content: bytes, name: str, step: int, rows: int, format: str | None = None, jobs: int = 1) -> None:
    """Read both ways and compare; where one read of the whole is refused, partitions are refused too."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, name)
        Path(path).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        try:
            expected = in_one_piece(path, format)
        except SourceError as error:
            if "quotation mark that is never closed" in str(error):
                return  # by the number of marks in the whole text; it may be closed all the same
            with pytest.raises(SourceError), cut_every(step):
                whole(find_partitions(path, format, rows=rows, jobs=jobs))
            return
        with cut_every(step):
            partitions = find_partitions(path, format, rows=rows, jobs=jobs)
        assert_frame_equal(whole(partitions), expected)
        assert partitions.rows == expected.height
        for one in partitions.partitions:
            assert one.rows == partitions.read(one).height


NUMBERS = st.one_of(
    st.integers(-999, 999).map(str),
    st.floats(-99, 99, allow_nan=False).map(lambda number: f"{number:.2f}"),
    st.sampled_from(
        ["", "", "-0", "1e5", "1.5e3", "007", "+4", "1,5", "0,25", "1,234", "1e999", "1234567890123456"]
    ),
)
WORDS = st.text(st.sampled_from("ab\"\n\r,;' é\x00\x1f\t|#5"), max_size=5)


@st.composite
def csv_texts(draw: st.DrawFn) -> str:
    """Return delimited text: columns of numbers, of which some become text late; words with everything in them."""
    width, height = draw(st.integers(1, 4)), draw(st.integers(1, 30))
    kinds = draw(
        st.lists(st.sampled_from(["number", "late", "word", "whole"]), min_size=width, max_size=width)
    )
    late = draw(st.integers(0, height))
    rows = []
    for row in range(height):
        cells = []
        for kind in kinds:
            if kind == "whole":
                cells.append(str(draw(st.integers(-5, 5))))
            else:
                cells.append(draw(WORDS if kind == "word" or (kind == "late" and row >= late) else NUMBERS))
        rows.append(cells)
    if draw(st.booleans()):
        rows.insert(0, [f"name {position}" for position in range(width)])
    file = io.StringIO(newline="")
    mark, end = draw(st.sampled_from([",", ";", "\t"])), draw(st.sampled_from(["\n", "\r\n"]))
    csv.writer(file, delimiter=mark, lineterminator=end).writerows(rows)
    text = file.getvalue()
    text = text.replace(end, end * 2, draw(st.integers(0, 2)))
    return text.rstrip("\r\n") if draw(st.booleans()) else text


@settings(max_examples=300, deadline=None)
@given(text=csv_texts(), step=st.integers(1, 200), rows=st.integers(1, 12), packed=st.booleans())
def test_csv_by_partitions_is_csv_in_one_piece(text: str, step: int, rows: int, packed: bool) -> None:
    """Quotes, line ends in cells, gaps, numbers that become text, CRLF, no line end at the end, any cut, gzip."""
    check(text.encode(), "a.csv.gz" if packed else "a.csv", step, rows)


def test_numbers_are_parsed_to_the_last_bit(tmp_path: Path) -> None:
    """Any float64 and any spelling that counts as a number, among words and gaps without quotation marks."""
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**63, 20_000).view(np.float64)
    texts = [repr(float(number)) for number in bits[np.isfinite(bits)]]
    texts += [f"{number:.{digits}f}" for digits in range(17) for number in random.normal(size=300) * 1e4]
    texts += ["5.", ".5", "-.5", "1.e5", "0.1e-300", "123456789.123456789012345", "-0.0", "1.5E+3", ""]
    texts = [
        text for text in texts if not text or from_text(text).dtype != object
    ]  # long ones are identifiers
    path = tmp_path / "a.csv"
    path.write_text("v,w\n" + "".join(f"{text},w {row % 7}\n" for row, text in enumerate(texts)))
    expected = [float(text) if text else float("nan") for text in texts]
    found = whole(find_partitions(str(path), rows=1000))
    np.testing.assert_array_equal(found["v"].to_numpy(), expected)
    assert found["w"].to_list() == [f"w {row % 7}" for row in range(len(texts))]


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from('a1,;"\n\r .-'), min_size=1, max_size=60), step=st.integers(1, 20))
def test_any_text_is_read_as_in_one_piece_or_refused(text: str, step: int) -> None:
    """Marks of all kinds in any order; only where quotation marks are never closed are partitions stricter."""
    try:
        check(text.encode(), "a.csv", step, 3)
    except SourceError as error:
        if "quotation mark that is never closed" not in str(error):
            raise


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=6), min_size=1, max_size=30
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    step=st.integers(1, 60),
    rows=st.integers(1, 9),
)
def test_lines_by_partitions_are_lines_in_one_piece(lines: list[str], end: str, step: int, rows: int) -> None:
    """Any character but the line end, any line end."""
    check(end.join(lines).encode("utf-8"), "a.txt", step, rows, "lines")


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-9, 9),
        st.just(10**16),
        st.floats(-9, 9),
        st.text("ab", max_size=2),
        st.just([1]),
    ),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "a.b"]), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c", "a.b"]), VALUES, max_size=3), min_size=1, max_size=15
    ),
    step=st.integers(1, 100),
    most=st.integers(1, 6),
    blank=st.booleans(),
)
def test_json_lines_by_partitions_are_json_lines_in_one_piece(
    rows: list[dict[str, Any]], step: int, most: int, blank: bool
) -> None:
    """Keys that come late, types that change, objects within objects, blank lines."""
    text = ("\n \n" if blank else "\n").join(json.dumps(row) for row in rows)
    check(text.encode(), "a.jsonl", step, most)


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("packed", [False, True])
def test_worker_processes_read_the_same(jobs: int, packed: bool) -> None:
    """Ranges that begin within cells are read again from where a row begins."""
    random = np.random.default_rng(3)
    file = io.StringIO(newline="")
    cells = [["id", "note", "v"]]
    for row in range(400):
        note = "\n".join(['line, with "marks"'] * int(random.integers(0, 6)))
        cells.append([str(row), note, f"{random.normal():.3f}" if row < 390 else "n/a"])
    csv.writer(file).writerows(cells)
    check(file.getvalue().encode(), "a.csv.gz" if packed else "a.csv", 500, 30, jobs=jobs)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\né,1\nx,2\n".encode(),
        "a,b\né,1\nx,2\n".encode("cp1252"),
        b"a,b\nx,1\n" * 5 + b"\x81\xe9,2\n",
        "a,b\néééééé,1\n".encode() + b"\xe9,2\n",
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
        b"sep=;\na;b\n1;2\n3;4\n",
        b"# by me\n# again\na,b\n1,2\n3,4\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b,\n1,2,\n3,4,\n",
        b"a;b\n1,5;x\n0,25;y\n3;z\n",
        b"serial\n\n\nA1\n\nA2\n\n\n",
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_what_is_found_once_holds_for_all(content: bytes, step: int) -> None:
    """Encodings, byte order mark, what stands before the table, old line ends, decimal commas, single columns."""
    check(content, "a.csv", step, 2)


def test_what_was_found_is_said(tmp_path: Path) -> None:
    """Format, encoding, dialect, files, partitions, size."""
    (tmp_path / "a.csv").write_text("a;b\n1,5;x\n2;y\n")
    (tmp_path / "b.csv").write_text("a;b\n3;x\n")
    partitions = find_partitions(str(tmp_path), rows=1)
    assert partitions.found == (
        "CSV, UTF-8, semicolon separated, decimal comma, header found, 2 files, 3 partitions, 3 rows x 2 columns"
    )
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "s.txt").write_text("x\ny\n")
    strings = find_partitions(str(tmp_path / "c"))
    assert (strings.found, strings.strings, strings.names) == (
        "Plain lines, UTF-8, 1 file, 1 partition, 2 strings",
        True,
        ("string",),
    )


def test_types_are_joined_over_files(tmp_path: Path) -> None:
    """Text in one file is text in all; a gap in one makes whole numbers floats in all; a header may be missing."""
    (tmp_path / "a.csv").write_text("id,v,w\n1,007,1\n2,8,2\n")
    (tmp_path / "b.csv").write_text("3,9,\n")
    (tmp_path / "c.csv").write_text("")
    (tmp_path / "d.csv").write_text("id,v,w\n")
    frame = whole(find_partitions(str(tmp_path), rows=1))
    assert frame.schema == {"id": pl.Int64, "v": pl.String, "w": pl.Float64}
    assert frame.to_dict(as_series=False) == {
        "id": [1, 2, 3],
        "v": ["007", "8", "9"],
        "w": [1.0, 2.0, pytest.approx(float("nan"), nan_ok=True)],
    }


def test_names_of_folders_join_texts(tmp_path: Path) -> None:
    """As with Parquet; columns come in the order that was asked for."""
    for year in (2025, 2026):
        (tmp_path / f"y={year}").mkdir()
        (tmp_path / f"y={year}" / "a.jsonl").write_text('{"v": 1, "w": "x"}\n')
    partitions = find_partitions(str(tmp_path), columns=["y", "v"])
    assert whole(partitions).to_dict(as_series=False) == {"y": [2025, 2026], "v": [1, 1]}
    with pytest.raises(SourceError, match="they are names of folders"):
        find_partitions(str(tmp_path), columns=["y"])


def test_a_reader_goes_to_other_processes_and_back(tmp_path: Path) -> None:
    """Readers of all formats."""
    for name, text in (("a.csv", "a,b\n1,x\n"), ("a.jsonl", '{"a": {"b": 1}}\n'), ("a.txt", "x\n")):
        (tmp_path / name).write_text(text)
        partitions = find_partitions(str(tmp_path / name))
        sent = unpack(pack({"reader": partitions.reader}), RECORDS)["reader"]
        assert sent == partitions.reader
        assert_frame_equal(sent.read(partitions.partitions[0]), whole(partitions))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_sample_of_texts_does_not_depend_on_the_cuts(tmp_path: Path, jobs: int) -> None:
    """The same rows in the order of their places."""
    path = tmp_path / "a.csv"
    path.write_text("n,t\n" + "".join(f'{n},"t\n{n}"\n' for n in range(900)))
    expected = sample(find_partitions(str(path)), 50, 3)
    with cut_every(300):
        partitions = find_partitions(str(path), rows=7)
    assert len(partitions.partitions) > 100
    assert_frame_equal(sample(partitions, 50, 3, jobs=jobs), expected)


@pytest.mark.parametrize(
    ("files", "format", "says"),
    [
        (
            {"a.csv": "a,b\n1,2\n", "b.csv": "a,c\n1,2\n"},
            None,
            r"header of '.*b.csv' .*: it lacks 'b' and it has 'c'",
        ),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "b,a\n1,2\n"}, None, "its columns are in another order, b, a"),
        (
            {"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n1,2\n1,2,3\n"},
            None,
            r"b.csv line 3 has 3 cells, the header has 2",
        ),
        ({"a.csv": ""}, None, "is empty"),
        ({"a.csv": "a,b\n"}, "csv:header=yes", "a header and no rows"),
        ({"a.csv": 'a,b\n1,2\n3,"4\n5,6\n'}, None, r"line 3 opens a quotation mark that is never closed"),
        ({"a.csv": "PAR1xxxx"}, None, "is a Parquet file"),
        ({"a.csv": "a\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00"}, None, "two or more bytes a character"),
        ({"a.jsonl": '{"a": 1}\n{"a": 2\n'}, None, r"a.jsonl line 2, column \d+ is not JSON"),
        ({"a.jsonl": '[{"a": 1}]'}, None, "one array of JSON"),
        ({"a.jsonl": '{"a": 1}\n', "b.jsonl": '"x"\n'}, None, "holds objects, .*b.jsonl' holds strings"),
        ({"a.jsonl": '{"a": 1}\n3\n'}, None, "line 2 holds a number, not an object"),
        ({"a.jsonl": "{}\n"}, None, "objects without keys"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, files: dict[str, str], format: str | None, says: str | None
) -> None:
    """File, line, what is wrong and what to do."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match=says):
        find_partitions(str(tmp_path), format)


def test_lines_are_counted_over_ranges(tmp_path: Path) -> None:
    """The line of a fault far down, whatever the ranges and in worker processes too."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + '1,"x\ny"\n' * 200 + "1,2,3\n" + "1,2\n" * 50)
    for jobs in (1, 2):
        with cut_every(100), pytest.raises(SourceError, match=r"a.csv line 402 has 3 cells"):
            find_partitions(str(path), jobs=jobs)


def test_a_cut_off_gzip_file_is_named(tmp_path: Path) -> None:
    """With what to do."""
    packed = gzip.compress(os.urandom(5000).hex().encode())
    (tmp_path / "a.txt.gz").write_bytes(packed[:-2000])
    with pytest.raises(
        SourceError, match=r"a.txt.gz' is damaged: its gzip data does not unpack. Get a whole copy"
    ):
        find_partitions(str(tmp_path))


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    """By how much comes out of how little, whatever the size of the whole."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"0\n" * 20_000_000))
    with pytest.raises(SourceError, match="as few honest files do"):
        find_partitions(str(tmp_path))


def test_limits_hold_for_a_partition(tmp_path: Path) -> None:
    """Cells of a partition, and the length of a cell."""
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 100)
    assert find_partitions(str(path), rows=10, limits=Limits(cells=30, bytes=200)).rows == 100
    with pytest.raises(SourceError, match="At most 30 cells are read"):
        find_partitions(str(path), rows=50, limits=Limits(cells=30))
    path.write_text("a,b\n1," + "x" * 200 + "\n")
    with pytest.raises(SourceError, match="200 or more characters in one cell"):
        find_partitions(str(path), limits=Limits(cell_length=100))


def test_encodings_that_cannot_be_cut_are_refused(tmp_path: Path) -> None:
    """Two bytes a character; and what is no encoding."""
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ParameterError, match="Save the data as utf-8"):
        find_partitions(str(tmp_path), "csv:encoding=utf-16")
    with pytest.raises(ParameterError, match="'klingon' is not known"):
        find_partitions(str(tmp_path), "csv:encoding=klingon")


def test_what_is_said_of_the_format_counts(tmp_path: Path) -> None:
    """Parameters of the source hold for all files."""
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("1;x\n2;y\n")
    partitions = find_partitions(str(tmp_path), "csv:header=no,delimiter=;")
    assert whole(partitions).rows() == [(1, "x"), (2, "y")] * 2


# ------------------------------------------------------------------------------------- types of pieces
@settings(max_examples=300, deadline=None)
@given(cells=st.lists(NUMBERS, min_size=1, max_size=12), at=st.integers(0, 12), decimal=st.sampled_from(".,"))
def test_types_of_pieces_join_to_the_type_of_the_whole(cells: list[str], at: int, decimal: str) -> None:
    """Both halves and the whole: values, type, and whether there are decimal commas."""
    halves = [SEPARATOR.join(half) for half in (cells[:at], cells[at:]) if half]
    seen = SeenTexts()
    for half in halves:
        seen = seen.with_more(seen_texts(half))
    joined = SEPARATOR.join(cells)
    assert seen.has_decimal_comma() == has_decimal_comma(joined)
    expected = from_text(joined, decimal)
    kind = seen.kind(decimal)
    assert kind == ("text" if expected.dtype == object else str(expected.dtype))
    found = np.concatenate([text_as(half, kind, decimal) for half in halves])
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(VALUES, min_size=1, max_size=8), at=st.integers(0, 8))
def test_types_of_values_join_to_the_type_of_the_whole(values: list[Any], at: int) -> None:
    """Both halves and the whole."""
    halves = [half for half in (values[:at], values[at:]) if half]
    seen = SeenValues()
    for half in halves:
        seen = seen.with_more(seen_values(half))
    expected = from_values(values)
    kind = seen.kind()
    assert kind == ("text" if expected.dtype == object else str(expected.dtype))
    np.testing.assert_array_equal(np.concatenate([values_as(half, kind) for half in halves]), expected)
