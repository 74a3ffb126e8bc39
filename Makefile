# Everything starts from a fresh clone: the first target that needs it makes .venv from the lock.
PYTHON ?= python3
IN     ?= seeds/raw
OUT    ?= clean
MODEL  ?= models/press.model
LABELS ?= seeds
PUBLIC ?= ../shared/data
WORKERS ?= 1
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup clean-corpus test check train evaluate bench readme tidy
help:  ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16
	@echo; echo "Variables: IN=$(IN) OUT=$(OUT) MODEL=$(MODEL) LABELS=$(LABELS) PUBLIC=$(PUBLIC) WORKERS=$(WORKERS)"

setup: $(READY)  ## make .venv and install what is locked
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary langdetect -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean-corpus: $(READY)  ## clean IN into OUT with an audit of every decision
	$(BIN)/cleaner clean $(IN) --out $(OUT) --model $(MODEL) --workers $(WORKERS)

test: $(READY)  ## run the tests
	$(BIN)/pytest -n 2 --dist loadgroup -q

check: $(READY)  ## types, lint, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: $(READY)  ## train MODEL on LABELS, and on the public sets where PUBLIC exists
	$(BIN)/cleaner train $(LABELS) --out $(MODEL) $(if $(wildcard $(PUBLIC)),--public $(PUBLIC))

evaluate: $(READY)  ## measure MODEL on the development sets in PUBLIC
	$(BIN)/cleaner evaluate $(PUBLIC) --model $(MODEL)

bench: $(READY)  ## speed and memory beside peers, as ratios in one run
	$(BIN)/python tests/bench/speed.py
	$(BIN)/python tests/bench/pages.py $(PUBLIC)

readme: $(READY)  ## write the README's tables and example from fresh runs
	-$(BIN)/cleaner evaluate $(PUBLIC) --model $(MODEL) --into README.md
	$(BIN)/python tests/bench/speed.py --into README.md
	$(BIN)/python tests/bench/pages.py $(PUBLIC) --into README.md
	$(BIN)/python tests/bench/readme.py

tidy:  ## remove what can be made again
	rm -rf $(VENV) $(OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
