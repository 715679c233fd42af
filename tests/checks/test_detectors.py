"""What holds for every detector, with every model and threshold on the shelves."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

import amiss
from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.detectors.base import Detector
from amiss.part import make_part, shelf_of
from amiss.thresholds import Threshold
from kinds import BY_NAME, INDEPENDENT, KINDS, Kind, default, take, with_every_part

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
every_independent = pytest.mark.parametrize("kind", INDEPENDENT, ids=str)
every_part = pytest.mark.parametrize(
    ("kind", "params"),
    list(with_every_part()),
    ids=lambda v: str(v) if isinstance(v, Kind) else "-".join(str(one) for one in v.values()),
)


def scores_of(detector: Detector, items: Any) -> Any:
    """Return the scores with our sign: higher = more abnormal."""
    return -detector.score_samples(items)


# ------------------------------------------------------------- same item, same score
@every_kind
def test_training_items_score_as_in_training(kind: Kind) -> None:
    """``scores_`` is what `score_samples` says of the training items, to the last bit."""
    detector = default(kind.name)
    assert (detector.scores_ == scores_of(detector, kind.training())).all()


@every_part
def test_every_part_scores_training_items_as_in_training(kind: Kind, params: dict[str, Any]) -> None:
    """Whatever model or threshold is asked for, by itself: finite scores >= 0, the same as in training."""
    detector = kind.fitted(**params)
    assert np.isfinite(detector.scores_).all()
    assert (detector.scores_ >= 0).all()
    assert (detector.scores_ == scores_of(detector, kind.training())).all()
    assert math.isfinite(detector.threshold_)
    assert detector.threshold_ > 0
    assert ((detector.p_values_ > 0) & (detector.p_values_ <= 1)).all()


@every_independent
def test_an_item_scores_the_same_alone_in_any_company_and_order(kind: Kind) -> None:
    """Alone, in a batch, shuffled, twice: the very same score."""
    detector, items = default(kind.name), kind.unseen()
    scores = scores_of(detector, items)
    alone = [float(scores_of(detector, take(items, [i]))[0]) for i in range(len(scores))]
    assert alone == scores.tolist()
    order = np.random.default_rng(5).permutation(len(scores))
    assert scores_of(detector, take(items, order)).tolist() == scores[order].tolist()
    assert scores_of(detector, take(items, [*order, *order])).tolist() == [*scores[order], *scores[order]]


@pytest.mark.parametrize(
    ("kind", "params"), [p for p in with_every_part() if p[0].independent and "threshold" not in p[1]]
)
def test_every_model_scores_an_item_the_same_alone_and_shuffled(kind: Kind, params: dict[str, Any]) -> None:
    """The same of each model by itself."""
    detector, items = kind.fitted(**params), kind.unseen()
    scores = scores_of(detector, items)
    assert [float(scores_of(detector, take(items, [i]))[0]) for i in range(12)] == scores[:12].tolist()
    order = np.random.default_rng(5).permutation(len(scores))
    assert scores_of(detector, take(items, order)).tolist() == scores[order].tolist()


@every_kind
def test_the_same_fit_gives_the_same_detector(kind: Kind) -> None:
    """Randomness comes from ``random_state`` alone, and nobody else's is touched."""
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    again = kind.fitted()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert (again.scores_ == default(kind.name).scores_).all()
    assert again.threshold_ == default(kind.name).threshold_


@every_part
def test_every_part_comes_back_from_a_file(kind: Kind, params: dict[str, Any], tmp_path: Path) -> None:
    """After save and load the scores are the same to the last bit, and so is the answer."""
    detector = kind.fitted(**params)
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    items = kind.unseen()
    assert (scores_of(loaded, items) == scores_of(detector, items)).all()
    assert loaded.detect(items).to_json() == detector.detect(items).to_json()


def test_another_process_gives_the_same_scores(tmp_path: Path) -> None:
    """Files made here, read elsewhere, with other hash seeds: the same to the last bit."""
    for kind in KINDS:
        amiss.save(default(kind.name), tmp_path / f"{kind.name}.amiss")
    code = (
        "import sys, json, pathlib, amiss, kinds\n"
        "for place in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
        "    scores = amiss.load(place).score_samples(kinds.BY_NAME[place.stem].unseen())\n"
        "    print(json.dumps([place.stem, [float(s).hex() for s in scores]]))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = dict(json.loads(line) for line in done.stdout.splitlines())
    assert answers == {
        name: [float(s).hex() for s in default(name).score_samples(kind.unseen())]
        for name, kind in BY_NAME.items()
    }


# ------------------------------------------------------------- scikit-learn's conventions
@every_kind
def test_scores_decisions_and_predictions_agree(kind: Kind) -> None:
    """The sign is flipped in one place; the threshold is where decisions change sign."""
    detector, items = default(kind.name), kind.unseen()
    scores = detector.score_samples(items)
    decisions = detector.decision_function(items)
    assert (decisions == scores - detector.offset_).all()
    assert detector.offset_ == -detector.threshold_
    assert (detector.predict(items) == np.where(-scores > detector.threshold_, -1, 1)).all()
    assert (kind.make().fit_predict(kind.training()) == detector.predict(kind.training())).all()


@every_kind
def test_a_clone_is_a_detector_not_fitted_with_the_same_parameters(kind: Kind) -> None:
    """scikit-learn's clone works, and fitting changes no parameter."""
    detector = kind.make(threshold="quantile")
    copy = clone(detector)
    before = repr(detector.get_params())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector.fit(kind.training())
    assert repr(copy.get_params()) == repr(detector.get_params()) == before
    with pytest.raises(ValueError, match="not fitted yet"):
        copy.score_samples(kind.training())


@every_kind
def test_a_pipeline_takes_every_detector(kind: Kind) -> None:
    """A pipeline that ends in a detector predicts as the detector."""
    pipeline = Pipeline([("same", "passthrough"), ("detector", kind.make())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline.fit(kind.training())
    assert (pipeline.predict(kind.unseen()) == default(kind.name).predict(kind.unseen())).all()


REPRS = [
    TableDetector(),
    TableDetector(models=["memory", "robust"], threshold="mean_std:k=2.5", random_state=3),
    TableDetector(kinds={"a": "text"}, missing=("n/a",), training_data="clean"),
    StringDetector(threshold=make_part(Threshold, "quantile"), models="fast"),
    SeriesDetector(time="t", window=12, merge_gap=0, min_length=2),
    *(part() for part in shelf_of(Threshold).values()),
]


@pytest.mark.parametrize("detector", REPRS, ids=repr)
def test_a_repr_builds_the_same_again(detector: Any) -> None:
    """What is printed can be pasted back."""
    from amiss import thresholds

    names = {**vars(thresholds), **{n: getattr(amiss, n) for n in amiss.__all__}}
    again = eval(repr(detector), names)
    assert type(again) is type(detector)
    assert repr(again) == repr(detector)


@pytest.mark.parametrize("threshold", shelf_of(Threshold).values(), ids=lambda t: t.name)
def test_a_spec_asks_for_the_very_part(threshold: type[Threshold]) -> None:
    """The text of a part makes the same part."""
    part = threshold()
    assert repr(make_part(Threshold, part.spec())) == repr(part)


# ------------------------------------------------------------- thresholds
@pytest.mark.parametrize("name", shelf_of(Threshold))
@pytest.mark.parametrize("clean", [True, False])
def test_p_values_fall_as_scores_rise(name: str, clean: bool) -> None:
    """A higher score is never more likely; p-values lie in (0, 1]."""
    scores = np.random.default_rng(0).gamma(2, size=500)
    rule = make_part(Threshold, name).fit(scores, clean=clean)
    grid = np.sort(np.concatenate([scores, np.linspace(0, 100, 500), [1e9, 1e300]]))
    p_values = rule.p_values(grid)
    assert (np.diff(p_values) <= 0).all()
    assert ((p_values > 0) & (p_values <= 1)).all()
    assert 0 < rule.expected_by_chance() < 0.2


@pytest.mark.parametrize("name", shelf_of(Threshold))
def test_a_threshold_does_not_fall_where_training_scores_rise(name: str) -> None:
    """With every score doubled the threshold doubles: no unit is built in."""
    scores = np.random.default_rng(1).gamma(2, size=500)
    one, two = (make_part(Threshold, name).fit(scores * unit).threshold_ for unit in (1.0, 2.0))
    assert two == pytest.approx(2 * one, rel=1e-9)


# ------------------------------------------------------------- planted anomalies
def test_a_planted_row_is_found_and_its_cell_blamed() -> None:
    """One value far out of its column: that row comes first, that column takes the blame."""
    rows = np.random.default_rng(0).normal(size=(300, 5))
    rows[17, 3] = 12.0
    first = TableDetector(random_state=0).fit(rows).detect(rows).anomalies[0]
    assert (first.place, first.causes[0].cell) == (17, "x3")
    assert first.score > 1


def test_a_planted_relation_is_found() -> None:
    """Each value is usual by itself, together they are not."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=400)
    rows = np.column_stack([x, x + 0.05 * draw.normal(size=400), draw.normal(size=400)])
    rows[200, :2] = [1.5, -1.5]
    first = TableDetector(random_state=0).fit(rows).detect(rows).anomalies[0]
    assert first.place == 200
    assert {cause.cell for cause in first.causes[:2]} <= {"x0", "x1"}


@pytest.mark.parametrize(("place", "cell"), [(0, "amount"), (1, "country"), (2, "serial"), (3, "city")])
def test_planted_cells_are_blamed_in_new_rows(place: int, cell: str) -> None:
    """A wild number, a country never seen, a serial of another form, a typo."""
    detector, items = default("frame"), BY_NAME["frame"].unseen()
    assert detector.predict(items)[place] == -1
    assert detector.explain(items)[place].causes[0].cell == cell


@pytest.mark.parametrize(
    "odd", ["AB12345", "AB_1234", "ÄB-1234", "AB-12E4", "AB-123", "AB-12345", "-AB1234", ""]
)
def test_a_planted_string_is_found(odd: str) -> None:
    """Another separator, a letter for a digit, one too many, one missing, nothing at all."""
    detector = default("strings")
    assert detector.predict([odd]) == [-1]
    assert detector.explain([odd])[0].causes


@pytest.mark.parametrize("name", ["series", "channels"])
def test_a_planted_stretch_is_found(name: str) -> None:
    """Five points out of the usual course: an event covers some of them."""
    kind = BY_NAME[name]
    items = kind.unseen()
    found = default(name).detect(items).anomalies
    middle = len(items) // 2
    assert any(a.start <= middle + 4 and a.end >= middle for a in found)
