"""Whatever happens while a model is saved, the old or the new file is there, never half; see faults.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def caused(fault: str, folder: Path) -> list[dict[str, Any]]:
    """Return what each round of a fault left behind."""
    program = [sys.executable, "-B", str(Path(__file__).with_name("faults.py")), fault, str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def test_a_saver_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    """200 times kill -9 at a random moment: every time the file loads and is one of the two."""
    rounds = caused("kill", tmp_path)
    assert len(rounds) == 200
    assert [r for r in rounds if r["after"] not in (r["before"], r["new"])] == []
    assert sum(r["killed"] for r in rounds) > 50
    assert {r["after"] == r["new"] for r in rounds} == {True, False}


@pytest.mark.parametrize(
    ("fault", "failing", "reason"),
    [
        ("fsync", 2, "Input/output error"),
        ("replace", 1, "Input/output error"),
        ("full", 1, "No space left on device"),
        ("size", 20, "File too large"),
    ],
)
def test_a_system_call_that_fails_is_an_error_and_leaves_what_was_there(
    tmp_path: Path, fault: str, failing: int, reason: str
) -> None:
    """The k-th fsync, the rename, a write on a full disk, a file that may not grow: nothing is half done."""
    rounds = caused(fault, tmp_path)
    refused, saved = rounds[: 2 * failing], rounds[2 * failing :]
    assert {r["exit"] for r in refused} == {1}
    assert all(
        f"cannot be written: {reason}. What was there before is unchanged." in r["said"] for r in refused
    )
    assert [(r["version"], r["left"]) for r in refused] == [(1.0, ["model.amiss"]), (None, [])] * failing
    assert all((r["exit"], r["version"], r["left"]) == (0, 2.0, ["model.amiss"]) for r in saved)
