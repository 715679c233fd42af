"""The check of an export: what the file says of data against what the detector says."""

from __future__ import annotations

from typing import Any

import numpy as np

from amiss.batch import AnyArray, FloatArray
from amiss.detectors.table import TableDetector
from amiss.errors import ExportError
from amiss.numerics.blocks import one_blas_thread
from amiss.reading.columns import Table

TOLERANCE = 1e-4
_DRAWN = 256
_ODD = (0.0, -1.0, 1e-300, 1e6, -1e9, 1e150, -1e300, np.inf, -np.inf)
_ODD_SHARE, _LOST_SHARE = 0.1, 0.1
_STEP = 1e-5  # of a network's score: single precision rounds differently from one program to the next
_LEAST = 1e-3  # of the threshold: a score below counts as that, where its share of difference is asked for


def rows_to_check(detector: TableDetector, more: Any = None) -> FloatArray:
    """Return the rows a detector keeps to be tried on, rows drawn from their cells, and more, as numbers.

    Parameters
    ----------
    detector : TableDetector
        Fitted.
    more : frame or array, optional

    Returns
    -------
    ndarray of shape (rows, columns)
        Raw units; NaN where there is no value.
    """
    kept = _as_numbers(detector._read(detector._probe()))
    given = [] if more is None else [_as_numbers(detector._read(more))]
    return np.concatenate([kept, _drawn(kept, np.random.default_rng(0)), *given])


def _as_numbers(table: Table) -> FloatArray:
    cells = np.full((len(table), len(table.columns)), np.nan)
    for j, column in enumerate(table.columns):
        if column.numbers is not None:
            cells[:, j] = column.numbers
        else:  # a number that names its row is not read as one; in the file it is there or missing
            cells[:, j] = np.where(column.missing, np.nan, 0.0)
    return cells


def _drawn(kept: FloatArray, draw: np.random.Generator) -> FloatArray:
    """Return rows of cells of all the rows kept, most moved a little, some missing, some far from all."""
    place = draw.integers(len(kept), size=(_DRAWN, kept.shape[1]))
    cells = np.take_along_axis(kept, place, axis=0)
    spread = np.nanmax(np.where(np.isnan(kept), -np.inf, kept), axis=0) - np.nanmin(
        np.where(np.isnan(kept), np.inf, kept), axis=0
    )
    moved = cells + draw.normal(0.0, 0.1, cells.shape) * np.where(np.isfinite(spread), spread, 0.0)
    cells = np.where(draw.random(cells.shape) < 0.5, cells, moved)
    cells = np.where(draw.random(cells.shape) < _ODD_SHARE, draw.choice(_ODD, cells.shape), cells)
    cells[draw.random(cells.shape) < _LOST_SHARE] = np.nan
    return cells


@one_blas_thread()
def compared(content: bytes, detector: TableDetector, rows: FloatArray, precision: str) -> float:
    """Return the largest difference of a score between file and detector, as a share of the score.

    Parameters
    ----------
    content : bytes
        The file.
    detector : TableDetector
    rows : ndarray of shape (rows, columns)
        Raw units.
    precision : str
        Of the values the file takes.

    Raises
    ------
    ExportError
        The difference is too large.
    """
    with np.errstate(over="ignore"):
        given = rows.astype(precision)
    found = run(content, given)["score"]
    low, high = _bounds(detector, rows)
    unit = np.maximum(np.abs(high), _LEAST * detector.threshold_)
    share = np.maximum(np.maximum(low - found, found - high), 0.0) / unit
    worst = int(np.argmax(np.where(np.isnan(share), np.inf, share)))
    if not share[worst] <= TOLERANCE:
        doubt = "Single precision cannot hold these numbers closely enough: export in float64."
        raise ExportError(
            f"The detector is not exported because row {worst} of the check would score {found[worst]:.6g} there and "
            f"scores {high[worst]:.6g} here; legal is a difference of {TOLERANCE:g} of the score. "
            f"{doubt if precision == 'float32' else 'Judge with amiss.'}"
        )
    return float(share[worst])


def run(content: bytes, values: AnyArray) -> dict[str, Any]:
    """Return what ONNX Runtime answers, one thread, by name of the output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"values": values}), strict=True))


def _bounds(detector: TableDetector, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest score of each row that are its own.

    Learnt from clean data, scores go in steps, one a training row; one that stands at an edge may fall to either side.
    """
    committee = detector.committee_
    if detector.training_data != "clean" or committee is None:
        scores = -detector.score_samples(rows)
        return scores, scores
    table = detector._read(rows)
    batch = detector._numbers(table)
    found = [model.score(batch) for model in committee.models]
    low, high = (committee._combined([s * (1 + way * _STEP) for s in found]) for way in (-1, 1))
    nothing = np.zeros(len(rows))
    return detector._combined(table, low, nothing), detector._combined(table, high, nothing)
