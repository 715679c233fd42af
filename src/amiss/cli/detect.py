"""``amiss detect``: what is amiss in this file?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from amiss.cli.options import AllowanceType, repeat, takes_job, takes_scale
from amiss.cli.screen import anomalies, printable, progress, say

if TYPE_CHECKING:
    from amiss.detection import Detection
    from amiss.job import Allowance, Job
    from amiss.progress import Told


_TOGETHER = 5  # times when several series broke, told one by one
_FAILED = 20  # series that could not be looked at, told one by one


@click.command("detect")
@takes_job
@takes_scale
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="PATH",
    multiple=True,
    help="Write the answer: by its ending CSV, Parquet, JSON lines, JUnit (.xml) or HTML; more than once.",
)
@click.option(
    "--report",
    "report",
    metavar="PATH",
    help="Where the report goes; report.html by default.",
)
@click.option("--no-report", is_flag=True, help="Write no report.")
@click.option(
    "--fail-on",
    type=AllowanceType(),
    default="0",
    metavar="N",
    help="Exit 1 only beyond N anomalies, or N% of the items.",
)
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    help="How many anomalies to print; 10 by default.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the answer as one JSON object; no report unless --report."
)
@click.option(
    "-q", "--quiet", is_flag=True, help="Print nothing: the exit status tells; no report unless --report."
)
def command(
    job: Job,
    scale: dict[str, Any],
    outputs: tuple[str, ...],
    report: str | None,
    no_report: bool,
    fail_on: Allowance,
    top: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find what is amiss in FILE: a CSV, Parquet, JSON lines or text file, - for standard input, a
    database URL such as sqlite:///shop.db?table=orders, or a folder or glob of files.

    A folder, a glob, and a file larger than memory are worked on in parts: -o SCORES is a folder of part files, or one
    .parquet or .csv file, and the same command goes on where it was stopped.
    """
    from amiss.large.in_parts import goes_in_parts

    page = None if no_report else report or (None if as_json or quiet else "report.html")
    in_parts = goes_in_parts(job, bool(scale), outputs)
    with progress(quiet) as told:
        answer = (
            _in_parts(job, scale, outputs, page, told) if in_parts else _in_memory(job, outputs, page, told)
        )
    if as_json:
        click.echo(answer.detection.to_json())
    elif not quiet:
        show(job, answer.found, answer.detection, top, answer.written)
    return int(fail_on.exceeded(answer.detection))


class _Answer(NamedTuple):
    """What was found in the data, what is amiss in them, and where that is written."""

    found: str
    detection: Detection
    written: list[str]


def _in_memory(job: Job, outputs: tuple[str, ...], page: str | None, told: Told) -> _Answer:
    from amiss.job import judge, read
    from amiss.outputs import check_not_read, choose_outputs, write

    chosen = choose_outputs(outputs, page)
    for place, _ in chosen:
        check_not_read(place, job.place, job.model)
    reading = read(job, told)
    detection = judge(job, reading, told)
    write(detection, chosen, title=printable(job.called), command=repeat())
    return _Answer(reading.found, detection, [place for place, _ in chosen])


def _in_parts(
    job: Job, scale: dict[str, Any], outputs: tuple[str, ...], page: str | None, told: Told
) -> _Answer:
    from amiss.large.job import Scale, judge_in_parts
    from amiss.outputs import check_not_read, choose_large_outputs, write

    rows, pages = choose_large_outputs(outputs, page)
    written = [*([rows] if rows else []), *(place for place, _ in pages)]
    for place in written:
        check_not_read(place, job.place, job.model)
    detection, found = judge_in_parts(job, Scale(output=rows, jobs=job.params.get("jobs"), **scale), told)
    write(detection, pages, title=printable(job.called), command=repeat())
    return _Answer(found, detection, written)


def show(job: Job, found: str, detection: Detection, top: int, written: list[str]) -> None:
    """Print what was read and learnt, the verdict, the worst anomalies, and what was written."""
    from amiss import learnt

    say(f"{printable(job.called)}: {found}")
    say(f"Taken for {detection.learnt['choice']}.")
    for line in learnt.lines(detection.learnt):
        say(line)
    say()
    say(detection.verdict)
    anomalies(detection.anomalies, top)
    if len(detection) > top > 0:
        say(f"and {len(detection) - top:,} more")
    for one in getattr(detection.evidence, "together", ())[:_TOGETHER]:
        say(f"Together: {one}")
    for note in detection.notes:
        say(f"Note: {note}")
    for name, sentence in list(detection.failed.items())[:_FAILED]:
        say(f"Not looked at: {name}: {sentence}")
    if len(detection.failed) > _FAILED:
        say(f"and {len(detection.failed) - _FAILED:,} more not looked at")
    for path in written:
        say(f"Written: {path}")
