"""What a detector knows of the data given to `fit` only, and no model file keeps."""

from __future__ import annotations

from typing import Any

from amiss.batch import FloatArray
from amiss.errors import NotFittedError


class OfTraining:
    """A name that `fit` sets and no model file keeps: where it is not there, it says what to ask instead.

    Python looks here only where the detector itself holds no such name.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, detector: Any, owner: type | None = None) -> FloatArray:
        if detector is None:
            raise AttributeError(self.name)
        detector._check_is_fitted()
        raise NotFittedError(
            f"{self.name} tells of the data given to fit, and is not kept in a model file. Ask for the scores of "
            "data: score_samples(data), or detect(data) for p-values too."
        )
