"""``amiss detect`` on data in parts, as real processes: killed, resumed, short of memory, asked the impossible."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from amiss import cli
from large_data import AMISS, ROWS, children, kill, parts, run, start, wait_for, write_data

JOB = ("detect", "data", "--key", "id", "--network", "nets:rebuild", "--no-report")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder with data, and the answer of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_data(folder)
    done = run(*JOB, "-o", "scores", "--jobs", "1", cwd=folder)
    assert done.returncode == 1, done.stderr
    return folder


def data_like(undisturbed: pathlib.Path, folder: pathlib.Path) -> None:
    """Give a folder the very same data."""
    for name in ("data", "nets.py"):
        os.symlink(undisturbed / name, folder / name)


def test_a_run_killed_at_any_moment_goes_on(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Killed in the middle, resumed with another memory and pool: the parts of an undisturbed run, byte for byte."""
    data_like(undisturbed, tmp_path)
    scores = tmp_path / "scores"
    for least in (1, 5):
        process = start(*JOB, "-o", "scores", "--jobs", "2", cwd=tmp_path, SLOW="0.02")
        wait_for(lambda least=least: len(parts(scores)) >= least, process)
        kill(process.pid)
        process.communicate()
    left = 12 - len(parts(scores))
    assert 0 < left < 12
    done = run(*JOB, "-o", "scores", "--jobs", "1", "--memory", "1G", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "of 12 partitions were done before." in done.stdout
    assert parts(scores) == parts(undisturbed / "scores")
    assert sorted(os.listdir(scores)) == sorted(os.listdir(undisturbed / "scores"))


def test_ctrl_c_leaves_whole_parts_and_no_process(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Exit status 130; what is there is of the answer, nothing else; the one file appears when all is done."""
    data_like(undisturbed, tmp_path)
    working = tmp_path / "scores.parquet.parts"
    process = start(*JOB, "-o", "scores.parquet", "--jobs", "2", cwd=tmp_path, SLOW="0.02")
    wait_for(lambda: len(parts(working)) >= 2, process)
    workers = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate()
    assert process.returncode == 130, told
    assert not [worker for worker in workers if pathlib.Path(f"/proc/{worker}/stat").exists()]
    assert parts(working).items() <= parts(undisturbed / "scores").items()
    assert not (tmp_path / "scores.parquet").exists()
    assert run(*JOB, "-o", "scores.parquet", cwd=tmp_path).returncode == 1
    assert not working.exists()
    stacked = pl.concat(
        pl.read_parquet(undisturbed / "scores" / name) for name in parts(undisturbed / "scores")
    )
    assert pl.read_parquet(tmp_path / "scores.parquet").equals(stacked)


def test_a_worker_that_is_killed_takes_nothing_with_it(
    undisturbed: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Its partition is done again: the same parts, the same exit status."""
    data_like(undisturbed, tmp_path)
    process = start(*JOB, "-o", "scores", "--jobs", "2", cwd=tmp_path, SLOW="0.02")
    wait_for(lambda: len(parts(tmp_path / "scores")) >= 2, process)
    kill(children(process.pid)[0])
    _, told = process.communicate()
    assert process.returncode == 1, told
    assert parts(tmp_path / "scores") == parts(undisturbed / "scores")


def test_a_partition_that_is_fatal_is_named_and_the_others_are_kept(tmp_path: pathlib.Path) -> None:
    """Tried twice, then told with its rows and its file: exit status 2; the same command does the rest later."""
    write_data(tmp_path, files=6, fatal=4)
    assert run(*JOB, "-o", "all", "--sample", "300", cwd=tmp_path).returncode == 1
    job = (*JOB, "-o", "scores", "--jobs", "2", "--sample", "300")
    (tmp_path / "always").touch()
    done = run(*job, cwd=tmp_path, FATAL=str(tmp_path / "always"))
    assert done.returncode == 2
    assert "1 of 6 partitions were not done. Rows 1,600 to 1,999 of 'data/f04.parquet'" in done.stderr
    assert "by signal 9" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(parts(tmp_path / "scores")) == [f"part-{n:05}.parquet" for n in (0, 1, 2, 3, 5)]
    (tmp_path / "once").touch()
    again = run(*job, cwd=tmp_path, FATAL=str(tmp_path / "once"))
    assert again.returncode == 1, again.stderr
    assert not (tmp_path / "once").exists()
    assert parts(tmp_path / "scores") == parts(tmp_path / "all")


def test_data_larger_than_the_memory_there_is(tmp_path: pathlib.Path) -> None:
    """Each process may have 400 MiB and the rows take 576 MB: in parts it works, in memory it does not."""
    draw = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    for number in range(6):
        columns = {f"c{j}": draw.integers(0, 9, size=150_000).astype(float) for j in range(80)}
        pl.DataFrame(columns).write_parquet(tmp_path / "data" / f"f{number}.parquet")
    pl.scan_parquet(tmp_path / "data" / "*.parquet").sink_parquet(tmp_path / "all.parquet")
    limited = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, ({400 * 2**20},) * 2); "
        "sys.argv[0] = 'amiss'; from amiss.cli import run; run()"
    )
    words = ("--models", "marginal", "--no-report", "--top", "0")
    ran = [
        subprocess.run(
            [sys.executable, "-c", limited, "detect", *job, *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
        for job in (["data", "--memory", "900M", "--jobs", "2"], ["all.parquet"])
    ]
    assert "of 900,000 rows" in ran[0].stdout, ran[0].stderr
    assert ran[0].returncode in (0, 1)
    assert ran[1].returncode not in (0, 1)


def test_one_file_and_its_parts_say_the_same(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """CSV and Parquet: the rows of the parts, in the order of the input, keys with their type."""
    data_like(undisturbed, tmp_path)
    for name in ("scores.parquet", "scores.csv"):
        assert run(*JOB, "-o", name, "--jobs", "1", cwd=tmp_path).returncode == 1
    frames = [pl.read_parquet(path) for path in sorted((undisturbed / "scores").glob("part-*"))]
    stacked, joined = pl.concat(frames), pl.read_parquet(tmp_path / "scores.parquet")
    assert joined.equals(stacked)
    assert joined["id"].to_list() == [f"r{row:05}" for row in range(12 * ROWS)]
    told = pl.read_csv(tmp_path / "scores.csv")
    assert told.columns == ["id", "score", "p_value", "anomalous", "causes"]
    assert told["score"].to_list() == stacked["score"].to_list()
    assert told["anomalous"].to_list() == stacked["anomalous"].to_list()
    assert sorted(os.listdir(tmp_path)) == ["data", "nets.py", "scores.csv", "scores.parquet"]


def test_words_are_those_of_any_other_run(undisturbed: pathlib.Path) -> None:
    """What was read, learnt and found, the worst, how many more; JSON counts the whole; nothing where so asked."""
    words = (*JOB, "--top", "1", "--jobs", "1")
    lines = run(*words, cwd=undisturbed).stdout.splitlines()
    assert lines[0] == "data: Parquet, 12 files, 12 partitions, 4,800 rows x 4 columns"
    assert lines[2] == "Learnt from all 4,800 rows."
    assert " of 4,800 rows unusual, about 5 expected by chance." in lines[5]
    assert lines[6].startswith("id r0")
    assert lines[7].startswith("and ")
    told = json.loads(run(*words, "--json", "--sample", "100", cwd=undisturbed).stdout)
    assert told["items"] == 4800
    assert told["learnt"]["sample"] == "100 of 4,800 rows, drawn at random"
    assert told["flagged"] == len(told["anomalies"])
    quiet = run(*words, "--quiet", "--fail-on", "100%", cwd=undisturbed)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_the_report_tells_of_the_whole(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Counts, spread and sample of all rows, the worst of them with their causes."""
    data_like(undisturbed, tmp_path)
    done = run(*JOB[:-1], "--report", "r.html", "--sample", "1000", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "4,800" in page
    assert "1,000 of 4,800 rows, drawn at random" in page
    assert "id r0" in page


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere/*.csv"], "Nothing matches 'nowhere/*.csv'"),
        (["empty"], "The folder 'empty' holds no files"),
        (["data", "--key", "nr"], "There is no column 'nr' to be the key. The columns: id, c0, c1, c2"),
        (["data", "--columns", "c9"], "has no column 'c9'"),
        (["data", "--memory", "much"], "'much' says not how much memory. Legal: 512M, 2G"),
        (["data", "--memory", "50M"], "are too little for these rows"),
        (["data", "--sample", "0"], "Invalid value for '--sample'"),
        (["data", "--cluster", "cloud"], "Cluster 'cloud' is not known. Known: local"),
        (["data", "-o", "scores.xml"], "is not written as 'scores.xml'. Legal: a folder"),
        (["data", "-o", "a", "-o", "b.csv"], "goes to one place, and 2 are given: a, b.csv. Choose one"),
        (["data", "-o", "data/scores"], "'data/scores' lies in the folder of the data, 'data'"),
        (["data", "-o", "others"], "The folder 'others' holds files of something else (mine.txt)"),
        (["data", "--time", "id"], "was taken for a series (you named 'id' as its time)"),
        (
            ["data", "--kind", "strings"],
            "A frame of 4 columns was given where one column of strings is expected",
        ),
        (["data", "--window", "5"], "Parameter 'window' is not known to TableDetector"),
        (["data", "-m", "none.amiss"], "none.amiss"),
        (["-", "--memory", "1G"], "Standard input cannot be read in partitions"),
        (["sqlite:///a.db?table=t", "--memory", "1G"], "A URL cannot be read in partitions"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_in_a_sentence(
    undisturbed: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    """Fact, what is legal, what to do; exit status 2, no traceback, and nothing is written."""
    data_like(undisturbed, tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    output = [] if "-o" in words else ["-o", "scores"]
    monkeypatch.setattr(sys, "argv", ["amiss", "detect", *words, *output, "--no-report"])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in " ".join(told.split())
    assert "Traceback" not in told
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--columns", "c0,c1"], "its columns:"),
        (["--sample", "70"], "its sample:"),
        (["--threshold", "mad"], "its parameters:"),
    ],
)
def test_the_folder_of_another_job_is_left_alone(
    undisturbed: pathlib.Path, change: list[str], sentence: str
) -> None:
    """It says what differs and what to do, and no part is touched."""
    before = parts(undisturbed / "scores")
    done = run(*JOB, "-o", "scores", *change, cwd=undisturbed)
    assert done.returncode == 2
    assert f"The folder 'scores' holds the parts of another job: {sentence}" in done.stderr
    assert "name another folder, or delete this one" in done.stderr
    assert parts(undisturbed / "scores") == before


def test_data_that_changed_are_another_job(tmp_path: pathlib.Path) -> None:
    """A file that was written again since is named."""
    write_data(tmp_path, files=2)
    assert run(*JOB, "-o", "scores", "--jobs", "1", cwd=tmp_path).returncode == 1
    pl.read_parquet(tmp_path / "data" / "f01.parquet")[1:].write_parquet(tmp_path / "data" / "f01.parquet")
    done = run(*JOB, "-o", "scores", cwd=tmp_path)
    assert done.returncode == 2
    assert "'data/f01.parquet' was changed since" in done.stderr


def test_two_runs_do_not_work_in_one_folder(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The second says so and touches nothing; the first goes on."""
    data_like(undisturbed, tmp_path)
    first = start(*JOB, "-o", "scores", "--jobs", "1", cwd=tmp_path, SLOW="0.05")
    wait_for(lambda: len(parts(tmp_path / "scores")) >= 1, first)
    second = run(*JOB, "-o", "scores", cwd=tmp_path)
    assert second.returncode == 2
    assert "Another run works in the folder 'scores'" in second.stderr
    first.communicate()
    assert first.returncode == 1
    assert parts(tmp_path / "scores") == parts(undisturbed / "scores")


def test_progress_is_told_on_a_terminal_alone(undisturbed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Rows done, rate and time left; a pipe gets nothing on stderr."""
    import pty

    data_like(undisturbed, tmp_path)
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*AMISS, *JOB, "--jobs", "1", "-o", "scores"],
        cwd=tmp_path,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "SLOW": "0.02", "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    assert process.wait() == 1
    assert b"of 4,800 rows, " in shown
    assert b" rows/s, " in shown
    assert b" left" in shown
    assert run(*JOB, "--jobs", "1", cwd=undisturbed).stderr == ""


def test_a_model_is_learnt_from_a_sample_of_a_folder(tmp_path: pathlib.Path) -> None:
    """``amiss fit`` learns what ``amiss detect`` learns from the same folder, and says from how many rows."""
    write_data(tmp_path, files=3)
    words = ("data", "--key", "id", "--models", "fast", "--sample", "300")
    done = run("fit", *words, "--jobs", "2", "-o", "learnt.amiss", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Note: Learnt from 300 of {3 * ROWS:,} rows, drawn at random." in done.stdout
    run("detect", *words, "-o", "learnt.parquet", cwd=tmp_path)
    run("detect", "data", "--key", "id", "-m", "learnt.amiss", "-o", "judged.parquet", cwd=tmp_path)
    assert pl.read_parquet(tmp_path / "judged.parquet").equals(pl.read_parquet(tmp_path / "learnt.parquet"))


def test_a_series_is_not_learnt_from_drawn_points(tmp_path: pathlib.Path) -> None:
    """A folder of points in time is refused by ``amiss fit`` too, with what to do."""
    write_data(tmp_path, files=2)
    done = run("fit", "data", "--time", "id", "-o", "learnt.amiss", cwd=tmp_path)
    assert done.returncode == 2
    assert "the points of a series hang together" in done.stderr
    assert not (tmp_path / "learnt.amiss").exists()
