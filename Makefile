# Taizhang: `make` prints what can be made. Needs Python >= 3.11 and a package index, nothing else.
.DEFAULT_GOAL := help
PYTHON ?= python3
ready := .venv/ready

.PHONY: help demo test lint bench audit browser docs site fuzz

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(ready)  ## a simulated district through the public API, audited, with a page to look at (ONCE=1: stop after the summary)
	@.venv/bin/taizhang demo $(if $(ONCE),--once)

test: $(ready) lint browser  ## the whole test suite, on a real PostgreSQL and a real Redis
	@.venv/bin/pytest -n 2 --dist worksteal

# The page is tried in a real browser, which no wheel brings: docs/decisions/0015. A machine of CI gets Debian's.
browser:
	@[ -z "$$CI" ] || [ "$$(id -u)" != 0 ] || command -v chromium >/dev/null || ! command -v apt-get >/dev/null || { \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }

lint: $(ready)  ## style, types, who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: $(ready)  ## the benchmarks, one JSON object a line
	@.venv/bin/taizhang bench

audit: $(ready)  ## known vulnerabilities in what is installed (asks a service on the network; `pip install pip-audit` first)
	@.venv/bin/python -m pip_audit --require-hashes --requirement requirements.lock

docs: $(ready)  ## write the reference pages anew from what they are held to
	@.venv/bin/taizhang audit rules --format md > docs/rules.md
	@.venv/bin/python -m services.cli.machine_book > docs/state-machines.md
	@.venv/bin/python -m services.cli.reference_book

# The generator has a lock and an environment of its own, so that nobody else installs it.
site:  ## the documents as a site, in var/site
	@$(PYTHON) -m venv .venv/site
	@.venv/site/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/site.lock
	@.venv/site/bin/zensical build -f mkdocs.yml

# The fuzzer has wheels for Linux only, and so a lock and an environment of its own.
fuzz:  ## every decoder of what comes from outside fuzzed (SECONDS=60 each), then the APIs walked in sequences
	@$(PYTHON) -m venv .venv/fuzz
	@.venv/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r tests/fuzz/fuzz.lock
	@.venv/fuzz/bin/python tests/fuzz/fuzz.py $(or $(SECONDS),60)
	@.venv/fuzz/bin/python -m pytest -q --timeout 3600 tests/fuzz/walks.py

$(ready): requirements.lock pyproject.toml
	@echo "installing into .venv (about half a minute)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=python3.12)")'
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
