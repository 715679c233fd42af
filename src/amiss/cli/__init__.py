"""The command line: each command's file is imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import click

_COMMANDS = {
    "detect": "Find what is amiss in a file, a stream of lines or a database table.",
    "fit": "Learn what is normal and keep it in a model file.",
    "explain": "Say why items score what they score, flagged or not.",
    "report": "Write the report of what is amiss as one HTML file.",
    "export": "Write a model file as an ONNX file, for other programs.",
    "info": "Say what a model file has learnt.",
    "bench": "Judge the detectors on labelled data of your own.",
    "parts": "List every model, threshold, source, sink and cluster with its options.",
    "demo": "Find what is amiss in three real data sets that ship with amiss.",
}

_FAULT = 70  # EX_SOFTWARE of sysexits.h


class _InterruptedError(Exception):
    """Ctrl-C, told apart from click's own handling of it, which prints an empty line."""


class _Commands(click.Group):
    """Knows its commands by name, so that help imports none of them."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise _InterruptedError from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"amiss.cli.{cmd_name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            known = ", ".join(_COMMANDS)
            ctx.fail(f"Command {args[0]!r} is not known. Known: {known}.{guess}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 nothing is amiss, 1 anomalies (or more than --fail-on), 2 usage or input error, "
    "70 a fault of amiss itself, 130 interrupted.",
)
@click.version_option(package_name="amiss", message="amiss %(version)s")
def amiss() -> None:
    """Find what is amiss in a table, a time series or a list of strings: which value is to blame, what was
    expected instead, how sure it is.
    """


def run() -> None:
    """Run the command line and exit: 0 nothing is amiss, 1 anomalies, 2 wrong input, 70 our fault, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_status())


def _status() -> int:
    """Run the command line and return the exit status."""
    from amiss.errors import AmissError, AmissWarning

    warnings.simplefilter("ignore", AmissWarning)  # notes: every command prints them
    try:
        status = amiss.main(prog_name="amiss", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except (_InterruptedError, KeyboardInterrupt, click.Abort):
        print("amiss: interrupted; nothing is half written.", file=sys.stderr)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except AmissError as error:
        return _complain(str(error))
    except MemoryError:
        return _complain(
            "There is not enough memory for this. Look at fewer columns (--columns) or fewer rows."
        )
    except BrokenPipeError:  # the reader of the pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - a traceback ends with 1, which says "anomalies"
        return _confess(error)


def _confess(error: Exception) -> int:
    """Say that amiss itself is at fault, and where; the status is none that an answer has."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(last.filename)} line {last.lineno}"
    _complain(
        f"This is a fault of amiss, not of your data: {type(error).__name__}: {error} ({where}). Please report "
        "it with the command; AMISS_TRACEBACK=1 shows the whole way to it."
    )
    if os.environ.get("AMISS_TRACEBACK"):
        traceback.print_exception(error)
    return _FAULT


def _complain(sentence: str) -> int:
    from amiss.cli.screen import printable

    print(f"amiss: {printable(sentence)}", file=sys.stderr)
    return 2
