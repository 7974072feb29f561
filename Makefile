# `make` lists the targets. Everything a target needs is set up on the way.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# The first Python of 3.11 or later with venv; PYTHON=... picks another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS ?= credits_pipeline_tests
# Test files that run at one time: two more than there are cores, because many tests wait for processes.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
# How many of the slowest tests are listed at the end.
SLOWEST ?= 0

.PHONY: help setup demo test lint type check docs bench fuzz fuzz-rules chaos soak lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(READY) ## create the environment in .venv from the lock

$(READY): requirements.txt pyproject.toml setup.py
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 with venv is needed: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) .ci/environment.py $(VENV)
	@touch $@

demo: $(READY) ## run the whole product on this machine; ONCE=1 ends after the sample month
	@exec $(BIN)/credits-pipeline demo $(if $(ONCE),--once) $(if $(PORT),--port $(PORT))

# Python keeps what it compiles: hundreds of processes start, and every worker reads every test.
test: $(READY) ## run all tests; TESTS=path for some, WORKERS=1 for one after the other
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		$(if $(filter-out 0,$(SLOWEST)),--durations=$(SLOWEST)) $(TESTS)

lint: $(READY) ## check style and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

type: $(READY) ## check types, strictly
	@$(BIN)/mypy

check: lint type test ## run lint, type and test

docs: $(READY) ## build the pages as a site in site/, without a network
	@$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet -c docs . site
	@echo "The site is in site/index.html"

bench: $(READY) ## run the measurements; they print ratios
	@$(BIN)/python -m bench

chaos: $(READY) ## kill both wings at random moments, 250 schedules; ARGS="--seed 7 --bare 20 --live 2 --wing 5"
	@$(BIN)/python -m credits_pipeline_tests.faults.chaos $(ARGS)

fuzz: $(READY) ## read 200,000 damaged files: each as a slow strict reader reads it, or refused; FILES=1000
	@FUZZ_FILES=$(or $(FILES),200000) $(BIN)/python -m pytest -q -n 0 --timeout 0 credits_pipeline_tests/credits/test_properties.py -k damaged

fuzz-rules: $(READY) ## try 50,000 texts that attack a policy, and compare rules with a second evaluator; RULES=1000
	@FUZZ_RULES=$(or $(RULES),50000) $(BIN)/python -m pytest -q -n 0 --timeout 0 credits_pipeline_tests/finops/governance -k "comes_through or lets_by or evaluator or stay_so"

soak: $(READY) ## run many ticks of a real daemon over years of history; ARGS="--ticks 40 --others 5000"
	@$(BIN)/python -m credits_pipeline_tests.faults.soak $(ARGS)

lock: ## resolve the versions again (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --quiet --output-file requirements.txt
	@# What the image of deploy/Dockerfile installs: the same versions, without the tools for development.
	uv pip compile pyproject.toml --extra build --extra webserver --extra aws --extra postgres --extra celery --extra kubernetes --extra pages --extra spark --extra spreadsheets --constraint requirements.txt --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --quiet --output-file deploy/requirements.txt

clean: ## remove the environment and what the demo left
	rm -rf $(VENV) .demo .try .bench site .mypy_cache .ruff_cache .pytest_cache .hypothesis
