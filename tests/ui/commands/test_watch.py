"""Following a folder: what settles is published, whatever fails is told, and the watch goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assistant.errors import IngestError, StudyError
from tests.ui.commands.conftest import Study
from ui.commands.plan_view import PlanJson
from ui.commands.publication import Outcome
from ui.commands.watch import follow

PLAN = PlanJson(files=[], kept_files=1, vectors=0, rebuild=None)
NOTHING = Outcome(generation="g", previous="g", plan=PLAN, failures=[])
NEWS = replace(NOTHING, candidate="c", published=True)


@dataclass
class Publisher:
    """Gives one outcome or error after the other, and then that nothing is new."""

    results: list[Outcome | Exception] = field(default_factory=list)
    n_calls: int = 0
    told: list[Outcome] = field(default_factory=list)

    def __call__(self) -> Outcome:
        self.n_calls += 1
        result = self.results.pop(0) if self.results else NOTHING
        if isinstance(result, Exception):
            raise result
        return result


@contextmanager
def watching(
    folder: Path, publisher: Publisher, *, polling: bool = False, rescan_s: float = 60
) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=lambda: follow(
            [folder],
            publisher,
            publisher.told.append,
            settle_s=0.3,
            rescan_s=rescan_s,
            polling=polling,
            stop=stop,
        )
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "It did not come to that."
        time.sleep(0.02)


@pytest.mark.parametrize("polling", [False, True], ids=["events", "polling"])
def test_it_looks_at_once_and_after_what_changed_has_settled(tmp_path: Path, polling: bool) -> None:
    publisher = Publisher()
    with watching(tmp_path, publisher, polling=polling):
        wait_for(lambda: publisher.n_calls == 1)
        for number in range(5):
            (tmp_path / "a.md").write_text(f"text {number}", encoding="utf-8")
            time.sleep(0.05)
        wait_for(lambda: publisher.n_calls >= 2)
        time.sleep(1)
        assert publisher.n_calls <= 3  # not once for each write
    assert publisher.told == []


def test_what_is_no_document_is_not_followed(tmp_path: Path) -> None:
    publisher = Publisher()
    with watching(tmp_path, publisher):
        wait_for(lambda: publisher.n_calls == 1)
        (tmp_path / "notes.csv").write_text("x")
        (tmp_path / ".hidden.md").write_text("x")
        time.sleep(1.2)
        assert publisher.n_calls == 1


def test_without_any_event_hashes_are_compared_now_and_then(tmp_path: Path) -> None:
    publisher = Publisher()
    with watching(tmp_path, publisher, rescan_s=0.5):
        wait_for(lambda: publisher.n_calls >= 3)


def test_a_folder_that_went_away_is_followed_again_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    publisher = Publisher([IngestError("There is no folder."), NEWS])
    with watching(folder, publisher, rescan_s=0.5):
        wait_for(lambda: publisher.n_calls >= 1)
        folder.mkdir()
        wait_for(lambda: publisher.told == [NEWS])
        n_calls = publisher.n_calls
        (folder / "a.md").write_text("text")
        wait_for(lambda: publisher.n_calls > n_calls)


def test_no_failure_ends_the_watch_and_each_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = replace(NOTHING, candidate="c", reason="worse")
    publisher = Publisher(
        [
            StudyError("No model answers."),
            StudyError("No model answers."),
            RuntimeError("a bug"),
            refused,
            replace(refused, was_known=True),
            NEWS,
        ]
    )
    with watching(tmp_path, publisher, rescan_s=0.1):
        wait_for(lambda: publisher.n_calls >= 7)
    assert publisher.told == [refused, NEWS]
    lines = capsys.readouterr().err
    assert lines.count("No model answers.") == 1
    assert lines.count("nobody foresaw") == 1
    assert "a bug" not in lines


def test_a_bad_file_is_told_once_as_long_as_it_stays_the_same(tmp_path: Path) -> None:
    bad = replace(NOTHING, failures=[{"source": "a.pdf", "message": "damaged"}])
    publisher = Publisher([bad, bad, NOTHING, bad])
    with watching(tmp_path, publisher, rescan_s=0.1):
        wait_for(lambda: publisher.n_calls >= 5)
    assert publisher.told == [bad, bad]


def test_watch_goes_with_no_other_option(study: Study) -> None:
    assert study("ingest", "--watch", "--dry-run").exit_code == 2


def test_ctrl_c_ends_it_cleanly(indexed: Path, built: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "ingest", "--watch", str(built / "corpus")],
        env={**os.environ, "STUDY_WATCH__SETTLE_S": "0.2"},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "Watching" in process.stderr.readline()
        assert "Files looked at" in process.stderr.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert (process.returncode, rest.splitlines()[-1]) == (0, "No longer watching.")
