# make run: everything on http://127.0.0.1:8000. The rest is for those who change the code; see CONTRIBUTING.md.

VENV := .venv
PYTHON_IN_VENV := $(VENV)/bin/python
INSTALL := $(PYTHON_IN_VENV) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes
# The checks open no database of the user's.
SCRATCH := MLXMANAGER_HOME=$(CURDIR)/.cache/home

.PHONY: run env dev test test-postgres check format lint types imports migrations lock clean
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

test-postgres: dev
	@test -n "$$DATABASE_URL" || { echo "Set DATABASE_URL to a PostgreSQL database, as postgres://user@host/name." >&2; exit 1; }
	$(PYTHON_IN_VENV) -m pytest tests/credentials tests/routing

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

# Needs uv. The locks name no registry: whoever installs takes the packages from their own.
LOCK := uv pip compile --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --quiet \
	--extra postgres --extra redis pyproject.toml

lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
