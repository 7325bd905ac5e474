"""What holds for every test: no settings, no home and no `.env` of the user's, and no network.

Tests marked `integration` keep the user's HOME, where the models' cache and pip's settings are.
What other programs that a test starts do to the network is not watched.
"""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PREFIX = "STUDY_"
UNREACHABLE = (".invalid", ".test")
"""Names that never lead anywhere: a test may ask for them."""

_attempts: list[str] = []


class NetworkForbiddenError(OSError):
    """A test tried to leave this machine."""


def pytest_configure() -> None:
    """Take effect before the first fixture of any scope."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    _forbid_network()


@pytest.fixture(autouse=True)
def away_from_the_user(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Run the test in an empty folder, with an empty home, without `STUDY_` names."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # programs that a test starts find us from there
    away = tmp_path_factory.mktemp("away")
    monkeypatch.chdir(away)
    if request.node.get_closest_marker("integration") is None:
        monkeypatch.setenv("HOME", str(away))
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


@pytest.fixture(autouse=True)
def stays_on_this_machine() -> Iterator[None]:
    """Fail the test if anything in this process tried to reach another machine."""
    _attempts.clear()
    yield
    assert not _attempts, f"tried to reach {', '.join(_attempts)}"


def _forbid_network() -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    look_up = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        _refuse_strangers(self, address)
        connect(self, address)  # type: ignore[arg-type]

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _refuse_strangers(self, address)
        return connect_ex(self, address)  # type: ignore[arg-type]

    def guarded_look_up(host: object, *args: object, **kwargs: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(UNREACHABLE):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name and not _is_here(str(name)):
            _forbid(str(name))
        return look_up(host, *args, **kwargs)  # type: ignore[arg-type]

    socket.socket.connect = guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = guarded_look_up  # type: ignore[assignment]


def _refuse_strangers(connection: socket.socket, address: object) -> None:
    is_internet = connection.family in (socket.AF_INET, socket.AF_INET6)
    if is_internet and isinstance(address, tuple) and not _is_here(str(address[0])):
        _forbid(f"{address[0]}:{address[1]}")


def _is_here(host: str) -> bool:
    if host in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _forbid(target: str) -> None:
    _attempts.append(target)
    raise NetworkForbiddenError(f"A test must not reach {target}.")
