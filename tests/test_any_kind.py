"""The kind of data is chosen from what is in it, and the choice says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from amiss import SeriesDetector
from amiss.detectors.any_kind import choose_kind, detect, make_detector
from amiss.errors import DataError, ParameterError

MONTHS = [f"{y}-{m:02d}" for y in range(2000, 2010) for m in range(1, 13)]
HOURS = pd.date_range("2026-01-01", periods=120, freq="h")
NUMBERS = np.sin(np.arange(120.0))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (["a", "b"], "strings"),
        (np.array(["a", "b"]), "strings"),
        (pd.Series(["a", "b"]), "strings"),
        (pl.Series(["a", "b"]), "strings"),
        (pd.DataFrame({"code": ["a", "b"]}), "strings"),
        ([1.0, 2.0, 3.0], "series"),
        (np.arange(9.0), "series"),
        (pl.Series([1, 2, 3]), "series"),
        ({"value": ["1.5", "2", "3"]}, "series"),
        (pd.DataFrame({"at": HOURS, "cpu": NUMBERS}), "series"),
        ({"month": MONTHS, "t": NUMBERS}, "series"),
        (pd.DataFrame({"at": HOURS[::-1], "cpu": NUMBERS}), "table"),
        (pd.DataFrame({"at": HOURS, "cpu": NUMBERS, "host": ["a", "b"] * 60}), "table"),
        (
            pd.DataFrame({"at": HOURS + pd.to_timedelta(NUMBERS + NUMBERS.cumsum(), "D"), "x": NUMBERS}),
            "table",
        ),
        (np.zeros((5, 2)), "table"),
        ([[1, "a"], [2, "b"]], "table"),
        ([{"a": 1, "b": 2}], "table"),
    ],
)
def test_the_kind_is_chosen_from_the_data(data: Any, kind: str) -> None:
    """Texts, numbers in their order, numbers beside evenly rising dates, everything else."""
    assert choose_kind(data).kind == kind


def test_a_structured_array_is_a_frame() -> None:
    """Its fields are columns."""
    array = np.array([(i, i % 7) for i in range(50)], dtype=[("a", "f8"), ("b", "i8")])
    assert choose_kind(array).kind == "table"
    assert SeriesDetector(random_state=0).fit(array).summary()["channels"] == ["a", "b"]


def test_the_time_column_found_goes_to_the_detector() -> None:
    """The column that made it a series is its time."""
    assert choose_kind({"month": MONTHS, "t": NUMBERS}).time == "month"


def test_what_is_said_overrules_what_is_seen() -> None:
    """``kind`` and ``time`` decide."""
    assert choose_kind(np.zeros((5, 2)), kind="series").kind == "series"
    assert choose_kind({"when": [1, 2], "x": [1, 2]}, time="when").kind == "series"


def test_an_unknown_kind_names_the_known_ones() -> None:
    """The error lists table, series and strings."""
    with pytest.raises(ParameterError, match="table, series, strings"):
        choose_kind([1.0], kind="tabel")


def test_a_parameter_of_another_kind_is_refused_with_the_reason() -> None:
    """`period` means nothing to a list of texts, and the error says that it was taken for one."""
    with pytest.raises(ParameterError, match=r"'period' is not known to StringDetector .*a list of texts"):
        make_detector(["a", "b"], period=12)


def test_one_text_is_no_data() -> None:
    """A path or text given by mistake is told."""
    with pytest.raises(DataError, match="Give a list"):
        choose_kind("orders.csv")


def test_the_choice_stands_in_the_answer() -> None:
    """`learnt["choice"]` says which kind and why."""
    assert detect(["AB12", "CD34"] * 50).learnt["choice"] == "strings: it is a list of texts"


def test_a_dict_of_one_column_of_texts_is_a_list_of_them() -> None:
    """What `choose_kind` takes for strings the detector takes too."""
    assert len(detect({"code": ["AB12", "CD34"] * 50}).scores) == 100


@pytest.mark.parametrize(
    "data",
    [
        {"a": np.append(NUMBERS, 9.0), "b": ["x", "y", "x"] * 40 + ["z"]},
        {"month": MONTHS, "t": np.where(np.arange(120) == 60, 9.0, NUMBERS)},
        [f"AB{i:02d}" for i in range(99)] + ["AB-7"],
    ],
    ids=["table", "series", "strings"],
)
def test_fitting_and_detecting_at_once_is_the_same(data: Any) -> None:
    """To the last bit, though the data is scored once only."""
    detector = make_detector(data, random_state=0)
    at_once, apart = detector.fit_detect(data), make_detector(data, random_state=0).fit(data).detect(data)
    assert len(apart) > 0
    np.testing.assert_array_equal(at_once.scores, apart.scores)
    np.testing.assert_array_equal(at_once.flags, apart.flags)
    np.testing.assert_array_equal(at_once.p_values, apart.p_values)
    assert at_once.anomalies == apart.anomalies
    assert at_once.notes == apart.notes
