"""Progress: what long work is at, told to whoever listens; nobody listens by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Told = Callable[[str], None]
"""Told what the work is at: "Learning: epoch 3 of 50, loss 0.12"."""

_LISTENER: ContextVar[Told | None] = ContextVar("amiss_progress", default=None)


def tell(text: str) -> None:
    """Say what the work is at; costs nothing where nobody listens."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(text)


@contextmanager
def listening(told: Told) -> Iterator[None]:
    """Hear what is told meanwhile.

    Parameters
    ----------
    told : callable
        Takes the text.

    Examples
    --------
    >>> heard = []
    >>> with listening(heard.append):
    ...     tell("epoch 1 of 2")
    >>> heard
    ['epoch 1 of 2']
    """
    token = _LISTENER.set(told)
    try:
        yield
    finally:
        _LISTENER.reset(token)
