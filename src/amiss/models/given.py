"""What is given as a network -> the part that trains and asks it; and given again when a model file is loaded."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable
from typing import Any

from amiss.errors import ModelFileError, ParameterError, in_one_line
from amiss.models.base import AnyModel
from amiss.models.own_callable import OwnCallable
from amiss.models.own_keras import OwnKeras
from amiss.models.own_network import GivenAgain, OwnNetwork
from amiss.models.own_torch import OwnTorch


def own_part(given: Any) -> OwnNetwork | None:
    """Return the part for a torch module, a Keras model, a class of either, or a function; None for anything else.

    No library is imported to find out: whoever gives a module has its library.

    Examples
    --------
    >>> own_part("memory") is None
    True
    >>> own_part(abs)
    OwnCallable(...)
    """
    if isinstance(given, AnyModel):
        return given if isinstance(given, OwnNetwork) else None
    kind = given if isinstance(given, type) else type(given)
    ancestors = {(one.__module__.partition(".")[0], one.__name__) for one in kind.__mro__}
    for library, part in ((("keras", "Model"), OwnKeras), (("torch", "Module"), OwnTorch)):
        if library in ancestors:  # Keras first: on PyTorch its models are torch modules too
            return part(_made(given) if isinstance(given, type) else given)
    return OwnCallable(given) if callable(given) and not isinstance(given, type) else None


def _made(kind: Callable[[], Any]) -> Any:
    try:
        return kind()
    except Exception as error:  # whatever a class of yours raises
        name = getattr(kind, "__name__", str(kind))
        raise ParameterError(
            f"The class {name} cannot be made without parameters: {error}. Give an object of it: models={name}(...)."
        ) from error


def network_named(text: str) -> Any:
    """Return the network that a user named on the command line, ``"my_nets:Autoencoder"``.

    The module is imported as ``python -m`` would import it: from the folder one is in, or from what is installed. A
    class is made, and a function without parameters called, to get the network. Only what a user types comes here,
    never what a file says.

    Raises
    ------
    ParameterError
        There is no such module or name, it raises an error, or it is no network.
    """
    module, _, name = text.partition(":")
    if not name.isidentifier() or not all(piece.isidentifier() for piece in module.split(".")):
        raise ParameterError(
            f"{text!r} names no network. Legal: module:name, such as my_nets:Autoencoder for my_nets.py in this folder."
        )
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(importlib.import_module(module), name)
        makes = isinstance(found, type) or (
            inspect.isfunction(found) and not inspect.signature(found).parameters
        )
        found = found() if makes else found
    except Exception as error:  # whatever a module of yours raises
        raise ParameterError(
            f"The network {text!r} cannot be had: {in_one_line(error)}. Legal: module:name, such as "
            "my_nets:Autoencoder for my_nets.py in this folder."
        ) from error
    if own_part(found) is None:
        raise ParameterError(
            f"{text!r} is of the type {type(found).__name__}. Legal: a torch module, a Keras model, a class of "
            "one, a function that makes one, or a function that maps an array to its reconstruction."
        )
    return found


def own_networks(models: Any) -> list[OwnNetwork]:
    """Return the networks of the user's own among fitted models, in order."""
    found = (getattr(model, "network", None) for model in models)
    return [one for one in found if isinstance(one, OwnNetwork)]


def take_given(asked: Any, fitted: list[OwnNetwork], given: Any) -> Any:
    """Give the networks again to a detector that was loaded.

    Parameters
    ----------
    asked : Any
        What the detector from the file has as its parameter ``models``.
    fitted : list of OwnNetwork
        The networks of the user's own in it; those that came from an archive have ``network_`` already.
    given : Any
        What `load` was given: a network or a class of one, or a list as ``models`` was; names in it are passed over.

    Returns
    -------
    Any
        ``models`` with the networks in it.

    Raises
    ------
    ModelFileError
        One is missing, or there are more or fewer than are needed, or one does not fit.
    """
    several = list(given) if isinstance(given, list | tuple) else [given]
    found = [own_part(one) for one in several if one is not None and not isinstance(one, str)]
    parts = [part for part in found if part is not None]
    waiting = [one for one in fitted if "network_" not in vars(one)]
    if waiting and not parts:
        raise waiting[0].lacking()
    if parts and len(parts) != len(fitted):
        raise ModelFileError(
            f"The detector holds {len(fitted)} network{'s' * (len(fitted) != 1)} of your own "
            f"({', '.join(one.called for one in fitted)}), and {len(parts)} were given. Give them in that order."
        )
    for part, one in zip(fitted, parts, strict=False):
        if type(one) is not type(part):
            raise ModelFileError(
                f"The {part.library} {part.called} is needed, and the {one.library} {one.called} was given."
            )
        if "network_" not in vars(part):
            part.receive(one.network)
    return _with_networks(asked, [part.network for part in fitted])


def _with_networks(asked: Any, networks: list[Any]) -> Any:
    """Return the parameter ``models`` with networks where their places are."""
    left = list(networks)

    def put(one: Any) -> Any:
        """Return what stands in the list, a network put in."""
        if isinstance(one, GivenAgain):
            return left.pop(0) if left else one
        if isinstance(one, OwnNetwork) and isinstance(one.network, GivenAgain) and left:
            one.network = left.pop(0)
        return one

    if isinstance(asked, list | tuple):
        return type(asked)(put(one) for one in asked)
    return put(asked)


def kept(asked: Any) -> Any:
    """Return the parameter ``models`` as a model file holds it: places instead of networks."""
    if isinstance(asked, list | tuple):
        return type(asked)(kept(one) for one in asked)
    if isinstance(asked, AnyModel | str | GivenAgain) or asked is None:
        return asked
    part = own_part(asked)
    return asked if part is None else GivenAgain(part.library, part.called)


__all__ = ["kept", "network_named", "own_networks", "own_part", "take_given"]
