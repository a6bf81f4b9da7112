# Every target does its own set-up. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SHELLFLAGS := -eu -c
MAKEFLAGS += --no-print-directory
export MAKECMDGOALS

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
PORT ?= 8080
CLOUD_PORT ?= 4566
# One more than two cores: tests of tunnels, outages and browsers wait most of their time.
WORKERS ?= 3
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
export PORT CLOUD_PORT RESET JSON HOLD

.PHONY: help run demo test test-fast test-dataplane bench lint format schema package deploy executable lock clean debian tunnels

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.txt requirements-dev.txt scripts/venv.sh
	@sh scripts/venv.sh "$(PYTHON)" "$(VENV)"

run: $(STAMP)  ## the whole system on this machine (PORT=8080 CLOUD_PORT=4566 RESET=1)
	@exec $(BIN)/python -m infra.stack.run

demo: $(STAMP) tunnels  ## three agents and real tunnels against the running system (JSON=1 HOLD=1), as root
	@exec $(BIN)/python -m infra.demo

test: debian $(STAMP)  ## everything, as root (WORKERS=3 processes side by side)
	@exec $(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-fast: $(STAMP)  ## what needs neither root nor the local cloud
	@exec $(BIN)/python -m pytest -m "not root and not dataplane and not stack and not node"

test-dataplane: debian $(STAMP)  ## real agents, WireGuard and nftables in a laboratory, as root
	@exec $(BIN)/python -m pytest $(SIDE_BY_SIDE) tests/dataplane

lint: $(STAMP)  ## style, types, layers, template
	@exec $(BIN)/python -m pytest -q tests/architecture tests/infra

format: $(STAMP)  ## rewrite to the one style
	@$(BIN)/ruff check --fix --quiet . || true
	@exec $(BIN)/ruff format .

schema: $(STAMP)  ## docs/openapi.json and the console's types, from the code
	@$(BIN)/python -m scripts.export_schema
	@[ ! -d frontend/node_modules ] || exec npm --prefix frontend run --silent types

bench: debian $(STAMP)  ## how fast it is, against its bars, into .local/bench.jsonl (GROUP=fanout JSON=1), as root
	@exec $(BIN)/python -m scripts.bench $(GROUP) $(if $(JSON),--json)

package: $(STAMP)  ## build/package: the Lambda zip and the template for AWS
	@exec $(BIN)/python -m infra.package build/package

deploy: $(STAMP) package  ## to AWS: see infra/README.md for what it is given
	@exec sh scripts/deploy.sh

executable: $(STAMP)  ## dist/wirety-agent: the agent in one file, for this machine's architecture
	@exec sh agent/packaging/executable.sh "$(BIN)"

lock: $(STAMP)  ## compile requirements*.in into pins
	@exec sh scripts/lock.sh "$(BIN)"

debian:
	@sh scripts/debian.sh

tunnels:
	@sh scripts/debian.sh tunnels

clean:  ## remove what the targets made, but not the local system's data
	@rm -rf build dist .chalice/deployments .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage coverage.xml
