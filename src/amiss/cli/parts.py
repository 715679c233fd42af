"""``amiss parts``: what can be asked for by name."""

from __future__ import annotations

import click

from amiss.cli.screen import say, table


@click.command("parts")
@click.argument("shelf", metavar="[SHELF]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(shelf: str | None, as_json: bool) -> int:
    """List every model, threshold, source, sink and cluster with its options and their defaults.

    SHELF is one of models, thresholds, sources, sinks, clusters; all by default.
    """
    import json

    from amiss.shelves import shelves

    listed = shelves(shelf)
    if as_json:
        click.echo(json.dumps({name: [part._asdict() for part in parts] for name, parts in listed.items()}))
        return 0
    for name, parts in listed.items():
        say(f"{name}:")
        table(("name", "options", "what"), [(p.name, p.spelt, p.what) for p in parts])
    return 0
