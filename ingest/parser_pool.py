"""Parsing in worker processes, each file within its time: whoever takes longer is killed.

Workers are started as programs, not forked: they inherit neither threads nor locks, and they work
the same from a script, a notebook, a web server or a test.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from assistant.errors import IngestError
from assistant.records import Language, Passage
from ingest.errors import AudienceUnclear, TooLarge, TooSlow, Unreadable
from ingest.parse import Limits
from ingest.records import Document, Element, SourceFile

COMMAND = (sys.executable, "-m", "ingest.parser_process")

MAX_WORKERS = 4
START_TIMEOUT_S = 120

_ERRORS: Mapping[str, type[IngestError]] = {
    error.__name__: error for error in (AudienceUnclear, TooLarge, TooSlow, Unreadable)
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of one file: a document, or the error that stands in its place.

    `passages` are those of the document, where whoever parsed it has cut it, too.
    """

    file: SourceFile
    result: Document | IngestError
    passages: Sequence[Passage] | None = None


def n_workers(wanted: int) -> int:
    """Return how many processes parse: `wanted`, or with 0 one a core, 4 at most."""
    return wanted or min(os.cpu_count() or 1, MAX_WORKERS)


def parse_all(
    files: Sequence[SourceFile],
    limits: Limits,
    *,
    workers: int,
    command: Sequence[str] = COMMAND,
) -> Generator[Parsed, None, None]:
    """Yield what became of each file, as they are done. Closing the iterator stops the workers.

    Args:
        files: to parse.
        limits: for each file.
        workers: processes, at least 1.
        command: starts a worker.

    Raises:
        IngestError: a worker can't be started at all.
    """
    local = threading.local()
    started: list[ParserWorker] = []

    def parse_one(file: SourceFile) -> Parsed:
        worker: ParserWorker | None = getattr(local, "worker", None)
        if worker is None:
            worker = local.worker = ParserWorker(command)
            started.append(worker)
        return Parsed(file, worker.parse(file, limits))

    pool = ThreadPoolExecutor(max_workers=min(workers, len(files)) or 1)
    try:
        pending: set[Future[Parsed]] = {pool.submit(parse_one, file) for file in files}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in started:
            worker.stop()
        pool.shutdown(wait=True)
        for worker in started:  # one that was starting meanwhile
            worker.stop()


class ParserWorker:
    """One process; replaced by a new one after it had to be killed."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = list(command)
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        self._is_stopped = False

    def parse(self, file: SourceFile, limits: Limits) -> Document | IngestError:
        """Return the document, or why there is none; one file at a time.

        Raises:
            IngestError: the process can't be started.
        """
        process = self._started()
        request = {
            "path": str(file.path),
            "source": file.source,
            "max_file_bytes": limits.max_file_bytes,
            "max_unpacked_bytes": limits.max_unpacked_bytes,
        }
        reply = _within(process, limits.timeout_s, lambda: _ask(process, request))
        if reply.timed_out:
            self._end()
            return TooSlow(
                f"Parsing took longer than {limits.timeout_s:g} s and was stopped.",
                hint="Split the file, or raise STUDY_INGEST__TIMEOUT_S.",
            )
        if not reply.line:
            self._end()
            return Unreadable(
                "Its parser crashed or ran out of memory.",
                hint="Open it in the program that made it and save it again, or split it.",
            )
        return understand(json.loads(reply.line))

    def stop(self) -> None:
        """Kill the process; no other is started."""
        self._is_stopped = True
        self._end()

    def _started(self) -> "subprocess.Popen[str]":
        if self._is_stopped:
            raise IngestError("Ingestion was stopped.")
        if self._process is not None:
            return self._process
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path),
                "PYTHONIOENCODING": "utf-8",
                # Threads of number libraries reserve memory that the limit would count.
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
        )
        self._process = process
        reply = _within(process, START_TIMEOUT_S, lambda: _line(process))
        if not reply.line:
            reason = self._last_error()
            self._end()
            raise IngestError(
                f"The parser can't be started: {reason or 'it ended at once'}.",
                hint="Run `study doctor`.",
            )
        return process

    def _last_error(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "").rstrip(".")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):  # what it had not read is lost on purpose
                        stream.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None


@dataclass(frozen=True, slots=True)
class _Reply:
    line: str
    timed_out: bool


def _within(process: "subprocess.Popen[str]", timeout_s: float, ask: Callable[[], str]) -> _Reply:
    """Return what `ask` returns; the process is killed if it takes longer than `timeout_s`."""
    timed_out = threading.Event()

    def kill() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(timeout_s, kill)
    timer.daemon = True
    timer.start()
    try:
        line = ask()
    finally:
        timer.cancel()
    if not line.endswith("\n"):  # the process ended in the middle of its reply
        line = ""
    return _Reply(line, timed_out.is_set() and not line)


def _ask(process: "subprocess.Popen[str]", request: Mapping[str, object]) -> str:
    if process.stdin is None:
        return ""
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
    except (OSError, ValueError):  # it died, or was stopped
        return ""
    return _line(process)


def _line(process: "subprocess.Popen[str]") -> str:
    try:
        return process.stdout.readline() if process.stdout is not None else ""
    except ValueError:  # closed by `stop`
        return ""


def understand(reply: Mapping[str, Any]) -> Document | IngestError:
    """Return what a reply of the parser's process stands for."""
    if "error" in reply:
        kind = _ERRORS[reply["error"]]
        return kind(reply["reason"], hint=reply["hint"], place=reply["place"])
    values = dict(reply["document"])
    language: Language = values.pop("language")
    elements = tuple(
        Element(**{**element, "heading": tuple(element["heading"])})
        for element in values.pop("elements")
    )
    return Document(language=language, elements=elements, **values)
