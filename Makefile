# Two commands matter: `make demo` shows what larkbase does, `make test` is what a change must pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint types unit nightly bench soak record docs docs-pages screenshots format clean

demo: $(VENV)/.demo  ## show larkbase at work on sample data; needs no account
	$(BIN)/larkbase demo

test: lint types unit  ## everything a change must pass

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy tests/typing

unit: $(VENV)/.dev
	$(BIN)/pytest -n 2

nightly: $(VENV)/.dev  ## the property tests in full (200 examples each); writes docs/testing.md
	$(BIN)/python tests/properties/report.py

bench: $(VENV)/.dev  ## measure speed and memory, and write docs/benchmarks.md
	$(BIN)/python tests/benchmarks/run.py

soak: $(VENV)/.dev  ## ten minutes of random work while calls go wrong, every answer checked
	$(BIN)/python tests/soak/soak.py --seconds 600 --write docs/reliability.md

record: $(VENV)/.dev  ## record the contract cassettes again; see tests/contract/README.md
	$(BIN)/python tests/contract/record.py

docs: docs-pages  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

docs-pages: $(VENV)/.dev  ## write again the parts of docs/ that are made from the code
	$(BIN)/python docs/generate.py

screenshots: $(VENV)/.dev  ## take the pictures of docs/images again; needs Chromium
	$(BIN)/python tests/browser/screenshots.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist site demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "larkbase needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[emulator]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/.demo
