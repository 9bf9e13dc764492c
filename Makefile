# make demo: the whole job on a sample project.  make test: everything that must hold.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check -c packaging/constraints.txt

.PHONY: demo test lint bench run clean

demo: $(VENV)/.installed
	$(BIN)/python -m segstudio demo $(ARGS)

run: $(VENV)/.installed
	$(BIN)/python -m segstudio $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check segstudio tests
	$(BIN)/ruff format --check segstudio tests
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench $(ARGS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml packaging/constraints.txt | $(VENV)/bin/python
	sh packaging/system-packages.sh
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e .[dev]
	touch $@

clean:
	rm -rf $(VENV) build dist tests/output .mypy_cache .ruff_cache .hypothesis
