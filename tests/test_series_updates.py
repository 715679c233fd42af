"""Updates of a series: the same scores and events however it is cut, in any order, saved half way."""

from __future__ import annotations

import re
import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amiss import SeriesDetector, load, save
from amiss.batch import FloatArray
from amiss.errors import AmissWarning, DataError, NotFittedError
from final_answers import gathered

LEARNT, PERIOD = 240, 12


def course(channels: int = 1, points: int = 1000) -> FloatArray:
    """Return a season with noise, a spike, a gap and a lasting shift behind what is learnt."""
    phase = np.arange(points)[:, None] * 2 * np.pi / PERIOD + np.arange(channels)
    values = 10 + 3 * np.sin(phase) + 0.2 * np.random.default_rng(0).normal(size=(points, channels))
    values[400:403, 0] += 6
    values[500:507, -1] = np.nan
    values[600:, 0] += 9
    values[760:762, 0] -= 8
    return values


def learnt(data: Any, **params: Any) -> SeriesDetector:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        return SeriesDetector(**{"random_state": 0, "training_data": "clean", **params}).fit(data)


VALUES = {channels: course(channels) for channels in (1, 3)}
DETECTORS = {channels: learnt(values[:LEARNT]) for channels, values in VALUES.items()}


def told(events: Any) -> list[tuple[Any, ...]]:
    return sorted((one.start, one.end, one.place, one.score, one.label) for one in events)


@pytest.mark.parametrize("channels", [1, 3])
@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 150), min_size=1, max_size=12))
def test_any_cut_gives_the_scores_and_events_of_one_pass(channels: int, sizes: list[int]) -> None:
    """To the last bit, gaps and a lasting shift included; each row becomes final once."""
    new = VALUES[channels][LEARNT:]
    detector = deepcopy(DETECTORS[channels])
    cuts = [at for at in np.cumsum(sizes).tolist() if at < len(new)]
    scores, events = gathered(detector, np.split(new, cuts), len(new))
    assert (scores == -detector.score_samples(new)).all()
    assert told(events) == told(detector.detect(new))


def test_point_by_point_is_what_all_so_far_would_say() -> None:
    """The naive twin: what is told of a new point at once is what one pass over all points so far tells of it."""
    new = VALUES[1][LEARNT : LEARNT + 200]
    detector = deepcopy(DETECTORS[1])
    for at in range(len(new)):
        answer = detector.update(new[at : at + 1])
        if at % 29 == 0 or 158 <= at <= 164:
            whole = detector.detect(new[: at + 1])
            assert answer.scores[0] == whole.scores[-1]
            assert answer.p_values[0] == whole.p_values[-1]
            assert answer.flags[0] == whole.flags[-1]


def test_an_alert_does_not_wait() -> None:
    """An odd value is flagged with the update that brings it, and told again as an event that is over."""
    new = VALUES[1][LEARNT:]
    detector = deepcopy(DETECTORS[1])
    detector.update(new[:160])
    (event,) = detector.update(new[160:162])
    assert (event.place, event.start, event.end) == (pytest.approx(1, abs=1), 0, 1)
    assert event.causes[0].cell == "x0"
    events = [one for at in range(162, 300, 6) for one in detector.update(new[at : at + 6]).final.events]
    assert [one.place for one in events if one.score == max(e.score for e in events)] == [
        pytest.approx(161, abs=3)
    ]


def test_what_is_kept_is_bounded() -> None:
    """After ten times as many points, no more rows are kept."""
    detector, values = deepcopy(DETECTORS[1]), course(points=12_000)
    values[600:] = np.resize(values[:600], (11_400, 1))
    kept = []
    for at in range(0, 12_000, 300):
        detector.update(values[at : at + 300])
        kept.append(len(detector.stream_.values) + len(detector.stream_.ledger))  # type: ignore[union-attr]
    assert max(kept[20:]) <= max(kept[:20]) <= 900


def hourly(values: FloatArray, points: Any) -> pl.DataFrame:
    at = np.datetime64("2024-03-28T00:00", "us") + np.asarray(points) * np.timedelta64(3_600_000_000, "us")
    return pl.DataFrame({"at": at, "load": values[:, 0]})


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["mean", "last"]))
def test_rows_in_time_may_be_late_twice_or_missing(seed: int, duplicates: str) -> None:
    """Holes, rows that swap places and rows of one time: as in one pass, over a change of the clocks too."""
    random = np.random.default_rng(seed)
    points = np.delete(np.arange(LEARNT, 1000), [70, *range(130, 160), 300])
    points = np.sort(np.append(points, random.choice(points[9:], 5)))
    values = VALUES[1][points] + 0.01 * random.normal(size=(len(points), 1))
    late = np.where(np.arange(len(points)) < 9, 0.0, random.uniform(0, 6, len(points)))
    order = np.argsort(np.arange(len(points)) + late)
    new = hourly(values[order], points[order])
    detector = learnt(hourly(VALUES[1][:LEARNT], range(LEARNT)), tz="Europe/Berlin", duplicates=duplicates)
    cuts = np.sort(random.choice(len(new), 9, replace=False)).tolist()
    parts = [new[a:b] for a, b in zip([0, *cuts], [*cuts, len(new)], strict=True) if a < b]
    scores, events = gathered(detector, parts, len(new))
    assert (scores == -detector.score_samples(new)).all()
    ordinary = [one for one in detector.detect(new) if one.kind != "data stopped"]
    assert {one.label for one in events} >= {one.label for one in ordinary}
    assert any(one.kind == "data stopped" for one in events)


def test_a_row_older_than_what_is_final_is_not_scored() -> None:
    """It changes nothing, and a note tells of it."""
    detector = learnt(hourly(VALUES[1][:LEARNT], range(LEARNT)))
    twin = deepcopy(detector)
    new = hourly(VALUES[1][LEARNT:600], range(LEARNT, 600))
    detector.update(new[:300])
    twin.update(new[:300])
    answer = detector.update(pl.concat([new[5:6], new[300:]]))
    assert answer.scored.tolist() == [False, *[True] * (len(new) - 300)]  # type: ignore[union-attr]
    assert re.search(r"1 row came late", answer.notes[-1])
    assert (answer.scores[1:] == twin.update(new[300:]).scores).all()


@pytest.mark.parametrize("cut", [3, 160, 364])
def test_a_model_saved_half_way_goes_on(cut: int, tmp_path: Any) -> None:
    """Saved in the middle of an event or before it: loaded, it ends as if nothing had happened."""
    new = VALUES[1][LEARNT:]
    detector = deepcopy(DETECTORS[1])
    first = detector.update(new[:cut]).final
    save(detector, tmp_path / "half.amiss")
    loaded = load(tmp_path / "half.amiss")
    ends = []
    for one in (detector, loaded):
        rest = [one.update(new[cut:500]).final, one.update(new[500:]).final, one.finish()]
        ends.append(
            (np.concatenate([first.scores, *(r.scores for r in rest)]), [told(r.events) for r in rest])
        )
    assert (ends[0][0] == ends[1][0]).all()
    assert ends[0][1] == ends[1][1]


def test_a_new_fit_begins_anew() -> None:
    """What was given to update before is forgotten; so it is after finish."""
    new = VALUES[1][LEARNT:]
    detector = learnt(VALUES[1][:LEARNT])
    one = detector.update(new[:300])
    detector.finish()
    assert (detector.update(new[:300]).scores == one.scores).all()
    detector.fit(VALUES[1][:LEARNT])
    assert (detector.update(new[:300]).scores == one.scores).all()


def test_the_answer_is_of_the_callers_kind_and_draws() -> None:
    """It is a detection: a frame of as many rows, evidence, JSON."""
    detector = learnt(hourly(VALUES[1][:LEARNT], range(LEARNT)))
    answer = detector.update(hourly(VALUES[1][LEARNT:500], range(LEARNT, 500)))
    assert isinstance(answer.to_frame(), pl.DataFrame)
    assert len(answer.to_frame()) == len(answer.evidence.values) == 260  # type: ignore[union-attr]
    assert answer.to_frame()["anomalous"].sum() == answer.flags.sum() > 0
    answer.to_json()


def test_that_the_data_stopped_before_new_data_is_told() -> None:
    """From when to when, by detect and by the first update; not of a gap as usual, nor of the training series."""
    detector = learnt(hourly(VALUES[1][:LEARNT], range(LEARNT)))
    late, soon = (hourly(VALUES[1][at:320], range(at, 320)) for at in (LEARNT + 30, LEARNT + 2))
    note = (
        "The data stopped from 2024-04-06T23:00, where the training series ends, to 2024-04-08T06:00: no data for 30 "
        "steps of 1 h, gaps up to 3 are usual."
    )
    assert note in detector.detect(late).notes
    assert note in deepcopy(detector).update(late).notes
    first, second = (detector.update(part).notes for part in (soon[:20], soon[20:]))
    for notes in (first, second, detector.detect(soon).notes, detector.detect(soon[:0:-1]).notes):
        assert not any("The data stopped" in one for one in notes)
    assert not any(
        "stopped" in one for one in detector.detect(hourly(VALUES[1][:LEARNT], range(LEARNT))).notes
    )


def test_what_cannot_be_is_said() -> None:
    """Before fit, without times, older than the training series, nothing to finish."""
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        SeriesDetector().update(VALUES[1])
    timed = learnt(hourly(VALUES[1][:LEARNT], range(LEARNT)))
    with pytest.raises(DataError, match="had times in column 'at'; these rows have none"):
        timed.update(pl.DataFrame({"load": [1.0]}))
    with pytest.raises(DataError, match="None of these rows is newer than 2024-04-06T23:00"):
        timed.update(hourly(VALUES[1][:10], range(10)))
    with pytest.raises(DataError, match="is not there"):
        timed.update(pl.DataFrame({"other": [1.0]}))
    with pytest.raises(DataError, match="nothing to finish"):
        timed.finish()
