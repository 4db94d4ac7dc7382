# Two commands: `make demo` serves the page, `make test` checks everything that is quick.
PYTHON ?= python3
BIN := .venv/bin
# What a lock names and nothing else, whatever is released later.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
LOCK := $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-annotate \
	--only-binary :all: --emit-build-options --no-emit-index-url --custom-compile-command "make lock" \
	--constraints locks/constraints.txt
# Locked one by one, in the versions of the largest.
BESIDE := requirements requirements-data requirements-onnx requirements-ray requirements-fuzz

.PHONY: demo test test-slow coverage lint lock audit clean FORCE

demo: .venv/demo-installed
	$(BIN)/python app.py

test: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/dev-installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "slow and not measured"
	$(BIN)/python -m pytest -m "slow and measured"

# Lines of the library that the quick tests run, also in the processes that they start. One test fills the disk that
# these processes would write their lines to.
coverage: .venv/dev-installed
	COVERAGE_FILE=$(CURDIR)/.coverage $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow" --cov --cov-report term \
		--deselect tests/test_parts.py::test_a_full_disk_leaves_whole_parts

lint: .venv/dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Writes what is to be installed for each purpose, to the last package and with its hashes, for every system and Python
# from 3.11 on: wheels alone, because what is built asks for the newest tools to build it with. Versions that are locked
# already stay; make lock UPGRADE=--upgrade takes the newest of what nobody named.
lock: .venv/dev-installed
	$(LOCK) requirements-dev.txt --output-file locks/requirements-dev.txt
	for name in $(BESIDE); do \
		$(LOCK) $$name.txt --constraints locks/requirements-dev.txt --output-file locks/$$name.txt || exit; done
	$(LOCK) requirements-benchmark.txt --no-deps --output-file locks/requirements-benchmark.txt
	sed '/^# Training/,$$d' requirements.txt \
		| $(LOCK) - --constraints locks/requirements-dev.txt --output-file locks/serving.txt
	sed '/^tensorflow-cpu/d; s/^tensorflow==\([^;]*\).*/tensorflow[and-cuda]==\1/' requirements.txt \
		| $(LOCK) - --constraints locks/requirements-dev.txt --output-file locks/gpu.txt

# Asks which of the locked packages have known vulnerabilities.
audit: .venv/dev-installed
	$(BIN)/python scripts/audit_dependencies.py

clean:
	rm -rf .venv

# A stamp is a copy of the lock that was installed. Where it differs from the lock, whatever the clock says, the
# environment is made anew, so that nothing stays in it that is no longer locked. The test tools alone are added to what
# is there, which a page that is served may be using.
stale = $(shell test -x $(BIN)/python && cmp -s $(1) $(2) || echo FORCE)

# The Python that is asked for may be that of .venv itself, where it is active: what stands behind it makes the new one.
# A mirror can have pip warn of every package, which nobody needs to read where nothing failed.
define install
@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	|| { echo "Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=python3.11"; exit 1; }
test -x $(BIN)/python && test ! -e .venv/dev-installed && cmp -s locks/requirements.txt .venv/demo-installed \
	|| { base=$$($(PYTHON) -c 'import os, sys; print(os.path.realpath(sys.executable))') \
		&& rm -rf .venv && "$$base" -m venv .venv; }
$(INSTALL) -r $(1) >.venv/pip.log 2>&1 \
	|| { tail -n 20 .venv/pip.log; echo "All that pip said is in .venv/pip.log."; exit 1; }
$(BIN)/python -m pip check --disable-pip-version-check
endef

.venv/demo-installed: $(call stale,locks/requirements.txt,.venv/demo-installed)
	$(call install,locks/requirements.txt)
	@cp locks/requirements.txt $@

# The larger lock holds the smaller.
.venv/dev-installed: $(call stale,locks/requirements-dev.txt,.venv/dev-installed)
	$(call install,locks/requirements-dev.txt)
	@cp locks/requirements.txt .venv/demo-installed
	@cp locks/requirements-dev.txt $@
