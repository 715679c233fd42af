"""A Keras network <-> the bytes of Keras' own archive, of which nothing is believed and nothing is run.

Keras keeps a network as a zip archive: what it is built of (JSON) and its weights (HDF5). Here an archive is read only
where it is built of Keras' own layers, in the form Keras itself writes: three members, not compressed; no code (Lambda
and layers that wrap other libraries or read files are refused), nothing of another module, no compilation, no weights
that lie elsewhere or grow when read. Keras then loads it with its own safe mode on.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any

from amiss.errors import MissingExtraError, ModelFileError, in_one_line

_MEMBERS = ("config.json", "metadata.json", "model.weights.h5")
_LARGEST_TEXT = 16 * 2**20
_MOST_NODES = 1_000_000
_SMALL = 65_536  # a number in a configuration that is always legal; larger ones only where as many weights are there
_PUBLIC = (
    "keras",
    "keras.layers",
    "keras.models",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
)
_INSIDE = ("keras.src.ops.", "keras.src.models.functional", "keras.src.models.sequential")
_REFUSED = (  # they run code, wrap another library's, or read files
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
)
_PLAIN = {"__keras_tensor__", "__ellipsis__", "__slice__"}
_ANY_NUMBER = {"seed", "shared_object_id", "value"}


def import_keras() -> Any:
    """Return Keras, imported now if it was not.

    Raises
    ------
    MissingExtraError
        It, or the library it computes with, is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets on the error stream
    try:
        return importlib.import_module("keras")
    except ImportError as error:
        raise MissingExtraError.of(
            "A Keras network", "Keras, and TensorFlow, JAX or PyTorch beneath it", "keras"
        ) from error


def pack(model: Any) -> bytes:
    """Return the archive of a network.

    Parameters
    ----------
    model : keras.Model
        Built. How it was compiled is left out.

    Raises
    ------
    ModelFileError
        It holds more than layers of Keras itself, so that `unpack` would refuse it.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "network.keras")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a lambda in it, which is refused below
                model.save(place)
        except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
            raise ModelFileError(f"Keras cannot save the network: {error}.") from error
        with open(place, "rb") as file:
            archive = _without_compilation(file.read())
    _check(archive)
    return archive


def _without_compilation(archive: bytes) -> bytes:
    """Return an archive without how its network was compiled, and without the day it was saved."""
    members = _members(archive)
    config, about = json.loads(members["config.json"]), json.loads(members["metadata.json"])
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            value.pop("compile_config", None)
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    members["config.json"] = json.dumps(config).encode()
    members["metadata.json"] = json.dumps({"keras_version": about.get("keras_version")}).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as opened:
        for name in _MEMBERS:
            opened.writestr(zipfile.ZipInfo(name), members[name])
    return written.getvalue()


def unpack(archive: bytes) -> Any:
    """Return the network of an archive.

    Raises
    ------
    ModelFileError
        The archive is damaged, or holds something that is refused; it is said what.
    """
    _check(archive)
    keras = import_keras()
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "network.keras")
        with open(place, "wb") as file:
            file.write(archive)
        try:
            return keras.saving.load_model(place, compile=False, safe_mode=True)
        except Exception as error:  # whatever a hostile configuration can cause
            raise ModelFileError(f"Keras cannot load the network: {in_one_line(error)}.") from error


# ------------------------------------------------------------- checks
def _check(archive: bytes) -> None:
    members = _members(archive)
    weights = _check_weights(members["model.weights.h5"])
    for name in ("metadata.json", "config.json"):
        if len(members[name]) > _LARGEST_TEXT:
            raise ModelFileError(
                f"{name} of the Keras archive has {len(members[name]):,} bytes; at most {_LARGEST_TEXT:,} are legal."
            )
    text = members["config.json"]
    if sum(map(text.count, (b",", b"[", b"{"))) > _MOST_NODES:
        raise ModelFileError(f"config.json of the Keras archive holds more than {_MOST_NODES:,} values.")
    try:
        config = json.loads(text)
        _check_config(config, max(weights, _SMALL))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"config.json of the Keras archive is not legal: {error}.") from error


def _members(archive: bytes) -> dict[str, bytes]:
    """Return the members of a zip archive that is of the form Keras writes."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            found = opened.infolist()
            if sorted(one.filename for one in found) != sorted(_MEMBERS):
                told = ", ".join(repr(one.filename)[:60] for one in found[:8])
                raise ModelFileError(
                    f"The Keras archive holds {told}. Legal: {', '.join(_MEMBERS)}, and nothing else."
                )
            for one in found:
                if one.compress_type != zipfile.ZIP_STORED or one.file_size != one.compress_size:
                    raise ModelFileError(
                        f"{one.filename} of the Keras archive is compressed, to {one.compress_size:,} bytes of "
                        f"{one.file_size:,}; Keras compresses nothing."
                    )
            if sum(one.file_size for one in found) > len(archive):
                raise ModelFileError("The members of the Keras archive overlap.")
            return {one.filename: opened.read(one) for one in found}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, OverflowError) as error:
        raise ModelFileError(f"The Keras archive is damaged: {error}.") from error


def _check_weights(content: bytes) -> int:
    """Return how many values the weights hold, all of them inside the file and none made from less."""
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError.of("A Keras network", "Keras", "keras") from error
    count = size = 0
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            for name, one in _datasets(file, h5py):
                plain = not (one.is_virtual or one.external or one.chunks or one.compression)
                if not plain or one.dtype.kind not in "biuf":
                    raise ModelFileError(
                        f"The weights {name[:80]!r} of the Keras archive are not plain numbers in one piece."
                    )
                count, size = count + one.size, size + one.nbytes
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"model.weights.h5 of the Keras archive is damaged: {error}.") from error
    if size > len(content):
        raise ModelFileError(
            f"The weights of the Keras archive are {size:,} bytes in a file of {len(content):,}."
        )
    return count


def _datasets(group: Any, h5py: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield name and dataset; a link to elsewhere is refused."""
    if depth > 64:
        raise ModelFileError("The weights of the Keras archive are nested deeper than 64 levels.")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ModelFileError(f"The weights {name[:80]!r} of the Keras archive lie elsewhere: a link.")
        one = group[name]
        if isinstance(one, h5py.Group):
            yield from _datasets(one, h5py, depth + 1)
        elif isinstance(one, h5py.Dataset):
            yield one.name, one
        else:
            raise ModelFileError(f"The weights {name[:80]!r} of the Keras archive are no numbers.")


def _check_config(config: Any, largest: int) -> None:
    """Check that a configuration names classes of Keras alone, and no number larger than ``largest``."""
    waiting = [("", config)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(key, one) for one in value]
        elif isinstance(value, dict):
            if "class_name" in value or "registered_name" in value:
                _check_object(value)
            if value.get("compile_config"):
                raise ModelFileError(
                    "The Keras archive holds how to compile the network, which is not legal here."
                )
            waiting += list(value.items())
        elif isinstance(value, int | float) and key not in _ANY_NUMBER and not abs(value) <= largest:
            raise ModelFileError(
                f"{key[:60]} is {value} in the Keras archive; beyond {largest:,} is not legal with so few weights."
            )


def _check_object(node: dict[str, Any]) -> None:
    name, module, registered = node.get("class_name"), node.get("module"), node.get("registered_name")
    if name in _PLAIN and module is None:
        return
    if name == "function":
        if module in ("builtins", "keras.activations") and _is_activation(node.get("config")):
            return
        raise _foreign(f"the function {node.get('config')!r}"[:100], module)
    if not isinstance(name, str) or not isinstance(module, str) or registered not in (None, name):
        raise _foreign(f"{str(registered or name)[:80]!r}", module)
    found = _class_of(module, name)
    if found is None or found.__name__ in _REFUSED:
        raise _foreign(repr(name[:80]), module)


def _is_activation(name: Any) -> bool:
    keras = import_keras()
    known = getattr(keras.activations, name, None) if isinstance(name, str) else None
    return callable(known) and name not in ("get", "serialize", "deserialize")


def _foreign(what: str, module: Any) -> ModelFileError:
    place = f" of {str(module)[:60]!r}" if module else ""
    return ModelFileError(
        f"The Keras archive names {what}{place}. Legal: layers of Keras itself that hold no code."
    )


def _class_of(module: str, name: str) -> type | None:
    """Return a class of Keras that a network is built of, None where it is none."""
    keras = import_keras()
    if module in _PUBLIC:
        home: Any = importlib.import_module(module)
    elif module.startswith(_INSIDE) and module in sys.modules:
        home = sys.modules[module]
    else:
        return None
    found = vars(home).get(name)
    bases = (keras.Operation, keras.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint)
    legal = isinstance(found, type) and issubclass(found, (*bases, keras.dtype_policies.DTypePolicy))
    return found if legal and found.__module__.partition(".")[0] == "keras" else None


def weights_of(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of weights of a network, by name."""
    return {one.path: tuple(map(int, one.shape)) for one in model.weights}


def size_of(model: Any) -> int:
    """Return how many weights a network has."""
    return sum(math.prod(shape) for shape in weights_of(model).values())


__all__ = ["import_keras", "pack", "size_of", "unpack", "weights_of"]
