"""`benchmarks/quality.py`: ranks and tests as Demsar has them, figures that outlive a kill, pages and docs."""

from __future__ import annotations

import json
import math
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from peers.of_series import spread_over_points  # noqa: E402
from peers.of_strings import pattern, rarity  # noqa: E402
from quality_docs import BEGIN, END, renew  # noqa: E402
from quality_figures import Figures, Kept, boards, measured_elsewhere  # noqa: E402
from quality_page import write_quality  # noqa: E402
from quality_ranks import alike, diagram, ranking  # noqa: E402

from labelled_data import write_folder  # noqa: E402


# ------------------------------------------------------------ ranks
def test_ranks_and_tests_of_the_published_example():
    """Demsar 2006, table 6: mean ranks and CD of four methods on 14 sets; one figure less rounded than there."""
    table = """0.763 0.768 0.771 0.798 / 0.599 0.591 0.590 0.569 / 0.954 0.971 0.968 0.967 / 0.628 0.661 0.654 0.657
    0.882 0.888 0.886 0.898 / 0.936 0.931 0.916 0.931 / 0.661 0.668 0.609 0.685 / 0.583 0.583 0.563 0.625
    0.775 0.838 0.866 0.875 / 1.000 1.000 1.000 1.000 / 0.940 0.962 0.965 0.962 / 0.619 0.666 0.614 0.669
    0.972 0.981 0.9751 0.975 / 0.957 0.978 0.946 0.970"""
    values = np.array(table.replace("/", " ").split(), float).reshape(14, 4)
    names = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
    found = ranking(dict(zip(names, values.T, strict=True)))
    assert found.methods == ["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]
    assert found.ranks.round(3).tolist() == [1.964, 2.0, 2.893, 3.143]
    assert round(found.distance, 2) == 1.25
    assert found.p_value == pytest.approx(friedmanchisquare(*values.T).pvalue, abs=1e-12)


@given(st.integers(3, 6), st.integers(3, 12), st.integers(0, 999))
def test_friedman_is_that_of_scipy(methods, cases, seed):
    """Ties among the figures."""
    values = np.random.default_rng(seed).integers(0, 5, (cases, methods)).astype(float)
    found = ranking({str(i): values[:, i] for i in range(methods)})
    if np.ptp(values, axis=1).any():
        assert found.p_value == pytest.approx(friedmanchisquare(*values.T).pvalue, abs=1e-9)
    assert found.ranks.sum() == pytest.approx(methods * (methods + 1) / 2)
    assert (np.diff(found.ranks) >= 0).all()


def test_what_was_not_run_ranks_last():
    """And ties share their win."""
    found = ranking({"a": np.array([0.5, np.nan]), "b": np.array([0.5, 0.0])})
    assert found.methods == ["b", "a"]
    assert found.ranks.tolist() == [1.25, 1.75]
    assert found.wins.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("ranks", "distance", "runs"),
    [
        ([1.0, 2.0, 3.0], 1.0, [(0, 1), (1, 2)]),
        ([1.0, 2.0, 3.0], 2.0, [(0, 2)]),
        ([1.0, 2.0, 3.0], 0.5, []),
        ([1.0, 1.0, 3.0, 3.4], 0.9, [(0, 1), (2, 3)]),
        ([1.0, 2.0], math.nan, []),
    ],
)
def test_bars_are_the_longest_runs_within_the_distance(ranks, distance, runs):
    """None within another."""
    assert alike(np.array(ranks), distance) == runs


def test_the_diagram_names_each_method_once_and_stays_within_the_picture():
    """The better half on the left, every place inside."""
    rng = np.random.default_rng(0)
    found = ranking({f"m{i}": rng.random(20) + 0.1 * i for i in range(9)})
    drawn = diagram(found, 1000)
    assert [label["name"] for label in drawn["labels"]] == found.methods
    assert [label["anchor"] for label in drawn["labels"]] == ["end"] * 5 + ["start"] * 4
    assert all(drawn["from"] <= label["x"] <= drawn["to"] for label in drawn["labels"])
    assert all(0 < label["y"] < drawn["height"] for label in drawn["labels"])
    assert len({(label["anchor"], label["y"]) for label in drawn["labels"]}) == 9


# ------------------------------------------------------------ figures
def line(name, method, ap, **more):
    """Figures of a table."""
    figures = {} if ap is None else {"average_precision": ap, "recall_1": 1.0, "flagged": 0.0}
    told = {"pack": "p", "group": "table", "protocol": "novelty", "seconds": 1.0}
    return Figures(**{**told, **more}, name=name, method=method, figures=figures)


def test_figures_outlive_a_kill(tmp_path):
    """A line cut in the middle is taken off; the whole ones stay and are not run again."""
    kept = Kept(tmp_path / "figures.jsonl")
    kept.add(line("é", "amiss", 0.5))
    kept.add(line("b", "amiss", 0.7))
    with kept.path.open("a", encoding="utf-8") as file:
        file.write('{"pack": "p", "name": "ü')
    again = Kept(kept.path)
    assert again.lines == kept.lines
    again.add(line("c", "amiss", 0.9))
    assert [x.name for x in Kept(kept.path).lines] == ["é", "b", "c"]


def test_a_case_that_is_run_again_counts_once(tmp_path):
    """The last line counts, and no other case is lost."""
    kept = Kept(tmp_path / "figures.jsonl")
    for name, value in (("a", 0.5), ("b", 0.6), ("a", 0.7)):
        kept.add(line(name, "amiss", value))
    for found in (kept, Kept(kept.path)):
        assert [(x.name, x.figures["average_precision"]) for x in found.lines] == [("a", 0.7), ("b", 0.6)]


def test_a_board_takes_means_over_seeds_and_counts_failures_as_zero():
    """Two seeds are one figure; a method of too few cases is left out; nothing is invented for verdicts."""
    lines = [
        *[line("a", "amiss", 0.4), line("a", "amiss", 0.6, seed=1), line("b", "amiss", 1.0)],
        *[line("a", "KNN", 0.8), line("b", "KNN", None, failure="out of memory")],
        line("a", "rare", 1.0),
    ]
    (board,) = boards(lines)
    assert board.figures["amiss"]["average_precision"].tolist() == [0.5, 1.0]
    assert board.figures["KNN"]["average_precision"].tolist() == [0.8, 0.0]
    assert math.isnan(board.figures["KNN"]["flagged"][1])
    assert list(board.figures) == ["amiss", "KNN"]
    assert (board.ordered(), board.peers()) == (["amiss", "KNN"], ["KNN"])


def test_figures_measured_elsewhere_join(tmp_path):
    """Names of metrics and methods are translated; unknown data sets are left out."""
    (tmp_path / "p.csv").write_text(
        "name,group,protocol,method,roc_auc,ap\na,all,novelty,knn,0.9,0.5\nz,all,novelty,knn,0.9,0.5\n"
    )
    (found,) = measured_elsewhere(tmp_path, {("p", "a"): "table"}, {"knn": "KNN"})
    assert (found.name, found.method, found.group) == ("a", "KNN", "table")
    assert found.figures == {"roc_auc": 0.9, "average_precision": 0.5}


def test_peers_on_paper():
    """Patterns, rarity, and window scores spread over the points they cover."""
    assert pattern("AB12-cd") == "A9-a"
    assert rarity(["x", "x", "y", "x"]).round(4).tolist() == [0.2877, 0.2877, 1.3863, 0.2877]
    assert spread_over_points(np.array([1.0, 3.0]), 3).tolist() == [1.0, 2.0, 3.0]


# ------------------------------------------------------------ pages
def test_the_docs_keep_what_stands_around_the_tables(tmp_path):
    """Between the marks everything is new, elsewhere nothing."""
    page = tmp_path / "quality.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    renew(page, boards([line("a", "amiss", 0.5), line("a", "KNN", 0.25)]))
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n|")
    assert text.endswith(f"{END}\nafter\n")
    assert "| 1 tables of numbers | novelty | ROC-AUC / average precision |  / .500 |  / .250 (KNN) |" in text
    assert "\nold\n" not in text
    page.write_text("no marks")
    with pytest.raises(SystemExit, match="has not the marks"):
        renew(page, [])


def test_the_docs_tell_of_explanations_where_they_were_judged(tmp_path):
    """Data sets without a known wrong cell count in no mean."""
    page = tmp_path / "quality.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    known = line("a", "amiss", 0.5)
    known.figures["blamed"] = 0.75
    renew(page, boards([known, line("b", "amiss", 0.5)]))
    assert "| 1 tables of numbers | .750 |  |" in page.read_text()
    renew(page, boards([line("b", "amiss", 0.5)]))
    assert "Explanations" not in page.read_text()


def test_hostile_names_stay_text(tmp_path):
    """Names of methods and data sets come from files."""
    hit = "<img src=x onerror=alert(1)>"
    some = [line(f"{hit}{i}", method, 0.5) for i in range(4) for method in ("amiss", hit, "KNN")]
    write_quality(boards(some), tmp_path / "page.html", command=hit)
    text = (tmp_path / "page.html").read_text()
    assert "<img" not in text
    assert text.count("&lt;img") > 10


def test_run_go_on_and_show(tmp_path, browser):
    """A run of two methods; the second run runs the new method alone; the page keeps its own policy."""
    write_folder(tmp_path / "packs" / "mine")
    command = [sys.executable, str(ROOT / "benchmarks/quality.py"), str(tmp_path / "packs")]
    options = ["--out", str(tmp_path / "out"), "--models", "fast", "--only", "codes,cells/shops,series/load"]

    def told(peers):
        ran = subprocess.run(
            [*command, *options, "--peers", peers], capture_output=True, text=True, check=True
        )
        return [text for text in ran.stderr.splitlines() if text.startswith("mine/")]

    assert len(told("value rarity,robust z")) == 4 + 4
    assert [text.split(": ")[1] for text in told("value rarity,pattern rarity")] == ["pattern rarity"] * 2
    summary = json.loads((tmp_path / "out/quality.json").read_text())
    assert [(board["group"], board["protocol"]) for board in summary] == [
        ("cells", "unsup"),
        ("one channel", "unsup"),
        ("one channel", "semi"),
        ("strings", "unsup"),
    ]
    assert set(summary[3]["methods"]) == {"amiss fast", "value rarity", "pattern rarity"}
    page, faults = browser.new_page(), []
    page.on("console", lambda message: faults.append(message.text))
    page.goto((tmp_path / "out/quality.html").as_uri())
    assert faults == []
    assert page.locator("svg.diagram").count() == 0  # one data set ranks nothing
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
