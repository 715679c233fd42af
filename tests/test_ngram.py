"""N-gram: where the surprise falls, what is expected there, and in words."""

from __future__ import annotations

import numpy as np
import pytest

from amiss.models.ngram import NGram
from amiss.text.characters import LENGTH_LIMIT, Characters, Strings
from amiss.text.scale import weighted_quantiles

DATES = [f"2024-{m:02d}-{d:02d}" for m in range(1, 13) for d in range(1, 29)]


def fitted(rows: list[str]) -> NGram:
    return NGram().fit(Strings.of(rows)[0], np.random.default_rng(0))


@pytest.mark.parametrize(("text", "place"), [("2024-O3-11", 5), ("2024-03.11", 7), ("2O24-03-11", 1)])
def test_the_wrong_character_is_the_most_surprising(text: str, place: int) -> None:
    """A letter for a digit, another separator."""
    model = fitted(DATES)
    assert int(model.surprise_of_characters(Characters.of([text]))[0].argmax()) == place


def test_expected_characters_fit_both_sides() -> None:
    """A dash between the parts of a date, 0 or 1 where a month starts."""
    model = fitted(DATES)
    assert next(iter(model.expected("2024x03-11", 4))) == "-"
    month = model.expected("2024-x3-11", 5)
    assert set(list(month)[:2]) == {"0", "1"}
    assert sum(month.values()) == pytest.approx(1.0)


def test_surprise_covers_every_character_and_the_end() -> None:
    """Also for empty, unknown and cut strings."""
    model = fitted(DATES)
    texts = ["", "\ud800\0", "2024-03-11" * 100]
    lengths = [len(s) for s in model.surprise_of_characters(Characters.of(texts))]
    assert lengths == [1, 3, LENGTH_LIMIT + 1]


def test_free_positions_cost_nothing() -> None:
    """Random digits are as usual as constant letters; a letter among them is not."""
    rng = np.random.default_rng(0)
    rows = [f"ID{n:08d}" for n in rng.integers(0, 10**8, 500)]
    scores = fitted(rows).score(Characters.of([*rows, "ID12a45678"]))
    assert scores[-1] > 3 * np.quantile(scores[:-1], 0.99)


def test_the_score_is_monotone_and_bounded_in_growth() -> None:
    """In a list of two values a third is far, but not infinitely far."""
    scores = fitted(["yes", "no"] * 200).score(Characters.of(["yes", "nes", "xyz"]))
    assert scores[0] < scores[1] < scores[2] < 30


def test_learning_from_a_sample_is_bounded() -> None:
    """Of a long list about as many characters as asked for are read."""
    rows = Strings.of([f"{i:07d}" for i in range(5000)])[0]
    model = NGram(characters=800).fit(rows, np.random.default_rng(0))
    assert model.forward_.base.sum() == 800


def test_weighted_quantiles_are_those_of_the_repeated_rows() -> None:
    """A string that stands for three rows counts three times."""
    values, weight = np.array([1.0, 5.0, 3.0]), np.array([3.0, 1.0, 2.0])
    repeated = np.repeat(values, weight.astype(int))
    levels = (0.2, 0.5, 0.9)
    expected = np.quantile(repeated, levels, method="inverted_cdf")
    assert weighted_quantiles(values, weight, levels).tolist() == expected.tolist()
