"""Answers are written whole, can be read back, and run nothing where they are opened."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amiss.detection import Anomaly, Cause, Detection, TableEvidence
from amiss.errors import ParameterError, SinkError, UnknownPartError
from amiss.part import shelf_of
from amiss.sinks import CsvSink, Sink, choose_sink
from amiss.sources import Limits, open_source

HOSTILE = [
    '=HYPERLINK("x")',
    "+49",
    "-x",
    "@home",
    "\tx",
    "\rx",
    "＝1",
    "a,b",
    'say "hi"',
    "two\nlines",
    "é日🙂",
    "",
]


def detection(native: Any, items: int, flagged: tuple[int, ...] = (1,), kind: str = "table") -> Detection:
    """Return an answer about ``items`` items of which some are flagged."""
    scores = np.linspace(0.5, 1.5, items)
    flags = np.isin(np.arange(items), flagged)
    anomalies = tuple(
        Anomaly(
            at,
            f"row {at}",
            3.5,
            0.001,
            (Cause("amount\x00<&", "9800\ud800", "90 to 160", 0.83, "9800, expected"),),
        )
        for at in flagged
    )
    evidence = TableEvidence(
        ("amount",), np.array(flagged, int), [["9800"] for _ in flagged], np.ones((len(flagged), 1))
    )
    return Detection(kind, "row", scores, 2.0, scores / 10, flags, anomalies, 0.001, evidence, native=native)


def table() -> dict[str, Any]:
    """Return columns of every kind that sources give."""
    size = len(HOSTILE)
    return {
        "whole": np.arange(size),
        "real": np.array([0.1, np.nan, -2.5, 1e300, 5e-324, *np.arange(size - 5.0)]),
        "=text": np.array([text or None for text in HOSTILE], object),
        "moment": np.array(["2026-03-01T14:05", "NaT"] * (size // 2), "datetime64[us]"),
        "flag": np.arange(size) % 2 == 0,
        "score": np.arange(size) + 0.5,
    }


# ---------------------------------------------------------------- round trips
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_sources_read_what_sinks_wrote(tmp_path: Path, ending: str) -> None:
    """Every column comes back: the numbers exactly, the text but for the apostrophe that disarms it."""
    data = table()
    path = tmp_path / f"answer{ending}"
    answer = detection(data, len(HOSTILE))
    choose_sink(path).write(answer, path)
    read: Any = open_source(str(path)).read()
    back = {name: list(read[name]) for name in (read.columns if isinstance(read, pl.DataFrame) else read)}
    text = "'=text" if ending in {".csv", ".tsv"} else "=text"
    disarmed = [f"'{cell}" if cell[:1] in set("=+-@\t\r＝") else cell for cell in HOSTILE]
    disarmed[1] = "+49"  # a number
    assert list(back) == [
        "whole",
        "real",
        text,
        "moment",
        "flag",
        "score",
        "amiss_score",
        "p_value",
        "anomalous",
        "causes",
    ]
    assert back["whole"] == data["whole"].tolist()
    assert [x for x in back["real"] if x is not None and x == x] == [x for x in data["real"] if x == x]
    assert [x or "" for x in back[text]] == (disarmed if text != "=text" else HOSTILE)
    assert str(back["moment"][0]).replace(" ", "T") == "2026-03-01T14:05:00"
    assert back["moment"][1] is None
    assert [str(x).lower() for x in back["flag"]] == ["true", "false"] * (len(HOSTILE) // 2)
    assert back["amiss_score"] == (answer.scores / 2).tolist()
    assert back["p_value"] == answer.p_values.tolist()
    assert [str(x).lower() for x in back["anomalous"]] == [str(x).lower() for x in answer.flags]
    assert "9800, expected (83%)" in back["causes"][1]
    assert not back["causes"][0]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    ("native", "columns"),
    [
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), {"a": [1, 2], "b": ["x", None]}),
        (pl.DataFrame({"a": [1, 2], "b": ["x", None]}), {"a": [1, 2], "b": ["x", None]}),
        (pl.LazyFrame({"a": [1, 2], "b": ["x", None]}), {"a": [1, 2], "b": ["x", None]}),
        (pa.table({"a": [1, 2], "b": ["x", None]}), {"a": [1, 2], "b": ["x", None]}),
        (np.array([[1.0, 2.5], [3.0, 4.5]]), {"x0": [1, 3], "x1": [2.5, 4.5]}),
        ([[1, "x"], [2, "y"]], {"x0": [1, 2], "x1": ["x", "y"]}),
        ([{"a": 1}, {"a": 2}], {"a": [1, 2]}),
        (["x", "y"], {"text": ["x", "y"]}),
        (pd.Series(["x", "y"], index=[7, 8]), {"text": ["x", "y"]}),
        (pl.Series(["x", "y"]), {"text": ["x", "y"]}),
        (np.array(["x", "y"]), {"text": ["x", "y"]}),
        (None, {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_data_of_every_kind_is_written_beside_the_answer(
    tmp_path: Path, native: Any, columns: dict[str, list[Any]], ending: str
) -> None:
    """Whatever the caller gave, its columns come first."""
    path = tmp_path / f"answer{ending}"
    choose_sink(path).write(detection(native, 2, kind="strings"), path)
    read: Any = open_source(str(path)).read()
    back = {name: list(read[name]) for name in (read.columns if isinstance(read, pl.DataFrame) else read)}
    assert list(back) == [*columns, "score", "p_value", "anomalous", "causes"]
    assert {name: back[name] for name in columns} == columns


def test_a_polars_frame_keeps_its_types_in_parquet(tmp_path: Path) -> None:
    """Categories, decimals and dates as they were."""
    frame = pl.DataFrame(
        {
            "c": pl.Series(["a", "b"], dtype=pl.Categorical),
            "d": pl.Series(["1.10", "2.2"]).cast(pl.Decimal(10, 2)),
        }
    )
    choose_sink("a.parquet").write(detection(frame, 2), tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").select("c", "d").equals(frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(), min_size=2, max_size=6))
def test_any_text_is_written_as_json_and_parquet_and_read_back(tmp_path: Path, texts: list[str]) -> None:
    """Controls, quotes, other scripts; lone surrogates too, in Parquet as their escape."""
    answer = detection(texts, len(texts), kind="strings")
    for ending in (".jsonl", ".parquet"):
        path = tmp_path / f"a{ending}"
        choose_sink(path).write(answer, path)
        read: Any = open_source(str(path)).read()
        escaped = [text.encode("utf-8", "backslashreplace").decode() for text in texts]
        assert list(read["text"]) == (texts if ending == ".jsonl" else escaped)


# ---------------------------------------------------------------- CSV
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.text(st.sampled_from("=+-@\t\r\n＝1.e \"',a")), min_size=2, max_size=6),
    st.text("=+-@\tab", min_size=1),
)
def test_no_cell_of_a_csv_file_can_be_run(tmp_path: Path, texts: list[str], name: str) -> None:
    """Names, values and causes: a cell starts with none of = + - @ TAB CR unless it is a plain number."""
    path = tmp_path / "a.csv"
    CsvSink().write(detection({name: np.array(texts, object)}, len(texts)), path)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            for cell in row:
                assert cell[:1] not in set("=+-@\t\r\n＝") or re.fullmatch(r"[+-][\d.,]+(e[+-]?\d+)?", cell)


def test_the_delimiter_is_a_tab_for_tsv_or_what_was_asked(tmp_path: Path) -> None:
    """By ending, by name, by character."""
    answer = detection({"a": np.array([1, 2])}, 2)
    for name, sink, head in [
        ("a.tsv", CsvSink(), "a\tscore\t"),
        ("a.csv", CsvSink("semicolon"), "a;score;"),
        ("a.tsv", CsvSink("|"), "a|score|"),
    ]:
        sink.write(answer, tmp_path / name)
        assert (tmp_path / name).read_text().startswith(head)
    with pytest.raises(ParameterError, match="delimiter='ab' is not legal"):
        CsvSink("ab").write(answer, tmp_path / "a.csv")


# ---------------------------------------------------------------- JUnit, HTML
def test_junit_has_a_failed_test_for_each_anomaly(tmp_path: Path) -> None:
    """It is XML whatever the cells hold; the counts are right; the verdict is a test of its own."""
    path = tmp_path / "a.xml"
    choose_sink(path).write(detection(None, 20, flagged=(1, 5)), path)
    suite = ET.parse(path).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))) == (
        "3",
        "3",
        3,
    )
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["verdict", "row 1", "row 5"]
    failure = cases[1].find("failure")
    assert failure is not None
    assert "row 1: 3.5 x the limit, p 0.001" in str(failure.get("message"))
    assert failure.text == r"amount\x00<&: seen 9800\ud800, expected 90 to 160"


def test_junit_passes_where_nothing_is_amiss(tmp_path: Path) -> None:
    """One test, which passed."""
    path = tmp_path / "a.xml"
    choose_sink(path).write(detection(None, 20, flagged=()), path)
    root = ET.parse(path).getroot()
    assert [case.get("name") for case in root.iter("testcase")] == ["verdict"]
    assert not list(root.iter("failure"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(), st.text())
def test_junit_is_xml_whatever_the_text(tmp_path: Path, label: str, seen: str) -> None:
    """Any character in any place."""
    answer = detection(None, 2)
    hostile = Anomaly(1, label, 2.0, 0.01, (Cause(label, seen, seen, 1.0, seen),))
    path = tmp_path / "a.xml"
    choose_sink(path).write(Detection(**{**vars(answer), "anomalies": (hostile,), "notes": (seen,)}), path)
    assert len(list(ET.parse(path).getroot().iter("testcase"))) == 2


# ---------------------------------------------------------------- choosing, faults
def test_a_sink_is_chosen_by_ending_or_by_name() -> None:
    """What is legal stands in the message."""
    chosen = {
        "a.CSV": "csv",
        "a.tsv": "csv",
        "a.parquet": "parquet",
        "a.jsonl": "jsonl",
        "a.xml": "junit",
        "a.html": "html",
    }
    assert {path: choose_sink(path).name for path in chosen} == chosen
    assert choose_sink("report", "junit").name == "junit"
    with pytest.raises(
        SinkError, match=r"The ending '\.pdf' of 'a\.pdf' says no format\. Legal: \.csv, \.tsv, "
    ):
        choose_sink("a.pdf")
    with pytest.raises(UnknownPartError, match="Did you mean 'junit'"):
        choose_sink("a", "junitt")


@pytest.mark.parametrize("name", list(shelf_of(Sink)))
def test_a_file_that_cannot_be_written_is_said_and_the_old_one_stays(tmp_path: Path, name: str) -> None:
    """A folder that is not there; a folder in its place; a disk that is full: nothing is left behind."""
    answer = detection({"a": np.array(["x" * 50] * 500, object)}, 500)
    sink = choose_sink("", name)
    for path in (tmp_path / "no" / "a", tmp_path, "a\0b"):
        with pytest.raises(SinkError, match=r"cannot be written: .* Give a file in a folder that is there"):
            sink.write(answer, path)
    (tmp_path / "a").write_bytes(b"old")
    old = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, old[0][1]))
    try:
        with pytest.raises(SinkError, match="cannot be written: File too large"):
            sink.write(answer, tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old[0])
        signal.signal(signal.SIGXFSZ, old[1])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


def test_standard_output_is_a_place() -> None:
    """- as everywhere on a command line."""
    code = (
        "import numpy as np\n"
        "from amiss.detection import Detection\n"
        "from amiss.sinks import JsonlSink\n"
        "n = np.array([0.5])\n"
        "JsonlSink().write(Detection('table', 'row', n, 1.0, n, n > 1, (), 0.1, None, native={'a': n}), '-')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == {
        "a": 0.5,
        "score": 0.5,
        "p_value": 0.5,
        "anomalous": False,
        "causes": "",
    }


def test_a_long_answer_is_read_back_row_by_row(tmp_path: Path) -> None:
    """Beyond one chunk nothing is lost or twice."""
    data = {"n": np.arange(25_000)}
    for ending in (".csv", ".jsonl"):
        path = tmp_path / f"a{ending}"
        choose_sink(path).write(detection(data, 25_000), path)
        read: Any = open_source(str(path), limits=Limits()).read()
        assert np.array_equal(read["n"], data["n"])
        assert os.listdir(tmp_path).count(path.name) == 1
