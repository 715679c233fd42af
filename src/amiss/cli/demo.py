"""``amiss demo``: three real data sets."""

from __future__ import annotations

import click

from amiss.cli.detect import show
from amiss.cli.screen import progress, say


@click.command("demo")
@click.option(
    "--folder", metavar="DIR", default="amiss-demo", help="Where data and reports go; amiss-demo by default."
)
def command(folder: str) -> int:
    """Find what is amiss in three real data sets that ship with amiss: a table, a series, a list."""
    from amiss.demonstration import demonstrate

    with progress(False) as told:
        shown = list(demonstrate(folder, told))
    for one in shown:
        say(one.dataset.title)
        say(f"Source: {one.dataset.source}. Licence: {one.dataset.licence}.")
        say(f"$ {one.command}")
        show(one.job, one.reading.found, one.detection, 3, [one.report])
        say()
    return 0
