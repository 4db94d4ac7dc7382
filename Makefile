# Two commands: `make demo` serves the page, `make test` checks everything that is quick.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow coverage lint clean

demo: .venv/demo-installed
	$(BIN)/python app.py

test: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/dev-installed
	$(BIN)/python -m pytest -m slow

# Lines of the library that the quick tests run, also in the processes that they start.
coverage: .venv/dev-installed
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report term

lint: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

clean:
	rm -rf .venv

# The stamps are newer than the requirements they were installed from, so a second run starts at once.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev-installed: $(wildcard requirements*.txt) | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/demo-installed
