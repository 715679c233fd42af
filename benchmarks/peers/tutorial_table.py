"""The TensorFlow tutorial's table job as a script: CSV -> standardise -> 20-14-20 -> mean + 3 std -> verdicts.

Usage: python tutorial_table.py FILE.csv
"""

import sys

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from tensorflow import keras

frame = pd.read_csv(sys.argv[1])
rows = StandardScaler().fit_transform(frame)
columns = rows.shape[1]
network = keras.Sequential(
    [
        keras.layers.Input((columns,)),
        keras.layers.Dense(14, activation="relu"),
        keras.layers.Dense(columns, activation="sigmoid"),
    ]
)
network.compile(optimizer="adam", loss="mse")
network.fit(rows, rows, epochs=50, batch_size=32, validation_split=0.1, shuffle=True, verbose=0)
error = np.mean((rows - network.predict(rows, verbose=0)) ** 2, axis=1)
flagged = np.flatnonzero(error > error.mean() + 3 * error.std())
print(f"{len(flagged)} of {len(rows)} rows: {flagged.tolist()}")
