"""Places: the files of a data set, found in a folder or by a glob; what the names of folders tell of them."""

from __future__ import annotations

import glob
import gzip
import os
import re
import zlib
from collections.abc import Sequence
from urllib.parse import unquote

from amiss.errors import SourceError
from amiss.part import shelf_of
from amiss.sources.base import Source, format_by_content
from amiss.sources.content import no_such_file

_READ = "CSV, Parquet, JSON lines, plain lines, and gzip of the texts"
_FORMATS = ("parquet", "csv", "jsonl", "lines")
_HEAD = 200_000  # bytes that tell the format
_GLOB = re.compile(r"[*?\[]")


def is_partitioned(place: str) -> bool:
    """Return whether a place is many files: a folder, or a glob such as ``logs/2026-*.csv``."""
    if "://" in place or place == "-" or os.path.isfile(place):
        return False
    return os.path.isdir(place) or bool(_GLOB.search(place))


def files_of(place: str, format: str | None) -> tuple[list[str], str, tuple[str, ...]]:
    """Return the files at a place, in order, the name of their format, and notes.

    Names that start with a dot or an underscore, as Spark's ``_SUCCESS``, are passed over, folders too.

    Parameters
    ----------
    place : str
        A file, a folder, or a glob.
    format : str or None
        The name of the source where it was said.

    Raises
    ------
    SourceError
        Nothing is there, or nothing that can be read in partitions, or files of several formats.
    """
    if "://" in place or place == "-":
        what = "Standard input" if place == "-" else "A URL"
        raise SourceError(
            f"{what} cannot be read in partitions. Legal: a file, a folder, a glob such as 'logs/*.csv'."
        )
    if not is_partitioned(place):
        return [place], _readable(place, format or _format_of_file(place)), ()
    folder = os.path.isdir(place)
    found = (
        _in_folder(place)
        if folder
        else sorted(path for one in glob.glob(place, recursive=True) for path in _below(one))
    )
    if not found:
        what = f"The folder {place!r} holds no files" if folder else f"Nothing matches {place!r}"
        raise SourceError(
            f"{what}. Legal: a file, a folder of files, a glob such as 'logs/*.csv'. Check the path."
        )
    files, named = _of_one_format(place, found, format)
    left = len(found) - len(files)
    note = (f"Files that are not {named} were passed over: {left:,} in {place}.",) if left else ()
    return files, named, note


def constants_of(place: str, files: Sequence[str]) -> list[dict[str, str]]:
    """Return what the folders of each file, below ``place``, tell: ``year=2026`` is {"year": "2026"}.

    Raises
    ------
    SourceError
        Not all files tell the same.
    """
    told = [_told(_below_place(place, file)) for file in files]
    for file, one in zip(files, told, strict=True):
        if list(one) != list(told[0]):
            raise SourceError(
                f"The folders of {file!r} name {_listed(one)}, those of {files[0]!r} name {_listed(told[0])}. "
                "All files of a data set must lie in folders of the same keys, such as year=2026. "
                "Name the part of the folder that is meant."
            )
    return told


def _below_place(place: str, file: str) -> str:
    """Return the folders of a file that belong to the data set: those below the folder, or all of a glob."""
    folders = os.path.dirname(file)
    return (
        os.path.relpath(folders, place) if os.path.isdir(place) else folders if is_partitioned(place) else ""
    )


def _told(folders: str) -> dict[str, str]:
    parts = [part.partition("=") for part in folders.split(os.sep)]
    return {unquote(key): unquote(value) for key, mark, value in parts if mark and key}


def _listed(told: dict[str, str]) -> str:
    return ", ".join(told) or "no key"


def _in_folder(folder: str) -> list[str]:
    found = []
    try:
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            if not entry.name.startswith((".", "_")):
                found += _in_folder(entry.path) if entry.is_dir() else [entry.path]
    except OSError as error:
        raise SourceError(
            f"The folder {folder!r} cannot be read: {error.strerror}. Give one that you may read."
        ) from error
    return found


def _below(path: str) -> list[str]:
    if os.path.basename(path).startswith((".", "_")):
        return []
    return _in_folder(path) if os.path.isdir(path) else [path]


def _of_one_format(place: str, found: list[str], format: str | None) -> tuple[list[str], str]:
    """Return the files of the one format there is, or of the one that was asked for."""
    by_format: dict[str, list[str]] = {}
    for file in found:
        by_format.setdefault(_by_ending(file), []).append(file)
    if format is not None:
        return by_format.get(format) or by_format.get("") or found, format
    known = [name for name in by_format if name in _FORMATS]
    if not known:
        raise SourceError(
            f"{place!r} holds no file that can be read by its ending, only files such as {found[0]!r}. "
            f"Legal: {_READ}. Name the format if it is one of them, such as csv."
        )
    if len(known) > 1:
        first, second = (by_format[name][0] for name in known[:2])
        raise SourceError(
            f"{place!r} holds files of several formats: {first!r} is {known[0]}, {second!r} is {known[1]}. "
            f"A data set is of one. Name the format, or a glob such as {os.path.join(place, '*.csv')!r}."
        )
    return by_format[known[0]], known[0]


def _by_ending(file: str) -> str:
    ending = os.path.splitext(file.lower().removesuffix(".gz"))[1]
    return next((name for name, part in shelf_of(Source).items() if ending in part.endings), "")


def _format_of_file(place: str) -> str:
    if not os.path.exists(place):
        raise SourceError(no_such_file(place))
    return _by_ending(place) or format_by_content(place, head_of(place, _HEAD))


def head_of(file: str, size: int) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises
    ------
    SourceError
        It cannot be read.
    """
    try:
        with open(file, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file) if packed else open(file, "rb") as opened:
            return opened.read(size)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(
            f"{file!r} cannot be read: {reason}. Give a whole file that you may read."
        ) from error


def _readable(place: str, format: str) -> str:
    if format not in _FORMATS:
        raise SourceError(
            f"{place!r} is of the format {format!r}, which is not read in partitions. Legal: {_READ}."
        )
    return format
