"""Keras' archives beside a model file: ``orders.amiss`` and ``orders.amiss.1f3a9c2e.keras``.

The model file names its archive by a token, drawn anew each time it is saved, and holds the archive's checksum. An
archive is written before the model file that names it, and the one that was named before goes afterwards: at any moment
the model file that is there finds its own archive.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from amiss import atomic
from amiss.errors import ModelFileError
from amiss.models.own_keras import OwnKeras

_NAMED = re.compile(rb'"archive_":"([0-9a-f]{8})-[0-9a-f]{64}"')
_READ_FOR_NAMES = 16 * 2**20


@contextlib.contextmanager
def written_beside(path: str | os.PathLike[str], networks: Sequence[object]) -> Iterator[None]:
    """Write the archives of Keras networks; meanwhile the model file is written, and then the old archives go.

    Where the model file cannot be written, the new archives go and the old ones stay.

    Parameters
    ----------
    path : str or path
        The model file.
    networks : sequence
        Those of the user's own in the detector.
    """
    models = [one for one in networks if isinstance(one, OwnKeras)]
    before = _named_in(path)
    new: list[Path] = []
    try:
        for model in models:
            content = model.packed()
            if content is not None:
                new.append(_beside(path, model.archive_.partition("-")[0]))
                atomic.write(new[-1], [content])
        yield
    except BaseException:
        _remove(new)
        raise
    _remove([place for place in before if place not in new])


def read_beside(path: str | os.PathLike[str], networks: Sequence[object], max_bytes: int) -> None:
    """Give the Keras networks of a loaded detector what their archives hold.

    Raises
    ------
    ModelFileError
        An archive is not there, too large, damaged, another one's, or holds what is refused.
    """
    for model in networks:
        if not isinstance(model, OwnKeras) or not vars(model).get("archive_"):
            continue
        if not re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{64}", model.archive_):
            raise ModelFileError("It names its Keras archive in a way that is not legal.")
        place = _beside(path, model.archive_.partition("-")[0])
        try:
            model.unpacked(_content(place, max_bytes))
        except OSError as error:
            raise ModelFileError(
                f"Its Keras model lies beside it in {place.name!r}, which cannot be read: {error.strerror or error}. "
                "Move and rename the two files together."
            ) from error
        except ModelFileError as error:
            raise ModelFileError(f"Its Keras model, {place.name!r}, was refused: {error}") from error


def _content(place: Path, max_bytes: int) -> bytes:
    with open(place, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise ModelFileError("It is not a regular file.")
        if about.st_size > max_bytes:
            raise ModelFileError(f"It has {about.st_size:,} bytes; at most {max_bytes:,} are legal.")
        return file.read(max_bytes + 1)


def _beside(path: str | os.PathLike[str], token: str) -> Path:
    target = Path(os.path.realpath(path))
    return target.with_name(f"{target.name}.{token}.keras")


def _named_in(path: str | os.PathLike[str]) -> list[Path]:
    """Return the archives that the present model file names; none where there is no such file."""
    if not os.path.isfile(path):
        return []
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return [_beside(path, token.decode()) for token in _NAMED.findall(file.read(_READ_FOR_NAMES))]
    return []


def _remove(places: Sequence[Path]) -> None:
    for place in places:
        with contextlib.suppress(OSError):  # what stays behind is in nobody's way
            place.unlink(missing_ok=True)


__all__ = ["read_beside", "written_beside"]
