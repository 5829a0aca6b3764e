# `make serve` and `make test` need python3 (>= 3.11), git and make; all else is fetched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: serve test faults check bench fmt web clean

serve: $(VENV)/serve.stamp web
	@exec $(BIN)/collab serve

test: $(VENV)/dev.stamp web
	$(BIN)/python web/build.py test
	$(BIN)/pytest --numprocesses 2 --dist worksteal

faults: $(VENV)/dev.stamp web
	$(BIN)/pytest -m faults --timeout 300

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python web/build.py check

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

fmt: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python web/build.py format

web: $(VENV)/serve.stamp
	@$(BIN)/python web/build.py

clean:
	rm -rf $(VENV) web/dist web/node_modules tests/node/node_modules benchmarks/node/node_modules benchmarks/.cache build dist

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Collab needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/serve.stamp: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[web]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/serve.stamp
	$(PIP) --editable '.[web,dev]'
	@touch $@
