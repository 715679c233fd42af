"""Plain lines: a list of strings, one a line, in their order, as often as they occur."""

from __future__ import annotations

from typing import ClassVar

from amiss.sources.base import FileSource, counted
from amiss.sources.limits import Limits


class LinesSource(FileSource):
    r"""A list of strings, one a line.

    Lines end in ``\n`` or ``\r\n`` and nothing else, so that any other character is part of a string. A line
    without characters is the empty string.

    Parameters
    ----------
    place : str
        Path, or "-" for standard input; gzip is unpacked.
    encoding : str
        Such as utf-8, utf-16, cp1252. "auto": found.
    limits : Limits
        How much is read at most.
    """

    name: ClassVar[str] = "lines"
    endings: ClassVar[tuple[str, ...]] = (".txt", ".list", ".lst", ".log")

    def __init__(self, place: str = "-", encoding: str = "auto", limits: Limits = Limits()) -> None:  # noqa: B008
        self.place = place
        self.encoding = encoding
        self.limits = limits

    def read(self) -> list[str]:
        """Return the strings."""
        found = self.text(self.encoding)
        text = found.text
        if "\r" in text:
            text = text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")
        strings = text.removesuffix("\n").split("\n")
        self.limits.check_cells(self.called, len(strings), 1)
        longest = max(range(len(strings)), key=lambda at: len(strings[at]))
        self.limits.check_length(f"{self.called} line {longest + 1}", len(strings[longest]))
        self.found_ = ("Plain lines", found.encoding, counted(len(strings), "string"))
        self.notes_ = found.notes
        return strings
