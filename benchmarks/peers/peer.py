"""A peer: a method of another library, or a plain baseline, that scores a case with its default parameters."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from amiss.evaluation import Case, Scored


@dataclass(frozen=True)
class Peer:
    """One method.

    Attributes
    ----------
    name : str
    kinds : tuple of str
        Of the cases it can score.
    needs : tuple of str
        Modules that must be installed.
    score : callable
        Takes a case and a seed.
    stands_in_for : str
        The peer that is the same method in another library; this one is run where that one is not installed.
    """

    name: str
    kinds: tuple[str, ...]
    needs: tuple[str, ...]
    score: Callable[[Case, int], Scored]
    stands_in_for: str = ""

    @property
    def missing(self) -> list[str]:
        """The modules that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]
