"""Whatever a detector is given: finite scores, or one of our errors with a sentence. Nothing else, ever."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import amiss
from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.detectors.base import Detector
from amiss.errors import AmissError, AmissWarning, DataError
from kinds import BY_NAME, default
from strategies import TEXTS, arrays, series, strings, tables

thorough = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
anything = st.one_of(
    arrays(),
    tables(),
    strings(),
    series(),
    st.lists(st.none() | st.floats() | TEXTS, max_size=5),
    st.recursive(st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=6),
    st.sampled_from(
        [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(()), np.zeros((2, 2, 2)), np.zeros(3, complex)]
    ),
    st.sampled_from(
        [
            np.array(["a", "b"]),
            np.array([1, "a", None], dtype=object),
            np.array([[10**400], [1]], dtype=object),
            np.array([1 + 2j], dtype=object),
            np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
            np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, True], [False, False]]),
            np.array([(1, "a")], dtype=[("number", int), ("text", "U1")]),
            [10**400, -(10**400)],
            memoryview(b"abc"),
        ]
    ),
    st.sampled_from(
        [pl.DataFrame(), {}, [], [[]], [{}], "text", b"bytes", 5, None, object(), {1, 2}, range(5)]
    ),
)


@contextmanager
def only_our_errors() -> Iterator[None]:
    """Let our errors pass that hold a sentence, and our warnings; anything else fails the test."""
    said = "Nothing."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=AmissWarning)
            yield
    except AmissError as error:
        said = str(error)
    assert said[-1] in ".)"
    assert len(said) > 7


def check_answers(detector: Detector, items: Any) -> None:
    """Check that every answer about the items is finite, complete and can be written as JSON."""
    scores = -detector.score_samples(items)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    answer = detector.detect(items)
    assert ((answer.p_values > 0) & (answer.p_values <= 1)).all()
    json.dumps(answer.learnt, allow_nan=False)
    told = json.loads(answer.to_json())
    assert (answer.flags == (scores > detector.threshold_)).all()
    assert told["flagged"] == answer.unusual
    assert (answer.unusual > 0) == answer.flags.any()
    explained = detector.explain(items)
    assert len(explained) == len(scores)
    for anomaly in explained:
        assert str(anomaly)
        assert all(math.isfinite(cause.share) and cause.share >= 0 for cause in anomaly.causes)
        assert sum(cause.share for cause in anomaly.causes) <= 1 + 1e-9


def check_all(detector: Detector, items: Any, others: Any, folder: Path) -> None:
    """Fit on anything; where that works, everything else works, and other data is scored or refused."""
    with only_our_errors():
        detector.fit(items)
        fitted = True
        assert (-detector.score_samples(items) == detector.scores_).all()
        check_answers(detector, items)
        amiss.save(detector, folder / "a.amiss")
        loaded = amiss.load(folder / "a.amiss")
        assert (loaded.score_samples(items) == detector.score_samples(items)).all()
    fitted = "scores_" in vars(detector)
    if fitted:
        with only_our_errors():
            check_answers(detector, others)


@thorough
@given(arrays(), arrays(), st.sampled_from(["mixed", "clean"]))
def test_tables_of_odd_numbers(tmp_path_factory: Any, items: Any, others: Any, training_data: str) -> None:
    """NaN, infinities, 1e300, -0.0, constant columns, one row: scores or a sentence."""
    detector = TableDetector(random_state=0, training_data=training_data)
    check_all(detector, items, others, tmp_path_factory.getbasetemp())


@thorough
@given(tables(), tables())
def test_tables_of_anything(tmp_path_factory: Any, items: Any, others: Any) -> None:
    """Texts, dates, mixed types, odd names of columns: scores or a sentence."""
    check_all(TableDetector(random_state=0), items, others, tmp_path_factory.getbasetemp())


@thorough
@given(strings(), strings())
def test_lists_of_any_strings(tmp_path_factory: Any, items: Any, others: Any) -> None:
    """NUL, lone surrogates, huge strings, every script: scores, always."""
    detector = StringDetector(random_state=0)
    check_all(detector, items, others, tmp_path_factory.getbasetemp())
    assert "scores_" in vars(detector)


@thorough
@given(series(), series())
def test_series_of_odd_numbers(tmp_path_factory: Any, items: Any, others: Any) -> None:
    """Holes, infinities, constants, one point: scores or a sentence."""
    check_all(SeriesDetector(random_state=0), items, others, tmp_path_factory.getbasetemp())


@thorough
@given(items=anything, others=anything, made=st.sampled_from([TableDetector, SeriesDetector, StringDetector]))
def test_anything_at_any_detector(tmp_path_factory: Any, items: Any, others: Any, made: Any) -> None:
    """Lists, dicts, arrays of any shape, objects that are no data at all: scores or a sentence."""
    check_all(made(random_state=0), items, others, tmp_path_factory.getbasetemp())


@thorough
@given(items=anything, name=st.sampled_from(list(BY_NAME)))
def test_anything_at_a_fitted_detector(items: Any, name: str) -> None:
    """The same for detectors that know what is normal."""
    with only_our_errors():
        check_answers(default(name), items)


odd_cells = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.floats() | st.none() | TEXTS,
        "count": st.integers(-(2**70), 2**70) | st.floats(),
        "paid": st.booleans() | TEXTS | st.none(),
        "country": TEXTS | st.none(),
        "city": TEXTS,
        "serial": TEXTS | st.integers(),
        "day": st.datetimes() | TEXTS | st.none(),
        "note": TEXTS | st.none() | st.floats(),
        "extra": TEXTS,
    },
)


@thorough
@given(st.lists(odd_cells, min_size=1, max_size=5))
def test_odd_cells_missing_and_extra_columns_at_a_fitted_table(cells: list[dict[str, Any]]) -> None:
    """New categories, other types, columns that are not there or not known: scores or a sentence."""
    usual = BY_NAME["frame"].training().rows(named=True)[0]
    with only_our_errors():
        check_answers(default("frame"), [{**usual, **row} for row in cells])
    with only_our_errors():
        check_answers(default("frame"), cells)


# ------------------------------------------------------------- what is said
def test_a_missing_column_is_named() -> None:
    """Which column is not there, and which were learnt."""
    items = BY_NAME["frame"].unseen()
    with pytest.raises(DataError, match="'city'"):
        default("frame").score_samples(items.drop("city"))


def test_reordered_columns_are_matched_by_name() -> None:
    """The order of named columns means nothing."""
    items = BY_NAME["frame"].unseen()
    scores = default("frame").score_samples(items)
    assert (default("frame").score_samples(items[:, ::-1]) == scores).all()


def test_extra_columns_are_set_aside() -> None:
    """A column that was not learnt changes no score."""
    items = BY_NAME["frame"].unseen()
    more = items.with_columns(pl.Series("new", range(len(items))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        scores = default("frame").score_samples(more)
    assert (scores == default("frame").score_samples(items)).all()


@pytest.mark.parametrize("name", BY_NAME)
def test_constant_training_items_and_one_item_are_learnt(name: str) -> None:
    """One item, or one item many times, is too few to say much, and says so; something else is abnormal."""
    kind = BY_NAME[name]
    items = kind.training()
    for few in (items[:1], items[:1] * 60 if isinstance(items, list) else items[[0] * 60]):
        if name == "channels" and len(few) > 1:
            continue  # a time that stands still is no series
        detector = kind.make()
        with only_our_errors():
            detector.fit(few)
            check_answers(detector, few)
            assert not (detector.scores_ > detector.threshold_).any()
            check_answers(detector, kind.unseen())
