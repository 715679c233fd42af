"""``amiss detect``: what is amiss in this file?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from amiss.cli.options import AllowanceType, repeat, takes_job
from amiss.cli.screen import anomalies, printable, progress, say

if TYPE_CHECKING:
    from amiss.detection import Detection
    from amiss.job import Allowance, Job, Reading


_TOGETHER = 5  # times when several series broke, told one by one
_FAILED = 20  # series that could not be looked at, told one by one


@click.command("detect")
@takes_job
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
    outputs: tuple[str, ...],
    report: str | None,
    no_report: bool,
    fail_on: Allowance,
    top: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Find what is amiss in FILE: a CSV, Parquet, JSON lines or text file, - for standard input, or a
    database URL such as sqlite:///shop.db?table=orders.
    """
    from amiss.job import judge, read
    from amiss.outputs import check_not_read, choose_outputs, write

    by_itself = None if as_json or quiet else "report.html"
    chosen = choose_outputs(outputs, None if no_report else report or by_itself)
    for place, _ in chosen:
        check_not_read(place, job.place, job.model)
    with progress(quiet) as told:
        reading = read(job, told)
        detection = judge(job, reading, told)
        write(detection, chosen, title=printable(job.called), command=repeat())
    if as_json:
        click.echo(detection.to_json())
    elif not quiet:
        show(job, reading, detection, top, [place for place, _ in chosen])
    return int(fail_on.exceeded(detection))


def show(job: Job, reading: Reading, detection: Detection, top: int, written: list[str]) -> None:
    """Print what was read and learnt, the verdict, the worst anomalies, and what was written."""
    from amiss import learnt

    say(f"{printable(job.called)}: {reading.found}")
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
