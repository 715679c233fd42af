"""Cause real faults while a model is saved: kill -9, failing system calls, a file that may not grow.

Run as a program, for a process that forks must have no threads: ``python faults.py FAULT FOLDER`` prints, as
JSON, what each round left behind. System calls fail by a seccomp filter: the kernel itself returns the error.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import platform
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import amiss
from amiss.errors import ModelFileError
from toy import ToyDetector

EIO, ENOSPC = 5, 28
CALLS = {  # what Python calls -> the system calls that do it, by machine
    "fsync": {"x86_64": [74], "aarch64": [82]},
    "replace": {"x86_64": [82, 264, 316], "aarch64": [38, 276]},
    "link": {"x86_64": [86, 265], "aarch64": [37]},
    "writelines": {"x86_64": [1, 20], "aarch64": [64, 66]},
}
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


def fail(name: str, error: int) -> None:
    """Let the kernel refuse a system call from here on, in this process, for good."""
    numbers = CALLS[name][platform.machine()]
    program = [(0x20, 0, 0, 0)]  # load the number of the call
    program += [(0x15, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]  # equal: jump to the refusal
    program += [(0x06, 0, 0, ALLOW), (0x06, 0, 0, REFUSE | error)]
    order = sys.byteorder
    code = b"".join(o.to_bytes(2, order) + bytes([y, n]) + k.to_bytes(4, order) for o, y, n, k in program)
    buffer = ctypes.create_string_buffer(code, len(code))

    class Filter(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))

    libc = ctypes.CDLL(None, use_errno=True)
    about = Filter(len(program), ctypes.addressof(buffer))
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(about), 0, 0)):  # no new privileges; the filter
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def refuse_kth(name: str, k: int, error: int) -> None:
    """Let the k-th call of a function and all that follow be refused by the kernel."""
    count = 0

    def watch(frame: Any, event: str, function: Any) -> None:
        nonlocal count
        if event == "c_call" and function.__name__ == name:
            count += 1
            if count == k:
                fail(name, error)

    sys.setprofile(watch)


def grow_no_further(size: int) -> None:
    """Let no file grow beyond a size in bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def detector_of(version: int, size: int) -> ToyDetector:
    """Return a detector that tells its version by its weight."""
    return ToyDetector(weight=float(version)).fit(np.random.default_rng(0).normal(size=(size, 4)))


def version_at(place: Path) -> float | str | None:
    """Return which detector the file holds, None where no file is, what is wrong with a broken one."""
    try:
        return amiss.load(place).weight if place.exists() else None
    except ModelFileError as error:
        return str(error)


def one_round(folder: Path, replaces: bool, fault: Callable[[], object]) -> dict[str, Any]:
    """Save version 2 where version 1 or nothing is, under a fault; return what is left."""
    for file in folder.iterdir():
        file.unlink()
    place, said = folder / "model.amiss", mmap.mmap(-1, 4096)  # a pipe would be one more write
    if replaces:
        amiss.save(detector_of(1, 50), place)
    new = detector_of(2, 50)
    child = os.fork()
    if child == 0:
        code = 3
        try:
            fault()
            amiss.save(new, place)
            code = 0
        except ModelFileError as error:
            text = str(error).encode()[:4096]
            said[: len(text)] = text
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    version, left = version_at(place), sorted(p.name for p in folder.iterdir())
    return {"exit": code, "version": version, "left": left, "said": said[:].rstrip(b"\0").decode()}


def killed_while_saving(folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Kill -9 a process that saves one version after the other; return what was there before and after."""
    place, answers = folder / "model.amiss", []
    amiss.save(detector_of(0, 2000), place)
    start = time.perf_counter()
    amiss.save(detector_of(0, 2000), place)
    duration = time.perf_counter() - start
    after: float | str | None = 0.0
    for i in range(1, rounds + 1):
        new, before = detector_of(i, 2000), after
        child = os.fork()
        if child == 0:
            amiss.save(new, place)
            os._exit(0)
        time.sleep(random.uniform(0, 1.2 * duration))
        os.kill(child, signal.SIGKILL)
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        after = version_at(place)
        duration *= 0.93 if after == float(i) else 1.05  # a busy machine saves slower than it did at first
        answers.append({"killed": died, "before": before, "new": float(i), "after": after})
    return answers


def main(what: str, folder: Path) -> None:
    """Run one kind of fault; print the answers."""
    random.seed(0)
    if what == "kill":
        print(json.dumps(killed_while_saving(folder, 200)))
        return
    if what == "size":
        amiss.save(detector_of(2, 50), folder / "whole")
        sizes = np.linspace(0, (folder / "whole").stat().st_size - 1, 20).astype(int)
        faults = [lambda s=int(size): grow_no_further(s) for size in sizes]
    else:
        name, error = {"fsync": ("fsync", EIO), "replace": ("replace", EIO), "full": ("writelines", ENOSPC)}[
            what
        ]
        faults = [lambda k=k: refuse_kth(name, k, error) for k in range(1, 5)]
    print(json.dumps([one_round(folder, replaces, fault) for fault in faults for replaces in (True, False)]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
