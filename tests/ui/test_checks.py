"""The doctor's findings, one matter at a time."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.settings import Settings
from tests.assistant.openai_server import Exchange, OpenAIServer, serving
from ui import checks
from ui.checks import (
    check_disk,
    check_faiss,
    check_index,
    check_model_server,
    check_packages,
    check_page_port,
    check_python,
    check_weights,
    guarded,
)


@pytest.mark.parametrize(
    ("version", "verdict"),
    [((3, 10), "problem"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "problem")],
)
def test_python_must_be_one_that_is_tested(version: tuple[int, int], verdict: str) -> None:
    assert check_python(version).verdict == verdict


@pytest.mark.parametrize(
    ("installed", "verdict"),
    [
        ({"faiss-cpu": "1"}, "ok"),
        ({"faiss-gpu": "1"}, "ok"),
        ({}, "problem"),
        ({"faiss-cpu": "1", "faiss-gpu": "1"}, "problem"),
    ],
)
def test_exactly_one_faiss_may_be_there(installed: dict[str, str], verdict: str) -> None:
    check = check_faiss(installed)
    assert check.verdict == verdict
    assert bool(check.hint) == (verdict == "problem")


def test_packages_of_this_environment_fit() -> None:
    assert check_packages().verdict != "problem"


def test_too_little_room_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MIN_FREE_GB", 1e9)
    home, cache = check_disk(Settings(home=tmp_path, cache=tmp_path / "not" / "there"))
    assert home.verdict == "ok"
    assert cache.verdict == "problem"
    assert "STUDY_CACHE" in cache.hint


def test_missing_weights_are_a_warning(tmp_path: Path) -> None:
    check = check_weights(Settings(cache=tmp_path))
    assert (check.verdict, check.hint) == ("warning", "study model fetch")


def test_a_missing_index_is_a_problem(tmp_path: Path) -> None:
    check = check_index(Settings(home=tmp_path))
    assert (check.verdict, check.hint) == ("problem", "study ingest PATH…")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as started:
        yield started


def test_a_server_is_asked_for_one_token(server: OpenAIServer, tmp_path: Path) -> None:
    def two(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.send_text("2")
        exchange.finish("length")

    server.scripts = [two]
    settings = Settings(home=tmp_path, model={"url": server.url})
    check = check_model_server(settings)
    assert check.verdict == "ok"
    assert "one token in" in check.finding
    assert server.bodies[0]["max_completion_tokens"] == 1


def test_a_server_that_is_down_is_a_problem(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, model={"url": "http://127.0.0.1:9"})
    check = guarded(check_model_server, settings)
    assert (check.matter, check.verdict) == ("model server", "problem")
    assert "127.0.0.1:9" in check.finding


def test_a_taken_port_is_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check = check_page_port(Settings(web={"port": port}))
    assert check.verdict == "warning"
    assert check_page_port(Settings(web={"port": port})).verdict == "ok"
