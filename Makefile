# make demo: every step on a sample project.  make check: quick tests.  make test: all tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check -c packaging/constraints.txt
ROUNDS ?= 10

.PHONY: demo run check test lint bench fuzz clean

demo: $(VENV)/.installed
	$(BIN)/python -m segstudio demo $(ARGS)

run: $(VENV)/.installed
	$(BIN)/python -m segstudio $(ARGS)

# lint, types, and the tests that need neither torch nor a window
check: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not torch and not window" \
	  --ignore tests/training --ignore tests/ui --ignore tests/test_journey.py $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check segstudio tests
	$(BIN)/ruff format --check segstudio tests
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.bench $(ARGS)

# property tests with new random examples in each round; add what it finds to the tests with @example
fuzz: $(VENV)/.installed-dev
	for round in $$(seq $(ROUNDS)); do $(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile fuzz $(ARGS) || exit 1; done

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml packaging/constraints.txt packaging/system-packages.sh | $(VENV)/bin/python
	sh packaging/system-packages.sh
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e .[dev]
	touch $@

clean:
	rm -rf $(VENV) build dist tests/output .mypy_cache .ruff_cache .hypothesis
