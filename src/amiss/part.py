"""Part: anything asked for by name, with parameters, such as ``"peaks:risk=0.001"``.

A *shelf* holds interchangeable parts: models, thresholds, sources, sinks. A part is a class whose base names
the shelf; giving it a ``name`` puts it there. `Stored` is what a model file can hold: its attributes and
nothing else.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Collection
from typing import Any, ClassVar, Self, TypeVar

from amiss.errors import ParameterError, UnknownPartError

MAY_BE_INFINITE = "may hold NaN and infinity"

_STORED: dict[str, type[Stored]] = {}
_SHELVES: dict[str, dict[str, type[Part]]] = {}


class Stored:
    """Something a model file can hold.

    Every attribute of an instance is annotated on its class, and holds None, bool, int, float, str, a numeric
    or boolean array, another `Stored`, or a list, tuple or dict (keys: str) of those. Floats are finite
    unless the annotation says otherwise: ``Annotated[FloatArray, MAY_BE_INFINITE]``.

    Attributes
    ----------
    left_out : frozenset of str
        Attributes a model file does not keep; a loaded instance does without them or makes them again.
    same_length : tuple of tuple of str
        Groups of attributes that are of one length, such as keys and their counts.
    """

    left_out: ClassVar[frozenset[str]] = frozenset()
    same_length: ClassVar[tuple[tuple[str, ...], ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _STORED[cls.__name__] = cls

    def state(self) -> dict[str, Any]:
        """Return the attributes that a model file keeps, by name."""
        return {name: value for name, value in vars(self).items() if name not in self.left_out}

    @classmethod
    def may_lack(cls, state: dict[str, Any]) -> Collection[str]:
        """Return the attributes that an instance of this state does without; by default none."""
        return ()

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the instance that has these attributes."""
        new = cls.__new__(cls)
        new.__dict__.update(state)
        return new


def stored_class(name: str) -> type[Stored] | None:
    """Return the `Stored` class of that name, None where there is none."""
    return _STORED.get(name)


class Part(Stored):
    """A named part on a shelf; ``__init__`` only assigns its parameters, what is learnt ends in ``_``.

    Attributes
    ----------
    shelf : str
        What the part is: "model", "threshold", "source", "sink". Set by the shelf's base class.
    name : str
        How it is asked for. Setting it in a subclass puts the part on its shelf.
    legal : dict of str to (least, most)
        Between which numbers a parameter lies, both included; checked where the part is asked for. A parameter
        that is None, left to the part, is not checked.
    choices : dict of str to tuple of str
        The legal texts of a parameter.
    searched : dict of str to tuple
        What `tune` tries for a parameter: ``("even", least, most)``, ``("log", least, most)`` where the number of
        digits matters, or ``("of", text, text)``. A most of None is the number of values in a row.
    """

    shelf: ClassVar[str] = ""
    name: ClassVar[str] = ""
    legal: ClassVar[dict[str, tuple[float, float]]] = {}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}
    searched: ClassVar[dict[str, tuple[Any, ...]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" in vars(cls):
            _SHELVES.setdefault(cls.shelf, {})[cls.name] = cls

    @classmethod
    def parameter_defaults(cls) -> dict[str, Any]:
        """Return the parameters of ``__init__`` and their defaults."""
        if cls.__init__ is object.__init__:
            return {}
        signature = inspect.signature(cls.__init__)
        return {n: p.default for n, p in signature.parameters.items() if n != "self"}

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in self.parameter_defaults()}

    def spec(self) -> str:
        """Return the text that asks for this very part.

        Only parameters that differ from their default are named.
        """
        defaults = self.parameter_defaults()
        changed = [f"{n}={v}" for n, v in self.parameters().items() if v != defaults[n]]
        return self.name + (":" + ",".join(changed) if changed else "")

    def __repr__(self) -> str:
        inner = ", ".join(f"{n}={v!r}" for n, v in self.parameters().items())
        return f"{type(self).__name__}({inner})"


P = TypeVar("P", bound=Part)


def shelf_of(base: type[P]) -> dict[str, type[P]]:
    """Return the parts on the shelf of ``base`` by name, in alphabetical order."""
    return dict(sorted(_SHELVES.get(base.shelf, {}).items()))  # type: ignore[arg-type]


def make_part(base: type[P], asked: str | P) -> P:
    """Return the part that ``asked`` spells, or ``asked`` itself where it is a part already.

    Parameters
    ----------
    base : type
        The base class of the shelf.
    asked : str or Part
        ``"name"`` or ``"name:parameter=value,parameter=value"``.

    Raises
    ------
    UnknownPartError
        No part of that name stands on the shelf.
    ParameterError
        The part has no such parameter, or the value cannot be read as the parameter's type or is not legal.

    Examples
    --------
    >>> from amiss.thresholds import Threshold
    >>> make_part(Threshold, "mean_std:k=2.5")
    MeanStd(k=2.5)
    """
    if isinstance(asked, base):
        return _checked(asked)
    if not isinstance(asked, str):
        raise ParameterError(
            f"A {base.shelf} was given as {type(asked).__name__}. Give its name, such as "
            f"{next(iter(shelf_of(base)))!r}, or a {base.__name__}."
        )
    name, _, rest = asked.partition(":")
    known = shelf_of(base)
    if name not in known:
        raise UnknownPartError.of(base.shelf, name, known)
    return _checked(known[name](**_read_parameters(known[name], asked, rest)))


def _checked(part: P) -> P:
    called = part.name or type(part).__name__
    for name, (least, most) in part.legal.items():
        value = getattr(part, name)
        if value is not None and not (isinstance(value, int | float) and least <= value <= most):
            upper = "" if most == math.inf else f" and at most {most:g}"
            raise ParameterError(
                f"{part.shelf.capitalize()} {called!r}: {name}={value}. Legal: at least {least:g}{upper}."
            )
    for name, texts in part.choices.items():
        if getattr(part, name) not in texts:
            raise ParameterError(
                f"{part.shelf.capitalize()} {called!r}: {name}={getattr(part, name)}. Legal: {', '.join(texts)}."
            )
    return part


def _read_parameters(part: type[Part], asked: str, rest: str) -> dict[str, Any]:
    defaults = part.parameter_defaults()
    given: dict[str, Any] = {}
    for piece in filter(None, rest.split(",")):
        key, equals, text = piece.partition("=")
        if not equals or key not in defaults:
            legal = ", ".join(f"{n}={v}" for n, v in defaults.items()) or "none"
            raise ParameterError(
                f"{part.shelf.capitalize()} {asked!r}: {piece!r} is not a parameter of {part.name!r}. "
                f"Its parameters and defaults: {legal}."
            )
        given[key] = _read_value(part, key, text, defaults[key])
    return given


def _read_value(part: type[Part], key: str, text: str, default: Any) -> Any:
    """Read ``text`` as the type of the default (a default of None: a number if it reads as one)."""
    kinds = (int, float, str) if default is None else (type(default),)
    for kind in kinds:
        if kind is bool:
            if text.lower() in {"true", "false"}:
                return text.lower() == "true"
            continue
        try:
            return kind(text)
        except ValueError:
            continue
    raise ParameterError(
        f"{part.shelf.capitalize()} {part.name!r}: {key}={text!r} cannot be read as {kinds[0].__name__}. "
        f"The default is {key}={default}."
    )
