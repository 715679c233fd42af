"""Score rows with a dense autoencoder in Keras on TensorFlow: predict in blocks of 4,096, error of each row.

Usage: python keras_score.py ROWS.npy
"""

import sys

import numpy as np
from clock import Clock
from tensorflow import keras

rows = np.load(sys.argv[1])
network = keras.Sequential(
    [
        keras.layers.Input((50,)),
        *(keras.layers.Dense(width, activation="relu") for width in (64, 16, 64)),
        keras.layers.Dense(50),
    ]
)
network.predict(rows[:4096], batch_size=4096, verbose=0)  # the first call builds the graph
with Clock() as clock:
    error = np.mean((network.predict(rows, batch_size=4096, verbose=0) - rows) ** 2, axis=1)
clock.tell(len(error))
