"""The shape of the house: floors, public names, cost of imports, names of files, what no file may hold."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import amiss

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "amiss").rglob("*.py"))
HEAVY = ["numpy", "scipy", "torch", "sklearn", "pandas", "polars", "matplotlib", "pydantic", "narwhals"]
TABLE_JOB = """
import sys
import numpy as np
from amiss import TableDetector
rows = np.random.default_rng(0).normal(size=(200, 4))
TableDetector(random_state=0).fit(rows).detect(rows).to_json()
print(*sys.modules)
"""


def python(*arguments: str) -> str:
    """Run Python in a process of its own; return what it printed."""
    done = subprocess.run([sys.executable, "-B", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded(code: str) -> set[str]:
    """Return the packages that some code has loaded at its end."""
    return {module.partition(".")[0] for module in python("-c", code).splitlines()[-1].split()}


def test_imports_go_down_and_every_module_has_its_floor() -> None:
    """import-linter keeps every contract."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_name_can_be_imported_and_is_listed() -> None:
    """``__all__`` is what there is."""
    assert sorted(amiss.__all__) == sorted({*amiss._HOME, "__version__"})
    for name in amiss.__all__:
        assert getattr(amiss, name) is not None
    assert set(amiss.__all__) <= set(dir(amiss))


@pytest.mark.parametrize("module", ["models", "thresholds", "sources", "sinks", "clusters"])
def test_every_name_of_a_shelf_can_be_imported(module: str) -> None:
    """A shelf's ``__all__`` is its list of parts."""
    shelf = importlib.import_module(f"amiss.{module}")
    assert all(callable(getattr(shelf, name)) for name in shelf.__all__)
    parts = {
        n for n, v in vars(shelf).items() if isinstance(v, type) and v.__module__.startswith(shelf.__name__)
    }
    assert parts <= set(shelf.__all__)


@pytest.mark.parametrize("code", ["import amiss, sys", "import amiss.__main__, sys"])
def test_importing_costs_next_to_nothing(code: str) -> None:
    """No heavy package is loaded before it is used."""
    assert loaded(f"{code}; print(*sys.modules)") & set(HEAVY) == set()


def test_help_loads_nothing_heavy() -> None:
    """``amiss --help`` answers at once."""
    code = (
        "import sys\nsys.argv = ['amiss', '--help']\n"
        "from amiss.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*sys.modules)"
    )
    assert loaded(code) & set(HEAVY) == set()


def test_a_table_job_loads_what_it_needs_alone() -> None:
    """Neither a neural, a plotting or a frame library, nor scikit-learn, nor what reads model files."""
    assert (
        loaded(TABLE_JOB) & {"torch", "sklearn", "matplotlib", "pandas", "pydantic", "click", "jinja2"}
        == set()
    )


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_named_after_a_concept_and_is_short(source: Path) -> None:
    """Names that say nothing are banned; a file is at most 350 lines."""
    assert source.stem not in {"utils", "util", "helpers", "helper", "common", "core", "misc", "manager"}
    assert len(source.read_text("utf-8").splitlines()) <= 350


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_executed_that_came_as_data(source: Path) -> None:
    """No pickle in any mode, no eval, no exec, no assert that ``python -O`` would drop."""
    tree = ast.parse(source.read_text("utf-8"))
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & banned
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in banned
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            assert name not in {"eval", "exec", "compile", "__import__"}
            assert not any(k.arg == "allow_pickle" for k in node.keywords)
        assert not isinstance(node, ast.Assert)


def test_no_module_but_the_doors_names_the_command_line_library() -> None:
    """Only the command line knows click."""
    named = {
        p.relative_to(ROOT / "src/amiss").parts[0] for p in SOURCES if "import click" in p.read_text("utf-8")
    }
    assert named <= {"cli", "cli.py", "__main__.py"}
