# Everything starts from a fresh clone: the first target that needs it makes .venv from the lock.
PYTHON ?= python3
IN     ?= seeds/raw
OUT    ?= clean
REVIEWED ?= reviewed.jsonl
# A model file, or a shelf: a folder whose promoted model is taken.
MODEL  ?= models
SHELF  ?= models
# The model that training writes and that gate, compare and promote look at.
NEW    ?= models/new.model
# Empty: seeds/gold.
GOLD   ?=
LABELS ?= seeds
PUBLIC ?= ../shared/data
# Empty: all cores.
WORKERS ?=
ENGINE  ?= local
FORMAT  ?= txt
# With half of the sources gone, an input folder is more likely missing than emptied.
MOST_GONE ?= 0.5
# Empty: every byte of the output is not read again after each run.
VERIFY  ?= yes
KILLS   ?= 300
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help setup clean-corpus review test check crash train compare gate promote rollback report evaluate bench readme \
	screenshots tidy
help:  ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16
	@echo; echo "Variables: IN=$(IN) OUT=$(OUT) MODEL=$(MODEL) FORMAT=$(FORMAT) ENGINE=$(ENGINE) WORKERS=$(or $(WORKERS),all cores)" \
		"REVIEWED=$(REVIEWED) SHELF=$(SHELF) NEW=$(NEW) GOLD=$(or $(GOLD),seeds/gold) MOST_GONE=$(MOST_GONE) LABELS=$(LABELS)" \
		"PUBLIC=$(PUBLIC) KILLS=$(KILLS)"

setup: $(READY)  ## make .venv and install what is locked
$(READY): requirements.lock pyproject.toml hatch_build.py $(wildcard cleaner/*.h cleaner/*/*.[ch])
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-binary langdetect -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Safe to run from cron, however long it takes and wherever it is killed: what did not change is left as it is, a second
# run at the same time leaves with 75, and sources set aside (3) are a finished run.
clean-corpus: $(READY)  ## clean what changed in IN into OUT with an audit of every decision
	$(BIN)/cleaner clean $(IN) --out $(OUT) --model $(MODEL) --format $(FORMAT) --engine $(ENGINE) \
		$(if $(WORKERS),--workers $(WORKERS)) --most-gone $(MOST_GONE) || [ $$? -eq 3 ]
	$(if $(VERIFY),$(BIN)/cleaner verify $(OUT))

review: $(READY)  ## label paragraphs of OUT in the browser; labels go to REVIEWED
	$(BIN)/cleaner review $(OUT) --labels $(REVIEWED) --model $(MODEL)

test: $(READY)  ## run the tests
	$(BIN)/pytest -n 2 --dist loadgroup -q

crash: $(READY)  ## a fault, a kill and a power cut at every writing call; KILLS random kills; 10,000 labels; long histories; Ray
	CRASH_EVERY=1 CRASH_KILLS=$(KILLS) CRASH_EXAMPLES=200 CRASH_RAY=10 CRASH_CLICKS=10000 $(BIN)/pytest -n 2 -q tests/crash \
		tests/test_incremental.py tests/test_engines.py tests/review/test_kept.py

check: $(READY)  ## types, lint, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: $(READY)  ## NEW: what LABELS add to the model of SHELF; of seeds, a new model, on PUBLIC too where it is there
	$(BIN)/cleaner train $(LABELS) --out $(NEW) $(if $(filter seeds,$(LABELS)), \
		--scratch $(if $(wildcard $(PUBLIC)),--public $(PUBLIC)),--from $(SHELF))

compare: $(READY)  ## what NEW would change in IN beside the model of SHELF, as text and in changes.html
	$(BIN)/cleaner compare $(SHELF) $(NEW) $(IN) --html changes.html $(if $(WORKERS),--workers $(WORKERS))

gate: $(READY)  ## refuse NEW where it is worse on GOLD than the model of SHELF
	$(BIN)/cleaner gate $(SHELF) $(NEW) $(GOLD)

promote: $(READY)  ## put NEW in the place of the model of SHELF, if it passes the gate
	$(BIN)/cleaner promote $(NEW) --shelf $(SHELF) $(foreach gold,$(GOLD),--gold $(gold))

rollback: $(READY)  ## take the last promotion on SHELF back
	$(BIN)/cleaner rollback --shelf $(SHELF)

report: $(READY)  ## sum up OUT in report.html
	$(BIN)/cleaner report $(OUT)

evaluate: $(READY)  ## measure MODEL on the development sets in PUBLIC
	$(BIN)/cleaner evaluate $(PUBLIC) --model $(MODEL)

bench: $(READY)  ## speed and memory beside peers, as ratios in one run
	$(BIN)/python tests/bench/speed.py
	$(BIN)/python tests/bench/pages.py $(PUBLIC)
	$(BIN)/python tests/bench/corpus.py

readme: $(READY)  ## write the README's tables and example from fresh runs
	-$(BIN)/cleaner evaluate $(PUBLIC) --model $(MODEL) --into README.md
	$(BIN)/python tests/bench/speed.py --into README.md
	$(BIN)/python tests/bench/pages.py $(PUBLIC) --into README.md
	$(BIN)/python tests/bench/readme.py
	$(BIN)/python tests/bench/gold.py --into seeds/README.md

screenshots: $(READY)  ## take the README's pictures of the review page, in the system's Chromium
	$(BIN)/python tests/bench/screenshots.py

tidy:  ## remove what can be made again
	rm -rf $(VENV) $(OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f cleaner/*/_*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
