"""Parsing, cutting and embedding on a Ray cluster, as Ray Data pipelines (home of ray).

What is worked at and what becomes of it stays where the run began: this only hands out files and
batches, and gives back what comes, in whatever order. What the workers do is in
`ingest/ray_workers.py`.
"""

import importlib.util
import logging
import os
import re
import secrets
import socket
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from assistant.errors import ConfigError, IngestError
from assistant.vector_cache import FloatArray
from ingest.parse import Limits
from ingest.parser_pool import Parsed
from ingest.ray_workers import (
    BatchEmbedder,
    FileReader,
    Row,
    SameEmbedder,
    file_row,
    parsed_file,
    vectors_of,
)
from ingest.records import SourceFile

MAX_BLOCKS = 1_000
"""Of a data set. A block is what a worker gets, gives back and, when it dies, does again."""

PATIENCE_S = 1800.0
"""Without any block done the work is given up: a text that kills its worker would for ever."""

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


class RayEngine:
    """A cluster, joined or started at the first work, left or stopped at the end of the `with`."""

    def __init__(
        self,
        *,
        address: str | None,
        workers: int,
        max_tokens: int,
        shaped_by: Mapping[str, str],
        embedder: SameEmbedder,
        dim: int,
        uses_gpus: bool,
        announce: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Note what holds for all work.

        Args:
            address: of the cluster; None for that of `RAY_ADDRESS`, or else one of this machine.
            workers: side by side; with 0 one a CPU, or a GPU where one embeds.
            max_tokens: of a passage.
            shaped_by: what shapes passages here; workers of other versions are refused.
            embedder: for cutting and embedding.
            dim: of its vectors.
            uses_gpus: whether it can embed on a GPU.
            announce: told what the cluster has.

        Raises:
            ConfigError: the extra `ray` is not installed.
        """
        self._address = address or os.environ.get("RAY_ADDRESS") or "local"
        self._workers = workers
        self._max_tokens = max_tokens
        self._shaped_by = shaped_by
        self._embedder = embedder
        self._dim = dim
        self._uses_gpus = uses_gpus
        self._announce = announce
        self._stack = ExitStack()
        self._cluster: _Cluster | None = None
        if importlib.util.find_spec("ray") is None:
            raise ConfigError(
                "The engine ray needs the extra `ray`, which is not installed.",
                hint='pip install "study-assistant[ray]"; or set STUDY_INGEST__ENGINE=local.',
            )

    def __enter__(self) -> Self:
        """Return the engine; nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the cluster; one that was started here ends."""
        self._cluster = None
        self._stack.close()

    def parse(self, files: Sequence[SourceFile], limits: Limits) -> Generator[Parsed, None, None]:
        """Yield what became of each file, cut into passages, as they are done.

        Raises:
            IngestError: no worker can work, or the cluster failed.
        """
        reader = {
            "limits": limits,
            "max_tokens": self._max_tokens,
            "shaped_by": self._shaped_by,
            "embedder": self._embedder,
        }
        items = [file_row(number, file) for number, file in enumerate(files)]
        patience_s = PATIENCE_S + limits.timeout_s
        with closing(self._mapped(items, FileReader, reader, patience_s=patience_s)) as rows:
            for row in rows:
                yield parsed_file(files[row["number"]], row)

    def embed(
        self, batches: Sequence[Sequence[str]]
    ) -> Generator[tuple[int, FloatArray], None, None]:
        """Yield the number of each batch and its vectors, as they are done.

        Raises:
            IngestError: no worker can work, or the cluster failed.
        """
        items = [{"number": number, "texts": list(batch)} for number, batch in enumerate(batches)]
        arguments = {"embedder": self._embedder}
        on_gpus = self._uses_gpus
        with closing(self._mapped(items, BatchEmbedder, arguments, on_gpus=on_gpus)) as rows:
            for row in rows:
                yield row["number"], vectors_of(row, dim=self._dim)

    def _mapped(
        self,
        items: Sequence[Row],
        worker: type[FileReader | BatchEmbedder],
        arguments: Mapping[str, object],
        *,
        on_gpus: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> Generator[Row, None, None]:
        """Yield what workers make of `items`; on GPUs only where the cluster has any."""
        if not items:
            return
        if self._cluster is None:
            self._cluster = self._stack.enter_context(_joined(self._address))
            self._announce(f"Ray works at it: {self._cluster.told()}.")
        cluster = self._cluster
        if on_gpus and cluster.n_gpus:
            n_workers, per_worker = cluster.n_gpus, {"num_gpus": 1}
        else:
            n_workers, per_worker = self._workers or cluster.n_cpus, {"num_cpus": 1}
        with _translated():
            import ray.data

            context = ray.data.DataContext.get_current()
            context.execution_no_progress_timeout_s = patience_s
            rows = ray.data.from_items(
                list(items), override_num_blocks=min(len(items), MAX_BLOCKS)
            ).map(
                worker,
                fn_constructor_kwargs=dict(arguments),
                compute=ray.data.ActorPoolStrategy(size=min(n_workers, len(items))),
                **per_worker,
            )
            blocks = rows.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
            for block in blocks:
                yield from block.to_pylist()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """What there is to work with."""

    n_machines: int
    n_cpus: int
    n_gpus: int

    def told(self) -> str:
        """Return it for people."""
        parts = {"machine": self.n_machines, "CPU": self.n_cpus, "GPU": self.n_gpus}
        return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for word, n in parts.items())


@contextmanager
def _joined(address: str) -> Iterator[_Cluster]:
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
        with _translated(f"There is no Ray cluster at {address}"):
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
        yield _Cluster(
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
def _translated(what: str = "The Ray cluster failed") -> Iterator[None]:
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
