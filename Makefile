# Everything a person or CI runs. The first use makes `.venv` from requirements.lock; nothing but Python is needed.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS ?= tests

.PHONY: help up test proof oracle lint bench clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(READY) ## Run the whole service here until Ctrl-C (ARGS=--empty leaves the sample cases out)
	@exec $(BIN)/xiezhi up $(ARGS)

test: $(READY) ## Run every test that CI runs, real PostgreSQL and Temporal included
	@exec $(BIN)/python -m pytest $(TESTS) -m "not proof" $(ARGS)

proof: $(READY) ## Run the long proofs; a skipped one is a failure
	@exec $(BIN)/python -m pytest $(TESTS) -m proof --fail-on-skip $(ARGS)

oracle: $(READY) ## Compare 100,000 random histories of clocks with a second, naive implementation
	@exec $(BIN)/python -m tests.domain.time.oracle $(ARGS)

lint: $(READY) ## Check style, formatting, types and the borders between the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(READY) ## Measure this machine, prints tables and writes bench-results/ (ARGS=--quick only shows that it works)
	@exec $(BIN)/python -m tests.bench $(ARGS)

clean: ## Remove the environment and caches; the data in .xiezhi stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The project itself is put on the path by a .pth file and a two-line script: an editable install would first have to
# fetch a build backend, which no hash in the lock file covers.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Xiezhi needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/xiezhi.pth"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m infra.cli "$$@"\n' > $(BIN)/xiezhi
	@chmod +x $(BIN)/xiezhi
	@touch $(READY)
