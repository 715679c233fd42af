"""Many series that go on: each as it would alone, however rows and keys are cut; one that fails stops no other."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import SeriesDetector, load, save
from amiss.batch import FloatArray
from amiss.detectors.series_work import relative
from amiss.errors import AmissWarning, DataError, NotFittedError, ParameterError
from final_answers import gathered

LEARNT, POINTS = 200, 420
NAMES = ["a", "b", "c"]
BEGIN, HOUR = np.datetime64("2026-03-01", "us"), np.timedelta64(3600, "s")

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


def course(number: int) -> FloatArray:
    """Return a season of its own period and scale with noise, a spike and a gap behind what is learnt."""
    values = np.sin(np.arange(POINTS) * 2 * np.pi / (12 + 4 * number))
    values += 0.1 * np.random.default_rng(number).normal(size=POINTS)
    values[260 + 9 * number : 263 + 9 * number] += 3
    values[330:336] = np.nan if number == 1 else values[330:336]
    return np.asarray(values * 10.0**number)


def rows_of(names: list[str], first: int, last: int) -> pl.DataFrame:
    """Return the rows of some series, hour by hour."""
    steps = np.arange(first, last)
    parts = [
        pl.DataFrame(
            {
                "host": [name] * len(steps),
                "at": BEGIN + steps * HOUR,
                "load": course(NAMES.index(name))[steps],
            }
        )
        for name in names
    ]
    return pl.concat(parts).sort("at", maintain_order=True)


def learnt(data: Any, **params: Any) -> SeriesDetector:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        asked = {"by": "host", "time": "at", "random_state": 0, "training_data": "clean", "models": "fast"}
        return SeriesDetector(**{**asked, **params}).fit(data)


TRAINING, NEW = rows_of(NAMES, 0, LEARNT), rows_of(NAMES, LEARNT, POINTS)
DETECTOR = learnt(TRAINING)


def told(events: Any) -> list[tuple[Any, ...]]:
    return sorted((one.series, one.start, one.end, one.score, one.label) for one in events)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_any_cut_and_any_order_of_keys_gives_the_scores_of_one_pass(seed: int, cuts: int) -> None:
    """To the last bit: rows of the series mixed at random, each in its order, cut anywhere."""
    random = np.random.default_rng(seed)
    whose = random.permutation(NEW["host"].to_numpy())
    order = np.zeros(len(NEW), np.int64)
    for name in NAMES:
        order[whose == name] = np.flatnonzero(NEW["host"].to_numpy() == name)
    mixed = NEW[order]
    at = np.sort(random.choice(len(mixed) - 1, cuts, replace=False) + 1).tolist()
    parts = [mixed[a:b] for a, b in zip([0, *at], [*at, len(mixed)], strict=True)]
    detector = deepcopy(DETECTOR)
    scores, events = gathered(detector, parts, len(mixed))
    assert (scores == -detector.score_samples(mixed)).all()
    once = deepcopy(DETECTOR)
    assert told(events) == told([*once.update(mixed).final.events, *once.finish().events])
    assert {one.series for one in events} == {"host a", "host b", "host c"}


def test_each_series_is_told_what_it_would_be_told_alone() -> None:
    """At once and for good: in multiples of its own threshold, with its name."""
    detector = deepcopy(DETECTOR)
    first, second = detector.update(NEW[:150]), detector.update(NEW[150:])
    for name in NAMES:
        one = learnt(TRAINING.filter(host=name).drop("host"), by=None)
        at, here = (part["host"].to_numpy() == name for part in (NEW[:150], NEW[150:]))
        for answer, rows, part in ((first, at, NEW[:150]), (second, here, NEW[150:])):
            alone = one.update(part.filter(host=name).drop("host"))
            assert (answer.scores[rows] == relative(alone.scores, one.threshold_)).all()
            assert (answer.p_values[rows] == alone.p_values).all()
            assert (answer.flags[rows] == alone.flags).all()
            assert [a.label for a in answer if a.series == f"host {name}"] == [
                f"host {name}: {a.label}" for a in alone
            ]
            mine = answer.final.series == f"host {name}"
            assert (answer.final.scores[mine] == relative(alone.final.scores, one.threshold_)).all()
            assert (NEW["host"].to_numpy()[answer.final.rows[mine]] == name).all()


def test_columns_apart_go_on_too() -> None:
    """A row is told once for each series, the row itself by its worst."""
    wide = pl.DataFrame(
        {"at": BEGIN + np.arange(POINTS) * HOUR, **{n: course(i) for i, n in enumerate(NAMES)}}
    )
    detector = learnt(wide[:LEARNT], by=None, channels="apart")
    twin = deepcopy(detector)
    finals = [detector.update(wide[at : at + 55]).final for at in range(LEARNT, POINTS, 55)]
    finals.append(detector.finish())
    worst = np.zeros(POINTS - LEARNT)
    for final in finals:
        np.maximum.at(worst, final.rows, final.scores)
    assert (worst == -twin.score_samples(wide[LEARNT:])).all()
    for name in NAMES:
        rows = np.concatenate([final.rows[final.series == name] for final in finals])
        assert (np.sort(rows) == np.arange(POINTS - LEARNT)).all()


def test_a_model_saved_between_updates_goes_on(tmp_path: Any) -> None:
    """Loaded, it ends as if nothing had happened, for those given before and those given later."""
    detector = deepcopy(DETECTOR)
    detector.update(NEW[:100].filter(pl.col("host") != "c"))
    save(detector, tmp_path / "half.amiss")
    loaded = load(tmp_path / "half.amiss")
    for part in (NEW[100:300], NEW[300:]):
        ours, theirs = detector.update(part), loaded.update(part)
        assert (ours.scores == theirs.scores).all()
        assert (ours.final.rows == theirs.final.rows).all()
        assert (ours.final.scores == theirs.final.scores).all()
    assert told(detector.finish().events) == told(loaded.finish().events)


def test_processes_change_nothing() -> None:
    """Two processes and one: the same answers."""
    one, two = deepcopy(DETECTOR), deepcopy(DETECTOR)
    two.set_params(jobs=2)
    ours, theirs = one.update(NEW), two.update(NEW)
    assert (ours.scores == theirs.scores).all()
    assert (ours.final.scores == theirs.final.scores).all()
    assert told(ours) == told(theirs)
    assert (one.finish().scores == two.finish().scores).all()


def test_a_series_that_was_not_learnt_stops_no_other() -> None:
    """It is named with a sentence, its rows are neither scored nor final; the others are as without it."""
    late = NEW.with_columns(host=pl.lit("z"))[:50]
    detector, twin = deepcopy(DETECTOR), deepcopy(DETECTOR)
    answer, plain = detector.update(pl.concat([late, NEW])), twin.update(NEW)
    assert list(answer.failed) == ["host z"]
    assert answer.failed["host z"].startswith("It was not in the data given to fit")
    assert not answer.scored[:50].any()  # type: ignore[index]
    assert (answer.scores[50:] == plain.scores).all()
    assert (answer.final.rows == plain.final.rows + 50).all()
    assert (answer.final.scores == plain.final.scores).all()


def test_one_that_breaks_goes_on_where_it_was() -> None:
    """Rows older than the training series fail that series alone; the next ones are judged as if they had not come."""
    old = rows_of(["b"], 0, 20)
    detector, twin = deepcopy(DETECTOR), deepcopy(DETECTOR)
    answer = detector.update(pl.concat([old, NEW[:90].filter(pl.col("host") != "b")]))
    assert list(answer.failed) == ["host b"]
    assert answer.failed["host b"].startswith("None of these rows is newer than 2026-03-09T07:00")
    twin.update(NEW[:90].filter(pl.col("host") != "b"))
    rest = pl.concat([NEW[:90].filter(host="b"), NEW[90:]])
    ours, theirs = detector.update(rest), twin.update(rest)
    assert not ours.failed
    assert (ours.final.scores == theirs.final.scores).all()


def test_a_shared_model_goes_on_too() -> None:
    """However rows are cut; a series that it never saw is named, as an update needs what was learnt."""
    shared = learnt(TRAINING, share=True)
    detector, new = deepcopy(shared), NEW[:300]
    scores, _ = gathered(detector, [new[:100], new[100:]], len(new))
    assert (scores == -shared.score_samples(new)).all()
    answer = detector.update(new.with_columns(host=pl.lit("z")))
    assert "nothing that an update could go on from" in answer.failed["host z"]


# ------------------------------------------------------------- learning on
def test_partial_fit_learns_on_each_series_as_alone(tmp_path: Any) -> None:
    """The guard included, after saving and loading too; others stay as they were."""
    params = {"models": "fast", "random_state": 0, "training_data": "clean"}
    many = SeriesDetector(by="host", time="at", **params).partial_fit(TRAINING)
    part = NEW.filter(pl.col("host") != "c")
    save(many, tmp_path / "many.amiss")
    loaded = load(tmp_path / "many.amiss").partial_fit(part)
    many.partial_fit(part)
    scores = -many.score_samples(TRAINING)
    assert (scores == -loaded.score_samples(TRAINING)).all()
    for name in NAMES:
        one = SeriesDetector(time="at", **params).partial_fit(TRAINING.filter(host=name).drop("host"))
        if name != "c":
            one.partial_fit(part.filter(host=name).drop("host"))
            mine = (part["host"] == name).to_numpy()
            newest = relative(one.scores_[-mine.sum() :], one.threshold_)
            assert (many.scores_[mine] == newest).all()
        rows = (TRAINING["host"] == name).to_numpy()
        theirs = -one.score_samples(TRAINING.filter(host=name).drop("host"))
        assert (scores[rows] == relative(theirs, one.threshold_)).all()
    assert many.summary()["items"] == 2 * POINTS + LEARNT


def test_partial_fit_learns_a_series_that_appears_late() -> None:
    """From its own rows; from then on it is judged like the others, and one that breaks is named."""
    detector = deepcopy(DETECTOR)
    late = rows_of(["c"], 0, LEARNT).with_columns(host=pl.lit("late"))
    texts = pl.DataFrame({"host": ["none"] * 9, "at": late["at"][:9], "load": [None] * 9}, schema=late.schema)
    detector.partial_fit(pl.concat([late, texts]))
    assert detector.summary()["series"] == {"count": 5, "failed": 1, "by": ["host"], "share": False}
    assert any(note.startswith("1 of 2 series could not be looked at") for note in detector.notes_)
    new = rows_of(["c"], LEARNT, POINTS)
    answer = detector.detect(pl.concat([new, new.with_columns(host=pl.lit("late"))]))
    assert not answer.failed
    assert (answer.scores[: len(new)] == answer.scores[len(new) :]).all()


def test_labels_of_many_series_are_each_ones_own() -> None:
    """Rows known to be bad or good count as they would alone, one without labels as ever; ranges name rows too."""
    data = pl.concat([TRAINING, NEW]).filter(pl.col("host") != "b")
    steps = (data["at"].to_numpy() - BEGIN) / HOUR
    odd = (data["host"] == "a").to_numpy() & (steps >= 258) & (steps < 265)
    asked = {"by": "host", "time": "at", "random_state": 0, "models": "fast"}
    said = np.where(odd, 1.0, np.nan)
    good = (data["host"] == "c").to_numpy() & (steps > 100)
    detector = SeriesDetector(**asked).fit(data, labels=said)
    for name, labels in (("a", said), ("c", None), ("c", np.where(good, 0.0, said))):
        one = SeriesDetector(time="at", random_state=0, models="fast")
        rows = (data["host"] == name).to_numpy()
        if labels is not None:
            detector.fit(data, labels=labels)
        one.fit(data.filter(host=name).drop("host"), labels=None if labels is None else labels[rows])
        assert (detector.scores_[rows] == relative(one.scores_, one.threshold_)).all()
    fault = ("2026-03-11T18:00", "2026-03-12T00:00", 1)
    ranged = SeriesDetector(**asked).fit(data, labels=[fault])
    one = SeriesDetector(time="at", random_state=0, models="fast")
    one.fit(data.filter(host="a").drop("host"), labels=[fault])
    rows = (data["host"] == "a").to_numpy()
    assert (ranged.scores_[rows] == relative(one.scores_, one.threshold_)).all()
    whole = SeriesDetector(**asked).fit(data, labels=(data["host"] == "a").to_numpy().astype(int))
    assert whole.many_.failed == {  # type: ignore[union-attr]
        "host a": "All of its rows are labelled as anomalies, so there is nothing to learn from."
    }


# ------------------------------------------------------------- what is expected
def test_what_is_expected_is_told_with_the_keys() -> None:
    """One row a row of the data, each as its detector alone tells it; NaN where a series was not learnt."""
    mixed = pl.concat([NEW, NEW[:30].with_columns(host=pl.lit("z"))]).sample(fraction=1, shuffle=True, seed=0)
    with pytest.warns(
        AmissWarning, match=r"1 of 4 series could not be looked at\. The first, host z: It was not"
    ):
        frame = DETECTOR.expected(mixed)
    assert frame.columns == ["host", "load_expected", "load_lower", "load_upper"]
    assert (frame["host"] == mixed["host"]).all()
    assert frame.filter(host="z")["load_lower"].is_nan().all()
    one = learnt(TRAINING.filter(host="b").drop("host"), by=None)
    alone = one.expected(mixed.filter(host="b").drop("host"))
    assert frame.filter(host="b").drop("host").equals(alone)


def test_forecasts_are_told_with_the_keys() -> None:
    """After the training series, and after what was given to update."""
    detector = deepcopy(DETECTOR)
    detector.update(NEW.filter(host="a"))
    frame = detector.forecast(5)
    assert frame.columns == ["host", "at", "load_expected", "load_lower", "load_upper"]
    assert frame["host"].to_list() == ["a"] * 5 + ["b"] * 5 + ["c"] * 5
    for name, first in (("a", POINTS), ("b", LEARNT)):
        one = learnt(TRAINING.filter(host=name).drop("host"), by=None)
        if name == "a":
            one.update(NEW.filter(host="a").drop("host"))
        assert frame.filter(host=name).drop("host").equals(one.forecast(5))
        assert frame.filter(host=name)["at"][0] == (BEGIN + first * HOUR).item()
    with pytest.raises(ParameterError, match="n is 0"):
        detector.forecast(0)
    wide = pl.DataFrame({name: course(number) for number, name in enumerate("ab")})
    apart = learnt(wide[:LEARNT], by=None, time=None, channels="apart")
    assert apart.forecast(2).columns == ["series", "expected", "lower", "upper"]
    assert apart.expected(wide).columns[3] == "b_expected"


# ------------------------------------------------------------- what sends nothing
def test_a_series_that_stopped_while_others_go_on_is_told() -> None:
    """In detect and in update: which, and since when; not while its silence is no longer than usual."""
    new = NEW.filter((pl.col("host") != "b") | (pl.col("at") < BEGIN + 230 * HOUR)).filter(
        pl.col("host") != "c"
    )
    answer = DETECTOR.detect(new)
    assert answer.learnt["series"]["silent"] == {"host b": "2026-03-10T13:00", "host c": "2026-03-09T07:00"}
    assert (
        "The data stopped, while others go on, of 2 of 3 series: host b (no data since 2026-03-10T13:00), "
        "host c (no data since 2026-03-09T07:00)." in answer.notes
    )
    detector = deepcopy(DETECTOR)
    soon = detector.update(rows_of(["a"], LEARNT, LEARNT + 3))
    assert "silent" not in soon.learnt["series"]
    later = detector.update(rows_of(["a", "b"], LEARNT + 3, LEARNT + 40))
    assert list(later.learnt["series"]["silent"]) == ["host c"]
    assert "silent" not in DETECTOR.detect(TRAINING).learnt["series"]


def test_a_series_that_stopped_in_the_data_learnt_from_is_told() -> None:
    """A note of fit, as long as most go on."""
    fitted = learnt(TRAINING.filter((pl.col("host") != "b") | (pl.col("at") < BEGIN + 150 * HOUR)))
    assert any("host b (no data since 2026-03-07T05:00)" in note for note in fitted.notes_)


def test_what_cannot_be_is_said() -> None:
    """Where nothing was given, where nothing is kept, and what a shared model cannot."""
    with pytest.raises(DataError, match="There is nothing to finish"):
        deepcopy(DETECTOR).finish()
    none = SeriesDetector(by="host", time="at", random_state=0, models="fast")
    none.fit_detect(TRAINING)
    for ask in (none.update, none.partial_fit, none.expected):
        with pytest.raises(NotFittedError, match="fit_detect keeps no detectors of many series"):
            ask(NEW)
    with pytest.raises(ParameterError, match="with share=True all share one model"):
        learnt(TRAINING, share=True).partial_fit(NEW)
