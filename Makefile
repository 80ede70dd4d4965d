# Every target first installs the tools, engine, images and Python packages that it needs; see tools/bootstrap.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

STACK ?= dev
# File for events of `make up` and `make down` as JSON lines; - for standard output.
EVENTS ?=
# Arguments for pytest, e.g. `make unit ARGS='-k naming'`.
ARGS ?=
# Processes of `make test`: it mostly waits for services, so more processes than cores are faster.
WORKERS ?= 4
PYTHON ?= python3

bootstrap := $(PYTHON) -m tools.bootstrap
in_venv := .venv/bin/python
# Only the images that this stack needs; `make setup` makes those of all stacks in stacks/.
lifecycle = STACK='$(STACK)' $(bootstrap) ensure && $(in_venv) -m mlw.lifecycle
for_tests = $(bootstrap) ensure && $(bootstrap) images --all
# Tests that use the engine or Pulumi run in the environment that users get from `make env`.
in_environment = eval "$$($(bootstrap) env)"
code := infra mlw policies tools tests examples

.PHONY: help setup up down preview status refresh bench bench-insights test unit policy integration e2e fault soak coverage check release-check format lint type env clean-tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing: engine, tools, images, Python environment, state backend
	@$(bootstrap) ensure

up: ## create or update the workspace of STACK (default: dev) and print its endpoints
	@$(lifecycle) up --stack='$(STACK)' --events='$(EVENTS)'

down: ## delete the workspace of STACK and its state, and verify that nothing is left
	@$(lifecycle) down --stack='$(STACK)' --events='$(EVENTS)'

preview: ## show what `make up` would change
	@$(lifecycle) preview --stack='$(STACK)'

status: ## compare the state of STACK with the engine, without changes
	@$(lifecycle) status --stack='$(STACK)'

refresh: ## update the state of STACK from what the engine and the services actually have
	@$(lifecycle) refresh --stack='$(STACK)'

bench: ## measure up, no-op, down and plain docker, and print a table
	@$(bootstrap) ensure && $(in_venv) -m tools.bench --stack='$(STACK)'

bench-insights: ## load application insights with a million spans, and print a table
	@$(bootstrap) ensure && $(in_venv) -m tools.bench --stack='$(STACK)' --insights

test: ## run all tests, unit to end-to-end, on the real engine and services
	@$(for_tests) && $(bootstrap) browser && $(in_environment) && $(in_venv) -m pytest tests -n $(WORKERS) $(ARGS)

unit: ## run unit tests
	@$(bootstrap) python && $(in_venv) -m pytest tests/unit $(ARGS)

policy: ## test the policy pack, alone and in the real engine
	@$(bootstrap) tools && $(in_environment) && $(in_venv) -m pytest tests/policy $(ARGS)

integration: ## test single services on the real engine
	@$(for_tests) && $(in_environment) && $(in_venv) -m pytest tests/integration $(ARGS)

e2e: ## test whole workspaces through their lifecycle
	@$(for_tests) && $(bootstrap) browser && $(in_environment) && $(in_venv) -m pytest tests/e2e $(ARGS)

fault: ## test kills, restarts and full disks
	@$(for_tests) && $(in_environment) && $(in_venv) -m pytest tests/fault $(ARGS)

soak: ## test for hours: growth, and kills at every step; limit with ARGS='--soak-cycles=10 --soak-stacks=6'
	@$(for_tests) && $(in_environment) && $(in_venv) -m pytest tests/soak $(ARGS)

coverage: ## unit and policy tests with coverage; fails below the floor in pyproject.toml, raises it if exceeded
	@$(bootstrap) tools && $(in_environment) && $(in_venv) -m coverage run -m pytest tests/unit tests/policy $(ARGS)
	@$(in_venv) -m coverage json --quiet --fail-under=0 -o build/coverage.json
	@$(in_venv) -m tools.checks.coverage_floor build/coverage.json

release-check: ## verify that a release is complete: version, changelog, generated pages, wheel
	@$(bootstrap) python && $(in_venv) -m tools.checks.release_check

check: lint type unit ## check format, lint and types, and run unit tests

format: ## format the code and fix lint
	@$(bootstrap) python && $(in_venv) -m ruff format $(code) && $(in_venv) -m ruff check --fix $(code)

lint: ## check format, lint and phrases
	@$(bootstrap) python && $(in_venv) -m ruff format --check $(code) && $(in_venv) -m ruff check $(code)
	@$(in_venv) -m tools.checks.phrases

type: ## check types
	@$(bootstrap) python && $(in_venv) -m mypy

env: ## print the environment, for eval "$$(make -s env)"
	@$(bootstrap) ensure && $(bootstrap) env

clean-tools: ## remove tools, plugins and caches; keeps state and images
	@$(bootstrap) clean
