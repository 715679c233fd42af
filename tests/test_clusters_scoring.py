"""Batches in, batches out: every row gets what it gets in memory, however the rows are cut."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import SeriesDetector, StringDetector, TableDetector
from amiss.clusters import score_batches
from amiss.errors import DataError, SourceError
from kinds import BY_NAME, INDEPENDENT, Kind, default

every_independent = pytest.mark.parametrize("kind", INDEPENDENT, ids=str)


def frame_of(items: Any) -> pl.DataFrame:
    """Return items as the frame that a partition is."""
    if isinstance(items, list):
        return pl.DataFrame({"text": items})
    return items if isinstance(items, pl.DataFrame) else pl.DataFrame(items)


def detector_of(kind: Kind) -> Any:
    """Return a detector fitted on a frame, as a job fits it."""
    return default(kind.name) if kind.name != "numbers" else kind.fitted(frame_of(kind.training()))


def cut(frame: pl.DataFrame, places: list[int]) -> list[pl.DataFrame]:
    """Return the pieces of a frame between places; some may be empty."""
    edges = [0, *sorted(places), frame.height]
    return [frame[start:stop] for start, stop in itertools.pairwise(edges)]


@every_independent
def test_a_row_alone_gets_what_it_gets_in_memory(kind: Kind) -> None:
    """Batches of one row: score, p-value, verdict and causes are those of `detect` on all rows, to the last bit."""
    detector, unseen = detector_of(kind), kind.unseen()
    frame = frame_of(unseen)
    told = detector.detect(unseen if isinstance(unseen, list) else frame).to_columns()
    answer = pl.concat(score_batches(detector, (frame[i : i + 1] for i in range(frame.height))))
    assert answer["score"].to_list() == told["score"].tolist()
    assert answer["p_value"].to_list() == told["p_value"].tolist()
    assert answer["anomalous"].to_list() == told["anomalous"].tolist()
    assert [cause or "" for cause in answer["causes"]] == told["causes"]
    assert answer["anomalous"].any()


@given(places=st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=20, deadline=None)
def test_rows_are_answered_in_their_order_however_they_are_cut(places: list[int]) -> None:
    """Any cuts, empty batches among them, give the answer of one batch."""
    detector, frame = default("frame"), BY_NAME["frame"].unseen().with_row_index("id")
    whole = pl.concat(score_batches(detector, [frame], keys=["id"]))
    assert pl.concat(score_batches(detector, cut(frame, places), keys=["id"])).equals(whole)
    assert whole["id"].equals(frame["id"])


def test_keys_come_back_with_their_types_and_under_their_names() -> None:
    """A key called as a column of the answer keeps its name, and the answer gives way."""
    frame = pl.DataFrame(
        {
            "score": pl.Series([3, 4], dtype=pl.UInt8),
            "day": pl.Series([0, 1], dtype=pl.Date),
            "code": ["AB12", "%"],
        }
    )
    answer = next(score_batches(default("strings"), [frame], keys=["score", "day"]))
    assert answer.columns == ["score", "day", "amiss_score", "p_value", "anomalous", "causes"]
    assert answer.select("score", "day").equals(frame.select("score", "day"))
    assert answer.schema["amiss_score"] == pl.Float64


def test_a_batch_without_rows_has_the_columns_of_the_others() -> None:
    """So that an engine can stack them."""
    detector, frame = default("frame"), BY_NAME["frame"].unseen()
    frame = frame.with_row_index("id")
    full, empty = score_batches(detector, [frame, frame[:0]], keys=["id"])
    assert empty.schema == full.schema
    assert empty.height == 0


def test_without_causes_the_rest_is_the_same() -> None:
    """Nobody pays for reasons that nobody reads."""
    detector, frame = default("frame"), BY_NAME["frame"].unseen()
    told, bare = (next(score_batches(detector, [frame], causes=causes)) for causes in (True, False))
    assert bare.equals(told.drop("causes"))


def test_a_missing_string_is_the_empty_one_and_leaves_no_trace() -> None:
    """The detector is as it was: it notes nothing of the parts of a whole."""
    detector = StringDetector(random_state=0).fit([f"AB{i:02d}" for i in range(99)])
    before = list(detector.notes_)
    answer = next(score_batches(detector, [pl.DataFrame({"code": [None, "", "AB1" * 200]})]))
    assert answer["score"][0] == answer["score"][1]
    assert detector.notes_ == before


@pytest.mark.parametrize(
    ("frame", "keys", "error", "words"),
    [
        (pl.DataFrame({"a": ["x"], "b": ["y"]}), [], DataError, "2 columns \\(a, b\\)"),
        (pl.DataFrame({"a": ["x"]}), ["id"], SourceError, "no column 'id' to be the key"),
    ],
)
def test_what_does_not_fit_is_said(
    frame: pl.DataFrame, keys: list[str], error: type[Exception], words: str
) -> None:
    """Two columns are no list of strings, and a key is a column."""
    with pytest.raises(error, match=words):
        next(score_batches(default("strings"), [frame], keys=keys))


def test_a_missing_column_is_said() -> None:
    """A partition that lacks a column that was learnt is refused."""
    detector = TableDetector(random_state=0).fit(
        pl.DataFrame(np.eye(60), schema=[f"c{i}" for i in range(60)])
    )
    with pytest.raises(DataError, match="'c1'"):
        next(score_batches(detector, [pl.DataFrame({"c0": [1.0]})]))


def test_a_series_is_not_scored_in_parts() -> None:
    """Its points hang together; the message says what to do instead."""
    detector = SeriesDetector(random_state=0).fit(np.sin(np.arange(300) / 4))
    with pytest.raises(DataError, match=r"hang together.*--time COLUMN --by KEY"):
        next(score_batches(detector, [pl.DataFrame({"a": [1.0]})]))
