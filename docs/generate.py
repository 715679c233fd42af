"""Write the generated pages of the docs: `cli.md` from the commands' own help, `parts.md` from the shelves.

    python docs/generate.py

tests/test_docs.py fails when a page is not what this writes.
"""

from __future__ import annotations

import inspect
import os
import pathlib
import subprocess
import sys

from amiss.clusters import Cluster
from amiss.models import Model
from amiss.part import Part, shelf_of
from amiss.sinks import Sink
from amiss.sources import Source
from amiss.thresholds import Threshold

HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = ("detect", "fit", "explain", "report", "export", "info", "bench", "parts", "demo")


def help_text(*command: str) -> str:
    """Return what ``amiss COMMAND --help`` prints at 100 columns."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    run = [sys.executable, "-m", "amiss", *command, "--help"]
    text = subprocess.run(run, capture_output=True, text=True, check=True, env=environment).stdout
    return text.replace("python -m amiss", "amiss").rstrip()


def cli_page() -> str:
    """Return the page of the command line."""
    pieces = [
        "# Command line",
        "",
        "Exit status: 0 nothing is amiss, 1 anomalies (or more than `--fail-on`), 2 usage or",
    ]
    pieces += ["input error, 130 interrupted.", "", "```text", help_text(), "```", ""]
    for command in COMMANDS:
        pieces += [f"## amiss {command}", "", "```text", help_text(command), "```", ""]
    return "\n".join(pieces)


def first_line(part: type[Part]) -> str:
    """Return the first line of a part's docstring."""
    return inspect.getdoc(part).partition("\n")[0] if part.__doc__ else ""


def parts_page() -> str:
    """Return the page of all parts with their parameters."""
    pieces = [
        "# Parts",
        "",
        "Anything on a shelf is asked for by name, with parameters where they differ from the default:",
        '`--threshold peaks:risk=0.001`, `TableDetector(threshold="mean_std:k=2.5")`. `amiss parts` prints this list.',
        "",
    ]
    for base in (Model, Threshold, Source, Sink, Cluster):
        pieces += [
            f"## {base.shelf.capitalize()}s",
            "",
            "| name | parameters and defaults | what |",
            "|---|---|---|",
        ]
        ours = {name: part for name, part in shelf_of(base).items() if part.__module__.startswith("amiss.")}
        for name, part in ours.items():
            parameters = ", ".join(f"`{k}={v}`" for k, v in part.parameter_defaults().items())
            kinds = ", ".join(sorted(getattr(part, "kinds", ())))
            what = first_line(part) + (f" ({kinds})" if kinds else "")
            pieces.append(f"| `{name}` | {parameters} | {what} |")
        pieces.append("")
    return "\n".join(pieces)


PAGES = {"cli.md": cli_page, "parts.md": parts_page}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (HERE / page).write_text(write(), encoding="utf-8")
        print(HERE / page)
