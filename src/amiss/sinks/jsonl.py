"""JSON lines: one object an item."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, ClassVar

from amiss.detection import Detection
from amiss.sinks.base import Sink, answer_columns, plain

_CHUNK = 10_000


class JsonlSink(Sink):
    """One object an item: the columns of the data, then score, p_value, anomalous and causes."""

    name: ClassVar[str] = "jsonl"
    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        columns = {name: plain(values) for name, values in answer_columns(detection).items()}
        for start in range(0, len(detection.scores), _CHUNK):
            rows = zip(*(values[start : start + _CHUNK] for values in columns.values()), strict=True)
            lines = (_line(dict(zip(columns, row, strict=True))) for row in rows)
            yield "".join(lines).encode(
                "utf-8", "backslashreplace"
            )  # a lone surrogate becomes its JSON escape


def _line(row: dict[str, Any]) -> str:
    for name, value in row.items():
        if isinstance(value, float) and math.isinf(value):  # JSON has no infinity
            row[name] = str(value)
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"
