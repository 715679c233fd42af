"""Workers: processes of our own that do one task after another; what they answer comes back in any order.

They are plain Python processes that read tasks from their standard input and write answers to their standard output,
packed as `packed` packs: no fork (threads of other libraries would be cut off in the middle), no pickle, and no need of
``if __name__ == "__main__"`` in the program that calls. A worker ends with its standard input, that is, with us.
"""

from __future__ import annotations

import importlib
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from amiss.errors import AmissError
from amiss.packed import pack, unpack

Task = dict[str, Any]
Answer = tuple[int, Any, str | None]

_LENGTH = struct.Struct("<Q")
_SERVE = "from amiss.workers import serve; serve()"
_AHEAD = 2  # tasks of a worker that are under way: one at work, one at hand
_PATIENCE = 1.0  # seconds; where a signal does not end a wait, Ctrl-C is seen that late
_GRACE = 10.0  # seconds in which a worker ends whose pipes are closed
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)


class WorkersError(AmissError):
    """No worker can be started here."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_workers(place: str, opening: Task, tasks: Iterable[Task], count: int) -> Iterator[Answer]:
    """Yield the number, the answer and the fault of each task, as they come.

    Two tasks a worker are taken from ``tasks`` before their turn and no more, so that memory stays bounded. However it
    ends, by an error, by Ctrl-C or because nobody asks for more, no worker is left. Where a worker ends in the middle
    of a task, that task has a fault, and another worker takes its place.

    Parameters
    ----------
    place : str
        A module with a function ``open_work(opening)`` that returns what does a task, and a dict ``RECORDS`` of the
        dataclasses that tasks and answers hold.
    opening : dict
        What all tasks share.
    tasks : iterable of dict
    count : int
        How many workers.

    Yields
    ------
    number : int
        Which task, from 0.
    answer : Any
        None where the worker ended.
    fault : str or None
        How it ended: "by signal 9", "with status 1".

    Raises
    ------
    WorkersError
        None can be started.
    """
    given: queue.SimpleQueue[tuple[int, Task] | None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()
    hands = [_Hand(place, pack(opening), given, answers) for _ in range(count)]
    numbered, under_way = enumerate(tasks), 0
    try:
        while True:
            while under_way < _AHEAD * count and (following := next(numbered, None)) is not None:
                given.put(following)
                under_way += 1
            if not under_way:
                return
            answer = _next(answers)
            under_way -= 1
            yield answer
    finally:
        for hand in hands:
            hand.end()
        for hand in hands:
            hand.thread.join()


def _next(answers: queue.SimpleQueue[Answer | BaseException]) -> Answer:
    while True:
        try:
            answer = answers.get(timeout=_PATIENCE)
        except queue.Empty:
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer


class _Hand:
    """A thread that hands tasks to a worker of its own, and its answers back."""

    def __init__(
        self, place: str, opening: bytes, given: queue.SimpleQueue[Any], answers: queue.SimpleQueue[Any]
    ) -> None:
        self.place, self.opening, self.given, self.answers = place, opening, given, answers
        self.records = importlib.import_module(place).RECORDS
        self.process: subprocess.Popen[bytes] | None = None
        self.ended, self.guard = False, threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def end(self) -> None:
        """End the worker at once, whatever it does; the thread ends soon after."""
        with self.guard:
            self.ended = True
            if self.process is not None:
                self.process.kill()
        self.given.put(None)

    def _run(self) -> None:
        while (item := self.given.get()) is not None and not self.ended:
            try:
                self.answers.put(self._done(*item))
            except BaseException as error:  # noqa: BLE001 - raised again where the answers are heard
                self.answers.put(error)
        self._close()

    def _done(self, number: int, task: Task) -> Answer:
        message = pack(task)
        process = self.process or self._started()
        try:
            _send(process.stdin, message)
            answer = _receive(process.stdout)
        except OSError:  # the pipe is broken
            answer = None
        if answer is not None:
            return number, unpack(answer, self.records), None
        return number, None, self._close()

    def _started(self) -> subprocess.Popen[bytes]:
        with self.guard:
            if self.ended:
                raise WorkersError("The work was ended.")
            process = self.process = _worker()
        try:
            _send(process.stdin, self.place.encode())
            _send(process.stdin, self.opening)
            ready = _receive(process.stdout)
        except OSError:
            ready = None
        if ready is None:
            raise WorkersError(f"A worker process ended {self._close()} before it was ready.")
        return process

    def _close(self) -> str:
        """Wait for the end of the worker; return how it ended."""
        with self.guard:
            process, self.process = self.process, None
        if process is None:
            return ""
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()  # type: ignore[union-attr]
            except OSError:  # what it was to be told is told to nobody
                continue
        try:
            status = process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # it answers no more, and does not end
            process.kill()
            status = process.wait()
        return f"by signal {-status}" if status < 0 else f"with status {status}"


def _worker() -> subprocess.Popen[bytes]:
    """Start a worker; Ctrl-C on the terminal does not reach it, we end it."""
    search = os.pathsep.join(path or os.getcwd() for path in sys.path)
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        return subprocess.Popen(  # noqa: S603 - our own code, in this very Python
            [sys.executable, "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": search},
            **apart,
        )
    except (OSError, ValueError) as error:
        raise WorkersError(f"No worker process can be started: {error}.") from error


def serve() -> None:
    """Do the tasks that come in by the standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    tasks = sys.stdin.buffer
    place, opening = _receive(tasks), _receive(tasks)
    if place is None or opening is None:
        return
    module = importlib.import_module(place.decode())
    work: Callable[[Task], Any] = module.open_work(unpack(opening, module.RECORDS))
    _send(answers, b"ready")
    while (task := _receive(tasks)) is not None:
        _send(answers, pack(work(unpack(task, module.RECORDS))))


def _send(pipe: BinaryIO | Any, message: bytes) -> None:
    pipe.write(_LENGTH.pack(len(message)))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: BinaryIO | Any) -> bytes | None:
    """Return the next message, None where the other side has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message: bytes = pipe.read(length)
    return message if len(message) == length else None
