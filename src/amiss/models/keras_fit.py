"""A Keras model of the user's, trained by its own ``fit``: the best weights kept, what happens told."""

from __future__ import annotations

import copy
import math
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from amiss.batch import AnyArray
from amiss.errors import DataError, ParameterError, in_one_line
from amiss.networks.keras_archive import import_keras
from amiss.networks.rows import Float32Array
from amiss.progress import tell
from amiss.training import History, Schedule, told_of_epoch

_SLOWER = 0.1  # the second try after a loss that is no number


def copied(model: Any) -> Any:
    """Return a copy of a model with its weights.

    Raises
    ------
    ParameterError
        Keras cannot copy it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a lambda in it: it is yours, and goes nowhere
        for way in (_cloned, copy.deepcopy):
            try:
                return way(model)
            except Exception as error:  # noqa: BLE001 - whatever a class of yours raises
                reason = error
    raise ParameterError(
        f"Keras cannot copy the model {type(model).__name__}, and what you give is not changed: {in_one_line(reason)}. "
        "Give its class get_config and from_config, or build it of layers, or give it trained (epochs=0)."
    ) from reason


def _cloned(model: Any) -> Any:
    clone = import_keras().models.clone_model(model)
    if model.built:
        if not clone.built:
            clone.build(model.input_shape)
        clone.set_weights(model.get_weights())
    return clone


def fitted(
    model: Any, like: Any, values: Float32Array, wanted: Float32Array, schedule: Schedule, seed: int
) -> History:
    """Train a model in place, and leave its best weights in it.

    Parameters
    ----------
    model : keras.Model
        Built.
    like : keras.Model
        How it is to be compiled: as this one; where this one is not, with Adam and squared errors.
    values, wanted : ndarray
        What it sees, and what it should answer; the first axis counts the rows, shuffled already.
    schedule : Schedule
    seed : int

    Raises
    ------
    DataError
        The loss is no number, at a tenth of the rate either.
    """
    held = round(schedule.validation_split * len(values)) if len(values) > 1 else 0
    first = model.get_weights()
    for restarted, slower in enumerate((1.0, _SLOWER)):
        rate = _compile(model, like, schedule.rate, slower)
        if rate is None:
            break
        history = History(rate)
        history.restarted = bool(restarted)
        model.set_weights(first)
        with drawing_from(seed):
            if _run(model, values, wanted, held, schedule, history):
                return history
        tell("The loss is no number: again at a tenth of the rate")
    raise DataError(
        f"The loss of the Keras model is no number at the learning rate {history.rate:g}. Give a lower one, or look "
        "for gigantic values in the data."
    )


def _compile(model: Any, like: Any, rate: float, slower: float) -> float | None:
    """Compile a model; return its learning rate, None where a schedule of yours does not let it be slowed down."""
    keras = import_keras()
    if not like.compiled:
        model.compile(optimizer=keras.optimizers.Adam(slower * rate), loss="mse")
        return slower * rate
    optimizer = type(like.optimizer).from_config(like.optimizer.get_config())
    found = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    if slower != 1.0:
        try:
            optimizer.learning_rate = slower * found
        except TypeError:
            return None
    model.compile(optimizer, like.loss, run_eagerly=like.run_eagerly, jit_compile=like.jit_compile)
    return slower * found


def _run(
    model: Any,
    values: Float32Array,
    wanted: Float32Array,
    held: int,
    schedule: Schedule,
    history: History,
) -> bool:
    """Run one training; return False where the loss is no number."""
    watch = _watch(model, schedule, history)
    validation = (values[:held], wanted[:held]) if held else None
    try:
        model.fit(
            values[held:],
            wanted[held:],
            batch_size=schedule.batch_size,
            epochs=schedule.epochs,
            validation_data=validation,
            callbacks=[watch],
            verbose=0,
        )
    except KeyboardInterrupt:
        if not history.loss:
            raise
        history.ended = "interrupted"
    if watch.broken:
        return False
    model.set_weights(watch.best)
    return True


def _watch(model: Any, schedule: Schedule, history: History) -> Any:
    """Return a callback that keeps the best weights, fills the history, and stops where nothing gets better."""
    keras = import_keras()

    class Watch(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        """Looks at each epoch."""

        best: list[AnyArray] = model.get_weights()
        broken = False
        lowest = math.inf
        bad = 0

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            """Keep the weights where the loss is the lowest so far."""
            logs = logs or {}
            loss, decides = float(logs["loss"]), float(logs.get("val_loss", logs["loss"]))
            if not (math.isfinite(loss) and math.isfinite(decides)):
                self.broken = model.stop_training = True
                return
            history.loss.append(loss)
            if "val_loss" in logs:
                history.validation_loss.append(decides)
            tell(told_of_epoch(history, schedule.epochs))
            self.bad += 1
            if decides < self.lowest:
                self.lowest, self.bad, history.best = decides, 0, epoch
                self.best = model.get_weights()
            if schedule.patience and self.bad >= schedule.patience:
                history.ended, model.stop_training = "patience", True

    return Watch()


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Let Keras draw from a seed meanwhile; numpy and Python draw on as before afterwards."""
    keras = import_keras()
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002 - Keras sets these
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


__all__ = ["copied", "drawing_from", "fitted"]
