"""A function that rebuilds a batch: an already trained network from anywhere, such as an ONNX session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from amiss.models.own_network import OwnNetwork, given_history
from amiss.networks.rows import Float32Array, Rows
from amiss.training import Schedule


@dataclass(eq=False, repr=False)
class OwnCallable(OwnNetwork):
    """A function of yours, ``reconstruct(array) -> array``; nothing of it is trained.

    `OwnNetwork` says which arrays it sees.

    Parameters
    ----------
    network : callable
        It is called with blocks of one size, the last one filled up with zeros, and must treat each row by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from amiss import TableDetector
    >>> rows = np.random.default_rng(0).normal(size=(200, 2))
    >>> rows[:, 1] = rows[:, 0]
    >>> rows[17] = [1.0, -1.0]
    >>> def middle(batch):
    ...     return batch.mean(axis=1, keepdims=True) * np.ones(2)
    >>> [anomaly.label for anomaly in TableDetector(models=middle).fit_detect(rows)]
    ['row 17']
    """

    library: ClassVar[str] = "function"
    legal: ClassVar[dict[str, tuple[float, float]]] = {
        **OwnNetwork.legal,
        "epochs": (0, 0),
        "noise": (0, 0),
        "trim": (0, 0),
    }

    def _train(self, rows: Rows, schedule: Schedule, trim: float, random_state: np.random.Generator) -> None:
        self.network_, self.history_ = self.network, given_history()

    def answer(self, values: Float32Array) -> Any:
        answer = self.network_(values)
        return np.asarray(answer) if hasattr(answer, "shape") else answer

    def receive(self, given: Any) -> None:
        self.network = self.network_ = given
