"""Delimited text is read as it was meant, and what is wrong is named with its line."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amiss.errors import ParameterError, SourceError
from amiss.sources import CsvSource, Limits, open_source


def read(folder: Path, content: str | bytes, **options: Any) -> tuple[dict[str, list[Any]], str]:
    """Return the columns as lists, and what the source says of the file."""
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = CsvSource(str(path), **options)
    columns = source.read()
    return {name: column.tolist() for name, column in columns.items()}, source.describe()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~", "\x1f", "\x01"])
def test_the_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    """Any usual delimiter is found, and quoted cells may hold it."""
    text = f'id{mark}name{mark}v\n1{mark}"a{mark}b"{mark}0.5\n2{mark}c d{mark}1.5\n'
    assert read(tmp_path, text)[0] == {"id": [1, 2], "name": [f"a{mark}b", "c d"], "v": [0.5, 1.5]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a;b\n1,5;2\n0,25;3\n",
            "CSV, semicolon separated, decimal comma, UTF-8, header found, 2 rows x 2 columns",
        ),
        ("a\tb\n1\tx\n", "TSV, tab separated, UTF-8, header found, 1 row x 2 columns"),
        ("1,2\n3,4\n", "CSV, comma separated, UTF-8, no header, 2 rows x 2 columns"),
        ("serial\nA1\nA2\n", "CSV, one column, UTF-8, header found, 2 rows x 1 column"),
        ("x  y z\n1   2 3\n4 5 6\n", "CSV, space separated, UTF-8, header found, 2 rows x 3 columns"),
    ],
)
def test_what_was_found_is_said(tmp_path: Path, text: str, says: str) -> None:
    """Delimiter, decimal mark, encoding, header and size stand in one line."""
    assert read(tmp_path, text)[1] == says


@pytest.mark.parametrize(
    ("rows", "headed"),
    [
        (["country,n", "DE,1", "FR,2"], True),
        (["DE,1", "FR,2"], False),
        (["day,v", "2020-01-01,x", "2020-01-02,y"], True),
        (["country,2019,2020,2021", "DE,1.5,2,3", "FR,4,5,6"], True),
        (["5,6,7.5", "1,2,3.5"], False),
        (["name,town", "Ann,Bonn", "Bob,Kiel"], True),
        (["DE,Bonn", "FR,Paris", "DE,Kiel"], False),
        (["AB12-1C", "AB13-1D", "AB99-7X"], False),
        (["serial", "AB13-1D", "AB99-7X"], True),
        ([",a,b", "0,1,x", "1,2,y"], True),
    ],
)
def test_the_header_is_found(tmp_path: Path, rows: list[str], headed: bool) -> None:
    """The first row names the columns or is data, by what stands below it."""
    assert ("header found" in read(tmp_path, "\n".join(rows))[1]) is headed


def test_the_header_can_be_told(tmp_path: Path) -> None:
    """What is said counts, whatever the rows look like."""
    assert read(tmp_path, "a,b\nc,d\n", header="no")[0] == {"column 1": ["a", "c"], "column 2": ["b", "d"]}
    assert read(tmp_path, "1,2\n3,4\n", header="yes")[0] == {"1": [3], "2": [4]}


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with byte order mark"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, says: str) -> None:
    """Letters with accents come out right from each."""
    columns, found = read(tmp_path, "name,town\nJosé,Köln\nZoë,Málaga\n".encode(encoding))
    assert columns == {"name": ["José", "Zoë"], "town": ["Köln", "Málaga"]}
    assert f", {says}, " in found


def test_a_byte_that_windows_1252_lacks_is_read_as_latin_1(tmp_path: Path) -> None:
    """Every file of single bytes can be read."""
    assert "Latin-1" in read(tmp_path, b"name,n\nJos\xe9\x81,1\n")[1]


def test_a_broken_byte_in_utf_8_is_shown_not_hidden(tmp_path: Path) -> None:
    """One bad byte does not turn the whole text into another encoding, and can be found as an anomaly."""
    path = tmp_path / "a.csv"
    path.write_bytes("name,n\nJosé,1\nKöln,2\n".encode() + b"Zo\xeb,3\n")
    source = CsvSource(str(path))
    assert source.read()["name"].tolist() == ["José", "Köln", r"Zo\xeb"]
    assert source.notes == (f"Bytes that are not UTF-8 are shown as \\xe9 and the like: 1 in {path}.",)


def test_an_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    """What was said and is wrong is an error with its place."""
    with pytest.raises(SourceError, match=r"data.csv line 3 holds the byte 0xe9, which is not utf-8\. Leave"):
        read(tmp_path, b"a\nb\nJos\xe9\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["1", "2"], np.array([1, 2])),
        (["-1.5", "2."], np.array([-1.5, 2.0])),
        (["1", ""], np.array([1.0, np.nan])),
        (["1e+05", "2.5E-3"], np.array([1e5, 2.5e-3])),
        (["-0", "1"], np.array([-0.0, 1.0])),
        (["123456789012345", "1"], np.array([123456789012345, 1])),
        (["0.1234567890123456789", "1"], np.array([0.1234567890123456789, 1.0])),
    ],
)
def test_plain_numbers_are_numbers(tmp_path: Path, cells: list[str], column: np.ndarray[Any, Any]) -> None:
    """A column all of whose cells are plain numbers is numeric, missing cells aside."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["v,w", *(f"{cell},x" for cell in cells)]))
    got = CsvSource(str(path)).read()["v"]
    assert got.dtype == column.dtype
    assert got.tobytes() == column.tobytes()


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "1"],
        ["-01", "1"],
        ["1e5", "2e7"],
        ["1e5", "ab"],
        ["1234567890123456", "1"],
        ["+49171", "+49172"],
        ["1_000", "2"],
        ["nan", "1"],
        ["inf", "1"],
        ["1e+999", "1"],
        [" 1", "2"],
        ["١", "٢"],
        ["1-2", "3"],
        ["0x1f", "2"],
        ["-", "1"],
    ],
)
def test_what_would_lose_something_as_a_number_stays_text(tmp_path: Path, cells: list[str]) -> None:
    """Codes, identifiers, odd spellings and infinities are kept letter by letter."""
    assert read(tmp_path, "\n".join(["v,w", *(f"{cell},x" for cell in cells)]), header="yes")[0]["v"] == cells


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (["3,14", "2"], [3.14, 2.0]),
        (["0,125", "1,250"], [0.125, 1.25]),
        (["1,234", "5,678"], ["1,234", "5,678"]),
        (["1.234,50", "2,5"], ["1.234,50", "2,5"]),
        (["3,14", "x"], ["3,14", "x"]),
    ],
)
def test_a_decimal_comma_is_read_where_there_is_no_doubt(
    tmp_path: Path, cells: list[str], column: list[Any]
) -> None:
    """3,14 is a number, 1,234 may be either and stays as it is."""
    assert read(tmp_path, "\n".join(["v;w", *(f"{cell};x" for cell in cells)]))[0]["v"] == column


def test_the_decimal_comma_can_be_told(tmp_path: Path) -> None:
    """Where it is said, 1,234 is one and a bit."""
    assert read(tmp_path, "v;w\n1,234;x\n5,678;y\n", decimal=",")[0]["v"] == [1.234, 5.678]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(tmp_path: Path, end: str) -> None:
    """Unix, Windows and old Macintosh."""
    assert read(tmp_path, end.join(["a,b", "1,x", "2,y", ""]).encode())[0] == {"a": [1, 2], "b": ["x", "y"]}


def test_quoted_cells_hold_lines_quotes_and_delimiters(tmp_path: Path) -> None:
    """What is quoted is one cell."""
    columns, _ = read(tmp_path, 'a,b\n1,"x\ny, ""z"""\n2,"w"\n')
    assert columns == {"a": [1, 2], "b": ['x\ny, "z"', "w"]}


def test_other_ways_of_writing_are_found(tmp_path: Path) -> None:
    """A blank after each delimiter, single quotation marks, a delimiter at the end of each line."""
    assert read(tmp_path, 'a, b\n1, "x, y"\n2, "z"\n')[0] == {"a": [1, 2], "b": ["x, y", "z"]}
    assert read(tmp_path, "a,b\n'x, y',1\n'z',2\n")[0] == {"a": ["x, y", "z"], "b": [1, 2]}
    for text in ("a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "a,b\n1,2\n3,4,\n"):
        assert read(tmp_path, text)[0] == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sep=;\na;b\n1;2\n", {"a": [1], "b": [2]}),
        ("# exported, by me\n#\na,b\n1,2\n", {"a": [1], "b": [2]}),
        ("#id\tname\n1\tx\n", {"#id": [1], "name": ["x"]}),
        ("# note\n#id,name\n1,x\n", {"#id": [1], "name": ["x"]}),
        ("# note\nserial\nA1\n", {"serial": ["A1"]}),
        ("#ff0000\n#00ff00\nred\n", {"column 1": ["#ff0000", "#00ff00", "red"]}),
        ("\n\na,b\n1,2\n", {"a": [1], "b": [2]}),
    ],
)
def test_what_stands_above_the_table_is_passed_over(
    tmp_path: Path, text: str, columns: dict[str, list[Any]]
) -> None:
    """Comments and Excel's sep=, but no header and no list that starts with #."""
    assert read(tmp_path, text, header="no" if "column 1" in columns else "auto")[0] == columns


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    """What is passed over counts; and it is said that it was."""
    with pytest.raises(SourceError, match=r"data.csv line 5 has 1 cell"):
        read(tmp_path, "# one\n# two\na,b\n1,2\n3\n")
    path = tmp_path / "a.csv"
    path.write_text("# one\n# two\na,b\n1,2\n")
    source = CsvSource(str(path))
    source.read()
    assert source.notes == ("Lines of comment above the table are passed over: 2.",)


def test_quotation_marks_can_be_text(tmp_path: Path) -> None:
    """With quote= an inch sign is a sign like any other."""
    assert read(tmp_path, 'size,n\n"5,1\n"6,2\n', quote="")[0] == {"size": ['"5', '"6'], "n": [1, 2]}


def test_names_are_made_different(tmp_path: Path) -> None:
    """Twice the same name, or none: each column still has a name of its own, and it is said."""
    path = tmp_path / "a.csv"
    path.write_text("a,a,,a (2)\n1,2,3,4\n")
    source = CsvSource(str(path), header="yes")
    assert list(source.read()) == ["a", "a (2)", "column 3", "a (2) (2)"]
    assert source.notes[0] == "Column 2 is called 'a (2)': the header names 'a' before."


def test_a_nul_in_a_cell_is_shown(tmp_path: Path) -> None:
    """It is what is amiss in that cell, not a reason to stop."""
    assert read(tmp_path, "a,b\nx\0y,1\nz,2\n")[0] == {"a": [r"x\x00y", "z"], "b": [1, 2]}


def test_an_empty_line_is_a_missing_cell_only_in_a_single_column(tmp_path: Path) -> None:
    """Rows keep their place; at the end an empty line is none."""
    assert read(tmp_path, "a,b\n1,2\n\n3,4\n\n")[0] == {"a": [1, 3], "b": [2, 4]}
    assert read(tmp_path, "serial\nA\n\nB\n\n\n")[0] == {"serial": ["A", None, "B"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,b\n", r"holds a header \(a, b\) and no rows"),
        ("a,b\n1,2\n3\n4,5\n", r"data.csv line 3 has 1 cell, the header has 2\. All rows must"),
        (
            "a,b\n1,2\n3,4,5\n",
            r"data.csv line 3 has 3 cells, the header has 2\. .* holds a comma in quotation marks",
        ),
        ('a,b\n1,"x\ny"\n3,4\n5\n', r"data.csv line 5 has 1 cell"),
        (
            'a,b\n1,2\n1,"x\ny",3\n5,6\n',
            r"data.csv lines 3 to 4 has 3 cells.* Close the quotation mark in line 3",
        ),
        (
            'a,b\n1,"x\n2,y\n3,z\n',
            r"data.csv line 2 opens a quotation mark that is never closed\. Close it, or say",
        ),
        ("1,2\n3\n", r"data.csv line 2 has 1 cell, the first row has 2"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """One sentence of fact, what is legal, what to do."""
    with pytest.raises(SourceError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "a ZIP archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
        (b"%PDF-1.4", "a PDF document"),
        (b"PAR1....PAR1", "a Parquet file"),
        (bytes(range(32)) * 20, "binary data, not text: name its encoding"),
        (b"a,b\n" * 500 + bytes(range(1, 9)), "binary data, not text: name its encoding"),
    ],
)
def test_what_is_no_text_is_refused_by_its_kind(tmp_path: Path, content: bytes, words: str) -> None:
    """A file of another kind under the ending of this one."""
    with pytest.raises(SourceError, match=words):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": "ab"},
        {"delimiter": ""},
        {"quote": "''"},
        {"header": "maybe"},
        {"decimal": "x"},
        {"encoding": "klingon"},
    ],
)
def test_parameters_out_of_their_values_are_refused(tmp_path: Path, options: dict[str, str]) -> None:
    """What is legal stands in the message."""
    with pytest.raises(ParameterError, match="Legal: "):
        read(tmp_path, "a,b\n1,2\n", **options)


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    """In the order asked for; a column that is not there is named with those that are."""
    assert list(read(tmp_path, "a,b,c\n1,2,3\n", columns=["c", "a"])[0]) == ["c", "a"]
    with pytest.raises(SourceError, match=r"has no column 'd'\. Its columns: a, b, c\."):
        read(tmp_path, "a,b,c\n1,2,3\n", columns=["d"])


def test_limits_stop_a_file_that_is_too_large(tmp_path: Path) -> None:
    """Bytes, cells and the length of a cell: each says how to raise it, and then it is read."""
    text = "a,b\n" + "1,xyz\n" * 2000
    for limits, message in [
        (Limits(bytes=100), r"holds 101 or more bytes\. At most 100 are read\. Raise .*: bytes=101"),
        (Limits(cells=1500), r"holds 1,000 or more rows of 2 columns\. At most 1,500"),
        (Limits(cell_length=2), r"holds 3 or more characters in one cell\. At most 2"),
    ]:
        with pytest.raises(SourceError, match=message):
            read(tmp_path, text, limits=limits)
    assert len(read(tmp_path, text, limits=Limits(bytes=20_000, cells=4000, cell_length=3))[0]["a"]) == 2000


def test_a_cell_longer_than_the_csv_module_takes_is_read_when_asked_for(tmp_path: Path) -> None:
    """The module's own limit is put back afterwards."""
    text = "a,b\n1," + "x" * 200_000 + "\n"
    before = csv.field_size_limit()
    with pytest.raises(
        SourceError, match=r"line 2 starts a cell of more than 131,072 characters.*cell_length"
    ):
        read(tmp_path, text)
    assert len(read(tmp_path, text, limits=Limits(cell_length=300_000))[0]["b"][0]) == 200_000
    assert csv.field_size_limit() == before


def test_gzip_is_unpacked_but_no_bomb(tmp_path: Path) -> None:
    """Several members are one file; what unpacks without end is stopped; what is cut off is said."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n", mtime=0) + gzip.compress(b"3,4\n", mtime=0))
    assert open_source(str(path)).read()["a"].tolist() == [1, 3]  # type: ignore[call-overload,union-attr]
    path.write_bytes(gzip.compress(b"a,b\n1,2\n", mtime=0)[:-12])
    with pytest.raises(SourceError, match="is cut off"):
        open_source(str(path)).read()
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 20_000_000, compresslevel=9, mtime=0))
    with pytest.raises(
        SourceError, match=r"unpacks from [\d,]+ to [\d,]+ or more bytes, as few honest files do"
    ):
        open_source(str(path)).read()


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_whatever_the_csv_module_wrote_is_read_back(
    tmp_path: Path, rows: list[tuple[str, ...]], mark: str
) -> None:
    """With delimiter and header told, every cell comes back: its text, its number, None where empty."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([["first", "second", "third"], *rows])
    columns, _ = read(tmp_path, out.getvalue(), delimiter=mark, header="yes", decimal=".", encoding="utf-8")
    for position, column in enumerate(columns.values()):
        wanted = [row[position] for row in rows]
        if all(isinstance(cell, str) or cell is None for cell in column):
            assert column == [cell or None for cell in wanted]
        else:
            assert np.array_equal(
                column, [float(cell) if cell else np.nan for cell in wanted], equal_nan=True
            )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    """Never another error, whatever the file holds."""
    with suppress(SourceError):
        columns, _ = read(tmp_path, content)
        assert len({len(column) for column in columns.values()}) == 1
