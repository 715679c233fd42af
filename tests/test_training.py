"""Training: the one-cycle rate, early stopping, the best weights, Ctrl-C, a loss that is no number."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from amiss import TableDetector
from amiss.errors import DataError
from amiss.progress import listening
from amiss.training import History, Schedule, one_cycle, train


class Bowl:
    """One weight that walks down the bowl (w - 3)^2, and does odd things when told to."""

    def __init__(self, losses: list[float] | None = None, odd_from: float = math.inf) -> None:
        self.weights = np.zeros(1, np.float32)
        self.losses, self.odd_from = losses, odd_from
        self.seen: list[Any] = []
        self.rates: list[float] = []
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        self.weights[...] = 0

    def step(self, items: Any, rate: float) -> float:
        self.seen.append(items.tolist())
        self.rates.append(rate)
        loss = float((self.weights[0] - 3) ** 2)
        self.weights -= rate * 2 * (self.weights - 3)
        return math.nan if rate >= self.odd_from else loss

    def loss(self, items: Any) -> float:
        return self.losses.pop(0) if self.losses else float((self.weights[0] - 3) ** 2)


def draw() -> np.random.Generator:
    """Return the same numbers each time."""
    return np.random.default_rng(0)


def test_every_item_is_seen_once_an_epoch_and_held_out_ones_never() -> None:
    """Ten items, two held out, batches of three: three steps an epoch over the other eight."""
    bowl = Bowl()
    train(bowl, 10, Schedule(epochs=2, batch_size=3, rate=0.1, validation_split=0.2), draw())
    assert [len(batch) for batch in bowl.seen] == [3, 3, 2, 3, 3, 2]
    first, second = (sorted(item for batch in bowl.seen[i : i + 3] for item in batch) for i in (0, 3))
    assert first == second
    assert len(set(first)) == 8


def test_the_rate_rises_and_falls() -> None:
    """A twenty-fifth at first, the highest at three tenths, a thousandth at last."""
    rates = [one_cycle(step, 101, 2.0) for step in range(101)]
    assert rates[0] == pytest.approx(0.08)
    assert rates[30] == pytest.approx(2.0)
    assert rates[-1] == pytest.approx(0.002)
    assert rates[:31] == sorted(rates[:31])
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert one_cycle(0, 1, 2.0) == pytest.approx(0.08)


def test_the_best_weights_are_kept() -> None:
    """The epoch of the lowest validation loss gives the weights, whatever comes after it."""
    bowl = Bowl(losses=[5.0, 1.0, 2.0, 3.0])
    after: list[float] = []
    step = bowl.step

    def remembered(items: Any, rate: float) -> float:
        found = step(items, rate)
        after.append(float(bowl.weights[0]))
        return found

    bowl.step = remembered  # type: ignore[method-assign]
    history = train(bowl, 4, Schedule(epochs=4, batch_size=3, rate=0.1, validation_split=0.25), draw())
    assert (history.best, history.best_loss, history.ended) == (1, 1.0, "epochs")
    assert history.validation_loss == [5.0, 1.0, 2.0, 3.0]
    assert bowl.weights[0] == np.float32(after[1])


def test_it_stops_where_nothing_improves() -> None:
    """Two epochs without a better validation loss are enough of a patience of two."""
    bowl = Bowl(losses=[5.0, 1.0, 2.0, 1.5, 0.5])
    history = train(
        bowl, 10, Schedule(epochs=9, batch_size=9, rate=0.1, validation_split=0.1, patience=2), draw()
    )
    assert (history.ended, len(history.loss), history.best) == ("patience", 4, 1)
    assert "stopped when it no longer improved" in history.words()


def test_without_held_out_items_the_training_loss_decides() -> None:
    """One item cannot be held out."""
    history = train(Bowl(), 1, Schedule(epochs=5, batch_size=1, rate=0.2, validation_split=0.5), draw())
    assert history.validation_loss == []
    assert history.best == 4


def test_a_loss_that_is_no_number_starts_anew_at_a_tenth_of_the_rate() -> None:
    """The first run fails, the second does not; the history says so."""
    bowl = Bowl(odd_from=0.5)
    history = train(bowl, 4, Schedule(epochs=3, batch_size=4, rate=1.0, validation_split=0.0), draw())
    assert (history.restarted, history.rate, bowl.starts) == (True, pytest.approx(0.1), 2)
    assert len(history.loss) == 3
    assert np.isfinite(history.loss).all()


def test_a_loss_that_stays_no_number_gets_a_sentence() -> None:
    """Twice no number: the rates are named, and what to do."""
    with pytest.raises(DataError, match=r"learning rate 1 and at a tenth of it. Give a lower learning_rate"):
        train(Bowl(odd_from=0.0), 4, Schedule(epochs=3, batch_size=4, rate=1.0), draw())


class Interrupted(Bowl):
    """Ctrl-C in the step of a given number."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def step(self, items: Any, rate: float) -> float:
        if len(self.rates) == self.at:
            raise KeyboardInterrupt
        return super().step(items, rate)


def test_ctrl_c_in_the_first_seconds_is_passed_on() -> None:
    """Who interrupts a training that has only begun wants none of it."""
    with pytest.raises(KeyboardInterrupt):
        train(Interrupted(at=2), 4, Schedule(epochs=8, batch_size=4, rate=0.1), draw())


def test_ctrl_c_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two epochs the weights of the second are there; before the first has ended Ctrl-C is Ctrl-C."""
    monkeypatch.setattr("amiss.training._SHORT", 0.0)
    bowl, whole = Interrupted(at=2), Bowl()
    schedule = Schedule(epochs=8, batch_size=4, rate=0.1, validation_split=0.0)
    history = train(bowl, 4, schedule, draw())
    assert (history.ended, len(history.loss), history.best) == ("interrupted", 2, 1)
    for i in range(2):
        whole.step(np.arange(4), one_cycle(i, 8, 0.1))
    assert bowl.weights[0] == whole.weights[0]
    with pytest.raises(KeyboardInterrupt):
        train(Interrupted(at=0), 4, schedule, draw())


def test_progress_tells_epoch_and_loss() -> None:
    """Each epoch is told with its losses."""
    heard: list[str] = []
    with listening(heard.append):
        train(Bowl(losses=[0.25, 0.5]), 4, Schedule(2, 4, 0.1, 0.25), draw())
    assert heard[0] == "Training: epoch 1 of 2, loss 9, validation loss 0.25"
    assert len(heard) == 2


def test_words_of_a_history() -> None:
    """What a person reads."""
    history = History(0.1)
    history.loss, history.best, history.restarted = [2.0, 0.5], 1, True
    assert history.words() == "loss 0.5 after epoch 2 of 2, restarted at a lower rate"


def test_a_detector_says_when_its_training_was_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the fourth step: the detector is fitted, and a note tells."""
    from amiss.networks.dense_core import DenseTrainee

    rows = np.random.default_rng(0).normal(size=(60, 4))
    step, count = DenseTrainee.step, [0]

    def interrupted(self: DenseTrainee, items: Any, rate: float) -> float:
        count[0] += 1
        if count[0] == 40:
            raise KeyboardInterrupt
        return step(self, items, rate)

    monkeypatch.setattr(DenseTrainee, "step", interrupted)
    monkeypatch.setattr("amiss.training._SHORT", 0.0)
    detector = TableDetector(models="dense", random_state=0)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        detector.fit(rows)
    assert any("The training of dense was interrupted" in str(w.message) for w in warned)
    assert detector.history_[0]["ended"] == "interrupted"
    assert np.isfinite(detector.scores_).all()
