"""The worker: `python -m ingest.parser_process`, one request a line on stdin, one reply on stdout.

A process of its own, so that a parser that hangs, crashes or takes all memory harms one file.
JSON, not pickle: what comes out of a process that read an untrusted file is data only.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from assistant.errors import IngestError
from ingest.errors import error_reply
from ingest.parse import Limits, parse

MAX_MEMORY_BYTES = 4 * 2**30
"""Address space of a worker, where the system can limit it."""


def main() -> None:
    """Answer requests until stdin ends."""
    # What a library prints must not get between the replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _limit_memory()
    serve(sys.stdin, replies)


def serve(requests: TextIO, replies: TextIO) -> None:
    """Write a line to `replies` for each line of `requests`, and one at the start."""
    _reply(replies, {"ready": True})
    for line in requests:
        _reply(replies, _answer(json.loads(line)))


def _answer(request: dict[str, object]) -> dict[str, object]:
    limits = Limits(
        max_file_bytes=int(str(request["max_file_bytes"])),
        max_unpacked_bytes=int(str(request["max_unpacked_bytes"])),
        timeout_s=0,
    )
    try:
        document = parse(Path(str(request["path"])), str(request["source"]), limits)
    except IngestError as error:
        return error_reply(error)
    return {"document": asdict(document)}


def _reply(replies: TextIO, values: dict[str, object]) -> None:
    replies.write(json.dumps(values, ensure_ascii=False) + "\n")
    replies.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main()
