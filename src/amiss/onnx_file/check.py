"""The check of an export: what the file says of data against what the detector says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amiss.batch import AnyArray, FloatArray
from amiss.errors import ExportError

TOLERANCE = 1e-4
_LEAST = 1e-3  # a score below counts as that, where its share of a difference is asked for
_DRAWN = 256
_ODD = (0.0, -1.0, 1e-300, 1e6, -1e9, 1e150, -1e300, np.inf, -np.inf)
_ODD_SHARE, _LOST_SHARE = 0.1, 0.1


def drawn(kept: FloatArray) -> FloatArray:
    """Return items made of cells of all the items kept, half of them moved a little, some missing, some far from all.

    Parameters
    ----------
    kept : ndarray of shape (items, cells)
        Raw units; NaN where there is no value.
    """
    draw = np.random.default_rng(0)
    place = draw.integers(len(kept), size=(_DRAWN, kept.shape[1]))
    cells = np.take_along_axis(kept, place, axis=0)
    low = np.where(np.isnan(kept), np.inf, kept).min(axis=0)
    spread = np.where(np.isnan(kept), -np.inf, kept).max(axis=0) - low
    moved = cells + draw.normal(0.0, 0.1, cells.shape) * np.where(np.isfinite(spread), spread, 0.0)
    cells = np.where(draw.random(cells.shape) < 0.5, cells, moved)
    cells = np.where(draw.random(cells.shape) < _ODD_SHARE, draw.choice(_ODD, cells.shape), cells)
    cells[draw.random(cells.shape) < _LOST_SHARE] = np.nan
    return cells


@dataclass(frozen=True)
class Scores:
    """What a detector says of items.

    Attributes
    ----------
    exact, low, high : ndarray of shape (items,)
        Their scores, and between which its file may score them.
    """

    exact: FloatArray
    low: FloatArray
    high: FloatArray


def compared(content: bytes, items: FloatArray, scores: Scores, precision: str) -> float:
    """Return the largest difference of a score between file and detector, as a share of the score.

    Parameters
    ----------
    content : bytes
        The file.
    items : ndarray of shape (items, ...)
        What is scored, raw units.
    scores : Scores
        What the detector says of them.
    precision : str
        Of the values the file takes.

    Raises
    ------
    ExportError
        A score lies too far outside.
    """
    with np.errstate(over="ignore"):
        given = items.astype(precision)
    found, unit = run(content, given)["score"], np.maximum(np.abs(scores.exact), _LEAST)
    outside = np.maximum(np.maximum(scores.low - found, found - scores.high), 0.0) / unit
    worst = int(np.argmax(np.where(np.isnan(outside), np.inf, outside)))
    if not outside[worst] <= TOLERANCE:
        doubt = "Single precision cannot hold these numbers closely enough: export in float64."
        raise ExportError(
            f"The detector is not exported because item {worst} of the check would score {found[worst]:.6g} there and "
            f"scores {scores.exact[worst]:.6g} here; legal is a difference of {TOLERANCE:g} of the score. "
            f"{doubt if precision == 'float32' else 'Judge with amiss.'}"
        )
    return float((np.abs(found - scores.exact) / unit).max())


def run(content: bytes, values: AnyArray) -> dict[str, Any]:
    """Return what ONNX Runtime answers, one thread, by name of the output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"values": values}), strict=True))
