"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from amiss import atomic


def test_a_new_file_holds_the_chunks_in_order_and_nothing_else_is_left(tmp_path: Path) -> None:
    """What is written is what was given; the folder holds one file."""
    atomic.write(tmp_path / "a.bin", [b"one", b"", b"two"])
    assert (tmp_path / "a.bin").read_bytes() == b"onetwo"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_chunk_that_cannot_be_made_leaves_the_old_file(tmp_path: Path) -> None:
    """An error while the content is made, an interrupt included, changes nothing."""
    place = tmp_path / "a.bin"
    place.write_bytes(b"old")

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.write(place, chunks())
    assert place.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_replaced_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """Who may read the file does not change, and the file a link points to is the one replaced."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    atomic.write(link, [b"new"])
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_the_user_asked_for(tmp_path: Path) -> None:
    """The umask decides, as for any file."""
    old = os.umask(0o027)
    try:
        atomic.write(tmp_path / "a", [b""])
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_pipe_is_written_to_directly(tmp_path: Path) -> None:
    """What is no regular file is not replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    atomic.write(pipe, [b"through", b" it"])
    reader.join(10)
    assert read == [b"through it"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("place", ["no/folder/a", "", "folder/"])
def test_a_place_without_a_folder_or_a_name_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Nothing is made up: the folder must be there and the file must have a name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match=r"No such file|No file is named"):
        atomic.write(place, [b"x"])
    assert os.listdir(tmp_path) == []


def test_a_name_as_long_as_the_file_system_allows_is_written(tmp_path: Path) -> None:
    """The temporary name is not longer than the name itself may be."""
    atomic.write(tmp_path / ("é" * 127), [b"x"])
    assert len(os.listdir(tmp_path)) == 1


def test_a_full_disk_is_an_error_and_the_old_file_stays(tmp_path: Path) -> None:
    """A file may not grow beyond 4 KB here: the write fails as on a full disk."""
    place = tmp_path / "a"
    place.write_bytes(b"old")
    code = f"from amiss import atomic; atomic.write({str(place)!r}, [bytes(100_000)])"

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, preexec_fn=limit, check=False
    )
    assert done.returncode == 1
    assert "OSError: [Errno 27]" in done.stderr
    assert place.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("old", [b"old", None], ids=["replacing", "new"])
@pytest.mark.parametrize("failing", [1, 2])
def test_an_fsync_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int, old: bytes | None
) -> None:
    """The file's own fsync or the folder's: the old state comes back."""
    place = tmp_path / "a"
    if old is not None:
        place.write_bytes(old)
    calls, real = iter(range(1, 100)), os.fsync

    def fsync(handle: int) -> None:
        if next(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output"):
        atomic.write(place, [b"new"])
    assert [p.read_bytes() for p in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_reader_sees_the_old_or_the_new_file_never_half(tmp_path: Path) -> None:
    """While a file is written 200 times, every read finds one whole version."""
    place = tmp_path / "a"
    versions = {bytes([k]) * 50_000 for k in range(2)}
    first, second = versions
    atomic.write(place, [first])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(place.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(200):
        whole = second if k % 2 else first
        atomic.write(place, [whole[:10_000], whole[10_000:]])
    done.set()
    reader.join()
    assert seen <= versions
