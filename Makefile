# Two commands: `make demo` serves the page, `make test` checks everything that is quick.
PYTHON ?= python3
BIN := .venv/bin
# What is named and nothing else, whatever is released later.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
LOCK := $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-annotate \
	--only-binary :all: --emit-build-options --no-emit-index-url --custom-compile-command "make lock" \
	--constraints locks/constraints.txt
# In the versions of the largest.
LOCK_BESIDE := $(LOCK) --constraints locks/dev.txt
TRAINING := pyproject.toml --group build --extra demo --extra train --extra hub

.PHONY: demo test test-slow coverage lint lock audit clean FORCE

demo: .venv/demo-installed
	$(BIN)/python app.py

# File by file as they lie, so that the many small ones come last and both processes end together.
test: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-slow: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow and not measured"
	$(BIN)/python -m pytest -m "slow and measured"

# Lines of the library that the quick tests run, also in the processes that they start. One test fills the disk that
# these processes would write their lines to.
coverage: .venv/dev-installed
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report term \
		--deselect tests/unit/batch/test_part_files.py::test_a_full_disk_leaves_whole_parts

lint: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

# Writes what is to be installed for each purpose, to the last package and with its hashes, for every system and Python
# from 3.11 on: wheels alone, because what is built asks for the newest tools to build it with. Versions that are locked
# already stay; make lock UPGRADE=--upgrade takes the newest that pyproject.toml allows.
lock: .venv/dev-installed
	$(LOCK) $(TRAINING) --extra dicom --extra onnx --extra ray --group dev --output-file locks/dev.txt
	$(LOCK_BESIDE) --group build --output-file locks/build.txt
	$(LOCK_BESIDE) pyproject.toml --extra demo --output-file locks/serving.txt
	$(LOCK_BESIDE) $(TRAINING) --output-file locks/training.txt
	$(LOCK_BESIDE) $(TRAINING) --group gpu --no-emit-package tensorflow-cpu --output-file locks/gpu.txt
	$(LOCK_BESIDE) pyproject.toml --extra data --output-file locks/data.txt
	$(LOCK_BESIDE) pyproject.toml --extra dicom --output-file locks/dicom.txt
	$(LOCK_BESIDE) pyproject.toml --extra onnx --output-file locks/onnx.txt
	$(LOCK_BESIDE) pyproject.toml --extra ray --output-file locks/ray.txt
	$(LOCK_BESIDE) --group fuzz --output-file locks/fuzz.txt
	$(LOCK) --group benchmark --no-deps --output-file locks/benchmark.txt

# Asks which of the locked packages have known vulnerabilities.
audit: .venv/dev-installed
	$(BIN)/python -m scripts.tools.audit_dependencies

clean:
	rm -rf .venv

# A stamp is a copy of the locks that were installed. Where it differs from them, whatever the clock says, the
# environment is made anew, so that nothing stays in it that is no longer locked. The test tools alone are added to what
# is there, which a page that is served may be using.
same = cat $(1) | cmp -s - $(2)
stale = $(shell test -x $(BIN)/python && $(call same,$(1),$(2)) || echo FORCE)
# What builds the project, and what the page is served with.
DEMO := locks/build.txt locks/serving.txt

# The Python that is asked for may be that of .venv itself, where it is active: what stands behind it makes the new one.
# A mirror can have pip warn of every package, which nobody needs to read where nothing failed. The project itself is
# found where it is.
define install
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	|| { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.11"; exit 1; }
@test -x $(BIN)/python && test ! -e .venv/dev-installed && $(call same,$(DEMO),.venv/demo-installed) \
	|| { base=$$($(PYTHON) -c 'import os, sys; print(os.path.realpath(sys.executable))') \
		&& rm -rf .venv && "$$base" -m venv .venv; }
@echo "Installing into .venv; this takes some minutes."
@{ $(INSTALL) --require-hashes $(addprefix -r ,$(1)) && $(INSTALL) --no-index --no-build-isolation --editable .; } \
	>.venv/pip.log 2>&1 || { tail -n 20 .venv/pip.log; echo "All that pip said is in .venv/pip.log."; exit 1; }
@$(BIN)/python -m pip check --disable-pip-version-check
endef

.venv/demo-installed: $(call stale,$(DEMO),.venv/demo-installed)
	$(call install,$(DEMO))
	@cat $(DEMO) >$@

# The larger lock holds the smaller.
.venv/dev-installed: $(call stale,locks/dev.txt,.venv/dev-installed)
	$(call install,locks/dev.txt)
	@cat $(DEMO) >.venv/demo-installed
	@cp locks/dev.txt $@
