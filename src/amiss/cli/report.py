"""``amiss report``: the report alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from amiss.cli.options import repeat, takes_job
from amiss.cli.screen import progress, say

if TYPE_CHECKING:
    from amiss.job import Job


@click.command("report")
@takes_job
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    default="report.html",
    help="The HTML file to write; report.html by default.",
)
@click.option("--title", metavar="TEXT", help="What was looked at; the name of the file by default.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(job: Job, output: str, title: str | None, quiet: bool) -> int:
    """Write the report of what is amiss in FILE as one HTML file; exit 0 whatever is found."""
    from amiss import write_report
    from amiss.job import judge, read
    from amiss.outputs import check_not_read, check_report_place

    check_report_place(output)
    check_not_read(output, job.place, job.model)
    with progress(quiet) as told:
        detection = judge(job, read(job, told), told)
        write_report(detection, output, title=title or job.called, command=repeat())
    for line in [] if quiet else [detection.verdict, f"Written: {output}"]:
        say(line)
    return 0
