"""From folders to a generation of the index: what is new is parsed, what is not is kept.

A file that fails never stops the others: it becomes a line of the report, and what was live of it
stays. What builds the generation is passed in, so that this file knows no embedder and no index.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from assistant.errors import IngestError
from assistant.generations import Source
from assistant.index_build import SENTENCES_VERSION
from assistant.records import Passage
from ingest.chunk import CHUNK_VERSION, CountTokens, chunk
from ingest.discover import Discovery, covers, discover
from ingest.errors import AudienceUnclear
from ingest.parse import PARSER_VERSION, Limits, too_large
from ingest.parser_pool import COMMAND, Parsed, parse_all
from ingest.records import Document, FileFailure, Report, SourceFile

_PARSING_PACKAGES = ("markdown-it-py", "pypdfium2", "unstructured")

Progress = Callable[[str, int, int, str], None]
"""Called with the stage, how many are done, of how many, and the source just done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What a build gave: the generation's name, and how many vectors were computed and reused."""

    generation: str
    n_vectors_computed: int = 0
    n_vectors_reused: int = 0


class Build(Protocol):
    """Builds a generation and makes it live; see `assistant/index_build.py`."""

    def __call__(
        self,
        passages: Sequence[Passage],
        *,
        sources: Mapping[str, Source],
        roots: Sequence[str],
        shaped_by: Mapping[str, str],
    ) -> BuildResult:
        """Return what became of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The generation in force, "" and empty before the first: its sources and their passages."""

    generation: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)
    passages: Mapping[str, Sequence[Passage]] = field(default_factory=dict)
    shaped_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    """What each source comes to; filled while files are parsed."""

    sources: dict[str, Source] = field(default_factory=dict)
    passages: dict[str, Sequence[Passage]] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[FileFailure] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)

    def take(self, source: str, record: Source, passages: Sequence[Passage]) -> None:
        self.sources[source] = record
        self.passages[source] = passages

    def fail(self, source: str, error: IngestError) -> None:
        self.failures.append(FileFailure(source=source, reason=str(error), hint=error.hint))
        if isinstance(error, AudienceUnclear):
            self.withdrawn.add(source)


def ingest(
    roots: Sequence[Path],
    *,
    build: Build,
    limits: Limits,
    max_tokens: int,
    count_tokens: CountTokens,
    workers: int,
    live: Live | None = None,
    drop_failed: bool = False,
    rebuild: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda stage, done, total, source: None,
    command: Sequence[str] = COMMAND,
) -> Report:
    """Return the report on taking in `roots`; call while holding the right to write the index.

    Args:
        roots: folders and files. Sources that came from elsewhere stay as they are.
        build: makes the generation; called once at most.
        limits: for each file.
        max_tokens: of a passage, title and headings included.
        count_tokens: tokens of a text as the embedder counts them.
        workers: processes that parse, at least 1.
        live: the generation in force.
        drop_failed: let go of what was live of a file that fails.
        rebuild: parse and build also what has not changed.
        dry_run: parse, but build nothing.
        progress: told of each stage: "discover", "parse", "build".
        command: starts a parsing process.

    Raises:
        IngestError: a root is missing, or nothing is left to index.
    """
    live = live or Live()
    seconds: dict[str, float] = {}
    shaped_by = parsing_fingerprint(max_tokens)
    is_same = not rebuild and all(live.shaped_by.get(key) == shaped_by[key] for key in shaped_by)
    with _timed(seconds, "discover"):
        discovery = discover(
            roots,
            max_file_bytes=limits.max_file_bytes,
            live_roots={name: source.root for name, source in live.sources.items()},
            progress=lambda done, total, source: progress("discover", done, total, source),
        )
    plan = _Plan(failures=list(discovery.failures))
    fresh = _compare(discovery.files, live, plan, limits, is_same=is_same)
    with (
        _timed(seconds, "parse"),
        closing(parse_all(fresh, limits, workers=workers, command=command)) as results,
    ):
        for done, parsed in enumerate(results, start=1):
            _take(parsed, plan, max_tokens, count_tokens)
            progress("parse", done, len(fresh), parsed.file.source)
    kept = [] if drop_failed else _kept(discovery, live, plan)
    elsewhere = [
        source
        for source, record in live.sources.items()
        if not any(covers(scope, source, record.root) for scope in discovery.scopes)
    ]
    taken = set(plan.sources)
    for source in {*kept, *elsewhere} - taken:
        plan.take(source, live.sources[source], live.passages.get(source, ()))
    passages = [each for source in sorted(plan.passages) for each in plan.passages[source]]
    removed = sorted(set(live.sources) - set(plan.sources))
    changed = sorted(taken & set(live.sources) - set(plan.unchanged))
    added = sorted(taken - set(live.sources))
    if not passages and not plan.failures:
        raise IngestError(
            "There is nothing to index: no document gave a passage.",
            hint="Put .md, .pdf, .docx or other supported files into the folder.",
        )
    if not passages:  # everything failed: what is live stays as it is
        added, changed, removed = [], [], []
    result = BuildResult(generation=live.generation)
    has_news = bool(added or changed or removed or not is_same)
    if has_news and passages and not dry_run:
        with _timed(seconds, "build"):
            progress("build", 0, len(passages), "")
            result = build(
                passages,
                sources=dict(sorted(plan.sources.items())),
                roots=sorted({source.root for source in plan.sources.values()}),
                shaped_by=shaped_by,
            )
            progress("build", len(passages), len(passages), "")
    return Report(
        n_files=len(discovery.files),
        n_passages=len(passages),
        added=tuple(added),
        changed=tuple(changed),
        unchanged=tuple(sorted(plan.unchanged)),
        removed=tuple(removed),
        kept=tuple(sorted(kept)),
        failures=tuple(sorted(plan.failures, key=lambda failure: failure.source)),
        skipped=discovery.skipped,
        seconds=seconds,
        generation=result.generation,
        n_vectors_computed=result.n_vectors_computed,
        n_vectors_reused=result.n_vectors_reused,
        dry_run=dry_run,
    )


def parsing_fingerprint(max_tokens: int) -> dict[str, str]:
    """Return what shapes the passages of a file beside its content, by name."""
    return {
        "parser": PARSER_VERSION,
        "chunk": CHUNK_VERSION,
        "sentences": SENTENCES_VERSION,
        "passage_tokens": str(max_tokens),
        **{package: version(package) for package in _PARSING_PACKAGES},
    }


def _compare(
    files: Sequence[SourceFile], live: Live, plan: _Plan, limits: Limits, *, is_same: bool
) -> list[SourceFile]:
    """Return the files that have to be parsed; the others get their place in the plan."""
    fresh = []
    for file in files:
        before = live.sources.get(file.source)
        if not file.sha256:
            plan.fail(file.source, too_large(file.size_bytes, limits.max_file_bytes))
        elif before is not None and is_same and before.sha256 == file.sha256:
            record = replace(before, root=file.root)
            plan.take(file.source, record, live.passages.get(file.source, ()))
            plan.unchanged.append(file.source)
        else:
            fresh.append(file)
    return fresh


def _take(parsed: Parsed, plan: _Plan, max_tokens: int, count_tokens: CountTokens) -> None:
    if isinstance(parsed.result, IngestError):
        plan.fail(parsed.file.source, parsed.result)
        return
    document, file = parsed.result, parsed.file
    passages = chunk(document, max_tokens=max_tokens, count_tokens=count_tokens)
    plan.take(file.source, _record(document, file, len(passages)), passages)


def _record(document: Document, file: SourceFile, n_passages: int) -> Source:
    return Source(
        sha256=file.sha256,
        root=file.root,
        title=document.title,
        language=document.language,
        audience=document.audience,
        owner=document.owner,
        version=document.version,
        n_passages=n_passages,
    )


def _kept(discovery: Discovery, live: Live, plan: _Plan) -> list[str]:
    """Return the live sources that stay since their file failed or lies in a failed folder.

    One of which it can't be told who may read it does not stay.
    """
    failed = {failure.source for failure in plan.failures} - plan.withdrawn
    folders = tuple(source for source in failed if source.endswith("/"))
    return [
        source
        for source in live.sources
        if source not in plan.sources
        and (source in failed or bool(folders and source.startswith(folders)))
    ]


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = round(time.perf_counter() - start, 3)
