"""The demonstration: what is amiss in three real data sets that ship with amiss."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from amiss import datasets
from amiss.datasets import Dataset
from amiss.detection import Detection
from amiss.errors import SinkError
from amiss.job import Job, Reading, judge, read
from amiss.outputs import choose_outputs, write


@dataclass(frozen=True)
class Shown:
    """One data set of the demonstration.

    Attributes
    ----------
    dataset : Dataset
    command : str
        What repeats it, from the folder it was run in.
    job : Job
    reading : Reading
    detection : Detection
    report : str
        The path of the report.
    """

    dataset: Dataset
    command: str
    job: Job
    reading: Reading
    detection: Detection
    report: str


def demonstrate(folder: str, told: Callable[[str], None] = lambda text: None) -> Iterator[Shown]:
    """Copy each data set to ``folder``, find what is amiss in it, and write its report there.

    Raises
    ------
    SinkError
        The folder cannot be written to.
    """
    for name in datasets.names():
        dataset = datasets.describe(name)
        data, report = _copied(dataset, Path(folder)), str(Path(folder, f"{name}.html"))
        job = Job(data)
        command = shlex.join(["amiss", "detect", data, "--report", report])
        reading = read(job, told)
        detection = judge(job, reading, told)
        write(detection, choose_outputs([report]), title=dataset.title, command=command)
        yield Shown(dataset, command, job, reading, detection, report)


def _copied(dataset: Dataset, folder: Path) -> str:
    """Copy the data next to its report, where a person can look at it; return its path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return str(shutil.copyfile(dataset.path, folder / dataset.path.name))
    except OSError as error:
        raise SinkError(
            f"The folder {str(folder)!r} cannot be written to: {error.strerror or error}. "
            "Name one that can: amiss demo --folder DIR."
        ) from error
