# `make` alone lists what there is. PYTHON=python3.12 chooses the Python, ARGS="..." goes to the command that is run.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
READY := .venv/.ready
ARGS ?=
# Debian keeps servers such as nginx and bearerbox where an ordinary user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test mutate lint bench wheel lock clean again

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make .venv with .venv/bin/ebank-sentinel (needs Python 3.11 to 3.13)
	@echo "$(BIN)/ebank-sentinel is ready" >&2

demo: $(READY) ## run the daemon against a simulated bank and watch it page (ARGS="--seconds 60 --json")
	@$(BIN)/ebank-sentinel demo $(ARGS)

test: $(READY) ## install the real servers when it can, then lint and run every test (ARGS="-k word")
	@.ci/real-parts
	@$(MAKE) lint
	@$(BIN)/pytest -n auto --dist loadfile $(ARGS)

mutate: $(READY) ## change each threshold, severity, group and width of the rules: a test must fail for each (3 minutes)
	@PYTHONPATH=tests $(BIN)/python tests/mutate.py $(ARGS)

lint: $(READY) ## check style, types and the import contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## measure speed and what a crash costs: runs every bench/*.py (15 minutes)
	@shopt -s nullglob; for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script" $(ARGS); done

wheel: $(READY) ## build dist/: the package, and with it everything that it needs (for hosts without an index)
	@rm -rf dist
	@$(BIN)/python -m hatchling build -t wheel
	@$(BIN)/pip download -q --require-hashes --only-binary :all: -r requirements.lock -d dist/wheelhouse
	@echo "dist/ holds $$(ls dist/*.whl | xargs -n1 basename) and $$(ls dist/wheelhouse | wc -l) wheels that it needs"

lock: ## pin the newest versions that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	uv lock --upgrade
	@.ci/export-locks

clean: ## remove .venv, build results and caches
	rm -rf .venv dist .real .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Naming a Python asks for it, whatever .venv was made with.
again:
$(READY): requirements-dev.lock pyproject.toml .ci/setup $(if $(PYTHON),again)
	@.ci/setup "$(PYTHON)" >&2
	@touch $@
