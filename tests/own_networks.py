"""Networks and data for the tests of networks of the user's own; also run by itself, a Keras backend at a time.

    KERAS_BACKEND=torch python tests/own_networks.py FOLDER

prints what happened to Keras models there, as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch


def table(rows: int = 300, seed: int = 0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return rows of 8 columns that hang on 3 factors; row 17 breaks with that."""
    random = np.random.default_rng(seed)
    found = random.normal(size=(rows, 3)) @ random.normal(size=(3, 8)) + 0.05 * random.normal(size=(rows, 8))
    found[17, 2] += 6.0
    return found


class Narrow(torch.nn.Module):
    """Eight values through three."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.down = torch.nn.Linear(width, 3)
        self.norm = torch.nn.BatchNorm1d(3)
        self.up = torch.nn.Linear(3, width)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rebuild the batch."""
        self.shapes.append(tuple(x.shape))
        return self.up(self.norm(self.down(x)))


class Wave(torch.nn.Module):
    """A convolution along the points of a window."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        self.down = torch.nn.Conv1d(channels, 4, 5, padding=2)
        self.up = torch.nn.Conv1d(4, channels, 5, padding=2)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rebuild the windows; torch convolves the last axis."""
        self.shapes.append(tuple(x.shape))
        return self.up(torch.tanh(self.down(x.transpose(1, 2)))).transpose(1, 2)


class Letters(torch.nn.Module):
    """Strings through sixteen values, to shares of the symbols; it takes its sizes from the first batch."""

    def __init__(self) -> None:
        super().__init__()
        self.down = torch.nn.LazyLinear(16)
        self.back = torch.nn.Linear(16, 16)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rebuild the strings."""
        self.shapes.append(tuple(x.shape))
        latent = self.back(torch.tanh(self.down(x.flatten(1))))
        return torch.softmax((latent @ self.down.weight).reshape(x.shape), dim=-1)


def keras_model(layers: str = "plain") -> Any:
    """Return a Keras model of eight values: "plain", "unbuilt", "functional" or with a "lambda"."""
    import keras

    if layers in ("plain", "unbuilt"):
        first = [keras.Input((8,))] if layers == "plain" else []
        return keras.Sequential(
            [*first, keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(3), keras.layers.Dense(8)]
        )
    seen = keras.Input((8,))
    x = keras.layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=1))(seen)
    x = (
        keras.layers.Lambda(lambda z: z * 2.0)(x)
        if layers == "lambda"
        else keras.layers.BatchNormalization()(x)
    )
    return keras.Model(seen, keras.ops.add(keras.layers.Dense(8)(x), 0.0))


def on_this_backend(folder: Path) -> dict[str, Any]:
    """Train, score, save and load Keras models; return what happened."""
    import keras

    import amiss
    from amiss.models import OwnKeras

    keras.utils.set_random_seed(0)
    rows, shuffle = table(), np.random.default_rng(1).permutation(300)
    told: dict[str, Any] = {"backend": keras.backend.backend()}
    for name in ("plain", "unbuilt", "compiled", "functional"):
        model = keras_model("plain" if name == "compiled" else name)
        if name == "compiled":
            model.compile(optimizer=keras.optimizers.Adam(0.02), loss=keras.losses.Huber())
        before = [one.copy() for one in model.get_weights()]
        detector = amiss.TableDetector(models=OwnKeras(model, epochs=25, learning_rate=0.01), random_state=0)
        worst = int(detector.fit(rows).scores_.argmax())
        scores = detector.score_samples(rows)
        amiss.save(detector, folder / f"{name}.amiss")
        loaded = amiss.load(folder / f"{name}.amiss")
        history = detector.history_[0]
        told[name] = {
            "worst": worst,
            "unchanged": all(map(np.array_equal, before, model.get_weights())),
            "shuffled": bool((detector.score_samples(rows[shuffle]) == scores[shuffle]).all()),
            "alone": all(detector.score_samples(rows[i : i + 1])[0] == scores[i] for i in range(0, 300, 73)),
            "loaded": bool((loaded.score_samples(rows) == scores).all()),
            "best": history["validation_loss"][history["best"]] == min(history["validation_loss"]),
            "rate": round(history["rate"], 6),
            "loss": min(history["validation_loss"]),
        }
    again = amiss.TableDetector(models=OwnKeras(keras_model("plain"), epochs=0)).fit(rows)
    told["outcome"] = again.history_[0]["outcome"].split(", ")[1]
    return told


if __name__ == "__main__":
    print(json.dumps(on_this_backend(Path(sys.argv[1]))))
