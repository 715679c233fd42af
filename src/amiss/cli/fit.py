"""``amiss fit``: learn once, judge later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from amiss.cli.options import takes_learning_job
from amiss.cli.screen import progress, say

if TYPE_CHECKING:
    from amiss.job import Job


@click.command("fit")
@takes_learning_job
@click.option("-o", "--output", metavar="MODEL", required=True, help="The model file to write: orders.amiss.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(job: Job, output: str, quiet: bool) -> int:
    """Learn what is normal in FILE and keep it in a model file, for amiss detect -m MODEL."""
    from amiss import learnt, save
    from amiss.job import learn, read
    from amiss.outputs import check_model_place, check_not_read

    check_not_read(output, job.place)
    check_model_place(output)
    with progress(quiet) as told:
        reading = read(job, told)
        detector, choice = learn(job, reading, told)
        save(detector, output)
    summary = detector.summary()
    lines = [f"{job.called}: {reading.found}", f"Taken for {choice}.", *learnt.lines(summary)]
    lines += [f"Note: {note}" for note in (*reading.notes, *summary["notes"])]
    for line in [] if quiet else [*lines, f"Written: {output}"]:
        say(line)
    return 0
