"""``amiss info``: a model file in words."""

from __future__ import annotations

import click

from amiss.cli.screen import say, table

_KINDS = {"table": "tables", "series": "series", "strings": "lists of strings"}


@click.command("info")
@click.argument("model", metavar="MODEL")
@click.option(
    "--network", metavar="MODULE:NAME", help="The network of your own that the model was learnt with."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(model: str, network: str | None, as_json: bool) -> int:
    """Say what a model file has learnt: kind, columns, models, threshold."""
    import json

    from amiss import learnt, load
    from amiss.models.given import network_named

    summary = load(model, models=network_named(network) if network else None).summary()
    if as_json:
        click.echo(json.dumps(summary))
        return 0
    say(f"{model}: a detector for {_KINDS[summary['kind']]}")
    table(("what", "learnt"), learnt.details(summary), plain=": ")
    return 0
