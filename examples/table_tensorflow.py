"""The TensorFlow tutorial on a table, done right: the network of 20-14-20 in Keras, and the same of amiss.

    python examples/table_tensorflow.py

The tutorial puts a sigmoid at the end of a network that is to rebuild standardised numbers: half of them are
negative, and a sigmoid has none, so the loss stalls near that of no network at all. And it sets its threshold, mean
+ 3 standard deviations, on the errors of the very rows it learnt from, whatever the shape of their tail. Here the
same network ends without the sigmoid; amiss trains it, judges, and names the cells. Then `models="dense:latent=14"`
does it without TensorFlow.
"""

import time

import keras
import numpy as np

import amiss
from amiss.models.own_keras import OwnKeras

ROWS, COLUMNS, LATENT = 1_000, 20, 14
PLANTED = (17, 218, 419, 620, 821)


def table(seed: int = 0) -> np.ndarray:
    """Return 1,000 rows of 20 numbers that hang together through ten hidden ones; in five rows one number is wrong."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(ROWS, 10)) @ draw.normal(size=(10, COLUMNS)) + 0.3 * draw.normal(
        size=(ROWS, COLUMNS)
    )
    for i, row in enumerate(PLANTED):
        values[row, i] += 12.0
    return values


def network(last: str) -> keras.Model:
    """Return the network of the tutorial, 20-14-20, with the activation of the last layer."""
    return keras.Sequential(
        [
            keras.layers.Input((COLUMNS,)),
            keras.layers.Dense(LATENT, activation="relu"),
            keras.layers.Dense(COLUMNS, activation=last),
        ]
    )


def as_written(values: np.ndarray) -> None:
    """Print what the tutorial's script finds."""
    keras.utils.set_random_seed(0)
    rows = (values - values.mean(axis=0)) / values.std(axis=0)
    model = network("sigmoid")
    model.compile(optimizer="adam", loss="mse")
    history = model.fit(rows, rows, epochs=50, batch_size=32, validation_split=0.1, verbose=0).history
    error = ((rows - model.predict(rows, verbose=0)) ** 2).mean(axis=1)
    flagged = np.flatnonzero(error > error.mean() + 3 * error.std())
    hits = len(set(flagged.tolist()) & set(PLANTED))
    print(f"as written, sigmoid: validation loss {history['val_loss'][-1]:.3f}, ", end="")
    print(f"{len(flagged)} rows flagged, {hits} of {len(PLANTED)} planted ones among them")


def judged(name: str, detector: amiss.TableDetector, values: np.ndarray) -> float:
    """Fit, print what was found, and return the seconds it took."""
    began = time.perf_counter()
    detection = detector.fit_detect(values)
    seconds = time.perf_counter() - began
    hits = len({anomaly.place for anomaly in detection} & set(PLANTED))
    blamed = sum(
        anomaly.causes[0].cell == f"x{PLANTED.index(anomaly.place)}"
        for anomaly in detection
        if anomaly.place in PLANTED
    )
    lowest = min(detector.history_[0]["validation_loss"])
    print(f"{name}: validation loss {lowest:.3f}, {len(detection)} rows flagged, ", end="")
    print(f"{hits} of {len(PLANTED)} planted ones among them, {blamed} times the right column blamed first")
    return seconds


def main() -> None:
    """Run the tutorial as it is written, its network in amiss, and the network of amiss."""
    values = table()
    as_written(values)
    keras.utils.set_random_seed(0)
    theirs = OwnKeras(network("linear"), epochs=50, batch_size=32, validation_split=0.1)
    slow = judged("its network in amiss", amiss.TableDetector(models=theirs, random_state=0), values)
    dense = f"dense:latent={LATENT},epochs=50,batch_size=32"
    quick = judged(dense, amiss.TableDetector(models=dense, random_state=0), values)
    print(f"{dense} took 1/{slow / quick:.0f} of the time")
    print("expected there:")
    for anomaly in amiss.TableDetector(models=dense, random_state=0).fit_detect(values):
        print(f"  {anomaly.label}: {anomaly.causes[0]}")


if __name__ == "__main__":
    main()
