"""An autoencoder on strings: what it sees, what it scores, what it blames."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import amiss
from amiss import StringDetector
from amiss.errors import AmissWarning
from amiss.models import Attention, Dense
from amiss.models.on_strings import OnStrings
from amiss.networks.numpy_operations import log_softmax
from amiss.text.characters import Characters, Strings
from amiss.text.scale import learn_scale, on_scale

SERIALS = [f"AB{i % 83:02d}-{i % 7}E" for i in range(300)]
MODELS = ["dense:epochs=20", "attention:epochs=2,width=8,heads=2", "variational:epochs=5"]


@pytest.fixture(autouse=True)
def _few_strings_are_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        yield


def learnt(rows: list[str], network: Any = None) -> OnStrings:
    """Return an autoencoder that learnt a list."""
    model = OnStrings(network or Dense(epochs=20))
    return model.fit(Strings.of(rows)[0], np.random.default_rng(0))


def detector_of(rows: list[str], model: str = "dense:epochs=60") -> StringDetector:
    """Return a detector of one model that learnt a list."""
    return StringDetector(models=model, random_state=0).fit(rows)


def test_a_string_is_a_row_of_characters_and_an_end() -> None:
    """One position a character, one for the end; what comes after is not judged; too long a string is cut."""
    model = learnt(["ab", "ba", "abb"] * 10)
    assert model.positions_ == 4
    symbol = {c: len(model.vocabulary_) - 1 + i for i, c in enumerate("ab")}
    rows = model._rows(Characters.of(["ab", "", "bbbbbb"]))
    a, b = symbol["a"], symbol["b"]
    assert rows.codes[..., 0].tolist() == [[a, b, 0, 0], [0, 0, 0, 0], [b, b, b, b]]
    assert rows.seen[..., 0].tolist() == [[True] * 3 + [False], [True] + [False] * 3, [True] * 4]
    assert rows.layout.levels == [len(model.vocabulary_) + 1]


def test_the_longest_usual_string_sets_the_positions() -> None:
    """The 99 % quantile of the rows and its end, at most 80."""
    assert learnt([*["abc"] * 995, "a" * 50], Dense(epochs=1, latent=1)).positions_ == 4
    assert learnt([*["abc"] * 50, *["a" * 50] * 2], Dense(epochs=1, latent=1)).positions_ == 51
    assert learnt(["a" * 200] * 20, Dense(epochs=1, latent=1)).positions_ == 80


@pytest.mark.parametrize(
    "network", [Dense(epochs=20), Attention(epochs=1, width=8, heads=2)], ids=["sees", "blind"]
)
def test_the_score_is_that_of_a_naive_twin(network: Any) -> None:
    """-log of the share of each character; less the entropy where it was predicted without being seen."""
    model = learnt(SERIALS, network)
    texts = [*SERIALS[:4], "AB1x-1E", "", "AB12-1E-and-more", "é"]
    measured = []
    for text in texts:
        values, seen = model._rows(Characters.of([text])).take(slice(None))
        shares = log_softmax(model.network.rebuild(values, seen))[0].astype(float)
        entropy = -(np.exp(shares) * shares).sum(axis=1)
        costs = []
        for place in range(min(len(text) + 1, model.positions_)):
            cost = -shares[place, values[0, place].argmax()]
            costs.append(cost - entropy[place] if model.network.blind else cost)
        measured.append([np.mean(costs), max(costs)])
    scores = model.score(Characters.of(texts))
    expected = on_scale(np.array(measured).T, model.median_, model.spread_)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)


def test_strings_count_as_often_as_they_have_rows() -> None:
    """The scale is that of the rows, each string as often as it came."""
    rows = [*["yes"] * 90, *["no"] * 9, "maybe"]
    model = learnt(rows)
    measured = model._mean_and_largest(Characters.of(["yes", "no", "maybe"]))
    median, spread, limit = learn_scale(np.repeat(measured, [90, 9, 1], axis=1), np.ones(100))
    assert (model.median_.tolist(), model.spread_.tolist(), model.limit_) == (
        median.tolist(),
        spread.tolist(),
        limit,
    )


@pytest.mark.parametrize(
    ("odd", "cell", "words"),
    [
        ("AB12_1E", "position 5", '"_", expected "-"'),
        ("AB1x-1E", "position 4", '"x", expected a digit'),
        ("AB12-1EE", "position 8", '"E", expected the end'),
        ("АB12-1E", "position 1", '"А" (cyrillic capital letter a), expected "A"'),
        (
            "AB12-1E and more",
            "position 8",
            '" ", expected the end; only the first 8 characters are read',
        ),
    ],
)
def test_a_planted_fault_is_found_and_told(odd: str, cell: str, words: str) -> None:
    """The worst string is the planted one, its worst character the planted one, and what belongs there is said."""
    detector = detector_of([*SERIALS, odd])
    assert int(detector.scores_.argmax()) == 300
    clue = detector.explain([odd])[0].causes[0]
    assert (clue.cell, clue.reason) == (cell, words)
    surprise = detector.models_[0].surprise_of_characters(Characters.of([odd]))[0]
    assert len(surprise) == len(odd) + 1
    assert int(surprise.argmax()) == int(cell.removeprefix("position ")) - 1


def test_an_end_too_early_is_told() -> None:
    """What is missing at the end."""
    cause = detector_of([*SERIALS, "AB12-1"]).explain(["AB12-1"])[0].causes[0]
    assert cause.cell == "end"
    assert cause.reason.startswith('the string ends after "B12-1"')


@pytest.mark.parametrize("model", MODELS)
def test_a_string_scores_the_same_in_any_company(model: str, tmp_path: Path) -> None:
    """Alone, shuffled, repeated, after save and load: to the last bit."""
    detector = detector_of(SERIALS, model)
    texts = [*SERIALS[:40], "", "AB1x-1E", "x" * 400, "\ud800\x00", "é😀"]
    together = detector.score_samples(texts)
    assert [float(detector.score_samples([text])[0]) for text in texts] == together.tolist()
    order = np.random.default_rng(1).permutation(len(texts))
    assert (detector.score_samples([texts[i] for i in [*order, *order]]) == np.tile(together[order], 2)).all()
    assert (detector.scores_[:40] == -together[:40]).all()
    amiss.save(detector, tmp_path / "a.amiss")
    loaded = amiss.load(tmp_path / "a.amiss")
    assert (loaded.score_samples(texts) == together).all()
    assert loaded.detect(texts).to_json() == detector.detect(texts).to_json()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "rows",
    [[f"A{i}" for i in range(10)], ["one"], ["same"] * 30, [""] * 5, ["", "a"], ["\x00", "😀", "\ud800"]],
    ids=["10 rows", "one row", "one distinct", "empty", "empty and one", "any Unicode"],
)
def test_any_list_is_learnt(model: str, rows: list[str]) -> None:
    """Finite scores and one surprise a character for little, constant and strange lists."""
    detector = detector_of(rows, model.split(",", maxsplit=1)[0].partition("=")[0] + "=1")
    new = [*rows, "", "other", "x" * 90]
    assert np.isfinite(detector.scores_).all()
    assert np.isfinite(detector.score_samples(new)).all()
    lengths = [len(s) for s in detector.models_[0].surprise_of_characters(Characters.of(new))]
    assert lengths == [len(text) + 1 for text in new]
    assert len(detector.explain(new)) == len(new)


def test_long_lists_are_judged_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, the scores the same."""
    model = learnt(SERIALS)
    whole = model.score(Characters.of(SERIALS))
    monkeypatch.setattr("amiss.models.on_strings._VALUES_AT_ONCE", 1)
    parts = list(model._judged(Characters.of(SERIALS)))
    assert len(parts) == -(-len(SERIALS) // 16)
    assert (model.score(Characters.of(SERIALS)) == whole).all()


def test_a_network_stands_beside_other_models() -> None:
    """Their evidence adds up, and so do their views of the characters."""
    detector = StringDetector(models=["ngram", "dense:epochs=20"], random_state=0).fit([*SERIALS, "AB12_1E"])
    block = Characters.of(["AB12_1E", "x" * 500])
    total = sum(model.score(block) for model in detector.models_)
    assert (detector.score_samples(block.values) == -np.logaddexp(0.0, total)).all()
    shown = detector.detect(["AB12_1E", "x" * 500]).evidence
    assert sorted(len(s) for s in shown.surprise) == [7, 500]
    assert detector.summary()["networks"][0]["name"] == "dense:epochs=20"
