"""The docs are complete, fresh, and what they show is what happens."""

import importlib.util
import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("page", generate.PAGES)
def test_generated_pages_are_fresh(page):
    """A generated page is what the generator writes now; `python docs/generate.py` renews it."""
    assert (DOCS / page).read_text(encoding="utf-8") == generate.PAGES[page]()


def test_every_command_is_in_the_generated_page():
    """The list of commands in the docs is the list of commands there are."""
    listed = re.findall(r"^  ([a-z]+)\s{2,}", generate.help_text().split("Commands:")[1], flags=re.MULTILINE)
    assert sorted(listed) == sorted(generate.COMMANDS)


def test_every_public_name_is_in_the_reference():
    """Each name in ``amiss.__all__`` stands in docs/api.md."""
    import amiss

    text = (DOCS / "api.md").read_text()
    assert [n for n in amiss.__all__ if not re.search(rf"\b{n}\b", text) and n != "__version__"] == []


def blocks(path, language):
    """Return the fenced code blocks of a language in a page."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


PYTHON_PAGES = [p for p in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))] if blocks(p, "python")]


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=lambda p: p.name)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    """The Python blocks of a page run one after the other; a line after ``# ->`` is what is printed."""
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks(page, "python"))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    promised = re.findall(r"# -> (.*)", code)
    assert run.stdout.splitlines() == promised


CONSOLE_PAGES = [p for p in [ROOT / "README.md", *sorted(DOCS.glob("*.md"))] if blocks(p, "console")]


@pytest.mark.parametrize("page", CONSOLE_PAGES, ids=lambda p: p.name)
def test_console_blocks_print_what_they_show(page, tmp_path):
    """Each ``$ amiss ...`` line of a page prints the lines below it; a line ``...`` stands for any lines."""
    environment = {
        **os.environ,
        "COLUMNS": "100",
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    for name in ("airports.csv", "el_nino.csv", "icao_codes.txt"):
        (tmp_path / name).write_bytes((ROOT / "src/amiss/datasets" / name).read_bytes())
    for block in blocks(page, "console"):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = piece.partition("\n")
            run = subprocess.run(
                shlex.split(command),
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env=environment,
                check=False,
            )
            pattern = re.escape(shown.strip()).replace(r"\.\.\.", ".*")
            assert re.fullmatch(pattern, (run.stdout + run.stderr).strip(), flags=re.DOTALL), (
                run.stdout + run.stderr
            )
