"""A Ray cluster, joined or started, and what it raises in our own words."""

import logging
import os
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.errors import IngestError

_ROOT_ERROR = re.compile(r"^[\w.]*(?:Error|Exception): .+$", re.MULTILINE)
"""In the tracebacks that Ray hands on, the first is what a worker met, the others are Ray's."""

_REACHABLE_S = 10
_STDERR = 2

_HINT = "See docs/ray.md; STUDY_INGEST__ENGINE=local works without a cluster."

_QUIET: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_LOG_LEVEL": "CRITICAL",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    # What a node tells of workers that died would go to stdout, whatever `log_to_driver` says.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}
_ON_LOOPBACK: Mapping[str, str] = {
    # Has a cluster of one machine bind to 127.0.0.1, as Ray does elsewhere by default.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What there is to work with."""

    n_machines: int
    n_cpus: int
    n_gpus: int

    def told(self) -> str:
        """Return it for people."""
        parts = {"machine": self.n_machines, "CPU": self.n_cpus, "GPU": self.n_gpus}
        return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in parts.items())


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """Yield the cluster at `address`, or with "local" one that lives until the block ends.

    Raises:
        IngestError: there is none, or it can't be started.
    """
    is_local = address == "local"
    with ExitStack() as stack:
        stack.enter_context(_environment({**_QUIET, **(_local_environment() if is_local else {})}))
        import ray
        import ray.data

        options: dict[str, object] = {}
        if is_local:
            # Paths of sockets are short: not every folder for temporary files is.
            folder = tempfile.TemporaryDirectory(
                prefix=f"study-ray-{os.getpid()}-",
                dir="/tmp" if os.name == "posix" else None,
                ignore_cleanup_errors=True,
            )
            options = {"include_dashboard": False, "_temp_dir": stack.enter_context(folder)}
        else:
            _check_reachable(address)
        stack.callback(ray.shutdown)
        with translated(f"There is no Ray cluster at {address}"):
            with _unheard():
                ray.init(
                    address=address,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    **options,
                )
            resources = ray.cluster_resources()
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        yield Cluster(
            n_machines=len([node for node in ray.nodes() if node["Alive"]]),
            n_cpus=max(int(resources.get("CPU", 0)), 1),
            n_gpus=int(resources.get("GPU", 0)),
        )


def _check_reachable(address: str) -> None:
    """Raise IngestError where nobody listens: Ray itself would go on trying for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()) or "://" in address:
        return  # "auto" and the like: Ray says at once what is wrong
    try:
        socket.create_connection((host, int(port)), _REACHABLE_S).close()
    except (OSError, OverflowError) as error:
        raise IngestError(f"There is no Ray cluster at {address}: {error}.", hint=_HINT) from error


@contextmanager
def _unheard() -> Iterator[None]:
    """Drop what is written to stderr: Ray's C++ part tells there that it is told to be silent."""
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


@cache
def _token() -> str:
    """Return what this process shows to the clusters that it starts; Ray reads it only once."""
    return secrets.token_hex(32)


def _local_environment() -> dict[str, str]:
    return {**_ON_LOOPBACK, "RAY_AUTH_TOKEN": _token()}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set these in the environment, where they aren't set already, until the block ends."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def translated(what: str = "The Ray cluster failed") -> Iterator[None]:
    """Turn what Ray raises into IngestError."""
    from ray.data.exceptions import ExecutionTimeoutError, SystemException
    from ray.exceptions import RayError

    of_ray = (RayError, SystemException, ExecutionTimeoutError)
    of_init = (ConnectionError, RuntimeError, ValueError)
    try:
        yield
    except (*of_ray, *of_init) as error:
        root = _ROOT_ERROR.search(str(error))
        reason = root[0] if root else str(error).strip().rpartition("\n")[2]
        if isinstance(error, ExecutionTimeoutError):
            reason = "nothing got done for long: no worker is free, or one dies again and again"
        raise IngestError(f"{what}: {reason.rstrip('.')}.", hint=_HINT) from error
