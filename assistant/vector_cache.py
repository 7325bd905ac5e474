"""Vectors kept from earlier runs, by embedder and text, so that no text is embedded twice.

One SQLite file, shared by all checkouts and by processes that run at the same time. What is not
here: removing what is no longer used; the file may be deleted at any time.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from assistant.embedding import Embedder, clean_text
from assistant.errors import BusyError, StudyError

FloatArray = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with the number of texts embedded so far and of all to embed."""

EmbedBatches = Callable[[Sequence[Sequence[str]]], Generator[tuple[int, FloatArray], None, None]]
"""Batches of texts → the number of each, from 0, and its vectors, in whatever order."""

Item = TypeVar("Item")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    embedder TEXT NOT NULL,
    text_sha256 BLOB NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (embedder, text_sha256)
)
"""
_LITTLE_ENDIAN = np.dtype("<f4")
_KEYS_PER_QUERY = 500
_LOOKED_UP_AT_ONCE = 20 * _KEYS_PER_QUERY


class VectorCache:
    """Vectors in a file, by the embedder's fingerprint and the text's hash.

    Safe for several threads and processes: each call opens the file anew.
    """

    def __init__(self, path: Path, *, timeout_s: float = 60) -> None:
        """Name the file, which is made when it is first needed; wait `timeout_s` for others."""
        self._path = path
        self._timeout_s = timeout_s

    def get(self, embedder: str, text_hashes: Sequence[bytes], *, dim: int) -> dict[bytes, bytes]:
        """Return the vectors that are kept, as bytes, by text hash.

        Raises:
            BusyError: another process kept the file locked for too long.
            StudyError: the file can't be read.
        """
        return dict(self._select("text_sha256, vector", embedder, text_hashes, dim))

    def known(self, embedder: str, text_hashes: Sequence[bytes], *, dim: int) -> set[bytes]:
        """Return those of `text_hashes` of which there is a vector.

        Raises:
            BusyError: another process kept the file locked for too long.
            StudyError: the file can't be read.
        """
        return {row[0] for row in self._select("text_sha256", embedder, text_hashes, dim)}

    def _select(
        self, columns: str, embedder: str, text_hashes: Sequence[bytes], dim: int
    ) -> Iterator[tuple[Any, ...]]:
        if not self._path.exists():
            return
        with self._opened() as connection:
            for hashes in _batches(text_hashes, _KEYS_PER_QUERY):
                marks = ", ".join("?" * len(hashes))
                yield from connection.execute(
                    f"SELECT {columns} FROM vectors "
                    f"WHERE embedder = ? AND text_sha256 IN ({marks}) AND length(vector) = ?",
                    (embedder, *hashes, dim * _LITTLE_ENDIAN.itemsize),
                )

    def put(self, embedder: str, vectors: Mapping[bytes, FloatArray]) -> None:
        """Keep `vectors`, given by text hash.

        Raises:
            BusyError: another process kept the file locked for too long.
            StudyError: the file can't be written.
        """
        with self._opened() as connection, connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                ((embedder, text_hash, to_bytes(vector)) for text_hash, vector in vectors.items()),
            )

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=self._timeout_s)) as connection:
                self._use_wal(connection)
                # A batch lost by a power cut is embedded again.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(_SCHEMA)
                yield connection
        except (sqlite3.Error, OSError) as error:  # filelock's Timeout is an OSError
            # The low byte is the kind of failure, the rest says more.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_BUSY or isinstance(error, Timeout):
                raise BusyError(
                    f"{self._path} has been locked by another process for {self._timeout_s:.0f} s.",
                    hint="Wait for the other ingestion to end, then run this one again.",
                ) from error
            raise StudyError(
                f"The vector cache {self._path} can't be used: {error}.",
                hint="Delete the file if it is damaged: what it held is embedded again.",
            ) from error

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        """Have readers not wait for a writer. The file keeps this, so it is done once."""
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            return
        # Of two processes that change it at once, SQLite fails one without waiting.
        with FileLock(f"{self._path}.lock", timeout=self._timeout_s):
            connection.execute("PRAGMA journal_mode = WAL")


def embed_ahead(
    embedder: Embedder,
    texts: Sequence[str],
    cache: VectorCache,
    progress: Progress | None = None,
    embed_batches: EmbedBatches | None = None,
) -> int:
    """Embed those of `texts` that the cache doesn't hold, each once; return how many.

    Every batch is kept at once, so that a run that was stopped goes on where it was, and no more
    than one is in memory.

    Args:
        embedder: its batch size is the step of progress.
        texts: passages or sentences.
        cache: where vectors are kept.
        progress: called after each batch; not at all when nothing is new.
        embed_batches: instead of one batch after the other by `embedder`.

    Raises:
        BusyError: another process kept the cache locked for too long.
        StudyError: the cache can't be used, or the embedder failed.
    """
    missing = _missing(embedder, texts, cache)
    # Longest first, as in the embedder: batches of like lengths, and too little memory shows.
    missing.sort(key=lambda each: -len(each[1]))
    batches = list(_batches(missing, embedder.batch_size))
    texts_of_batches = [[text for _, text in batch] for batch in batches]
    n_done = 0
    with closing((embed_batches or _one_by_one(embedder))(texts_of_batches)) as results:
        for number, computed in results:
            hashes = [text_hash for text_hash, _ in batches[number]]
            cache.put(embedder.fingerprint, dict(zip(hashes, computed, strict=True)))
            n_done += len(hashes)
            if progress is not None:
                progress(n_done, len(missing))
    return len(missing)


def embed_with_cache(
    embedder: Embedder, texts: Sequence[str], cache: VectorCache
) -> tuple[FloatArray, int]:
    """Return the vectors of passages, shape (len(texts), dim), and how many were computed.

    Raises:
        BusyError: another process kept the cache locked for too long.
        StudyError: the cache can't be used, or the embedder failed.
    """
    vectors = np.empty((len(texts), embedder.dim), dtype=np.float32)
    n_computed = 0
    # By and by: all at once, as bytes and as an array, they would be in memory twice.
    for start in range(0, len(texts), _LOOKED_UP_AT_ONCE):
        some = texts[start : start + _LOOKED_UP_AT_ONCE]
        hashes = [_hash(text) for text in some]
        kept = cache.get(embedder.fingerprint, hashes, dim=embedder.dim)
        if unseen := [text for text, each in zip(some, hashes, strict=True) if each not in kept]:
            n_computed += embed_ahead(embedder, unseen, cache)
            kept = cache.get(embedder.fingerprint, hashes, dim=embedder.dim)
        if not kept.keys() >= set(hashes):
            raise StudyError(
                "The vector cache was deleted while it was read.", hint="Run it once more."
            )
        for row, text_hash in enumerate(hashes, start):
            vectors[row] = from_bytes(kept[text_hash], dim=embedder.dim)
    return vectors, n_computed


def count_missing(embedder: Embedder, texts: Sequence[str], cache: VectorCache) -> int:
    """Return how many vectors `embed_ahead` would compute for `texts`; writes nothing.

    Raises:
        BusyError: another process kept the cache locked for too long.
        StudyError: the cache can't be used.
    """
    return len(_missing(embedder, texts, cache))


def to_bytes(vectors: FloatArray) -> bytes:
    """Return the numbers of one or several vectors, the same on every machine."""
    return vectors.astype(_LITTLE_ENDIAN).tobytes()


def from_bytes(data: bytes, *, dim: int) -> FloatArray:
    """Return the vectors that `to_bytes` was given, shape (n, dim)."""
    return np.frombuffer(data, _LITTLE_ENDIAN).reshape(-1, dim)


def _one_by_one(embedder: Embedder) -> EmbedBatches:
    def embed(
        batches: Sequence[Sequence[str]],
    ) -> Generator[tuple[int, FloatArray], None, None]:
        for number, batch in enumerate(batches):
            yield number, embedder.embed_passages(batch)

    return embed


def _missing(
    embedder: Embedder, texts: Sequence[str], cache: VectorCache
) -> list[tuple[bytes, str]]:
    """Return the different texts that `cache` doesn't hold, as they are embedded, by hash."""
    missing: dict[bytes, str] = {}
    for some in _batches(texts, _LOOKED_UP_AT_ONCE):
        by_hash = {_hash(text): clean_text(text) for text in some}
        known = cache.known(embedder.fingerprint, list(by_hash), dim=embedder.dim)
        missing.update((each, text) for each, text in by_hash.items() if each not in known)
    return list(missing.items())


def _hash(text: str) -> bytes:
    return hashlib.sha256(clean_text(text).encode()).digest()


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
