"""One fitted detector in one ``.amiss`` file: nothing in it is ever executed, and no byte of it is believed.

::

    60 bytes   magic, format, size of the header, size of the payload, SHA-256 of all the rest
    header     JSON: version of amiss, kind of data, the detector as `amiss.state` takes it apart
    payload    safetensors: the arrays

A file is read in steps, and each is checked before the next costs memory: sizes against the size of the
file, the checksum, the header field by field, arrays against their shapes, attributes against the
annotations of classes that are known here by name; at last the detector must answer for a few items. The
checksum finds damage; it does not say who wrote the file.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import pkgutil
import re
import stat
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

import amiss
from amiss import atomic, detectors
from amiss.archive_file import read_beside, written_beside
from amiss.batch import AnyArray
from amiss.detectors.base import Detector
from amiss.errors import AmissError, ModelFileError
from amiss.state import decode, encode

FORMAT = 1
MAX_BYTES = 4 * 2**30
_MAGIC = b"\x89amiss\r\n"
_PREFIX = struct.Struct("<8sIQQ32s")
_MAX_HEADER = 16 * 2**20
_MAX_NODES = 1_000_000
_FIELDS = {"amiss": r"[0-9A-Za-z.+!-]{1,64}", "kind": r"[a-z0-9_-]{1,64}", "detector": None}
"""Of the header: which pattern each text must match as a whole; None: an object."""
_OTHER_COPY = "Use another copy, or fit the detector again"


def save(detector: Detector, path: str | os.PathLike[str]) -> None:
    """Save a fitted detector as one file; what was there is replaced whole or not at all.

    A torch module of your own is kept by its weights, and its class is to be given again at `load`. A Keras model lies
    in Keras' own archive beside the file: ``orders.amiss.1f3a9c2e.keras``.

    Parameters
    ----------
    detector : Detector
        A fitted detector. ``scores_`` and ``p_values_`` of its training items are not kept.
    path : str or path
        Where to, by custom ``*.amiss``.

    Raises
    ------
    NotFittedError
        The detector is not fitted.
    ModelFileError
        The detector holds something that a file cannot hold, or the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> from amiss import StringDetector, save
    >>> detector = StringDetector().fit([f"AB{i:02d}" for i in range(100)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(detector, os.path.join(folder, "codes.amiss"))
    ...     os.listdir(folder)
    ['codes.amiss']
    """
    if not isinstance(detector, Detector):
        raise ModelFileError(
            f"A {type(detector).__name__} was given to save. Legal: a fitted detector of amiss."
        )
    detector._check_is_fitted()
    try:
        with written_beside(path, detector._own_networks()):
            header, payload = _header_of(detector)
            atomic.write(path, [_prefix_of(header, payload), header, payload])
    except OSError as error:
        raise ModelFileError(
            f"The model file {os.fspath(path)!r} cannot be written: {error.strerror or error}. What "
            "was there before is unchanged. Make room or name another place."
        ) from error


def load(path: str | os.PathLike[str], *, models: Any = None, max_bytes: int = MAX_BYTES) -> Detector:
    """Load a detector from a file; it gives every item the very score it gave before.

    Parameters
    ----------
    path : str or path
        A file that `save` wrote.
    models : module, class, function, or list of those
        The networks of your own whose code no file holds, as they were given to the detector.
    max_bytes : int
        Larger files are refused before they are read.

    Returns
    -------
    Detector

    Raises
    ------
    ModelFileError
        The file is not there, is none of ours, is damaged, comes from a later version, holds a class that is
        not known here, or holds parts that do not fit together; or a network of your own is needed, or does not fit.

    Examples
    --------
    >>> import os, tempfile
    >>> from amiss import StringDetector, load, save
    >>> detector = StringDetector().fit([f"AB{i:02d}" for i in range(100)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = os.path.join(folder, "codes.amiss")
    ...     save(detector, place)
    ...     load(place).predict(["AB17", "AB-7"])
    array([ 1, -1])
    """
    try:
        with open(path, "rb") as file:
            header, payload = _read(file, max_bytes)
        detector = _detector_of(header, payload)
        read_beside(path, detector._own_networks(), max_bytes)
        detector._take_given(models)
        _try_out(detector)
        return detector
    except OSError as error:
        raise ModelFileError(
            f"The model file {os.fspath(path)!r} cannot be read: {error.strerror or error}."
        ) from error
    except ModelFileError as error:
        raise ModelFileError(f"The model file {os.fspath(path)!r} was refused: {error}") from error


# ------------------------------------------------------------- writing
def _header_of(detector: Detector) -> tuple[bytes, bytes]:
    from safetensors.numpy import save as to_safetensors

    node, arrays = encode(detector)
    content = {"amiss": amiss.__version__, "kind": detector.kind, "detector": node}
    header = json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(header) > _MAX_HEADER or _nodes(header) > _MAX_NODES:
        raise ModelFileError(
            f"The detector is made of {_nodes(header):,} pieces in {len(header):,} bytes; legal are "
            f"{_MAX_NODES:,} in {_MAX_HEADER:,}. Fit it on fewer columns or items."
        )
    return header, to_safetensors(arrays)


def _prefix_of(header: bytes, payload: bytes) -> bytes:
    start = _PREFIX.pack(_MAGIC, FORMAT, len(header), len(payload), b"")[:-32]
    return start + _checksum(start, header, payload)


def _checksum(*pieces: bytes) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _nodes(header: bytes) -> int:
    """Return an upper bound for the number of values in JSON text, without parsing it."""
    return sum(map(header.count, (b",", b"[", b"{"))) + 1


# ------------------------------------------------------------- reading
def _read(file: BinaryIO, max_bytes: int) -> tuple[bytes, bytes]:
    """Return header and payload of a file whose sizes and checksum are right."""
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode):
        raise ModelFileError("It is not a regular file.")
    if about.st_size > max_bytes:
        raise ModelFileError(
            f"It has {about.st_size:,} bytes; at most {max_bytes:,} are legal. Where you trust it: "
            "load(path, max_bytes=...)."
        )
    prefix = file.read(_PREFIX.size)
    if not prefix.startswith(_MAGIC[: max(len(prefix), 1)]):
        raise ModelFileError("It does not start as a model file does. Give a file that amiss.save wrote.")
    if len(prefix) < _PREFIX.size:
        raise ModelFileError(f"It ends after {len(prefix)} bytes: it is cut off. {_OTHER_COPY}.")
    _, version, header_size, payload_size, checksum = _PREFIX.unpack(prefix)
    if version != FORMAT:
        raise ModelFileError(
            f"It has format {version}; amiss {amiss.__version__} reads format {FORMAT}. Where a later "
            "amiss wrote it: pip install --upgrade amiss. Otherwise it is damaged."
        )
    wanted = _PREFIX.size + header_size + payload_size
    if wanted != about.st_size:
        raise ModelFileError(f"It has {about.st_size:,} bytes where {wanted:,} are announced. {_OTHER_COPY}.")
    if header_size > _MAX_HEADER:
        raise ModelFileError(f"Its header has {header_size:,} bytes; at most {_MAX_HEADER:,} are legal.")
    header, payload = file.read(header_size), file.read(payload_size)
    if _checksum(prefix[:-32], header, payload) != checksum:
        raise ModelFileError(f"Its checksum is wrong: some bytes have changed. {_OTHER_COPY}.")
    return header, payload


def _detector_of(header: bytes, payload: bytes) -> Detector:
    content = _parse_header(header)
    for module in _homes():
        importlib.import_module(module)
    detector = decode(content["detector"], _parse_payload(payload))
    if not isinstance(detector, Detector) or detector.kind != content["kind"]:
        raise ModelFileError(
            f"It holds a {type(detector).__name__}, not a detector of the kind {content['kind']!r}."
        )
    return detector


def _parse_header(header: bytes) -> dict[str, Any]:
    if _nodes(header) > _MAX_NODES:
        raise ModelFileError(f"Its header has {_nodes(header):,} values; at most {_MAX_NODES:,} are legal.")
    try:
        content = json.loads(header, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
        return _checked(content)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"Its header is not legal: {error}.") from error


def _checked(content: Any) -> dict[str, Any]:
    """Return the header if it holds what a header holds, each of its kind, and nothing else."""
    if not isinstance(content, dict):
        raise ValueError("header: Input should be a valid dictionary")
    for name, pattern in _FIELDS.items():
        if name not in content:
            raise ValueError(f"{name}: Field required")
        value = content[name]
        if pattern is None:
            if not isinstance(value, dict):
                raise ValueError(f"{name}: Input should be a valid dictionary")
        elif not isinstance(value, str):
            raise ValueError(f"{name}: Input should be a valid string")
        elif not re.fullmatch(pattern, value):
            raise ValueError(f"{name}: String should match pattern {pattern!r}")
    for name in content:
        if name not in _FIELDS:
            raise ValueError(f"{name}: Extra inputs are not permitted")
    return content


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} stands where a number is expected")


def _parse_payload(payload: bytes) -> dict[str, AnyArray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_safetensors

    try:
        return dict(from_safetensors(payload))
    except (SafetensorError, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise ModelFileError(f"Its arrays are not legal: {error}.") from error


def _homes() -> Iterator[str]:
    """Yield the modules that make known the classes a file may name: the shelves and the detectors."""
    yield from ("amiss.models", "amiss.thresholds")
    yield from (f"amiss.detectors.{module.name}" for module in pkgutil.iter_modules(detectors.__path__))


def _try_out(detector: Detector) -> None:
    """Let the detector answer for a few items, so that parts that do not fit together show here."""
    try:
        probe = detector._probe()
        scores = detector.score_samples(probe)
        detector.detect(probe)
        sound = bool(np.isfinite(scores).all()) and detector.offset_ == -detector.threshold_
    except Exception as error:  # whatever hostile parts can cause
        known = isinstance(error, AmissError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        raise ModelFileError(f"Its parts do not fit together ({reason[:200]}). {_OTHER_COPY}.") from error
    if not sound:
        raise ModelFileError(f"Its parts do not fit together (a score is not finite). {_OTHER_COPY}.")
