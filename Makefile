# make demo: install and run everything.   make test: every check and test.   make help: the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo install install-tests test lint clean

# The first Python on PATH that is new enough; any python3 otherwise, which then says what is missing.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; exit; }; done; echo python3)
VENV := .venv/bin

define need_python
command -v $(PYTHON) >/dev/null || { echo "Python is missing: run apt install python3 python3-venv, then start again." >&2; exit 1; }
endef

help:
	@echo "make demo   install, start everything and print two links; Ctrl-C stops it"
	@echo "make test   every check and test; gets Chromium and Node packages by itself"
	@echo "make lint   ruff only"
	@echo "make clean  remove the virtual environment and the demo's data"
	@echo "COACHTOOL_PORT, COACHTOOL_SANDBOX_PORT and COACHTOOL_DATA let two copies run side by side;"
	@echo "docs/operations.md lists every variable."

demo: install
	@exec $(VENV)/python -m coachtool.embedded

install:
	@$(need_python)
	@$(PYTHON) coachtool/embedded/install.py

install-tests:
	@$(need_python)
	@$(PYTHON) coachtool/embedded/install.py --tests

test: install-tests
	@$(VENV)/python -m coachtool.embedded.browser
	@$(VENV)/python -m coachtool.embedded.lrs --install --dir .data/lrs
	@echo "Checking the style."
	@style=0; $(VENV)/ruff check --quiet --output-format concise . || style=1; \
	[ $$style = 0 ] || echo "The style check found the faults above; the tests run all the same."; \
	echo "Running the tests."; $(VENV)/python -m pytest -n 2 && exit $$style

lint:
	@echo "Checking the style."
	@$(VENV)/ruff check --quiet .

clean:
	@! test -e .data/lock || flock --nonblock .data/lock true || \
	{ echo "A copy runs on .data: stop it with Ctrl-C, then make clean again." >&2; exit 1; }
	rm -rf .venv .data .pytest_cache .ruff_cache
