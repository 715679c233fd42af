"""Shelves: every part that can be asked for by name, for people and for the docs."""

from __future__ import annotations

import inspect
from typing import NamedTuple

from amiss.clusters import Cluster
from amiss.errors import UnknownPartError
from amiss.models import Model
from amiss.part import Part, shelf_of
from amiss.sinks import Sink
from amiss.sources import Source
from amiss.thresholds import Threshold


class Listed(NamedTuple):
    """One part: its name, its parameters with their defaults, and what it does in a sentence."""

    name: str
    parameters: dict[str, str]
    what: str

    @property
    def spelt(self) -> str:
        """The parameters and defaults: "risk=0.001, tail_shape=-0.2"."""
        return ", ".join(f"{name}={default}" for name, default in self.parameters.items())


def shelves(wanted: str | None = None) -> dict[str, list[Listed]]:
    """Return the parts of each shelf, or of the one that is wanted, by the name of the shelf.

    Raises
    ------
    UnknownPartError
        There is no such shelf.
    """
    bases: list[type[Part]] = [Model, Threshold, Source, Sink, Cluster]
    listed = {f"{base.shelf}s": [_listed(part) for part in shelf_of(base).values()] for base in bases}
    if wanted is None:
        return listed
    if wanted not in listed:
        raise UnknownPartError.of("shelf", wanted, listed)
    return {wanted: listed[wanted]}


def _listed(part: type[Part]) -> Listed:
    defaults = {name: str(value) for name, value in part.parameter_defaults().items() if name != "limits"}
    sentence = " ".join((inspect.getdoc(part) or "").partition("\n\n")[0].split()).replace("``", "")
    return Listed(part.name, defaults, sentence)
