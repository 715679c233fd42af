"""Texts in partitions: encoding, dialect and header found once, rows counted, and types joined over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from amiss.errors import SourceError
from amiss.partitions.base import Partition, Reader, columns_to_read
from amiss.partitions.counting import Counted, TextReader, count_all
from amiss.partitions.csv_heads import open_csv
from amiss.partitions.lines import STRING, JsonlReader, LinesReader
from amiss.partitions.text_files import Letters, TextFile, bom_length, bytes_of, check_codec, survey
from amiss.progress import Told
from amiss.sources.base import Source, refuse_binary, refuse_controls
from amiss.sources.csv import CsvSource, ends_unnamed

STEP_LEAST, STEP_MOST = 2**20, 2**25  # bytes of a range that is counted as a whole
_HEAD = 2**18
_Starts = dict[str, tuple[int, int]]
_Counts = list[tuple[str, Counted]]


def open_texts(
    asked: Source,
    reader: Reader,
    columns: Sequence[str] | None,
    constants: dict[str, dict[str, str]],
    rows: int,
    told: Told,
    jobs: int,
) -> tuple[Reader, list[Partition], tuple[str, ...], tuple[str, ...]]:
    """Return what reads the text files of ``reader.stamps``, their partitions, what was found in words, and notes.

    Raises
    ------
    SourceError
        A file cannot be read, or the files do not fit together.
    """
    encoding: str = getattr(asked, "encoding", "auto")
    if encoding != "auto":
        check_codec(encoding)
    letters = Letters()
    files = _surveyed(reader, rows, letters, told)
    codec, errors, words = letters.codec() if encoding == "auto" else (encoding, "strict", encoding)
    plain = TextReader(**vars(reader), encoding=codec, errors=errors, kinds={})
    files = [file for file in files if _is_text(file, plain, encoding)]
    if not files:
        raise SourceError(f"{next(iter(reader.stamps))!r} is empty. Give files with data in them.")
    notes: tuple[str, ...] = ()
    if errors == "backslashreplace":
        notes = (f"Bytes that are not UTF-8 are shown as \\xe9 and the like: {letters.broken:,}.",)
    opened, counts, found, more = _counted(asked, files, plain, columns, rows, told, jobs)
    partitions = [
        Partition(0, path, start, stop, 0, count, constants[path])
        for path, counted in counts
        for start, stop, count in counted.pieces
    ]
    if not partitions:
        raise SourceError(f"{files[0].path!r} holds a header and no rows. Give data, or say header=no.")
    names = tuple(columns_to_read(files[0].path, list(opened.kinds), columns, constants[files[0].path]))
    kinds = {name: kind for name, kind in opened.kinds.items() if name in names}
    return replace(opened, names=names, kinds=kinds), partitions, (words, *found), (*notes, *more)


def _surveyed(reader: Reader, rows: int, letters: Letters, told: Told) -> list[TextFile]:
    """Return the files that hold a byte."""
    files = []
    for path, (size, _) in reader.stamps.items():
        head = bytes_of(path, 0, min(size, _HEAD)) if size and not _is_packed(path) else b""
        step = min(max(rows * (len(head) // max(head.count(b"\n"), 1)), STEP_LEAST), STEP_MOST)
        if size:
            refuse_binary(path, head)
            files.append(survey(path, step, letters, reader.limits, told))
    return files


def _is_packed(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _is_text(file: TextFile, reader: TextReader, encoding: str) -> bool:
    """Return whether a file is more than blank; raise where it is no text."""
    head = bytes_of(file.path, 0, min(file.size, _HEAD))
    refuse_binary(file.path, head)
    if file.size > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    text = head.decode(reader.encoding, "replace")
    if encoding == "auto":
        refuse_controls(file.path, text[:4096])
    return file.size > _HEAD or bool(text.strip())


def _counted(
    asked: Source,
    files: list[TextFile],
    plain: TextReader,
    columns: Sequence[str] | None,
    rows: int,
    told: Told,
    jobs: int,
) -> tuple[Any, _Counts, tuple[str, ...], tuple[str, ...]]:
    """Return the reader of the format with its types, what each range holds, and words and notes."""
    starts = {file.path: (bom_length(bytes_of(file.path, 0, min(file.size, 3))), 0) for file in files}
    if isinstance(asked, CsvSource):
        opened, starts, notes, found = open_csv(asked, files, plain)
        counts = list(count_all(opened, files, starts, rows, told, jobs))
        opened = _typed_csv(opened, _joined(counts), asked.decimal, columns)
        comma = ("decimal comma",) if opened.decimal == "," else ()
        return opened, counts, (found[0], *comma, found[1]), notes
    if asked.name == "lines":
        returns = tuple(file.path for file in files if file.line_end == b"\r")
        lines = LinesReader(**vars(plain), returns=returns)
        counts = list(count_all(lines, files, starts, rows, told, jobs))
        return replace(lines, kinds={STRING: "text"}), counts, (), ()
    return _counted_json(files, plain, starts, rows, told, jobs)


def _joined(counts: _Counts) -> dict[str, Any]:
    """Return what was seen of each column in all ranges."""
    seen: dict[str, Any] = {}
    for _, counted in counts:
        for name, more in counted.seen.items():
            seen[name] = seen[name].with_more(more) if name in seen else more
    return seen


def _typed_csv(opened: Any, seen: dict[str, Any], decimal: str, columns: Sequence[str] | None) -> Any:
    """Return the reader with the decimal mark and the types; a last column without name and cells is none."""
    names = list(seen)
    if names and ends_unnamed(names) and not seen[names[-1]].present:
        del seen[names[-1]]
    wanted = [name for name in seen if columns is None or name in columns]
    if decimal == "auto":
        comma = opened.dialect.delimiter != "," and any(seen[name].has_decimal_comma() for name in wanted)
        decimal = "," if comma else "."
    return replace(opened, decimal=decimal, kinds={name: cells.kind(decimal) for name, cells in seen.items()})


def _counted_json(
    files: list[TextFile], plain: TextReader, starts: _Starts, rows: int, told: Told, jobs: int
) -> tuple[Any, _Counts, tuple[str, ...], tuple[str, ...]]:
    """Count JSON lines; once more where objects lie within objects, since their columns are known then."""
    for number, file in enumerate(files):
        if bytes_of(file.path, *_first(file, starts)).lstrip().startswith(b"["):
            raise SourceError(
                f"{file.path!r} is one array of JSON, which is not read in partitions. Legal: an object a line. "
                "Save it as JSON lines."
            )
        if file.line_end == b"\r":
            files[number] = replace(file, breaks=(file.size,))
    reader = JsonlReader(**vars(plain), named=(), outer=(), paths=(), strings=False)
    counts = list(count_all(reader, files, starts, rows, told, jobs))
    kinds = {counted.kind: path for path, counted in counts if counted.kind}
    if len(kinds) > 1:
        raise SourceError(
            f"{kinds['rows']!r} holds objects, {kinds['strings']!r} holds strings. A data set is of one kind: "
            "an object a line, or a string a line."
        )
    if "strings" in kinds:
        return replace(reader, strings=True, kinds={STRING: "text"}), counts, (), ()
    reader = _with_nesting(reader, counts)
    if reader.outer:
        counts = list(count_all(reader, files, starts, rows, told, jobs))
    reader = replace(reader, kinds=_kinds_of_json(files[0], counts))
    note = ("Objects within objects were opened into columns such as user.age.",) if reader.outer else ()
    return reader, counts, (), note


def _kinds_of_json(file: TextFile, counts: _Counts) -> dict[str, str]:
    """Return the types of the columns; one that a range lacks is missing there."""
    seen = _joined(counts)
    if not seen:
        raise SourceError(
            f"{file.path!r} holds objects without keys. Give objects whose keys name the columns."
        )
    ranges = [counted.seen for _, counted in counts if counted.kind == "rows"]
    return {
        name: replace(one, missing=one.missing or not all(name in held for held in ranges)).kind()
        for name, one in seen.items()
    }


def _with_nesting(reader: JsonlReader, counts: _Counts) -> JsonlReader:
    """Return the reader that knows which objects lie within objects, of all ranges."""
    seen = _joined(counts)
    outer = [name for name, one in seen.items() if "dict" in one.types]
    paths: dict[tuple[str, ...], bool] = {
        (name,): bool(set(seen[name].types) - {"dict"}) for name in outer if set(seen[name].types) - {"dict"}
    }
    for _, counted in counts:
        for path, filled in counted.nesting:
            paths[tuple(path)] = paths.get(tuple(path), False) or filled
    return replace(reader, named=tuple(seen), outer=tuple(outer), paths=tuple(paths.items()))


def _first(file: TextFile, starts: _Starts) -> tuple[int, int]:
    start = starts[file.path][0]
    return start, min(file.size, start + 4096)
