"""Many series at once: what each would get alone, whatever the order of rows; one that fails stops no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from amiss import SeriesDetector, detect, export, load, plot, save, tune
from amiss.detectors import series_work
from amiss.errors import DataError, ExportError, NotFittedError, ParameterError
from amiss.models.base import SeriesModel
from amiss.progress import listening
from amiss.reading.by_key import LongForm
from amiss.workers import in_workers

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")

HOUR = np.timedelta64(3600, "s")
BEGIN = np.datetime64("2026-01-01", "us")


def course(number, points=400):
    """Return a wave of a period of its own with one event."""
    draw = np.random.default_rng(number)
    values = (number + 1) * np.sin(np.arange(points) * 2 * np.pi / (12 + 4 * (number % 4)))
    values += 0.1 * draw.standard_normal(points)
    values[200 + 7 * number : 204 + 7 * number] += 5.0 * (number + 1)
    return values


def long_form(names, points=400):
    """Return the series in long form, hour by hour."""
    times = BEGIN + np.arange(points) * HOUR
    parts = [
        pl.DataFrame({"sensor": [name] * points, "ts": times, "value": course(number, points)})
        for number, name in enumerate(names)
    ]
    return pl.concat(parts).sort("ts", maintain_order=True)


def alone(data, name, **params):
    """Return the detector fitted on one of the series, and where its rows stand."""
    rows = (data["sensor"] == name).to_numpy() if name is not None else data["sensor"].is_null().to_numpy()
    part = data.filter(pl.Series(rows)).drop("sensor")
    return SeriesDetector(time="ts", random_state=0, **params).fit(part), rows


@pytest.fixture(scope="module")
def four():
    return long_form(["a", "b", "c", "d"])


@pytest.fixture(scope="module")
def fitted(four):
    return SeriesDetector(time="ts", by="sensor", random_state=0).fit(four)


def told(anomalies):
    return [(a.label, a.score, a.p_value, a.causes) for a in anomalies]


def test_each_series_gets_the_scores_it_would_get_alone(four, fitted):
    """In multiples of its own threshold, to the last bit; p-values, verdicts and events too."""
    answer = fitted.detect(four)
    for name in "abcd":
        one, rows = alone(four, name)
        theirs = one.detect(four.filter(pl.Series(rows)).drop("sensor"))
        assert (answer.scores[rows] == one.scores_ / one.threshold_).all()
        assert (fitted.scores_[rows] == answer.scores[rows]).all()
        assert (answer.p_values[rows] == theirs.p_values).all()
        assert (answer.flags[rows] == theirs.flags).all()
        mine = [a for a in answer if a.series == f"sensor {name}"]
        assert told(mine) == [(f"sensor {name}: {a.label}", a.score, a.p_value, a.causes) for a in theirs]
        assert [(a.start, a.end) for a in mine] == [(a.start, a.end) for a in theirs]
        assert [np.flatnonzero(rows)[a.place] for a in theirs] == [a.place for a in mine]


def test_the_worst_of_all_series_comes_first(four, fitted):
    """One list, by the score in multiples of each one's threshold."""
    scores = [anomaly.score for anomaly in fitted.detect(four)]
    assert scores == sorted(scores, reverse=True)
    assert {anomaly.series for anomaly in fitted.detect(four)} == {f"sensor {name}" for name in "abcd"}


def test_the_order_of_rows_does_not_matter(four, fitted):
    """Rows shuffled, within and across series: the same scores at the same rows, the same events."""
    order = np.random.default_rng(1).permutation(len(four))
    shuffled = SeriesDetector(time="ts", by="sensor", random_state=0).fit(four[order])
    assert (shuffled.scores_ == fitted.scores_[order]).all()
    answer, straight = shuffled.detect(four[order]), fitted.detect(four)
    assert sorted(told(answer)) == sorted(told(straight))
    assert [int(order[a.place]) for a in answer] == [a.place for a in straight]


def test_the_frame_of_an_answer_is_aligned_with_the_rows(four, fitted):
    """Each row of an event says why, and which series; the others say nothing."""
    order = np.random.default_rng(2).permutation(len(four))
    frame = fitted.detect(four[order]).to_frame()
    odd = frame["causes"] != ""
    assert odd.any()
    assert frame["anomalous"].filter(odd).all()
    seen = four[order].filter(odd)["sensor"]
    assert frame["series"].filter(odd).to_list() == [f"sensor {name}" for name in seen]


@pytest.mark.parametrize("kind", ["pandas", "arrow", "dict", "rows", "lazy"])
def test_any_kind_of_frame_is_taken_apart(four, fitted, kind):
    """The same answer for each."""
    given = {
        "pandas": lambda: four.to_pandas(),
        "arrow": four.to_arrow,
        "dict": lambda: {name: four[name].to_numpy() for name in four.columns},
        "rows": four.to_dicts,
        "lazy": four.lazy,
    }[kind]()
    assert (fitted.score_samples(given) == -fitted.scores_).all()
    if kind == "pandas":
        frame = fitted.detect(given).to_frame()
        assert isinstance(frame, pd.DataFrame)
        assert frame.index.equals(given.index)


def test_a_pandas_index_of_times_is_the_time():
    """As it is for one series."""
    data = long_form(["a", "b"]).to_pandas().set_index("ts")
    answer = SeriesDetector(by="sensor", random_state=0).fit_detect(data)
    assert min(one.label for one in answer.anomalies).startswith("sensor a: 2026-01-09T")


def test_several_keys_name_a_series(four):
    """Each combination that occurs is one."""
    data = four.with_columns(pl.Series("host", np.arange(len(four)) // 4 % 2))
    answer = SeriesDetector(time="ts", by=["host", "sensor"], random_state=0).fit_detect(data)
    assert len(answer.evidence.series) == 8
    assert answer.evidence.by == ("host", "sensor")
    assert {one.name for one in answer.evidence.series} >= {"host 0, sensor a", "host 1, sensor d"}


def test_keys_of_any_kind_are_told_as_texts():
    """Texts, numbers, dates, truth values, decimals; 7 and 7.0 and "7" are one key, a missing one is a key too."""
    keys = {
        "number": [7, 7.0, None],
        "text": ["7", "7", None],
        "date": [BEGIN.astype("datetime64[D]").item()] * 2 + [None],
        "moment": [BEGIN, BEGIN, np.datetime64("NaT")],
    }
    said = {"number": "7", "text": "7", "date": "2026-01-01", "moment": "2026-01-01"}
    for name, column in keys.items():
        parts = LongForm({name: np.array(column, dtype=object), "v": np.arange(3.0)}, [name])
        assert [key.name for key in parts.keys] == [f"{name} {said[name]}", f"{name} (missing)"]
        assert parts.places(0).tolist() == [0, 1]
    numbers = LongForm(pl.DataFrame({"k": [2**60 + 1, 2**60, 2**60 + 1], "v": [1, 2, 3]}), ["k"])
    assert [numbers.places(place).tolist() for place in range(2)] == [[0, 2], [1]]


def test_rows_without_a_key_are_a_series_of_their_own(four):
    """And it is told."""
    data = four.with_columns(pl.when(pl.col("sensor") == "b").then(None).otherwise("sensor").alias("sensor"))
    data = data.with_columns(
        pl.when(pl.col("sensor") == "sensor").then(four["sensor"]).otherwise(None).alias("sensor")
    )
    detector = SeriesDetector(time="ts", by="sensor", random_state=0).fit(data)
    one, rows = alone(data, None)
    assert (detector.scores_[rows] == one.scores_ / one.threshold_).all()
    assert "Rows without a key are taken as a series of their own: sensor (missing)." in detector.notes_


def test_columns_apart_are_series_of_their_own(four):
    """Wide form gives each column what long form gives its series; a row has the score of the worst."""
    times = BEGIN + np.arange(400) * HOUR
    wide = pl.DataFrame({"ts": times, **{name: course(number) for number, name in enumerate("abcd")}})
    answer = SeriesDetector(time="ts", channels="apart", random_state=0).fit_detect(wide)
    long = SeriesDetector(time="ts", by="sensor", random_state=0).fit_detect(four)
    scores = long.scores.reshape(400, 4)
    assert (answer.scores == scores.max(axis=1)).all()
    assert (answer.flags == long.flags.reshape(400, 4).any(axis=1)).all()
    assert [a.series for a in answer] == [a.series.removeprefix("sensor ") for a in long]
    assert [a.score for a in answer] == [a.score for a in long]
    assert answer.verdict == long.verdict


class Fails(SeriesModel):
    """A model that fails on series that reach high."""

    name = "fails_on_high_ones"

    def fit(self, channels, random_state):
        return self

    def score(self, channels):
        if len(channels) == 333:
            raise RuntimeError("no more\nluck")
        return np.abs(channels.values).sum(axis=1)


def broken(four):
    """Return the four series and four that cannot be looked at."""
    times = BEGIN + np.arange(60) * HOUR
    empty = pl.DataFrame({"sensor": ["empty"] * 60, "ts": times, "value": [None] * 60}, schema=four.schema)
    untimed = pl.DataFrame(
        {"sensor": ["untimed"] * 60, "ts": [None] * 60, "value": [1.0] * 60}, schema=four.schema
    )
    return pl.concat([empty, four, untimed])


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_that_fails_stops_no_other(four, fitted, jobs):
    """It is reported with a sentence, its rows are not scored, and the others are as if it were not there."""
    detector = SeriesDetector(time="ts", by="sensor", random_state=0, jobs=jobs)
    answer = detector.fit_detect(broken(four))
    assert list(answer.failed) == ["sensor empty", "sensor untimed"]
    assert answer.failed["sensor empty"].startswith(
        "None of its 60 points can be scored: they hold no values."
    )
    assert answer.failed["sensor untimed"].startswith("Time column 'ts' holds no time in row 0")
    assert (answer.scores[60:-60] == fitted.scores_).all()
    assert not answer.scored[:60].any()
    assert not answer.scored[-60:].any()
    assert not answer.flags[:60].any()
    assert told(answer) == told(fitted.detect(four))
    assert (
        "2 of 6 series could not be looked at and are not scored: sensor empty, sensor untimed."
        in answer.notes
    )
    assert json.loads(answer.to_json())["failed"] == answer.failed


def test_a_column_of_texts_fails_alone(four):
    """A series whose values are words is reported, those of numbers in the same column are not."""
    data = {
        "sensor": four["sensor"].to_list() + ["x"] * 40,
        "value": [*four["value"].to_list(), *["broken"] * 40],
    }
    answer = SeriesDetector(by="sensor", random_state=0).fit_detect(data)
    assert list(answer.failed) == ["sensor x"]
    assert "holds numbers" in answer.failed["sensor x"]


def test_rows_of_one_time_fail_alone_where_they_are_an_error(four):
    """The policy of duplicates is each series' own affair."""
    data = pl.concat([four, four.filter(pl.col("sensor") == "c").head(1)])
    answer = SeriesDetector(time="ts", by="sensor", duplicates="error", random_state=0).fit_detect(data)
    assert list(answer.failed) == ["sensor c"]


def test_a_model_that_fails_on_one_series_is_told_in_one_line(four):
    """Whatever it raises; the other series have their answers."""
    data = pl.concat([four, long_form(["e"], points=333)])
    answer = SeriesDetector(models=[Fails()], time="ts", by="sensor", random_state=0).fit_detect(data)
    assert answer.failed == {"sensor e": "A model failed: RuntimeError: no more luck."}
    assert len(answer) > 0


def test_where_all_fail_it_is_an_error():
    """There is nothing to answer with."""
    with pytest.raises(DataError, match=r"None of the 2 series can be looked at\. The first, k a: "):
        SeriesDetector(by="k").fit({"k": ["a", "b"] * 20, "v": ["x"] * 40})


def test_a_new_key_is_not_scored_without_a_shared_model(four, fitted):
    """There is nothing to compare it with; what was learnt and is not there does no harm."""
    data = pl.concat([four.filter(pl.col("sensor") == "a"), long_form(["new"])])
    answer = fitted.detect(data)
    assert list(answer.failed) == ["sensor new"]
    assert answer.failed["sensor new"].startswith("It was not in the data given to fit")
    assert {a.series for a in answer} == {"sensor a"}


def test_new_points_are_scored_after_those_of_their_series(four):
    """Each series goes on where it ended, as it would alone."""
    long = long_form(["a", "b"], points=500)
    before, after = (
        long.filter(pl.col("ts") < BEGIN + 400 * HOUR),
        long.filter(pl.col("ts") >= BEGIN + 400 * HOUR),
    )
    detector = SeriesDetector(time="ts", by="sensor", random_state=0).fit(before)
    for name in "ab":
        one, _ = alone(before, name)
        new = (after["sensor"] == name).to_numpy()
        theirs = -one.score_samples(after.filter(pl.Series(new)).drop("sensor")) / one.threshold_
        assert (-detector.score_samples(after)[new] == theirs).all()


@pytest.mark.parametrize("share", [False, True])
def test_saved_and_loaded_it_answers_the_same(four, tmp_path, share):
    """Scores, events, and what it says of itself."""
    detector = SeriesDetector(time="ts", by="sensor", random_state=0, share=share).fit(four)
    save(detector, tmp_path / "many.amiss")
    again = load(tmp_path / "many.amiss")
    assert (again.score_samples(four) == -detector.scores_).all()
    assert told(again.detect(four)) == told(detector.detect(four))
    assert again.summary() == detector.summary()
    assert repr(again) == repr(detector)


@pytest.mark.parametrize("share", [False, True])
def test_the_number_of_processes_changes_nothing(four, share):
    """Answers of one process and of two are equal to the last bit."""
    one, two = (
        SeriesDetector(time="ts", by="sensor", random_state=0, share=share, jobs=jobs).fit_detect(four)
        for jobs in (1, 2)
    )
    assert (one.scores == two.scores).all()
    assert (one.p_values == two.p_values).all()
    assert told(one) == told(two)
    assert one.notes == two.notes
    for ours, theirs in zip(one.evidence.series, two.evidence.series, strict=True):
        assert ours.name == theirs.name
        assert np.array_equal(ours.low, theirs.low)
        assert np.array_equal(ours.marks, theirs.marks)


def test_detectors_fitted_in_processes_are_the_same(four, fitted):
    """They come back packed, and are unpacked where they are asked."""
    two = SeriesDetector(time="ts", by="sensor", random_state=0, jobs=2).fit(four)
    assert all(np.array_equal(a, b) for a, b in zip(two.many_.packed, fitted.many_.packed, strict=True))
    assert (two.score_samples(four) == -fitted.scores_).all()


def test_a_shared_model_knows_each_series(four):
    """Scale, band and threshold are each one's own: a series a hundred times as large has the same verdicts."""
    large = four.with_columns(
        pl.when(pl.col("sensor") == "c").then(pl.col("value") * 128 + 64).otherwise("value").alias("v")
    )
    large = large.with_columns(
        pl.when(pl.col("sensor") == "c").then(pl.col("value") * 128).otherwise(pl.col("value")).alias("value")
    ).drop("v")
    plain, scaled = (
        SeriesDetector(time="ts", by="sensor", share=True, random_state=0).fit(d) for d in (four, large)
    )
    assert plain.scores_ == pytest.approx(scaled.scores_, rel=1e-6)
    assert {a.series for a in plain.detect(four)} == {f"sensor {name}" for name in "abcd"}


def test_a_shared_model_scores_a_key_it_never_saw(four):
    """On a scale learnt from the stretch itself; its event is found."""
    detector = SeriesDetector(time="ts", by="sensor", share=True, random_state=0).fit(four)
    answer = detector.detect(long_form(["new", "a"]))
    assert not answer.failed
    assert any(a.series == "sensor new" and a.start <= 203 and a.end >= 200 for a in answer)


def test_explain_tells_of_every_row(four, fitted):
    """One anomaly a row, in their order, with the score the row has."""
    small = four.head(80)
    explained = SeriesDetector(time="ts", by="sensor", random_state=0).fit(small).explain(small)
    assert [a.place for a in explained] == list(range(80))
    some = fitted._explain_items(four, [7, 900])
    assert [(a.place, a.score) for a in some] == [(row, fitted.scores_[row]) for row in (7, 900)]


def test_predict_flags_what_detect_flags(four, fitted):
    """-1 where the score is beyond each one's threshold."""
    flags = fitted.detect(four).flags
    assert (fitted.predict(four) == np.where(flags, -1, 1)).all()
    assert (
        SeriesDetector(time="ts", by="sensor", random_state=0).fit_predict(four) == fitted.predict(four)
    ).all()


def test_fit_detect_keeps_no_detectors(four, tmp_path):
    """It says so where one is asked for."""
    detector = SeriesDetector(time="ts", by="sensor", random_state=0)
    detector.fit_detect(four)
    for ask in (lambda: detector.detect(four), lambda: save(detector, tmp_path / "m.amiss")):
        with pytest.raises(NotFittedError, match="fit_detect keeps no detectors of many series"):
            ask()
    assert detector.fit(four).detect(four)


def test_the_kind_is_chosen_by_the_keys(four):
    """`amiss.detect` takes them like any other parameter."""
    answer = detect(four, by="sensor", time="ts", random_state=0)
    assert answer.learnt["choice"] == "series: you named its key: 'sensor'"
    assert answer.learnt["series"] == {"count": 4, "failed": 0, "by": ["sensor"], "share": False}


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"by": 7}, "by is 7. Legal: the name of a column, or a list of names that differ"),
        ({"by": ["k", "k"]}, "by is \\['k', 'k'\\]. Legal"),
        ({"by": "k", "channels": "apart"}, "by and channels='apart' are given"),
        ({"channels": "alone"}, "channels is 'alone'. Legal: 'together' or 'apart'."),
        ({"share": True}, "share=True asks for many series"),
        ({"by": "k", "jobs": 0}, "jobs is 0. Legal: None or a whole number of at least 1."),
        ({"by": "k", "models": "kernel"}, "Model.* 'kernel' is not known"),
        ({"by": "k", "window": 1}, "window is 1"),
        ({"by": "k", "window": 1, "share": True}, "window is 1"),
        ({"by": "k", "training_data": "dirty"}, "training_data is 'dirty'"),
    ],
)
def test_parameters_out_of_range_are_told(params, sentence):
    """Value, what is legal, what to do."""
    with pytest.raises(ParameterError, match=sentence):
        SeriesDetector(**params).fit({"k": ["a"] * 40, "v": np.arange(40.0)})


def test_a_key_column_that_is_not_there_is_told_with_a_guess():
    """The name, the columns, the nearest."""
    with pytest.raises(
        DataError, match=r"'sensr' is not there. The columns are 'sensor', 'v'. Did you mean 'sensor'\?"
    ):
        SeriesDetector(by="sensr").fit({"sensor": ["a"] * 40, "v": np.arange(40.0)})


def test_progress_counts_the_series(four):
    """Whoever listens hears how far it is."""
    heard = []
    with listening(heard.append):
        SeriesDetector(time="ts", by="sensor", random_state=0).fit_detect(four)
    assert heard[-1] == "4 of 4 series"


def test_series_that_break_together_are_told():
    """One line for events of several series that began at one time."""
    data = long_form([f"s{i}" for i in range(12)], points=1500).to_pandas()
    wide = data.pivot(index="ts", columns="sensor", values="value")
    wide.iloc[900:906, ::2] += 8.0 * np.arange(1, 13)[::2]
    answer = SeriesDetector(channels="apart", random_state=0).fit_detect(wide)
    first = answer.evidence.together[0]
    assert len(first.series) >= 5
    assert set(first.series) <= set(wide.columns[::2])
    assert json.loads(answer.to_json())["together"][0]["series"] == list(first.series)


# ------------------------------------------------------------- processes
def workers_of(process):
    """Return the process ids of the children of a process."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def alive(process):
    """Return whether a process runs still."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
def test_a_killed_worker_is_reported_and_the_others_go_on(four):
    """The series it worked on fails with a sentence; another process takes the rest."""
    names = [f"s{i:02d}" for i in range(12)]
    data = long_form(names, points=200)
    opening = {"do": "fit_detect", "params": {"time": "ts", "random_state": 0}, "shared": None}
    parts = LongForm(data, ["sensor"])

    def tasks():
        for at in range(len(parts)):
            if at == 6:
                os.kill(max(workers_of(os.getpid())), signal.SIGKILL)
            yield {"name": parts.keys[at].name, "data": frame_of(parts, at), "place": 0}

    answers = {
        number: (answer, fault)
        for number, answer, fault in in_workers(series_work.__name__, opening, tasks(), 2)
    }
    assert sorted(answers) == list(range(12))
    faults = [fault for _, fault in answers.values() if fault is not None]
    assert set(faults) <= {"by signal 9"}
    assert len(faults) <= 2
    assert sum(answer is not None and "scores" in answer for answer, _ in answers.values()) >= 10
    assert workers_of(os.getpid()) == []


def frame_of(parts, at):
    from amiss.reading import timeline

    return timeline.frame_of(parts.frame(at))


def test_a_worker_that_ends_is_told_of_its_series(four, monkeypatch):
    """The sentence names how it ended and what to do."""
    ended = iter([(0, None, "by signal 9")])

    def one_ends(place, opening, tasks, count):
        numbered = list(enumerate(tasks))
        work = series_work.open_work(opening)
        yield next(ended)
        for number, task in numbered[1:]:
            yield number, work(task), None

    monkeypatch.setattr(series_work, "in_workers", one_ends)
    answer = SeriesDetector(time="ts", by="sensor", random_state=0, jobs=2).fit_detect(four)
    assert answer.failed == {
        "sensor a": "The process that worked on it ended by signal 9, perhaps for want of memory. Try again with fewer "
        "processes at a time: jobs=1."
    }
    assert {a.series for a in answer} == {"sensor b", "sensor c", "sensor d"}


INTERRUPTED = """
import sys, numpy as np
from amiss import SeriesDetector
from amiss.progress import listening
data = {"k": np.repeat([f"s{i}" for i in range(300)], 400), "v": np.random.default_rng(0).normal(size=120_000)}
with listening(lambda text: print(text, flush=True)):
    SeriesDetector(by="k", jobs=2, random_state=0).fit_detect(data)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_workers_end_with_us(sent):
    """At Ctrl-C, and when we are killed: nothing is left behind."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().endswith("of 300 series\n")
    workers = workers_of(process.pid)
    assert len(workers) == 2
    process.send_signal(sent)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode != 0
    assert ("KeyboardInterrupt" in complaint) == (sent == signal.SIGINT)
    for _ in range(100):
        if not any(map(alive, workers)):
            break
        time.sleep(0.05)
    assert not any(map(alive, workers))


def test_no_guard_is_needed_in_the_program_that_calls(tmp_path):
    """A script without ``if __name__ == "__main__"`` runs once, not once a worker."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('begins')\n"
        "import numpy as np\n"
        "from amiss import SeriesDetector\n"
        "data = {'k': np.repeat(['a', 'b', 'c'], 100), 'v': np.random.default_rng(0).normal(size=300)}\n"
        "print(SeriesDetector(by='k', jobs=2, random_state=0).fit_detect(data).verdict)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == "begins"
    assert len(done.stdout.splitlines()) == 2


def test_a_damaged_detector_is_told_of_its_series_alone(four, tmp_path):
    """A file whose checksum is right and whose parts are not: the others answer."""
    detector = SeriesDetector(time="ts", by="sensor", random_state=0).fit(four)
    detector.many_.packed[2] = detector.many_.packed[2][:-100].copy()
    save(detector, tmp_path / "damaged.amiss")
    answer = load(tmp_path / "damaged.amiss").detect(four)
    assert list(answer.failed) == ["sensor c"]
    assert answer.failed["sensor c"].startswith("What was packed cannot be unpacked")
    assert {a.series for a in answer} == {"sensor a", "sensor b", "sensor d"}


def test_what_is_for_one_series_says_so(four, fitted, tmp_path):
    """No graph holds many detectors, no search tunes many at once."""
    with pytest.raises(ExportError, match="it judges many series, and a file holds one"):
        export(fitted, tmp_path / "many.onnx")
    with pytest.raises(ParameterError, match="The detector judges many series, and models are tuned on one"):
        tune(SeriesDetector(time="ts", by="sensor", models="dense"), four, trials=1)


def test_notes_that_differ_in_numbers_are_told_once(four):
    """Not once a series: a thousand would hide everything else."""
    data = (
        four.with_row_index()
        .with_columns(pl.when(pl.col("index") % 97 == 5).then(None).otherwise(pl.col("value")).alias("value"))
        .drop("index")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes = SeriesDetector(time="ts", by="sensor", random_state=0).fit_detect(data).notes
    missing = [note for note in notes if "of the values are missing" in note]
    assert len(missing) == 1
    assert missing[0].startswith("sensor a and 3 others: ")


def test_the_answer_on_one_series_is_that_of_a_detector_on_it_alone(four, fitted):
    """Points in order of time; what is kept in full can be plotted, the worst by itself."""
    answer = fitted.detect(four)
    detector, rows = alone(four, "b")
    theirs = detector.detect(four.filter(pl.Series(rows)).drop("sensor"))
    one = answer.one("sensor b")
    assert (one.scores == theirs.scores / theirs.threshold).all()
    assert (one.p_values == theirs.p_values).all()
    assert np.array_equal(one.evidence.upper, theirs.evidence.upper)
    assert [(a.start, a.end) for a in one] == [(a.start, a.end) for a in theirs]
    assert plot(answer).get_suptitle() == answer.one(answer.anomalies[0].series).verdict
    with pytest.raises(
        ParameterError, match=r"'sensor z' is not kept in full\. Those that are, the worst first: 'sensor"
    ):
        answer.one("sensor z")
