"""What many series are expected to be: one frame, each row with the key of its series."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from amiss.batch import AnyArray, FloatArray
from amiss.detectors.many_fitted import ManyFitted
from amiss.detectors.series_work import all_done
from amiss.errors import AmissWarning, DataError, ParameterError
from amiss.reading.by_key import Key, key_values
from amiss.reading.frames import like

_SERIES = "series"  # what the column is called that says which, where each column is a series


def expected_many(detector: Any, many: ManyFitted, X: Any) -> Any:
    """Return what `SeriesDetector.expected` tells of many series: keys first, one row a row of ``X``.

    Rows of a series that cannot be looked at hold NaN, and a warning says why.
    """
    answers = detector._asked_of_many(X, "expected")
    parts = answers.parts
    columns: dict[str, FloatArray] = {}
    keys: dict[str, AnyArray] = {name: np.full(parts.rows, None, dtype=object) for name in many.by}
    for at, answer in answers:
        rows = parts.places(at)
        for name, value in zip(many.by, key_values(parts.keys[at].identity), strict=False):
            keys[name][rows] = value
        for name, values in answer.get("columns", {}).items():
            columns.setdefault(name, np.full(parts.rows, np.nan))[rows] = values
    _tell_failed(answers.gathered.failed, len(parts))
    return like(X, {**keys, **columns})


def forecast_many(detector: Any, many: ManyFitted, n: int, coverage: float) -> Any:
    """Return what `SeriesDetector.forecast` tells of each series, one after the other, keys first."""
    import polars

    known = [at for at, packed in enumerate(many.packed) if len(packed)]
    frames: dict[int, Any] = {}
    failed: dict[str, str] = {}

    def task_of(number: int) -> dict[str, Any]:
        at = known[number]
        key = Key(many.identities[at], many.names[at])
        task = {"name": key.name, "data": (n, coverage), "place": 0, "packed": many.packed[at]}
        return {**task, "stream": many.stream_of(key)}

    for number, answer in all_done(
        detector._opening_for_many("forecast", many.shared), task_of, len(known), 1
    ):
        if "parameter" in answer:
            raise ParameterError(answer["failed"])
        if "failed" in answer:
            failed[many.names[known[number]]] = answer["failed"]
        else:
            frames[known[number]] = _keyed(answer["frame"], many, known[number])
    _tell_failed(failed, len(known))
    return polars.concat([frames[at] for at in sorted(frames)], how="diagonal_relaxed")


def _keyed(frame: Any, many: ManyFitted, at: int) -> Any:
    """Return the frame of one series with its key in front; of a column, without its name in the others."""
    import polars

    values = key_values(many.identities[at])
    if not many.by:
        frame = frame.rename({f"{values[0]}_{what}": what for what in ("expected", "lower", "upper")})
    keys = dict(zip(many.by or [_SERIES], values, strict=True))
    return frame.select(
        *(polars.lit(value, polars.String).alias(name) for name, value in keys.items()), polars.all()
    )


def _tell_failed(failed: dict[str, str], count: int) -> None:
    if not failed:
        return
    name, sentence = next(iter(failed.items()))
    if len(failed) == count:
        raise DataError(f"None of the {count:,} series can be looked at. The first, {name}: {sentence}")
    warnings.warn(
        f"{len(failed):,} of {count:,} series could not be looked at. The first, {name}: {sentence}",
        AmissWarning,
        stacklevel=4,
    )
