# A clean clone needs only Python 3.10 or later, make and pip: every target creates .venv and installs what it uses.
PYTHON ?= python3
VERSIONS ?= 3.10 3.12 3.13
BIN := .venv/bin
ALL := adcompiler tests docs examples benchmarks

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all fuzz versions lint types format docs generate bench clean

help:
	@echo "make demo      the fit of lynx and hare to real data, with gradient check and timings"
	@echo "make test      the test suite                  make test-all  with every program compiled"
	@echo "make fuzz      many more random programs than make test runs"
	@echo "make versions  the smoke tests on every Python of '$(VERSIONS)' found here"
	@echo "make lint      ruff: format and rules          make format  apply both"
	@echo "make types     mypy --strict                   make docs    the site, warnings as errors"
	@echo "make bench     the benchmarks                  make clean   remove what was built"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "adcompiler needs Python 3.10 or later")'
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

install: .venv/.installed

demo: .venv/.installed
	$(BIN)/python examples/lynx_hare.py

test: .venv/.installed
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-all: .venv/.installed
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ""

fuzz: .venv/.installed
	$(BIN)/python -m pytest -n 2 -m fuzz --hypothesis-profile=fuzz tests

versions:
	@set -e; for version in $(VERSIONS); do \
		if python$$version -c '' 2>/dev/null; then $(MAKE) --no-print-directory smoke-$$version; \
		else echo "Python $$version: not found, skipped"; fi; \
	done

smoke-%:
	test -x .venv-$*/bin/python || python$* -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --editable ".[test]"
	.venv-$*/bin/python -m pytest -n 2 -m smoke tests

lint: .venv/.installed
	$(BIN)/ruff format --check $(wildcard $(ALL))
	$(BIN)/ruff check $(wildcard $(ALL))

types: .venv/.installed
	$(BIN)/mypy

format: .venv/.installed
	$(BIN)/ruff format $(wildcard $(ALL))
	$(BIN)/ruff check --fix $(wildcard $(ALL))

generate: .venv/.installed
	$(BIN)/python -m docs.generate

docs: .venv/.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.venv/.bench: .venv/.installed
	$(BIN)/python -m pip install --quiet --editable ".[bench]"
	touch $@

bench: .venv/.bench
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .venv-* build dist site out .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find $(wildcard $(ALL)) -name __pycache__ -prune -exec rm -rf {} +
