# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test lint bench clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /	/' | expand -t 10

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[postgres,sample,dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Run the main job on the sample system (FAULTS=1: on versions with planted faults)
	@fixtures/demo $(BIN)/harness $(if $(FAULTS),faults,good)

test: $(STAMP) ## Run everything that proves the project right
	@$(BIN)/tox run $(TOX)

lint: $(STAMP) ## Check style, types and layers
	@$(BIN)/tox run -e static

bench: $(STAMP) ## Measure speed, as ratios
	@$(BIN)/tox run -e bench

clean: ## Remove what these commands made
	rm -rf $(VENV) .tox .harness fixtures/.harness
