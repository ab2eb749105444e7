# Every target sets up what it needs: Python 3.11 or newer, git and make are all that a machine must bring.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types layers unit bench art clean

demo: .venv/ready            ## compile the story that ships, on the whole road from inbox to outbox
	$(BIN)/storyreel demo

test: lint types layers unit ## every check, as continuous integration runs them

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy

layers: .venv/ready
	$(BIN)/lint-imports

unit: .venv/ready
	$(BIN)/pytest -n 2 --dist worksteal

bench: .venv/ready           ## how fast, how large, how good: takes a quarter of an hour, writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

art: .venv/ready             ## draw, speak and compose what ships (needs Debian's festival or flite)
	$(BIN)/python scripts/draw_pictures.py
	$(BIN)/python scripts/speak_narration.py
	$(BIN)/python scripts/compose_music.py

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis storyreel-demo
