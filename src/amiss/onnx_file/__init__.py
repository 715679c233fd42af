"""One fitted detector as one ``.onnx`` file, so that other programs score with it, in any language.

The file holds all that lies between raw numbers and the verdict: column spaces, network, errors, calibration,
threshold. It is written where its scores are those of the detector, on data, and not otherwise.
"""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from typing import Any

import amiss
from amiss import atomic
from amiss.detectors.base import Detector
from amiss.errors import ExportError, MissingExtraError, ParameterError
from amiss.numerics.blocks import one_blas_thread

PRECISIONS = ("float64", "float32")


@dataclass(frozen=True)
class Exported:
    """What was written, and how well it agrees.

    Attributes
    ----------
    place : str
        The file.
    items : int
        How many items were scored both ways.
    difference : float
        The largest difference of a score, as a share of the score: below 1e-4, or what rounding makes of a score that
        stands at an edge.
    notes : tuple of str
        What the file does not judge.
    """

    place: str
    items: int
    difference: float
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"Written: {self.place}. It scores {self.items:,} items as the detector does, to {self.difference:.1g} of "
            "the score."
        )


def export(
    detector: Detector, path: str | os.PathLike[str], *, check: Any = None, precision: str = "float64"
) -> Exported:
    """Write a fitted detector as one ONNX file; what was there is replaced whole or not at all.

    A table. In: ``values``, shape (rows, columns), raw units, the columns in the order learnt, NaN where there is no
    value; dates as days since 1970, no and yes as 0 and 1. Out: ``score`` and ``anomalous``, shape (rows,);
    ``threshold``, one number; ``expected``, what the network rebuilds (raw units, NaN where it sees no numbers), and
    ``surprise``, how far off that is, shape (rows, columns). The scores are those of
    ``-detector.score_samples(values)``.

    A series. In: ``values``, shape (windows, points, channels), raw units. Out: ``score``, shape (windows,), the mean
    loss of a window in multiples of the usual; ``expected`` and ``surprise``, shape (windows, points, channels).

    Parameters
    ----------
    detector : Detector
        A fitted `TableDetector` whose columns are numbers and whose models are networks, or a fitted `SeriesDetector`
        with one network.
    path : str or path
        Where to, ``*.onnx``.
    check : frame or array, optional
        Data to check the file on, beside rows drawn by amiss.
    precision : str
        Of the values given: "float64" or "float32".

    Returns
    -------
    Exported
        How well the scores agree.

    Raises
    ------
    ExportError
        The detector cannot be such a file, its scores would not agree, or the file cannot be written.
    NotFittedError
        The detector is not fitted.
    MissingExtraError
        onnx or onnxruntime is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from amiss import TableDetector, export
    >>> rows = np.random.default_rng(0).normal(size=(300, 3)) * [1.0, 10.0, 100.0]
    >>> detector = TableDetector(models="dense:latent=2", random_state=0).fit(rows)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(detector, os.path.join(folder, "rows.onnx"), check=rows)
    >>> written.difference < 1e-4
    True
    """
    _check_asked(detector, path, precision)
    from amiss.onnx_file.check import compared

    kind = _way_of(detector)
    told = {"kind": detector.kind, "precision": precision, **_models_of(detector), **kind.metadata(detector)}
    content = kind.graph_of(detector, precision).model(amiss.__version__, told).SerializeToString()
    items = kind.items_to_check(detector, check)
    with one_blas_thread():
        scores = kind.scores(detector, items)
    difference = compared(content, items, scores, precision)
    try:
        atomic.write(path, [content])
    except OSError as error:
        raise ExportError(
            f"The file {os.fspath(path)!r} cannot be written: {error.strerror or error}. What was there before is "
            "unchanged. Make room or name another place."
        ) from error
    return Exported(os.fspath(path), len(items), difference, kind.notes(detector))


def _way_of(detector: Detector) -> Any:
    """Return the module that knows how detectors of this kind become graphs."""
    if detector.kind not in ("table", "series"):
        raise ExportError(
            f"The detector is not exported because it judges {detector.kind}, and only those of tables and series are. "
            "Judge with amiss."
        )
    return importlib.import_module(f"amiss.onnx_file.{detector.kind}")


def _models_of(detector: Detector) -> dict[str, str]:
    return {"models": json.dumps([model.spec() for model in detector._fitted_models()])}


def check_onnx_place(place: str | os.PathLike[str]) -> None:
    """Raise where the ending of a place is not that of an ONNX file.

    Raises
    ------
    ExportError
        It ends in ``.csv``, say.
    """
    if os.path.splitext(place)[1].lower() != ".onnx":
        raise ExportError(
            f"An ONNX file is written, and {os.fspath(place)!r} does not end so. Legal: .onnx. Name it so."
        )


def _check_asked(detector: Detector, path: str | os.PathLike[str], precision: str) -> None:
    if not isinstance(detector, Detector):
        raise ExportError(
            f"A {type(detector).__name__} was given to export. Legal: a fitted detector of amiss."
        )
    detector._check_is_fitted()
    if precision not in PRECISIONS:
        raise ParameterError(f"precision is {precision!r}. Legal: {', '.join(PRECISIONS)}.")
    check_onnx_place(path)
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise MissingExtraError.of("An ONNX file", "onnx and onnxruntime", "onnx") from error


__all__ = ["Exported", "check_onnx_place", "export"]
