"""Jobs: from where the data is to the answer."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

from amiss import learnt
from amiss.errors import ParameterError, SourceError
from amiss.job import Allowance, Job, explain, judge, learn, read
from amiss.outputs import choose_outputs


@pytest.fixture
def orders(tmp_path: pathlib.Path) -> str:
    """Rows named by a key, one amount wrong."""
    amounts = np.random.default_rng(0).normal(120, 10, 300)
    amounts[7] = 990
    lines = ["order,amount", *(f"A{i},{amount:.1f}" for i, amount in enumerate(amounts))]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "101%", "half", "1 000", "%"])
def test_what_is_no_allowance_is_refused(text: str) -> None:
    """A whole number, or a share up to 100 %."""
    with pytest.raises(ParameterError, match="Legal: a whole number"):
        Allowance.of(text)


def test_the_key_is_not_looked_at_but_names_rows_and_stays_in_the_answer(orders: str) -> None:
    """Labels by the key; the data of the answer is whole."""
    job = Job(orders, key="order", kind="table")
    detection = judge(job, read(job))
    assert detection.anomalies[0].label == "order A7 (row 7)"
    assert [c["name"] for c in detection.learnt["columns"]] == ["amount"]
    assert list(detection.to_frame().columns) == ["score", "p_value", "anomalous", "causes"]
    assert list(detection.native) == ["order", "amount"]


def test_a_key_that_is_not_there_is_told_with_the_columns(orders: str) -> None:
    """The error lists the columns there are."""
    with pytest.raises(SourceError, match="order, amount"):
        read(Job(orders, key="id"))


def test_one_column_of_texts_is_a_list_of_strings(tmp_path: pathlib.Path) -> None:
    """A CSV file of one column of codes goes to the strings."""
    path = tmp_path / "codes.csv"
    path.write_text("\n".join(["code", *(f"AB{i:02d}" for i in range(99)), "AB-7"]))
    job = Job(str(path))
    detector, choice = learn(job, read(job))
    assert (detector.kind, choice.kind) == ("strings", "strings")


def test_the_answer_is_the_same_each_time(orders: str) -> None:
    """Without a seed the job takes 0."""
    job = Job(orders)
    np.testing.assert_array_equal(judge(job, read(job)).scores, judge(job, read(job)).scores)


def test_explain_keeps_the_order_asked(orders: str) -> None:
    """Items in the order of the question, flagged or not."""
    job = Job(orders)
    assert [a.place for a in explain(job, read(job), [7, 2])] == [7, 2]


def test_a_report_asked_for_takes_the_place_of_the_one_by_default() -> None:
    """No second report is written."""
    assert [place for place, _ in choose_outputs(["mine.html"], "report.html")] == ["mine.html"]


def test_what_was_learnt_of_strings_in_lines() -> None:
    """Patterns, expression and check digit, a line each; what is not there is left out."""
    told = learnt.lines(
        {
            "kind": "strings",
            "patterns": [{"pattern": "AA99", "share": 0.98, "example": "AB12"}],
            "regex": {"pattern": "^[A-Z]{2}[0-9]{2}$", "coverage": 0.98},
            "check_digit": None,
        }
    )
    assert told == ["Patterns: AA99 98%.", "Regular expression: ^[A-Z]{2}[0-9]{2}$ fits 98.0%."]
