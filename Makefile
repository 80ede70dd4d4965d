# Every target that needs tools, engine, images or Python packages brings them first; see tools/bootstrap.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STACK ?= dev
# Arguments for pytest, e.g. `make unit ARGS='-k naming'`.
ARGS ?=
# Processes of `make test`: most of its time is waiting for services, so that two cores carry more than two.
WORKERS ?= 4
PYTHON ?= python3

bootstrap := $(PYTHON) -m tools.bootstrap
in_venv := .venv/bin/python
lifecycle = $(bootstrap) ensure && $(in_venv) -m mlw.lifecycle
# Tests that talk to the engine or to Pulumi run in the environment that users get from `make env`.
in_environment = eval "$$($(bootstrap) env)"
code := infra mlw policies tools tests examples

.PHONY: help setup up down preview status refresh bench test unit policy integration e2e fault soak coverage check release-check format lint type env clean-tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## bring everything that is missing: engine, tools, images, Python environment, state
	@$(bootstrap) ensure

up: ## make the workspace of STACK (default: dev) and print its endpoints
	@$(lifecycle) up --stack='$(STACK)'

down: ## remove the workspace of STACK with its state, and prove that nothing is left
	@$(lifecycle) down --stack='$(STACK)'

preview: ## show what `make up` would do
	@$(lifecycle) preview --stack='$(STACK)'

status: ## compare the state of STACK with the engine; changes nothing
	@$(lifecycle) status --stack='$(STACK)'

refresh: ## take over into the state of STACK what the engine and the services really hold
	@$(lifecycle) refresh --stack='$(STACK)'

bench: ## measure up, no-op, down and plain docker; prints a table
	@$(bootstrap) ensure && $(in_venv) -m tools.bench --stack='$(STACK)'

test: ## everything, unit to end-to-end, on the real engine and the real services
	@$(bootstrap) ensure && $(in_environment) && $(in_venv) -m pytest tests -n $(WORKERS) $(ARGS)

unit: ## pure code, seconds
	@$(bootstrap) python && $(in_venv) -m pytest tests/unit $(ARGS)

policy: ## the policy pack, alone and in the real engine
	@$(bootstrap) tools && $(in_environment) && $(in_venv) -m pytest tests/policy $(ARGS)

integration: ## one service at a time on the real engine
	@$(bootstrap) ensure && $(in_environment) && $(in_venv) -m pytest tests/integration $(ARGS)

e2e: ## whole workspaces and their whole life
	@$(bootstrap) ensure && $(in_environment) && $(in_venv) -m pytest tests/e2e $(ARGS)

fault: ## kills, restarts and full disks in the middle of everything
	@$(bootstrap) ensure && $(in_environment) && $(in_venv) -m pytest tests/fault $(ARGS)

soak: ## growth and kills at every step, for hours; limited by ARGS='--soak-cycles=10 --soak-stacks=6'
	@$(bootstrap) ensure && $(in_environment) && $(in_venv) -m pytest tests/soak $(ARGS)

coverage: ## unit and policy tests with coverage; fails below the floor in pyproject.toml, raises it when there is more
	@$(bootstrap) tools && $(in_environment) && $(in_venv) -m coverage run -m pytest tests/unit tests/policy $(ARGS)
	@$(in_venv) -m coverage json --quiet --fail-under=0 -o build/coverage.json
	@$(in_venv) -m tools.checks.coverage_floor build/coverage.json

release-check: ## verify that everything for a release is there: version, changelog, generated pages, wheel
	@$(bootstrap) python && $(in_venv) -m tools.checks.release_check

check: lint type unit ## format, lint, types and fast tests

format: ## rewrite the code in the project's format
	@$(bootstrap) python && $(in_venv) -m ruff format $(code) && $(in_venv) -m ruff check --fix $(code)

lint: ## format, lint and phrases, changing nothing
	@$(bootstrap) python && $(in_venv) -m ruff format --check $(code) && $(in_venv) -m ruff check $(code)
	@$(in_venv) -m tools.checks.phrases

type: ## types
	@$(bootstrap) python && $(in_venv) -m mypy

env: ## print the environment for: eval "$$(make -s env)"
	@$(bootstrap) ensure && $(bootstrap) env

clean-tools: ## remove tools, plugins and caches; state and images stay
	@$(bootstrap) clean
