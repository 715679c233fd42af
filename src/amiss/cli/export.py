"""``amiss export``: a model file as an ONNX file, for other programs."""

from __future__ import annotations

import click

from amiss.cli.screen import progress, say


@click.command("export")
@click.argument("model", metavar="MODEL")
@click.option("-o", "--output", metavar="PATH", required=True, help="The ONNX file to write: orders.onnx.")
@click.option(
    "--check", "place", metavar="FILE", help="Data to check the scores on, beside rows drawn by amiss."
)
@click.option(
    "--precision",
    metavar="TYPE",
    default="float64",
    help="Of the values given: float64 (the default) or float32.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(model: str, output: str, place: str | None, precision: str, quiet: bool) -> int:
    """Write a model file as an ONNX file that scores the same; needs the extra amiss[onnx]."""
    from amiss import export, load
    from amiss.job import Job, read
    from amiss.onnx_file import check_onnx_place
    from amiss.outputs import check_not_read

    check_onnx_place(output)
    check_not_read(output, model, place)
    with progress(quiet) as told:
        detector = load(model)
        data = place and read(Job(place), told).data
        told("Writing and checking the graph")
        written = export(detector, output, check=data, precision=precision)
    for line in [] if quiet else [written, *(f"Note: {note}" for note in written.notes)]:
        say(line)
    return 0
