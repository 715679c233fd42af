"""A detector with a few labels."""

import datetime as dt
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
    """Rows in any order, by their times."""
    draw = np.random.default_rng(0)
    at = np.datetime64("2024-01-01", "us") + np.arange(300) * np.timedelta64(3_600_000_000, "us")
    frame = pl.DataFrame(
        {"at": at, "v": np.sin(np.arange(300) * 2 * np.pi / 24) + 0.1 * draw.normal(size=300)}
    )
    labels = np.where(np.arange(300) // 7 == 20, 1.0, np.nan)
    order = draw.permutation(300)
    one, other = (amiss.SeriesDetector(random_state=0, gap=gap) for _ in range(2))
    one.fit(frame, labels=labels)
    other.fit(frame[order], labels=labels[order])
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
    """In words, by every kind; many series that share a model take none."""
    rows = np.random.default_rng(0).normal(size=(300, 2))
    for detector in (amiss.TableDetector(models="fast"), amiss.SeriesDetector()):
        with pytest.raises(ParameterError, match=re.escape(message)):
            detector.fit(rows, labels=labels)
    with pytest.raises(ParameterError, match="with share=True all share one model"):
        amiss.SeriesDetector(channels="apart", share=True).fit(rows, labels=labels)


def test_rows_known_to_be_good_are_trusted(tmp_path):
    """A second kind of normal rows, too few to be trusted by themselves: said to be good, new ones like them are."""
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(400, 3))
    rows[:12] += 7
    new = draw.normal(size=(20, 3)) + 7
    plain = amiss.TableDetector(models="fast", random_state=0).fit(rows)
    told = amiss.TableDetector(models="fast", random_state=0).fit(rows, labels=_one(range(12), 400, 0))
    assert plain.detect(new).flags.mean() > 0.9
    assert told.detect(new).flags.mean() < 0.2
    assert not told.detect(rows).flags[:12].any()
    assert (told.scores_ == -told.score_samples(rows)).all()
    amiss.save(told, tmp_path / "told.amiss")
    assert (amiss.load(tmp_path / "told.amiss").score_samples(new) == told.score_samples(new)).all()
    assert (told.fit(rows).scores_ == plain.scores_).all()


def test_levels_known_to_be_good_are_trusted():
    """Rows with a level that few have lie no farther from what is usual once they are said to be good."""
    draw = np.random.default_rng(0)
    colours = draw.choice(["red", "green", "blue"], 400).astype(object)
    colours[:9] = "white"
    size, weight = draw.normal(size=(2, 400))
    size[:9] += 15
    frame = pl.DataFrame({"colour": colours.tolist(), "size": size, "weight": weight})
    plain = amiss.TableDetector(models="fast", random_state=0).fit(frame)
    told = amiss.TableDetector(models="fast", random_state=0).fit(frame, labels=_one(range(9), 400, 0))
    assert (told.scores_[:9] < plain.scores_[:9]).all()
    assert (told.scores_[:9] <= told.threshold_).all()


def test_what_nobody_said_changes_nothing():
    """None and NaN for all: the same as without labels."""
    rows = np.random.default_rng(0).normal(size=(300, 3))
    plain = amiss.TableDetector(models="fast", random_state=0).fit(rows)
    told = amiss.TableDetector(models="fast", random_state=0).fit(rows, labels=[None] * 300)
    assert (told.scores_ == plain.scores_).all()
    assert told.threshold_ == plain.threshold_
    assert told.notes_ == plain.notes_


def test_labels_never_lower_the_threshold_of_fit():
    """An anomaly that the learnt threshold misses is `calibrate`'s business; among good and bad rows most are met."""
    rows = np.random.default_rng(0).normal(size=(300, 3))
    plain = amiss.TableDetector(models="fast", random_state=0).fit(rows)
    usual = int(np.argmin(plain.scores_))
    told = amiss.TableDetector(models="fast", random_state=0).fit(rows, labels=_one(usual, 300, 1))
    assert told.threshold_ == pytest.approx(plain.threshold_, rel=0.2)
    assert told.scores_[usual] < told.threshold_


def wave_with(*faults):
    """Return hours of a day's wave with noise, and a burst at each place."""
    values = np.sin(np.arange(1200) * 2 * np.pi / 24) + 0.1 * np.random.default_rng(0).normal(size=1200)
    for at in faults:
        values[at : at + 6] += 3.0
    return values


def covered(events):
    """Return at which of the two places there is an event."""
    return {at for at in (300, 700) for event in events if event.start <= at + 3 <= event.end}


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
def test_a_stretch_known_to_be_good_is_no_anomaly():
    """A burst said to be good is no event any more, one that nobody knows still is, and a bad one is."""
    values = wave_with(300, 700)
    values[700:706] += 4.0
    plain = amiss.SeriesDetector(models="fast", random_state=0).fit(values)
    told = amiss.SeriesDetector(models="fast", random_state=0).fit(values, labels=[(250, 350, 0)])
    assert covered(plain.detect(values)) == {300, 700}
    assert covered(told.detect(values)) == {700}
    assert told.threshold_ > plain.threshold_
    assert told.notes_[-1] == "Labels of what is normal raised the threshold."
    both = amiss.SeriesDetector(models="fast", random_state=0)
    both.fit(values, labels=[(0, 650, 0), (695, 715, 1)])
    assert covered(both.detect(values)) == {700}


def hours_of(values):
    """Return a series of hours as a frame with texts for times, local ones over a change of the clocks."""
    at = np.datetime64("2024-03-01", "us") + np.arange(len(values)) * np.timedelta64(3_600_000_000, "us")
    return pl.DataFrame({"at": np.datetime_as_string(at, "m").tolist(), "v": values})


@pytest.mark.filterwarnings("ignore::amiss.errors.AmissWarning")
@pytest.mark.parametrize(
    "ends",
    [
        ("2024-03-13T12:00", "2024-03-13T18:00"),
        (dt.datetime(2024, 3, 13, 12), dt.datetime(2024, 3, 13, 18)),
        (np.datetime64("2024-03-13T12:00"), np.datetime64("2024-03-13T18:00")),
        ("13.03.2024 12:00", "13.03.2024 18:00"),
    ],
)
@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_ranges_of_times_are_the_labels_of_the_rows_inside(ends, tz):
    """Both ends among them, whatever way times are written, in the zone of the series."""
    values = wave_with(300)
    frame = hours_of(values[:720])
    ranges = amiss.SeriesDetector(models="fast", random_state=0, tz=tz).fit(frame, labels=[(*ends, 1)])
    rows = amiss.SeriesDetector(models="fast", random_state=0, tz=tz).fit(
        frame, labels=_one(range(300, 307), 720, 1)
    )
    assert (ranges.scores_ == rows.scores_).all()
    assert ranges.threshold_ == rows.threshold_


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (
            [(3, 2, 1)],
            "Range 0 of the labels goes from 3 to 2. The series has no times, so legal are numbers of rows",
        ),
        ([(0, 1, 1), (0, 400, 1)], "Range 1 of the labels goes from 0 to 400."),
        ([("2024", "2025", 1)], "Range 0 of the labels goes from '2024' to '2025'."),
        ([(0, 9)], "Range 0 of the labels is (0, 9). Legal: (start, end, label)"),
        ([(0, 9, "bad")], "The label of range 0 is 'bad'. Legal: 1 (anomaly), 0 (normal)"),
        ([(0, 299, 1)], "All items are labelled anomalies"),
    ],
)
def test_ranges_that_are_none_are_refused(ranges, message):
    """Which one it is, and what is legal."""
    with pytest.raises(ParameterError, match=re.escape(message)):
        amiss.SeriesDetector(models="fast").fit(wave_with()[:300], labels=ranges)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ([("2024-03-02", "2024-03-01", 1)], "Range 0 of the labels ends before it begins"),
        (
            [("soon", "2024-03-01", 1)],
            "A range of the labels has an end that is no time, among 'soon'. Legal:",
        ),
    ],
)
def test_ranges_of_no_times_are_refused(ranges, message):
    """Of a series with times."""
    with pytest.raises(ParameterError, match=re.escape(message)):
        amiss.SeriesDetector(models="fast").fit(hours_of(wave_with()[:300]), labels=ranges)
