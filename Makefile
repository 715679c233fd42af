# make alone prints this help.
PYTHON ?= python3
BIN := .venv/bin
# one thread for each of the two workers: threads of libraries that outnumber the cores wait more than they work
TEST := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: help setup browser demo test check docs bench format clean

help:
	@echo "make setup   create .venv with amiss and everything its tests need"
	@echo "make demo    find what is amiss in three real data sets (table, series, strings)"
	@echo "make test    run the whole test suite"
	@echo "make check   everything CI runs: format, lint, types, floors, tests, docs"
	@echo "make docs    build the reference into docs/_build/html"
	@echo "make bench   run the benchmarks"
	@echo "make format  format the code"
	@echo "make clean   remove .venv and everything built"

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "amiss needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 setup")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[sql,plot,test]"
	@touch $@

.venv/.checkers: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[sql,plot,test,check,docs]"
	@touch $@

browser:
	@tests/install_chromium.sh

demo: setup
	$(BIN)/amiss demo

test: setup browser
	$(TEST)

check: .venv/.checkers browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TEST)
	$(MAKE) docs

docs: .venv/.checkers
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

bench: setup
	$(BIN)/python benchmarks/false_alarms.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/neural.py

format: .venv/.checkers
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv docs/_build build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
