"""What an ingestion comes to, before anything is built: files are found, compared and parsed.

A file that fails never stops the others: it becomes a line of the report, and what was live of it
stays. Parsing is passed in; embedder and index are unknown here.
"""

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from assistant.embedded_texts import SENTENCES_VERSION
from assistant.errors import IngestError
from assistant.generations import Source, differences
from assistant.records import Passage
from ingest.changes import Changes, Materials, find_changes
from ingest.chunk import CHUNK_VERSION, CountTokens, chunk
from ingest.discover import Discovery, Scope, covers, discover
from ingest.errors import AudienceUnclear
from ingest.parse import PARSER_VERSION, Limits, too_large
from ingest.parser_pool import Parsed
from ingest.records import Document, FileFailure, Skipped, SourceFile

_PARSING_PACKAGES = ("markdown-it-py", "pypdfium2", "unstructured")

ASKED_FOR = "it was asked for"

Progress = Callable[[str, int, int, str], None]
"""Called with the stage, how many are done, of how many, and the source just done."""


class ParseFiles(Protocol):
    """Parses files, in whatever order; closing what it returns stops it."""

    def __call__(
        self, files: Sequence[SourceFile], limits: Limits
    ) -> Generator[Parsed, None, None]:
        """Yield what became of each file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The generation in force, "" and empty before the first: its sources and their passages."""

    generation: str = ""
    sources: Mapping[str, Source] = field(default_factory=dict)
    passages: Mapping[str, Sequence[Passage]] = field(default_factory=dict)
    shaped_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What the next generation is to hold, and how it differs from the live one.

    `sources` and `passages` are ordered by name, as the generation will have them. `rebuild` says
    why all must be read anew, "" if nothing forces it. `kept` are sources that failed or can't be
    looked for, of which what is live stays. `n_files` were found and supported.
    `twice` names files that are live from another folder, too: the live source by the new one.
    `only`: the next generation is to know of no other folder.
    """

    live: Live
    sources: Mapping[str, Source]
    passages: Sequence[Passage]
    shaped_by: Mapping[str, str]
    changes: Changes
    rebuild: str = ""
    n_files: int = 0
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    twice: Mapping[str, str] = field(default_factory=dict)
    only: bool = False
    failures: tuple[FileFailure, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def roots(self) -> list[str]:
        """The folders that the sources came from."""
        return sorted({source.root for source in self.sources.values()})

    @property
    def has_news(self) -> bool:
        """Whether a generation has to be built."""
        former_roots = sorted({source.root for source in self.live.sources.values()})
        knows_others = self.only and former_roots != self.roots
        is_same = (
            not self.rebuild and not knows_others and same_content(self.sources, self.live.sources)
        )
        return bool(self.passages) and not is_same


@dataclass(slots=True)
class _Taken:
    """What each source comes to; filled while files are parsed."""

    parsed_by: str
    sources: dict[str, Source] = field(default_factory=dict)
    passages: dict[str, Sequence[Passage]] = field(default_factory=dict)
    failures: list[FileFailure] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)

    def take(self, source: str, record: Source, passages: Sequence[Passage]) -> None:
        self.sources[source] = record
        self.passages[source] = passages

    def fail(self, source: str, error: IngestError) -> None:
        self.failures.append(
            FileFailure(source=source, reason=str(error), hint=error.hint, place=error.place)
        )
        if isinstance(error, AudienceUnclear):
            self.withdrawn.add(source)


def make_plan(
    roots: Sequence[Path],
    *,
    parse: ParseFiles,
    limits: Limits,
    max_tokens: int,
    count_tokens: CountTokens,
    embedder: str,
    live: Live | None = None,
    drop_failed: bool = False,
    only: bool = False,
    rebuild: bool = False,
    progress: Progress = lambda stage, done, total, source: None,
    announce: Callable[[str], None] = lambda reason: None,
) -> Planned:
    """Return what taking in `roots` comes to.

    Where what shapes passages has changed, all that is live is read anew, other roots included; of
    those that are out of reach, what is live stays until they are back.

    Args:
        roots: folders and files. Sources that came from elsewhere stay as they are, unless `only`.
        parse: takes files apart.
        limits: for each file.
        max_tokens: of a passage, title and headings included.
        count_tokens: tokens of a text as the embedder counts them.
        embedder: its fingerprint.
        live: the generation in force.
        drop_failed: let go of what was live of a file that fails.
        only: let go of all that came from elsewhere.
        rebuild: parse also what has not changed.
        progress: told of each stage: "discover", "parse".
        announce: told why all is read anew, before it is.

    Raises:
        IngestError: a root is missing, or nothing is left to index.
    """
    live = _with_parsers(live or Live())
    seconds: dict[str, float] = {}
    shaped_by = {**parsing_fingerprint(max_tokens), "embedder": embedder}
    taken = _Taken(parsed_by=digest(shaped_by))
    reason = _other_shape(live, shaped_by)
    if reason and not only:
        roots = [*roots, *_other_roots(live, roots)]
    if reason := reason or (ASKED_FOR if rebuild and live.generation else ""):
        announce(reason)
    with _timed(seconds, "discover"):
        discovery = discover(
            roots,
            max_file_bytes=limits.max_file_bytes,
            live_roots={} if only else {name: each.root for name, each in live.sources.items()},
            progress=lambda done, total, source: progress("discover", done, total, source),
        )
    taken.failures += discovery.failures
    fresh = _compare(discovery.files, live, taken, limits, rebuild=rebuild)
    with _timed(seconds, "parse"), closing(parse(fresh, limits)) as results:
        for done, parsed in enumerate(results, start=1):
            with _timed(seconds, "chunk"):
                _take(parsed, taken, max_tokens, count_tokens)
            progress("parse", done, len(fresh), parsed.file.source)
    seconds["parse"] -= seconds.setdefault("chunk", 0.0)
    emptied = _emptied(discovery, live)
    taken.failures += [_is_empty(scope) for scope in emptied]
    kept = [] if drop_failed else _kept(discovery, live, taken, emptied)
    elsewhere = [
        source
        for source, record in live.sources.items()
        if not only and not any(covers(scope, source, record.root) for scope in discovery.scopes)
    ]
    found = set(taken.sources)
    for source in {*kept, *elsewhere} - found:
        taken.take(source, live.sources[source], live.passages.get(source, ()))
    if not any(taken.passages.values()):
        if not taken.failures:
            raise IngestError(
                "There is nothing to index: no document gave a passage.",
                hint="Put .md, .pdf, .docx or other supported files into the folder.",
            )
        # Everything failed: what is live stays as it is, and whatever should have gone is told.
        told = {failure.source for failure in taken.failures}
        taken.failures += [_only_one(name) for name in live.sources.keys() - told - {*kept}]
        taken.sources, taken.passages = dict(live.sources), dict(live.passages)
    sources = dict(sorted(taken.sources.items()))
    changes = find_changes(
        Materials(sources=live.sources, passages=live.passages),
        Materials(sources=sources, passages=taken.passages),
        failed={failure.source for failure in taken.failures},
    )
    return Planned(
        live=live,
        sources=sources,
        passages=[each for source in sources for each in taken.passages[source]],
        shaped_by=shaped_by,
        changes=changes,
        rebuild=reason,
        n_files=len(discovery.files),
        unchanged=tuple(sorted(found - {file.source for file in changes.files})),
        kept=tuple(sorted(kept)),
        only=only,
        twice=_twice(live, elsewhere, discovery.files),
        failures=tuple(sorted(taken.failures, key=lambda failure: failure.source)),
        skipped=discovery.skipped,
        seconds=seconds,
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


def same_content(a: Mapping[str, Source], b: Mapping[str, Source]) -> bool:
    """Whether generations of these sources hold the same; where files lie doesn't matter."""
    return a.keys() == b.keys() and all(
        replace(a[name], root="") == replace(b[name], root="") for name in a
    )


def digest(shaped_by: Mapping[str, str]) -> str:
    """Return what stands for these settings and versions in `Source.parsed_by`."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(shaped_by.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _other_shape(live: Live, shaped_by: Mapping[str, str]) -> str:
    """Return what differs between the settings of then and now; "" if nothing does."""
    if not live.generation:
        return ""
    parts = [
        f"{name} was {live.shaped_by.get(name, 'unknown')} and is {shaped_by.get(name, 'unknown')}"
        for name in differences(shaped_by, live.shaped_by)
    ]
    return "; ".join(parts)


def _other_roots(live: Live, roots: Sequence[Path]) -> list[Path]:
    """Return the live roots that can be read anew, too."""
    given = [root.resolve() for root in roots]
    paths = sorted({Path(source.root) for source in live.sources.values()})
    return [path for path in paths if path.exists() and path not in given]


def _with_parsers(live: Live) -> Live:
    """Return `live` with `parsed_by` filled in where an older program didn't know it."""
    parsed_by = digest(live.shaped_by)
    sources = {
        name: source if source.parsed_by else replace(source, parsed_by=parsed_by)
        for name, source in live.sources.items()
    }
    return replace(live, sources=sources)


def _compare(
    files: Sequence[SourceFile], live: Live, taken: _Taken, limits: Limits, *, rebuild: bool
) -> list[SourceFile]:
    """Return the files that have to be parsed; the others get their place in the plan."""
    fresh = []
    for file in files:
        before = live.sources.get(file.source)
        if not file.sha256:
            taken.fail(file.source, too_large(file.size_bytes, limits.max_file_bytes))
        elif (
            before is not None
            and not rebuild
            and before.sha256 == file.sha256
            and before.parsed_by == taken.parsed_by
        ):
            record = replace(before, root=file.root)
            taken.take(file.source, record, live.passages.get(file.source, ()))
        else:
            fresh.append(file)
    return fresh


def _take(parsed: Parsed, taken: _Taken, max_tokens: int, count_tokens: CountTokens) -> None:
    if isinstance(parsed.result, IngestError):
        taken.fail(parsed.file.source, parsed.result)
        return
    document, file = parsed.result, parsed.file
    passages = parsed.passages
    if passages is None:
        passages = chunk(document, max_tokens=max_tokens, count_tokens=count_tokens)
    taken.take(file.source, _record(document, file, len(passages), taken.parsed_by), passages)


def _record(document: Document, file: SourceFile, n_passages: int, parsed_by: str) -> Source:
    return Source(
        sha256=file.sha256,
        root=file.root,
        title=document.title,
        language=document.language,
        audience=document.audience,
        owner=document.owner,
        version=document.version,
        n_passages=n_passages,
        parsed_by=parsed_by,
    )


def _emptied(discovery: Discovery, live: Live) -> list[Scope]:
    """Return the folders without any file that something live came from: an unmounted share?"""
    paths = [file.path for file in discovery.files]
    return [
        scope
        for scope in discovery.scopes
        if scope.within.is_dir()
        and not any(path.is_relative_to(scope.within) for path in paths)
        and any(covers(scope, name, source.root) for name, source in live.sources.items())
    ]


def _only_one(name: str) -> FileFailure:
    return FileFailure(
        source=name,
        reason="It should go, but no other file can be read: the index would be empty.",
        hint="Mend the files that fail, or put others there; then run it again.",
    )


def _twice(live: Live, elsewhere: Sequence[str], files: Sequence[SourceFile]) -> dict[str, str]:
    """Return, of `files`, those that are word for word among the live sources `elsewhere`."""
    by_hash = {live.sources[source].sha256: source for source in elsewhere}
    return {file.source: by_hash[file.sha256] for file in files if file.sha256 in by_hash}


def _is_empty(scope: Scope) -> FileFailure:
    return FileFailure(
        source=scope.within.name + "/",
        reason="The folder is empty, but the index holds files that came from it.",
        hint="Is a share not mounted? With --drop-failed they are let go.",
    )


def _kept(discovery: Discovery, live: Live, taken: _Taken, emptied: Sequence[Scope]) -> list[str]:
    """Return the live sources that stay since their file failed or lies in a failed folder.

    One of which it can't be told who may read it does not stay.
    """
    failed = {failure.source for failure in taken.failures} - taken.withdrawn
    folders = tuple(source for source in failed if source.endswith("/"))
    return [
        source
        for source, record in live.sources.items()
        if source not in taken.sources
        and (
            source in failed
            or bool(folders and source.startswith(folders))
            or any(covers(scope, source, record.root) for scope in emptied)
        )
    ]


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
