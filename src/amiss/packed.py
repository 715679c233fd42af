"""Packed: plain values, arrays, records and `Stored` objects <-> bytes, for other processes and for memory.

The way of a model file: JSON and safetensors; nothing that is unpacked can run.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from amiss.errors import ModelFileError
from amiss.part import Stored
from amiss.state import decode, encode

_HEAD = struct.Struct("<QQ")  # length of the JSON, length of all
_HARMLESS, _RATIO = (
    64 * 2**20,
    64,
)  # so many bytes may come out whatever goes in, or so many for each that goes in
_RECORD, _MOMENTS, _TEXTS = "\x00record", "\x00moments", "\x00texts"
_LEVEL = 1  # of compression: windows that overlap repeat themselves, and the quickest level finds that

Records = Mapping[str, type[Any]]


class _Envelope(Stored):
    """What is packed, as something that `encode` takes."""

    content: Any


def pack(content: Any, compressed: bool = False) -> bytes:
    """Return ``content`` as bytes.

    Parameters
    ----------
    content : Any
        None, bool, int, float, str, arrays (of moments and of texts too), `Stored` objects, dataclasses, and lists,
        tuples and dicts (keys: str) of those.
    compressed : bool
        Smaller, for what is kept; larger and quicker else.

    Raises
    ------
    ModelFileError
        It holds something else.

    Examples
    --------
    >>> unpack(pack({"scores": np.arange(3.0), "label": "row 17"}))
    {'scores': array([0., 1., 2.]), 'label': 'row 17'}
    """
    from safetensors.numpy import save

    envelope = _Envelope()
    envelope.content = _plain(content)
    node, arrays = encode(envelope)
    header = json.dumps(node, separators=(",", ":"), allow_nan=False).encode("ascii")
    payload = save(arrays)
    head = _HEAD.pack(len(header), _HEAD.size + len(header) + len(payload))
    whole = b"".join((head, header, payload))
    return head + zlib.compress(whole, _LEVEL) if compressed else whole


def unpack(data: bytes, records: Records | None = None, compressed: bool = False) -> Any:
    """Return what `pack` made bytes of.

    Parameters
    ----------
    data : bytes
    records : dict of str to type
        The dataclasses that may be in it, by name.
    compressed : bool
        As it was packed.

    Raises
    ------
    ModelFileError
        The bytes are damaged, or hold what is not known here.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if compressed:
            data = _inflated(data)
        length, total = _HEAD.unpack_from(data)
        if total != len(data):
            raise ModelFileError(f"There are {len(data):,} bytes where {total:,} are announced.")
        node = json.loads(data[_HEAD.size : _HEAD.size + length])
        arrays = dict(load(data[_HEAD.size + length :]))
    except (ValueError, KeyError, struct.error, zlib.error, SafetensorError, OverflowError) as error:
        raise ModelFileError(f"What was packed cannot be unpacked: {error}.") from error
    envelope = decode(node, arrays)
    if not isinstance(envelope, _Envelope):
        raise ModelFileError("What was packed was not packed here.")
    return _rich(envelope.content, records or {})


def _inflated(data: bytes) -> bytes:
    """Return the bytes before compression; more than announced never come out."""
    _, total = _HEAD.unpack_from(data)
    most = max(_HARMLESS, _RATIO * len(data))
    if total > most:
        raise ModelFileError(f"It announces {total:,} bytes; at most {most:,} are legal.")
    return zlib.decompressobj().decompress(data[_HEAD.size :], total)


def _plain(value: Any) -> Any:
    """Return a value with records, moments and columns of texts as dicts that `encode` takes."""
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, Stored):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {_RECORD: type(value).__name__, **held}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(one) for one in value)
    if isinstance(value, list) and not (value and set(map(type, value)) <= {str, int, float, bool}):
        return [_plain(one) for one in value]
    return value


def _plain_array(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind == "M":
        return {_MOMENTS: array.astype("datetime64[us]").astype(np.int64)}
    if array.dtype.kind == "O":
        missing = np.array([text is None for text in array], bool)
        return {_TEXTS: ["" if text is None else text for text in array], "missing": missing}
    return array


def _rich(value: Any, records: Records) -> Any:
    """Undo `_plain`."""
    if isinstance(value, tuple):
        return tuple(_rich(one, records) for one in value)
    if isinstance(value, list):
        if value and set(map(type, value)) <= {str, int, float, bool}:
            return value
        return [_rich(one, records) for one in value]
    if not isinstance(value, dict):
        return value
    if _MOMENTS in value:
        return value[_MOMENTS].astype("datetime64[us]")
    if _TEXTS in value:
        column = np.empty(len(value[_TEXTS]), dtype=object)
        column[:] = value[_TEXTS]
        column[value["missing"]] = None
        return column
    if _RECORD in value:
        held = {name: _rich(one, records) for name, one in value.items() if name != _RECORD}
        if value[_RECORD] not in records:
            raise ModelFileError(f"It holds a {value[_RECORD]!r}, which is not known here.")
        return records[value[_RECORD]](**held)
    return {name: _rich(one, records) for name, one in value.items()}
