"""Does a value fit its annotation? What a model file holds is checked against what its class announces."""

from __future__ import annotations

import collections.abc
import math
import types
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from amiss.errors import ModelFileError
from amiss.part import MAY_BE_INFINITE, Part, Stored

_LISTS = (list, tuple, collections.abc.Sequence)
_DICTS = (dict, collections.abc.Mapping)


def announced(cls: type[Stored]) -> dict[str, Any]:
    """Return the annotations of the attributes that a model file keeps, by name; class variables are none."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as error:
        raise ModelFileError(
            f"The annotations of {cls.__name__} cannot be read: {error}. Import the names they use "
            "outside of TYPE_CHECKING."
        ) from error
    return {
        name: hint
        for name, hint in hints.items()
        if ClassVar not in (hint, get_origin(hint)) and name not in cls.left_out
    }


def check_state(cls: type[Stored], state: dict[str, Any], place: str) -> None:
    """Check that the attributes of an instance are the announced ones and of the announced types.

    A `Part` that is asked for but not fitted holds its parameters alone.

    Raises
    ------
    ModelFileError
        An attribute is missing, was not announced, or holds something else; the place is named.
    """
    hints = announced(cls)
    unknown = sorted(state.keys() - hints.keys())
    if unknown:
        raise ModelFileError(
            f"{place}.{unknown[0]} is not announced: {cls.__name__} has no annotation of that name."
        )
    if not (issubclass(cls, Part) and state.keys() == cls.parameter_defaults().keys()):
        dispensable = cls.may_lack(state)
        lacking = (name for name in hints if name not in state and not hasattr(cls, name))
        missing = sorted(name for name in lacking if name not in dispensable)
        if missing:
            raise ModelFileError(f"{place}.{missing[0]} is missing: every {cls.__name__} has one.")
    for name, value in state.items():
        fault = misfit(value, hints[name])
        if fault:
            raise ModelFileError(f"{place}.{name} {fault}.")
    for group in cls.same_length:
        lengths = {name: len(state[name]) for name in group if name in state}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ModelFileError(f"{place} has attributes that differ in length: {told}.")


def misfit(value: Any, hint: Any, may_be_infinite: bool = False) -> str | None:
    """Return what is wrong with a value under an annotation, None where it fits.

    Parameters
    ----------
    value : Any
        What an attribute holds.
    hint : Any
        Its annotation.
    may_be_infinite : bool
        Whether NaN and infinity are legal, as ``Annotated[..., MAY_BE_INFINITE]`` says.

    Examples
    --------
    >>> misfit([1, 2], list[int])
    >>> misfit([1, "two"], list[int])
    "holds str at [1] where its annotation says <class 'int'>"
    >>> misfit(float("nan"), float)
    'holds nan where its annotation says a finite number'
    """
    origin, inner = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return None
    if origin is Annotated:
        return misfit(value, inner[0], MAY_BE_INFINITE in inner[1:])
    if origin in (Union, types.UnionType):
        faults = [misfit(value, one, may_be_infinite) for one in inner]
        return None if None in faults else _best_fault(value, hint, faults)
    if origin is Literal:
        legal = any(value == one and type(value) is type(one) for one in inner)
        return None if legal else f"holds {value!r}; legal are {', '.join(map(repr, inner))}"
    if origin is np.ndarray:
        return _array_misfit(value, inner, may_be_infinite)
    if origin in _LISTS and isinstance(value, list | tuple):
        return _list_misfit(value, inner, may_be_infinite)
    if origin in _DICTS and isinstance(value, dict):
        return _each_misfit(value, [inner[1]] * len(value) if inner else [], may_be_infinite)
    return _plain_misfit(value, origin, may_be_infinite)


def _best_fault(value: Any, hint: Any, faults: list[str | None]) -> str:
    """Return the fault inside the right type ("holds nan") rather than that it is none of several types."""
    inside = [
        fault for fault in faults if fault and not fault.startswith(f"holds {type(value).__name__} where")
    ]
    return inside[0] if inside else f"holds {type(value).__name__} where its annotation says {hint}"


def _array_misfit(value: Any, inner: tuple[Any, ...], may_be_infinite: bool) -> str | None:
    if not isinstance(value, np.ndarray):
        return f"holds {type(value).__name__} where its annotation says an array"
    scalar = (get_args(inner[1]) or (Any,))[0] if len(inner) == 2 else Any
    if isinstance(scalar, type) and scalar is not Any and not issubclass(value.dtype.type, scalar):
        return f"holds an array of {value.dtype} where its annotation says {scalar.__name__}"
    if value.dtype.kind == "f" and not may_be_infinite and not np.isfinite(value).all():
        return "holds NaN or infinity where its annotation says finite numbers"
    return None


def _list_misfit(value: Any, inner: tuple[Any, ...], may_be_infinite: bool) -> str | None:
    if len(inner) == 2 and inner[1] is Ellipsis:
        inner = inner[:1]
    elif isinstance(value, tuple) and len(inner) > 1:
        if len(inner) != len(value):
            return f"holds {len(value)} values where its annotation says {len(inner)}"
        return _each_misfit(dict(enumerate(value)), list(inner), may_be_infinite)
    if not inner or (
        inner[0] is str and set(map(type, value)) <= {str}
    ):  # the quick way for a million strings
        return None
    return _each_misfit(dict(enumerate(value)), [inner[0]] * len(value), may_be_infinite)


def _each_misfit(values: dict[Any, Any], hints: list[Any], may_be_infinite: bool) -> str | None:
    for (key, value), hint in zip(values.items(), hints, strict=False):
        fault = misfit(value, hint, may_be_infinite)
        if fault:
            return fault.replace(" where", f" at [{key!r}] where", 1)
    return None


def _plain_misfit(value: Any, origin: Any, may_be_infinite: bool) -> str | None:
    plain = value.item() if isinstance(value, np.generic) else value
    if (
        isinstance(plain, float)
        and origin in (float, complex)
        and not (may_be_infinite or math.isfinite(plain))
    ):
        return f"holds {plain} where its annotation says a finite number"
    wanted = (int, float) if origin is float else origin
    fits = isinstance(wanted, type | tuple) and isinstance(plain, wanted)
    if fits and not (isinstance(plain, bool) and origin is not bool):
        return None
    return f"holds {type(value).__name__} where its annotation says {origin}"
