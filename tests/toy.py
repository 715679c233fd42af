"""A detector as small as can be that holds one attribute of every kind a model file can hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from amiss.batch import AnyArray, BoolArray, FloatArray, IntArray
from amiss.detection import Anomaly, Evidence, TableEvidence
from amiss.detectors.base import Detector
from amiss.part import MAY_BE_INFINITE, Stored


class ToyCentre(Stored):
    """The mean, and odd company for it."""

    mean: FloatArray
    turned: FloatArray
    single: np.ndarray[Any, np.dtype[np.float32]]
    flags: BoolArray
    places: IntArray
    gaps: Annotated[FloatArray, MAY_BE_INFINITE]
    limits: Annotated[tuple[float, float], MAY_BE_INFINITE]
    words: list[str]
    counts: dict[str, int]
    nested: dict[str, list[tuple[str, float | None]]]
    big: int
    how: Literal["mean", "median"]
    cache: dict[str, float]
    left_out = frozenset({"cache"})


class ToyDetector(Detector):
    """Distance from the mean."""

    kind = "toy"
    unit = "row"
    default_threshold = "mean_std"

    weight: float
    centre_: ToyCentre
    n_features_in_: int

    def __init__(
        self,
        weight: float = 1.0,
        *,
        models: Any = "auto",
        threshold: Any = "auto",
        training_data: str = "mixed",
        random_state: Any = None,
    ) -> None:
        self.weight = weight
        self.models = models
        self.threshold = threshold
        self.training_data = training_data
        self.random_state = random_state

    def _learn(self, data: Any, random_state: np.random.Generator) -> FloatArray:
        values = np.asarray(data, dtype=np.float64)
        self.n_features_in_ = values.shape[1]
        self.centre_ = centre = ToyCentre()
        centre.mean = values.mean(axis=0)
        centre.turned = np.asfortranarray(values)
        centre.single = values[:, 0].astype(np.float32)
        centre.flags = values[0] > 0
        centre.places = np.arange(3)
        centre.gaps = np.asarray([np.nan, np.inf, -0.0])
        centre.limits = (-np.inf, np.nan)
        centre.words = [f"wörd {i}" for i in range(100)] + ["\ud800", "\udc00", "\x00", "", "𝄞"]
        centre.counts = {word: i for i, word in enumerate(centre.words)}
        centre.nested = {"a": [("\udfff", None), ("é", -0.0)], "": []}
        centre.big = 2**200
        centre.how = "mean"
        centre.cache = {"not": 0.0}
        return self._score(values)

    def _score(self, data: Any) -> FloatArray:
        return np.asarray(self.weight * np.abs(np.asarray(data) - self.centre_.mean).sum(axis=1))

    def _explain(self, data: Any, scores: FloatArray, flagged: AnyArray) -> tuple[list[Anomaly], Evidence]:
        return [], TableEvidence((), flagged, [], np.zeros((len(flagged), 0)))

    def summary(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def _probe(self) -> Any:
        return np.zeros((2, self.n_features_in_))


def toy(rows: int = 60, seed: int = 0) -> ToyDetector:
    """Return a fitted toy."""
    return ToyDetector(random_state=seed).fit(np.random.default_rng(seed).normal(size=(rows, 3)))
