"""Starts, watches and stops a model server: vLLM or llama.cpp, each in a process of its own.

The server speaks OpenAI's HTTP interface on loopback; `assistant/chat_model.py` is its client.
Other processes of the same home find it through the file `model-server.json`. What is not
covered: fetching weights (`assistant/weights.py`) and servers on other machines.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

from assistant.errors import BusyError, ModelTimeout, ModelUnreachable
from assistant.server_commands import Command, ServedBy, ServerOptions, command_for
from assistant.server_probe import is_healthy
from assistant.warm_up import warm_up

logger = logging.getLogger(__name__)

State = Literal["starting", "ready", "restarting", "failed", "stopped"]

STATE_FILE = "model-server.json"
LOCK_FILE = "model-server.lock"
LOG_FILE = "logs/model-server.log"
PROMPT_FOLDER = "prompts"

_GUARDIAN = Path(__file__).with_name("guardian.py")
_HEALTH_TIMEOUT_S = 2.0
_POLL_S = 0.2
_STOP_TIMEOUT_S = 12.0
"""Longer than the guardian's grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the supervisor bears with a server; all in seconds but the counts."""

    first_back_off_s: float = 1.0
    longest_back_off_s: float = 30.0
    max_crashes: int = 6
    crash_window_s: float = 300.0
    health_every_s: float = 5.0
    max_sick_checks: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that was healthy when it was looked at; `created_s` is its process's start."""

    url: str
    model: str
    engine: ServedBy
    pid: int
    created_s: float
    log: Path


class ModelServer:
    """One model server and the thread that restarts it; a context manager.

    Args:
        home: the state folder; one server at a time is started for it.
        warm_up_messages: chat messages (role and content) with the beginning that all prompts
            share; the server computes it as soon as it is up (see `assistant/warm_up.py`).
        command: builds the command to run from the options and a port.
    """

    def __init__(
        self,
        options: ServerOptions,
        *,
        home: Path,
        warm_up_messages: Sequence[Mapping[str, str]] = (),
        patience: Patience | None = None,
        command: Callable[[ServerOptions, int], Command] | None = None,
    ) -> None:
        from filelock import FileLock

        self.options = replace(options, prompt_folder=(home / PROMPT_FOLDER).absolute())
        self.log = home / LOG_FILE
        self.url = ""
        self._home = home
        self._warm_up_messages = [dict(message) for message in warm_up_messages]
        self._patience = patience or Patience()
        self._command = command or command_for
        # Released by the supervising thread where that ends first.
        self._lock = FileLock(home / LOCK_FILE, thread_local=False)
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._state: State = "stopped"
        self._failure = ""
        self._running: RunningServer | None = None
        self._n_restarts = 0
        self._supervisor: threading.Thread | None = None
        self._is_warm = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def state(self) -> State:
        """What the server is doing now."""
        return self._state

    @property
    def n_restarts(self) -> int:
        """How often it was started again after a crash."""
        return self._n_restarts

    def start(self) -> None:
        """Start the server in the background; `wait_ready` waits for it.

        Raises:
            BusyError: another process serves this home.
            ConfigError: the engine's program is not there.
            ValueError: it was started and not stopped.
        """
        from filelock import Timeout

        if self._supervisor is not None:
            raise ValueError("The server was started already; stop it first.")
        (self._home / PROMPT_FOLDER).mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as exc:
            raise BusyError(
                f"Another process already runs a model server for {self._home}.",
                hint="`study model status` says where; set STUDY_HOME to run a second one.",
            ) from exc
        try:
            _rotate(self.log)
            port = self.options.port or _free_port(self.options.host)
            command = self._command(self.options, port)
        except BaseException:
            self._lock.release()
            raise
        self.url = f"http://{_client_host(self.options.host)}:{port}/v1"
        self._failure, self._running = "", None
        self._stopping.clear()
        self._set_state("starting")
        self._supervisor = threading.Thread(
            target=self._supervise, args=(command,), name="model-server", daemon=True
        )
        self._supervisor.start()

    def wait_ready(self, timeout_s: float | None = None) -> RunningServer:
        """Return the server once it is healthy.

        Raises:
            ModelUnreachable: it ended, or was not started.
            ModelTimeout: it is not ready after `timeout_s`, and goes on starting (default: wait
                until it is given up).
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._state in ("ready", "failed", "stopped"), timeout=timeout_s
            )
            state, running = self._state, self._running
        if state == "ready" and running is not None:
            return running
        if state in ("starting", "restarting"):
            raise ModelTimeout(
                f"The model server was not ready after {timeout_s or 0:g} s.",
                hint=f"It goes on starting; its log is {self.log}.",
            )
        raise ModelUnreachable(
            self._failure or "The model server is not running.", hint=f"Its log is {self.log}."
        )

    def wait_warm(self, timeout_s: float) -> bool:
        """Return whether the warm-up was done within `timeout_s`."""
        return self._is_warm.wait(timeout_s)

    def stop(self) -> None:
        """Stop the server and wait until it is gone; does nothing if it doesn't run."""
        self._stopping.set()
        if self._supervisor is not None:
            self._supervisor.join()
            self._supervisor = None

    def _supervise(self, command: Command) -> None:
        """Keep the server running until `stop`, or until it crashes too often."""
        import psutil

        patience = self._patience
        crashes: deque[float] = deque(maxlen=patience.max_crashes)
        back_off_s = patience.first_back_off_s
        was_healthy = False
        try:
            while True:
                started_s = time.monotonic()
                reason, is_healthy_once = self._run_once(command)
                was_healthy = was_healthy or is_healthy_once
                if self._stopping.is_set():
                    self._set_state("stopped")
                    return
                now_s = time.monotonic()
                crashes.append(now_s)
                is_hopeless = (
                    len(crashes) == patience.max_crashes
                    and now_s - crashes[0] < patience.crash_window_s
                )
                # What fails before it ever worked (no memory, a broken file) fails again.
                if not was_healthy or is_hopeless:
                    self._fail(reason, n_crashes=len(crashes))
                    return
                if now_s - started_s > patience.crash_window_s:
                    back_off_s = patience.first_back_off_s
                self._n_restarts += 1
                self._set_state("restarting")
                logger.warning(
                    "The model server %s; starting it again in %g s.", reason, back_off_s
                )
                self._stopping.wait(back_off_s)
                if self._stopping.is_set():
                    self._set_state("stopped")
                    return
                back_off_s = min(patience.longest_back_off_s, 2 * back_off_s)
        except (OSError, psutil.Error) as error:  # the disk is full, or the home was removed
            self._failure = f"The model server can't be looked after: {error}."
            logger.error("%s", self._failure)
            self._set_state("failed")
        finally:
            (self._home / STATE_FILE).unlink(missing_ok=True)
            self._lock.release()

    def _run_once(self, command: Command) -> tuple[str, bool]:
        """Run the server until it ends or is stopped; return why, and whether it was healthy."""
        was_healthy = False
        n_sick = 0
        deadline_s = time.monotonic() + self.options.start_timeout_s
        next_check_s = 0.0
        with self.log.open("ab") as log, _guarded(command, log) as process:
            while not self._stopping.wait(_POLL_S):
                if process.poll() is not None:
                    return f"ended with status {process.returncode}", was_healthy
                now_s = time.monotonic()
                if now_s < next_check_s:
                    continue
                if is_healthy(self.url, timeout_s=_HEALTH_TIMEOUT_S):
                    n_sick = 0
                    if not was_healthy:
                        was_healthy = True
                        self._announce(process.pid)
                    next_check_s = now_s + self._patience.health_every_s
                elif was_healthy:
                    n_sick += 1
                    next_check_s = now_s + self._patience.health_every_s
                    if n_sick >= self._patience.max_sick_checks:
                        return "does not answer any more", was_healthy
                elif now_s > deadline_s:
                    return f"was not ready after {self.options.start_timeout_s:g} s", was_healthy
        return "was stopped", was_healthy

    def _announce(self, pid: int) -> None:
        """Tell other processes and those waiting that the server is healthy; warm it up."""
        import psutil

        running = RunningServer(
            url=self.url,
            model=self.options.model_name,
            engine=self.options.engine,
            pid=pid,
            created_s=psutil.Process(pid).create_time(),
            log=self.log.resolve(),
        )
        _write_state(self._home / STATE_FILE, running)
        self._running = running
        self._is_warm.clear()
        self._set_state("ready")
        logger.info("The model server (%s) is ready at %s.", running.engine, running.url)
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def _warm_up(self) -> None:
        """Have the shared beginning of all prompts computed before the first question."""
        if not self._warm_up_messages or warm_up(self.url, self.options, self._warm_up_messages):
            self._is_warm.set()
        else:
            logger.debug("The warm-up failed.")  # the first question is slower, no more

    def _fail(self, reason: str, *, n_crashes: int) -> None:
        line = last_line(self.log)
        times = f" ({n_crashes} times)" if n_crashes > 1 else ""
        self._failure = f"The model server {reason}{times}{f': {line}' if line else '.'}"
        logger.error("%s", self._failure)
        self._set_state("failed")

    def _set_state(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()


def find_running(home: Path) -> RunningServer | None:
    """Return the healthy server of `home`, None without one; another process may own it."""
    import psutil

    try:
        state = json.loads((home / STATE_FILE).read_text("utf-8"))
        running = RunningServer(**{**state, "log": Path(state["log"])})
        process = psutil.Process(running.pid)
        is_same = abs(process.create_time() - running.created_s) < 1.0
    except (OSError, ValueError, TypeError, KeyError, psutil.Error):
        return None  # no file, a half-removed one, or a process that is gone
    if not is_same or not is_healthy(running.url, timeout_s=_HEALTH_TIMEOUT_S):
        return None
    return running


def last_line(path: Path) -> str:
    """Return the last line of a log that is not blank; "" without one."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@contextlib.contextmanager
def _guarded(command: Command, log: BinaryIO) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `command` under the guardian; whatever is left of it is ended at the exit."""
    process = subprocess.Popen(
        [sys.executable, "-P", str(_GUARDIAN), *command.argv],
        stdin=subprocess.PIPE,  # its end tells the guardian that this process is gone
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**command.env, **os.environ},  # what the user set wins
        start_new_session=True,  # Ctrl-C is for the parent, which then stops the server
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if hasattr(os, "killpg"):  # a guardian that was killed leaves its server behind
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


def _write_state(path: Path, running: RunningServer) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({**asdict(running), "log": str(running.log)}), "utf-8")
    partial.replace(path)


def _rotate(log: Path) -> None:
    """Keep the log of the run before, and no older one."""
    if log.exists():
        log.replace(log.with_suffix(".old.log"))


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _client_host(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host
