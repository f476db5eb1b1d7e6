# Everything a developer needs. `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup run test compiled lint types bench bench-full chaos soak package page screenshots docs lock clean
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE # or every process compiles what it imports again
python := .venv/bin/python
node = "$$($(python) -c 'from sandbox.azurite import node; print(node())')"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## install all that is needed into .venv and node_modules (quick if nothing changed)
	@PYTHON="$(PYTHON)" sh sandbox/setup.sh

run: setup ## run the whole service on this machine: storage, simulated tenants, host, sample failures
	@exec $(python) -m sandbox demo

test: setup ## check lint and types, run every test, measure branch coverage
	@$(MAKE) --jobs=2 lint types compiled
	@$(python) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov --cov-report=term-missing:skip-covered

compiled: setup # beside the checks: else each worker compiles all tests, and what they import, for itself
	@$(python) -m pytest --collect-only -qq >/dev/null 2>&1 || true # the tests say what is wrong

lint: setup ## check rules and format: ruff, and prettier on dashboard/
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(node) node_modules/prettier/bin/prettier.cjs --check --log-level warn dashboard

types: setup ## check types: pyright, strict on triage/, and tsc on dashboard/
	@$(python) -m pyright
	@$(node) node_modules/typescript/bin/tsc -p dashboard

bench: setup ## measure what a failure costs, against a baseline (about ten minutes)
	@$(python) -m benchmarks

bench-full: setup ## measure the same with 10,000 failures, 100,000 users, and a day of the feed (about 25 minutes)
	@$(python) -m benchmarks --full

page: setup ## generate and build the page: dashboard/ into triage/dashboard/
	@$(python) -m tools.dashboard
	@$(node) dashboard/build.mjs

docs: setup ## write the generated parts of the docs
	@$(python) -m tools.docs

screenshots: setup ## take the screenshots of the page for the docs: docs/images/ (needs Chromium)
	@$(python) -m tests.browser.screenshots

chaos: setup ## kill hosts, take storage away and break Graph while failures arrive (about two minutes)
	@$(python) -m tests.chaos $(ARGS)

soak: setup ## let failures arrive for 20 minutes, and watch memory and open files (ARGS="--minutes 2" is shorter)
	@$(python) -m tests.chaos.soak $(ARGS)

package: ## build the zip that is deployed: dist/triage.zip
	@"$$(PYTHON="$(PYTHON)" sh sandbox/setup.sh --find-python)" -m tools.package

lock: setup ## pin every package with hashes, after a change to requirements*.txt (ARGS=--upgrade takes new releases)
	@$(python) -m tools.lock $(ARGS)

clean: ## remove .venv, node_modules and the output of tools
	rm -rf .venv .venv-unfinished node_modules dist .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
