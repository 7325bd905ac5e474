"""Vectors kept from earlier runs, by embedder and text, so that no text is embedded twice.

One SQLite file, shared by all checkouts and by processes that run at the same time. What is not
here: removing what is no longer used; the file may be deleted at any time.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

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
    hashes, text_by_hash = _hashed(texts)
    kept = cache.get(embedder.fingerprint, list(text_by_hash), dim=embedder.dim)
    vectors = {
        text_hash: from_bytes(vector, dim=embedder.dim)[0] for text_hash, vector in kept.items()
    }
    # Longest first, as in the embedder: batches of like lengths, and too little memory shows.
    missing = sorted(
        (text_hash for text_hash in text_by_hash if text_hash not in vectors),
        key=lambda text_hash: -len(text_by_hash[text_hash]),
    )
    batches = [
        missing[start : start + embedder.batch_size]
        for start in range(0, len(missing), embedder.batch_size)
    ]
    texts_of_batches = [[text_by_hash[text_hash] for text_hash in batch] for batch in batches]
    n_done = 0
    with closing((embed_batches or _one_by_one(embedder))(texts_of_batches)) as results:
        for number, computed in results:
            by_hash = dict(zip(batches[number], computed, strict=True))
            cache.put(embedder.fingerprint, by_hash)
            vectors.update(by_hash)
            n_done += len(by_hash)
            if progress is not None:
                progress(n_done, len(missing))
    result = np.empty((len(texts), embedder.dim), dtype=np.float32)
    for row, text_hash in enumerate(hashes):
        result[row] = vectors[text_hash]
    return result, len(missing)


def count_missing(embedder: Embedder, texts: Sequence[str], cache: VectorCache) -> int:
    """Return how many vectors `embed_with_cache` would compute for `texts`; writes nothing.

    Raises:
        BusyError: another process kept the cache locked for too long.
        StudyError: the cache can't be used.
    """
    _, text_by_hash = _hashed(texts)
    kept = cache.get(embedder.fingerprint, list(text_by_hash), dim=embedder.dim)
    return len(text_by_hash) - len(kept)


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


def _hashed(texts: Sequence[str]) -> tuple[list[bytes], dict[bytes, str]]:
    """Return the hash of each text as it is embedded, and those texts by their hashes."""
    cleaned = [clean_text(text) for text in texts]
    hashes = [hashlib.sha256(text.encode()).digest() for text in cleaned]
    return hashes, dict(zip(hashes, cleaned, strict=True))
