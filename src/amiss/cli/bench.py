"""``amiss bench``: how good the detectors are on labelled data of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from amiss.cli.options import models_of, repeat
from amiss.cli.screen import counting, figures, say

if TYPE_CHECKING:
    from amiss.evaluation import Evaluation


@click.command("bench")
@click.argument("folder", metavar="FOLDER")
@click.option(
    "--models", metavar="SPEC", multiple=True, help="auto, fast, or models by name; more than once."
)
@click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), default=0, help="Of all that is random; 0 by default."
)
@click.option(
    "--only",
    metavar="NAMES",
    multiple=True,
    help="Data sets by name or pattern, such as series/*; more than once, or a list.",
)
@click.option("--label", metavar="COLUMN", help="The column that holds the labels; found by its name else.")
@click.option("-o", "--output", metavar="PATH", help="Write every figure to this JSON file.")
@click.option("--report", metavar="PATH", help="Write a page with all tables to this HTML file.")
@click.option("--cases", "each", is_flag=True, help="Print each case, not the means alone.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing: the exit status tells.")
def command(
    folder: str,
    models: tuple[str, ...],
    seed: int,
    only: tuple[str, ...],
    label: str | None,
    output: str | None,
    report: str | None,
    each: bool,
    quiet: bool,
) -> int:
    """Judge the detectors on labelled data in FOLDER: tables, series, lists of strings, dirty tables.

    No detector sees a label. Exit status: 0 all was judged, 1 a case failed, 2 usage or input error.
    """
    from amiss.evaluation import evaluate
    from amiss.outputs import check_evaluation_places, write_evaluated

    check_evaluation_places(output, report)
    names = [name for text in only for name in text.split(",") if name]
    with counting(quiet) as told:
        evaluation = evaluate(folder, models_of(models) or "auto", seed, names, label, told)
    write_evaluated(evaluation, output, report, command=repeat())
    if not quiet:
        _show(evaluation, each)
        for path in filter(None, (output, report)):
            say(f"Written: {path}")
    return int(bool(evaluation.failed))


def _show(evaluation: Evaluation, each: bool) -> None:
    """Print the means, the cases where wanted, and what failed."""
    from amiss.evaluation import tables

    say(evaluation.verdict)
    for title, head, rows in tables(evaluation, each):
        say()
        say(title)
        figures(head, rows)
    for outcome in evaluation.failed:
        where = (
            f"{outcome.name}, {outcome.protocol}: " if outcome.protocol else ""
        )  # what is unread names itself
        say(f"Failed: {where}{outcome.failure}")
