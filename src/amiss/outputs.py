"""Where the answer of a job goes: the places are checked before any work is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from amiss import atomic
from amiss.errors import SinkError

if TYPE_CHECKING:
    from amiss.detection import Detection
    from amiss.evaluation import Evaluation
    from amiss.sinks import Sink

ONE_FILE = (".parquet", ".pq", ".csv", ".tsv")
"""Endings of the files that an answer in parts is joined to."""

_HEAD = 4096  # bytes of a file that tell whether it is a report of amiss


def choose_outputs(places: Sequence[str], report: str | None = None) -> list[tuple[str, Sink]]:
    """Return each place to write to with the sink that its ending asks for, before any work is done.

    Parameters
    ----------
    places : sequence of str
    report : str, optional
        Where the report goes that nobody asked for; only a report of amiss is replaced there.

    Raises
    ------
    SinkError
        An ending says no format, or another file stands where the report would go.
    """
    if not places and report is None:
        return []
    from amiss.sinks import choose_sink

    if report is not None:
        check_report_place(report)

    chosen = [(place, choose_sink(place)) for place in places]
    if report is None or any(sink.name == "html" for _, sink in chosen):
        return chosen
    if os.path.isfile(report):
        with open(report, "rb") as file:
            ours = b'name="generator" content="amiss' in file.read(_HEAD)
        if not ours:
            raise SinkError(
                f"{report} is there and is no report of amiss, so it is left alone. Name another place "
                "(--report PATH), or leave the report out (--no-report)."
            )
    return [*chosen, (report, choose_sink(report, "html"))]


def choose_large_outputs(
    places: Sequence[str], report: str | None = None
) -> tuple[str | None, list[tuple[str, Sink]]]:
    """Return where the answer on every row of data larger than memory goes, and the reports.

    Parameters
    ----------
    places : sequence of str
        One folder or one file for the rows, and HTML files.
    report : str, optional
        As in `choose_outputs`.

    Raises
    ------
    SinkError
        An ending says what cannot be written a part at a time, or there is more than one place for the rows.
    """
    pages = [place for place in places if place.lower().endswith((".html", ".htm"))]
    rows = [place for place in places if place not in pages]
    for place in rows:
        if os.path.splitext(place)[1] and not os.path.isdir(place) and not is_one_file(place):
            raise SinkError(
                f"The answer on data larger than memory is not written as {place!r}. Legal: a folder, which gets a "
                f"file for each part, or one file that ends in {', '.join(ONE_FILE)}; .html for the report."
            )
    if len(rows) > 1:
        raise SinkError(
            f"The answer on data larger than memory goes to one place, and {len(rows)} are given: {', '.join(rows)}. "
            "Choose one."
        )
    return (rows[0] if rows else None), choose_outputs(pages, report)


def is_one_file(output: str) -> bool:
    """Return whether an answer in parts is joined to one file there, and not left as a folder of parts."""
    return output.lower().endswith(ONE_FILE) and not os.path.isdir(output)


def check_report_place(place: str) -> None:
    """Raise where the ending of a report's place is not that of an HTML file.

    Raises
    ------
    SinkError
        It ends in ``.pdf``, say.
    """
    if not place.lower().endswith((".html", ".htm")):
        raise SinkError(
            f"The report is one HTML file, and {place!r} does not end so. Legal: .html, .htm. Name it so, or "
            "write the answer in another format (amiss detect -o PATH)."
        )


def check_model_place(place: str) -> None:
    """Raise where the ending of a model file's place is that of something else.

    Raises
    ------
    SinkError
        It ends in ``.csv``, say.
    """
    ending = os.path.splitext(place)[1]
    if ending and ending.lower() != ".amiss":
        raise SinkError(
            f"A model file is written, and {place!r} ends in {ending}. Legal: .amiss, or no ending. Name it so, "
            "or write what is amiss in the data instead (amiss detect FILE -o PATH)."
        )


def check_not_read(place: str, *read: str | None) -> None:
    """Raise where writing to ``place`` would replace what is read.

    Raises
    ------
    SinkError
        It is the very file of the data or of the model.
    """
    for other in filter(None, read):
        if os.path.isfile(place) and os.path.isfile(other) and os.path.samefile(place, other):
            raise SinkError(
                f"{place!r} is read by this very command and not written over. Name another place."
            )


def write(
    detection: Detection,
    outputs: Sequence[tuple[str, Sink]],
    *,
    title: str | None = None,
    command: str | None = None,
) -> None:
    """Write the answer to each place.

    Raises
    ------
    SinkError
        The answer cannot be written.
    """
    from amiss.report import write_report

    for place, sink in outputs:
        if sink.name == "html":
            write_report(detection, place, title=title, command=command)
        else:
            sink.write(detection, place)


def check_evaluation_places(output: str | None, report: str | None) -> None:
    """Raise, before any work is done, where an ending is not that of what is written there.

    Raises
    ------
    SinkError
        The figures do not go to a ``.json`` file, or the page to no ``.html`` file.
    """
    if output is not None and not output.lower().endswith(".json"):
        raise SinkError(
            f"The figures are written as JSON, and {output!r} does not end so. Legal: .json. Name it so, or write a "
            "page: --report PATH."
        )
    if report is not None:
        check_report_place(report)


def write_evaluated(
    evaluation: Evaluation, output: str | None, report: str | None, *, command: str | None = None
) -> None:
    """Write the figures and the page of an evaluation, where they are wanted.

    Raises
    ------
    SinkError
        A file cannot be written.
    """
    if output is not None:
        try:
            atomic.write(output, [evaluation.to_json().encode("ascii"), b"\n"])
        except OSError as error:
            raise SinkError(
                f"The figures cannot be written to {output!r}: {error.strerror or error}. Name a file in a folder that "
                "exists and that you may write to."
            ) from error
    if report is not None:
        from amiss.report.evaluation_page import write_evaluation

        write_evaluation(evaluation, report, command=command)
