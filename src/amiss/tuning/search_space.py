"""Search space: the neural models of a detector, what may be tried for them, and the rows they learn from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.detectors.base import Detector
from amiss.errors import AmissWarning, DataError, ParameterError
from amiss.models.asked import fresh_models
from amiss.models.autoencoder import Autoencoder
from amiss.models.base import Model
from amiss.networks.rows import Rows
from amiss.part import Part, make_part, shelf_of

if TYPE_CHECKING:
    import optuna

_WIDEST = 256  # where the number of values in a row is the most that is tried
_NARROW = 16  # values: with fewer, a logarithmic scale would try little but the least
_DIGITS = 3  # of a number tried: more make no difference and are hard to read


@dataclass(frozen=True, eq=False)
class Member:
    """A neural model of a detector.

    Attributes
    ----------
    place : int
        Among the models of the detector.
    part : Part
        As it was asked for.
    written : bool
        Whether it was asked for by a text.
    prefix : str
        Of its parameters' names: "" where it is the only one, else "dense." or the like.
    scales : dict of str to tuple
        What is tried for each parameter that was not set, as in `Part.searched`.
    rows : Rows or None
        What it learns from, as an autoencoder sees it; None for a model that sees the data its own way.
    clean : bool
        Whether they hold no anomalies.
    """

    place: int
    part: Part
    written: bool
    prefix: str = ""
    scales: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    rows: Rows | None = None
    clean: bool = False

    def made(self, parameters: dict[str, Any]) -> Part:
        """Return the model, fresh, with those parameters that are its own."""
        own = {n: parameters[self.prefix + n] for n in self.scales if self.prefix + n in parameters}
        return type(self.part)(**(self.part.parameters() | own))


@dataclass(frozen=True, eq=False)
class SearchSpace:
    """What may be tried for a detector.

    Attributes
    ----------
    detector : Detector
        As it was given.
    asked : list
        Its models, "auto" and "fast" resolved.
    members : list of Member
        Those of them that are searched.
    """

    detector: Detector
    asked: list[Any]
    members: list[Member]

    @classmethod
    def of(cls, detector: Detector, data: Any, seed: int) -> SearchSpace:
        """Return the search space of a detector on some data.

        Raises
        ------
        ParameterError
            There is nothing to search.
        DataError
            The data cannot be used.
        """
        asked = _asked_models(detector, data, seed)
        members = [member for place, one in enumerate(asked) if (member := _member(place, one))]
        if not members:
            kind = detector.kind
            known = [n for n, p in shelf_of(Model).items() if kind in getattr(p, "kinds", ()) and p.searched]
            raise ParameterError(
                f"There is nothing to tune: models={detector.models!r} holds no neural model with a parameter left "
                f"open. Neural models for {kind}: {', '.join(known) or 'none'}."
            )
        return cls(detector, asked, [_with_rows(m, detector, data, seed) for m in _named(members)])

    def models(self, parameters: dict[str, Any]) -> Any:
        """Return the models with some parameters: texts where they were texts, one where it was one."""
        if not parameters:
            return self.detector.models
        models = list(self.asked)
        for member in self.members:
            made = member.made(parameters)
            models[member.place] = made.spec() if member.written else made
        alone = len(models) == 1 and not isinstance(self.detector.models, list | tuple)
        return models[0] if alone else models

    def suggested(self, trial: optuna.trial.Trial) -> dict[str, Any]:
        """Return what to try in a trial, by name, numbers to three digits."""
        return {
            member.prefix + name: tidy(_suggested(trial, member.prefix + name, scale))
            for member in self.members
            for name, scale in member.scales.items()
        }


def with_models(detector: Detector, models: Any, seed: int | None = None) -> Detector:
    """Return the detector, not fitted, with other models; with ``seed``, repeatable where it was not."""
    params = detector.get_params() | {"models": models}
    if seed is not None and not isinstance(detector.random_state, int):
        params["random_state"] = seed
    return type(detector)(**params)


def tidy(value: Any) -> Any:
    """Return a number with three digits; anything else as it is."""
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def _asked_models(detector: Detector, data: Any, seed: int) -> list[Any]:
    """Return the models asked for, "auto" and "fast" as the texts of those they stand for with this data."""
    models = detector.models
    several = list(models) if isinstance(models, list | tuple) else [models]
    if several not in (["auto"], ["fast"]):
        return several
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AmissWarning)
        return [model.spec() for model in with_models(detector, models, seed).fit(data)._fitted_models()]


def _member(place: int, asked: Any) -> Member | None:
    """Return a model as a member, None where there is nothing to search."""
    part = make_part(Model, asked) if isinstance(asked, str) else asked
    if not isinstance(part, Part):
        return None
    text = asked if isinstance(asked, str) else ""
    spelt = {piece.partition("=")[0] for piece in text.partition(":")[2].split(",")}
    defaults = part.parameter_defaults()
    given = spelt | {name for name, value in part.parameters().items() if value != defaults[name]}
    scales = {name: scale for name, scale in part.searched.items() if name not in given}
    return Member(place, part, isinstance(asked, str), scales=scales) if scales else None


def _suggested(trial: optuna.trial.Trial, name: str, scale: tuple[Any, ...]) -> Any:
    how, *bounds = scale
    if how == "of":
        return trial.suggest_categorical(name, bounds)
    suggest = trial.suggest_int if isinstance(bounds[0], int) else trial.suggest_float
    return suggest(name, bounds[0], bounds[1], log=how == "log")


def _named(members: list[Member]) -> list[Member]:
    """Return the members with prefixes that tell them apart."""
    if len(members) == 1:
        return members
    out: list[Member] = []
    for member in members:
        same = sum(other.part.name == member.part.name for other in out)
        out.append(replace(member, prefix=f"{member.part.name}{same + 1 if same else ''}."))
    return out


# ---------------------------------------------------------------- the rows a network learns from
class _HeardError(Exception):
    """Ends the fitting of a detector as soon as the rows for its network are there."""

    def __init__(self, rows: Rows, clean: bool) -> None:
        super().__init__("the rows of a network")
        self.rows = rows
        self.clean = clean


class _Ear:
    """Stands in for a network: takes note of the rows it is given instead of learning them."""

    def __init__(self, network: Autoencoder) -> None:
        self.network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self.network, name)

    def learn(self, rows: Rows, clean: bool, random_state: np.random.Generator) -> None:
        """Raise what was heard."""
        raise _HeardError(rows, clean)


def _with_rows(member: Member, detector: Detector, data: Any, seed: int) -> Member:
    """Return the member with its rows, and scales that end at the number of values in them."""
    if not isinstance(member.part, Autoencoder):
        return member
    adapter = fresh_models(detector.kind, member.part, (), detector.training_data == "clean")[0]
    listens = type(adapter)(**(adapter.parameters() | {"network": _Ear(adapter.network)}))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AmissWarning)
            with_models(detector, [listens], seed).fit(data)
    except _HeardError as heard:
        values = min(_WIDEST, heard.rows.layout.positions * heard.rows.layout.width)
        scales = {name: _ending_at(values, scale) for name, scale in member.scales.items()}
        return replace(member, scales=scales, rows=heard.rows, clean=heard.clean)
    raise DataError(
        f"The data holds nothing that model {member.part.name!r} learns from. Give data with numbers or categories, or "
        "leave the model out."
    )


def _ending_at(values: int, scale: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a scale whose most was left to the data."""
    if scale[-1] is not None:
        return scale
    how, least, _ = scale
    return "even" if values <= _NARROW else how, least, max(least, values)


__all__ = ["Member", "SearchSpace", "tidy", "with_models"]
