"""A series that is learnt on: what was flagged is not learnt, what lasts is, and what is kept is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from amiss import SeriesDetector, load, save
from amiss.batch import FloatArray
from amiss.detectors import series_learning

pytestmark = pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")


def wave(points: int, seed: int = 0) -> FloatArray:
    noise = np.random.default_rng(seed).normal(size=points)
    return np.asarray(np.sin(np.arange(points) * 2 * np.pi / 24) + 0.1 * noise)


def faulty(seed: int) -> FloatArray:
    """Return ten cycles with the same odd cycle in the middle: twice as fast."""
    values = wave(240, seed)
    values[120:144] = np.sin(np.arange(24) * 2 * np.pi / 12)
    return values


def learning(**params: Any) -> SeriesDetector:
    return SeriesDetector(random_state=0, training_data="clean", **params)


def test_an_anomaly_stays_one_however_often_it_comes() -> None:
    """Learnt on three times with the same fault, the fourth is flagged; fitted on all of it, it is not."""
    parts = [wave(600, 9), *(faulty(seed) for seed in range(3))]
    detector = learning()
    for part in parts:
        detector.partial_fit(part)
    assert detector.detect(faulty(3)).flags[115:150].any()
    assert not learning().fit(np.concatenate(parts)).detect(faulty(3)).flags[115:150].any()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("portion", [48, 480])
def test_a_new_level_is_learnt_in_bounded_time(channels: int, portion: int) -> None:
    """In small portions and in large ones: an event at first, normal after some twenty windows."""
    values = np.stack([wave(1800, seed) for seed in range(channels)], axis=1)
    values[600:, 0] += 5
    detector = learning().partial_fit(values[:600])
    assert detector.detect(values[600:648]).flags.all()
    for at in range(600, 1560, portion):
        detector.partial_fit(values[at : at + portion])
    assert detector.detect(values[1560:1800]).flags.mean() <= 0.1


def test_a_level_is_never_learnt_where_the_rules_say_so() -> None:
    """adapt_after=0."""
    values = wave(1600)
    values[600:] += 5
    detector = learning(events="adapt_after=0").partial_fit(values[:600])
    for at in range(600, 1200, 120):
        detector.partial_fit(values[at : at + 120])
    assert detector.detect(values[1200:]).flags.all()


def test_scores_are_those_of_a_fit_on_what_is_kept() -> None:
    """With what was flagged left out; in time, and in rows."""
    values = np.concatenate([wave(600, 9), faulty(0)])
    detector = learning().partial_fit(values[:600]).partial_fit(values[600:])
    kept = detector.kept_rows_
    assert kept is not None
    held = kept.states != 0
    assert held[715:750].any()
    assert held.sum() <= 48
    assert (kept.values[:, 0] == values).all()
    twin = learning().fit(values, labels=held)
    assert (detector.scores_ == twin.scores_).all()
    assert (detector.score_samples(wave(100)) == twin.score_samples(wave(100))).all()


def test_labels_have_the_last_word() -> None:
    """Known to be bad: not learnt, even if it lasts. Known to be good: learnt, even if it is flagged."""
    values = np.concatenate([wave(600, 9), faulty(0)])
    good, bad = learning().partial_fit(values[:600]), learning().partial_fit(values[:600])
    good.partial_fit(values[600:], labels=np.zeros(240))
    bad.partial_fit(values[600:], labels=[1 if at < 230 else None for at in range(240)])
    assert (good.kept_rows_.states == 0).all()  # type: ignore[union-attr]
    assert (bad.kept_rows_.states[600:830] == 2).all()  # type: ignore[union-attr]
    first = learning().partial_fit(faulty(0), labels=[int(115 <= at < 150) for at in range(240)])
    assert (first.kept_rows_.states == 2).sum() == 35  # type: ignore[union-attr]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest rows, no more."""
    monkeypatch.setattr(series_learning, "KEPT_ROWS", 500)
    detector = learning().partial_fit(wave(400)).partial_fit(wave(300, 1))
    assert detector.scores_.shape == (500,)
    assert (detector.kept_rows_.values[-300:, 0] == wave(300, 1)).all()  # type: ignore[union-attr]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_times_go_on_and_a_file_keeps_all(zone: str | None, tmp_path: Any) -> None:
    """Learnt on, saved, learnt on again: as without the file; the span is that of all rows."""
    at = np.datetime64("2024-03-20T00:00", "us") + np.arange(840) * np.timedelta64(3_600_000_000, "us")
    frame = pl.DataFrame({"at": at, "load": np.concatenate([wave(600, 9), faulty(0)])})
    detector = learning(tz=zone).partial_fit(frame[:400]).partial_fit(frame[400:600])
    save(detector, tmp_path / "on.amiss")
    loaded = load(tmp_path / "on.amiss")
    for one in (detector, loaded):
        one.partial_fit(frame[600:])
        assert len(one.scores_) == 840
    assert (loaded.scores_ == detector.scores_).all()
    once = learning(tz=zone).fit(frame).summary()
    for fact in ("step", "items", "start", "end", "timezone", "period"):
        assert detector.summary()[fact] == once[fact]


def test_after_fit_its_newest_cycles_go_on(tmp_path: Any) -> None:
    """Twenty-four of them, in months too, from a file too."""
    at = np.arange("1950-01", "2020-01", dtype="datetime64[M]").astype("datetime64[us]")
    values = 10 + 3 * np.sin(np.arange(840) * 2 * np.pi / 12) + wave(840, 5) * 0.1
    frame = pl.DataFrame({"at": at, "load": values})
    detector = learning().fit(frame[:720])
    save(detector, tmp_path / "on.amiss")
    loaded = load(tmp_path / "on.amiss")
    detector.partial_fit(frame[720:])
    held = detector.kept_rows_.states != 0  # type: ignore[union-attr]
    twin = learning().fit(frame[720 - 24 * 12 :], labels=held)
    assert (detector.scores_ == twin.scores_).all()
    assert (loaded.partial_fit(frame[720:]).scores_ == detector.scores_).all()
    assert detector.summary()["step"] == "1 month"
