# make run: everything on http://127.0.0.1:8000. The rest is for those who change the code; see CONTRIBUTING.md.

VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
INSTALL := $(PYTHON_IN_VENV) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes
CLIENTS := tests/clients
# The checks open no database of the user's.
SCRATCH := MLXMANAGER_HOME=$(CURDIR)/.cache/home

.PHONY: run env dev test test-postgres clients check format lint types imports migrations faults bench bench-gateway \
	bench-gate soak lock clean
.DEFAULT_GOAL := run

run: env
	@exec $(PYTHON_IN_VENV) manage.py serve

env: $(VENV)/.run
dev: $(VENV)/.dev

$(PYTHON_IN_VENV):
	@python=$$(sh tools/find_python.sh) && echo "Making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV)

$(VENV)/.run: requirements.lock | $(PYTHON_IN_VENV)
	@echo "Installing what the product needs"
	@$(INSTALL) -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(PYTHON_IN_VENV)
	@echo "Installing what the product and its tests need"
	@$(INSTALL) -r $<
	@touch $@ $(VENV)/.run

test: dev
	$(PYTHON_IN_VENV) -m pytest -n 2 --dist loadfile

DATABASE_TESTS := tests/credentials tests/routing $(addprefix tests/inference/test_request_log,.py _admin.py)

test-postgres: dev
	@test -n "$$DATABASE_URL" || { echo "Set DATABASE_URL to a PostgreSQL database, as postgres://user@host/name." >&2; exit 1; }
	$(PYTHON_IN_VENV) -m pytest $(DATABASE_TESTS)

# Real clients against the gateway; needs npm. Each Python client pins what it needs, so each has an environment of its
# own.
clients: dev $(CLIENTS)/node_modules/.installed .cache/clients/llm/.installed .cache/clients/aider/.installed
	$(PYTHON_IN_VENV) -m pytest -n 2 --dist loadfile $(CLIENTS)

# Not `npm ci`: it fails where a registry lacks a package that only another platform would install.
$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	@command -v npm >/dev/null || { echo "make clients needs npm, with a Node of 18 or newer." >&2; exit 1; }
	@echo "Installing the Node clients"
	@cd $(CLIENTS) && npm install --no-save --no-audit --no-fund --loglevel error
	@touch $@

.cache/clients/%/.installed: $(CLIENTS)/%.lock | $(PYTHON_IN_VENV)
	@echo "Installing $*"
	@$(PYTHON_IN_VENV) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

check: lint types imports migrations test

format: dev
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix

lint: dev
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check

types: dev
	$(SCRATCH) $(VENV)/bin/mypy

imports: dev
	$(VENV)/bin/lint-imports

migrations: dev
	$(SCRATCH) $(PYTHON_IN_VENV) manage.py check
	$(SCRATCH) $(PYTHON_IN_VENV) manage.py makemigrations --check --dry-run

# The fault checks, against this product or another gateway: docs/comparison.md.
GATEWAY := mlxmanager
LITELLM := litellm

faults: dev
	$(PYTHON_IN_VENV) -m benchmarks.faults --gateway $(GATEWAY) --litellm $(LITELLM)

# How fast it is, next to others: docs/performance.md. `make bench BENCH=--quick` for a first look.
BENCH :=

bench: dev bench-gateway
	$(PYTHON_IN_VENV) -m benchmarks.engine $(BENCH)

# Memory, slots and files of the whole product under a load that comes and goes.
soak: dev
	$(PYTHON_IN_VENV) -m benchmarks.soak

# LITELLM=PROGRAM has it measured too.
bench-gateway: dev
	$(PYTHON_IN_VENV) -m benchmarks.overhead $(if $(filter-out litellm,$(LITELLM)),--litellm $(LITELLM))

# Ratios to a raw relay alone, with a generous margin.
bench-gate: dev
	$(PYTHON_IN_VENV) -m benchmarks.overhead --gate --rounds 4

# Needs uv and npm. The locks name no registry: whoever installs takes the packages from their own.
COMPILE := uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --quiet
LOCK := $(COMPILE) --extra postgres --extra redis pyproject.toml

lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --no-annotate $(CLIENTS)/llm.in -o $(CLIENTS)/llm.lock
	$(COMPILE) --no-annotate $(CLIENTS)/aider.in -o $(CLIENTS)/aider.lock
	cd $(CLIENTS) && npm install --package-lock-only --omit-lockfile-registry-resolved

clean:
	rm -rf $(VENV) $(CLIENTS)/node_modules .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
