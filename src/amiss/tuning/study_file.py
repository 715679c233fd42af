"""Study file: the trials of a search, kept by Optuna, in memory or in an SQLite file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amiss.batch import FloatArray
from amiss.errors import MissingExtraError, ParameterError
from amiss.reading.frames import read_frame
from amiss.text.texts import read_strings

if TYPE_CHECKING:
    import optuna

_TABLES = {"studies", "trials", "version_info"}  # that Optuna's files hold, among others


@contextlib.contextmanager
def opened_study(
    path: str | os.PathLike[str] | None, name: str, maximise: bool
) -> Iterator[optuna.study.Study]:
    """Give the study of that name, begun or as it was left; Optuna is silent meanwhile.

    Parameters
    ----------
    path : str, path or None
        The SQLite file; None keeps the study in memory.
    name : str
        A file may hold several studies.
    maximise : bool
        Whether a higher value is better.

    Raises
    ------
    MissingExtraError
        Optuna is not installed.
    ParameterError
        The file is damaged, is no study, or cannot be written.
    """
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError.of("Tuning", "Optuna", "tune") from error
    said = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        if path is None:
            yield _begun(None, name, maximise)
        else:
            check_study_file(path)
            with _kept(path) as storage:
                yield _begun(storage, name, maximise)
    finally:
        optuna.logging.set_verbosity(said)


def _begun(storage: Any, name: str, maximise: bool) -> optuna.study.Study:
    import optuna

    direction: Any = "maximize" if maximise else "minimize"
    study = optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)
    _ = study.trials  # read once: a damaged one shows here
    return study


@contextlib.contextmanager
def _kept(path: str | os.PathLike[str]) -> Iterator[Any]:
    from optuna.exceptions import OptunaError
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import SQLAlchemyError

    storage = None
    try:
        storage = RDBStorage(
            "sqlite:///study", {"creator": partial(_connected, path)}
        )  # any name, "a?b.db" too
        yield storage
    except (SQLAlchemyError, OptunaError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise ParameterError(
            f"study={os.fspath(path)!r} cannot be read or written ({reason}). Name a file that tune wrote, or a new "
            "one in a folder that is there."
        ) from error
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _connected(path: str | os.PathLike[str]) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False)


def check_study_file(path: str | os.PathLike[str]) -> None:
    """Raise where a file is there that no search has written; it is not touched.

    Raises
    ------
    ParameterError
        It is no SQLite file, is damaged, or holds other tables.
    """
    file, why = Path(path), ""
    if not file.parent.is_dir():
        raise ParameterError(
            f"study={os.fspath(path)!r}: there is no folder {str(file.parent)!r}. Make it, or name another."
        )
    if not file.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as base:
            tables = {name for (name,) in base.execute("select name from sqlite_master where type = 'table'")}
        if tables and not tables >= _TABLES:
            why = f"it holds other tables: {', '.join(sorted(tables)[:3])}"
    except sqlite3.Error as error:
        why = str(error)
    if why:
        raise ParameterError(
            f"study={os.fspath(path)!r} cannot be read as a study ({why}). Name a file that tune wrote, or a new one."
        )


def study_name(kind: str, asked: str, data: Any, marks: FloatArray | None) -> str:
    """Return a name that only the same search on the same data has.

    Parameters
    ----------
    kind : str
        "table", "series" or "strings".
    asked : str
        The detector with its parameters.
    data : frame, array or list
    marks : ndarray of shape (items,), optional
        Labels.
    """
    print_ = hashlib.sha256(asked.encode("utf-8", "surrogatepass"))
    if kind == "strings":
        print_.update(repr(read_strings(data)[0]).encode("utf-8", "surrogatepass"))
    else:
        flat = isinstance(data, list | tuple | np.ndarray) and np.ndim(data) == 1
        frame = read_frame({"": np.asarray(data)} if flat else data)
        for name, column in zip(frame.names, frame.columns, strict=True):
            values = repr(column.tolist()) if column.dtype.kind == "O" else column.tobytes().hex()
            print_.update(f"{name!r}: {column.dtype}, {values}".encode("utf-8", "surrogatepass"))
    if marks is not None:
        print_.update(marks.tobytes())
    return f"{kind}-{print_.hexdigest()[:16]}"


__all__ = ["check_study_file", "opened_study", "study_name"]
