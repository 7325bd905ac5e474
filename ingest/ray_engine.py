"""Parsing, cutting and embedding on a Ray cluster, as Ray Data pipelines.

What is worked at and what becomes of it stays where the run began: this only hands out files and
batches, and gives back what comes, in whatever order. What the workers do is in
`ingest/ray_workers.py`, how a cluster is joined in `ingest/ray_cluster.py`.
"""

import importlib.util
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from assistant.errors import ConfigError
from assistant.vector_cache import FloatArray
from ingest.parse import Limits
from ingest.parser_pool import Parsed
from ingest.ray_cluster import Cluster, joined, translated
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
        self._cluster: Cluster | None = None
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
            self._cluster = self._stack.enter_context(joined(self._address))
            self._announce(f"Ray works at it: {self._cluster.told()}.")
        cluster = self._cluster
        if on_gpus and cluster.n_gpus:
            n_workers, per_worker = cluster.n_gpus, {"num_gpus": 1}
        else:
            n_workers, per_worker = self._workers or cluster.n_cpus, {"num_cpus": 1}
        with translated():
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
