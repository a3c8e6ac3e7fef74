# Everything a developer runs. Python >= 3.11, make and git are enough: the targets below make .venv themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.requirements-installed
LOCKED := $(VENV)/.requirements-dev-installed
READY := $(VENV)/.project-installed
# Twice the cores that CI has: many tests wait for a process, a browser or a clock.
WORKERS ?= 4

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The steps of `test` are read one after the other, and pytest's closing line comes last.
.NOTPARALLEL:
.PHONY: help demo test quick lint types layers unit bench eval format scales readme lock ci-tools clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# What only developers need is not waited for.
demo: $(RUNTIME) ## try it: a chat in your browser beside a simulated broken cluster
	@$(BIN)/python -m bot demo

test: lint types layers unit ## everything a change must pass

quick: $(READY) ## style, types, layers and the tests that a change touches, in a minute; SINCE=COMMIT for less
	@$(BIN)/python tests/project/quick.py $(SINCE)

lint: $(READY) ## style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# On both cores of CI, where nothing is cached.
types: $(READY) ## the strict type check
	$(BIN)/mypy --num-workers 2

layers: $(READY) ## who may import whom
	$(BIN)/lint-imports

# What is compiled once need not be by every worker and every process that a test starts, whatever the shell says.
unit: export PYTHONDONTWRITEBYTECODE =
unit: $(READY) ## the tests alone
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: $(READY) ## speed and recall of matching, wall time of a diagnosis, times of an answer in Slack
	$(BIN)/python tests/bench/run.py

eval: $(READY) ## how well pasted texts find their incident
	$(BIN)/python tests/eval/run.py

format: $(READY) ## write the formatting and the safe fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

scales: $(READY) ## write the list of texts that set the scales of the matcher
	$(BIN)/python tests/project/counterexample_list.py

readme: $(READY) ## write the parts of README.md that are taken from the code
	$(BIN)/python tests/project/readme_parts.py

lock: ## pin the dependencies again (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) --group build -o deploy/image/build.lock
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

ci-tools: ## install what only CI needs: a browser, a database server, others' Slack clients and servers
	@.ci/tools

clean: ## remove .venv and every cache
	rm -rf $(VENV) build dist tests/peers/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(RUNTIME): requirements.lock
	@test -n "$(PYTHON)" || { echo "casebook needs Python 3.11 or newer: neither python3.11 nor python3 is on the PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "casebook needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Use: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || \
		{ echo "making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(LOCKED): requirements-dev.lock $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
