"""Text files: their bytes, unpacked, from here to there; how they are encoded; where lines end near given places."""

from __future__ import annotations

import codecs
import gzip
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from amiss.errors import ParameterError, SourceError
from amiss.progress import Told
from amiss.sources.content import utf16_without_mark
from amiss.sources.limits import Limits

_BLOCK = 2**22
_UNBOUNDED = 2**62  # bytes in all: a data set in partitions may be of any size
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_ASCII = "\r\n\",;'a0"
_HELD = threading.local()


@dataclass(frozen=True)
class TextFile:
    """One text file, seen once.

    Attributes
    ----------
    path : str
    size : int
        Bytes, unpacked.
    breaks : tuple of int
        Where lines begin, about every ``step`` bytes; the last is the size.
    line_end : bytes
        A carriage return where no line feed occurs, else a line feed.
    """

    path: str
    size: int
    breaks: tuple[int, ...]
    line_end: bytes


@dataclass
class Letters:
    """What tells the encoding: letters that are UTF-8, bytes that are not, and whether those can be Windows-1252."""

    whole: int = 0
    broken: int = 0
    western: bool = True

    def codec(self) -> tuple[str, str, str]:
        """Return name and error rule of the codec, and the encoding in words; see `sources.content.text_of`."""
        if not self.broken:
            return "utf-8", "strict", "UTF-8"
        if self.whole > self.broken:
            return "utf-8", "backslashreplace", "UTF-8"
        return ("cp1252", "strict", "Windows-1252") if self.western else ("latin-1", "strict", "Latin-1")


def bytes_of(path: str, start: int, stop: int) -> bytes:
    """Return the bytes of a file, unpacked.

    A packed file stays open, so that it is unpacked once when it is read from its beginning to its end in pieces.

    Raises
    ------
    SourceError
        It cannot be read, or is cut off.
    """
    with _readable(path):
        file = _held(path)
        file.seek(start)
        content = file.read(stop - start)
        if not isinstance(file, gzip.GzipFile):
            file.close()
    if len(content) < stop - start:
        raise SourceError(f"{path!r} ends too early. Was it changed meanwhile? Start again.")
    return content


def _held(path: str) -> BinaryIO:
    """Return the file, opened; a packed one that this thread opened before stands where it was left."""
    stamp = (path, os.stat(path).st_mtime_ns)
    if getattr(_HELD, "stamp", None) == stamp:
        held: BinaryIO = _HELD.file
        return held
    file = _opened(path)
    if isinstance(file, gzip.GzipFile):
        if getattr(_HELD, "stamp", None) is not None:
            _HELD.file.close()
        _HELD.file, _HELD.stamp = file, stamp
    return file


def survey(path: str, step: int, letters: Letters, limits: Limits, told: Told) -> TextFile:
    """Return where the lines of a file begin; ``letters`` takes in its letters.

    Raises
    ------
    SourceError
        It cannot be read, is written in two or four bytes a character, or unpacks to more than honest files do.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    breaks: list[int] = []
    at, line_end, packed = 0, b"", max(os.path.getsize(path), 1)
    with _readable(path), _opened(path) as file:
        gzipped = isinstance(file, gzip.GzipFile)
        while block := file.read(_BLOCK):
            if at == 0:
                _refuse_wide(path, block)
            if not line_end and b"\n" in block:
                line_end, breaks = b"\n", []
            _count(letters, block, decoder.decode(block))
            _add_breaks(breaks, block, at, step, line_end or b"\r")
            at += len(block)
            told(f"Finding the data: {at / 1e6:,.0f} MB of {path} are read")
            if gzipped:
                replace(limits, bytes=_UNBOUNDED).check_ratio(path, packed, at)
    _count(letters, b"", decoder.decode(b"", final=True))
    return TextFile(path, at, tuple([b for b in breaks if b < at] + [at]), line_end or b"\r")


def bom_length(head: bytes) -> int:
    """Return how many bytes of a mark stand before the text."""
    return 3 if head.startswith(codecs.BOM_UTF8) else 0


def check_codec(encoding: str) -> None:
    """Raise where texts of an encoding cannot be cut at the ends of their lines."""
    try:
        fits = _ASCII.encode(encoding).removeprefix(codecs.BOM_UTF8) == _ASCII.encode()
    except (LookupError, TypeError, UnicodeError) as error:
        raise ParameterError(
            f"Encoding {encoding!r} is not known. Legal: auto, utf-8, cp1252, latin-1 and the others Python knows."
        ) from error
    if not fits:
        raise ParameterError(
            f"Texts in {encoding!r} are not read in partitions. Legal: encodings of one byte for a line end, such as "
            "utf-8, cp1252. Save the data as utf-8."
        )


def decoded(path: str, content: bytes, encoding: str, errors: str, before: int = 0) -> str:
    """Return the text in some bytes of a file, before which ``before`` lines stand."""
    try:
        return content.decode(encoding, errors)
    except UnicodeDecodeError as error:
        line = before + content[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{path} line {line} holds the byte 0x{content[error.start]:02x}, which is not {encoding}. "
            "Leave the encoding out to have it found, or name the right one, such as cp1252."
        ) from error


def _opened(path: str) -> BinaryIO:
    file = open(path, "rb")  # noqa: SIM115 - it stays open from piece to piece
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not packed:
        return file
    file.close()
    return gzip.open(path)  # type: ignore[return-value]


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Say which file cannot be read, and why."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(
            f"{path!r} is damaged: its gzip data does not unpack. Get a whole copy, or take it out of the data set."
        ) from error
    except OSError as error:
        raise SourceError(
            f"{path!r} cannot be read: {error.strerror}. Give files that you may read."
        ) from error


def _refuse_wide(path: str, head: bytes) -> None:
    if head.startswith(_WIDE) or utf16_without_mark(head) is not None:
        raise SourceError(
            f"{path!r} is written in two or more bytes a character (UTF-16, UTF-32), or is no text. Such files are not "
            "read in partitions. Save it as UTF-8."
        )


def _count(letters: Letters, block: bytes, text: str) -> None:
    if text.isascii() and block.isascii():
        return
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    broken = int(((points >= 0xDC80) & (points <= 0xDCFF)).sum())
    letters.broken += broken
    letters.whole += int((points > 0x7F).sum()) - broken
    letters.western = letters.western and not any(byte in block for byte in _NOT_CP1252)


def _add_breaks(breaks: list[int], block: bytes, at: int, step: int, line_end: bytes) -> None:
    """Add the first beginning of a line after every ``step`` bytes."""
    due = max((breaks[-1] if breaks else 0) + step, at)
    while due < at + len(block):
        found = block.find(line_end, due - at)
        if found < 0:
            return
        breaks.append(at + found + 1)
        due = breaks[-1] + step
