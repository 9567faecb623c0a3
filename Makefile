# A bare machine needs Python 3.11 or newer, make, and a way to the package registry. Everything else is installed into
# .venv by `make setup`, from the hashes in requirements.lock. Choose an interpreter with PYTHON=python3.12.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV    ?= .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
JOBS    ?= auto
FIXTURES ?=
PYTEST_ARGS ?=
LINTED  := reference conformance proofs tests spec

# The first interpreter that will do. 3.11 to 3.13 come first: every locked package has a ready-made wheel for them.
ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && exit; done; echo python3)
endif

.PHONY: help setup test lint conformance vectors fixtures-test prove benchmark site rules peers lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv and install the locked dependencies and the project

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {v[0]}.{v[1]}. Choose another: make PYTHON=python3.12 ..." if v < (3, 11) else 0)' \
		|| { echo "setup: no usable Python (PYTHON=$(PYTHON))" >&2; exit 1; }
	@echo "setup: creating $(VENV) with $$($(PYTHON) --version) and installing $$(grep -c '==' requirements.lock) locked packages"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { echo "setup: this Python cannot make environments (on Debian: install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)
	@echo "setup: done, the command is $(BIN)/hyperion"

lint: setup ## Style (ruff) and types (mypy --strict)
	@echo "lint: ruff over $(LINTED)"
	@$(BIN)/ruff check $(LINTED)
	@echo "lint: mypy --strict"
	@$(BIN)/mypy

test: lint ## Style, types, and every test (FIXTURES=DIR adds the official cases kept there)
	@echo "test: pytest with $(JOBS) workers, official cases from $(if $(FIXTURES),$(FIXTURES),the default place if present)"
	@$(BIN)/pytest -n $(JOBS) $(if $(FIXTURES),--fixtures-dir=$(FIXTURES)) $(PYTEST_ARGS)

conformance: setup ## The main job: check the released vectors and run them against foreign EVMs
	@$(BIN)/hyperion conformance quickstart

vectors: setup ## Check that the released vectors are what the model says
	@$(BIN)/hyperion vectors verify

fixtures-test: setup ## All official state and block tests of a folder: make fixtures-test FIXTURES=DIR
	@test -n "$(FIXTURES)" || { echo "fixtures-test: say where they are: make fixtures-test FIXTURES=DIR" >&2; exit 2; }
	@$(BIN)/hyperion vm tests --fixtures $(FIXTURES)

peers: setup ## Create .peers, the environment of the foreign EVMs that are Python packages
	@$(BIN)/python -c 'from hyperion_conformance.adapters import ensure; ensure(["eels", "py-evm", "pyrevm"], print)'

prove: setup ## Prove every theorem on the model's own functions, and refute every control
	@$(BIN)/hyperion prove

benchmark: setup peers ## Speed against other EVMs, medians and ratios
	@$(BIN)/python -m tests.benchmark.engines

site: setup ## Build the document as HTML into site/
	@$(BIN)/hyperion site

rules: setup ## Every rule with what implements and what checks it; fails on a gap
	@$(BIN)/hyperion rules --check

lock: setup ## Renew requirements.lock after a change of the dependencies
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--quiet pyproject.toml --group dev -o requirements.lock
	@echo "lock: $$(grep -c '==' requirements.lock) packages"

clean: ## Remove the environment and everything that commands have written
	rm -rf $(VENV) .peers site build .mypy_cache .ruff_cache .pytest_cache .hypothesis
