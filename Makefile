# Each target does its own set-up, can be stopped at any time, and goes on where it was when called
# again. What takes time is in tools/.

.POSIX:
.SUFFIXES:
.PHONY: help run ask test test-quick test-vllm test-neural lint eval bench clean

BIN = .venv/bin
# gpu: FAISS for CUDA. Say EXTRA=cpu or EXTRA=gpu to decide for yourself.
EXTRA = $$(if nvidia-smi -L >/dev/null 2>&1; then echo gpu; else echo cpu; fi)

help:
	@echo 'make run                set up everything and open the chat page'
	@echo 'make ask q="…"          answer a question in the terminal'
	@echo 'make test               all tests: real model, real browser, real documents'
	@echo 'make test-quick         the tests without models, servers or a browser'
	@echo 'make test-vllm          the answering tests against the real vLLM (minutes of set-up)'
	@echo 'make test-neural        the tests of the embedder that needs torch'
	@echo 'make lint               style and types'
	@echo 'make eval               the smoke set with the real model, held to evals/gate.toml'
	@echo 'make bench              how well passages are found, and how fast'
	@echo 'make clean              remove the environments and caches, but no data'
	@echo 'Options: PYTHON=python3.12  EXTRA=cpu|gpu  BROWSER=skip'

run:
	@tools/setup.sh "$(EXTRA)" 1 6
	@$(BIN)/study up --steps-before 2

# The question comes through the environment, where quotes do no harm; write $$ for a dollar sign.
ask:
	@test -n "$$q" || { echo 'Say what to ask: make ask q="What is attention?"' >&2; exit 2; }
	@tools/setup.sh "$(EXTRA)" 1 4
	@echo '[3/4] Index of the materials' >&2
	@$(BIN)/study ingest >&2 || test $$? -eq 1
	@echo '[4/4] Answer' >&2
	@$(BIN)/study ask -- "$$q"

test:
	@tools/setup.sh "$(EXTRA),dev,ray" 1 5
	@echo '[3/5] Browser' >&2
	@tools/browser.sh >/dev/null
	@echo '[4/5] Models' >&2
	@$(BIN)/study model fetch >/dev/null
	@$(BIN)/study model fetch smollm2-135m-instruct-q4 >/dev/null
	@echo '[5/5] Tests' >&2
	@TEST_CHROMIUM="$$(tools/browser.sh)" $(BIN)/pytest

test-quick:
	@tools/setup.sh "$(EXTRA),dev" 1 3
	@echo '[3/3] Tests' >&2
	@$(BIN)/pytest -m 'not integration and not slow'

test-vllm:
	@tools/setup.sh "$(EXTRA),dev" 1 3
	@echo '[3/3] Tests with vLLM' >&2
	@tests/vllm/test.sh

test-neural:
	@VENV=.venv-neural FIRST=torch==2.13.0 tools/setup.sh cpu,neural,dev 1 3
	@echo '[3/3] Tests' >&2
	@.venv-neural/bin/pytest tests/assistant/test_embedding.py tests/assistant/test_e5_weights.py

lint:
	@tools/setup.sh "$(EXTRA),dev" 1 4
	@echo '[3/4] Style' >&2
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@echo '[4/4] Types' >&2
	@$(BIN)/mypy

eval:
	@tools/setup.sh "$(EXTRA)" 1 4
	@echo '[3/4] Index of the materials' >&2
	@$(BIN)/study ingest >&2
	@echo '[4/4] The smoke set' >&2
	@$(BIN)/study eval run --set evals/sets/smoke.jsonl --judge rules --gate evals/gate.toml

# What a slower machine changes are the seconds, not the ratios.
bench:
	@tools/setup.sh "$(EXTRA),dev" 1 7
	@echo '[3/7] Retrieval on the bilingual set' >&2
	@$(BIN)/python -m evals.bench.retrieval
	@echo '[4/7] Search beside embedding' >&2
	@$(BIN)/python -m evals.bench.search_speed
	@echo '[5/7] Kinds of index' >&2
	@$(BIN)/python -m evals.bench.index_kinds
	@echo '[6/7] Index of the materials' >&2
	@$(BIN)/study ingest >&2
	@echo '[7/7] First token beside the bare server and the tutorial' >&2
	@$(BIN)/python -m evals.bench.tutorial

clean:
	rm -rf .venv .venv-neural .venv-vllm build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
