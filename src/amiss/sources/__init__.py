"""Sources: where data comes from, one a file."""

from amiss.sources.base import Source, open_source
from amiss.sources.csv import CsvSource
from amiss.sources.jsonl import JsonlSource
from amiss.sources.limits import Limits
from amiss.sources.lines import LinesSource
from amiss.sources.parquet import ParquetSource
from amiss.sources.sql import SqlSource

__all__ = [
    "CsvSource",
    "JsonlSource",
    "Limits",
    "LinesSource",
    "ParquetSource",
    "Source",
    "SqlSource",
    "open_source",
]
