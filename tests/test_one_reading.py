"""Data is read once, however many steps an answer takes."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from amiss import SeriesDetector, StringDetector


class CountingSeries(SeriesDetector):
    """Counts how often it reads data."""

    readings = 0

    def _reading(self, data: Any) -> Any:
        self.readings += 1
        return super()._reading(data)

    def _reading_to_learn(self, data: Any) -> Any:
        self.readings += 1
        return super()._reading_to_learn(data)


class CountingStrings(StringDetector):
    """Counts how often it reads data."""

    readings = 0

    def _reading(self, data: Any) -> Any:
        self.readings += 1
        return super()._reading(data)


def _wave() -> pl.DataFrame:
    minutes = np.delete(np.arange(0, 4_000, 5), slice(300, 320))
    moments = np.datetime64("2026-01-01T00:00", "us") + minutes * np.timedelta64(60_000_000, "us")
    load = 10 + 3 * np.sin(minutes * 2 * np.pi / 240) + (minutes == 2_000) * 9.0
    return pl.DataFrame({"at": np.datetime_as_string(moments, unit="s").tolist(), "load": load})


pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")  # moments without data

CASES = [
    (CountingSeries(models="fast", random_state=0), _wave()),
    (CountingStrings(models="fast", random_state=0), [f"AB{i:02d}" for i in range(99)] + ["AB-7"]),
]


@pytest.mark.parametrize(("detector", "data"), CASES)
@pytest.mark.parametrize("method", ["fit", "fit_detect"])
def test_learning_reads_the_data_once(detector: Any, data: Any, method: str) -> None:
    """To learn, and to judge the very data, one reading is enough."""
    detector.readings = 0
    getattr(detector, method)(data)
    assert detector.readings == 1


@pytest.mark.parametrize(("detector", "data"), CASES)
@pytest.mark.parametrize("method", ["detect", "score_samples", "explain"])
def test_an_answer_reads_the_data_once(detector: Any, data: Any, method: str) -> None:
    """Scores, which items are scored, explanation and notes come from one reading."""
    detector.fit(data).readings = 0
    getattr(detector, method)(data)
    assert detector.readings == 1


@pytest.mark.parametrize(("detector", "data"), CASES)
def test_what_was_read_to_learn_is_answered_as_if_read_anew(detector: Any, data: Any) -> None:
    """`fit_detect` answers as `fit` and `detect` do, notes among it."""
    once, twice = detector.fit_detect(data), detector.fit(data).detect(data)
    assert once.notes == twice.notes
    assert [str(anomaly) for anomaly in once] == [str(anomaly) for anomaly in twice]
    assert (once.scores == twice.scores).all()
