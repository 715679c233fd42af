"""What is asked for -> models of one kind of data, fresh: by name, as a part, or a network of your own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amiss.errors import ParameterError, UnknownPartError
from amiss.models.autoencoder import Autoencoder
from amiss.models.base import Model, SeriesModel, StringModel
from amiss.models.given import own_part
from amiss.models.on_series import OnSeries
from amiss.models.on_strings import OnStrings
from amiss.models.on_table import OnTable
from amiss.models.own_network import OwnNetwork
from amiss.part import Part, make_part, shelf_of

_ON: dict[str, Any] = {"table": OnTable, "series": OnSeries, "strings": OnStrings}
_PARTS = (Model, SeriesModel, StringModel, Autoencoder)


def fresh_models(kind: str, asked: Any, default: Sequence[str], clean: bool = False) -> list[Any]:
    """Return models that are not fitted, as asked for.

    Parameters
    ----------
    kind : str
        The kind of data they are to take.
    asked : str, model, or list of those
        "auto" and "fast" are for the caller to resolve into ``default``.
    default : sequence of str
        What "auto" stands for.
    clean : bool
        Whether the training data holds no anomalies.

    Raises
    ------
    UnknownPartError
        No model of that name takes this kind of data.
    ParameterError
        None is asked for.
    """
    several = list(asked) if isinstance(asked, list | tuple) else [asked]
    if several in (["auto"], ["fast"]):
        several = list(default)
    if not several:
        raise ParameterError("models is empty. Legal: 'auto', 'fast', or at least one model.")
    return [_fresh(kind, one, clean) for one in several]


def _fresh(kind: str, asked: Any, clean: bool) -> Part:
    asked = own_part(asked) or asked
    made: Any = make_part(Model, asked) if not isinstance(asked, _PARTS) else make_part(type(asked), asked)
    if kind not in made.kinds:
        known = [name for name, part in shelf_of(Model).items() if kind in part.kinds]
        raise UnknownPartError.of(f"model of {_IN_WORDS[kind]}", made.name, known)
    fresh: Part = type(made)(**made.parameters())
    if isinstance(fresh, OwnNetwork):
        fresh.on(kind)
    return _ON[kind](fresh, clean) if isinstance(fresh, Autoencoder) else fresh


_IN_WORDS = {"table": "tables", "series": "series", "strings": "strings"}
