"""Cell evidence: wrong cells are found, told in words, and judged alike wherever they stand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.cell_evidence import CellEvidence, positive
from amiss.evidence.broken_dependency import Votes
from amiss.evidence.likely_typo import NearFrequent
from amiss.evidence.odd_characters import Grams, weighted_median
from amiss.evidence.odd_format import format_of
from amiss.evidence.odd_number import NumberNeighbours
from amiss.evidence.repeated_value import RepeatedValue
from amiss.evidence.spelling import bags, edits
from amiss.reading.columns import ColumnReader, Table
from amiss.state import decode, encode

N = 400
CITIES = {"Berlin": "DE", "Hamburg": "DE", "Rome": "IT", "Madrid": "ES", "Lisbon": "PT", "Vienna": "AT"}
WRONG = {
    (3, "city"): "Brelin",
    (17, "country"): "IT",
    (40, "country"): "",
    (55, "amount"): "9000000",
    (80, "amount"): "12o",
    (90, "share"): "5",
    (120, "code"): "AB1234",
    (150, "serial"): "X-00150",
    (200, "both"): "elsewhere",
    (222, "note"): "delivered to the cutsomer",
}
EXPECTED = {
    (3, "city"): "Berlin",
    (17, "country"): "DE",
    (40, "country"): "DE",
    (80, "amount"): 'like "00.00"',
    (90, "share"): "5 with %",
    (120, "code"): 'like "AA-0000"',
    (222, "note"): "delivered to the customer",
}


def clean_columns() -> dict[str, list[Any]]:
    rng = np.random.default_rng(0)
    city = [list(CITIES)[i] for i in rng.choice(6, N, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1])]
    city[3] = city[17] = city[40] = "Berlin"
    country = [CITIES[c] for c in city]
    amount = np.round(rng.lognormal(4, 0.4, N), 2)
    return {
        "city": city,
        "country": country,
        "amount": [f"{a:.2f}" for a in amount],
        "share": [f"{i}%" for i in rng.integers(1, 30, N)],
        "code": [f"{'AB' if i % 2 else 'CD'}-{1000 + i}" for i in rng.integers(0, 9000, N)],
        "serial": [f"S-{i:05}" for i in range(N)],
        "both": [f"{a}, {b}" for a, b in zip(city, country, strict=True)],
        "note": [
            ("delivered to the customer", "returned to the sender", "lost")[i] for i in rng.integers(0, 3, N)
        ],
    }


@lru_cache
def dirty() -> tuple[ColumnReader, Table, CellEvidence]:
    columns = clean_columns()
    for (row, name), value in WRONG.items():
        columns[name][row] = value
    reader = ColumnReader()
    table = reader.fit(columns)
    return reader, table, CellEvidence().fit(table)


def test_wrong_cells_come_first() -> None:
    """Ten cells made wrong in ten ways are among the fourteen most surprising."""
    _, table, evidence = dirty()
    scores = evidence.surprise(table)
    top = np.argsort(-scores, axis=None)[:14]
    found = {(int(i // scores.shape[1]), table.names[i % scores.shape[1]]) for i in top}
    assert set(WRONG) <= found


@pytest.mark.parametrize("place", EXPECTED)
def test_a_repair_is_proposed(place: tuple[int, str]) -> None:
    """Where it can be told, what was expected is told."""
    _, table, evidence = dirty()
    words, expected = evidence.reasons(table, place[0], table.names.index(place[1]))
    assert words
    assert expected == EXPECTED[place]


def test_reasons_name_counts() -> None:
    """A reason says how often training saw what it speaks about."""
    _, table, evidence = dirty()
    words, _ = evidence.reasons(table, 3, 0)
    berlin = table.columns[0].distinct.index("Berlin")
    rows = int((table.columns[0].codes == berlin).sum())
    assert words == f'close to "Berlin", which is in {rows} of 400 rows'


def test_blanks_around_a_text_are_found() -> None:
    """They are no part of the value, but a mistake where the others have none."""
    table = ColumnReader().fit({"land": ["DE", "IT"] * 50 + ["DE "]})
    evidence = CellEvidence().fit(table)
    assert evidence.surprise(table)[:, 0].argmax() == 100
    assert evidence.reasons(table, 100, 0) == ("blanks around it, as in 1 of 101 rows", "DE")


def test_a_repeated_value_among_unique_ones_is_found() -> None:
    """The more rows hold it the more speaks against it; nothing where values recur, or are measured numbers."""
    codes = [f"T{7919 * i % 10_000:04}" for i in range(100)]
    codes[60], codes[70], codes[80] = codes[10], codes[20], codes[20]
    prices = [f"{i}.{i % 97:02}" for i in range(100)]
    prices[60] = prices[10]
    columns = {"code": codes, "price": prices, "kind": [("a", "b", "c", "d")[i % 4] for i in range(100)]}
    table = ColumnReader().fit(columns)
    evidence = CellEvidence().fit(table)
    part = next(k for k, one in enumerate(evidence.parts_) if isinstance(one, RepeatedValue))
    weight = evidence.explain(table, np.arange(100)).weight[part]
    expected = np.zeros((100, 3))
    expected[[10, 60], 0] = 2 * -np.log(0.05) * (1 - 1 / 2)
    expected[[20, 70, 80], 0] = 2 * -np.log(0.05) * (1 - 1 / 3)
    np.testing.assert_allclose(weight, expected)
    assert evidence.reasons(table, 70, 0) == (
        "in 3 of 100 rows, where nearly all values are unique",
        "a value of its own",
    )


def test_same_cell_same_surprise() -> None:
    """Alone, in any order, read anew or from training: exactly the same numbers."""
    reader, table, evidence = dirty()
    whole = evidence.surprise(table)
    columns = {c.name: c.raw for c in table.columns}
    order = np.random.default_rng(1).permutation(N)
    shuffled = reader.read({n: v[order] for n, v in columns.items()})
    assert (evidence.surprise(shuffled) == whole[order]).all()
    for row in (0, 3, 55, 90, 200):
        alone = reader.read({n: v[row : row + 1] for n, v in columns.items()})
        assert (evidence.surprise(alone)[0] == whole[row]).all()


def test_explained_is_the_same_surprise() -> None:
    """What is explained is what was scored, and nothing is said of cells that nothing is held against."""
    _, table, evidence = dirty()
    rows = np.array([3, 90, 300])
    explained = evidence.explain(table, rows)
    assert (explained.surprise == evidence.surprise(table)[rows]).all()
    for i in range(len(rows)):
        for j in range(len(table.columns)):
            assert bool(explained.reason(i, j)[0]) == bool(explained.told[:, i, j].max() > 0)


def test_the_state_holds_all_that_was_learnt() -> None:
    """Taken apart for a model file and put together again, the evidence says the same."""
    _, table, evidence = dirty()
    again = decode(*encode(evidence))
    assert (again.surprise(table) == evidence.surprise(table)).all()
    assert again.reasons(table, 3, 0) == evidence.reasons(table, 3, 0)


def test_new_values_are_judged_by_what_was_learnt() -> None:
    """A typo, a new format and a broken dependency in a new row, without it having been seen in training."""
    reader, table, evidence = dirty()
    good = {c.name: [c.text(5)] for c in table.columns}
    usual = evidence.surprise(reader.read(good)).max()
    for name, value in {
        "city": "Rmoe",
        "country": "XX",
        "code": "AB--77",
        "amount": "abc",
        "both": "?!",
    }.items():
        new = reader.read({**good, name: [value]})
        assert evidence.surprise(new)[0, table.names.index(name)] > usual + 2


def test_numbers_alone_cost_nothing_and_say_little() -> None:
    """A table of normal numbers holds no surprise beyond a few nats; a wild number does."""
    rows = np.random.default_rng(2).normal(size=(300, 3))
    rows[7, 1] = 1e6
    table = ColumnReader().fit(rows)
    scores = CellEvidence().fit(table).surprise(table)
    assert scores.argmax() == 7 * 3 + 1
    assert np.median(scores) == np.log(2.0)


cells = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["a", "b", "1", "2.5", "NA", "2020-01-01"]))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.data())
def test_any_text_gets_a_finite_surprise(width: int, data: st.DataObject) -> None:
    """Any Unicode, gaps, one row, constant columns: finite, >= 0, and a reason or none."""
    column = st.lists(cells, min_size=3, max_size=3)
    reader = ColumnReader()
    table = reader.fit({f"c{i}": data.draw(column) for i in range(width)})
    evidence = CellEvidence().fit(table)
    new = reader.read({f"c{i}": data.draw(column) for i in range(width)})
    for one in (table, new):
        scores = evidence.surprise(one)
        assert np.isfinite(scores).all()
        assert (scores >= 0).all()
        for j in range(width):
            evidence.reasons(one, 0, j)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.floats(), st.floats()), min_size=1, max_size=40))
def test_any_number_gets_a_finite_surprise(rows: list[tuple[float, float, float]]) -> None:
    """NaN, infinity, the largest and the smallest numbers: finite, and the same alone."""
    reader = ColumnReader()
    table = reader.fit(np.array(rows))
    evidence = CellEvidence().fit(table)
    scores = evidence.surprise(table)
    assert np.isfinite(scores).all()
    assert (evidence.surprise(reader.read(np.array(rows[:1])))[0] == scores[0]).all()
    for j in range(3):
        evidence.reasons(table, 0, j)


def test_neighbours_survive_extremes() -> None:
    """Forty pairs with gaps, ties, and numbers at both ends of what a float holds."""
    extremes = np.tile([0.0, 5e-324, 1e308, -1e308, np.inf, -np.inf, np.nan, 1.0], 5)
    table = ColumnReader().fit({"a": np.sort(extremes), "b": np.sort(extremes), "c": np.arange(40.0) ** 2})
    scores = CellEvidence().fit(table).surprise(table)
    assert np.isfinite(scores).all()


def test_positive_keeps_the_order() -> None:
    """Evidence of either sign becomes a surprise, log 2 for none."""
    got = positive(np.array([-800.0, -1.0, 0.0, 1.0, 800.0]))
    assert (np.diff(got) > 0).all()
    assert got[2] == np.log(2.0)
    assert got[4] == 800.0


# ---------------------------------------------------------------- slow twins
def naive_edits(a: str, b: str) -> int:
    """Optimal string alignment by its recursion."""

    @lru_cache(None)
    def d(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
        if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
            best = min(best, d(i - 2, j - 2) + 1)
        return best

    return d(len(a), len(b))


words = st.text("abc", max_size=7)


@settings(deadline=None)
@given(words, words)
def test_edits_equal_the_recursion(a: str, b: str) -> None:
    """The shortcuts do not change the distance, up to its limit; bags never rule out a near pair."""
    slow = naive_edits(a, b)
    assert edits(a, b, 2) == min(slow, 3)
    assert edits(a, b, 1) == min(slow, 2)
    if slow <= 2:
        assert np.abs(np.diff(bags([a, b]), axis=0)).sum() <= 2 * slow


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=7, max_size=10), min_size=1, max_size=8, unique=True), st.data())
def test_near_frequent_texts_are_all_found(texts: list[str], data: st.DataObject) -> None:
    """The index finds what comparing with every frequent text finds."""
    rows = np.array(data.draw(st.lists(st.integers(3, 50), min_size=len(texts), max_size=len(texts))), float)
    near = NearFrequent(texts, rows, float(rows.sum()))
    asked = data.draw(st.text("ab", min_size=7, max_size=10))
    distance = {k: edits(t, asked, 2) for k, t in enumerate(near.texts) if near.rows[k] > 2}
    found = near.neighbours([asked], np.ones(1))[0]
    assert {k for k, d in found.items() if d == 1} == {k for k, d in distance.items() if d == 1}
    if 1 not in found.values():
        assert found == {k: d for k, d in distance.items() if d == 2 and len(near.texts[k]) >= 8}


def naive_expected(x: list[float], y: list[float], x0: float, y0: float) -> float:
    """The median of the neighbours, by sorting."""
    pairs = sorted(zip(x, y, strict=True))
    tied = [b for a, b in pairs if a == x0]
    near = list(tied)
    if len(tied) <= 6:
        near += [b for a, b in pairs if a < x0][-3:] + [b for a, b in pairs if a > x0][:3]
    if y0 in tied:
        near.remove(y0)
    return float(np.median(near)) if near else y0


small = st.integers(-4, 4).map(float)


@settings(deadline=None)
@given(st.lists(st.tuples(small, small), min_size=1, max_size=40), small, small)
def test_neighbours_in_another_column_equal_sorting(
    pairs: list[tuple[float, float]], x0: float, y0: float
) -> None:
    """With and without ties, for stored pairs and new ones."""
    x, y = (list(side) for side in zip(*pairs, strict=True))
    model = NumberNeighbours(np.array(x), np.array(y))
    for a, b in [(x0, y0), pairs[0]]:
        got = model.expected(np.array([a]), np.array([b]))[0]
        assert got == naive_expected(x, y, a, b)


codes = st.integers(0, 3)


@settings(deadline=None)
@given(st.lists(st.tuples(codes, codes), min_size=2, max_size=30), codes, codes)
def test_votes_equal_counting(pairs: list[tuple[int, int]], x0: int, y0: int) -> None:
    """Votes for the own value and the best other one, own vote left out, by counting."""
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    mine, best, other, total = Votes(x, y)._count(np.array([x0]), np.array([y0]))
    own = pairs.count((x0, y0))
    rest = [b for a, b in pairs if a == x0 and b != y0]
    assert mine[0] == max(own - 1, 0)
    assert best[0] == max((rest.count(b) for b in rest), default=0)
    assert total[0] == sum(a == x0 for a, _ in pairs) - (own > 0)
    assert not rest or rest.count(other[0]) == best[0]


def test_characters_are_counted_without_the_text_itself() -> None:
    """A text seen once is as surprising as if it had never been seen, but for its pairs."""
    texts = ["abcd"] * 40 + ["abxd"]
    distinct, rows = ["abcd", "abxd"], np.array([40.0, 1.0])
    both = Grams(distinct, rows)
    without = Grams(distinct[:1], rows[:1])
    seen = both.surprise(["abxd"], np.array([1]))[1][0]
    new = without.surprise(["abxd"], np.array([-1]))[1][0]
    assert both.position("abxd", 1) == 2
    assert seen == pytest.approx(new, rel=0.35)
    assert len(texts) == rows.sum()


def test_formats_are_told_in_three_ways() -> None:
    """Digits alike; a class a character; runs of a class as one."""
    assert [format_of("Ab-12", k) for k in range(3)] == ["Ab-00", "Aa-00", "Aa-0"]


def test_the_weighted_median_stands_at_half_the_weight() -> None:
    """By repetition."""
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([1.0, 5.0, 3.0])
    assert weighted_median(values, weight) == np.median([1] * 5 + [2] * 3 + [3])
    assert weighted_median(np.zeros(0), np.zeros(0)) == 0.0


def test_a_date_expected_is_told_as_a_date() -> None:
    """Beside the date that predicts it: not a number of days since 1970."""
    opened = np.datetime64("2024-01-01") + np.arange(200)
    closed = opened + 2
    closed[90] = np.datetime64("2022-05-05")
    table = ColumnReader().fit({"opened": opened.astype(str).tolist(), "closed": closed.astype(str).tolist()})
    words, expected = CellEvidence().fit(table).reasons(table, 90, 1)
    assert expected == "about 2024-04-02"
    assert words == "rows with opened near 2024-03-31 hold about 2024-04-02"


def test_a_rare_gap_among_values_that_recur_is_called_missing() -> None:
    """Not "seen in 1 of 200 rows": nothing is seen there."""
    towns: list[str | None] = ["Rome", "Oslo"] * 100
    towns[7] = None
    table = ColumnReader().fit({"town": towns})
    words, _ = CellEvidence().fit(table).reasons(table, 7, 0)
    assert words == "missing, as in 1 of 200 rows"
