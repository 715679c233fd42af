"""Options that several commands share, and the job they spell."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from amiss.job import Allowance, Job

Command = Callable[..., Any]

_DATA = [
    click.argument("place", metavar="FILE"),
    click.option(
        "--format", metavar="SPEC", help="Source and its options, such as csv:delimiter=tab; found else."
    ),
    click.option(
        "--columns",
        metavar="A,B",
        multiple=True,
        help="Look at these columns only; more than once, or a list.",
    ),
    click.option("--key", metavar="COLUMN", help="The column that names the rows; it is not looked at."),
    click.option(
        "--labels",
        metavar="COLUMN",
        help="The column that holds 1 for rows known to be bad, 0 for good ones; it is not looked at.",
    ),
    click.option("--time", metavar="COLUMN", help="The column that holds the time: the data is a series."),
    click.option("--table", metavar="NAME", help="The table or view of a database."),
    click.option("--query", metavar="SELECT", help="The query of a database."),
    click.option(
        "--limits",
        metavar="NAME=N",
        multiple=True,
        help="How much is read at most: bytes=5G, cells=1G, cell_length=1M, ratio=500.",
    ),
]
_LEARNING = [
    click.option("--kind", metavar="KIND", help="table, series or strings; chosen from the data else."),
    click.option(
        "--models",
        metavar="SPEC",
        multiple=True,
        help="auto, fast, or models such as memory:k=5; more than once.",
    ),
    click.option(
        "--threshold", metavar="SPEC", help="Where abnormal starts, such as peaks:risk=0.001 (the default)."
    ),
    click.option(
        "--training-data", metavar="STATE", help="mixed (may hold anomalies, the default) or clean."
    ),
    click.option("--random-state", metavar="N", type=int, help="Seed of all that is random; 0 by default."),
    click.option(
        "--kinds",
        metavar="COLUMN=KIND",
        multiple=True,
        help="Tables: the kind of a column, such as zip=categorical.",
    ),
    click.option(
        "--missing",
        metavar="TEXT",
        multiple=True,
        help="Tables: a text that stands for no value, such as n/a.",
    ),
    click.option(
        "--window", metavar="N", type=int, help="Series: points in a window; the period found else."
    ),
    click.option(
        "--by",
        metavar="A,B",
        multiple=True,
        help="Series: the key columns; one series a key. More than once, or a list.",
    ),
    click.option("--apart", is_flag=True, help="Series: each column is a series of its own."),
    click.option(
        "--share", is_flag=True, help="Series by key or apart: one model for all instead of one each."
    ),
    click.option(
        "--tz", metavar="ZONE", help="Series: the time zone of times that name none, such as Europe/Berlin."
    ),
    click.option(
        "--holidays",
        metavar="DATES",
        help="Series: days off, such as 2026-12-24,12-25 (every year), or a country such as DE.",
    ),
    click.option(
        "--time-format",
        metavar="FORMAT",
        help="Series: what times do not tell themselves: s, ms, us, ns, excel, dmy or mdy.",
    ),
    click.option(
        "--duplicates", metavar="HOW", help="Series: rows of one time: mean (the default), last or error."
    ),
    click.option(
        "--gap", metavar="HOW", help="Series: missing values: mask (the default), interpolate or zero."
    ),
    click.option(
        "--merge-gap",
        metavar="N",
        type=int,
        help="Series: events with at most N points between them are one.",
    ),
    click.option(
        "--events",
        metavar="RULES",
        help="Series: when an event begins and is over, such as leave=0.7,cool_down=24,min_length=3.",
    ),
]
_NETWORK = [
    click.option(
        "--network",
        metavar="MODULE:NAME",
        help="A network of your own: class, object or function of a Python module that lies here or is installed.",
    )
]
_JOBS = [
    click.option(
        "--jobs",
        metavar="N",
        type=click.IntRange(min=1),
        help="Many series, and data larger than memory: in how many processes; all processors by default.",
    )
]
_SAMPLE = [
    click.option(
        "--memory",
        metavar="SIZE",
        help="Work in parts, in so much memory at most, such as 2G; half of what is free for a folder or a glob.",
    ),
    click.option(
        "--sample",
        metavar="N",
        type=click.IntRange(min=1),
        help="In parts: rows to learn from, drawn at random; 20000 by default.",
    ),
]
_SCALE = [
    *_SAMPLE,
    click.option("--cluster", metavar="SPEC", help="In parts: where the work is done; local by default."),
    click.option(
        "--master", metavar="URL", help="With --cluster spark: where it is, such as spark://HOST:7077."
    ),
]
_MODEL = [
    click.option(
        "-m", "--model", metavar="MODEL", help="Judge by this model file instead of learning from the data."
    )
]


def _with(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def takes_job(command: Command) -> Command:
    """Give a command the options of a job; it gets the job as ``job``."""
    return _with(_DATA + _MODEL + _LEARNING + _JOBS + _NETWORK)(_joined(command))


def takes_sample(command: Command) -> Command:
    """Give a command the options of learning from a sample; it gets what was said as ``scale``, by name."""

    @wraps(command)
    def joined(**given: Any) -> Any:
        scale = _said(given, "memory", "sample")
        return command(scale=scale, **given)

    return _with(_SAMPLE)(joined)


def takes_scale(command: Command) -> Command:
    """Give a command the options of work in parts; it gets what was said as ``scale``, by name."""

    @wraps(command)
    def joined(**given: Any) -> Any:
        master = given.pop("master")
        scale = _said(given, "memory", "sample", "cluster")
        if master is not None:
            scale["cluster"] = _with_master(scale.get("cluster"), master)
        return command(scale=scale, **given)

    return _with(_SCALE)(joined)


def _said(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take options out of ``given``; return those that were said."""
    taken = {name: given.pop(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}


def _with_master(cluster: str | None, master: str) -> str:
    if cluster != "spark":
        raise click.UsageError(f"--master {master!r} says where a Spark cluster is. Add: --cluster spark.")
    return f"spark:master={master}"


def takes_learning_job(command: Command) -> Command:
    """Give a command the options of a job that learns; it gets the job as ``job``."""
    return _with(_DATA + _LEARNING + _JOBS + _NETWORK)(_joined(command))


def _joined(command: Command) -> Command:
    @wraps(command)
    def joined(**given: Any) -> Any:
        return command(job=_job(given), **given)

    return joined


def _job(given: dict[str, Any]) -> Job:
    """Take the options of a job out of ``given``, and return the job."""
    from amiss.job import Job

    params = {
        "models": models_of(given.pop("models")),
        "threshold": given.pop("threshold"),
        "training_data": given.pop("training_data"),
        "random_state": given.pop("random_state"),
        "time": given.pop("time"),
        "kinds": dict(map(_pair, given.pop("kinds"))) or None,
        "missing": given.pop("missing") or None,
        "window": given.pop("window"),
        "merge_gap": given.pop("merge_gap"),
        "by": [name for text in given.pop("by") for name in text.split(",")] or None,
        "channels": "apart" if given.pop("apart") else None,
        "share": given.pop("share") or None,
        "tz": given.pop("tz"),
        "holidays": given.pop("holidays"),
        "time_format": given.pop("time_format"),
        "duplicates": given.pop("duplicates"),
        "gap": given.pop("gap"),
        "jobs": given.pop("jobs"),
        "events": given.pop("events"),
    }
    columns = tuple(name for text in given.pop("columns") for name in text.split(","))
    names = ("place", "format", "table", "query", "key", "labels", "limits", "kind", "network")
    said = {name: given.pop(name) for name in names}
    given_params = {name: value for name, value in params.items() if value is not None}
    return Job(**said, columns=columns, params=given_params, model=given.pop("model", None))


def models_of(asked: tuple[str, ...]) -> str | list[str] | None:
    """Return the models as detectors take them; None where none are asked for."""
    if len(asked) == 1 and asked[0] in ("auto", "fast"):
        return asked[0]
    return list(asked) or None


def _pair(text: str) -> tuple[str, str]:
    name, equals, kind = text.rpartition("=")
    if not equals or not name:
        raise click.UsageError(f"--kinds {text!r} is not NAME=KIND, such as zip=categorical.")
    return name, kind


class AllowanceType(click.ParamType["Allowance"]):
    """A number of anomalies, or a share of the items."""

    name = "allowance"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Allowance:
        """Return the allowance that the text spells."""
        from amiss.errors import ParameterError
        from amiss.job import Allowance

        try:
            return value if isinstance(value, Allowance) else Allowance.of(value)
        except ParameterError as error:
            self.fail(str(error), param, ctx)


def repeat() -> str:
    """Return the command to repeat this run, passwords masked."""
    from amiss.sources.sql import masked

    return shlex.join(["amiss", *(masked(word) if "://" in word else word for word in sys.argv[1:])])
