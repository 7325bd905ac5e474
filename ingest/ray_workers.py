"""What the workers of a Ray cluster do: read a file, embed a batch. Knows no Ray itself.

Rows come and go as plain values: numbers, text and bytes. What goes wrong with a file is a reply
like any other; what keeps a worker from working at all comes back as "stopped" and ends the run.
"""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assistant.embedding import Embedder
from assistant.errors import IngestError, StudyError
from assistant.generations import differences, hash_file
from assistant.records import Passage
from assistant.vector_cache import FloatArray, from_bytes, to_bytes
from ingest.chunk import chunk
from ingest.errors import Unreadable, error_reply
from ingest.parse import Limits
from ingest.parser_pool import Parsed, ParserWorker, understand
from ingest.plan import parsing_fingerprint
from ingest.records import SourceFile

Row = dict[str, Any]
"""A row of a data set of Ray."""
Reply = dict[str, Any]
"""What JSON holds."""

_SAME_HINT = "Every worker needs the same packages, materials and weights: see docs/ray.md."


class SameEmbedder:
    """Opens the embedder at first use; refuses another than the one that the run began with."""

    def __init__(self, open_embedder: Callable[[], Embedder], fingerprint: str) -> None:
        self._open = open_embedder
        self._fingerprint = fingerprint
        self._embedder: Embedder | None = None

    def get(self) -> Embedder:
        """Return the embedder.

        Raises:
            StudyError: it can't be opened here, or is another one.
        """
        if self._embedder is None:
            embedder = self._open()
            if embedder.fingerprint != self._fingerprint:
                raise IngestError(
                    f"The embedder is {embedder.fingerprint}, not {self._fingerprint}.",
                    hint=_SAME_HINT,
                )
            self._embedder = embedder
        return self._embedder


class FileReader:
    """Parses and cuts one file after the other, each within its limits, in a process of its own."""

    def __init__(
        self,
        *,
        limits: Limits,
        max_tokens: int,
        shaped_by: Mapping[str, str],
        embedder: SameEmbedder,
    ) -> None:
        """Note what holds for all files; `shaped_by` is what shapes passages for the run."""
        self._limits = limits
        self._max_tokens = max_tokens
        self._shaped_by = shaped_by
        self._embedder = embedder
        self._parser = ParserWorker()

    def __del__(self) -> None:
        """End the process: Ray lets go of a reader without another word."""
        self._parser.stop()

    def __call__(self, row: Row) -> Row:
        """Return the row of the file's number with the reply on it."""
        try:
            reply = self._read(_file_of(row))
        except StudyError as error:
            reply = _stopped(error)
        return {"number": row["number"], "reply": json.dumps(reply)}

    def _read(self, file: SourceFile) -> Reply:
        here = parsing_fingerprint(self._max_tokens)
        if others := differences(here, self._shaped_by):
            raise IngestError(f"Versions differ: {', '.join(others)}.", hint=_SAME_HINT)
        count_tokens = self._embedder.get().count_tokens
        if (problem := _not_the_same(file)) is not None:
            return error_reply(problem)
        result = self._parser.parse(file, self._limits)
        if isinstance(result, IngestError):
            return error_reply(result)
        passages = chunk(result, max_tokens=self._max_tokens, count_tokens=count_tokens)
        return {
            # Its text is in the passages; nobody else needs it.
            "document": asdict(replace(result, text="", elements=())),
            "passages": [asdict(passage) for passage in passages],
        }


class BatchEmbedder:
    """Embeds one batch of texts after the other."""

    def __init__(self, *, embedder: SameEmbedder) -> None:
        self._embedder = embedder

    def __call__(self, row: Row) -> Row:
        """Return the row of the batch's number with its vectors, float32, shape (n, dim)."""
        try:
            vectors = self._embedder.get().embed_passages(list(row["texts"]))
        except StudyError as error:
            reply = json.dumps(_stopped(error))
            return {"number": row["number"], "vectors": b"", "reply": reply}
        return {"number": row["number"], "vectors": to_bytes(vectors), "reply": "{}"}


def file_row(number: int, file: SourceFile) -> Row:
    """Return the row that a `FileReader` takes."""
    return {"number": number, **asdict(file), "path": str(file.path)}


def _file_of(row: Row) -> SourceFile:
    return SourceFile(
        path=Path(row["path"]),
        source=row["source"],
        root=row["root"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
    )


def parsed_file(file: SourceFile, row: Row) -> Parsed:
    """Return what the row that a `FileReader` gave of `file` stands for.

    Raises:
        IngestError: the worker can't work at all.
    """
    reply = _going_on(row)
    result = understand(reply)
    if isinstance(result, IngestError):
        return Parsed(file, result)
    passages = tuple(
        Passage(**{**passage, "heading": tuple(passage["heading"])})
        for passage in reply["passages"]
    )
    return Parsed(file, result, passages)


def vectors_of(row: Row, *, dim: int) -> FloatArray:
    """Return the vectors in a row that a `BatchEmbedder` gave, shape (n, dim).

    Raises:
        IngestError: the worker can't work at all.
    """
    _going_on(row)
    return from_bytes(row["vectors"], dim=dim)


def _not_the_same(file: SourceFile) -> Unreadable | None:
    """Return why the file can't be taken in from here: the run began with another, or it is away.

    The record says what was read by the hash taken where the run began.
    """
    here = socket.gethostname()
    try:
        is_same = hash_file(file.path) == file.sha256
    except OSError as error:
        return Unreadable(f"The worker {here} can't read it: {error.strerror}.", hint=_SAME_HINT)
    if is_same:
        return None
    return Unreadable(
        f"The worker {here} finds another version of it.",
        hint="Was it being edited? Then run this again. " + _SAME_HINT,
    )


def _stopped(error: StudyError) -> Reply:
    reason = f"The worker {socket.gethostname()} can't go on: {error}"
    return {"stopped": {"reason": reason, "hint": error.hint}}


def _going_on(row: Row) -> Reply:
    reply: Reply = json.loads(row["reply"])
    if "stopped" in reply:
        raise IngestError(reply["stopped"]["reason"], hint=reply["stopped"]["hint"])
    return reply
