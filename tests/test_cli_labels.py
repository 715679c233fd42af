"""`--labels COLUMN`: what is known of rows, on the command line, for every kind of data."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

import amiss
from amiss import cli
from amiss.errors import AmissError, ParameterError, SourceError
from amiss.reading.side_columns import labels_in

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


def run(*words):
    """Return what a command prints."""
    done = CliRunner().invoke(cli.amiss, list(map(str, words)), standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def told(*words):
    """Return the answer of ``amiss detect`` as JSON."""
    return json.loads(run("detect", *words, "--json"))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """300 rows; the first ten lie far off and are good, the next ten on the other side and are bad."""
    place = tmp_path_factory.mktemp("table") / "sizes.csv"
    numbers, lines = random.Random(0), ["size,weight,seen"]
    for row in range(300):
        middle, seen = (7, "0") if row < 10 else (-7, "TRUE") if row < 20 else (0, "")
        lines.append(f"{numbers.gauss(middle, 1):.3f},{numbers.gauss(middle, 1):.3f},{seen}")
    place.write_text("\n".join(lines) + "\n")
    return place


def test_a_table_is_learnt_as_its_labels_say(table):
    """The same as in Python; the bad rows are found, the good ones are not, the column is not looked at."""
    answer = told(table, "--labels", "seen", "--models", "fast")
    frame = pl.read_csv(table)
    labels = [{"0": 0, "TRUE": 1, None: None}[value] for value in frame["seen"]]
    twin = amiss.TableDetector(models="fast", random_state=0).fit(frame.drop("seen"), labels=labels)
    assert [column["name"] for column in answer["learnt"]["columns"]] == ["size", "weight"]
    assert answer["threshold"] == twin.threshold_
    found = {one["place"] for one in answer["anomalies"]}
    assert found == set(np.flatnonzero(twin.scores_ > twin.threshold_).tolist())
    assert found >= set(range(10, 20))
    assert not found & set(range(10))


def test_a_model_is_learnt_with_labels_and_judges_without(table, tmp_path):
    """`amiss fit --labels`; with the model, labels are refused: what is known was decided when it was learnt."""
    model = tmp_path / "sizes.amiss"
    run("fit", table, "--labels", "seen", "--models", "fast", "-o", model)
    new = tmp_path / "new.csv"
    new.write_text("size,weight\n7,7\n-7,-7\n0,0\n")
    assert {one["place"] for one in told(new, "-m", model)["anomalies"]} == {1}
    with pytest.raises(ParameterError, match=r"labels: decided when .* was learnt"):
        told(table, "-m", model, "--labels", "seen")


def test_a_series_is_learnt_as_its_labels_say(tmp_path):
    """A burst that is known to be good is no event."""
    load = np.sin(np.arange(600) * 2 * np.pi / 24) + 0.1 * np.random.default_rng(0).normal(size=600)
    load[300:306] += 3.0
    known = ["0" if 290 <= at < 316 else "" for at in range(600)]
    at = np.datetime64("2024-01-01", "us") + np.arange(600) * np.timedelta64(3_600_000_000, "us")
    place = tmp_path / "load.csv"
    pl.DataFrame({"at": at, "load": load, "known": known}).write_csv(place)

    def burst(*words):
        return [
            one for one in told(place, "--models", "fast", *words)["anomalies"] if 295 < one["place"] < 310
        ]

    assert burst("--columns", "load")
    assert not burst("--labels", "known", "--columns", "load")


def test_strings_are_learnt_as_their_labels_say(tmp_path):
    """A list of codes with a column of labels is a list of strings."""
    place = tmp_path / "codes.csv"
    codes = [f"AB{i:02d}-{i * 7 % 10}," for i in range(100)]
    place.write_text("\n".join(["code,bad", *codes, "9,0", "7,1"]) + "\n")
    answer = told(place, "--labels", "bad", "--models", "fast")
    assert answer["kind"] == "strings"
    assert [one["place"] for one in answer["anomalies"]] == [101]


def test_what_a_column_of_labels_may_hold():
    """1, 0, true, false, in any case, as text or number; nothing; what stands for no value elsewhere."""
    values = ["1", "0", "1.0", " True ", "FALSE", 1, 0.0, True, "", None, math.nan, "NA"]
    assert labels_in(values, "bad") == [1, 0, 1, 1, 0, 1, 0, 1, None, None, None, None]


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ("size", ParameterError, r"Column 'size' of the labels holds [\d.]+ in row 0\. Legal: 1 or true"),
        ("none", SourceError, r"There is no column 'none' to be the column of labels\. The columns: size, weight"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_refused(table, column, error, message):
    """One sentence: where, what, what is legal."""
    with pytest.raises(error, match=message):
        told(table, "--labels", column)


def test_a_list_of_strings_has_no_labels(tmp_path):
    """Lines hold no columns."""
    place = tmp_path / "codes.txt"
    place.write_text("AB01\nAB02\n")
    with pytest.raises(
        AmissError, match="A list of strings has no columns, so none of them is the column of labels"
    ):
        told(place, "--labels", "bad")


def test_data_in_parts_are_learnt_as_their_labels_say(table):
    """A folder of one file, all of whose rows are drawn, has the scores of that file."""
    whole, parts = (
        told(table, "--labels", "seen", "--models", "fast"),
        told(table.parent, "--labels", "seen", "--models", "fast"),
    )
    assert parts["anomalies"] == whole["anomalies"]
    assert any("10 rows labelled as anomalies" in note for note in parts["notes"])
