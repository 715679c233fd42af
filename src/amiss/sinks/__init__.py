"""Sinks: where answers go, one a file."""

from amiss.sinks.base import Sink, choose_sink
from amiss.sinks.csv import CsvSink
from amiss.sinks.html import HtmlSink
from amiss.sinks.jsonl import JsonlSink
from amiss.sinks.junit import JunitSink
from amiss.sinks.parquet import ParquetSink

__all__ = ["CsvSink", "HtmlSink", "JsonlSink", "JunitSink", "ParquetSink", "Sink", "choose_sink"]
