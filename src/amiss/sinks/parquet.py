"""Parquet, written by polars."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from amiss.detection import Detection
from amiss.sinks.base import Sink, answer_columns, plain


class ParquetSink(Sink):
    """One row an item: the columns of the data, then score, p_value, anomalous and causes.

    The columns of a polars frame keep their type; of other data, numbers stay numbers, moments stay moments,
    and what is of several types becomes text.
    """

    name: ClassVar[str] = "parquet"
    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        import polars as pl

        native = detection.native if isinstance(detection.native, pl.DataFrame) else pl.DataFrame()
        columns = answer_columns(detection)
        frame = pl.DataFrame(
            [
                native[name] if name in native.columns else _series(name, values)
                for name, values in columns.items()
            ]
        )
        out = io.BytesIO()
        frame.write_parquet(out)
        yield out.getvalue()


def _series(name: str, values: Any) -> Any:
    import polars as pl

    name = _whole(name)
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return pl.Series(name, values, nan_to_null=False)
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return pl.Series(name, values.astype("datetime64[us]"))
    cells = plain(values)
    kinds = {type(cell) for cell in cells if cell is not None}
    if len(kinds) == 1 and kinds <= {bool, int, float}:
        return pl.Series(name, cells)
    return pl.Series(name, [None if cell is None else _whole(str(cell)) for cell in cells], dtype=pl.String)


def _whole(text: str) -> str:
    """Return text that can be encoded: a lone surrogate as its escape."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
