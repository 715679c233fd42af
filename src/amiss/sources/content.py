"""The bytes of a file or of standard input, unpacked, and the text in them."""

from __future__ import annotations

import codecs
import difflib
import os
import sys
import zlib
from dataclasses import dataclass

from amiss.errors import ParameterError, SourceError
from amiss.sources.limits import Limits

_GZIP = b"\x1f\x8b"
_STEP = 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)


def content_of(place: str, limits: Limits) -> bytes:
    """Return the bytes at ``place``, "-" for standard input; gzip is unpacked.

    Raises
    ------
    SourceError
        There is no such file, it cannot be read, or it is larger than the limits.
    """
    try:
        if place == "-":
            content = sys.stdin.buffer.read(limits.bytes + 1)
        else:
            with open(place, "rb") as file:
                content = file.read(limits.bytes + 1)
    except FileNotFoundError as error:
        raise SourceError(no_such_file(place)) from error
    except IsADirectoryError as error:
        raise SourceError(
            f"{place!r} is a folder. Name a file in it, such as {_first_in(place)!r}."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{place!r} cannot be read: {reason}. Give a file that you may read.") from error
    limits.check_bytes(place, len(content))
    return _unpacked(place, content, limits) if content.startswith(_GZIP) else content


def no_such_file(place: str) -> str:
    """Return the sentence that says so, and what may have been meant."""
    folder, name = os.path.split(place)
    try:
        near = difflib.get_close_matches(name, os.listdir(folder or "."), n=1)
    except OSError:
        return f"There is no file {place!r}, nor the folder {folder!r}. Give the path of a file."
    guess = f" Did you mean {os.path.join(folder, near[0])!r}?" if near else ""
    return f"There is no file {place!r}. Give the path of a file, or - for standard input.{guess}"


def _first_in(folder: str) -> str:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    return os.path.join(folder, names[0] if names else "data.csv")


def _unpacked(place: str, packed: bytes, limits: Limits) -> bytes:
    """Return what gzip packed, one step at a time, so that a bomb stops at the limit."""
    pieces: list[bytes] = []
    size, rest = 0, packed
    while rest.startswith(_GZIP):  # a gzip file may hold several members
        member = zlib.decompressobj(31)
        while not member.eof:
            try:
                piece = member.decompress(rest, _STEP)
            except zlib.error as error:
                raise SourceError(
                    f"{place} is damaged: its gzip data does not unpack. Get a whole copy."
                ) from error
            if not piece and not member.eof:
                raise SourceError(f"{place} is cut off: its gzip data ends too early. Get a whole copy.")
            rest = member.unconsumed_tail
            pieces.append(piece)
            size += len(piece)
            limits.check_ratio(place, len(packed), size)
        rest = member.unused_data
    return b"".join(pieces)


@dataclass(frozen=True)
class Text:
    """Decoded text, how it was encoded in words, and what the reader should know about it."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def text_of(place: str, content: bytes, encoding: str = "auto") -> Text:
    """Return the text in ``content``.

    A byte order mark decides; else UTF-16 where every other byte is NUL; UTF-8 where the bytes allow it; else
    Windows-1252, what Western Excel writes. In a text that is UTF-8 but for a few bytes, these are shown as
    ``\\xe9``.

    Raises
    ------
    SourceError
        ``encoding`` was given and the bytes are not written so; the line is named.
    ParameterError
        There is no such encoding.
    """
    if encoding != "auto":
        return Text(_decoded(place, content, encoding), encoding)
    for mark, name, words in _MARKS:
        if content.startswith(mark):
            return Text(_decoded(place, content[len(mark) :], name), words)
    wide = utf16_without_mark(content)
    if wide is not None:
        return Text(_decoded(place, content, wide), "UTF-16")
    try:
        return Text(content.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _not_quite_utf8(place, content)


def _decoded(place: str, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except (LookupError, TypeError) as error:
        raise ParameterError(
            f"Encoding {encoding!r} is not known. Legal: auto, utf-8, utf-16, cp1252, latin-1 and the others "
            "Python knows."
        ) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SourceError(
            f"{place} line {line} holds the byte 0x{content[error.start]:02x}, which is not {encoding}. "
            "Leave the encoding out to have it found, or name the right one, such as cp1252."
        ) from error
    return text.removeprefix("\ufeff")


def utf16_without_mark(content: bytes) -> str | None:
    """Return which UTF-16 a text without a byte order mark is written in, None where it is not."""
    head = content[:4096]
    if len(head) < 4 or len(content) % 2:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * len(head) / 2 and even < 0.1 * odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * len(head) / 2 and odd < 0.1 * even else None


def _not_quite_utf8(place: str, content: bytes) -> Text:
    lenient = content.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= character <= "\udcff" for character in lenient)
    whole = sum(character > "\x7f" for character in lenient) - broken
    if whole > broken:
        note = f"Bytes that are not UTF-8 are shown as \\xe9 and the like: {broken:,} in {place}."
        return Text(content.decode("utf-8", "backslashreplace"), "UTF-8", (note,))
    try:
        return Text(content.decode("cp1252"), "Windows-1252")
    except UnicodeDecodeError:
        return Text(content.decode("latin-1"), "Latin-1")
