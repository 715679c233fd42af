"""Lines, JSON lines and Parquet; how a source is chosen; what is refused."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amiss.errors import AmissError, ParameterError, SourceError, UnknownPartError
from amiss.part import shelf_of
from amiss.sources import JsonlSource, Limits, LinesSource, ParquetSource, Source, open_source
from amiss.sources.parquet import footer_sizes


# ---------------------------------------------------------------- lines
def test_lines_keep_order_duplicates_blanks_and_every_character(tmp_path: Path) -> None:
    """Only \\n and \\r\\n end a string."""
    strings = ["b", "a", "b", "", "  x ", "one\u2028two\x0bthree\x85", "日本", "e\u0301", "🙂"]
    path = tmp_path / "a.txt"
    for end in ("\n", "\r\n"):
        path.write_bytes(end.join([*strings, ""]).encode())
        assert LinesSource(str(path)).read() == strings
    path.write_bytes("\n".join(strings).encode())
    assert LinesSource(str(path)).read() == strings


def test_lines_say_what_was_found(tmp_path: Path) -> None:
    """Encoding and number."""
    path = tmp_path / "a.txt"
    path.write_bytes("Köln\nLa Coruña\n".encode("cp1252"))
    source = LinesSource(str(path))
    assert source.read() == ["Köln", "La Coruña"]
    assert source.describe() == "Plain lines, Windows-1252, 2 strings"


def test_lines_have_limits(tmp_path: Path) -> None:
    """The line that is too long is named."""
    path = tmp_path / "a.txt"
    path.write_text("a\nbbbb\nc\n")
    with pytest.raises(SourceError, match=r"a.txt line 2 holds 4 or more characters"):
        LinesSource(str(path), limits=Limits(cell_length=3)).read()
    with pytest.raises(SourceError, match=r"At most 2 cells"):
        LinesSource(str(path), limits=Limits(cells=2)).read()


# ---------------------------------------------------------------- JSON lines
def test_json_lines_become_columns(tmp_path: Path) -> None:
    """Keys are columns, a lacking key is missing, types are kept where all agree, numbers lose nothing."""
    rows = [
        {"n": 1, "x": 1.5, "s": "a", "ok": True, "id": 12345678901234567, "list": [1, "é"], "mixed": 1},
        {"n": 2, "x": None, "s": "\ud800", "ok": False, "id": 1, "list": None, "mixed": "b"},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n\n".join(map(json.dumps, rows)))
    source = JsonlSource(str(path))
    columns = source.read()
    assert isinstance(columns, dict)
    assert {name: column.dtype.kind for name, column in columns.items()} == dict(
        zip(rows[0], "ifObOOO", strict=True)
    )
    assert columns["x"].tolist()[0] == 1.5
    assert np.isnan(columns["x"][1])
    assert columns["s"].tolist() == ["a", "\ud800"]
    assert columns["id"].tolist() == ["12345678901234567", "1"]
    assert columns["list"].tolist() == ['[1, "é"]', None]
    assert columns["mixed"].tolist() == ["1", "b"]
    assert source.describe() == "JSON lines, UTF-8, 2 rows x 7 columns"


def test_objects_within_objects_become_columns(tmp_path: Path) -> None:
    """Three names deep; a null object is no column of its own; a note tells; lists stay text."""
    rows = [
        {"id": 1, "user": {"age": 38, "at": {"city": "Bonn", "geo": {"x": 1}}}, "tags": [1]},
        {"id": 2, "user": {"age": 40, "at": None}, "tags": []},
        {"id": 3, "user": None},
        {"id": 4, "user": {}},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    source = JsonlSource(str(path))
    columns = source.read()
    assert isinstance(columns, dict)
    assert list(columns) == ["id", "user.age", "user.at.city", "user.at.geo", "tags"]
    np.testing.assert_array_equal(columns["user.age"], [38, 40, np.nan, np.nan])
    assert columns["user.at.city"].tolist() == ["Bonn", None, None, None]
    assert columns["user.at.geo"].tolist() == ['{"x": 1}', None, None, None]
    assert columns["tags"].tolist() == ["[1]", "[]", None, None]
    assert "Objects within objects were opened into columns: user.age, user.at.city" in source.notes[0]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"user": {"age": 1}, "user.age": 2}, {"user": '{"age": 1}', "user.age": 2}),
        ({"a": {"b.c": 1}, "a.b": {"c": 2}}, {"a": '{"b.c": 1}', "a.b": '{"c": 2}'}),
        ({"a": {"b": 1}, "c": {"d.e": 2}}, {"a.b": 1, "c": '{"d.e": 2}'}),
        ({"a": {}}, {"a": None}),
    ],
)
def test_no_column_takes_the_name_of_another(
    tmp_path: Path, row: dict[str, Any], columns: dict[str, Any]
) -> None:
    """Where the names would meet, the object stays text, and no cell is lost."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row))
    read = JsonlSource(str(path)).read()
    assert isinstance(read, dict)
    assert {name: column.tolist()[0] for name, column in read.items()} == columns


def test_an_array_of_objects_and_a_list_of_strings_are_read(tmp_path: Path) -> None:
    """A file that is one array; a string a line."""
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1},\n {"a": 2}]')
    assert JsonlSource(str(path)).read()["a"].tolist() == [1, 2]  # type: ignore[call-overload,union-attr]
    path.write_text('"x"\n"y"\n')
    assert JsonlSource(str(path)).read() == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a":1}\n{"a":\n', r"a.jsonl line 2, column 6 is not JSON: Expecting value\. Legal"),
        ('{"a":1}\n3\n', r"a.jsonl line 2 holds a number, not an object"),
        ("{}\n{}\n", "objects without keys"),
        ("[]", "an empty array"),
        ("[" * 100_000, "line 1 cannot be read: .*nested fewer than 1,000 deep"),
        ('{"a": ' + "9" * 5000 + "}", "line 1 cannot be read: .*fewer than 4,300 digits"),
        ("", "is empty"),
    ],
)
def test_what_is_no_json_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Line and column of the first fault."""
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(SourceError, match=message):
        JsonlSource(str(path)).read()


# ---------------------------------------------------------------- Parquet
@pytest.fixture
def frame() -> pl.DataFrame:
    """Return columns of many types."""
    return pl.DataFrame(
        {
            "n": [1, 2, None],
            "x": [1.5, float("nan"), -0.0],
            "s": ["a", None, "\x00é"],
            "ok": [True, None, False],
            "day": pl.Series(["2020-01-01", None, "2020-02-29"]).str.to_date(),
        }
    )


@pytest.mark.parametrize("compression", ["zstd", "gzip", "snappy", "uncompressed"])
def test_parquet_is_read(tmp_path: Path, frame: pl.DataFrame, compression: str) -> None:
    """As polars wrote it, columns chosen by name."""
    path = tmp_path / "a.parquet"
    frame.write_parquet(path, compression=compression)  # type: ignore[arg-type]
    source = open_source(str(path))
    assert frame.equals(source.read())  # type: ignore[arg-type]
    assert source.describe() == "Parquet, 3 rows x 5 columns"
    assert open_source(str(path), columns=["s", "n"]).read().columns == ["s", "n"]  # type: ignore[union-attr]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_the_footer_is_read_as_arrow_reads_it(compression: str) -> None:
    """The sizes found by our reading of the footer are those that Arrow finds, for several row groups."""
    table = pa.table(
        {"a": list(range(5000)), "b": [f"text {k % 7}" for k in range(5000)], "c": [[1, 2]] * 5000}
    )
    out = io.BytesIO()
    pq.write_table(table, out, compression=compression, row_group_size=1200)
    meta = pq.read_metadata(io.BytesIO(out.getvalue()))
    chunks = [
        meta.row_group(group).column(column)
        for group in range(meta.num_row_groups)
        for column in range(meta.num_columns)
    ]
    assert footer_sizes(out.getvalue()) == (
        5000,
        sum(chunk.num_values for chunk in chunks),
        sum(chunk.total_compressed_size for chunk in chunks),
        sum(chunk.total_uncompressed_size for chunk in chunks),
    )


def test_a_small_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """Compressed pages, runs of one value, one long text repeated: each is stopped."""
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({"a": ["x" * 50_000 + str(k) for k in range(2000)]}).write_parquet(path, compression="zstd")
    assert path.stat().st_size < 500_000
    with pytest.raises(SourceError, match=r"unpacks from [\d,]+ to 100,\d{3},\d{3} or more bytes"):
        ParquetSource(str(path)).read()
    pq.write_table(pa.table({"a": pa.repeat(7, 3_000_000)}), path)
    with pytest.raises(SourceError, match="holds 3,000,000 or more rows"):
        ParquetSource(str(path), limits=Limits(cells=1_000_000)).read()
    texts = pa.repeat(pa.scalar("y" * 90_000), 2000).dictionary_encode()
    pq.write_table(pa.table({"a": texts.cast(pa.string())}), path)
    with pytest.raises(SourceError, match=r"unpacks from [\d,]+ to 180,000,000 or more bytes"):
        ParquetSource(str(path)).read()
    pl.DataFrame({"a": ["z" * 200_000]}).write_parquet(path)
    with pytest.raises(SourceError, match=r"column 'a', holds 200,000 or more characters"):
        ParquetSource(str(path)).read()


def test_parquet_cut_off_anywhere_is_refused(tmp_path: Path, frame: pl.DataFrame) -> None:
    """Every shorter file is a sentence, not a traceback."""
    out = io.BytesIO()
    frame.write_parquet(out)
    path = tmp_path / "a.parquet"
    for size in range(0, len(out.getvalue()), 7):
        path.write_bytes(out.getvalue()[:size])
        with pytest.raises(SourceError, match=r"is empty|no whole Parquet file"):
            ParquetSource(str(path)).read()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(data=st.data())
def test_a_footer_with_flipped_bits_is_read_or_refused(
    tmp_path: Path, frame: pl.DataFrame, data: st.DataObject
) -> None:
    """Never another error."""
    out = io.BytesIO()
    frame.write_parquet(out)
    content = bytearray(out.getvalue())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    at = data.draw(st.integers(footer, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with suppress(SourceError):
        assert ParquetSource(str(path)).read().height > 0


def test_an_empty_frame_is_refused(tmp_path: Path) -> None:
    """Columns without rows are no data."""
    pl.DataFrame({"a": []}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="holds 0 rows x 1 column"):
        ParquetSource(str(tmp_path / "a.parquet")).read()


# ---------------------------------------------------------------- choosing
@pytest.mark.parametrize(
    ("name", "content", "chosen"),
    [
        ("a.csv", b"a,b\n1,2\n", "csv"),
        ("a.TSV", b"a\tb\n1\t2\n", "csv"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "csv"),
        ("a.txt", b"a,b\n1,2\n", "lines"),
        ("a.jsonl.gz", gzip.compress(b'{"a":1}\n', mtime=0), "jsonl"),
        ("a.ndjson", b'{"a":1}\n', "jsonl"),
        ("table", b"a|b\n1|2\n", "csv"),
        ("strings", b"one\ntwo words\nthree\n", "lines"),
        ("objects", b' {"a":1}\n', "jsonl"),
        ("array", b'[{"a":1}]\n', "jsonl"),
        ("wide", "a;b\n1;2\n".encode("utf-16"), "csv"),
    ],
)
def test_a_source_is_chosen_by_ending_then_by_content(
    tmp_path: Path, name: str, content: bytes, chosen: str
) -> None:
    """The ending decides, in any case and under .gz; without one the content does."""
    path = tmp_path / name
    path.write_bytes(content)
    source = open_source(str(path))
    assert source.name == chosen
    assert len(source.read()) > 0


def test_a_format_can_be_told(tmp_path: Path) -> None:
    """With parameters in its name or beside it; None is not said."""
    path = tmp_path / "a.txt"
    path.write_text("a^b\n1^2\n")
    for source in (
        open_source(str(path), "csv:delimiter=^"),
        open_source(str(path), "csv", delimiter="^", quote=None),
    ):
        assert list(source.read()) == ["a", "b"]


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", gzip.compress(b"a,b\n1,2\n", mtime=0), b'{"a":1,"b":2}\n']
)
def test_standard_input_is_read_once_and_its_format_found(content: bytes) -> None:
    """The place is called -."""
    code = (
        "from amiss.sources import open_source as o; print({k: v.tolist() for k, v in o('-').read().items()})"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"{'a': [1], 'b': [2]}\n", b"")


def test_what_is_not_there_is_said_with_what_was_meant(tmp_path: Path) -> None:
    """Files, folders, addresses, formats and options that are not known."""
    (tmp_path / "orders.csv").write_text("a\n1\n")
    cases: list[tuple[str, dict[str, str], type[AmissError], str]] = [
        ("ordrs.csv", {}, SourceError, r"There is no file '.*ordrs\.csv'.*Did you mean '.*orders\.csv'\?"),
        ("no/x.csv", {}, SourceError, "nor the folder"),
        (".", {}, SourceError, r"is a folder\. Name a file in it, such as '.*orders\.csv'"),
        ("a\0b", {}, SourceError, "cannot be read: embedded null byte"),
        ("orders.csv", {"format": "cvs"}, UnknownPartError, r"Known: csv, jsonl, .*Did you mean 'csv'\?"),
        (
            "orders.csv",
            {"delimter": ";"},
            ParameterError,
            r"'delimter' means nothing .* Its options: columns, del",
        ),
        ("orders.csv", {"format": "jsonl"}, SourceError, "line 1, column 1 is not JSON"),
    ]
    for name, options, kind, message in cases:
        with pytest.raises(kind, match=message):
            open_source(str(tmp_path / name), **options).read()  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=r"http:// are not read\. Legal: sqlite, postgresql"):
        open_source("http://example.org/a.csv")
    with pytest.raises(ParameterError, match="A URL is read by the source 'sql'"):
        open_source("sqlite:///a.db", "csv")


def test_every_source_states_limits_and_is_spelt_by_its_name() -> None:
    """Whatever stands on the shelf can be asked for by name, and has a way to stop."""
    assert list(shelf_of(Source)) == ["csv", "jsonl", "lines", "parquet", "sql"]
    for name, part in shelf_of(Source).items():
        assert part().spec() == name
        assert part.parameter_defaults()["limits"] == Limits()
        assert part.__doc__


def test_limits_are_whole_numbers_from_one() -> None:
    """As options spell them, and as parameters."""
    assert Limits.of(["bytes=5G", "cell_length=20k", "ratio=3"]) == Limits(
        5 * 10**9, cell_length=20_000, ratio=3
    )
    for wrong in ("bytes", "bites=3", "bytes=-1", "bytes=1.5G", "bytes=3T", "bytes=5kk"):
        with pytest.raises(ParameterError, match=r"is not known\. Legal: NAME=NUMBER"):
            Limits.of([wrong])
    with pytest.raises(ParameterError, match="cells=0 is not legal"):
        Limits(cells=0)
