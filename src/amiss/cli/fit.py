"""``amiss fit``: learn once, judge later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from amiss.cli.options import takes_learning_job, takes_sample
from amiss.cli.screen import progress, say, table

if TYPE_CHECKING:
    from amiss.job import Job, Reading
    from amiss.progress import Told
    from amiss.tuning.trials import Tuning

_TRIALS = 5  # in the table


@click.command("fit")
@takes_learning_job
@takes_sample
@click.option("-o", "--output", metavar="MODEL", required=True, help="The model file to write: orders.amiss.")
@click.option(
    "--tune",
    metavar="EFFORT",
    help="Search the parameters of neural models first: for a time such as 60s, 5m, or so many trials: 20.",
)
@click.option(
    "--tune-study", metavar="PATH", help="Keep the trials in this file; go on with those that are there."
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(
    job: Job, scale: dict[str, Any], output: str, tune: str | None, tune_study: str | None, quiet: bool
) -> int:
    """Learn what is normal in FILE and keep it in a model file, for amiss detect -m MODEL.

    Of a folder, a glob, and a file larger than memory, rows drawn at random are learnt from.
    """
    from amiss import learnt, save
    from amiss.job import Effort, learn, tuned
    from amiss.outputs import check_model_place, check_not_read

    check_not_read(output, job.place)
    check_model_place(output)
    if tune_study and not tune:
        raise click.UsageError("--tune-study keeps the trials of --tune. Give --tune 60s too.")
    effort, tuning = Effort.of(tune) if tune else None, None
    with progress(quiet) as told:
        job, reading = _read(job, scale, told)
        if effort:
            tuning, choice = tuned(job, reading, effort, tune_study, told)
        detector, choice = (tuning.best, choice) if tuning else learn(job, reading, told)
        save(detector, output)
    summary = detector.summary()
    lines = [f"{job.called}: {reading.found}", f"Taken for {choice}.", *learnt.lines(summary)]
    lines += [f"Note: {note}" for note in (*reading.notes, *summary["notes"])]
    if tuning and not quiet:
        _show(tuning)
    for line in [] if quiet else [*lines, f"Written: {output}"]:
        say(line)
    return 0


def _read(job: Job, scale: dict[str, Any], told: Told) -> tuple[Job, Reading]:
    """Return the job, and what is learnt from: the data, or some of their rows."""
    from amiss.job import read
    from amiss.large.in_parts import goes_in_parts

    if not goes_in_parts(job, bool(scale)):
        return job, read(job, told)
    from amiss.large.sampling import read_some

    return read_some(job, told=told, **scale)


def _show(tuning: Tuning) -> None:
    """Print what was tried and what was chosen."""
    for line in tuning.lines():
        say(line)
    table(("trial", "value", "time", "parameters"), tuning.rows(_TRIALS))
    say(tuning.chosen())
