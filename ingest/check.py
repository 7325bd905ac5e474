"""Whether files can be taken in, before they are: readable, within limits, and what looks wrong.

Each file is parsed in a worker process as an ingestion would, so that what passes here is read
there; then it is scanned (`ingest/scan.py`). Nothing is kept.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

from assistant.errors import IngestError
from assistant.generations import hash_file
from ingest.discover import READ_HINT, SUFFIXES
from ingest.errors import Unreadable
from ingest.findings import Finding
from ingest.parse import Limits, too_large
from ingest.parser_pool import COMMAND, parse_all
from ingest.records import Document, SourceFile
from ingest.scan import scan

MAX_FINDINGS = 30
"""Told of one file; the rest is counted."""

_UNKNOWN_KIND = "UnknownKind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a file can't be taken in; `kind` names the reason for programs."""

    kind: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """What became of a file: a refusal, or what it says about itself and what looks wrong."""

    name: str
    size_bytes: int
    sha256: str
    refusal: Refusal | None = None
    title: str = ""
    language: str = ""
    audience: str = ""
    owner: str = ""
    version: str = ""
    findings: tuple[Finding, ...] = ()
    n_findings: int = 0

    def to_json(self) -> dict[str, object]:
        """Return the values that JSON can hold."""
        return asdict(self)


def check(
    paths: Sequence[Path], limits: Limits, *, workers: int, command: Sequence[str] = COMMAND
) -> tuple[CheckedFile, ...]:
    """Return what became of each file, in their order.

    Args:
        paths: of files.
        limits: for each.
        workers: processes that parse, at least 1.
        command: starts one.
    """
    checked: dict[Path, CheckedFile] = {}
    files = []
    for path in paths:
        file = _found(path, limits)
        if isinstance(file, CheckedFile):
            checked[path] = file
        else:
            files.append(file)
    with closing(parse_all(files, limits, workers=workers, command=command)) as results:
        for parsed in results:
            result = parsed.result
            checked[parsed.file.path] = (
                _refused(parsed.file, result)
                if isinstance(result, IngestError)
                else _scanned(parsed.file, result)
            )
    return tuple(checked[path] for path in paths)


def _found(path: Path, limits: Limits) -> SourceFile | CheckedFile:
    name = path.name
    suffix = path.suffix.lower()
    try:
        size_bytes = path.stat().st_size
        if suffix not in SUFFIXES:
            return CheckedFile(
                name=name, size_bytes=size_bytes, sha256="", refusal=_unknown_kind(suffix)
            )
        file = SourceFile(path=path, source=name, root="", size_bytes=size_bytes, sha256="")
        if size_bytes > limits.max_file_bytes:
            return _refused(file, too_large(size_bytes, limits.max_file_bytes))
        sha256 = hash_file(path)
    except OSError as error:
        refusal = Unreadable(f"It can't be read: {error.strerror}.", hint=READ_HINT)
        return _refused(
            SourceFile(path=path, source=name, root="", size_bytes=0, sha256=""), refusal
        )
    return SourceFile(path=path, source=name, root="", size_bytes=size_bytes, sha256=sha256)


def _unknown_kind(suffix: str) -> Refusal:
    hint = "These are read: " + ", ".join(sorted(SUFFIXES)) + "."
    if suffix == ".zip":
        hint = "Unpack it first; several files can be given at once."
    return Refusal(
        kind=_UNKNOWN_KIND,
        message=f"There is no reader for {suffix or 'a file without an extension'}.",
        hint=hint,
    )


def _refused(file: SourceFile, error: IngestError) -> CheckedFile:
    return CheckedFile(
        name=file.source,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        refusal=Refusal(kind=type(error).__name__, message=str(error), hint=error.hint),
    )


def _scanned(file: SourceFile, document: Document) -> CheckedFile:
    try:
        findings = scan(file.path.read_bytes(), file.path.suffix.lower())
    except (BadZipFile, KeyError, OSError, RuntimeError, SyntaxError, ValueError) as error:
        # What the scan can't look through might hold anything.
        return _refused(
            file,
            Unreadable(
                f"It can't be looked through for hidden text ({type(error).__name__}).",
                hint="Open it in the program that made it and save it again.",
            ),
        )
    return CheckedFile(
        name=file.source,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        title=document.title,
        language=document.language,
        audience=document.audience,
        owner=document.owner,
        version=document.version,
        findings=findings[:MAX_FINDINGS],
        n_findings=len(findings),
    )
