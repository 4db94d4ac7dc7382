# Two commands: `make demo` serves the page, `make test` checks everything that is quick.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --custom-compile-command "make lock" --constraints locks/constraints.txt

.PHONY: demo test test-slow coverage lint lock audit clean

demo: .venv/demo-installed
	$(BIN)/python app.py

test: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/dev-installed
	$(BIN)/python -m pytest -m slow

# Lines of the library that the quick tests run, also in the processes that they start. One test fills the disk that
# these processes would write their lines to.
coverage: .venv/dev-installed
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report term \
		--deselect tests/test_parts.py::test_a_full_disk_leaves_whole_parts

lint: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Writes what is to be installed, to the last package and with its hashes, for every system and Python from 3.11 on.
# Versions that are locked already stay; make lock UPGRADE=--upgrade takes the newest of what nobody named.
lock: .venv/dev-installed
	$(LOCK) requirements-dev.txt --output-file locks/requirements-dev.txt
	$(LOCK) requirements.txt --constraints locks/requirements-dev.txt --output-file locks/requirements.txt
	sed '/^# Training/,$$d' requirements.txt \
		| $(LOCK) - --constraints locks/requirements-dev.txt --output-file locks/serving.txt

# Asks which of the locked packages have known vulnerabilities.
audit: .venv/dev-installed
	$(BIN)/python scripts/audit_dependencies.py

clean:
	rm -rf .venv

# The stamps are newer than the locks they were installed from, so a second run starts at once.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-installed: locks/requirements.txt | .venv/bin/python
	$(INSTALL) -r locks/requirements.txt
	@touch $@

.venv/dev-installed: locks/requirements-dev.txt | .venv/bin/python
	$(INSTALL) -r locks/requirements-dev.txt
	@touch $@ .venv/demo-installed
