# Everything a newcomer needs is two commands: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo test faults bench bench-check lint types contracts check reference lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(READY)  ## virtual environment with the locked dependencies

$(READY): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## mock NetSuite, worker and scheduler with data, live in the terminal
	$(BIN)/termsync demo

test: $(READY)  ## the ordinary test run, under ten minutes
	CHROMIUM=$$(bin/chromium) && export CHROMIUM && $(BIN)/python -m pytest --ignore=tests/faults --ignore=tests/benchmarks $(ARGS)

faults: $(READY)  ## the fault-injection matrix: real processes are killed, which takes minutes
	$(BIN)/python -m pytest tests/faults $(ARGS)

bench: $(READY)  ## the benchmarks, printed as ratios to a floor of the same run
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

bench-check: $(READY)  ## that each benchmark still runs, at its smallest
	$(BIN)/python -m pytest tests/benchmarks $(ARGS)

lint: $(READY)  ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

contracts: $(READY)  ## who may import whom
	$(BIN)/lint-imports

check: test faults bench-check lint types contracts  ## all of the above that gate a change

reference: $(READY)  ## write the reference pages from the program
	$(BIN)/python -m worker.cli.reference > deploy/docs/reference.md
	$(BIN)/termsync explain --markdown > deploy/docs/errors.md

lock: $(READY)  ## renew the lock files from pyproject.toml (needs uv)
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group dev --output-file requirements-dev.lock

clean:  ## remove the virtual environment, caches and locally kept data
	rm -rf $(VENV) .termsync .pytest_cache .mypy_cache .ruff_cache .hypothesis
