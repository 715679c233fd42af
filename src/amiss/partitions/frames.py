"""Columns of a source -> a polars frame: float64 with NaN, text with null, as `polars.DataFrame` of the columns is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars

    from amiss.sources.typed import Columns


def frame_of(columns: Columns) -> polars.DataFrame:
    """Return the frame; a column of no text at all is text too."""
    import polars as pl

    return pl.DataFrame(
        [
            pl.Series(name, values.tolist(), pl.String)
            if values.dtype.kind == "O"
            else pl.Series(name, values)
            for name, values in columns.items()
        ]
    )
