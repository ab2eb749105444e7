# Every target sets up what it needs: a machine must bring Python 3.11 or newer, git and make.
PYTHON ?= python3
BIN := .venv/bin
PROCESSES ?= 2
FUZZ_SECONDS ?= 600
PYTEST := $(BIN)/pytest --numprocesses $(PROCESSES) --dist worksteal
# These measure, so nothing runs beside them.
MEASURED := tests/faults/test_load.py tests/faults/test_soak.py

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint types layers unit format cover mutants test-faults fuzz bench art wheel clean

help:                        ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready            ## make a film of the bundled story, end to end
	$(BIN)/storyreel demo

test: lint types layers unit ## run every check, as continuous integration does (about 4 minutes)

quick: lint types layers     ## run the checks that take less than a minute: no slow tests, no processes
	HYPOTHESIS_PROFILE=quick $(PYTEST) -m "not slow and not service"

lint: .venv/ready            ## look for faults of style (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready           ## check the types (mypy, strict)
	$(BIN)/mypy

layers: .venv/ready          ## check that imports only go down (import-linter)
	$(BIN)/lint-imports

unit: .venv/ready            ## run all tests
	$(PYTEST)

format: .venv/ready          ## format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

cover: .venv/ready           ## run all tests, and print how much of the code they reach, branches counted
	$(PYTEST) --cov --cov-report=term-missing:skip-covered

mutants: .venv/ready         ## change the pure parts in small ways, and count the changes that no test sees
	$(BIN)/mutmut run
	$(BIN)/mutmut export-cicd-stats && cat mutants/mutmut-cicd-stats.json

test-faults: .venv/ready     ## do harm of every kind to the service, at length, and print what became of the stories
	rm -f faults.jsonl
	STORYREEL_FAULTS=long STORYREEL_FAULTS_LEDGER=$(CURDIR)/faults.jsonl; export STORYREEL_FAULTS STORYREEL_FAULTS_LEDGER; \
	$(BIN)/pytest --timeout 7200 -s $(MEASURED); measured=$$?; \
	$(PYTEST) --timeout 7200 -s tests/faults $(MEASURED:%=--ignore %); harmed=$$?; \
	$(BIN)/python -m tests.faults.ledger faults.jsonl && exit $$((measured + harmed))

fuzz: .venv/ready            ## give what reads strangers' bytes bytes that nobody wrote (twenty minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	printf '%s\n' manifest reading picture sound | \
	xargs -P $(PROCESSES) -I TARGET $(BIN)/python -m tests.fuzz TARGET $(FUZZ_SECONDS)

bench: .venv/ready           ## measure speed, size and quality into benchmarks/RESULTS.md (a quarter of an hour)
	$(BIN)/python -m benchmarks

art: .venv/ready             ## draw, speak and compose what is bundled (needs Debian's festival or flite)
	$(BIN)/python -m art.draw_pictures
	$(BIN)/python -m art.speak_narration
	$(BIN)/python -m art.compose_music

wheel: .venv/ready           ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

clean:                       ## remove what these targets made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage mutants .fuzz faults.jsonl dist storyreel-demo

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
