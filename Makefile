# Everything starts here; each target installs what it needs into .venv by itself.
# A machine with python3.11, pip and make is enough.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
VENV := .venv
RUN := $(VENV)/bin/python

# Byte code and compiled kernels stay below var/, so that running the product changes nothing else. They are kept there
# whatever the shell says elsewhere: a process that compiles numba from its sources takes seconds longer to start.
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/pycache
unexport PYTHONDONTWRITEBYTECODE
export NUMBA_CACHE_DIR := $(CURDIR)/var/numba

.PHONY: demo test serve check bench clean

demo: $(VENV)/.runtime ## the whole main job on real HTTP, no server needed; ONCE=1 does not serve
	VAR_DIR=$(CURDIR)/var/demo $(RUN) manage.py demo --port $(PORT) $(if $(ONCE),--once)

serve: $(VENV)/.runtime ## web and worker on PORT (default 8000)
	$(RUN) manage.py serve --port $(PORT)

test: $(VENV)/.development ## every test this machine has means for; names at the end what it could not run
	$(RUN) -m tests.run

check: $(VENV)/.development ## lint, format, types, import contracts, migrations in step
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	VAR_DIR=$(CURDIR)/var/check $(RUN) manage.py makemigrations --check --dry-run

bench: $(VENV)/.development ## tables of speed, with a peer in the same run
	$(RUN) -m tests.benchmarks

clean: ## remove what running made, the virtual environment too
	rm -rf var $(VENV)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian's python3.11 has no ensurepip, so the environment is made without pip and filled from outside.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements.txt constraints.txt
	$(PYTHON) -m pip --disable-pip-version-check --python $(VENV)/bin/python install -q -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.txt
	$(PYTHON) -m pip --disable-pip-version-check --python $(VENV)/bin/python install -q -r requirements-dev.txt -c constraints.txt
	@touch $@
