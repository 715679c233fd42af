"""The tutorials' autoencoders in Keras, as they stand there."""

from __future__ import annotations

import logging
import os

import numpy as np

logging.getLogger("tensorflow").setLevel(logging.ERROR)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def rebuilding_errors(training: np.ndarray, judged: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean squared error of each training row and of each judged row; inputs standardised."""
    import keras

    keras.utils.set_random_seed(seed)
    columns = training.shape[1]
    layers = [keras.layers.Dense(14, activation="relu"), keras.layers.Dense(columns, activation="sigmoid")]
    network = keras.Sequential([keras.layers.Input((columns,)), *layers])
    network.compile(optimizer="adam", loss="mse")
    network.fit(training, training, epochs=50, batch_size=32, validation_split=0.1, shuffle=True, verbose=0)

    def errors(rows: np.ndarray) -> np.ndarray:
        return np.mean((rows - network.predict(rows, verbose=0)) ** 2, axis=1)

    return errors(training), errors(judged)


def spelling_errors(lines: list[str], seed: int) -> np.ndarray:
    """Return the error of each string: one-hot characters through 128-64-128, 40 epochs."""
    import keras

    keras.utils.set_random_seed(seed)
    length = max(map(len, lines))
    places = np.array([[ord(letter) for letter in line.ljust(length)] for line in lines])
    letters, places = np.unique(places, return_inverse=True)
    cells = np.eye(len(letters), dtype=np.float32)[places.reshape(len(lines), length)]
    flat = cells.reshape(len(lines), -1)
    layers = [keras.layers.Dense(width, activation="relu") for width in (128, 64, 128)]
    layers.append(keras.layers.Dense(flat.shape[1], activation="sigmoid"))
    network = keras.Sequential([keras.layers.Input((flat.shape[1],)), *layers])
    network.compile(optimizer="adam", loss="mse")
    network.fit(flat, flat, epochs=40, batch_size=32, verbose=0)
    return np.mean((network.predict(flat, verbose=0) - flat) ** 2, axis=1)
