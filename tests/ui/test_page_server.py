"""The page as a child process: its port, its end, and that nothing stays behind."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assistant.errors import StudyError
from ui.page_server import PageEnded, choose_port, has_display, page_url, serve_page

SCRIPT = "import streamlit as st\nst.write('hello')\n"


def test_the_next_free_port_is_chosen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert choose_port("127.0.0.1", port) > port
    assert choose_port("127.0.0.1", port) == port
    assert choose_port("127.0.0.1", 0) > 0


def test_a_foreign_address_is_a_known_error() -> None:
    with pytest.raises(StudyError, match="no address of this machine"):
        choose_port("nowhere.invalid", 8501)
    with pytest.raises(StudyError, match="No port from 8501 on is free at 192"):
        choose_port("192.0.2.1", 8501)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_the_url_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert page_url(host, 80) == url


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, "linux", False),
        ({}, "darwin", True),
        ({"CI": "true"}, "darwin", False),
    ],
)
def test_a_browser_is_opened_only_where_it_is_seen(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_display(environment, platform) is expected


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "page.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def test_a_page_that_cannot_start_says_why(script: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(PageEnded, match=r"status 1: .* is not available") as caught,
            serve_page(
                host="127.0.0.1",
                port=taken.getsockname()[1],
                log=tmp_path / "logs" / "page.log",
                script=script,
            ),
        ):
            pass
    assert "page.log" in caught.value.hint


def test_the_page_is_gone_after_the_block(script: Path, tmp_path: Path) -> None:
    port = choose_port("127.0.0.1", 0)
    with serve_page(host="127.0.0.1", port=port, log=tmp_path / "page.log", script=script) as page:
        page.check()
        children = psutil.Process(page.process.pid).children(recursive=True)
        assert children
    assert page.process.poll() is not None
    assert not any(child.is_running() for child in children)


def test_the_page_goes_with_its_parent_even_if_that_is_killed(script: Path, tmp_path: Path) -> None:
    code = f"""
import pathlib, time
from ui.page_server import choose_port, serve_page
port = choose_port("127.0.0.1", 0)
log = pathlib.Path({str(tmp_path)!r}, "page.log")
with serve_page(host="127.0.0.1", port=port, log=log, script=pathlib.Path({str(script)!r})) as page:
    print(page.process.pid, flush=True)
    time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    guardian = psutil.Process(int(parent.stdout.readline()))
    family = [guardian, *guardian.children(recursive=True)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []


def test_a_page_that_dies_is_noticed(script: Path, tmp_path: Path) -> None:
    port = choose_port("127.0.0.1", 0)
    with serve_page(host="127.0.0.1", port=port, log=tmp_path / "page.log", script=script) as page:
        for child in psutil.Process(page.process.pid).children(recursive=True):
            child.kill()
        deadline = time.monotonic() + 10
        while page.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(PageEnded):
            page.check()
