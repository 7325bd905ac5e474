"""Vectors kept from earlier runs, by embedder and text, so that no text is embedded twice.

One SQLite file, shared by all checkouts and by processes that run at the same time. What is not
here: removing what is no longer used; the file may be deleted at any time.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

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
        found: dict[bytes, bytes] = {}
        if not self._path.exists():
            return found
        with self._opened() as connection:
            for start in range(0, len(text_hashes), _KEYS_PER_QUERY):
                hashes = text_hashes[start : start + _KEYS_PER_QUERY]
                marks = ", ".join("?" * len(hashes))
                found.update(
                    connection.execute(
                        "SELECT text_sha256, vector FROM vectors "
                        f"WHERE embedder = ? AND text_sha256 IN ({marks}) AND length(vector) = ?",
                        (embedder, *hashes, dim * _LITTLE_ENDIAN.itemsize),
                    )
                )
        return found

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


def embed_with_cache(
    embedder: Embedder,
    texts: Sequence[str],
    cache: VectorCache,
    progress: Progress | None = None,
    embed_batches: EmbedBatches | None = None,
) -> tuple[FloatArray, int]:
    """Return the vectors of passages, shape (len(texts), dim), and how many were computed.

    Only texts that the cache doesn't hold are embedded, each once. Every batch is kept at once,
    so that a run that was stopped goes on where it was.

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
    rows = _rows_by_hash(texts)
    result = np.empty((len(texts), embedder.dim), dtype=np.float32)
    unseen: list[bytes] = []
    # By and by: all at once, as bytes and as an array, they would be in memory twice.
    for hashes in _batches(list(rows), _LOOKED_UP_AT_ONCE):
        kept = cache.get(embedder.fingerprint, hashes, dim=embedder.dim)
        for text_hash in hashes:
            if text_hash in kept:
                result[rows[text_hash][0]] = from_bytes(kept[text_hash], dim=embedder.dim)[0]
            else:
                unseen.append(text_hash)
    # Longest first, as in the embedder: batches of like lengths, and too little memory shows.
    missing = [(text_hash, clean_text(texts[rows[text_hash][0]])) for text_hash in unseen]
    missing.sort(key=lambda each: -len(each[1]))
    batches = list(_batches(missing, embedder.batch_size))
    texts_of_batches = [[text for _, text in batch] for batch in batches]
    n_done = 0
    with closing((embed_batches or _one_by_one(embedder))(texts_of_batches)) as results:
        for number, computed in results:
            hashes = [text_hash for text_hash, _ in batches[number]]
            by_hash = dict(zip(hashes, computed, strict=True))
            cache.put(embedder.fingerprint, by_hash)
            for text_hash, vector in by_hash.items():
                result[rows[text_hash][0]] = vector
            n_done += len(by_hash)
            if progress is not None:
                progress(n_done, len(missing))
    for first, *others in rows.values():
        if others:
            result[others] = result[first]
    return result, len(missing)


def count_missing(embedder: Embedder, texts: Sequence[str], cache: VectorCache) -> int:
    """Return how many vectors `embed_with_cache` would compute for `texts`; writes nothing.

    Raises:
        BusyError: another process kept the cache locked for too long.
        StudyError: the cache can't be used.
    """
    rows = _rows_by_hash(texts)
    return len(rows) - sum(
        len(cache.get(embedder.fingerprint, hashes, dim=embedder.dim))
        for hashes in _batches(list(rows), _LOOKED_UP_AT_ONCE)
    )


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


def _rows_by_hash(texts: Sequence[str]) -> dict[bytes, list[int]]:
    """Return where each different text stands, by its hash as it is embedded."""
    rows: dict[bytes, list[int]] = {}
    for row, text in enumerate(texts):
        rows.setdefault(hashlib.sha256(clean_text(text).encode()).digest(), []).append(row)
    return rows


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
