"""Memory: how much there is, and what fits into it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from amiss.errors import ParameterError

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_PROCESS = 240 * 2**20
"""Bytes of a process that has loaded amiss and a model and scores 16,384 rows at a time: 165 MiB at rest, and what a
detector needs beside the rows."""
_MAIN = 160 * 2**20  # bytes of the process that hands out the work and does none of it
_COPIES = 4  # bytes that are needed to read a partition and to write its answer, for each byte of its rows
_FEWEST, _ENOUGH, _MOST = 2_000, 20_000, 100_000
"""Rows of a partition: fewer cost more than they save; from so many on another process pays; more bring no speed."""
_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Plan:
    """How the work is cut: rows of a partition at most, and processes at a time."""

    rows: int
    jobs: int


def bytes_of(text: str) -> int:
    """Return the bytes that a text spells.

    Raises
    ------
    ParameterError
        It spells none.

    Examples
    --------
    >>> bytes_of("2G"), bytes_of("512M"), bytes_of("1.5 GiB")
    (2147483648, 536870912, 1610612736)
    """
    spelt = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    size = int(float(spelt[1]) * _UNITS[spelt[2]]) if spelt else 0
    if size < 1:
        raise ParameterError(f"{text!r} says not how much memory. Legal: 512M, 2G, or a number of bytes.")
    return size


def free_bytes() -> int:
    """Return how much memory this process may still take: what is free on the machine, or in its cgroup."""
    return min([_on_machine(), *_in_cgroups()])


def _on_machine() -> int:
    try:
        told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text("ascii").splitlines())
        return int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):  # Windows
        return 2 * 2**30


def _in_cgroups() -> list[int]:
    found = []
    for place in _CGROUPS:
        try:
            found.append(int(Path(place).read_text("ascii")))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
    return found


def plan(memory: int, jobs: int, bytes_a_row: float) -> Plan:
    """Return the rows of a partition and the processes that stay within some memory, this process counted too.

    Parameters
    ----------
    memory : int
        Bytes for all processes together.
    jobs : int
        Processes that are wanted; fewer where memory is short.
    bytes_a_row : float
        What a row takes in a polars frame.

    Raises
    ------
    ParameterError
        Not even one process fits.

    Examples
    --------
    >>> plan(4 * 2**30, 2, 400.0), plan(600 * 2**20, 2, 400.0)
    (Plan(rows=100000, jobs=2), Plan(rows=100000, jobs=1))
    """
    for count in range(jobs, 0, -1):
        rows = int((_for_each(memory, count) - _PROCESS) / (_COPIES * max(bytes_a_row, 8.0)))
        if rows >= (_ENOUGH if count > 1 else _FEWEST):
            return Plan(min(rows, _MOST), count)
    least = least_bytes(_FEWEST, bytes_a_row)
    raise ParameterError(
        f"{memory:,} bytes of memory are too little for these rows of {bytes_a_row:,.0f} bytes. At least {least:,} "
        f"are needed. Give more (--memory {-(-least // 2**20)}M), or choose fewer columns."
    )


def jobs_for(memory: int, jobs: int, rows: int, bytes_a_row: float) -> int:
    """Return in how many processes partitions of so many rows stay within some memory, 0 where in none."""
    for count in range(jobs, 0, -1):
        if least_bytes(rows, bytes_a_row) <= _for_each(memory, count):
            return count
    return 0


def _for_each(memory: int, jobs: int) -> float:
    """Return the bytes for each of some processes; the only one is this very process."""
    return memory if jobs == 1 else (memory - _MAIN) / jobs


def least_bytes(rows: int, bytes_a_row: float) -> int:
    """Return what one process takes that works on partitions of so many rows."""
    return int(_PROCESS + _COPIES * rows * max(bytes_a_row, 8.0))
