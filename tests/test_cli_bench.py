"""`amiss bench`: labelled data in, figures out; and the page it writes."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from amiss.errors import SinkError
from amiss.evaluation import Evaluation, Outcome, evaluate
from amiss.report.evaluation_page import render_evaluation, write_evaluation
from labelled_data import write_folder


def bench(*words, cwd):
    """Run the command; return status, lines, what it complained of."""
    ran = subprocess.run(
        [sys.executable, "-m", "amiss", "bench", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("labelled") / "data")


def test_means_of_a_folder(folder):
    """A head and a line for each group and protocol, in aligned columns; exit 0; JSON and page as asked."""
    status, lines, said = bench(
        "data", "--models", "fast", "-o", "figures.json", "--report", "page.html", cwd=folder.parent
    )
    assert (status, said) == (0, "")
    assert lines[0] == "11 cases of 6 data sets judged."
    head = lines.index("Ranking, means:") + 1
    assert lines[head].split()[:4] == ["data", "protocol", "cases", "VUS-PR"]
    assert lines[head + 1].split() == ["table", "contaminated", "1", "1.000", "1.000", "1.000", "1.000"]
    assert lines[-2:] == ["Written: figures.json", "Written: page.html"]
    figures = json.loads((folder.parent / "figures.json").read_text())
    assert len(figures["cases"]) == 11
    assert "amiss bench data" in (folder.parent / "page.html").read_text()


def test_only_some_each_case_printed(folder):
    """--only by name and pattern, --cases, --seed."""
    status, lines, _ = bench(
        "data", "--only", "codes,tables/*", "--cases", "--models=fast", "--seed=3", cwd=folder.parent
    )
    cases = [line.split()[:2] for line in lines[lines.index("Case by case:") + 2 :]]
    assert status == 0
    assert [name for name, _ in cases] == ["codes", *["tables/orders"] * 3, *["tables/sensors"] * 3]


def test_a_failed_case_is_told_and_exits_with_1(folder):
    """The others are judged."""
    status, lines, _ = bench("data", "--models", "memory", "--only", "codes,sensors", cwd=folder.parent)
    assert status == 1
    assert lines[0] == "3 cases of 2 data sets judged, 1 failed."
    assert lines[-1].startswith("Failed: codes, unsup: Model of strings 'memory' is not known.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none"], "amiss: There is no folder 'none'. Give one that holds labelled data."),
        (["data", "--only", "x"], "amiss: No data set is called 'x'. There are: cells/shops, codes"),
        (["data", "-o", "f.csv"], "amiss: The figures are written as JSON, and 'f.csv' does not end so."),
        (["data", "--report", "p.pdf"], "amiss: The report is one HTML file, and 'p.pdf' does not end so."),
        (["data", "--seed", "-1"], "Invalid value for '--seed'"),
    ],
)
def test_wrong_calls_exit_with_2(folder, words, said):
    """One sentence, before any work is done."""
    status, lines, complaint = bench(*words, cwd=folder.parent)
    assert (status, lines) == (2, [])
    assert said in complaint


def test_quiet_prints_nothing(folder):
    """The status tells."""
    assert bench("data", "-q", "--only", "codes", "--models", "fast", cwd=folder.parent) == (0, [], "")


# ------------------------------------------------------------ the page
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_loads_nothing_and_breaks_nothing(folder, browser, tmp_path, colours):
    """No request, no breach of its own policy, no message on the console; nothing wider than the page."""
    write_evaluation(evaluate(str(folder), models="fast"), tmp_path / "page.html", command="amiss bench data")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=colours)
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    page.on("request", lambda request: faults.append(request.url) if "page.html" not in request.url else None)
    page.goto((tmp_path / "page.html").as_uri())
    assert faults == []
    assert page.locator("tbody tr").count() == 11 + 11 + 1 + 11
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_hostile_names_and_reasons_stay_text():
    """What stands in a file name or an error is shown, never run."""
    hit = "<script>alert(1)</script>\u202e"
    fine = Outcome(hit, "table", "table", "novelty", 9, 1, {"average_precision": 0.5}, 1.0)
    html = render_evaluation(Evaluation(hit, hit, 0, (fine, Outcome(hit, failure=hit))), command=hit)
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 5


def test_a_long_evaluation_is_cut_and_says_so():
    """At most a thousand cases on the page."""
    many = [
        Outcome(f"n{i}", "table", "table", "novelty", 9, 1, {"average_precision": 0.5}) for i in range(1200)
    ]
    html = render_evaluation(Evaluation("a", "auto", 0, tuple(many)))
    assert "200 further cases are not shown here." in html
    assert len(html) < 1_000_000


def test_a_page_without_any_case_says_what_failed():
    """Nothing but failures: no empty tables."""
    html = render_evaluation(Evaluation("a", "auto", 0, (Outcome("b", failure="b is empty."),)))
    assert "0 cases of 1 data set judged, 1 failed." in html
    assert "b is empty." in html
    assert "<table" not in html


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    """The sentence of every page."""
    with pytest.raises(SinkError, match="The report cannot be written to"):
        write_evaluation(Evaluation("a", "auto", 0, ()), tmp_path / "none" / "page.html")


def test_numpy_labels_of_bool_are_labels(tmp_path):
    """What numpy saves for `y = score > 3` is read."""
    np.savez(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(80, 2)), y=np.arange(80) > 75)
    assert bench("a.npz", "-q", "--models", "fast", cwd=tmp_path)[0] == 0
