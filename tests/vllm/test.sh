#!/usr/bin/env bash
# Runs the answering tests against the real vLLM, on a CPU if there is no GPU: `make test-vllm`.
set -euo pipefail

cd "$(dirname "$0")/../.."
tests/vllm/setup.sh .venv-vllm
TEST_VLLM_PYTHON="$PWD/.venv-vllm/bin/python" exec "${PYTEST:-.venv/bin/pytest}" tests/integration/test_vllm.py "$@"
