"""Source: where data comes from. `open_source` picks one by place, ending and content."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.errors import ParameterError, SourceError
from amiss.part import Part, make_part, shelf_of
from amiss.sources.content import Text, content_of, text_of
from amiss.sources.limits import Limits
from amiss.sources.typed import Columns

if TYPE_CHECKING:
    import polars

    Data = Columns | polars.DataFrame | list[str]
"""What a source reads: columns by name, or a list of strings."""

_CONTROL = re.compile("[\x00\x02-\x08\x0e-\x1a\x1c-\x1e]")
_MANY_CONTROLS = 6  # different ones: no text mixes so many, even one that parts its cells by some
_REFUSED = {
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "an SQLite database",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"(\xb5/\xfd": "packed with zstd",
}


_LEGAL = (
    "Legal: CSV, Parquet, JSON lines, plain lines, gzip of these, SQLite. Save it as one of these, "
    "or leave the format out to have it found."
)


class Source(Part):
    """A place that data is read from.

    Attributes
    ----------
    place : str
        A path, "-" for standard input, or a database URL.
    endings : tuple of str
        Ends of file names that ask for this source.
    """

    shelf: ClassVar[str] = "source"
    endings: ClassVar[tuple[str, ...]] = ()
    place: str
    found_: tuple[str, ...] = ()
    notes_: tuple[str, ...] = ()

    def read(self) -> Data:
        """Return the data.

        Returns
        -------
        dict of str to ndarray, polars.DataFrame or list of str

        Raises
        ------
        SourceError
            The data cannot be read: the place, the line where there is one, and what to do.
        """
        raise NotImplementedError

    def describe(self) -> str:
        """Return what was found, in words: "CSV, semicolon separated, UTF-8, header found". Read first."""
        return ", ".join(self.found_) or self.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know about the data, a sentence each. Read first."""
        return self.notes_


class FileSource(Source):
    """A file or standard input; ``limits`` is a parameter of each."""

    limits: Limits
    content_: bytes | None = None

    def content(self) -> bytes:
        """Return the bytes, read once."""
        if self.content_ is None:
            self.content_ = content_of(self.place, self.limits)
        return self.content_

    def text(self, encoding: str) -> Text:
        """Return the text; the bytes are let go of."""
        content = self.content()
        refuse_binary(self.called, content)
        found = text_of(self.called, content, encoding)
        self.content_ = None
        if encoding == "auto":
            refuse_controls(self.called, found.text[:4096])
        if not found.text.strip():
            raise SourceError(f"{self.called} is empty. Give a file with data in it.")
        return found

    @property
    def called(self) -> str:
        """The place as messages call it."""
        return "Standard input" if self.place == "-" else self.place


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Stop the garbage collector for a while: it would walk millions of new cells again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def counted(count: int, noun: str) -> str:
    """Return "1 row", "2,000 rows"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def refuse_binary(place: str, content: bytes) -> None:
    """Raise where the content is of a kind known to be no text."""
    for magic, words in _REFUSED.items():
        if content.startswith(magic):
            raise SourceError(f"{place} is {words}. {_LEGAL}")


def refuse_controls(place: str, head: str) -> None:
    """Raise where the head of a text is made of what no text holds."""
    controls = _CONTROL.findall(head)
    if len(controls) > 0.1 * len(head) or len(set(controls)) >= _MANY_CONTROLS:
        raise SourceError(f"{place} holds binary data, not text: name its encoding if it is. {_LEGAL}")


def chosen_columns(place: str, wanted: Sequence[str] | None, names: Sequence[str]) -> list[str]:
    """Return the columns to read: all, or those wanted.

    Raises
    ------
    SourceError
        A column that is wanted is not there.
    """
    if wanted is None:
        return list(names)
    for name in wanted:
        if name not in names:
            raise SourceError(
                f"{place} has no column {name!r}. Its columns: {', '.join(names)}. Choose among them."
            )
    return list(dict.fromkeys(wanted))


def open_source(place: str, format: str | None = None, **options: Any) -> Source:
    """Return the source that reads ``place``, not read yet.

    A URL (``sqlite:///shop.db?table=orders``) is a database; the ending of a file name decides next, then the
    content.

    Parameters
    ----------
    place : str
        Path, "-" for standard input, or database URL.
    format : str, optional
        Name of a source, with parameters if wanted: ``"csv:delimiter=tab"``.
    **options
        Parameters of the source; None stands for "not said".

    Raises
    ------
    SourceError
        The place cannot be opened, or holds what no source reads.
    UnknownPartError, ParameterError
        The format or an option is not known.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "orders.csv")
    ...     _ = path.write_text("id;amount\\n1;9,5\\n2;7,25\\n")
    ...     source = open_source(str(path))
    ...     source.read(), source.describe()
    ({'id': array([1, 2]), 'amount': array([9.5 , 7.25])},
     'CSV, semicolon separated, decimal comma, UTF-8, header found, 2 rows x 2 columns')
    """
    import amiss.sources  # noqa: F401 - puts every source on the shelf

    place = os.fspath(place)
    given = {name: value for name, value in options.items() if value is not None}
    content: bytes | None = None
    if format is None:
        format, place, content = _find_format(place, given.get("limits", Limits()))
    elif "://" in place and format.partition(":")[0] != "sql":
        raise ParameterError(f"A URL is read by the source 'sql', not by {format!r}. Leave the format out.")
    asked = make_part(Source, format)
    legal = asked.parameter_defaults()
    for name in given:
        if name not in legal:
            raise ParameterError(
                f"Option {name!r} means nothing to the source {asked.name!r}. "
                f"Its options: {', '.join(n for n in legal if n != 'place')}. Leave it out."
            )
    source = type(asked)(**{**{n: getattr(asked, n) for n in legal}, **given, "place": place})
    if isinstance(source, FileSource):
        source.content_ = content
    return source


def _find_format(place: str, limits: Limits) -> tuple[str, str, bytes | None]:
    """Return the name of the source, the place as it takes it, and the content where that had to be read."""
    if "://" in place:
        scheme = place.partition("://")[0].partition("+")[0].lower()
        if scheme in {"sqlite", "postgresql", "postgres", "mysql", "mariadb"}:
            return "sql", place, None
        raise SourceError(
            f"URLs of the kind {scheme}:// are not read. Legal: sqlite, postgresql, mysql, mariadb. "
            "Load anything else to a file first."
        )
    ending = os.path.splitext(place.lower().removesuffix(".gz"))[1]
    for name, part in shelf_of(Source).items():
        if ending in part.endings:
            return name, f"sqlite:///{place}" if name == "sql" else place, None
    content = content_of(place, limits)
    return (
        format_by_content(place, content),
        f"sqlite:///{place}" if content.startswith(b"SQLite format 3") else place,
        content,
    )


def format_by_content(place: str, content: bytes) -> str:
    """Return the name of the source that reads such content."""
    if content.startswith(b"PAR1"):
        return "parquet"
    if content.startswith(b"SQLite format 3\x00"):
        return "sql"
    refuse_binary(place, content)
    from amiss.sources.dialect import SINGLE_COLUMN, find_dialect

    text = text_of(place, content[:200_000].rpartition(b"\n")[0] or content[:200_000]).text
    if text.lstrip().startswith(("{", "[{")):
        return "jsonl"
    return "lines" if find_dialect(text).delimiter == SINGLE_COLUMN else "csv"
