"""Which engine serves a model, and the command that starts it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from assistant.errors import ConfigError

ServedBy = Literal["vllm", "llamacpp"]

_LLAMACPP_SERVER = Path(__file__).with_name("llamacpp_server.py")
_VLLM_CPU_CACHE_GB = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """What is served, and how; the meaning of each is in `settings.ModelSettings`.

    `prompt_folder` is where llama.cpp may keep what it computed of a prompt; `ModelServer` sets it.
    """

    engine: ServedBy
    model_path: Path
    model_name: str
    host: str = "127.0.0.1"
    port: int = 0
    context_tokens: int = 4096
    parallel: int = 2
    threads: int = 0
    gpu_layers: int = -1
    tensor_parallel: int = 1
    gpu_memory_share: float = 0.85
    dtype: str = "auto"
    vllm_python: Path | None = None
    start_timeout_s: float = 600
    prompt_folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and what to add to its environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def choose_engine(
    engine: Literal["auto", "vllm", "llamacpp"], vllm_python: Path | None
) -> ServedBy:
    """Return the engine to use; "auto": vLLM where a CUDA GPU and vLLM are, else llama.cpp."""
    if engine != "auto":
        return engine
    return "vllm" if has_cuda() and has_vllm(vllm_python) else "llamacpp"


def has_cuda() -> bool:
    """Return whether this machine has a CUDA GPU whose driver works."""
    program = shutil.which("nvidia-smi")
    return program is not None and b"GPU " in _output_of([program, "-L"])


def has_vllm(vllm_python: Path | None) -> bool:
    """Return whether `vllm_python` (None: this Python) has vLLM installed."""
    # Asking without an import: importing vLLM takes many seconds.
    question = "import importlib.util as u; print(u.find_spec('vllm') is not None)"
    return b"True" in _output_of([str(vllm_python or sys.executable), "-c", question])


def command_for(options: ServerOptions, port: int) -> Command:
    """Return the command that serves `options` on `port`.

    Raises:
        ConfigError: the engine's program is not installed.
    """
    if options.engine == "vllm":
        if not has_vllm(options.vllm_python):
            raise ConfigError(
                f"{options.vllm_python or sys.executable} has no vLLM.",
                hint="Set STUDY_MODEL__VLLM_PYTHON to the Python of an environment with vLLM.",
            )
        return vllm_command(options, port, on_gpu=has_cuda())
    import importlib.util

    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigError(
            "llama.cpp is not installed.", hint="Install the extra: pip install '.[cpu]'."
        )
    return llamacpp_command(options, port)


def llamacpp_command(options: ServerOptions, port: int) -> Command:
    """Return the command that serves a GGUF with llama.cpp.

    Its threads wait for each other at every layer. Waiting by spinning, OpenMP's default, makes
    them fight for the cores with the embedder and the web page: on 2 busy cores 3 tokens a
    second, 15 with the passive policy, and no loss on idle ones.
    """
    keeps_prompts = options.prompt_folder is not None
    return Command(
        argv=(
            sys.executable,
            "-P",
            str(_LLAMACPP_SERVER),
            *("--model", str(options.model_path)),
            *("--name", options.model_name),
            *("--host", options.host),
            *("--port", str(port)),
            *("--context", str(options.context_tokens)),
            *("--parallel", str(options.parallel)),
            *("--threads", str(options.threads or _n_cores())),
            *("--gpu-layers", str(options.gpu_layers)),
            *(("--prompt-folder", str(options.prompt_folder)) if keeps_prompts else ()),
        ),
        env={"OMP_WAIT_POLICY": "passive"},
    )


def vllm_command(options: ServerOptions, port: int, *, on_gpu: bool) -> Command:
    """Return the command that serves a folder of safetensors with vLLM.

    It is started as a module: the `vllm` command of the CPU build doesn't find its own metadata.
    """
    argv = [
        str(options.vllm_python or sys.executable),
        "-m",
        "vllm.entrypoints.openai.api_server",
        *("--model", str(options.model_path)),
        *("--served-model-name", options.model_name),
        *("--host", options.host),
        *("--port", str(port)),
        *("--max-model-len", str(options.context_tokens)),
        *("--dtype", options.dtype),
        *("--tensor-parallel-size", str(options.tensor_parallel)),
        "--enable-prefix-caching",
        "--enable-prompt-tokens-details",
        "--disable-uvicorn-access-log",
    ]
    env = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
    if on_gpu:
        argv += ["--gpu-memory-utilization", str(options.gpu_memory_share)]
    else:  # to try it out: compiling for a CPU would take minutes at each start
        argv.append("--enforce-eager")
        env["VLLM_CPU_KVCACHE_SPACE"] = _VLLM_CPU_CACHE_GB
    return Command(argv=tuple(argv), env=env)


def _n_cores() -> int:
    """Return how many cores this process may use: fewer than there are in many containers."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _output_of(argv: Sequence[str]) -> bytes:
    try:
        return subprocess.run(argv, capture_output=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return b""
