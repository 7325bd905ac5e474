from pathlib import Path

import pytest

from assistant.errors import WeightsError
from assistant.vllm_weights import as_safetensors


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "tiny-q4.gguf"
    path.write_bytes(b"GGUF")
    return path


def fake_python(folder: Path, body: str) -> Path:
    """A Python that notes each call in `calls`; $3 is the GGUF, $4 the folder to write."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\necho "$3" >> {folder}/calls\n{body}\n')
    path.chmod(0o755)
    return path


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def test_gguf_is_converted_once(tmp_path: Path, gguf: Path) -> None:
    python = fake_python(tmp_path, 'echo weights > "$4/model.safetensors"')

    first = as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=python)
    second = as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=python)

    assert first == second == tmp_path / "cache" / "vllm" / "tiny-q4"
    assert (first / "model.safetensors").read_text() == "weights\n"
    assert calls(tmp_path) == [str(gguf)]


def test_other_gguf_of_the_same_name_is_converted_again(tmp_path: Path, gguf: Path) -> None:
    python = fake_python(tmp_path, 'cp "$3" "$4/model.safetensors"')
    as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=python)
    gguf.write_bytes(b"GGUF, another one")

    folder = as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=python)

    assert (folder / "model.safetensors").read_bytes() == b"GGUF, another one"


def test_half_a_conversion_is_not_taken_for_a_whole(tmp_path: Path, gguf: Path) -> None:
    broken = fake_python(tmp_path, 'touch "$4/half"; exit 1')
    with pytest.raises(WeightsError):
        as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=broken)

    whole = fake_python(tmp_path, 'touch "$4/whole"')
    folder = as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=whole)

    assert (folder / "whole").exists()
    assert not (folder / "half").exists()


def test_failure_tells_the_last_line(tmp_path: Path, gguf: Path) -> None:
    python = fake_python(tmp_path, "echo 'Traceback …\nImportError: no gguf' >&2; exit 1")

    with pytest.raises(WeightsError, match="ImportError: no gguf") as caught:
        as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=python)
    assert "accelerate" in caught.value.hint


def test_python_that_is_not_there_is_named(tmp_path: Path, gguf: Path) -> None:
    with pytest.raises(WeightsError, match="can't be run") as caught:
        as_safetensors(gguf, cache=tmp_path / "cache", vllm_python=tmp_path / "nowhere")
    assert "STUDY_MODEL__VLLM_PYTHON" in caught.value.hint


def test_folder_is_used_as_it_is(tmp_path: Path) -> None:
    assert as_safetensors(tmp_path, cache=tmp_path / "cache") == tmp_path
