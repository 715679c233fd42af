"""Run a command and measure it with all its processes: seconds, peak memory; within a memory limit, if asked."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.1  # seconds between two looks at the memory
_GROUPS = Path("/sys/fs/cgroup/memory")  # control groups, version 1


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes
    ----------
    status : int
        Exit status; below 0 the signal that ended it.
    wall, cpu : float
        Seconds; CPU of all its processes, of one that nobody waited for up to the last look at it.
    peak : float
        Most memory of all its processes at one moment, MiB; what they share counts once.
    told : str
        What it wrote to standard output and standard error.
    """

    status: int
    wall: float
    cpu: float
    peak: float
    told: str


def measure(
    command: Sequence[str], limit: int | None = None, stop: Callable[[], bool] = lambda: False
) -> Measured:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
    limit : int, optional
        Most memory of all its processes together, MiB, as the kernel counts it: what is beyond ends them.
    stop : callable
        Asked ten times a second; once it says True all processes of the command are killed (kill -9).
    """
    group = _group(limit) if limit else None

    def join() -> None:
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    with tempfile.TemporaryFile("w+") as told:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=told, stderr=told, preexec_fn=join, start_new_session=True)
        peaks, ended, spent = [0.0], threading.Event(), dict[int, float]()
        watcher = threading.Thread(target=_watch, args=(child.pid, peaks, spent, ended, stop))
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)  # or it would be missed
        wall = time.perf_counter() - began
        ended.set()
        watcher.join()
        _kill(child.pid)
        told.seek(0)
        words = told.read()
    if group:
        _remove(group)
    return Measured(
        child.returncode, wall, max(usage.ru_utime + usage.ru_stime, sum(spent.values())), max(peaks), words
    )


def _watch(
    leader: int,
    peaks: list[float],
    spent: dict[int, float],
    ended: threading.Event,
    stop: Callable[[], bool],
) -> None:
    while not ended.wait(_EVERY):
        members = family(leader)
        peaks.append(sum(map(memory, members)))
        spent.update({one: max(seconds(one), spent.get(one, 0.0)) for one in members})  # 0 once it has ended
        if stop():
            _kill(leader)
            return


def _kill(session: int) -> None:
    """Kill every process of the session that the command leads, and no other."""
    for process in _processes():
        if _stat(process)[3:4] == [str(session)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue


def family(leader: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = {process: _stat(process)[1:2] for process in _processes()}
    found = [leader]
    for one in found:
        found += [process for process, parent in parents.items() if parent == [str(one)]]
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(process: int) -> list[str]:
    """Return state, parent, group, session and what follows of a process; nothing where it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def seconds(process: int) -> float:
    """Return the CPU seconds of a process so far, without those of its children."""
    user, system = _stat(process)[11:13] or (0, 0)
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory(process: int) -> float:
    """Return the memory of a process, MiB; of what it shares with others its part (proportional set size)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _group(limit: int) -> Path:
    if not _GROUPS.is_dir() or not os.access(_GROUPS, os.W_OK):
        raise SystemExit(
            f"A memory limit needs {_GROUPS} (control groups, version 1) and the right to write there."
        )
    group = _GROUPS / f"amiss-{os.getpid()}"
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(str(limit << 20))
    return group


def _remove(group: Path) -> None:
    for _ in range(50):
        try:
            group.rmdir()
            return
        except OSError:  # a killed process is still leaving
            time.sleep(0.1)
