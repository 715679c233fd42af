"""Pages: templates, stylesheet and scripts joined to one HTML file under a policy that lets nothing else run."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from amiss import atomic
from amiss.errors import SinkError
from amiss.text.legible import legible, number

ASSETS = Path(__file__).parent / "assets"


def rendered(
    template: str,
    scripts: Sequence[str] = ("report.js",),
    styles: Sequence[str] = ("report.css",),
    folder: Path = ASSETS,
    **values: Any,
) -> str:
    """Return a page as HTML text.

    Parameters
    ----------
    template : str
        Name of a template in ``folder``; it extends frame.html.
    scripts, styles : sequence of str
        Names of assets, joined in this order.
    folder : Path
        Where templates and assets are looked for first; those of amiss come next.
    **values
        What the template names.
    """
    script, style = ("\n".join(_asset(name, folder) for name in names) for names in (scripts, styles))
    return (
        _environment(folder)
        .get_template(template)
        .render({"data": None, **values}, style=style, script=script, policy=_policy(script, style))
    )


def write_page(text: str, path: str | os.PathLike[str]) -> None:
    """Write a page, whole or not at all.

    Raises
    ------
    SinkError
        The file cannot be written.
    """
    try:
        atomic.write(path, [text.encode("utf-8")])
    except OSError as error:
        raise SinkError(
            f"The report cannot be written to {str(path)!r}: {error.strerror or error}. "
            "Give a file in a folder that exists, that you may write to and that has space left."
        ) from error


@functools.cache
def _asset(name: str, folder: Path) -> str:
    place = folder / name
    return (place if place.is_file() else ASSETS / name).read_text("utf-8")


@functools.cache
def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, ASSETS]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(legible=legible, number=number, count="{:,}".format)
    return environment


def _policy(script: str, style: str) -> str:
    """Return the content security policy: nothing is fetched, nothing runs but this script."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    return (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
