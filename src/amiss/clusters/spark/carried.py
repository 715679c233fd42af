"""How a fitted detector gets to the executors: its model file, as bytes, once each; and is loaded once a process."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amiss.clusters.scoring import check_points_stand_alone
from amiss.detectors.base import Detector
from amiss.errors import DataError, ModelFileError
from amiss.model_file import load, save

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_KEPT = 8  # detectors that a process keeps
_loaded: OrderedDict[str, Detector] = OrderedDict()

Model = Detector | str | os.PathLike[str]


@dataclass(frozen=True)
class Carried:
    """A detector on its way.

    Attributes
    ----------
    digest : str
        SHA-256 of its model file.
    content : bytes or Broadcast of bytes
        The model file. Broadcast, it goes to each executor once; where the session is a remote one (Spark Connect),
        which cannot broadcast, it is part of the job, which Spark itself carries to each executor once.
    """

    digest: str
    content: Any

    def detector(self) -> Detector:
        """Return the detector; it is loaded when this process first asks for it."""
        if self.digest not in _loaded:
            one_thread()
            content = self.content if isinstance(self.content, bytes) else self.content.value
            _loaded[self.digest] = detector_of(content)
        _loaded.move_to_end(self.digest)
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
        return _loaded[self.digest]


def carried(session: SparkSession, detector: Detector) -> Carried:
    """Return a detector that the executors of a session get.

    Raises
    ------
    DataError
        It is a detector of series, or holds a network of the user's own, whose code executors do not have.
    """
    check_points_stand_alone(detector)
    if detector._own_networks():
        raise DataError(
            "The model holds a network of your own, whose code the executors do not have. Legal: the models that "
            "amiss parts lists. Score it here: amiss.detect."
        )
    content = bytes_of(detector)
    here = hasattr(session, "sparkContext")
    return Carried(
        hashlib.sha256(content).hexdigest(), session.sparkContext.broadcast(content) if here else content
    )


def detector_from(model: Model) -> Detector:
    """Return the detector that was given, or the one in the model file that was named.

    Raises
    ------
    NotFittedError
        The detector is not fitted.
    ModelFileError
        The file is not there or was refused, or the model is neither.
    """
    if isinstance(model, Detector):
        model._check_is_fitted()
        return model
    if not isinstance(model, str | os.PathLike):
        raise ModelFileError(
            f"A {type(model).__name__} was given as the model. Legal: a fitted detector, or the path of a model file."
        )
    return load(model)


def bytes_of(detector: Detector) -> bytes:
    """Return the bytes of the model file of a detector."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.amiss")
        save(detector, path)
        return path.read_bytes()


def detector_of(content: bytes) -> Detector:
    """Return the detector in the bytes of a model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.amiss")
        path.write_bytes(content)
        return load(path)


def one_thread() -> None:
    """Let polars, not loaded yet, use no more threads than Spark gives a task; numpy is told by Spark itself."""
    os.environ.setdefault("POLARS_MAX_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
