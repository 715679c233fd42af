"""Score strings as in the tutorial: an autoencoder of one-hot characters in Keras on TensorFlow, 40 epochs.

Usage: python keras_strings.py dense|lstm LINES.txt

Tells the seconds from lines to scores and how many of the last five lines, the anomalies, are among the five worst.
"""

import pathlib
import sys

import numpy as np
from clock import Clock
from tensorflow import keras

EPOCHS = 40


def dense(length: int, letters: int) -> list[keras.Layer]:
    """Return layers over all characters at once."""
    return [
        keras.layers.Flatten(),
        *(keras.layers.Dense(width, activation="relu") for width in (128, 64, 128)),
        keras.layers.Dense(length * letters, activation="sigmoid"),
        keras.layers.Reshape((length, letters)),
    ]


def lstm(length: int, letters: int) -> list[keras.Layer]:
    """Return layers that read one character after the other and write them again."""
    return [
        keras.layers.LSTM(64),
        keras.layers.RepeatVector(length),
        keras.layers.LSTM(64, return_sequences=True),
        keras.layers.TimeDistributed(keras.layers.Dense(letters, activation="softmax")),
    ]


keras.utils.set_random_seed(0)
lines = pathlib.Path(sys.argv[2]).read_text().splitlines()
with Clock() as clock:
    length = max(map(len, lines))
    places = np.array([[ord(letter) for letter in line.ljust(length)] for line in lines])
    letters, places = np.unique(places, return_inverse=True)
    cells = np.eye(len(letters), dtype=np.float32)[places.reshape(len(lines), length)]
    layers = {"dense": dense, "lstm": lstm}[sys.argv[1]](length, len(letters))
    network = keras.Sequential([keras.layers.Input(cells.shape[1:]), *layers])
    network.compile(optimizer="adam", loss="mse")
    history = network.fit(cells, cells, epochs=EPOCHS, batch_size=32, verbose=0)
    error = np.mean((network.predict(cells, verbose=0) - cells) ** 2, axis=(1, 2))
worst = np.argsort(error)[-5:]
clock.tell(1, loss=history.history["loss"][-1], found=int(np.sum(worst >= len(lines) - 5)))
