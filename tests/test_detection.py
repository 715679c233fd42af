"""Detection: the sentence, the frame, the JSON, the view in a notebook."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from amiss.detection import Anomaly, Cause, Detection, TableEvidence

NOTHING = TableEvidence((), np.zeros(0, dtype=np.int64), [], np.zeros((0, 0)))


def answer(scores: list[float], anomalies: tuple[Anomaly, ...] = (), **more: Any) -> Detection:
    values = np.array(scores, dtype=np.float64)
    given: dict[str, Any] = {"kind": "table", "unit": "row", "chance": 0.001, **more}
    return Detection(
        scores=values,
        threshold=2.0,
        p_values=np.exp(-values),
        flags=values > 2.0,
        anomalies=anomalies,
        evidence=NOTHING,
        **given,
    )


def anomaly(place: int, cause: str = "amount", **more: Any) -> Anomaly:
    return Anomaly(
        place, f"row {place}", 4.2, 0.0004, (Cause(cause, "9", "1 to 2", 0.83, "9, expected 1 to 2"),), **more
    )


def test_the_sentence_says_that_nothing_is_amiss() -> None:
    """No item beyond the line."""
    verdict = answer([1.0] * 3000).verdict
    assert verdict == "Nothing is amiss in 3,000 rows (about 3 expected beyond the threshold by chance)."


def test_the_sentence_of_one_item() -> None:
    """One item is not called items."""
    assert answer([1.0]).verdict.startswith("Nothing is amiss in 1 row (fewer than 1 expected")


def test_the_sentence_counts_what_is_unusual() -> None:
    """Flagged, of all, and by chance."""
    verdict = answer([1.0] * 9988 + [3.0] * 12).verdict
    assert verdict == "12 of 10,000 rows unusual, about 10 expected by chance."


@pytest.mark.parametrize(("events", "words"), [(1, "in 1 event,"), (2, "in 2 events,")])
def test_the_sentence_counts_events_in_a_series(events: int, words: str) -> None:
    """The points inside events, and the events."""
    found = tuple(anomaly(i, start=i, end=i) for i in range(events))
    verdict = answer([3.0, 3.0, 1.0], found, kind="series", unit="point").verdict
    assert verdict == f"{events} of 3 points unusual {words} fewer than 1 event expected by chance."


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_the_frame_is_of_the_callers_kind(kind: Any) -> None:
    """pandas for pandas, polars for polars, Arrow for Arrow, with the same columns and values."""
    native = kind({"amount": [1.0, 2.0, 3.0]})
    frame = answer([1.0, 3.0, 2.0], (anomaly(1),), native=native).to_frame()
    assert type(frame) is type(native)
    columns = frame.to_pydict() if kind is pa.table else {n: list(frame[n]) for n in frame.columns}
    assert columns == {
        "score": [0.5, 1.5, 1.0],
        "p_value": pytest.approx(np.exp([-1.0, -3.0, -2.0])),
        "anomalous": [False, True, False],
        "causes": ["", "amount 9, expected 1 to 2 (83%)", ""],
    }


def test_the_frame_keeps_the_index_of_pandas() -> None:
    """Rows are found again by the caller's own labels."""
    native = pd.DataFrame({"amount": [1.0, 2.0]}, index=["a", "b"])
    assert list(answer([1.0, 3.0], native=native).to_frame().index) == ["a", "b"]


def test_the_frame_of_a_list_is_polars() -> None:
    """Anything without a kind of its own gives polars."""
    assert isinstance(answer([1.0], native=["x"]).to_frame(), pl.DataFrame)


def test_every_flagged_point_of_an_event_has_its_causes() -> None:
    """Points inside the event that are not flagged have none."""
    event = anomaly(2, start=1, end=4)
    causes = answer([1.0, 3.0, 4.0, 1.0, 3.0], (event,), unit="point").to_frame()["causes"].to_list()
    assert [bool(text) for text in causes] == [False, True, True, False, True]


def test_json_holds_verdict_and_causes() -> None:
    """Readable by any JSON reader, without nulls for what does not apply."""
    told = json.loads(answer([1.0, 3.0], (anomaly(1, cause="a\udc80"),), notes=("few",)).to_json())
    assert told["verdict"].startswith("1 of 2 rows unusual")
    assert told["flagged"] == 1
    assert told["anomalies"][0]["causes"][0]["share"] == 0.83
    assert "start" not in told["anomalies"][0]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)


def test_json_tells_the_kind_and_what_was_learnt() -> None:
    """Which kind was chosen and why, and the kinds of the columns; each fact once."""
    learnt = {"kind": "table", "choice": "table: you said so", "columns": [{"name": "a", "kind": "numeric"}]}
    told = json.loads(answer([1.0], learnt=learnt).to_json())
    assert (told["kind"], told["choice"]) == ("table", "table: you said so")
    assert told["learnt"] == {"columns": [{"name": "a", "kind": "numeric"}]}


@pytest.mark.parametrize("score", [1.0000001, 1.004, 1.04, 1.05, 1.0999])
def test_what_is_flagged_never_reads_as_the_limit(score: float) -> None:
    """Just beyond the limit there are more digits."""
    words = str(replace(anomaly(1), score=score)).split()
    assert 1.0 < float(words[words.index("x") - 1]) <= score + 0.05


def test_hostile_values_do_nothing_in_a_notebook() -> None:
    """Markup in causes, labels and notes is shown, not run."""
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    page = answer([3.0], (anomaly(0, cause=hostile),), notes=(hostile,))._repr_html_()
    tags = _Tags()
    tags.feed(page)
    assert not {"script", "img"} & set(tags.seen)
    assert "&lt;script&gt;" in page


def test_the_view_in_a_notebook_stays_small() -> None:
    """Of 5,000 anomalies the worst ten are shown and the rest are counted."""
    page = answer([3.0] * 5000, tuple(anomaly(i) for i in range(5000)))._repr_html_()
    assert page.count("<tr>") == 11
    assert "4,990 more" in page


def test_chance_counts_windows_where_scores_reach_over_one():
    """Scores of a series that reach over 12 points bring a twelfth as many events by chance."""
    from dataclasses import replace

    import amiss

    wave = np.sin(np.arange(960) * 2 * np.pi / 24)
    wave[500:510] = 0.0
    detection = amiss.SeriesDetector(random_state=0).fit(wave).detect(wave)
    assert detection.reach == 24
    assert replace(detection, chance=0.1).chance_words == "about 4"
    assert replace(detection, chance=0.1).verdict.endswith("about 4 events expected by chance.")
    assert replace(detection, chance=0.001).verdict.endswith("fewer than 1 event expected by chance.")


def test_unusual_points_are_those_inside_events():
    """A series counts the points of its events, not the windows around them."""
    import amiss

    wave = np.sin(np.arange(960) * 2 * np.pi / 24)
    wave[500:510] = 0.0
    detection = amiss.SeriesDetector(random_state=0).fit(wave).detect(wave)
    inside = sum(event.end - event.start + 1 for event in detection)
    assert detection.unusual == inside
    assert detection.verdict.startswith(f"{inside} of 960 points unusual in {len(detection)} event")


def test_the_kind_of_an_event_is_told_everywhere() -> None:
    """In its sentence, in JSON, in the causes of its points and in a notebook; a row has none and names none."""
    event = anomaly(1, start=1, end=1, kind="level shift", severity="high")
    found = answer([1.0, 3.0, 1.0], (event,), kind="series", unit="point")
    assert str(event).startswith("row 1: level shift, severity high, 4.2 x the limit, p 0.0004; ")
    assert event.told_kind == "level shift, severity high"
    (told,) = json.loads(found.to_json())["anomalies"]
    assert (told["kind"], told["severity"]) == ("level shift", "high")
    assert found.to_columns()["causes"][1].startswith("level shift, severity high; amount ")
    assert "row 1, level shift, severity high" in found._repr_html_()
    (row,) = json.loads(answer([1.0, 3.0], (anomaly(1),)).to_json())["anomalies"]
    assert not {"kind", "severity"} & row.keys()
    assert str(anomaly(1)).startswith("row 1: 4.2 x the limit")
