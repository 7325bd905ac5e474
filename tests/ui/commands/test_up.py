"""`study up` as a program of its own: steps, page, a second one beside it, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from assistant import audit, generations
from assistant.errors import StudyError
from tests.assistant.openai_server import OpenAIServer
from tests.ui.commands.conftest import Study, json_lines
from ui.commands.up import in_background

WAIT_S = 90


class Program:
    """A running `study up`; what it writes is collected as it comes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "up", "--no-open", *arguments],
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._readers = [
            threading.Thread(target=lambda: self.out.extend(self.process.stdout or ())),
            threading.Thread(target=self._collect),
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self) -> None:
        for line in self.process.stderr or ():
            self.err.append(line)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not any(text in line for line in self.err):
            assert self.process.poll() is None, "".join(self.err)
            assert time.monotonic() < deadline, "".join(self.err)
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(WAIT_S)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        program.stop()


@pytest.fixture
def corpus(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STUDY_CORPUS", json.dumps([str(built / "corpus")]))
    return built / "corpus"


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("corpus")
def test_everything_comes_up_and_goes_down(
    programs: list[Program], study: Study, indexed: Path, server: OpenAIServer
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        programs.append(Program("--json", "--steps-before", "2", "--port", port))
        programs[0].wait_for("Ctrl-C stops everything")
    page, model = json_lines("".join(programs[0].out))
    assert page["event"] == "page"
    assert httpx.get(str(page["url"])).status_code == 200
    assert model == {"event": "model", "url": server.url}

    second = study("up")
    assert (second.exit_code, second.stdout) == (
        0,
        f"`study up` runs already: the page is at {page['url']}\n",
    )

    assert programs[0].stop() == 0
    errors = "".join(programs[0].err)
    for step in ("[3/6] Settings", "[4/6] Index of", "[5/6] Page", "[6/6] Model"):
        assert step in errors
    assert "Nothing to do: the index" in errors
    assert "is taken; the page takes" in errors
    assert errors.endswith("Stopping …\nStopped.\n")
    with pytest.raises(httpx.TransportError):
        httpx.get(str(page["url"]))
    assert not (indexed / "up.json").exists()


@pytest.mark.timeout(300)
def test_without_a_model_the_page_stays_and_says_why(
    programs: list[Program], corpus: Path, indexed: Path
) -> None:
    programs.append(Program("--port", "0"))
    programs[0].wait_for("Ctrl-C stops everything")
    errors = "".join(programs[0].err)
    assert "fetching is switched off" in errors
    assert "The page answers with extracts." in errors
    assert programs[0].stop(signal.SIGTERM) == 0


def test_nothing_to_index_is_a_known_error(study: Study, home: Path) -> None:
    result = study("up", "--no-open")
    assert result.exit_code == 1
    assert "There is no file or folder corpus." in result.stderr


def test_a_missing_corpus_does_not_matter_where_an_index_is(
    programs: list[Program], indexed: Path, server: OpenAIServer
) -> None:
    programs.append(Program("--port", "0"))
    programs[0].wait_for("Ctrl-C stops everything")
    assert "Warning: There is no file or folder corpus. The index stays as it is" in "".join(
        programs[0].err
    )


def test_what_was_put_back_is_not_overwritten_by_a_start(
    indexed: Path, home: Path, monkeypatch: pytest.MonkeyPatch, programs: list[Program]
) -> None:
    live = generations.current_name(home) or ""
    audit.record(home, audit.Entry(at=audit.now(), by="o", action="rollback", former="x", to=live))
    (home / "corpus").mkdir()
    (home / "corpus" / "bad.md").write_text("# Bad\n\nA bad update.", encoding="utf-8")
    monkeypatch.setenv("STUDY_CORPUS", json.dumps([str(home / "corpus")]))
    monkeypatch.setenv("STUDY_MODEL__URL", "http://127.0.0.1:9")
    program = Program("--port", "0")
    programs.append(program)
    program.wait_for(f"{live} was published")
    program.wait_for("The page answers with extracts.")
    assert generations.list_names(home) == [live]


def test_background_work_gives_its_result_or_its_error() -> None:
    assert in_background(lambda: 3).result(10) == 3

    def fail() -> None:
        raise StudyError("no")

    with pytest.raises(StudyError, match="no"):
        in_background(fail).result(10)
