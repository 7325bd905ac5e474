import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from assistant.errors import BusyError, ModelTimeout, ModelUnreachable
from assistant.model_server import (
    LOG_FILE,
    STATE_FILE,
    ModelServer,
    Patience,
    find_running,
    last_line,
)
from assistant.server_commands import Command, ServerOptions
from assistant.server_probe import is_healthy

FAKE_SERVER = Path(__file__).with_name("fake_model_server.py")
QUICK = Patience(
    first_back_off_s=0.05,
    longest_back_off_s=0.2,
    max_crashes=3,
    crash_window_s=60,
    health_every_s=0.1,
    max_sick_checks=3,
)


BEGINNING = [{"role": "system", "content": "同样的开头"}]


def options(*, start_timeout_s: float = 30) -> ServerOptions:
    return ServerOptions(
        engine="llamacpp",
        model_path=FAKE_SERVER,
        model_name="tiny",
        parallel=2,
        start_timeout_s=start_timeout_s,
    )


class Stage:
    """A home, and the folder through which a test steers the fake server."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.steering = folder / "steering"
        self.steering.mkdir()

    def command(self, wanted: ServerOptions, port: int) -> Command:
        return Command(argv=(sys.executable, str(FAKE_SERVER), str(port), str(self.steering)))

    def server(
        self,
        *,
        start_timeout_s: float = 30,
        warm_up: list[dict[str, str]] | None = None,
        patience: Patience = QUICK,
    ) -> ModelServer:
        return ModelServer(
            options(start_timeout_s=start_timeout_s),
            home=self.home,
            warm_up_messages=warm_up or [],
            patience=patience,
            command=self.command,
        )

    def say(self, what: str, text: str = "") -> None:
        (self.steering / what).write_text(text)

    def notes(self) -> list[str]:
        return (self.steering / "notes").read_text().splitlines()

    def child_pid(self) -> int:
        return int((self.steering / "child").read_text())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    # Whatever a failing test left behind.
    for process in psutil.process_iter(["cmdline"]):
        if str(stage.steering) in (process.info["cmdline"] or ()):
            process.kill()


def eventually(is_so: Callable[[], bool], timeout_s: float = 20) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def has_restarted(server: ModelServer, n_times: int) -> Callable[[], bool]:
    return lambda: server.n_restarts == n_times


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


class TestRunning:
    def test_server_is_found_while_it_runs_and_not_after(self, stage: Stage) -> None:
        with stage.server() as server:
            running = find_running(stage.home)
            assert running is not None
            assert running.url == server.url
            assert (running.model, running.engine) == ("tiny", "llamacpp")
            assert is_healthy(running.url, timeout_s=2)
            assert server.state == "ready"

        assert find_running(stage.home) is None
        assert not (stage.home / STATE_FILE).exists()
        final: str = server.state
        assert final == "stopped"

    def test_server_listens_on_loopback(self, stage: Stage) -> None:
        with stage.server() as server:
            assert server.url.startswith("http://127.0.0.1:")

    def test_stopping_ends_the_server_and_what_it_started(self, stage: Stage) -> None:
        with stage.server():
            running = find_running(stage.home)
            child = stage.child_pid()
        assert running is not None

        assert eventually(lambda: is_gone(running.pid))
        assert eventually(lambda: is_gone(child))

    def test_what_the_server_writes_is_in_the_log(self, stage: Stage) -> None:
        with stage.server() as server:
            stage.say("crash")
            assert eventually(lambda: server.n_restarts == 1)

        assert "CUDA error" in (stage.home / LOG_FILE).read_text()

    def test_log_of_the_run_before_is_kept(self, stage: Stage) -> None:
        log = stage.home / LOG_FILE
        log.parent.mkdir(parents=True)
        log.write_text("the run before\n")

        with stage.server():
            pass

        assert log.with_suffix(".old.log").read_text() == "the run before\n"

    def test_it_can_be_started_again(self, stage: Stage) -> None:
        server = stage.server()
        for _ in range(2):
            with server:
                assert server.state == "ready"

    def test_shared_beginning_is_computed_in_one_slot_and_copied_to_the_other(
        self, stage: Stage
    ) -> None:
        with stage.server(warm_up=BEGINNING) as server:
            assert server.wait_warm(10)

        assert stage.notes() == [
            "started",
            *("restore slot 0", "restore slot 1"),
            *("compute slot 0: 同样的开头", "save slot 0", "restore slot 1"),
        ]

    def test_next_start_computes_nothing(self, stage: Stage) -> None:
        with stage.server(warm_up=BEGINNING) as server:
            assert server.wait_warm(10)
        n_notes = len(stage.notes())

        with stage.server(warm_up=BEGINNING) as server:
            assert server.wait_warm(10)

        assert stage.notes()[n_notes:] == ["started", "restore slot 0", "restore slot 1"]

    def test_other_beginning_is_computed_anew(self, stage: Stage) -> None:
        with stage.server(warm_up=BEGINNING) as server:
            assert server.wait_warm(10)

        with stage.server(warm_up=[{"role": "system", "content": "Another"}]) as server:
            assert server.wait_warm(10)

        assert "compute slot 0: Another" in stage.notes()

    def test_server_that_can_not_warm_up_serves_all_the_same(self, stage: Stage) -> None:
        with stage.server(warm_up=[{"role": "system", "content": "fail"}]) as server:
            assert not server.wait_warm(0.5)
            assert server.state == "ready"

    def test_starting_twice_is_a_mistake(self, stage: Stage) -> None:
        with stage.server() as server, pytest.raises(ValueError, match="started already"):
            server.start()


class TestOneServer:
    def test_second_for_the_same_home_is_refused(self, stage: Stage) -> None:
        with stage.server(), pytest.raises(BusyError) as caught:
            stage.server().start()

        assert "study model status" in caught.value.hint

    def test_home_is_free_again_after_stopping(self, stage: Stage) -> None:
        with stage.server():
            pass
        with stage.server() as second:
            assert second.state == "ready"

    def test_home_is_free_again_after_a_failure(self, stage: Stage) -> None:
        stage.say("refuse", "no")
        with pytest.raises(ModelUnreachable), stage.server():
            pass
        (stage.steering / "refuse").unlink()

        with stage.server() as second:
            assert second.state == "ready"


class TestFailing:
    def test_server_that_ends_before_it_is_ready_fails_at_once_with_its_last_words(
        self, stage: Stage
    ) -> None:
        stage.say("refuse", "ValueError: the file is no GGUF\n\n")

        with pytest.raises(ModelUnreachable, match="the file is no GGUF") as caught, stage.server():
            pass
        assert LOG_FILE in caught.value.hint
        assert stage.notes() == ["started"]

    def test_server_that_is_never_ready_is_given_up(self, stage: Stage) -> None:
        stage.say("sick")

        with (
            pytest.raises(ModelUnreachable, match=r"was not ready after 1 s"),
            stage.server(start_timeout_s=1),
        ):
            pass

    def test_waiting_can_be_shorter_than_the_start(self, stage: Stage) -> None:
        stage.say("sick")
        server = stage.server()
        server.start()
        try:
            with pytest.raises(ModelTimeout, match=r"not ready after 0\.3 s"):
                server.wait_ready(0.3)
        finally:
            server.stop()

    def test_waiting_for_a_server_that_was_not_started_is_an_error(self, stage: Stage) -> None:
        with pytest.raises(ModelUnreachable, match="not running"):
            stage.server().wait_ready(1)

    @pytest.mark.skipif(sys.platform == "win32", reason="folders in use can't be removed")
    def test_lost_home_is_a_failure_and_no_endless_wait(self, stage: Stage) -> None:
        stage.say("sick")
        server = stage.server()
        server.start()
        try:
            assert eventually((stage.steering / "child").exists)
            shutil.rmtree(stage.home)
            (stage.steering / "sick").unlink()
            with pytest.raises(ModelUnreachable, match="looked after"):
                server.wait_ready(20)
        finally:
            server.stop()


class TestCrashing:
    def test_crashed_server_is_started_again_at_the_same_address(
        self, stage: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING), stage.server() as server:
            first = find_running(stage.home)
            stage.say("crash")
            assert eventually(lambda: server.n_restarts == 1)
            second = server.wait_ready(20)

        assert first is not None
        assert second.url == first.url
        assert second.pid != first.pid
        assert "ended with status 3" in caplog.text

    def test_server_that_keeps_crashing_is_given_up_with_its_last_words(self, stage: Stage) -> None:
        with stage.server() as server:
            for n_crashes in range(1, QUICK.max_crashes + 1):
                assert eventually(lambda: server.state == "ready")
                stage.say("crash")
                if n_crashes < QUICK.max_crashes:
                    assert eventually(has_restarted(server, n_crashes))
            assert eventually(lambda: server.state == "failed")

            with pytest.raises(ModelUnreachable, match=r"3 times\): CUDA error: out of memory"):
                server.wait_ready(1)
        assert find_running(stage.home) is None

    def test_server_that_stops_answering_is_started_again(self, stage: Stage) -> None:
        with stage.server() as server:
            stage.say("sick")
            assert eventually(lambda: server.n_restarts == 1)
            (stage.steering / "sick").unlink()

            assert eventually(lambda: server.state == "ready")

    def test_stopping_does_not_wait_for_the_back_off(self, stage: Stage) -> None:
        slow = Patience(first_back_off_s=600, longest_back_off_s=600, health_every_s=0.1)
        server = stage.server(patience=slow)
        with server:
            stage.say("crash")
            assert eventually(lambda: server.state == "restarting")
            started_s = time.monotonic()

        assert time.monotonic() - started_s < 10

    @pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
    def test_server_of_a_killed_guardian_is_not_left_behind(self, stage: Stage) -> None:
        with stage.server() as server:
            running = find_running(stage.home)
            child = stage.child_pid()
            assert running is not None
            os.kill(running.pid, signal.SIGKILL)
            assert eventually(lambda: server.n_restarts == 1)
            assert eventually(lambda: is_gone(child))


PARENT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.assistant.test_model_server import Stage
stage = Stage.__new__(Stage)
stage.home, stage.steering = Path({home!r}), Path({steering!r})
server = stage.server()
server.start()
server.wait_ready()
print("ready", flush=True)
time.sleep(600)
"""


class TestParent:
    @pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
    @pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
    def test_server_ends_with_the_process_that_started_it(self, stage: Stage, name: str) -> None:
        root = Path(__file__).parents[2]
        code = PARENT.format(root=str(root), home=str(stage.home), steering=str(stage.steering))
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"ready\n"
            running = find_running(stage.home)  # another process finds it
            assert running is not None
            child = stage.child_pid()

            parent.send_signal(getattr(signal, name))
            parent.wait(20)

        assert eventually(lambda: is_gone(running.pid))
        assert eventually(lambda: is_gone(child))
        assert find_running(stage.home) is None

    @pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX")
    def test_server_ends_though_a_forked_process_of_its_parent_lives_on(self, stage: Stage) -> None:
        root = Path(__file__).parents[2]
        code = PARENT.format(root=str(root), home=str(stage.home), steering=str(stage.steering))
        code = code.replace('print("ready"', 'import os\nforked = os.fork()\nprint(forked or ""')
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as parent:
            assert parent.stdout is not None
            forked = int(b"".join(parent.stdout.readline() for _ in range(2)).strip())
            child = stage.child_pid()
            try:
                parent.kill()
                assert eventually(lambda: is_gone(child))
                assert not is_gone(forked)
            finally:
                os.kill(forked, signal.SIGKILL)

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
    def test_server_that_ignores_being_asked_is_killed(self, stage: Stage) -> None:
        stage.say("deaf")
        with stage.server():
            child = stage.child_pid()
            server_pid = psutil.Process(child).ppid()

        assert eventually(lambda: is_gone(server_pid))


class TestFinding:
    def test_nothing_is_found_in_a_new_home(self, tmp_path: Path) -> None:
        assert find_running(tmp_path) is None

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}'])
    def test_file_that_says_nothing_is_no_server(self, tmp_path: Path, text: str) -> None:
        (tmp_path / STATE_FILE).write_text(text)

        assert find_running(tmp_path) is None

    def test_other_process_with_the_same_pid_is_no_server(self, stage: Stage) -> None:
        with stage.server():
            state = json.loads((stage.home / STATE_FILE).read_text())
            state["created_s"] -= 1000
            (stage.home / STATE_FILE).write_text(json.dumps(state))

            assert find_running(stage.home) is None

    def test_sick_server_is_not_found(self, stage: Stage) -> None:
        calm = Patience(health_every_s=600)
        with stage.server(patience=calm):
            stage.say("sick")

            assert find_running(stage.home) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", ""), (b"one\ntwo\n\n \n", "two"), (b"\xff\xfe end", "\ufffd\ufffd end")],
    ids=["empty", "blank-end", "not-utf-8"],
)
def test_last_line_of_a_log(tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "log").write_bytes(data)

    assert last_line(tmp_path / "log") == expected


def test_missing_log_has_no_last_line(tmp_path: Path) -> None:
    assert last_line(tmp_path / "log") == ""
