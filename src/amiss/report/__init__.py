"""The report: one HTML file that needs no network and runs nothing but its own script."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import jinja2

from amiss import atomic
from amiss.detection import Detection, SeriesEvidence
from amiss.errors import SinkError
from amiss.report.page import evidence_shown, page, relative_scores
from amiss.report.thinning import chart_data
from amiss.text.legible import LEVELS, legible, number

_ASSETS = Path(__file__).parent / "assets"


def write_report(
    detection: Detection,
    path: str | os.PathLike[str],
    *,
    command: str | None = None,
    title: str | None = None,
) -> None:
    """Write the report of a detection as one HTML file that needs nothing else.

    Parameters
    ----------
    detection : Detection
        The answer of a detector.
    path : str or path
        The file to write; it is written whole or not at all.
    command : str, optional
        How to repeat it, shown at the end.
    title : str, optional
        What was looked at, such as the name of the file.

    Raises
    ------
    SinkError
        The file cannot be written.
    """
    text = render(detection, title=title, command=command)
    try:
        atomic.write(path, [text.encode("utf-8")])
    except OSError as error:
        raise SinkError(
            f"The report cannot be written to {str(path)!r}: {error.strerror or error}. "
            "Give a file in a folder that exists, that you may write to and that has space left."
        ) from error


def render(detection: Detection, *, title: str | None = None, command: str | None = None) -> str:
    """Return the report of a detection as HTML text.

    Parameters
    ----------
    detection : Detection
        The answer of a detector.
    title : str, optional
        What was looked at, such as the name of the file.
    command : str, optional
        How to repeat it.

    Returns
    -------
    str
        At most about 500 KB, whatever the size of the data.
    """
    scripts, styles, data = ["report.js"], ["report.css"], None
    if isinstance(detection.evidence, SeriesEvidence):
        scripts = ["uplot/uPlot.iife.min.js", "report.js", "chart.js"]
        styles = ["uplot/uPlot.min.css", "report.css"]
        data = _json(chart_data(detection.evidence, detection.anomalies, relative_scores(detection)))
    script, style = ("\n".join(map(_asset, names)) for names in (scripts, styles))
    template = _environment().get_template("report.html")
    return template.render(
        page=page(detection, title, command),
        kind=detection.kind,
        evidence=evidence_shown(detection),
        data=data,
        style=style,
        script=script,
        policy=_policy(script, style),
        levels=LEVELS,
    )


@functools.cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(legible=legible, number=number, count="{:,}".format)
    return environment


def _policy(script: str, style: str) -> str:
    """Return the content security policy: nothing is fetched, nothing runs but this script."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    return (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
