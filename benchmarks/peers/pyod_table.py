"""Fit and score a table with PyOD's AutoEncoder or scikit-learn's IsolationForest.

Usage: python pyod_table.py autoencoder|forest fit ROWS.npy      fit with defaults and score; seconds of all rows
       python pyod_table.py autoencoder|forest score ROWS.npy    seconds a row of scoring alone
"""

import sys

import numpy as np
from clock import Clock

LEARNT_FROM = 5000  # rows to fit before scoring alone is timed


def autoencoder(**parameters: object) -> object:
    """Return PyOD's detector, silent."""
    from pyod.models.auto_encoder import AutoEncoder

    return AutoEncoder(verbose=0, device="cpu", **parameters)


def forest() -> object:
    """Return scikit-learn's detector."""
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=0)


peer, job, path = sys.argv[1:]
rows = np.load(path)
if job == "fit":
    detector = {"autoencoder": autoencoder, "forest": forest}[peer]()
    with Clock() as clock:
        detector.fit(rows)  # PyOD's scores its rows at once
        if peer == "forest":
            detector.score_samples(rows)
    clock.tell(1)
else:
    # PyOD mirrors the hidden layers: 50-64-16-64-50.
    detector = autoencoder(epoch_num=1, hidden_neuron_list=[64, 16]) if peer == "autoencoder" else forest()
    detector.fit(rows[:LEARNT_FROM])
    with Clock() as clock:
        detector.decision_function(rows)
    clock.tell(len(rows))
