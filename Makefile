# Everything a developer needs; `make help` says what there is.
.DEFAULT_GOAL := help
.PHONY: help setup run test lint types clean bench package page screenshots docs
MAKEFLAGS += --no-print-directory
python := .venv/bin/python

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install what is needed into .venv and node_modules (quick when nothing changed)
	@PYTHON="$(PYTHON)" sh sandbox/setup.sh

run: setup ## the whole service on this machine: storage, a simulated tenant, the host, sample failures
	@exec $(python) -m sandbox demo

test: lint types ## lint, types, every test, branch coverage
	@$(python) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov --cov-report=term-missing:skip-covered

lint: setup ## ruff: rules and format
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

types: setup ## pyright, strict on triage/
	@$(python) -m pyright

ifneq ($(wildcard benchmarks/__main__.py),)
bench: setup ## what a failure costs, against a baseline: some four minutes
	@$(python) -m benchmarks

bench-full: setup ## likewise with 10,000 failures: some six minutes
	@$(python) -m benchmarks --full
endif

page: setup ## build the page: dashboard/ into triage/dashboard/
	@"$$($(python) -c 'from sandbox.azurite import node; print(node())')" dashboard/build.mjs

docs: setup ## write the generated parts of the docs
	@$(python) -m tools.docs

screenshots: setup ## take the pictures of the page for the docs: docs/images/ (needs Chromium)
	@$(python) -m tests.browser.screenshots

package: setup ## the zip that is deployed: dist/triage.zip
	@$(python) -m tools.package

clean: ## remove .venv, node_modules and what tools left behind
	rm -rf .venv .venv-unfinished node_modules dist .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
