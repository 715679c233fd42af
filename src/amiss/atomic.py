"""A file is written whole or not at all: temporary file beside it, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path


def write(path: str | os.PathLike[str], chunks: Iterable[bytes]) -> None:
    """Write the file at ``path``, so that at any moment it is the old one or the new one, whole.

    A link is followed, the mode of a replaced file is kept. What is no regular file (``/dev/stdout``, a
    pipe) is written to directly.

    Parameters
    ----------
    path : str or path
        The file to write.
    chunks : iterable of bytes
        Its content, in order. May raise: then nothing has been written.

    Raises
    ------
    OSError
        The file cannot be written. The old one is as it was, and nothing else is left in the folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder, "new.txt"), [b"one ", b"two"])
    ...     Path(folder, "new.txt").read_bytes(), os.listdir(folder)
    (b'one two', ['new.txt'])
    """
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb") as file:
            file.writelines(chunks)
        return
    if not os.path.basename(path):
        raise FileNotFoundError(errno.ENOENT, "No file is named", str(path))
    new = _beside(target, "new")
    try:
        with open(new, "xb") as file:
            file.writelines(chunks)
            file.flush()  # a full disk shows here: the flush of an implicit close goes unnoticed
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(new, stat.S_IMODE(mode))
        _put_in_place(new, target, replaces=mode is not None)
    finally:
        new.unlink(missing_ok=True)


def _beside(target: Path, what: str) -> Path:
    """Return a name in the folder of ``target`` that nobody else takes, cut to what file systems allow."""
    return target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.{what}")


def _put_in_place(new: Path, target: Path, replaces: bool) -> None:
    """Rename ``new`` to ``target``; where the folder cannot be synced, the old state comes back."""
    old = _beside(target, "old")
    if replaces:
        with contextlib.suppress(OSError):  # a file system without hard links: then the new file stays, whole
            os.link(target, old)
    try:
        os.replace(new, target)
        try:
            _sync_folder(target.parent)
        except BaseException:
            if old.exists():
                os.replace(old, target)
            elif not replaces:
                target.unlink()
            raise
    finally:
        old.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folder
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # file systems that cannot sync a folder say so
            raise
    finally:
        os.close(handle)
