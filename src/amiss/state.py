"""A `Stored` object <-> plain JSON nodes and arrays: what a model file is made of.

=============================  =====================================================================
value                          node
=============================  =====================================================================
None, bool, int, float, str    itself; ``{"float": "nan"}`` for what JSON cannot spell,
                               ``{"utf8": "eda080"}`` for a text with lone surrogates
array                          ``{"array": "3"}``, by its name among the arrays; ``{"columns": "3"}`` where it
                               lies in memory column by column
list, tuple                    ``[...]``, ``{"tuple": [...]}``
many strings                   ``{"texts": ["4", "5"]}``: an array of UTF-8 bytes, one of the lengths
many numbers                   ``{"numbers": "6"}``
dict                           ``{"dict": [[keys], [values]]}``
`Stored`                       ``{"class": name, "state": {attribute: node}}``
=============================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from amiss.annotations import check_state
from amiss.batch import AnyArray
from amiss.errors import ModelFileError
from amiss.part import Stored, stored_class

MAX_DEPTH = 64
_MANY = 64
_EMPTY_SIDE = 10_000_000
_ARRAY_KINDS = "biuf"
_HOLDS = (
    "A model file holds None, bool, int, float, str, numeric and boolean arrays, Stored objects, and lists, "
    "tuples and dicts (keys: str) of those"
)


def encode(value: Stored) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return an object as a JSON node and the arrays the node names.

    Raises
    ------
    ModelFileError
        An attribute holds something that a model file cannot hold; its place is named.
    """
    encoder = _Encoder()
    return encoder.node(value, type(value).__name__, 0), encoder.arrays


def decode(node: Any, arrays: dict[str, AnyArray]) -> Any:
    """Return the object that `encode` took apart.

    Raises
    ------
    ModelFileError
        The node is none that `encode` makes, or an object lacks what its class announces; its place is named.
    """
    for name, array in arrays.items():
        _check_array(array, name)
    decoder = _Decoder(arrays)
    value = decoder.value(node, "detector", 0)
    unused = sorted(arrays.keys() - decoder.used)
    if unused:
        raise ModelFileError(f"Array {unused[0]!r} belongs to nothing.")
    return value


class _Encoder:
    def __init__(self) -> None:
        self.arrays: dict[str, AnyArray] = {}
        self._nodes: dict[int, tuple[dict[str, str], AnyArray]] = {}

    def node(self, value: Any, place: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ModelFileError(f"{place} is nested deeper than {MAX_DEPTH} levels. Does it hold itself?")
        if isinstance(value, np.generic) and value.dtype.kind in _ARRAY_KINDS:
            value = value.item()
        if value is None or type(value) in (bool, int):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if type(value) is str:
            return {"utf8": value.encode("utf-8", "surrogatepass").hex()} if _has_surrogate(value) else value
        if type(value) is np.ndarray:
            return self._array(value, place)
        if isinstance(value, Stored):
            return self._stored(value, place, depth)
        if type(value) is list:
            return self._list(value, place, depth)
        if type(value) is tuple:
            return {"tuple": self._list(list(value), place, depth)}
        if type(value) is dict and set(map(type, value)) <= {str}:
            return {"dict": self._dict(value, place, depth)}
        what = "a dict with keys that are no str" if type(value) is dict else f"a {type(value).__name__}"
        raise ModelFileError(f"{place} holds {what}. {_HOLDS}.")

    def _array(self, array: AnyArray, place: str) -> dict[str, str]:
        if array.dtype.kind not in _ARRAY_KINDS or array.dtype.itemsize > 8:
            raise ModelFileError(f"{place} holds an array of {array.dtype}. {_HOLDS}.")
        if id(array) not in self._nodes:
            columns = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
            node = {"columns": self._add(array.T)} if columns else {"array": self._add(array)}
            self._nodes[id(array)] = (node, array)  # the array is kept, so that its id is not given away
        return self._nodes[id(array)][0]

    def _add(self, array: AnyArray) -> str:
        name = str(len(self.arrays))
        self.arrays[name] = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
        return name

    def _stored(self, value: Stored, place: str, depth: int) -> dict[str, Any]:
        cls = type(value)
        if stored_class(cls.__name__) is not cls:
            raise ModelFileError(
                f"{place} is a {cls.__name__}, and another class of that name came later. Rename it."
            )
        state = value.state()
        nodes = {name: self.node(one, f"{place}.{name}", depth + 1) for name, one in state.items()}
        check_state(cls, state, place)
        return {"class": cls.__name__, "state": nodes}

    def _list(self, values: list[Any], place: str, depth: int) -> Any:
        kinds = set(map(type, values)) if len(values) >= _MANY else set()
        if kinds == {str}:
            text = "".join(values).encode("utf-8", "surrogatepass")
            lengths = np.fromiter(map(len, values), dtype=np.uint32, count=len(values))
            return {"texts": [self._add(np.frombuffer(text, dtype=np.uint8)), self._add(lengths)]}
        if kinds in ({bool}, {float}) or (kinds == {int} and min(values) >= -(2**63) and max(values) < 2**63):
            return {"numbers": self._add(np.asarray(values))}
        return [self.node(one, f"{place}[{i}]", depth + 1) for i, one in enumerate(values)]

    def _dict(self, value: dict[str, Any], place: str, depth: int) -> list[Any]:
        keys = self._list(list(value), place, depth + 1)
        if len(value) >= _MANY:
            return [keys, self._list(list(value.values()), place, depth + 1)]
        return [keys, [self.node(one, f"{place}[{key!r}]", depth + 1) for key, one in value.items()]]


class _Decoder:
    def __init__(self, arrays: dict[str, AnyArray]) -> None:
        self.used: set[str] = set()
        self._arrays = arrays
        self._tags: dict[str, Callable[[Any, str, int], Any]] = {
            "float": self._float,
            "utf8": self._utf8,
            "array": lambda inner, place, _: self._array(inner, place),
            "columns": lambda inner, place, _: self._array(inner, place).T,
            "tuple": lambda inner, place, depth: tuple(self._list(inner, place, depth)),
            "texts": lambda inner, place, _: self._texts(inner, place),
            "numbers": lambda inner, place, _: self._array(inner, place, 1).tolist(),
            "dict": self._dict,
        }

    def value(self, node: Any, place: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ModelFileError(f"{place} is nested deeper than {MAX_DEPTH} levels.")
        if isinstance(node, list):
            return [self.value(one, f"{place}[{i}]", depth + 1) for i, one in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"class", "state"}:
            return self._stored(node["class"], node["state"], place, depth)
        tag = next(iter(node), "")
        if len(node) != 1 or tag not in self._tags:
            raise ModelFileError(
                f"{place} is of a kind that is not known ({', '.join(map(repr, node))[:80]})."
            )
        return self._tags[tag](node[tag], place, depth)

    def _float(self, inner: Any, place: str, depth: int) -> float:
        if inner not in ("nan", "inf", "-inf"):
            raise ModelFileError(f"{place} is no number.")
        return float(inner)

    def _utf8(self, inner: Any, place: str, depth: int) -> str:
        try:
            return bytes.fromhex(inner).decode("utf-8", "surrogatepass")
        except (TypeError, ValueError) as error:
            raise ModelFileError(f"{place} is no text: {error}.") from error

    def _array(self, name: Any, place: str, ndim: int | None = None) -> AnyArray:
        if not isinstance(name, str) or name not in self._arrays:
            raise ModelFileError(f"{place} names an array that is not there.")
        self.used.add(name)
        array = self._arrays[name]
        if ndim is not None and array.ndim != ndim:
            raise ModelFileError(f"{place} has {array.ndim} dimensions, {ndim} are legal.")
        return array

    def _texts(self, inner: Any, place: str) -> list[str]:
        if not isinstance(inner, list) or len(inner) != 2:
            raise ModelFileError(f"{place} is no list of texts.")
        data, lengths = self._array(inner[0], place, 1), self._array(inner[1], place, 1)
        if data.dtype != np.uint8 or lengths.dtype != np.uint32:
            raise ModelFileError(
                f"{place} is no list of texts: its arrays are {data.dtype} and {lengths.dtype}."
            )
        try:
            text = data.tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise ModelFileError(f"{place} is no list of texts: {error}.") from error
        ends = np.cumsum(lengths, dtype=np.uint64)
        if int(ends[-1] if len(ends) else 0) != len(text):
            raise ModelFileError(f"{place} is no list of texts: the lengths do not add up to the text.")
        stops = ends.tolist()
        return [text[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]

    def _list(self, inner: Any, place: str, depth: int) -> list[Any]:
        values = self.value(inner, place, depth + 1)
        if not isinstance(values, list):
            raise ModelFileError(f"{place} is no list.")
        return values

    def _dict(self, inner: Any, place: str, depth: int) -> dict[str, Any]:
        if not isinstance(inner, list) or len(inner) != 2:
            raise ModelFileError(f"{place} is no dict.")
        keys, values = (self._list(half, place, depth) for half in inner)
        if not set(map(type, keys)) <= {str} or len(set(keys)) != len(keys) or len(keys) != len(values):
            raise ModelFileError(
                f"{place} is no dict: {len(keys)} keys, all different str, need as many values."
            )
        return dict(zip(keys, values, strict=True))

    def _stored(self, name: Any, state: Any, place: str, depth: int) -> Stored:
        cls = stored_class(name) if isinstance(name, str) else None
        if cls is None:
            raise ModelFileError(
                f"{place} is a {str(name)[:80]!r}, a class that is not known here. Where it is your own, "
                "import the module that defines it, then load."
            )
        if not isinstance(state, dict):
            raise ModelFileError(f"{place} has no attributes.")
        values = {key: self.value(node, f"{place}.{key}", depth + 1) for key, node in state.items()}
        check_state(cls, values, place)
        return cls.from_state(values)


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _check_array(array: AnyArray, name: str) -> None:
    """Refuse what numpy would take from the bytes and choke on later."""
    if array.dtype.kind not in _ARRAY_KINDS:
        raise ModelFileError(f"Array {name!r} is of {array.dtype}, which is not legal.")
    if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise ModelFileError(f"Array {name!r} holds bytes that are neither true nor false.")
    if array.ndim > 8 or (not array.size and max(array.shape) > _EMPTY_SIDE):
        raise ModelFileError(f"Array {name!r} has the shape {array.shape}, which is not legal.")
