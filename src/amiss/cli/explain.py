"""``amiss explain``: why an item scores what it scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from amiss.cli.options import takes_job
from amiss.cli.screen import anomalies, progress

if TYPE_CHECKING:
    from amiss.job import Job


@click.command("explain")
@takes_job
@click.option(
    "--item",
    "items",
    metavar="N",
    type=int,
    multiple=True,
    required=True,
    help="Row, point or string, counted from 0; more than once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(job: Job, items: tuple[int, ...], as_json: bool) -> int:
    """Say why items of FILE score what they score, flagged or not."""
    import json
    from dataclasses import asdict

    from amiss.job import explain, read

    with progress(as_json) as told:
        explained = explain(job, read(job, told), items, told)
    if as_json:
        for anomaly in explained:
            click.echo(json.dumps(asdict(anomaly)))
    else:
        anomalies(explained, len(explained))
    return 0
