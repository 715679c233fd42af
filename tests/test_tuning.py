"""Tuning: held-out error and labels choose parameters; a study goes on; what fails or ends early does no harm."""

from __future__ import annotations

import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import warnings

import numpy as np
import optuna
import pytest

from amiss import SeriesDetector, StringDetector, TableDetector, tune
from amiss.errors import AmissWarning, DataError, MissingExtraError, ParameterError
from amiss.job import Effort
from amiss.models import Dense, Model
from amiss.networks.rows import Layout, Rows
from amiss.part import Part, shelf_of
from amiss.progress import listening
from amiss.tuning.held_out import HeldOut, filled
from amiss.tuning.search_space import SearchSpace
from amiss.tuning.trial_value import HeldOutError, average_precision, marks_of

DRAW = np.random.default_rng(0)
PLANE = DRAW.normal(size=(200, 2)) @ DRAW.normal(size=(2, 8)) + 0.1 * DRAW.normal(size=(200, 8))
"""Eight columns that two numbers tell, nearly."""
QUICK = "dense:epochs=15"


def detector(models: object = QUICK, **parameters: object) -> TableDetector:
    """Return a table detector that repeats."""
    return TableDetector(models=models, random_state=0, **parameters)


def rows_of(values: np.ndarray) -> Rows:
    """Return numbers as the rows of a table."""
    n, d = values.shape
    return Rows(
        Layout(1, d),
        values[:, None].astype(np.float32),
        np.zeros((n, 1, 0), np.int64),
        np.ones((n, 1, d), bool),
    )


class Scripted:
    """Patches the value of trials: from a list, an exception in it raised."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, values: list[object]) -> None:
        self.values, self.asked = iter(values), []
        monkeypatch.setattr(HeldOutError, "of", lambda value, parameters, models: self(parameters, models))

    def __call__(self, parameters: dict[str, object], models: object) -> float:
        self.asked.append(models)
        value = next(self.values)
        if isinstance(value, BaseException):
            raise value
        return float(value)


# ---------------------------------------------------------------- the error at held-out cells
class Shrunk(Dense):
    """A network made of one matrix: its answer is linear."""

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.matrix = matrix.astype(np.float32)
        self.layout_ = Layout(1, len(matrix))

    def rebuild(self, values: np.ndarray, seen: np.ndarray | None = None) -> np.ndarray:
        return values @ self.matrix


def test_the_error_of_copying_is_that_of_knowing_nothing() -> None:
    """An identity rebuilds every row without an error and gets 1: a hidden cell stays at its mean."""
    values = DRAW.normal(size=(2_000, 6))
    learnt, held = HeldOut.of(rows_of(values / values.std(axis=0)), False, np.random.default_rng(1))
    assert held.error(Shrunk(np.eye(6))) == pytest.approx(1.0, abs=0.1)
    assert held.error(Shrunk(np.zeros((6, 6)))) == held.error(Shrunk(np.eye(6)))
    assert (len(learnt), len(held.rows)) == (1_600, 400)


def test_a_hidden_cell_is_told_from_the_others_by_the_principal_plane() -> None:
    """Filled with the network's own answer it comes to what the others tell: the twin solves for it."""
    plane = np.linalg.svd(PLANE, full_matrices=False)[2][:2]
    matrix = plane.T @ plane
    hidden = np.zeros((200, 1, 8), bool)
    hidden[:, 0, 3] = True
    found = filled(Shrunk(matrix), PLANE[:, None].astype(np.float32), hidden)[:, 0, 3]
    others = [0, 1, 2, 4, 5, 6, 7]
    solved = PLANE[:, others] @ matrix[others, 3] / (1 - matrix[3, 3])
    share_left = matrix[3, 3] ** 5  # of the way, after five rounds
    np.testing.assert_allclose(found, (1 - share_left) * solved, atol=1e-4)


def test_every_cell_is_hidden_once_and_units_are_variance_and_entropy() -> None:
    """Turns cover all cells; a constant has no unit; a category has the entropy of its shares."""
    numbers = np.column_stack([DRAW.normal(3.0, 2.0, 400), np.full(400, 5.0)])
    codes = np.repeat([0, 1], [100, 300])[:, None, None]
    layout = Layout(1, 2, [2])
    rows = Rows(layout, numbers[:, None], codes, np.ones((400, 1, 3), bool))
    learnt, held = HeldOut.of(rows, False, np.random.default_rng(0))
    assert all(sorted(turns) == [0, 1, 2] for turns in held.turns[:, 0])
    share = (learnt.codes == 0).mean()
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    np.testing.assert_allclose(held.units, [[learnt.numbers[:, 0, 0].var(), 0.0, entropy]], rtol=1e-5)


def test_windows_held_out_share_no_point_with_those_learnt() -> None:
    """Of rows in order the last are held out, with a gap as long as a window."""
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(300.0), 8)[:, :, None]
    rows = Rows(Layout(8, 1), windows, np.zeros((293, 8, 0), np.int64), np.ones((293, 8, 1), bool))
    learnt, held = HeldOut.of(rows, True, np.random.default_rng(0))
    assert learnt.numbers.max() < held.rows.numbers.min()
    assert held.turns[0, :, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_error_finds_the_true_size_of_the_middle() -> None:
    """Two numbers tell the rows: one is too few, and six copy."""
    learnt, held = HeldOut.of(rows_of(PLANE / PLANE.std(axis=0)), False, np.random.default_rng(1))
    errors = {
        latent: held.error(Dense(latent=latent, epochs=20).learn(learnt, True, np.random.default_rng(0)))
        for latent in (1, 2, 6)
    }
    assert errors[2] < 0.5 * errors[1]
    assert errors[2] < 0.5 * errors[6]


# ---------------------------------------------------------------- the search
def test_the_better_of_two_settings_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that learns and one that does not: the first is chosen, and fitted on all data."""
    monkeypatch.setattr(Dense, "searched", {"learning_rate": ("of", 1e-12, 4e-3)})
    tuning = tune(detector("dense:latent=2,epochs=30,activation=tanh"), PLANE, trials=6)
    values = {
        rate: value
        for rate, value in zip(tuning.table()["learning_rate"], tuning.table()["value"], strict=True)
        if rate
    }
    assert len(values) == 2
    assert values[4e-3] < values[1e-12]
    assert tuning.best_trial.value == values[4e-3]
    assert len(tuning.best.scores_) == 200


def test_parameters_that_were_set_stay() -> None:
    """Set by text, be it to the default, or in a part; the others are searched."""
    by_text = SearchSpace.of(detector("dense:latent=5,depth=1"), PLANE, 0).members[0]
    by_part = SearchSpace.of(detector(Dense(latent=5, dropout=0.1)), PLANE, 0).members[0]
    assert {"hidden", "noise"} <= set(by_text.scales)
    assert not {"latent", "depth"} & set(by_text.scales)
    assert not {"latent", "dropout"} & set(by_part.scales)
    tuning = tune(detector("dense:latent=5,epochs=5"), PLANE, trials=3)
    assert "latent" not in tuning.table()
    assert str(tuning.best.models).startswith("dense:")
    assert "latent=5" in tuning.best.models


def test_the_middle_is_searched_up_to_the_values_of_a_row() -> None:
    """Eight columns: latent is 1 to 8."""
    assert SearchSpace.of(detector(), PLANE, 0).members[0].scales["latent"] == ("even", 1, 8)
    levels = {"a": ["x", "y"] * 50, "b": DRAW.normal(size=100)}
    assert SearchSpace.of(detector(), levels, 0).members[0].scales["latent"] == ("even", 1, 3)


@pytest.mark.parametrize("name", [name for name, part in shelf_of(Model).items() if part.searched])
def test_what_is_searched_is_legal(name: str) -> None:
    """Each is a parameter of the part, and both ends of its scale can be asked for."""
    part: type[Part] = shelf_of(Model)[name]
    for parameter, (how, *bounds) in part.searched.items():
        assert parameter in part.parameter_defaults()
        assert how in ("even", "log", "of")
        for value in (bound for bound in bounds if bound is not None):
            assert getattr(part(**{parameter: value}), parameter) == value
            least, most = part.legal.get(parameter, (-np.inf, np.inf))
            assert isinstance(value, str) or least <= value <= most
        texts = {bound for bound in bounds if isinstance(bound, str)}
        assert texts <= set(part.choices.get(parameter, ()))


def test_members_of_a_committee_are_told_apart_and_the_others_stay() -> None:
    """Two networks and a memory: parameters by name of the model, the memory as it was."""
    tuning = tune(detector([QUICK, "memory:k=7", "dense:epochs=5"]), PLANE, trials=2)
    assert {"dense.latent", "dense2.latent"} <= set(tuning.table())
    models = tuning.ranked()[-1].parameters or tuning.ranked()[0].parameters
    assert set(models) == set(tuning.trials[1].parameters)
    space = SearchSpace.of(detector([QUICK, "memory:k=7", "dense:epochs=5"]), PLANE, 0)
    made = space.models(tuning.trials[1].parameters)
    assert made[1] == "memory:k=7"
    assert made[0] != made[2]


def test_labels_change_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the user calls odd decides: rows off the plane, or far rows on it.

    Without training a linear network is the plane itself, and one of tanh knows nothing but the centre.
    """
    monkeypatch.setattr(Dense, "searched", {"activation": ("of", "linear", "tanh")})
    across = np.linalg.svd(PLANE, full_matrices=False)[2][4]
    values = np.vstack([PLANE, 0.2 * PLANE[:5] + 1.2 * across, 3.0 * PLANE[5:10]])
    labels = [None] * 200 + [1] * 5 + [0] * 5
    given = detector("dense:latent=2,epochs=1,learning_rate=1e-12,space=standard")
    off = tune(given, values, trials=6, labels=labels)
    far = tune(given, values, trials=6, labels=[None if x is None else 1 - x for x in labels])
    assert off.measure == "average precision"
    assert off.best_trial.value == max(off.table()["value"]) > min(off.table()["value"])
    assert "tanh" not in off.best.models
    assert far.best.models.endswith("activation=tanh")


def test_a_search_repeats_and_leaves_the_global_state_alone() -> None:
    """The same random_state: the same trials, to the last bit."""
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    first = tune(detector(), PLANE, trials=12, random_state=3)
    again = tune(detector(), PLANE, trials=12, random_state=3)
    other = tune(detector(), PLANE, trials=3, random_state=4)
    np.testing.assert_array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert before[1] == random.getstate()
    first_table, again_table = first.table(), again.table()
    assert first_table.pop("seconds") != []
    assert again_table.pop("seconds") != []
    assert first_table == again_table
    assert other.table()["latent"] != first.table()["latent"][:3]
    np.testing.assert_array_equal(first.best.scores_, again.best.scores_)


def test_a_study_goes_on_as_if_it_had_not_stopped(tmp_path: pathlib.Path) -> None:
    """Three trials, then up to six: those of six at once; a third call has nothing left to do."""
    path = tmp_path / "a?b #1.db"
    assert len(tune(detector(), PLANE, trials=3, study=path).trials) == 3
    resumed = tune(detector(), PLANE, trials=6, study=path)
    assert os.listdir(tmp_path) == ["a?b #1.db"]
    assert resumed.table()["value"] == tune(detector(), PLANE, trials=6).table()["value"]
    assert repr(tune(detector(), PLANE, trials=2, study=path)) == repr(resumed)


def test_another_search_or_other_data_begins_anew_in_the_same_file(tmp_path: pathlib.Path) -> None:
    """The name of a study comes from detector, data and labels."""
    path = tmp_path / "tuned.db"
    tune(detector(), PLANE, trials=3, study=path)
    assert len(tune(detector(), PLANE[:150], trials=1, study=path).trials) == 1
    assert len(tune(detector("dense:epochs=3"), PLANE, trials=1, study=path).trials) == 1
    assert len(tune(detector(), PLANE, trials=1, study=path, labels=[1, 0] + [None] * 198).trials) == 1
    assert len(tune(detector(), PLANE, trials=1, study=path).trials) == 3


def test_an_interrupted_search_keeps_the_best_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    """Ctrl-C in the third trial: the second, the best, is fitted; later the third is tried again."""
    with monkeypatch.context() as patched:
        Scripted(patched, [0.5, 0.25, KeyboardInterrupt()])
        tuning = tune(detector(), PLANE, trials=9, study=tmp_path / "t.db")
    assert (tuning.ended, tuning.best_trial.number) == ("interrupted", 1)
    assert [trial.state for trial in tuning.trials] == ["done", "done", "stopped"]
    assert len(tuning.best.scores_) == 200
    with monkeypatch.context() as patched:
        script = Scripted(patched, [0.75])
        resumed = tune(detector(), PLANE, trials=3, study=tmp_path / "t.db")
    assert [trial.value for trial in resumed.trials] == [0.5, 0.25, None, 0.75]
    assert resumed.trials[3].parameters == tuning.trials[2].parameters
    assert len(script.asked) == 1


def test_ctrl_c_that_ends_a_training_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training keeps its best weights on Ctrl-C; half a training is no trial."""
    learn, count = Dense.learn, iter(range(9))

    def learnt(network: Dense, *given: object) -> Dense:
        done = learn(network, *given)
        if next(count) == 1:
            done.history_.ended = "interrupted"
        return done

    monkeypatch.setattr(Dense, "learn", learnt)
    tuning = tune(detector(), PLANE, trials=9)
    assert [trial.state for trial in tuning.trials] == ["done", "stopped"]
    assert tuning.ended == "interrupted"


def test_ctrl_c_before_the_first_trial_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to keep."""
    Scripted(monkeypatch, [KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        tune(detector(), PLANE, trials=3)


def test_a_trial_that_fails_is_shown_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors and values that are no number: state and reason are in the table."""
    Scripted(monkeypatch, [0.5, DataError("The loss is no number."), float("nan"), 0.25])
    table = tune(detector(), PLANE, trials=4).table()
    assert table["state"] == ["done", "failed", "failed", "done"]
    assert table["reason"] == ["", "The loss is no number.", "The held-out error is nan.", ""]
    assert table["value"] == [0.5, None, None, 0.25]


def test_where_the_detector_as_given_cannot_be_fitted_its_own_sentence_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not thirty times the same failure."""
    script = Scripted(monkeypatch, [DataError("The loss is no number.")])
    with pytest.raises(DataError, match="The loss is no number"):
        tune(detector(), PLANE, trials=30)
    assert len(script.asked) == 1


def test_where_every_trial_fails_the_last_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that ends may be enough for the next trial; where it never is, the error says so."""
    Scripted(monkeypatch, [MemoryError("No memory left."), MemoryError("No memory left.")])
    with pytest.raises(DataError, match=r"No trial of 2 went well; the last one: No memory left\."):
        tune(detector(), PLANE, trials=2)


def test_time_that_is_over_ends_the_running_trial_but_not_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no time one trial is done; the best is fitted all the same."""
    tuning = tune(detector(), PLANE, trials=None, seconds=1e-9)
    assert ([trial.state for trial in tuning.trials], tuning.ended) == (["done"], "time")
    clock = iter(range(1_000_000))
    monkeypatch.setattr("amiss.tuning.search.time.monotonic", lambda: next(clock))
    tuning = tune(detector(), PLANE, trials=None, seconds=30)
    assert tuning.trials[-1].state == "stopped"
    assert tuning.ended == "time"


def test_progress_says_trial_and_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens hears the search, and the training behind it."""
    heard: list[str] = []
    Scripted(monkeypatch, [0.5, 0.1234, 0.3])
    with listening(heard.append):
        tune(detector(), PLANE, trials=3)
    assert heard[:4] == [
        "Tuning: trial 1 of 3",
        "Tuning: trial 2 of 3, best 0.5",
        "Tuning: trial 3 of 3, best 0.123",
        "Learning with the parameters of trial 1",
    ]
    assert heard[4].startswith("Training: epoch 1 of")
    monkeypatch.undo()
    with listening(heard.append):
        tune(detector(), PLANE, trials=1)
    assert any(text.startswith("Tuning: trial 1 of 1. Training: epoch 2 of 15, loss") for text in heard)


def test_optuna_is_silent_and_its_own_settings_come_back(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing on the terminal; the verbosity of a host program stays."""
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        tune(detector(), PLANE, trials=2)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(optuna.logging.INFO)
    assert capfd.readouterr() == ("", "")


def test_the_outcome_in_words_and_as_a_frame() -> None:
    """repr, rows and table say the same; the detector given is left as it was."""
    given = detector()
    tuning = tune(given, PLANE, trials=3)
    assert given.models == QUICK
    assert not hasattr(given, "models_")
    assert repr(tuning).startswith("Tuning(held-out error 0.")
    assert f"in trial {tuning.best_trial.number} of 3: models='dense" in repr(tuning)
    lengths = {len(column) for column in tuning.table().values()}
    assert lengths == {3}
    assert [row[0] for row in tuning.rows(2)] == [str(trial.number) for trial in tuning.ranked()[:2]]
    assert tuning.lines() == ["Tuned: 3 trials done, 0 failed. Best held-out error first:"]
    assert tuning.chosen().startswith(f"Chosen: trial {tuning.best_trial.number}, dense:")


def test_notes_are_told_by_the_last_fit_alone() -> None:
    """Too few rows is worth one warning, not one a trial."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tune(detector(), PLANE[:40], trials=3, labels=[1, 0] + [None] * 38)
    assert len([w for w in caught if issubclass(w.category, AmissWarning)]) == 1


# ---------------------------------------------------------------- labels
def test_average_precision_is_that_of_scikit_learn() -> None:
    """Ties among them."""
    from sklearn.metrics import average_precision_score

    for seed in range(20):
        draw = np.random.default_rng(seed)
        scores, abnormal = draw.integers(0, 8, 40).astype(float), draw.random(40) < 0.3
        abnormal[0] = True
        assert average_precision(scores, abnormal) == pytest.approx(average_precision_score(abnormal, scores))


def test_labels_of_many_kinds_are_read() -> None:
    """Booleans, numbers, None, NaN, what pandas calls missing."""
    import pandas

    expected = [1.0, 0.0, np.nan]
    for labels in (
        [True, False, None],
        np.array([1, 0, np.nan]),
        [np.int64(1), 0.0, float("nan")],
        pandas.Series([True, False, pandas.NA], dtype="boolean"),
    ):
        np.testing.assert_array_equal(marks_of(labels), expected)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1, 0, 2], r"labels\[2\] is 2\. Legal"),
        (["1", 0], r"labels\[0\] is '1'"),
        ([0, 0, None], "labels name 0 abnormal and 2 normal items"),
        ([1, 1], "2 abnormal and 0 normal"),
        (5, r"labels\[0\] is 5"),
    ],
)
def test_labels_that_cannot_be_used_are_told(labels: object, said: str) -> None:
    """Place, value, what is legal."""
    with pytest.raises(ParameterError, match=said):
        tune(detector(), PLANE, trials=1, labels=labels)


def test_labels_must_be_as_many_as_items() -> None:
    """Both counts are named."""
    with pytest.raises(DataError, match="There are 2 labels and 200 rows"):
        tune(detector(), PLANE, trials=1, labels=[1, 0])


# ---------------------------------------------------------------- wrong inputs
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"trials": 0}, "trials is 0. Legal: a whole number"),
        ({"trials": 2.5}, "trials is 2.5"),
        ({"trials": True}, "trials is True"),
        ({"trials": None}, "trials and seconds are both None"),
        ({"seconds": 0}, "seconds is 0. Legal"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"seconds": "60"}, "seconds is '60'"),
        ({"random_state": "x"}, "random_state is 'x'"),
        ({"study": "no/such/folder/t.db"}, "there is no folder"),
    ],
)
def test_wrong_inputs_are_told(given: dict[str, object], said: str) -> None:
    """Name, value, what is legal."""
    with pytest.raises(ParameterError, match=said):
        tune(detector(), PLANE, **given)


@pytest.mark.parametrize("models", ["memory", "fast", ["marginal", "robust"]])
def test_nothing_to_tune_is_told_with_what_there_is(models: object) -> None:
    """Models without a network: the neural ones are named."""
    with pytest.raises(ParameterError, match=r"nothing to tune: models=.*Neural models for table: .*dense"):
        tune(detector(models), PLANE, trials=1)


def test_an_unknown_model_is_told_as_always() -> None:
    """The sentence of the shelf."""
    with pytest.raises(ParameterError, match="'dens' is not known"):
        tune(detector("dens"), PLANE, trials=1)


def test_too_few_rows_to_hold_some_out_are_told() -> None:
    """Their number is named, and what to do."""
    with pytest.raises(DataError, match="too few to hold some out"):
        tune(detector(), PLANE[:12], trials=1)


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\x00" + bytes(4_000), b"a,b\n1,2\n"])
def test_a_file_that_is_no_study_is_told_and_left_alone(tmp_path: pathlib.Path, content: bytes) -> None:
    """One sentence; not a byte changes."""
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=r"x\.db' cannot be read"):
        tune(detector(), PLANE, trials=1, study=path)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_left_alone(tmp_path: pathlib.Path) -> None:
    """No tables are added to the tables of others."""
    path = tmp_path / "shop.db"
    base = sqlite3.connect(path)
    base.execute("create table orders (id integer)")
    base.commit()
    base.close()
    before = path.read_bytes()
    with pytest.raises(ParameterError, match="it holds other tables: orders"):
        tune(detector(), PLANE, trials=1, study=path)
    assert path.read_bytes() == before


def test_a_damaged_study_is_told(tmp_path: pathlib.Path) -> None:
    """Pages overwritten, or a table emptied: one sentence, whatever the database says."""
    path = tmp_path / "t.db"
    tune(detector(), PLANE, trials=2, study=path)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(ParameterError, match="cannot be read"):
        tune(detector(), PLANE, trials=2, study=path)


def test_a_trial_left_running_is_tried_again(tmp_path: pathlib.Path) -> None:
    """A process that was killed leaves its trial unfinished."""
    path = tmp_path / "t.db"
    tune(detector(), PLANE, trials=1, study=path)
    name = optuna.get_all_study_names(f"sqlite:///{path}")[0]
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    optuna.load_study(study_name=name, storage=storage).ask()
    storage.remove_session()
    storage.engine.dispose()
    tuning = tune(detector(), PLANE, trials=2, study=path)
    assert [trial.state for trial in tuning.trials] == ["done", "stopped", "done"]


def test_without_optuna_the_pip_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the extra."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        MissingExtraError, match=r"Tuning needs Optuna\. Install: pip install 'amiss\[tune\]'"
    ):
        tune(detector(), PLANE, trials=1)


# ---------------------------------------------------------------- other kinds, and the command line
@pytest.mark.parametrize("kind", ["series", "strings"])
def test_other_kinds_are_tuned_where_a_network_takes_them(kind: str) -> None:
    """Windows and strings: the same search."""
    from amiss.models.asked import _ON

    if kind not in _ON:
        pytest.skip(f"no network takes {kind} yet")
    if kind == "series":
        data: object = np.sin(np.arange(400) * 2 * np.pi / 20) + 0.1 * np.random.default_rng(0).normal(
            size=400
        )
        tuning = tune(SeriesDetector("dense:epochs=2", random_state=0), data, trials=2)
    else:
        data = [f"AB{i:02d}-{i % 7}E" for i in range(100)]
        tuning = tune(StringDetector("dense:epochs=2", random_state=0), data, trials=2)
    assert [trial.state for trial in tuning.trials] == ["done", "done"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20", Effort(trials=20)),
        ("20 trials", Effort(trials=20)),
        ("60s", Effort(seconds=60.0)),
        ("1.5m", Effort(seconds=90.0)),
        ("1h", Effort(seconds=3600.0)),
    ],
)
def test_effort_is_read(text: str, expected: Effort) -> None:
    """A time or a number of trials."""
    assert Effort.of(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0s", "-5", "2.5", "soon", "5 d", "1e3", "60 s s"])
def test_what_is_no_effort_is_told(text: str) -> None:
    """The sentence says what is legal."""
    with pytest.raises(ParameterError, match="Legal: a time such as 60s"):
        Effort.of(text)


def test_the_command_line_tunes_and_writes_the_best(tmp_path: pathlib.Path) -> None:
    """Table, choice, model file; a second run goes on with the study."""
    np.savetxt(tmp_path / "t.csv", PLANE, delimiter=",", header="a,b,c,d,e,f,g,h", comments="", fmt="%.6f")
    run = [
        sys.executable,
        "-m",
        "amiss",
        "fit",
        "t.csv",
        "--models",
        QUICK,
        "-o",
        "t.amiss",
        "--tune-study",
        "t.db",
    ]

    def told(*more: str) -> tuple[int, str]:
        done = subprocess.run([*run, *more], capture_output=True, text=True, cwd=tmp_path, check=False)
        return done.returncode, done.stdout + done.stderr

    code, first = told("--tune", "2")
    assert code == 0, first
    lines = first.splitlines()
    assert lines[0] == "Tuned: 2 trials done, 0 failed. Best held-out error first:"
    assert lines[3].startswith("Chosen: trial ")
    assert lines[-1] == "Written: t.amiss"
    assert "Tuned: 3 trials done" in told("--tune", "3")[1]
    assert told()[1].endswith("--tune-study keeps the trials of --tune. Give --tune 60s too.\n")
    assert told("--tune", "soon") == (
        2,
        "amiss: 'soon' says not how long to tune. Legal: a time such as 60s, 5m or 1h, or a number of trials such as "
        "20.\n",
    )
