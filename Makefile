# All commands for developers. They need Python >= 3.11, make and git; the targets create .venv themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.requirements-installed
LOCKED := $(VENV)/.requirements-dev-installed
READY := $(VENV)/.project-installed
# Twice CI's cores, because many tests wait for a process, a browser or a clock.
WORKERS ?= 4

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Run the steps of `test` one after the other, so that pytest's summary comes last.
.NOTPARALLEL:
.PHONY: help demo test quick lint types layers unit bench eval train format scales readme lock sbom ci-tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The demo installs the runtime packages only.
demo: $(RUNTIME) ## run the playground: a chat in your browser beside a simulated broken cluster
	@$(BIN)/python -m bot demo

test: lint types layers unit ## run every check that a change must pass

quick: $(READY) ## check style, types, layers and affected tests within a minute; SINCE=COMMIT sets the base
	@$(BIN)/python tests/project/quick.py $(SINCE)

lint: $(READY) ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# Two workers for CI's two cores, where nothing is cached.
types: $(READY) ## check types (mypy, strict)
	$(BIN)/mypy --num-workers 2

layers: $(READY) ## check which package may import which
	$(BIN)/lint-imports

unit: $(READY) ## run the tests only
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: $(READY) ## measure matching speed and recall, diagnosis time, response times in Slack, load and attacks
	$(BIN)/python tests/bench/run.py

eval: $(READY) ## measure how well pasted texts find their incident
	$(BIN)/python tests/eval/run.py

train: $(READY) ## train the classifiers of messages and incident channels, and print how they judge
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-train.lock
	$(BIN)/python -m tests.talk.train acts
	$(BIN)/python -m tests.talk.train asks
	$(BIN)/python -m tests.talk.train origins
	$(BIN)/python -m tests.talk.train failures
	$(BIN)/python -m tests.chronicle.train

format: $(READY) ## format the code and apply safe fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

scales: $(READY) ## generate the list of texts that set the matcher's scales
	$(BIN)/python tests/project/counterexample_list.py

readme: $(READY) ## generate the parts of README.md, docs/ and deploy/ that come from code
	$(BIN)/python tests/project/readme_parts.py

sbom: $(READY) ## write dist/sbom.cdx.json and dist/licences.txt; fails on a licence that is not allowed
	$(BIN)/python tests/project/sbom.py

lock: ## pin the dependencies (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the PATH" >&2; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) --group build -o deploy/image/build.lock
	$(COMPILE) pyproject.toml --extra mcp -c requirements-dev.lock -o deploy/image/mcp.lock
	$(COMPILE) --group train -c requirements-dev.lock -o requirements-train.lock
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

ci-tools: ## install what only CI needs: browser, database server, third-party Slack clients and servers
	@.ci/tools

clean: ## remove .venv and every cache
	rm -rf $(VENV) build dist tests/peers/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(RUNTIME): requirements.lock
	@test -n "$(PYTHON)" || { echo "casebook needs Python 3.11 or newer: neither python3.11 nor python3 is on the PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "casebook needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Use: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || \
		{ echo "creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(LOCKED): requirements-dev.lock $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
