"""The web page as a child process: Streamlit on a free port, gone when this process is gone."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant import guardian
from assistant.errors import StudyError
from assistant.model_server import last_line

LOG_FILE = "logs/page.log"
START_TIMEOUT_S = 90.0

_SCRIPT = Path(__file__).with_name("streamlit_app.py")
_POLL_S = 0.2
_HEALTH_TIMEOUT_S = 2.0
_STOP_TIMEOUT_S = guardian.GRACE_S + 3
_PORTS_TRIED = 20


class PageEnded(StudyError):
    """The page's process is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page while it is served at `url`."""

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def check(self) -> None:
        """Do nothing as long as it is served.

        Raises:
            PageEnded: its process ended.
        """
        if self.process.poll() is not None:
            line = last_line(self.log)
            status = self.process.returncode
            raise PageEnded(
                f"The page ended with status {status}{f': {line}' if line else '.'}",
                hint=f"Its log is {self.log}.",
            )


@contextmanager
def serve_page(*, host: str, port: int, log: Path, script: Path = _SCRIPT) -> Iterator[Page]:
    """Yield the page once it answers; it is stopped when the block ends.

    Args:
        host: what it binds to.
        port: a free one, see `choose_port`.
        log: what Streamlit writes.
        script: what `streamlit run` gets.

    Raises:
        StudyError: it doesn't start.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # -P: the folder that this is called from must not stand in for our packages.
    streamlit = (sys.executable, "-P", "-m", "streamlit", "run", str(script))
    options = ("--server.address", host, "--server.port", str(port), "--server.headless", "true")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", guardian.__file__, *streamlit, *options],
            stdin=subprocess.PIPE,  # its end tells the guardian that this process is gone
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process, which then stops the page
        )
    page = Page(url=page_url(host, port), log=log, process=process)
    try:
        _wait_until_served(page, _client_host(host), port)
        yield page
    finally:
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_served(page: Page, host: str, port: int) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not _is_served(host, port):
        page.check()
        if time.monotonic() > deadline_s:
            raise StudyError(
                f"The page was not there after {START_TIMEOUT_S:g} s.",
                hint=f"Its log is {page.log}.",
            )
        time.sleep(_POLL_S)


def _is_served(host: str, port: int) -> bool:
    # Not through the environment's proxy, which can't reach this machine.
    connection = http.client.HTTPConnection(host, port, timeout=_HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def choose_port(host: str, wanted: int) -> int:
    """Return `wanted` if it is free, else the next free one; any for 0.

    Raises:
        StudyError: none is free, or this machine has no such address.
    """
    for port in (0,) if wanted == 0 else range(wanted, min(wanted + _PORTS_TRIED, 65536)):
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                if os.name == "posix":  # a port whose last user has just gone is free
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, port))
                return int(probe.getsockname()[1])
        except socket.gaierror as error:
            raise StudyError(
                f"{host!r} is no address of this machine.", hint="Correct STUDY_WEB__HOST."
            ) from error
        except OSError:
            continue
    raise StudyError(
        f"No port from {wanted} on is free at {host}.",
        hint="Name another with --port, or correct STUDY_WEB__HOST.",
    )


def page_url(host: str, port: int) -> str:
    """Return the address to open on this machine."""
    reached = _client_host(host)
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def _client_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def has_display(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Return whether a browser opened here would be seen by who started this."""
    if environment.get("SSH_CONNECTION") or environment.get("CI"):
        return False
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
