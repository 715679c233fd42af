"""Pace: how much is done, how fast it goes, and how long it will take, in words."""

from __future__ import annotations

import time


class Pace:
    """How fast rows are scored, and how long it will take.

    Parameters
    ----------
    rows : int
        All there are.
    before : int
        Those that were done before it started.
    """

    def __init__(self, rows: int, before: int) -> None:
        self.rows, self.before, self.started = rows, before, time.monotonic()

    def words(self, done: int) -> str:
        """Return rows done, rate and time left in words."""
        spent = time.monotonic() - self.started
        told = f"Scoring: {done:,} of {self.rows:,} rows"
        if done == self.before or spent <= 0:
            return told
        rate = (done - self.before) / spent
        return f"{told}, {rate:,.0f} rows/s, {duration((self.rows - done) / rate)} left"


def duration(seconds: float) -> str:
    """Return a time as a person says it.

    Examples
    --------
    >>> duration(7.2), duration(200), duration(9000)
    ('7 s', '3 min 20 s', '2 h 30 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
    )
