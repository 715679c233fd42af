"""What is shown on the terminal: rich tables for people, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from amiss.detection import Anomaly


_CAUSES = 3  # causes of an anomaly in the table on a terminal


def printable(text: object) -> str:
    """Return text with what a terminal would act upon as escapes: controls, direction marks, lone surrogates.

    Examples
    --------
    >>> print(printable("a\\x1b[31mred"))
    a\\x1b[31mred
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def say(line: object = "") -> None:
    """Print one line; on a terminal it is wrapped between words."""
    text = printable(line)
    if not sys.stdout.isatty():
        click.echo(text)
        return
    _console().print(text, markup=False, highlight=False, overflow="fold")


def table(head: Sequence[str], rows: Iterable[Sequence[object]], plain: str = "  ") -> None:
    """Print rows: a table on a terminal, lines with ``plain`` between the cells in a pipe."""
    texts = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            click.echo(plain.join(filter(None, row)))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=False)
    for column in drawn.columns[:-1]:
        column.overflow, column.max_width = "fold", 34
    for row in texts:
        drawn.add_row(*map(Text, row))
    _console().print(drawn)


def figures(head: Sequence[str], rows: Iterable[Sequence[object]], words: int = 2) -> None:
    """Print rows of figures under their heads, all but the first ``words`` columns to the right.

    A table on a terminal, aligned lines in a pipe.
    """
    texts = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich import box
        from rich.table import Table
        from rich.text import Text

        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=False)
        for place, name in enumerate(head):
            drawn.add_column(name, justify="left" if place < words else "right", overflow="fold")
        for row in texts:
            drawn.add_row(*map(Text, row))
        _console().print(drawn)
        return
    widths = [max(map(len, column)) for column in zip(head, *texts, strict=True)]
    for row in (list(head), *texts):
        cells = [
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def anomalies(found: Sequence[Anomaly], most: int) -> None:
    """Print the worst anomalies, each with its causes."""
    worst = found[:most]
    if not sys.stdout.isatty():
        for anomaly in worst:
            click.echo(printable(anomaly))
        return
    from amiss.detection import times

    kinds = any(a.kind for a in worst)
    rows = [
        (
            a.label,
            *[a.told_kind] * kinds,
            f"{times(a.score)} x",
            f"{a.p_value:.2g}",
            "; ".join(map(str, a.causes[:_CAUSES])),
        )
        for a in worst
    ]
    if rows:
        table(("where", *["kind"] * kinds, "score", "p", "why"), rows)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that says on the terminal what is being done; silent where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("...") as status:
        yield lambda text: status.update(printable(text) + " ...")


@contextmanager
def counting(quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that draws a bar on the terminal: done, of how many, what; silent where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, of, text: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, of, text: bar.update(
            task, completed=done, total=of, description=escape(printable(text))
        )


def _console() -> Any:
    from rich.console import Console

    return Console(soft_wrap=False)
