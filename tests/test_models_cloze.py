"""Cloze: learns what strings look like, names what is wrong in one, scores it alike in any company."""

from __future__ import annotations

import numpy as np
import pytest

from amiss import StringDetector
from amiss.models.cloze import Cloze
from amiss.text.characters import Characters, Strings


def serials(count: int, seed: int = 0) -> list[str]:
    """Two letters, four digits, a dash, and a letter that the first one fixes."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 3, count)
    return [f"{'ABC'[f]}{'XYZ'[f]}{rng.integers(10_000):04d}-{'rst'[f]}" for f in first]


def fitted(values: list[str], seed: int = 0, **parameters) -> Cloze:
    return Cloze(**parameters).fit(Strings.of(values)[0], np.random.default_rng(seed))


@pytest.fixture(scope="module")
def model() -> Cloze:
    return fitted(serials(600), characters=120_000)


def test_what_breaks_the_pattern_scores_above_all_that_keeps_it(model):
    """Also where every pair of neighbours is familiar: the last letter must fit the first."""
    good = model.score(Characters.of(serials(300, seed=1)))
    bad = model.score(Characters.of(["AX1234-s", "AY1234-r", "AX12345-r", "AX123-r", "AX1234", "ax1234-r"]))
    assert bad.min() > good.max()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("AX1x34-r", 3, '"x", expected a digit'),
        ("AX1234r", 6, '"-" is missing here'),
        ("AX1234--r", 6, '"-", one character too many'),
        ("XA1234-r", 0, '"XA", expected "AX"'),
        ("AX1234-", 7, '"r" is missing here'),
        ("AX12", 3, 'the string ends after "AX12", unusually'),
    ],
)
def test_a_slip_is_named_and_placed(model, text, place, words):
    block = Characters.of([text])
    (clue,) = model.clues(block)[0]
    assert clue.cause.reason == words
    assert clue.places is not None
    assert abs(clue.places[0] - place) <= 1
    surprise = model.surprise_of_characters(block)[0]
    assert len(surprise) == len(text) + 1
    assert int(surprise.argmax()) == clue.places[0]


def test_a_string_that_fits_has_hardly_a_clue(model):
    clues = model.clues(Characters.of(["AX1234-r", "BY9876-s", "AX12E4-r"]))
    assert all(clue.strength < 1.0 for some in clues[:2] for clue in some)
    assert clues[2][0].strength > 3.0


def test_expected_characters_come_with_shares(model):
    expected = model.expected("AX1x34-r", 6)
    assert next(iter(expected)) == "-"
    assert expected["-"] > 0.9
    assert sum(expected.values()) == pytest.approx(1.0, abs=1e-5)
    digits = model.expected("AX1x34-r", 3)
    assert set(list(digits)[:10]) == set("0123456789")


def test_same_score_in_any_company(model):
    """To the last bit: alone, in a batch, shuffled."""
    values = [*serials(400, seed=2), "", "x", "\ud800", "é" * 300, "AX1234--r"]
    together = model.score(Characters.of(values))
    order = np.random.default_rng(3).permutation(len(values))
    assert np.array_equal(model.score(Characters.of([values[i] for i in order])), together[order])
    alone = [model.score(Characters.of([value]))[0] for value in values]
    assert np.array_equal(alone, together)


def test_same_seed_same_scores_other_seed_others():
    values, block = serials(100), Characters.of(serials(20, seed=5))
    first, again, other = (fitted(values, seed, characters=10_000).score(block) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "values",
    [
        ["one"],
        ["same"] * 50,
        [""] * 5,
        ["", "a"],
        ["\ud800", "\udfff"],
        ["x" * 300, "x" * 299],
        [str(i) for i in range(10)],
        serials(10),
    ],
)
def test_any_list_is_learnt(values):
    model = fitted(values, characters=5_000)
    block = Characters.of([*values, "?", "", "\ud800", "y" * 400])
    assert np.isfinite(model.score(block)).all()
    surprise = model.surprise_of_characters(block)
    assert [len(s) for s in surprise] == (block.text.length + 1).tolist()
    assert all(np.isfinite(s).all() and (s >= 0).all() for s in surprise)
    assert len(model.clues(block)) == len(block)


def test_rows_of_a_string_count():
    """A string in nine of ten rows is expected, whatever else there is once."""
    values = ["yes"] * 900 + [f"no-{i}" for i in range(100)]
    model = fitted(values, characters=30_000)
    often, once = model.score(Characters.of(["yes", "no-7"]))
    assert often < once


def test_training_is_told():
    model = fitted(serials(200), characters=20_000)
    told = model.networks()[0]
    assert told["name"] == "cloze:characters=20000"
    assert told["weights"] == len(model.weights_)
    assert len(told["loss"]) == len(told["validation_loss"]) >= 8
    assert told["validation_loss"][told["best"]] == min(told["validation_loss"]) < told["validation_loss"][0]


def test_parameters_of_training_are_followed():
    model = fitted(serials(64), epochs=3, batch_size=16, validation_split=0.0, channels=8, embedding=4)
    assert len(model.history_.loss) == 3
    assert model.history_.validation_loss == []
    assert model._net().shapes["left.first"] == (16, 8)


def test_what_is_only_a_little_rarer_stays_calm():
    """Where "8" has three followers and any other digit ten: a likelihood somewhat lower is no evidence."""
    values = [f"AB{i % 83:02d}-{i % 7}E" for i in range(300)]
    for seed in (0, 1):
        assert fitted(values, seed).score(Characters.of(values)).max() < 5.0


def test_an_empty_string_among_others_is_said_to_be_empty(model):
    (clue,) = model.clues(Characters.of([""]))[0]
    assert clue.cause.reason == "the string is empty"


def test_alone_in_a_detector_it_finds_and_shows_the_character():
    values = [*serials(400), "BY12E4-s"]
    detector = StringDetector(models=["cloze:characters=100000"], random_state=0).fit(values)
    detection = detector.detect(values)
    assert [anomaly.place for anomaly in detection.anomalies] == [400]
    assert detection.anomalies[0].causes[0].reason == '"E", expected a digit'
    assert int(np.argmax(detection.evidence.surprise[0])) == 4
