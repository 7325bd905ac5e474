"""`study model`: what it says of files and servers, without fetching or serving the real model."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from assistant.catalogue import DEFAULT_MODEL, SMALL_MODEL
from tests.assistant.openai_server import OpenAIServer
from tests.ui.commands.conftest import Study, json_lines

GGUF = b"GGUF" + bytes(60)


@pytest.fixture
def local_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = home / "model.gguf"
    path.write_bytes(GGUF)
    monkeypatch.setenv("STUDY_MODEL__NAME", str(path))
    return path


def test_fetch_prints_where_the_file_is(study: Study, local_model: Path) -> None:
    assert study("model", "fetch").stdout == f"{local_model}\n"
    (values,) = json_lines(study("model", "fetch", "--json").stdout)
    assert values == {"name": str(local_model), "path": str(local_model)}


def test_fetch_that_must_not_fetch_says_so(study: Study) -> None:
    result = study("model", "fetch", SMALL_MODEL, "--json")
    assert result.exit_code == 1
    assert "fetching is switched off" in str(json_lines(result.stdout)[0]["error"])


def test_an_unknown_name_lists_those_known(study: Study) -> None:
    result = study("model", "fetch", "gpt-9")
    assert result.exit_code == 1
    assert "There is no model 'gpt-9'" in result.stderr
    assert DEFAULT_MODEL in result.stderr


def test_status_without_files_or_server(study: Study) -> None:
    result = study("model", "status")
    assert result.exit_code == 0
    assert "not here; `study model fetch` fetches it" in result.stdout
    assert "none runs" in result.stdout
    (values,) = json_lines(study("model", "status", "--json").stdout)
    assert values == {"model": DEFAULT_MODEL, "path": None, "url": None, "server": None}


def test_status_names_the_file_and_the_url(
    study: Study, local_model: Path, server: OpenAIServer
) -> None:
    result = study("model", "status")
    assert f"Files:  {local_model}" in result.stdout
    assert f"Server: {server.url}" in result.stdout


def test_serve_of_a_broken_file_ends_with_the_server_s_reason(
    study: Study, local_model: Path
) -> None:
    result = study("model", "serve")
    assert result.exit_code == 1
    assert "can't serve" in result.stderr
    assert "model-server.log" in result.stderr


def test_serve_with_an_engine_that_is_not_there(study: Study, local_model: Path) -> None:
    result = study("model", "serve", "--engine", "vllm")
    assert result.exit_code == 1
    assert "vLLM" in result.stderr
    assert study("model", "serve", "--engine", "other").exit_code == 2


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_serve_is_found_by_others_and_ends_with_ctrl_c(home: Path) -> None:
    environment = {**os.environ, "STUDY_MODEL__NAME": SMALL_MODEL}
    for name in ("STUDY_CACHE", "STUDY_OFFLINE"):  # the user's own cache has the weights
        del environment[name]

    def run(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "model", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    serving = run("serve", "--json")
    assert serving.stdout is not None
    (values,) = json_lines(serving.stdout.readline())
    assert httpx.get(f"{values['url']}/models").status_code == 200
    (status,) = json_lines(run("status", "--json").communicate(timeout=60)[0])
    assert status["server"] == values
    second = run("serve")
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"A model server already runs at {values['url']}." in errors

    serving.send_signal(signal.SIGINT)
    _, errors = serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert errors.endswith("Stopped.\n")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{values['url']}/models")
        except httpx.TransportError:
            break
    else:
        pytest.fail("the server still answers")
