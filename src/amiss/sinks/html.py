"""The report as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from amiss.detection import Detection
from amiss.sinks.base import Sink


class HtmlSink(Sink):
    """The report: one page with everything in it, that needs no network."""

    name: ClassVar[str] = "html"
    endings: ClassVar[tuple[str, ...]] = (".html", ".htm")

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        from amiss.report import render

        yield render(detection).encode("utf-8")
