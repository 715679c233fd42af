"""A job in parts says what the same job says in memory, however it is cut, read and shared out."""

from __future__ import annotations

import json
import pathlib
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amiss import detect_large, load, save, write_report
from amiss.clusters import LocalCluster, Work
from amiss.detectors.base import Detector
from amiss.errors import ParameterError, SinkError
from amiss.large.folder import JobFolder
from amiss.large.memory import jobs_for, least_bytes, plan
from amiss.partitions import find_partitions
from amiss.report.page import page
from kinds import BY_NAME, default
from large_data import ROWS, parts, write_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with data of one kind in several formats, and models learnt from the same kind."""
    folder = tmp_path_factory.mktemp("data")
    frame = BY_NAME["frame"].unseen().with_row_index("id")
    frame.write_parquet(folder / "frame.parquet")
    strings = [text.replace("\x00", "") for text in BY_NAME["strings"].unseen() if text]
    (folder / "strings.txt").write_text("\n".join(strings) + "\n", "utf-8")
    save(default("frame"), folder / "frame.amiss")
    save(default("strings"), folder / "strings.amiss")
    return folder


def in_memory(detector: Detector, items: Any) -> dict[str, Any]:
    """Return the columns of the answer in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return detector.detect(items).to_columns()


@pytest.mark.parametrize("rows", [1, 7, 40])
@pytest.mark.parametrize("jobs", [1, 2])
def test_partitions_of_any_size_say_what_memory_says(
    data: pathlib.Path, tmp_path: pathlib.Path, rows: int, jobs: int
) -> None:
    """Scores, p-values, verdicts and causes to the last bit; keys with their type, rows in their order."""
    partitions = find_partitions(str(data / "frame.parquet"), rows=rows)
    work = Work(partitions.reader, str(data / "frame.amiss"), keys=("id",), folder=str(tmp_path), jobs=jobs)
    summaries = list(LocalCluster().score(work, partitions.partitions))
    answer = pl.concat(pl.read_parquet(path) for path in sorted(tmp_path.glob("part-*")))
    frame = pl.read_parquet(data / "frame.parquet")
    told = in_memory(load(data / "frame.amiss"), frame.drop("id"))
    assert answer["id"].equals(frame["id"])
    assert answer["score"].to_list() == told["score"].tolist()
    assert answer["p_value"].to_list() == told["p_value"].tolist()
    assert answer["anomalous"].to_list() == told["anomalous"].tolist()
    assert [cause or "" for cause in answer["causes"]] == told["causes"]
    assert sum(summary.rows for summary in summaries) == frame.height
    assert sum(summary.flagged for summary in summaries) == told["anomalous"].sum() > 0


def test_the_worst_are_those_of_memory(data: pathlib.Path) -> None:
    """Anomalies in their order, with places, labels, causes and cells; a table has the same evidence."""
    large = detect_large(data / "frame.parquet", model=data / "frame.amiss", key="id", jobs=1)
    frame = pl.read_parquet(data / "frame.parquet")
    detection = load(data / "frame.amiss").detect(frame.drop("id"))
    assert [a.place for a in large] == [a.place for a in detection]
    assert [a.label for a in large] == [f"id {a.place} ({a.label})" for a in detection]
    assert [(a.score, a.p_value, a.causes) for a in large] == [
        (a.score, a.p_value, a.causes) for a in detection
    ]
    assert large.evidence.cells == detection.evidence.cells
    assert large.evidence.surprise.tolist() == detection.evidence.surprise.tolist()
    assert large.verdict == detection.verdict
    assert large.whole.highest == max(detection.scores / detection.threshold)


def test_strings_say_what_memory_says(data: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Of a list of strings too, its long ones noted once."""
    large = detect_large(
        data / "strings.txt", tmp_path / "out.parquet", model=data / "strings.amiss", memory="2G", jobs=1
    )
    texts = (data / "strings.txt").read_text("utf-8").splitlines()
    told = in_memory(load(data / "strings.amiss"), texts)
    answer = pl.read_parquet(tmp_path / "out.parquet")
    assert answer["score"].to_list() == told["score"].tolist()
    assert len(large) == told["anomalous"].sum() > 0


def test_a_sample_of_all_rows_learns_what_memory_learns(tmp_path: pathlib.Path) -> None:
    """Where the data are fewer than the sample, the answer is that of `detect` on the whole."""
    write_data(tmp_path, files=3)
    frame = pl.read_parquet(tmp_path / "data" / "*.parquet")
    large = detect_large(tmp_path / "data", tmp_path / "out", key="id", models="fast", jobs=1, random_state=0)
    detection = type(load(tmp_path / "out" / "model.amiss"))(models="fast", random_state=0).fit_detect(
        frame.drop("id")
    )
    assert large.threshold == detection.threshold
    assert [(a.place, a.score) for a in large] == [(a.place, a.score) for a in detection]
    assert large.learnt["sample"] == "all 1,200 rows"


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_formats_give_the_same_scores(tmp_path: pathlib.Path, format: str) -> None:
    """A folder of CSV, of JSON lines and of Parquet with the same values."""
    write_data(tmp_path, files=2)
    (tmp_path / "other").mkdir()
    for path in sorted((tmp_path / "data").iterdir()):
        frame, target = pl.read_parquet(path), tmp_path / "other" / f"{path.stem}.{format}"
        write = {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}
        write[format](target)
    options = {"key": "id", "models": "fast", "jobs": 1, "random_state": 0}
    detect_large(tmp_path / "data", tmp_path / "a.parquet", **options)
    detect_large(tmp_path / "other", tmp_path / "b.parquet", **options)
    assert pl.read_parquet(tmp_path / "a.parquet").equals(pl.read_parquet(tmp_path / "b.parquet"))


def test_labels_are_learnt_from_and_not_looked_at(tmp_path: pathlib.Path) -> None:
    """The rows known to be bad do not count as normal, and the column is no data."""
    write_data(tmp_path, files=2)
    for path in (tmp_path / "data").iterdir():
        frame = pl.read_parquet(path)
        frame.with_columns((pl.col("c1") > 3).cast(int).alias("bad")).write_parquet(path)
    answer = detect_large(tmp_path / "data", key="id", labels="bad", models="fast", jobs=1, random_state=0)
    assert [column["name"] for column in answer.learnt["columns"]] == ["c0", "c1", "c2"]
    assert any("labelled as anomalies" in note for note in answer.notes)


def test_the_worst_thousand_are_kept_and_all_are_counted(tmp_path: pathlib.Path) -> None:
    """``len`` and the verdict count all; the anomalies held are the worst; the report and JSON say the whole."""
    values = np.random.default_rng(0).normal(size=(5000, 2))
    pl.DataFrame(values).write_parquet(tmp_path / "normal.parquet")
    values[:3000] += 50.0
    (tmp_path / "data").mkdir()
    pl.DataFrame(values).write_parquet(tmp_path / "data" / "odd.parquet")
    from amiss import TableDetector

    detector = TableDetector(models="marginal", random_state=0).fit(
        pl.read_parquet(tmp_path / "normal.parquet")
    )
    save(detector, tmp_path / "m.amiss")
    answer = detect_large(tmp_path / "data", tmp_path / "out", model=tmp_path / "m.amiss", jobs=1)
    stacked = pl.read_parquet(tmp_path / "out" / "part-00000.parquet")
    assert len(answer) == answer.unusual == stacked["anomalous"].sum() >= 3000
    assert len(answer.anomalies) == 1000
    best = stacked["score"].sort(descending=True)[:1000].to_list()
    assert [a.score for a in answer] == best
    assert f"{len(answer):,} of 5,000 rows unusual" in answer.verdict
    assert any("lie beyond the limit" in note for note in answer.notes)
    bars = page(answer, None, None)["histogram"].bars
    assert sum(bar.count for bar in bars) == 5000
    assert sum(bar.flagged for bar in bars) == len(answer)
    told = json.loads(answer.to_json())
    assert (told["items"], told["flagged"], told["path"]) == (5000, len(answer), str(tmp_path / "out"))
    with pytest.raises(ParameterError, match="is not held in memory"):
        answer.to_frame()
    write_report(answer, tmp_path / "r.html")
    assert "5,000" in (tmp_path / "r.html").read_text("utf-8")


def test_a_damaged_part_is_done_again(tmp_path: pathlib.Path) -> None:
    """A part file that is cut short, or of another model, is not taken for done."""
    write_data(tmp_path, files=3)
    options = {"key": "id", "models": "marginal", "jobs": 1, "random_state": 0}
    detect_large(tmp_path / "data", tmp_path / "out", **options)
    whole = parts(tmp_path / "out")
    (tmp_path / "out" / "part-00001.parquet").write_bytes(whole["part-00001.parquet"][:-100])
    (tmp_path / "out" / ".part-00002.parquet.0123.new").write_bytes(b"half")
    again = detect_large(tmp_path / "data", tmp_path / "out", **options)
    assert parts(tmp_path / "out") == whole
    assert "Resumed: 2 of 3 partitions were done before." in again.notes
    assert not list((tmp_path / "out").glob(".part*"))
    (tmp_path / "out" / "model.amiss").unlink()
    save(default("frame"), tmp_path / "other.amiss")
    anew = detect_large(tmp_path / "data", tmp_path / "out", **options)
    assert len(anew) == len(again)
    assert parts(tmp_path / "out").keys() == whole.keys()


def test_a_damaged_file_is_named_and_the_others_are_kept(tmp_path: pathlib.Path) -> None:
    """Its partition is told with rows, file and reason; nothing is tried in vain."""
    write_data(tmp_path, files=3)
    path = tmp_path / "data" / "f01.parquet"
    content = bytearray(path.read_bytes())
    content[200:900] = bytes(700)
    path.write_bytes(bytes(content))
    from amiss.errors import ClusterError

    save(default("numbers"), tmp_path / "m.amiss")
    from amiss import TableDetector

    frame = pl.read_parquet(tmp_path / "data" / "f00.parquet")
    save(TableDetector(models="marginal", random_state=0).fit(frame.drop("id")), tmp_path / "m.amiss")
    with pytest.raises(
        ClusterError, match=rf"1 of 3 partitions.*Rows {ROWS} to {2 * ROWS - 1:,} of .*f01.parquet"
    ):
        detect_large(tmp_path / "data", tmp_path / "out", model=tmp_path / "m.amiss", key="id", jobs=2)
    assert sorted(parts(tmp_path / "out")) == ["part-00000.parquet", "part-00002.parquet"]


def test_a_record_that_is_none_is_said(tmp_path: pathlib.Path) -> None:
    """A damaged ``amiss-job.json`` is no reason for a traceback, nor for deleting anything."""
    for content in ("{", "[]"):
        (tmp_path / "amiss-job.json").write_text(content)
        with pytest.raises(SinkError, match=r"amiss-job\.json' cannot be read"):
            JobFolder(str(tmp_path))
    (tmp_path / "amiss-job.json").write_text('{"files": [7]}')
    with pytest.raises(SinkError, match=r"another job: its files: \[7\] then, \[\] now"):
        JobFolder(str(tmp_path)).check({"files": []})


@given(
    memory=st.integers(1, 2**36),
    jobs=st.integers(1, 64),
    width=st.floats(8.0, 1e5),
)
def test_a_plan_stays_within_the_memory(memory: int, jobs: int, width: float) -> None:
    """All processes of a plan fit, this one counted; and where the job is resumed, the same plan fits again."""
    try:
        cut = plan(memory, jobs, width)
    except ParameterError:
        assert jobs_for(memory, jobs, 2_000, width) == 0
        return
    handing_out = 160 * 2**20 if cut.jobs > 1 else 0
    assert 1 <= cut.jobs <= jobs
    assert handing_out + cut.jobs * least_bytes(cut.rows, width) <= memory + cut.jobs
    assert cut.rows <= 100_000
    assert jobs_for(memory, jobs, cut.rows, width) >= cut.jobs
