import sys
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.server_commands import (
    ServerOptions,
    choose_engine,
    command_for,
    has_cuda,
    has_vllm,
    llamacpp_command,
    vllm_command,
)

OPTIONS = ServerOptions(
    engine="llamacpp",
    model_path=Path("/models/a b.gguf"),
    model_name="tiny",
    context_tokens=2048,
    parallel=3,
    threads=5,
    gpu_layers=7,
    tensor_parallel=2,
    gpu_memory_share=0.5,
    dtype="bfloat16",
    vllm_python=Path("/envs/vllm/bin/python"),
)


def option(argv: tuple[str, ...], name: str) -> str:
    return argv[argv.index(name) + 1]


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_llamacpp_gets_its_settings() -> None:
    argv = llamacpp_command(OPTIONS, 8123).argv

    assert option(argv, "--model") == "/models/a b.gguf"
    assert option(argv, "--name") == "tiny"
    assert option(argv, "--host") == "127.0.0.1"
    assert option(argv, "--port") == "8123"
    assert option(argv, "--context") == "2048"
    assert option(argv, "--parallel") == "3"
    assert option(argv, "--threads") == "5"
    assert option(argv, "--gpu-layers") == "7"


def test_llamacpp_takes_all_cores_unless_told() -> None:
    argv = llamacpp_command(replace(OPTIONS, threads=0), 8123).argv

    assert int(option(argv, "--threads")) >= 1


def test_llamacpp_threads_wait_without_spinning() -> None:
    assert llamacpp_command(OPTIONS, 8123).env["OMP_WAIT_POLICY"] == "passive"


def test_vllm_gets_its_settings() -> None:
    command = vllm_command(OPTIONS, 8123, on_gpu=True)

    assert command.argv[0] == "/envs/vllm/bin/python"
    assert option(command.argv, "--served-model-name") == "tiny"
    assert option(command.argv, "--host") == "127.0.0.1"
    assert option(command.argv, "--max-model-len") == "2048"
    assert option(command.argv, "--tensor-parallel-size") == "2"
    assert option(command.argv, "--gpu-memory-utilization") == "0.5"
    assert option(command.argv, "--dtype") == "bfloat16"
    assert "--enable-prefix-caching" in command.argv


def test_vllm_reports_nothing_and_fetches_nothing() -> None:
    env = vllm_command(OPTIONS, 8123, on_gpu=True).env

    assert env["VLLM_NO_USAGE_STATS"] == "1"
    assert env["HF_HUB_OFFLINE"] == "1"


def test_vllm_without_a_gpu_gets_memory_for_its_cache_instead_of_a_share() -> None:
    command = vllm_command(OPTIONS, 8123, on_gpu=False)

    assert "--gpu-memory-utilization" not in command.argv
    assert command.env["VLLM_CPU_KVCACHE_SPACE"] == "2"


def test_vllm_compiles_the_model_on_a_gpu_alone() -> None:
    assert "--enforce-eager" in vllm_command(OPTIONS, 8123, on_gpu=False).argv
    assert "--enforce-eager" not in vllm_command(OPTIONS, 8123, on_gpu=True).argv


def test_llamacpp_is_told_where_to_keep_prompts_if_anywhere() -> None:
    kept = replace(OPTIONS, prompt_folder=Path("/home/prompts"))

    assert option(llamacpp_command(kept, 8123).argv, "--prompt-folder") == "/home/prompts"
    assert "--prompt-folder" not in llamacpp_command(OPTIONS, 8123).argv


def test_gpu_is_seen_by_its_driver(programs: Path) -> None:
    assert not has_cuda()

    script(programs / "nvidia-smi", "echo 'GPU 0: NVIDIA H100 (UUID: …)'")
    assert has_cuda()


@pytest.mark.parametrize("text", ["exit 9", "echo 'No devices were found'"])
def test_driver_without_a_gpu_is_none(programs: Path, text: str) -> None:
    script(programs / "nvidia-smi", text)

    assert not has_cuda()


def test_python_without_vllm_has_none() -> None:
    assert not has_vllm(None)
    assert not has_vllm(Path("/nowhere/python"))


@pytest.mark.parametrize(
    ("has_gpu", "vllm_is_there", "expected"),
    [(True, True, "vllm"), (True, False, "llamacpp"), (False, True, "llamacpp")],
)
def test_auto_takes_vllm_where_a_gpu_and_vllm_are(
    programs: Path, has_gpu: bool, vllm_is_there: bool, expected: str
) -> None:
    if has_gpu:
        script(programs / "nvidia-smi", "echo 'GPU 0: NVIDIA H100'")
    python = script(programs / "python", f"echo {vllm_is_there}")

    assert choose_engine("auto", python) == expected


def test_engine_that_was_named_is_not_questioned(programs: Path) -> None:
    assert choose_engine("vllm", None) == "vllm"
    assert choose_engine("llamacpp", None) == "llamacpp"


def test_vllm_that_is_not_there_is_named_with_a_hint() -> None:
    wanted = replace(OPTIONS, engine="vllm", vllm_python=Path(sys.executable))

    with pytest.raises(ConfigError, match="has no vLLM") as caught:
        command_for(wanted, 8123)
    assert "STUDY_MODEL__VLLM_PYTHON" in caught.value.hint
