"""JUnit XML: what a CI system shows as tests that passed or failed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import ClassVar

from amiss.detection import Anomaly, Detection
from amiss.sinks.base import Sink

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_SPACES = str.maketrans({space: f"&#{ord(space)};" for space in "\t\n\r"})


class JunitSink(Sink):
    """A test suite: the verdict is one test, and each anomaly is one that failed."""

    name: ClassVar[str] = "junit"
    endings: ClassVar[tuple[str, ...]] = (".xml",)

    def chunks(self, detection: Detection) -> Iterator[bytes]:
        """Yield the content of the file."""
        suite = _attribute(f"amiss {detection.kind}")
        count = len(detection)
        yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
        yield _bytes(
            f'<testsuites>\n<testsuite name={suite} tests="{count + 1}" failures="{count + bool(count)}">\n'
        )
        yield _bytes("<properties>\n")
        facts = {"items": len(detection.scores), "threshold": detection.threshold, "chance": detection.chance}
        for name, value in facts.items():
            yield _bytes(f"<property name={_attribute(name)} value={_attribute(repr(value))}/>\n")
        yield _bytes("</properties>\n")
        yield _case(suite, "verdict", detection.verdict if count else "", "\n".join(detection.notes))
        for anomaly in detection:
            yield _anomaly(suite, anomaly)
        yield b"</testsuite>\n</testsuites>\n"


def _anomaly(suite: str, anomaly: Anomaly) -> bytes:
    causes = [
        f"{cause.cell}: seen {cause.seen}, expected {cause.expected or 'nothing certain'}"
        for cause in anomaly.causes
    ]
    return _case(suite, anomaly.label, str(anomaly), "\n".join(causes))


def _case(suite: str, name: str, failure: str, body: str) -> bytes:
    """Return a test case, failed where ``failure`` says why."""
    head = f"<testcase classname={suite} name={_attribute(name)}"
    if not failure:
        return _bytes(f"{head}/>\n")
    return _bytes(
        f"{head}><failure message={_attribute(failure)}>{_legal(html.escape(body, quote=False))}</failure></testcase>\n"
    )


def _attribute(text: str) -> str:
    """Return the text in quotation marks; its white space as references, or XML reads spaces."""
    return f'"{html.escape(_legal(text)).translate(_SPACES)}"'


def _legal(text: str) -> str:
    r"""Return the text with what XML cannot hold, controls and lone surrogates, as ``\x00``."""
    return _ILLEGAL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8")
