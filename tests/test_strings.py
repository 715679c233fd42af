"""StringDetector: same item, same score; any Unicode; the wrong character in words; what was learnt."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import StringDetector
from amiss.detection import Cause
from amiss.detectors.strings import highlighted, merged, string_models
from amiss.errors import AmissWarning, ParameterError, UnknownPartError
from amiss.models.base import Clue
from amiss.models.check_digit import iban
from amiss.models.ngram import NGram

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=12) | st.text("aB1-", max_size=6)
SERIALS = [f"AB{i % 83:02d}-{i % 7}E" for i in range(300)]


@pytest.fixture(autouse=True)
def _few_strings_are_fine() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        yield


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=8), st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_same_string_same_score(rows: list[str], new: list[str]) -> None:
    """Alone, in a batch, shuffled, as a training row; finite and not negative for any Unicode."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        detector = StringDetector(random_state=0).fit(rows)
    together = -detector.score_samples([*rows, *new])
    assert (together[: len(rows)] == detector.scores_).all()
    assert np.isfinite(together).all()
    assert (together >= 0).all()
    assert (-detector.score_samples([*rows, *new][::-1]) == together[::-1]).all()
    for text, score in zip([*rows, *new], together, strict=True):
        assert -detector.score_samples([text])[0] == score


@settings(max_examples=30, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=30))
def test_every_string_can_be_explained(rows: list[str]) -> None:
    """Shares of the causes sum to at most 1; one surprise a character."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        detector = StringDetector(random_state=0).fit(rows)
        anomalies = detector.explain(rows)
        _, evidence = detector._explain(rows, detector.scores_, np.arange(len(rows)))
    assert [a.place for a in anomalies] == list(range(len(rows)))
    assert all(sum(c.share for c in a.causes) <= 1 + 1e-9 for a in anomalies)
    assert [len(s) for s in evidence.surprise] == [len(text) for text in rows]
    assert all((s >= 0).all() and np.isfinite(s).all() for s in evidence.surprise)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AB12_1E", 'position 5 "_", expected "-"'),
        ("AB1x-1E", 'position 4 "x", expected a digit'),
        ("AB12-1", "position 7 a capital letter is missing here"),
        ("AB12-1EE", r'positions 7 to 8 "EE", one character too many'),
        ("АB12-1E", r'position 1 "А" \(cyrillic capital letter a\), expected "A"'),
    ],
)
def test_planted_faults_are_flagged_and_told_in_words(text: str, words: str) -> None:
    """The planted string is the worst, and its first cause says what is wrong where."""
    detection = StringDetector(random_state=0).fit([*SERIALS, text]).detect([*SERIALS, text])
    worst = next(iter(detection))
    assert worst.place == len(SERIALS)
    assert re.match(words, str(worst.causes[0]))
    shown = detection.evidence.surprise[0]
    assert shown.max() >= 1.0


def test_a_clean_list_has_nothing_amiss() -> None:
    """Three hundred serial numbers, none of them odd."""
    detection = StringDetector(random_state=0).fit(SERIALS).detect(SERIALS)
    assert len(detection) == 0


def test_the_default_line_lies_between_one_and_three_times_what_being_alone_tells() -> None:
    """Whatever the tail of the scores; a rule asked for by name is left as it is."""
    one_value = ["Drug overdose death rates"] * 970 + [f"Drug {i} overdose" for i in range(30)]
    for rows in (SERIALS, one_value):
        alone = np.log(len(rows))
        detector = StringDetector(random_state=0).fit(rows)
        assert alone <= detector.threshold_ <= 3 * alone
        assert detector.offset_ == -detector.threshold_ == -detector.threshold_rule_.threshold_
        asked = StringDetector(threshold="peaks", random_state=0).fit(rows)
        assert asked.threshold_ == asked.threshold_rule_.fit(asked.scores_).threshold_
    assert (detector.predict(one_value) == [1] * 970 + [-1] * 30).all()


def test_repairs_in_lists_of_few_values() -> None:
    """The nearest frequent value is offered."""
    colours = ["red", "green", "blue", "violet"] * 100 + ["gren", "vioelt"]
    detection = StringDetector(random_state=0).fit(colours).detect(colours)
    assert {a.label: a.causes[0].expected for a in detection} == {'"gren"': "green", '"vioelt"': "violet"}


def test_rows_count_not_distinct_strings() -> None:
    """Shares in the summary are shares of rows."""
    summary = StringDetector(random_state=0).fit(["A1"] * 90 + ["b-2"] * 10).summary()
    assert [(p["pattern"], p["share"]) for p in summary["patterns"]] == [("A9", 0.9), ("a-9", 0.1)]
    assert summary["length"] == {"min": 2, "max": 3}
    assert summary["items"] == 100


def test_the_summary_names_the_check_digit() -> None:
    """Twenty-five EAN-8 numbers."""
    numbers = [f"{i:07d}" for i in range(1234567, 1234592)]
    odd = [sum(map(int, n[::2])) * 3 + sum(map(int, n[1::2])) for n in numbers]
    values = [n + str(-s % 10) for n, s in zip(numbers, odd, strict=True)]
    assert StringDetector(random_state=0).fit(values).summary()["check_digit"] == "EAN"


def test_long_and_missing_strings_are_noted() -> None:
    """What is not read is said."""
    detector = StringDetector(random_state=0)
    with pytest.warns(AmissWarning, match="only the first 300 characters"):
        detector.fit([*SERIALS, "x" * 1000])
    with pytest.warns(AmissWarning, match="1 missing value read as the empty string"):
        detector.fit([*SERIALS, None])
    assert any("missing" in note for note in detector.notes_)


def test_models_are_asked_for_by_name() -> None:
    """A list of specs, one spec, a model of one's own settings; a table's model is refused by name."""
    assert [m.spec() for m in string_models(["rarity", "ngram:order=2"])] == ["rarity", "ngram:order=2"]
    given = NGram(order=1)
    models = string_models(given)
    assert [m.spec() for m in models] == ["ngram:order=1"]
    assert models[0] is not given
    with pytest.raises(
        UnknownPartError,
        match=r"'memory' is not known\. Known: .*check_digit, cloze, .*ngram, .*rarity, .*typo",
    ):
        string_models(["memory"])


def test_no_models_are_refused() -> None:
    """An empty list says nothing."""
    with pytest.raises(ParameterError, match="models is empty"):
        StringDetector(models=[]).fit(SERIALS)


def clue(strength: float, places: tuple[int, int] | None, cell: str, clarity: int = 0) -> Clue:
    return Clue(strength, places, Cause(cell, "", "", 0.0, cell), clarity)


def test_clues_about_one_character_count_as_one() -> None:
    """The clearest gives the words, the strengths add up, the weakest are left out."""
    clues = [clue(3.0, (4, 5), "pair"), clue(5.0, (5, 5), "edit", 2), clue(7.75, None, "value")]
    clues.append(clue(0.25, None, "weak"))
    assert [(c.cause.cell, share) for c, share in merged(clues)] == [("edit", 0.5), ("value", 0.484375)]


def test_the_blamed_character_stands_out() -> None:
    """Among several alike the most surprising one is raised."""
    shown = highlighted(4, np.array([0.0, 0.2, 0.5, 0.0, 9.0]), [(clue(1.0, (1, 3), "x"), 1.0)])
    assert shown.tolist() == [0.0, 0.2, 1.5, 0.0]


def ibans(count: int) -> list[str]:
    """Return numbers of one country with right check digits."""
    rng = np.random.default_rng(0)
    texts = [f"{rng.integers(10**18):018d}" for _ in range(count)]
    return [next(t for k in range(98) if iban(t := f"DE{k:02d}{text}")) for text in texts]


def test_the_check_digit_tells_which_digit_is_one_too_many() -> None:
    """Among digits that are all free one is to blame: without it alone the check holds."""
    values = ibans(400)
    detector = StringDetector(random_state=0).fit(values)
    for place, digit in ((4, "7"), (9, "0"), (14, "3"), (20, "5")):
        wrong = values[place][:place] + digit + values[place][place:]
        mends = {i for i in range(len(wrong)) if iban(wrong[:i] + wrong[i + 1 :])}
        _, evidence = detector._explain([wrong], np.array([20.0]), np.array([0]))
        assert place in mends
        assert int(np.argmax(evidence.surprise[0])) in mends


def test_the_check_digit_tells_where_a_digit_is_missing() -> None:
    """The character blamed stands beside a gap that some digit fills rightly."""
    values = ibans(400)
    detector = StringDetector(random_state=0).fit(values)
    for place in (5, 11, 18):
        wrong = values[place][:place] + values[place][place + 1 :]
        gaps = {
            i for i in range(len(wrong) + 1) if any(iban(wrong[:i] + d + wrong[i:]) for d in "0123456789")
        }
        _, evidence = detector._explain([wrong], np.array([20.0]), np.array([0]))
        worst = int(np.argmax(evidence.surprise[0]))
        assert gaps & {worst, worst + 1}
