"""The folder of a job: its part files, its model, and ``amiss-job.json``, by which the same job is known again.

A part file is there whole or not at all, so a job that was killed at any moment goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Self

from amiss import atomic
from amiss.clusters.partition_work import part_path, summary_at
from amiss.clusters.summary import Summary
from amiss.errors import SinkError
from amiss.partitions import Partition

RECORD, MODEL = "amiss-job.json", "model.amiss"
_OURS = re.compile(
    r"part-\d{5,}\.parquet|amiss-job\.json|model\.amiss(?:\..*)?|\.(?:part-|amiss-job|model).*\.(?:new|old)"
)
_LEFT = re.compile(r"\.(?:part-|amiss-job|model).*\.(?:new|old)")
_ADVICE = "Go on with the command of that job, name another folder, or delete this one."
_SHOWN = 3


class JobFolder:
    """A folder that belongs to one job.

    Parameters
    ----------
    path : str
        The folder; it may be there or not.

    Raises
    ------
    SinkError
        It is there and holds files that are of no job: those are left alone.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.model = os.path.join(path, MODEL)
        self._lock: BinaryIO | None = None
        self.record: dict[str, Any] | None = self._record()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Let others work in the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _record(self) -> dict[str, Any] | None:
        """Return what is kept of the job that the folder belongs to, None where it belongs to none."""
        try:
            names = os.listdir(self.path) if os.path.exists(self.path) else []
        except OSError as error:
            raise SinkError(
                f"{self.path!r} is no folder to write to: {error.strerror}. Name a new one."
            ) from error
        others = sorted(name for name in names if not _OURS.fullmatch(name))
        if others or (names and RECORD not in names):
            shown = ", ".join((others or sorted(names))[:_SHOWN])
            raise SinkError(
                f"The folder {self.path!r} holds files of something else ({shown}), so it is left alone. Name a new "
                "or an empty folder, or a file that ends in .parquet or .csv."
            )
        return self._read_record() if names else None

    def _read_record(self) -> dict[str, Any]:
        try:
            with open(os.path.join(self.path, RECORD), encoding="utf-8") as file:
                record = json.load(file)
            if isinstance(record, dict):
                return record
            reason = "it is no JSON object"
        except (OSError, ValueError) as error:
            reason = str(error)
        raise SinkError(
            f"{os.path.join(self.path, RECORD)!r} cannot be read: {reason}. Delete the folder, or name another one."
        )

    @property
    def rows(self) -> int | None:
        """Rows of a partition at most, as the job was cut; None where it is a new one."""
        rows = (self.record or {}).get("rows")
        return rows if isinstance(rows, int) and rows > 0 else None

    def check(self, record: dict[str, Any]) -> None:
        """Raise where the folder belongs to another job.

        Parameters
        ----------
        record : dict
            What the job is: ready for JSON.

        Raises
        ------
        SinkError
            In words what differs.
        """
        differs = "" if self.record is None else _difference(self.record, json.loads(json.dumps(record)))
        if differs:
            raise SinkError(f"The folder {self.path!r} holds the parts of another job: {differs}. {_ADVICE}")

    def take(self, record: dict[str, Any]) -> None:
        """Make the folder that of a job, or go on with it, and keep other runs out.

        Raises
        ------
        SinkError
            It cannot be written, or another run works in it.
        """
        if self.record is None:
            text = json.dumps(record, indent=1, ensure_ascii=True) + "\n"
            try:
                os.makedirs(self.path, exist_ok=True)
                atomic.write(os.path.join(self.path, RECORD), [text.encode("ascii")])
            except OSError as error:
                raise SinkError(
                    f"The folder {self.path!r} cannot be written: {error.strerror or error}. Name one in a place that "
                    "you may write to and that has room."
                ) from error
            self.record = record
        self._lock_it()
        self.clear_leftovers()

    def _lock_it(self) -> None:
        """Keep other runs of the job out until this one ends, however it ends."""
        try:
            import fcntl
        except ImportError:  # Windows
            return
        self._lock = open(os.path.join(self.path, RECORD), "rb")  # noqa: SIM115 - closed by __exit__
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SinkError(
                f"Another run works in the folder {self.path!r}. Wait for its end, or name another folder."
            ) from error
        except OSError:  # a file system without locks
            return

    def done(self, partitions: Sequence[Partition], model: str) -> list[Summary]:
        """Return the summaries of the partitions that were done by the model of this digest."""
        found = (summary_at(part_path(self.path, one.number)) for one in partitions)
        return [
            summary
            for one, summary in zip(partitions, found, strict=True)
            if summary is not None
            and (summary.number, summary.rows, summary.model) == (one.number, one.rows, model)
        ]

    def parts(self, count: int) -> list[str]:
        """Return the paths of the part files, in the order of the rows."""
        return [part_path(self.path, number) for number in range(count)]

    def clear_leftovers(self) -> None:
        """Take away what a process that was killed left half written, under a name of its own."""
        for name in filter(_LEFT.fullmatch, os.listdir(self.path)):
            with suppress(OSError):
                os.unlink(os.path.join(self.path, name))

    def remove(self) -> None:
        """Take the folder away, with what is of this job."""
        for name in filter(_OURS.fullmatch, os.listdir(self.path)):
            os.unlink(os.path.join(self.path, name))
        with suppress(OSError):  # somebody put a file there
            os.rmdir(self.path)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return in words what differs between two jobs, the first that does; empty where nothing does."""
    for name in [*new, *old]:
        before, now = old.get(name), new.get(name)
        if before != now:
            if name == "files" and _are_files(before):
                return _files_differ(before, now)
            return f"its {name}: {_shown(before)} then, {_shown(now)} now"
    return ""


def _are_files(value: Any) -> bool:
    """Return whether a value is what a record holds of files, as one that somebody changed need not."""
    files = value if isinstance(value, list) else [None]
    return all(isinstance(one, list) and len(one) > 1 and isinstance(one[0], str) for one in files)


def _files_differ(old: Any, new: Any) -> str:
    before, now = ({one[0]: one[1:] for one in files} for files in (old, new))
    for file in now:
        if file not in before:
            return f"{file!r} was not among its files"
        if before[file] != now[file]:
            return f"{file!r} was changed since"
    gone = next((file for file in before if file not in now), None)
    return f"{gone!r} was among its files" if gone else "its files came in another order"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:79] + "…"
