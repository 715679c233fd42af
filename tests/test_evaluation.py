"""Labelled data of a folder: read by its form, made into cases, judged."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import amiss
from amiss.errors import DataError, ParameterError, SourceError
from amiss.evaluation import cases_of, evaluate, figures_of, find_labelled, outcome_of, read_labelled
from amiss.evaluation.cases import take, thinned
from amiss.evaluation.labelled import Labelled, Place, labels_of
from labelled_data import write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="module")
def evaluation(folder):
    return evaluate(str(folder), models="fast")


# ------------------------------------------------------------ what is read
def test_the_kind_is_told_by_the_form(folder):
    """Every data set of the folder, by its name, and nothing else."""
    kinds = {place.name: read_labelled(place).kind for place in find_labelled(str(folder))}
    assert kinds == {
        "cells/shops": "cells",
        "codes": "strings",
        "series/load": "series",
        "series/two": "series",
        "tables/orders": "mixed",
        "tables/sensors": "table",
    }


def test_what_is_read_is_what_stands_there(folder):
    """Values, labels, the part to learn from, wrong cells."""
    found = {place.name: read_labelled(place) for place in find_labelled(str(folder))}
    assert found["series/load"].data.shape == (600, 1)
    assert found["series/two"].data.shape == (600, 2)
    assert (found["series/load"].train_end, found["series/two"].train_end) == (300, None)
    assert np.flatnonzero(found["series/load"].labels).tolist() == list(range(500, 506))
    assert list(found["tables/orders"].data) == ["amount", "country"]
    assert np.flatnonzero(found["tables/orders"].labels).tolist() == [116, 117, 118, 119]
    assert np.argwhere(found["cells/shops"].labels).tolist() == [[7, 0], [40, 1]]
    assert found["codes"].data[98] == "AB-7"


def test_one_column_called_value_is_strings_even_where_all_are_digits(tmp_path):
    """Card numbers are written, not counted; leading zeros stay."""
    (tmp_path / "cards.csv").write_text("value,label\n0042,0\n0043,0\n9,1\n")
    assert read_labelled(Place("cards", tmp_path / "cards.csv")).data == ["0042", "0043", "9"]


def test_columns_not_judged_are_left_out(tmp_path, folder):
    """meta.json names the columns whose cells count."""
    for name in ("dirty.csv", "clean.csv"):
        (tmp_path / name).write_bytes((folder / "cells/shops" / name).read_bytes())
    (tmp_path / "meta.json").write_text('{"judged": ["country"]}')
    (case,) = cases_of(read_labelled(find_labelled(str(tmp_path))[0]))
    assert np.flatnonzero(case.truth).tolist() == [40]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("series/*", ["series/load", "series/two"]),
        ("series", ["series/load", "series/two"]),
        ("orders", ["tables/orders"]),
        ("tables/sensors", ["tables/sensors"]),
    ],
)
def test_only_what_is_asked_for(folder, asked, found):
    """Names, ends of names, folders, patterns."""
    assert [place.name for place in find_labelled(str(folder), [asked])] == found


def test_one_file_is_a_folder_of_one(folder):
    """`amiss bench codes.csv` works."""
    assert [place.name for place in find_labelled(str(folder / "codes.csv"))] == ["codes"]


WRONG = {
    "missing.csv": (
        "a,b\n1,2\n",
        "has no column of labels. Its columns: a, b. Call it one of label, is_anomaly, y",
    ),
    "words.csv": ("a,label\n1,0\n2,odd\n", "the label in row 1 is 'odd'. Legal in 'label': 0 (normal) and 1"),
    "gap.csv": ("a,label\n1,0\n2,\n", "the label in row 1 is ''"),
    "same.csv": ("a,label\n1,0\n2,0\n", "every label is 0 (column 'label'). Give normal items and anomalies"),
    "all.csv": ("a,label\n1,1\n2,1\n", "every label is 1"),
    "ragged.csv": ("a,b,label\n1,2,0\n3,1\n", "row 1 has 2 cells, the header 3"),
    "twice.csv": ("a,a,label\n1,2,0\n3,1,1\n", "two columns called 'a'"),
    "header.csv": ("a,label\n", "holds a header (a, label) and no rows"),
    "alone.csv": ("label\n0\n1\n", "holds labels and nothing else"),
    "empty.csv": ("", "is empty"),
    "words2.csv": ("timestamp,a,label\n1,x,0\n2,y,1\n", "is a series, and column 'a' holds no numbers ('x')"),
    "noise.parquet": ("no parquet", "noise.parquet"),
    "noise.npz": ("no archive", "is no archive of arrays"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_judged_says_why(tmp_path, name):
    """Place, value, what is legal, what to do; never another error."""
    text, said = WRONG[name]
    (tmp_path / name).write_text(text)
    with pytest.raises((DataError, SourceError)) as caught:
        read_labelled(find_labelled(str(tmp_path))[0])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.zeros((4, 2))}, "has no column of labels"),
        ({"y": np.array([0, 1])}, "Legal: X of shape (rows, columns)"),
        ({"X": np.zeros((3, 2)), "y": np.array([0, 1])}, "3 rows and 2 labels"),
        ({"X": np.array([["a"], ["b"]]), "y": np.array([0, 1])}, "numbers"),
        ({"X": np.array([[1], [None]], object), "y": np.array([0, 1])}, "is no archive"),
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path, arrays, said):
    """No labels, no rows, other counts, words, pickled objects."""
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises((DataError, SourceError)) as caught:
        read_labelled(Place("a", tmp_path / "a.npz"))
    assert said in str(caught.value)


def test_twins_of_other_shapes_are_refused(tmp_path):
    """A dirty table and its clean twin have the same rows."""
    (tmp_path / "dirty.csv").write_text("a\nx\ny\n")
    (tmp_path / "clean.csv").write_text("a\nx\n")
    with pytest.raises(DataError, match=r"dirty.csv has 2 rows x 1 columns, clean.csv 1 rows x 1 columns"):
        read_labelled(find_labelled(str(tmp_path))[0])


def test_a_label_of_another_name_is_named(tmp_path):
    """--label fraud."""
    (tmp_path / "a.csv").write_text("a,b,fraud\n1,2,0\n3,4,1\n")
    place = find_labelled(str(tmp_path))[0]
    assert read_labelled(place, "fraud").labels.tolist() == [0, 1]
    with pytest.raises(DataError, match="has no column 'odd'"):
        read_labelled(place, "odd")


@pytest.mark.parametrize("values", [[0.0, 1.0], [False, True], ["False", "TRUE"], ["0", "1.0"]])
def test_labels_are_spelt_in_many_ways(values):
    """Numbers, booleans, words."""
    assert labels_of("a", "label", np.array(values)).tolist() == [0, 1]


def test_a_folder_that_is_not_there_or_holds_nothing(tmp_path):
    """Both say what to do."""
    with pytest.raises(SourceError, match="There is no folder"):
        find_labelled(str(tmp_path / "none"))
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SourceError, match=r"holds no labelled data\. Legal: name\.npz with X and y"):
        find_labelled(str(tmp_path))


def test_a_name_that_is_not_there_lists_what_is(folder):
    """--only sensor."""
    with pytest.raises(
        ParameterError, match=r"No data set is called 'sensor'. There are: cells/shops, codes"
    ):
        find_labelled(str(folder), ["sensor"])


# ------------------------------------------------------------ cases
@pytest.mark.parametrize("seed", [0, 1])
def test_halves_are_apart_and_hold_what_they_should(seed):
    """Novelty: fitted on normal rows alone; inductive: on half of each class. No row is on both sides."""
    labels = np.arange(101) % 10 == 0
    given = Labelled("a", "table", np.arange(101.0)[:, None], labels.astype(int))
    cases = {case.protocol: case for case in cases_of(given, seed)}
    for protocol in ("novelty", "inductive"):
        case = cases[protocol]
        training, new = case.training[:, 0].astype(int), case.new[:, 0].astype(int)
        assert sorted([*training, *new]) == list(range(101))
        assert labels[new].tolist() == case.labels.tolist()
    assert not labels[cases["novelty"].training[:, 0].astype(int)].any()
    assert labels[cases["inductive"].training[:, 0].astype(int)].sum() == 5
    assert cases["contaminated"].new is None
    assert cases["contaminated"].training.shape == (101, 1)


def test_the_seed_draws_the_halves():
    """The same seed the same halves, another seed others."""
    given = Labelled("a", "table", np.arange(40.0)[:, None], np.arange(40) // 30)
    drawn = [[case.training.ravel().tolist() for case in cases_of(given, seed)][1] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_thinning_keeps_the_share_and_the_order():
    """A tenth of 50,000 is a tenth of 1,000; rare anomalies stay, up to 30."""
    labels = (np.arange(50_000) % 10 == 0).astype(int)
    kept = thinned(labels, 1000, np.random.default_rng(0))
    assert (len(kept), labels[kept].sum()) == (1000, 100)
    assert (np.diff(kept) > 0).all()
    rare = (np.arange(50_000) < 40).astype(int)
    assert rare[thinned(rare, 1000, np.random.default_rng(0))].sum() == 30


def test_a_series_is_judged_after_its_first_part_where_there_is_one():
    """No second case without notes, with a short first part, or without anomalies in the rest."""
    labels = np.zeros(400, int)
    labels[300:310] = 1
    protocols = {
        end: [case.protocol for case in cases_of(Labelled("a", "series", np.ones((400, 1)), labels, end))]
        for end in (None, 99, 200, 310)
    }
    assert protocols == {None: ["unsup"], 99: ["unsup"], 200: ["unsup", "semi"], 310: ["unsup"]}


@pytest.mark.parametrize(
    "data", [np.arange(3), {"a": np.arange(3)}, ["x", "y", "z"], pl.DataFrame({"a": [0, 1, 2]})]
)
def test_items_are_taken_from_every_type(data):
    """Arrays, columns, lists, frames: the type stays."""
    taken = take(data, np.array([2, 0]))
    assert type(taken) is type(data)
    assert len(taken if not isinstance(taken, dict) else taken["a"]) == 2


# ------------------------------------------------------------ outcomes
def test_every_kind_is_judged(evaluation):
    """Protocols of each kind; the planted anomalies are found."""
    judged = {(o.name, o.protocol) for o in evaluation.outcomes}
    assert not evaluation.failed
    assert judged == {
        ("cells/shops", "unsup"),
        ("codes", "unsup"),
        ("series/load", "unsup"),
        ("series/load", "semi"),
        ("series/two", "unsup"),
        *[
            (f"tables/{name}", p)
            for name in ("orders", "sensors")
            for p in ("contaminated", "novelty", "inductive")
        ],
    }
    ranked = {(o.name, o.protocol): o.figures["roc_auc"] for o in evaluation.outcomes}
    assert all(auc > 0.9 for auc in ranked.values()), ranked


def test_the_figures_are_those_of_the_detector(evaluation, folder):
    """Fitted by hand on the same data, the same ranking and the same verdicts."""
    outcome = next(
        o for o in evaluation.outcomes if (o.name, o.protocol) == ("tables/sensors", "contaminated")
    )
    with np.load(folder / "tables/sensors.npz") as arrays:
        rows, labels = arrays["X"], arrays["y"]
    detector = amiss.TableDetector(models="fast", random_state=0).fit(rows)
    flags = detector.scores_ > detector.threshold_
    assert outcome.figures["recall"] == flags[labels].mean()
    assert outcome.figures["flagged"] == flags.mean()
    assert (outcome.items, outcome.anomalies) == (200, 10)


def test_means_are_means_of_what_did_not_fail(evaluation):
    """By group and protocol, in a fixed order; figures that a group lacks are left out."""
    means = {(m.group, m.protocol): m for m in evaluation.means()}
    assert list(means)[:2] == [("table", "contaminated"), ("table", "inductive")]
    series = [
        o.figures["vus_pr"] for o in evaluation.outcomes if (o.group, o.protocol) == ("one channel", "semi")
    ]
    assert means["one channel", "semi"].figures["vus_pr"] == pytest.approx(np.mean(series))
    assert "vus_pr" not in means["strings", "unsup"].figures


def test_json_and_rows_hold_every_case(evaluation):
    """One object, no NaN; one flat row a case."""
    told = json.loads(evaluation.to_json())
    assert [case["name"] for case in told["cases"]] == [o.name for o in evaluation.outcomes]
    assert (told["models"], told["seed"], told["amiss"]) == ("fast", 0, amiss.__version__)
    rows = pl.DataFrame(evaluation.rows(), infer_schema_length=None)
    assert rows.height == len(evaluation.outcomes)
    assert rows["roc_auc"].null_count() == 0


def test_a_case_that_fails_stops_nothing(tmp_path, folder):
    """A file that is damaged, and models that this kind has not: told with the reason; the others are judged."""
    (tmp_path / "a.csv").write_text("value,label\nx,0\n")
    (tmp_path / "codes.csv").write_bytes((folder / "codes.csv").read_bytes())
    np.savez(tmp_path / "t.npz", X=np.random.default_rng(0).normal(size=(60, 2)), y=np.arange(60) < 3)
    evaluation = evaluate(str(tmp_path), models="memory")
    assert [bool(o.failure) for o in evaluation.outcomes] == [True, True, False, False, False]
    assert "every label is 0" in evaluation.outcomes[0].failure
    assert "memory" in evaluation.outcomes[1].failure
    assert evaluation.verdict == "3 cases of 3 data sets judged, 2 failed."
    assert json.loads(evaluation.to_json())["cases"][0]["figures"] == {}


def test_any_method_can_be_judged_on_a_case():
    """Scores that are not finite count as the lowest or the most extreme; one score an item is asked for."""
    given = Labelled("a", "table", np.arange(4.0)[:, None], np.array([0, 0, 1, 1]))
    case = next(cases_of(given))
    assert figures_of(case, np.array([np.inf, 1.0, 2.0, np.nan]))["roc_auc"] == 0.5
    assert (
        outcome_of(case, lambda case: (np.zeros(3), None)).failure
        == "ValueError: Scores of shape (3,) for 4 items"
    )


# ------------------------------------------------------------ explanations
def test_blame_is_judged_where_it_is_known_what_is_wrong(evaluation):
    """Two rows with one wrong cell each; no figure where nobody knows."""
    cells = next(o for o in evaluation.outcomes if o.name == "cells/shops")
    assert cells.figures["blamed"] == 1.0
    assert not any("blamed" in o.figures for o in evaluation.outcomes if o.name != "cells/shops")


def test_the_blamed_character_is_judged_by_the_spans(tmp_path, folder):
    """The changed character itself, one beside it, and one far away."""
    (tmp_path / "codes.csv").write_bytes((folder / "codes.csv").read_bytes())
    found = []
    for start in (3, 2, 0):  # AB-7: a digit too few before it
        (tmp_path / "spans.csv").write_text(
            f"case,row,start,end\ncodes,98,{start},{start + 1}\nother,0,0,1\n"
        )
        (outcome,) = evaluate(str(tmp_path), models="fast").outcomes
        found.append((outcome.figures["blamed"], outcome.figures["blamed_near"]))
    assert found == [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def test_spans_of_another_form_are_told(tmp_path, folder):
    """A case that cannot be read says which file is to be mended."""
    (tmp_path / "codes.csv").write_bytes((folder / "codes.csv").read_bytes())
    (tmp_path / "spans.csv").write_text("case,row,start\ncodes,98,2\n")
    (outcome,) = evaluate(str(tmp_path)).outcomes
    assert (
        "spans.csv does not tell where strings were changed ('end'). Legal: columns case, row"
        in outcome.failure
    )


def test_progress_is_told(folder):
    """Data sets done, of how many, and the case at work."""
    told = []
    evaluate(str(folder), models="fast", only=["codes"], told=lambda *now: told.append(now))
    assert told == [(0, 1, "codes"), (0, 1, "codes, unsup"), (1, 1, "done")]
