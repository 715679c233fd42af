"""A summary comes back from text and from other processes as it was, whatever the texts in it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss.clusters.summary import RECORDS, Listed, Summary, Worst, empty, together
from amiss.detection import Anomaly, Cause
from amiss.packed import pack, unpack

TEXTS = st.text(max_size=8) | st.sampled_from(["\ud800", "\x00", '"', "\u2028", ""])
NUMBERS = st.floats(0, 1e300)
CAUSES = st.builds(Cause, TEXTS, TEXTS, TEXTS, st.floats(0, 1), TEXTS)
ANOMALIES = st.builds(
    Anomaly, st.integers(0, 2**53), TEXTS, NUMBERS, st.floats(0, 1), st.lists(CAUSES, max_size=3).map(tuple)
)
SURPRISES = st.lists(NUMBERS, max_size=5).map(lambda values: np.array(values, np.float64))
WORST = st.lists(st.builds(Worst, ANOMALIES, st.lists(TEXTS, max_size=3).map(tuple), SURPRISES), max_size=4)


def same(found: Worst, given: Worst) -> bool:
    """Return whether two are equal to the last bit."""
    alike = (found.anomaly, found.cells) == (given.anomaly, given.cells)
    return alike and found.surprise.tobytes() == given.surprise.tobytes()


@given(WORST)
@settings(deadline=None)
def test_anomalies_come_back_to_the_last_bit(worst: list[Worst]) -> None:
    """Text and packed bytes hold the very anomalies, rows of no cells and strings of no characters among them."""
    summary = Summary(7, np.arange(3), rows=9, worst=Listed.of(worst), columns=("a", "b"), model="m")
    for found in (Summary.from_text(summary.to_text()), unpack(pack(summary), RECORDS)):
        assert len(found.worst) == len(worst)
        assert all(map(same, found.worst, worst))
        assert (found.number, found.rows, found.columns, found.model) == (7, 9, ("a", "b"), "m")


def test_the_text_is_ascii() -> None:
    """Metadata of a part file takes it whatever the cells hold."""
    worst = Worst(Anomaly(0, "row 0", 2.0, 0.1), ("ä\ud800",), np.ones(1))
    assert Summary(0, np.zeros(1, np.int64), worst=Listed.of([worst])).to_text().isascii()


def test_the_worst_of_two_partitions_are_kept_in_order() -> None:
    """The highest scores first, of equal ones the first row; so many as were asked for."""

    def one(place: int, score: float) -> Worst:
        return Worst(Anomaly(place, f"row {place}", score, 0.1), ("x",), np.ones(1))

    first = Summary(0, empty(0, "m").counts, worst=Listed.of([one(3, 5.0), one(1, 2.0)]))
    second = Summary(1, empty(1, "m").counts, worst=Listed.of([one(8, 9.0), one(7, 5.0)]))
    assert [kept.anomaly.place for kept in together(first, second, 3).worst] == [8, 3, 7]
