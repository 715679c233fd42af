"""The report: one HTML file that needs no network and runs nothing but its own script."""

from __future__ import annotations

import json
import os
from typing import Any

from amiss.detection import Detection, ManySeriesEvidence, SeriesEvidence
from amiss.report.overview import overview_data
from amiss.report.page import evidence_shown, page, relative_scores
from amiss.report.rendering import rendered, write_page
from amiss.report.thinning import chart_data
from amiss.text.legible import LEVELS


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
    write_page(render(detection, title=title, command=command), path)


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
        At most about 500 KB, whatever the size of the data; of many series about 3 MB.
    """
    scripts, styles, data = ["report.js"], ["report.css"], None
    if isinstance(detection.evidence, SeriesEvidence):
        scripts = ["uplot/uPlot.iife.min.js", "report.js", "chart.js"]
        styles = ["uplot/uPlot.min.css", "report.css"]
        scores = detection.evidence.in_time(relative_scores(detection))
        data = _json(chart_data(detection.evidence, detection.anomalies, scores))
    elif isinstance(detection.evidence, ManySeriesEvidence):
        scripts = ["uplot/uPlot.iife.min.js", "report.js", "chart.js", "overview.js"]
        styles = ["uplot/uPlot.min.css", "report.css", "overview.css"]
        data = _json(overview_data(detection, detection.evidence))
    return rendered(
        "report.html",
        scripts,
        styles,
        page=page(detection, title, command),
        kind=detection.kind,
        many=isinstance(detection.evidence, ManySeriesEvidence),
        evidence=evidence_shown(detection),
        data=data,
        levels=LEVELS,
    )


def _json(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
