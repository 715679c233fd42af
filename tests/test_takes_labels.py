"""A detector with a few labels."""

import re

import numpy as np
import polars as pl
import pytest

import amiss
from amiss.errors import NotFittedError, ParameterError


@pytest.fixture
def detector():
    """A table detector on 300 normal rows."""
    rows = np.random.default_rng(0).normal(size=(300, 3))
    return amiss.TableDetector(models="fast", random_state=0).fit(rows)


def _one(labels, count, label):
    out = np.full(count, np.nan)
    out[labels] = label
    return out


def test_a_missed_anomaly_is_found_from_then_on(detector):
    """The third highest row is labelled an anomaly: it is flagged, the fourth is not, chance tells of three rows."""
    order = np.argsort(-detector.scores_)
    before = detector.threshold_
    assert detector.calibrate(detector.scores_, _one(order[2], 300, 1)) is detector
    assert detector.threshold_ < before
    assert detector.scores_[order[2]] > detector.threshold_ >= detector.scores_[order[2]] / 1.05
    assert detector.offset_ == -detector.threshold_
    assert detector.threshold_rule_.threshold_ == detector.threshold_
    assert detector.notes_[-1] == "1 label moved the threshold."


def test_a_false_alarm_is_quiet_from_then_on(detector):
    """A row labelled normal is no longer flagged, and its p-value stays what it was."""
    row = np.array([[9.0, 9.0, 9.0]])
    score = -detector.score_samples(row)
    p_value = detector.detect(row).p_values[0]
    assert detector.predict(row).tolist() == [-1]
    detector.calibrate(score, [0])
    assert detector.threshold_ == pytest.approx(1.05 * score[0], rel=1e-12)
    assert detector.predict(row).tolist() == [1]
    assert detector.detect(row).p_values[0] == p_value
    assert detector.detect(row).chance <= p_value


def test_labels_that_are_met_move_nothing(detector):
    """Where the threshold is right already, it stays, and nothing is noted."""
    before, notes = detector.threshold_, list(detector.notes_)
    detector.calibrate(detector.scores_, _one(int(np.argmin(detector.scores_)), 300, 0))
    assert (detector.threshold_, detector.notes_) == (before, notes)


def test_what_cannot_be_met_is_told(detector):
    """An anomaly below a normal item: one of both is wronged, and the note says so."""
    order = np.argsort(-detector.scores_)
    labels = _one(order[5], 300, 1)
    labels[order[:2]] = 0
    detector.calibrate(detector.scores_, labels, miss=5.0)
    assert detector.notes_[-1] == "3 labels moved the threshold; 2 of them could not be met."


def test_a_file_keeps_the_moved_threshold_and_fit_forgets_it(detector, tmp_path):
    """Saved and loaded the threshold is the moved one; fitted again it is the learnt one."""
    before = detector.threshold_
    detector.calibrate(detector.scores_, _one(int(np.argmax(detector.scores_)), 300, 0))
    detector.calibrate([2 * before], [0])
    amiss.save(detector, tmp_path / "moved.amiss")
    assert amiss.load(tmp_path / "moved.amiss").threshold_ == detector.threshold_ == 2.1 * before
    assert detector.fit(np.random.default_rng(0).normal(size=(300, 3))).threshold_ == before


def test_strings_and_series_take_labels_too():
    """The method is every detector's."""
    codes = amiss.StringDetector(models="fast", random_state=0).fit([f"AB{i:02d}" for i in range(90)])
    wave = amiss.SeriesDetector(random_state=0).fit(np.sin(np.arange(400) * 2 * np.pi / 20))
    for detector in (codes, wave):
        limit = detector.threshold_
        assert detector.calibrate([3 * limit], [False]).threshold_ == pytest.approx(3.15 * limit, rel=1e-12)


@pytest.mark.parametrize("miss", [0, -1.0, float("nan"), "much"])
def test_a_price_that_is_none_is_refused(detector, miss):
    """Legal is a number above 0."""
    with pytest.raises(ParameterError, match=re.escape(f"miss is {miss!r}. Legal: a number above 0")):
        detector.calibrate([1.0], [0], miss=miss)


def test_a_detector_that_learnt_nothing_has_no_threshold_to_move():
    """The usual sentence."""
    with pytest.raises(NotFittedError):
        amiss.TableDetector().calibrate([1.0], [0])


@pytest.mark.parametrize("share", [False, True])
def test_many_series_take_labels(share, tmp_path):
    """A few labels on rows of any of them move the threshold of each alike; a file keeps that, fit forgets it."""
    draw = np.random.default_rng(0)
    values = np.sin(np.arange(400) * 2 * np.pi / 20)[:, None] + 0.1 * draw.normal(size=(400, 3))
    values[250:253, 1] += 2.0
    data = pl.DataFrame({f"s{at}": values[:, at] for at in range(3)})
    detector = amiss.SeriesDetector(channels="apart", share=share, random_state=0).fit(data)
    before = detector.detect(data)
    assert before.flags[251]
    detector.calibrate(detector.scores_, _one(slice(240, 265), 400, 0))
    after = detector.detect(data)
    assert not after.flags[240:265].any()
    assert detector.threshold_ == 1.0
    assert detector.notes_[-1] == "25 labels moved the threshold."
    ratio = before.scores[251] / after.scores[251]
    assert ratio > 1
    assert after.scores == pytest.approx(before.scores / ratio, rel=1e-9)
    assert detector.scores_ == pytest.approx(after.scores, rel=1e-9)
    amiss.save(detector, tmp_path / "many.amiss")
    assert (amiss.load(tmp_path / "many.amiss").detect(data).scores == after.scores).all()
    assert detector.fit(data).detect(data).flags[251]


def _bad(rows, count):
    return [1 if at in rows else None for at in range(count)]


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
def test_a_series_does_not_learn_what_is_known_to_be_bad(tmp_path):
    """The same fault, six times: unlabelled it is normal by now, labelled it is flagged, in old data and in new."""
    draw = np.random.default_rng(0)
    values = np.sin(np.arange(1200) * 2 * np.pi / 24) + 0.1 * draw.normal(size=1200)
    faults = [100, 290, 410, 600, 770, 930, 1100]
    for at in faults:
        values[at : at + 24] = np.sin(np.arange(24) * 2 * np.pi / 12)
    learnt, bad = values[:1000], {at + i for at in faults[:-1] for i in range(24)}
    plain = amiss.SeriesDetector(random_state=0, training_data="clean").fit(learnt)
    told = amiss.SeriesDetector(random_state=0, training_data="clean").fit(learnt, labels=_bad(bad, 1000))
    assert not plain.detect(values[1000:]).flags[100:124].any()
    assert told.detect(values[1000:]).flags[100:124].any()
    assert (told.scores_ == -told.score_samples(learnt)).all()
    assert told.scores_.shape == (1000,)
    assert all((told.scores_[at : at + 24] > told.threshold_).any() for at in faults[:-1])
    assert "144 points labelled as anomalies: not learnt from, and scored afterwards." in told.notes_
    amiss.save(told, tmp_path / "told.amiss")
    assert (amiss.load(tmp_path / "told.amiss").score_samples(learnt) == told.score_samples(learnt)).all()


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
@pytest.mark.parametrize("gap", ["mask", "interpolate", "zero"])
def test_where_labels_stand_does_not_matter(gap):
    """Rows in any order, by their times; good ones and those nobody knows are learnt from alike."""
    draw = np.random.default_rng(0)
    at = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(3_600_000_000, "us")
    frame = pl.DataFrame(
        {"at": at, "v": np.sin(np.arange(300) * 2 * np.pi / 24) + 0.1 * draw.normal(size=300)}
    )
    labels = np.where(np.arange(300) // 7 == 20, 1.0, np.nan)
    order = draw.permutation(300)
    one, other = (amiss.SeriesDetector(random_state=0, gap=gap) for _ in range(2))
    one.fit(frame, labels=labels)
    other.fit(frame[order], labels=np.nan_to_num(labels)[order])
    assert (one.scores_[order] == other.scores_).all()


def test_rows_and_strings_known_to_be_bad_are_not_learnt():
    """What is learnt is what is learnt from the others, and all are scored."""
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(300, 3))
    rows[:40] += 6
    bad = _bad(range(40), 300)
    told = amiss.TableDetector(models="fast", random_state=0).fit(rows, labels=bad)
    twin = amiss.TableDetector(models="fast", random_state=0).fit(rows[40:])
    assert (told.scores_ == -twin.score_samples(rows)).all()
    assert (told.scores_[:40] > told.threshold_).mean() > 0.9
    codes = [f"AB{i:02d}" for i in range(90)] + [f"9-{i}" for i in range(9)]
    found = amiss.StringDetector(models="fast", random_state=0).fit(codes, labels=_bad(range(90, 99), 99))
    assert (found.scores_[90:] > found.threshold_).all()
    assert amiss.TableDetector(models="fast", random_state=0).fit(rows, np.ones(300)).scores_.shape == (300,)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1], "There are 1 labels for 300 items. Give one an item"),
        (["bad"] * 300, "Label 0 is 'bad'. Legal: 1 (anomaly), 0 (normal), None where nobody said."),
        ([1] * 300, "All items are labelled anomalies, so there is nothing to learn from."),
    ],
)
def test_labels_that_are_none_are_refused(labels, message):
    """In words, by every kind; many series take none."""
    rows = np.random.default_rng(0).normal(size=(300, 2))
    for detector in (amiss.TableDetector(models="fast"), amiss.SeriesDetector()):
        with pytest.raises(ParameterError, match=re.escape(message)):
            detector.fit(rows, labels=labels)
    with pytest.raises(ParameterError, match="labels are for one series"):
        amiss.SeriesDetector(channels="apart").fit(rows, labels=labels)
