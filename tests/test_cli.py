"""The command line, run as a process of its own: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import os
import pathlib
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from fcntl import ioctl
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

AMISS = [sys.executable, "-m", "amiss"]
HEAVY = {"numpy", "scipy", "polars", "torch", "sklearn", "pandas", "narwhals", "rich", "pydantic"}


def run(
    *words: str, cwd: pathlib.Path, data: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [*AMISS, *words],
        cwd=cwd,
        input=data,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    return subprocess.CompletedProcess(words, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def in_terminal(columns: int, *words: str, cwd: pathlib.Path) -> list[str]:
    """Return the lines that a terminal of so many columns shows, without colours."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {n: v for n, v in os.environ.items() if n not in ("COLUMNS", "NO_COLOR")} | {
        "TERM": "xterm-256color"
    }
    process = subprocess.Popen([*AMISS, *words], cwd=cwd, stdout=follower, stderr=follower, env=environment)
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
    process.wait()
    os.close(leader)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    return [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Orders with one wrong amount, clean ones, and a model of the clean ones."""
    place = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    amounts = rng.normal(120, 10, 400)
    clean = [
        f"{i + 5000},{a:.2f},{a * 2 + rng.normal():.2f},{'DE' if i % 3 else 'FR'}"
        for i, a in enumerate(amounts)
    ]
    odd = [*clean[:17], "5017,980.00,240.00,DE", *clean[18:]]
    for name, lines in (("clean", clean), ("odd", odd)):
        (place / f"{name}.csv").write_text("\n".join(["order,amount,weight,country", *lines, ""]))
    (place / "serials.txt").write_text(
        "\n".join([*(f"AB{i:02d}-{i % 7}E" for i in range(100)), "AB\x1b[31m9-3E", ""])
    )
    assert (
        run("fit", "clean.csv", "-o", "orders.amiss", "--training-data", "clean", cwd=place).returncode == 0
    )
    return place


# ---------------------------------------------------------------- help
def test_help_imports_nothing_heavy(tmp_path: pathlib.Path) -> None:
    """``amiss --help`` loads no array, frame, network or terminal library."""
    code = (
        "import sys\nfrom amiss.__main__ import main\nsys.argv = ['amiss', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(','.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert not HEAVY & set(ran.stdout.splitlines()[-1].split(","))


@pytest.mark.parametrize("command", ["detect", "fit", "explain", "report", "export", "info", "parts", "demo"])
def test_every_command_has_help(command: str, tmp_path: pathlib.Path) -> None:
    """``--help`` of each command exits 0 and names its use."""
    ran = run(command, "--help", cwd=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"Usage: amiss {command}")


# ---------------------------------------------------------------- detect
def test_detect_says_which_cell_is_wrong(folder: pathlib.Path) -> None:
    """The verdict, the row, the cell with what was expected; the report; exit 1."""
    ran = run("detect", "odd.csv", cwd=folder)
    assert ran.returncode == 1
    assert re.search(r"^\d+ of 400 rows unusual, ", ran.stdout, re.MULTILINE)
    assert re.search(r"^row 17: .*amount 980, expected ", ran.stdout, re.MULTILINE)
    assert "Written: report.html" in ran.stdout
    assert "<html" in (folder / "report.html").read_text()
    assert ran.stderr == ""


def test_detect_says_how_it_read_and_what_it_took_it_for(folder: pathlib.Path) -> None:
    """The source in words, the kind with its reason, the kinds of columns."""
    ran = run("detect", "odd.csv", "--no-report", cwd=folder)
    assert "odd.csv: CSV, comma separated, UTF-8, header found, 400 rows x 4 columns" in ran.stdout
    assert "Taken for table: it has 4 columns and none holds rising dates in even steps." in ran.stdout
    assert re.search(r"^Columns: .*numeric amount, weight.*\.$", ran.stdout, re.MULTILINE)


def test_detect_by_a_model_passes_what_is_normal(folder: pathlib.Path) -> None:
    """Clean data judged by the model of clean data: at most one by chance, so exit 0 with --fail-on 1."""
    ran = run("detect", "clean.csv", "-m", "orders.amiss", "--no-report", "--fail-on", "2", cwd=folder)
    assert ran.returncode == 0, ran.stdout


def test_detect_by_a_model_finds_what_is_not(folder: pathlib.Path) -> None:
    """The wrong amount is found by the model as well."""
    ran = run("detect", "odd.csv", "-m", "orders.amiss", "--no-report", cwd=folder)
    assert ran.returncode == 1
    assert "row 17" in ran.stdout


@pytest.mark.parametrize(("allowed", "status"), [("0", 1), ("400", 0), ("0.01%", 1), ("50%", 0)])
def test_fail_on_sets_the_exit_status(folder: pathlib.Path, allowed: str, status: int) -> None:
    """Beyond a number of anomalies, or a share of the items."""
    assert run("detect", "odd.csv", "--fail-on", allowed, "-q", cwd=folder).returncode == status


def test_nothing_amiss_is_told_and_written(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A report and every other answer are whole where there is nothing to show, and the exit status is 0."""
    places = ["a.csv", "a.tsv", "a.parquet", "a.jsonl", "a.xml", "a.html"]
    outputs = [word for place in places for word in ("-o", place)]
    head = (folder / "clean.csv").read_text().splitlines()[:40]
    (tmp_path / "few.csv").write_text("\n".join([*head, ""]))
    model = str(folder / "orders.amiss")
    ran = run("detect", "few.csv", "-m", model, *outputs, "--fail-on", "0", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "Nothing is amiss in 39 rows" in ran.stdout
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 40
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 39
    assert pl.read_parquet(tmp_path / "a.parquet")["anomalous"].to_list() == [False] * 39
    assert ElementTree.parse(tmp_path / "a.xml").find(".//failure") is None
    assert "Nothing is amiss in 39 rows" in (tmp_path / "a.html").read_text()


def test_top_0_prints_the_verdict_alone(folder: pathlib.Path) -> None:
    """The anomalies are counted, none is printed."""
    ran = run("detect", "odd.csv", "--top", "0", "--no-report", cwd=folder)
    assert ran.returncode == 1
    assert "of 400 rows unusual" in ran.stdout
    assert "x the limit" not in ran.stdout


def test_quiet_prints_and_writes_nothing(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Only the exit status tells."""
    ran = run("detect", str(folder / "odd.csv"), "--quiet", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "")
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_object_and_nothing_else(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """What a program reads."""
    ran = run("detect", str(folder / "odd.csv"), "--json", cwd=tmp_path)
    told = json.loads(ran.stdout)
    assert told["flagged"] == len(told["anomalies"]) > 0
    assert told["choice"] == "table: it has 4 columns and none holds rising dates in even steps"
    assert [(c["name"], c["kind"]) for c in told["learnt"]["columns"]][1:3] == [
        ("amount", "numeric"),
        ("weight", "numeric"),
    ]
    assert list(tmp_path.iterdir()) == []


def test_outputs_are_written_by_their_endings(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """CSV, Parquet, JSON lines, JUnit and HTML in one run: all agree, and no other report is written."""
    names = ["a.csv", "a.parquet", "a.jsonl", "a.xml", "a.html"]
    words = [word for name in names for word in ("-o", name)]
    ran = run("detect", str(folder / "odd.csv"), "--key", "order", *words, cwd=tmp_path)
    assert ran.returncode == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)
    rows = pl.read_csv(tmp_path / "a.csv")
    flagged = rows.filter("anomalous")["order"].to_list()
    assert 5017 in flagged
    assert pl.read_parquet(tmp_path / "a.parquet").filter("anomalous")["order"].to_list() == flagged
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["order"] for line in lines if line.get("anomalous")] == flagged
    assert len(ElementTree.parse(tmp_path / "a.xml").findall(".//failure")) == len(flagged) + 1


def test_an_output_of_unknown_ending_is_refused_before_any_work(folder: pathlib.Path) -> None:
    """Nothing is learnt for an answer that has nowhere to go."""
    ran = run("detect", "odd.csv", "-o", "answer.docx", cwd=folder)
    assert ran.returncode == 2
    assert ran.stderr.startswith("amiss: The ending '.docx'")


def test_a_file_that_is_no_report_is_left_alone(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The report that nobody asked for replaces none but its own kind."""
    (tmp_path / "report.html").write_text("my own page")
    ran = run("detect", str(folder / "odd.csv"), cwd=tmp_path)
    assert ran.returncode == 2
    assert "left alone" in ran.stderr
    assert (tmp_path / "report.html").read_text() == "my own page"


def test_the_key_names_the_rows_and_is_not_looked_at(folder: pathlib.Path) -> None:
    """Rows are called by the key column."""
    ran = run("detect", "odd.csv", "--key", "order", "--no-report", cwd=folder)
    assert "order 5017 (row 17): " in ran.stdout
    assert "identifier order" not in ran.stdout


def test_columns_are_chosen(folder: pathlib.Path) -> None:
    """Only those named are looked at."""
    ran = run("detect", "odd.csv", "--columns", "amount,weight", "--no-report", cwd=folder)
    assert "Columns: numeric amount, weight." in ran.stdout


def test_standard_input_is_read(folder: pathlib.Path) -> None:
    """``-`` is standard input; strings are recognised."""
    ran = run("detect", "-", "--no-report", cwd=folder, data=(folder / "serials.txt").read_bytes())
    assert "Taken for strings" in ran.stdout


def test_a_database_table_is_read(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """By URL and --table."""
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("create table orders (id integer primary key, amount real)")
        amounts = np.random.default_rng(0).normal(100, 5, 300)
        shop.executemany("insert into orders (amount) values (?)", [(float(a),) for a in amounts])
        shop.execute("update orders set amount = 9000 where id = 42")
    shop.close()
    ran = run("detect", "sqlite:///shop.db", "--table", "orders", "--no-report", cwd=tmp_path)
    assert ran.returncode == 1, ran.stderr
    assert "amount 9000" in ran.stdout


def test_a_series_is_taken_with_its_time(tmp_path: pathlib.Path) -> None:
    """--time names the column; events are told by their moments."""
    values = np.sin(np.arange(600) * 2 * np.pi / 24)
    values[400:406] = 3.0
    hours = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 25, 23), "1h", eager=True)
    pl.DataFrame({"at": hours, "cpu": values}).write_csv(tmp_path / "cpu.csv")
    ran = run("detect", "cpu.csv", "--time", "at", "--no-report", cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "in 1 event" in ran.stdout
    assert re.search(r"^2026-01-1[678]", ran.stdout, re.MULTILINE)


def test_the_threshold_is_spelt_as_in_the_library(folder: pathlib.Path) -> None:
    """A greater risk flags more."""
    few = json.loads(run("detect", "odd.csv", "--json", "--threshold", "quantile:q=0.99", cwd=folder).stdout)
    many = json.loads(run("detect", "odd.csv", "--json", "--threshold", "quantile:q=0.9", cwd=folder).stdout)
    assert (few["flagged"], many["flagged"]) == (4, 40)


# ---------------------------------------------------------------- the other commands
def test_info_says_what_a_model_has_learnt(folder: pathlib.Path) -> None:
    """Kind, columns, threshold; the same as JSON."""
    ran = run("info", "orders.amiss", cwd=folder)
    assert "column amount: numeric" in ran.stdout
    told = json.loads(run("info", "orders.amiss", "--json", cwd=folder).stdout)
    assert [c["name"] for c in told["columns"]] == ["order", "amount", "weight", "country"]


def test_explain_tells_of_rows_that_are_not_flagged(folder: pathlib.Path) -> None:
    """Any row may be asked for, in the order asked."""
    ran = run("explain", "odd.csv", "-m", "orders.amiss", "--item", "17", "--item", "3", cwd=folder)
    assert [line.partition(":")[0] for line in ran.stdout.splitlines()] == ["row 17", "row 3"]
    told = [
        json.loads(t)
        for t in run("explain", "odd.csv", "--item", "3", "--json", cwd=folder).stdout.splitlines()
    ]
    assert [t["place"] for t in told] == [3]


def test_report_writes_one_page_and_exits_0(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Whatever is found."""
    ran = run(
        "report", str(folder / "odd.csv"), "-o", "orders.html", "--title", "Orders of May", cwd=tmp_path
    )
    assert ran.returncode == 0
    assert "Orders of May" in (tmp_path / "orders.html").read_text()


def test_parts_lists_every_shelf(tmp_path: pathlib.Path) -> None:
    """Models, thresholds, sources, sinks, clusters with their options; one shelf where it is named."""
    told = json.loads(run("parts", "--json", cwd=tmp_path).stdout)
    assert list(told) == ["models", "thresholds", "sources", "sinks", "clusters"]
    assert all(part["what"] for parts in told.values() for part in parts)
    assert "risk=0.001" in run("parts", "thresholds", cwd=tmp_path).stdout


def test_demo_shows_three_kinds_and_how_to_repeat_them(tmp_path: pathlib.Path) -> None:
    """Sources, licences, verdicts, reports that are there, and commands that run."""
    ran = run("demo", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("Licence: ") == 3
    for kind in ("table", "series", "strings"):
        assert f"Taken for {kind}" in ran.stdout
    commands = re.findall(r"^\$ amiss (.*)$", ran.stdout, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert (tmp_path / command.rpartition(" ")[2]).stat().st_size > 10_000
    assert run(*commands[2].split(), cwd=tmp_path).returncode in (0, 1)


# ---------------------------------------------------------------- terminal
@pytest.mark.parametrize("columns", [80, 120])
def test_it_fits_the_terminal(folder: pathlib.Path, columns: int) -> None:
    """No line is longer than the terminal is wide, and the table of anomalies has its head."""
    lines = in_terminal(columns, "detect", "odd.csv", "--no-report", cwd=folder)
    assert max(map(len, lines)) <= columns
    assert any(line.split() == ["where", "score", "p", "why"] for line in lines)


def test_the_kind_of_an_event_has_a_column(tmp_path: pathlib.Path) -> None:
    """Events of a series are told by kind on a terminal, and the rules of events are an option."""
    values = np.sin(np.arange(600) / 4) + np.random.default_rng(0).normal(0, 0.1, 600)
    values[400:403] += 9.0
    (tmp_path / "load.csv").write_text("load\n" + "\n".join(map(str, values)))
    words = ("detect", "load.csv", "--kind", "series", "--no-report", "--quiet")
    lines = in_terminal(100, *words[:-1], cwd=tmp_path)
    assert any(line.split() == ["where", "kind", "score", "p", "why"] for line in lines)
    assert any("spike" in line for line in lines)
    assert run(*words, cwd=tmp_path).returncode == 1
    assert run(*words, "--events", "min_length=300", cwd=tmp_path).returncode == 0
    refused = run(*words, "--events", "leave=2", cwd=tmp_path)
    assert refused.returncode == 2
    assert "leave is 2.0. Legal: a number from 0 to 1, which is enter." in refused.stderr


def test_control_characters_in_data_are_shown_as_escapes(folder: pathlib.Path) -> None:
    """A string that would colour the terminal does not."""
    ran = run("detect", "serials.txt", "--no-report", "--threshold", "quantile:q=0.99", cwd=folder)
    assert "\x1b" not in ran.stdout
    assert "\\x1b[31m" in ran.stdout


def test_a_closed_pipe_is_no_error(folder: pathlib.Path) -> None:
    """``amiss detect ... | head`` ends without a traceback."""
    words = " ".join(
        [*AMISS, "detect", "odd.csv", "--no-report", "--top", "400", "--threshold", "quantile:q=0.01"]
    )
    ran = subprocess.run(
        f"{words} | true", shell=True, cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ran.stderr


# ---------------------------------------------------------------- wrong input
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["detect", "missing.csv"], "missing.csv"),
        (["detect", "."], "holds files of several formats"),
        (["fit", ".", "-o", "m.amiss"], "holds files of several formats"),
        (["detect", "empty.csv"], "is empty"),
        (["detect", "odd.csv", "--threshold", "peeks"], "Did you mean 'peaks'?"),
        (["detect", "odd.csv", "--threshold", "peaks:risk=2"], "above 0 and below 1"),
        (["detect", "odd.csv", "--models", "memry"], "Did you mean 'memory'?"),
        (["detect", "odd.csv", "--kind", "tabel"], "Legal: table, series, strings"),
        (["detect", "odd.csv", "--columns", "amuont"], "no column 'amuont'"),
        (["detect", "odd.csv", "--key", "id"], "id"),
        (["detect", "odd.csv", "--training-data", "dirty"], "'mixed'"),
        (["detect", "odd.csv", "--limits", "cells=10"], "At most 10 cells"),
        (["detect", "odd.csv", "-m", "odd.csv"], "was refused"),
        (["detect", "odd.csv", "-m", "orders.amiss", "--threshold", "fdr"], "orders.amiss was learnt"),
        (["detect", "serials.txt", "-m", "orders.amiss"], "is a list of strings, and the model orders.amiss"),
        (["detect", "odd.csv", "--models", "memory:k=-3"], "k=-3. Legal: at least 1."),
        (["detect", "odd.csv", "--random-state", "-1"], "random_state is -1. Legal: a whole number from 0"),
        (["detect", "odd.csv", "--kind", "strings"], "has 4 columns"),
        (["detect", "odd.csv", "--report", "answer.pdf"], "Legal: .html"),
        (["report", "odd.csv", "-o", "answer.txt"], "Legal: .html"),
        (["detect", "odd.csv", "-o", "odd.csv"], "is read by this very command"),
        (["fit", "odd.csv", "-o", "./odd.csv"], "is read by this very command"),
        (["detect", "clean.csv", "-m", "orders.amiss", "-o", "clean.csv"], "is read by this very command"),
        (["fit", "odd.csv", "-o", "orders.csv"], "ends in .csv. Legal: .amiss"),
        (["explain", "odd.csv", "--item", "400"], "There is no row 400"),
        (["fit", "odd.csv", "-o", "nowhere/x.amiss"], "nowhere"),
        (["parts", "modls"], "Did you mean 'models'?"),
        (["detect", "postgresql://ann:geheim@127.0.0.1:9/shop?table=t"], "ann:***@"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(
    folder: pathlib.Path, words: list[str], sentence: str
) -> None:
    """On standard error, with the place and what to do; no traceback, no password."""
    (folder / "empty.csv").touch()
    ran = run(*words, cwd=folder)
    assert ran.returncode == 2
    assert ran.stderr.startswith("amiss: ")
    assert len(ran.stderr.splitlines()) == 1
    assert sentence in ran.stderr
    assert "geheim" not in ran.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["detct", "odd.csv"], "Did you mean 'detect'?"),
        (["detect"], "FILE"),
        (["detect", "odd.csv", "--fail-on", "many"], "is no allowance"),
        (["detect", "odd.csv", "--tresh", "x"], "--tresh"),
        (["fit", "odd.csv"], "--output"),
    ],
)
def test_wrong_usage_is_told_and_exit_2(folder: pathlib.Path, words: list[str], sentence: str) -> None:
    """With what is legal."""
    ran = run(*words, cwd=folder)
    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_fault_of_ours_does_not_read_as_anomalies(folder: pathlib.Path) -> None:
    """An error nobody foresaw is one sentence and exit 70; a traceback would end with 1, "anomalies"."""
    code = (
        "import amiss.job, amiss.cli, sys\n"
        "def judge(*_):\n    raise IndexError('out of bounds')\n"
        "amiss.job.judge = judge\nsys.argv = ['amiss', 'detect', 'odd.csv']\namiss.cli.run()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False
    )
    assert ran.returncode == 70
    assert ran.stderr.startswith(
        "amiss: This is a fault of amiss, not of your data: IndexError: out of bounds"
    )
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "module", "step"),
    [
        (["detect", "odd.csv", "-o", "a.csv"], "amiss.job", "open_source"),
        (["detect", "odd.csv", "-o", "a.csv"], "amiss.job", "choose_kind"),
        (["detect", "odd.csv", "-o", "a.csv"], "amiss.sinks.csv", "answer_columns"),
        (["detect", "odd.csv", "-o", "a.csv"], "os", "fsync"),
        (["detect", "odd.csv", "-o", "a.csv"], "os", "replace"),
        (["fit", "odd.csv", "-o", "a.amiss"], "amiss.job", "choose_kind"),
        (["fit", "odd.csv", "-o", "a.amiss"], "os", "fsync"),
        (["report", "odd.csv", "-o", "a.html"], "os", "fsync"),
    ],
)
def test_ctrl_c_at_any_step_leaves_all_as_it_was(
    folder: pathlib.Path, tmp_path: pathlib.Path, words: list[str], module: str, step: str
) -> None:
    """While reading, learning and writing: one line, exit 130, the old file whole and no temporary one."""
    place = tmp_path / words[-1]
    place.write_text("the old one")
    (tmp_path / "odd.csv").write_bytes((folder / "odd.csv").read_bytes())
    code = (
        f"import os, signal, sys, amiss.cli, {module} as module\n"
        f"step = module.{step}\n"
        "def interrupted(*given, **named):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return step(*given, **named)\n"
        f"module.{step} = interrupted\nsys.argv = ['amiss', *{words!r}]\namiss.cli.run()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (ran.returncode, ran.stdout) == (130, "")
    assert ran.stderr.splitlines() == ["amiss: interrupted; nothing is half written."]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([place.name, "odd.csv"])
    assert place.read_text() == "the old one"


def test_ctrl_c_while_amiss_starts_is_one_line(tmp_path: pathlib.Path) -> None:
    """No traceback of an import."""
    code = (
        "import sys, amiss.__main__\nclass Finder:\n    def find_spec(self, name, *_):\n"
        "        if name == 'amiss.cli':\n            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Finder())\namiss.__main__.main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (ran.returncode, ran.stderr) == (130, "amiss: interrupted; nothing is half written.\n")


def test_ctrl_c_is_one_line_and_exit_130(tmp_path: pathlib.Path) -> None:
    """While it works, nothing half written: no report, no temporary file."""
    rng = np.random.default_rng(0)
    pl.DataFrame({f"c{i}": rng.normal(size=60_000) for i in range(20)}).write_csv(tmp_path / "big.csv")
    process = subprocess.Popen([*AMISS, "detect", "big.csv"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.splitlines() == ["amiss: interrupted; nothing is half written."]
    assert [p.name for p in tmp_path.iterdir()] == ["big.csv"]


def test_ctrl_c_in_a_long_training_keeps_the_best_so_far(tmp_path: pathlib.Path) -> None:
    """On a terminal that shows the loss: one Ctrl-C ends the training, the model is whole and says so."""
    rng = np.random.default_rng(0)
    pl.DataFrame({f"c{i}": rng.normal(size=3_000) for i in range(20)}).write_csv(tmp_path / "rows.csv")
    leader, follower = pty.openpty()
    words = ["fit", "rows.csv", "--models", "dense:epochs=100000", "-o", "rows.amiss"]
    process = subprocess.Popen([*AMISS, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    shown = b""
    while b"epoch 3" not in shown:
        shown += os.read(leader, 65536)
    threading.Thread(target=lambda: list(iter(lambda: _drained(leader), b"")), daemon=True).start()
    time.sleep(3.5)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown[-500:]
    assert b"validation loss" in shown
    assert "The training of dense:epochs=100000 was interrupted" in told.decode()
    assert "interrupted" in run("info", "rows.amiss", cwd=tmp_path).stdout


def _drained(leader: int) -> bytes:
    """Return what a terminal still has to show; nothing once it is gone."""
    try:
        return os.read(leader, 65536)
    except OSError:
        return b""


def test_a_report_asked_for_is_written_quietly(tmp_path: pathlib.Path) -> None:
    """--quiet writes no report by itself, and the one that is asked for."""
    (tmp_path / "codes.txt").write_text("\n".join(f"AB{n:03d}" for n in range(200)))
    assert run("detect", "codes.txt", "--quiet", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "report.html").exists()
    assert run("detect", "codes.txt", "--quiet", "--report", "asked.html", cwd=tmp_path).returncode == 0
    assert (tmp_path / "asked.html").read_text("utf-8").lower().startswith("<!doctype html>")
