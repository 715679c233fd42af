"""The first cause named is the cell that was made wrong."""

from __future__ import annotations

import numpy as np

from amiss import SeriesDetector, TableDetector


def test_the_wrong_number_of_a_row_is_the_first_cause() -> None:
    """Each value is usual; one does not fit the others of its row: named first in at least nine of ten rows."""
    rng = np.random.default_rng(0)
    mixing = np.array([[1, 0.9, 0.8, 0.2, -0.3, 0.1], [0.1, -0.4, 0.3, 1, 0.9, -0.8]])
    rows = rng.normal(size=(440, 2)) @ mixing + 0.2 * rng.normal(size=(440, 6))
    learnt, new = rows[:400], rows[400:].copy()
    wrong = rng.integers(0, 6, len(new))
    far = np.where(new[np.arange(40), wrong] > 0, -1.5, 1.5)
    new[np.arange(40), wrong] = far * learnt.std(axis=0)[wrong]
    names = list("abcdef")
    detector = TableDetector(models="fast", random_state=0).fit(dict(zip(names, learnt.T, strict=True)))
    causes = [a.causes for a in detector.explain(dict(zip(names, new.T, strict=True)))]
    right = [c[0].cell == names[j] for c, j in zip(causes, wrong, strict=True) if c]
    assert len(right) >= 38
    assert np.mean(right) >= 0.9


def test_the_wrong_channel_of_an_event_is_the_first_cause() -> None:
    """A spike in one channel of four is found, and that channel is named first."""
    rng = np.random.default_rng(0)
    time = np.arange(2_000)
    waves = np.sin(2 * np.pi * time[:, None] / 50 + np.arange(3)) @ rng.normal(size=(3, 4))
    values = waves + 0.1 * rng.normal(size=waves.shape)
    names, planted = ["a", "b", "c", "d"], {1300: 2, 1500: 0, 1700: 3, 1900: 1}
    for place, channel in planted.items():
        values[place : place + 2, channel] += 5 * values[:, channel].std()
    detector = SeriesDetector(models="fast", random_state=0).fit(
        dict(zip(names, values[:1200].T, strict=True))
    )
    events = list(detector.detect(dict(zip(names, values[1200:].T, strict=True))))
    for place, channel in planted.items():
        met = [e for e in events if (e.start or 0) <= place - 1199 and place - 1200 <= (e.end or 0)]
        assert met
        assert met[0].causes[0].cell == names[channel]


def test_of_two_levels_that_contradict_each_other_the_one_the_numbers_deny_is_the_first_cause() -> None:
    """Pens are many and desks few, pens lie on shelf A: a pen called a desk is told by price and shelf."""
    rng = np.random.default_rng(0)
    kind = rng.choice(3, 600, p=[0.5, 0.3, 0.2])
    price = np.array([5.0, 20.0, 80.0])[kind] * rng.lognormal(0, 0.1, 600)
    goods, shelf = np.array(["pen", "book", "desk"])[kind], np.array(["A", "A", "B"])[kind]
    detector = TableDetector(models="fast", random_state=0).fit(
        {"goods": goods, "shelf": shelf, "price": price}
    )
    new = {"goods": ["desk", "pen", "pen"], "shelf": ["A", "B", "B"], "price": [5.0, 80.0, 5.0]}
    assert [a.causes[0].cell for a in detector.explain(new)] == ["goods", "goods", "shelf"]


def test_a_mistake_made_in_many_rows_is_the_first_cause_where_nothing_else_is_odd() -> None:
    """One state in fourteen is "***": a level as it might be, but no other cell of the row is to blame."""
    state = ["***" if i % 14 == 5 else "S" for i in range(420)]
    columns = {"state": state, "width": [f"{100 + 7 * i % 90}" for i in range(420)]}
    detector = TableDetector(models="fast", random_state=0).fit(columns)
    assert detector.explain({"state": ["***"], "width": ["130"]})[0].causes[0].cell == "state"
