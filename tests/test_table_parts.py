"""Rows judged part by part: every row once, in its place, texts in one piece."""

import numpy as np

from amiss import TableDetector
from amiss.detectors.table_parts import judged
from amiss.reading.columns import ColumnReader


def asked(data):
    """What `judged` returns where the judge says the first number of each row, and how many rows it saw at once."""
    reader, sizes = ColumnReader(), []
    reader.fit(data)

    def judge(table):
        sizes.append(len(table))
        return table.columns[0].numbers

    return judged(reader, reader.frame(data), judge), sizes


def test_numbers_are_judged_in_parts_each_row_once() -> None:
    """Nine thousand rows of numbers: three parts, every answer in the place of its row."""
    numbers = np.random.default_rng(0).normal(size=(9_000, 2))
    found, sizes = asked(numbers)
    assert (found == numbers[:, 0]).all()
    assert sorted(sizes) == [808, 4_096, 4_096]


def test_texts_are_judged_in_one_piece() -> None:
    """One column of texts, and the rows stay together."""
    data = {"x": np.arange(9_000) * 0.5, "word": ["a", "b", "c"] * 3_000}
    found, sizes = asked(data)
    assert (found == data["x"]).all()
    assert sizes == [9_000]


def test_a_row_scores_the_same_in_parts_and_alone() -> None:
    """Gaps and far values among them, to the last bit; the anomaly in the last part is told with its cell."""
    random = np.random.default_rng(1)
    rows = random.normal(size=(5_000, 4))
    rows[random.random(rows.shape) < 0.01] = np.nan
    rows[4_321] = [0.0, 50.0, 0.0, 0.0]
    detector = TableDetector(models="fast", random_state=0).fit(rows[:500])
    scores = detector.score_samples(rows)
    assert all(detector.score_samples(rows[i : i + 1])[0] == scores[i] for i in range(0, 5_000, 617))
    assert (detector.score_samples(rows[4_000:]) == scores[4_000:]).all()
    worst = detector.detect(rows).anomalies[0]
    assert (worst.place, worst.causes[0].cell) == (4_321, "x1")


class Counted(dict):
    """Columns that count how often they are read."""

    reads = 0

    def items(self):
        self.reads += 1
        return super().items()


def test_an_answer_reads_the_data_once() -> None:
    """Scores, causes and notes are of one reading."""
    data = Counted(a=np.arange(99.0) % 7, b=np.append(np.arange(98.0) % 5, 90.0))
    detector = TableDetector(models="fast", random_state=0).fit(data)
    data.reads = 0
    assert detector.detect(data).anomalies
    assert data.reads == 1
