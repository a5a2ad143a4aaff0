# Everything a person or CI runs. The first use makes `.venv` from requirements.lock; nothing but Python is needed.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS ?= tests

.PHONY: help up test test-as-of dates proof oracle lint bench clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(READY) ## Run the whole service here until Ctrl-C (ARGS=--empty leaves the sample cases out)
	@exec $(BIN)/xiezhi up $(ARGS)

test: $(READY) ## Run every test that CI runs, real PostgreSQL and Temporal included
	@exec $(BIN)/python -m pytest $(TESTS) -m "not proof" $(ARGS)

test-as-of: $(READY) ## Run the same as of another time: AT=2027-02-08T10:00:00+08:00
	@test -n "$(AT)" || { echo "Say when: make test-as-of AT=2027-02-08T10:00:00+08:00" >&2; exit 2; }
	@exec $(BIN)/python -m pytest $(TESTS) -m "not proof" --as-of "$(AT)" $(ARGS)

# A Saturday, a day of Spring Festival, a day past the calendars that the build brings, and the last seconds of a month
# and year: there what is told while modules are read is yesterday's in every test.
DATES := 2026-11-28T12:00:00+08:00 2027-02-08T10:00:00+08:00 2027-01-03T10:00:00+08:00 2026-12-31T23:59:58+08:00
# What builds deadlines, stocks and reports and lets the machine or a database say when. Not tests/domain, the API over
# the memory store and the table of departments, which name their instants: tests/architecture/test_clocks.py holds them
# to it. Nor whole stacks: they run on the machine's date (tests/support/as_of.py). Nor contracts/test_visibility.py, which
# asks who sees what, not when, and would take as long as all of these: `make test-as-of` has it.
DATED := $(addprefix tests/, \
  $(addprefix contracts/test_, calendars.py rehearsal.py store.py) \
  $(addprefix api/, people/test_accounts.py notices/test_notices.py test_over_postgres.py lists/test_oversight.py test_reports.py) \
  $(addprefix infra/, calendars/test_loading.py files/test_exported_lists.py cli/test_report.py training/test_loading.py) \
  $(addprefix infra/postgres/, clocks/test_lists.py cases/test_listing.py figures/test_reports.py) \
  infra/importing/test_migrating.py infra/notices/test_postman.py workflows/test_time.py)

dates: $(READY) ## Run what builds deadlines and reports as of four awkward days, two at a time
	@printf '%s\n' $(DATES) | xargs -P 2 -I AT sh -c ' \
	  printed=$$($(BIN)/python -m pytest $(DATED) -m "not proof" -p no:cacheprovider --as-of AT $(ARGS) 2>&1); ended=$$?; \
	  printf "As of AT\n%s\n" "$$printed"; exit $$ended'

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
