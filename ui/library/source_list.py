"""The list of sources: what the index holds of each, since when, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assistant import generations
from assistant.errors import IndexUnusable
from assistant.generations import Source
from ui.library.records import FileProblem, read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSource:
    """A line of the list; one that is not live has a problem, and no passages."""

    source: str
    title: str
    language: str
    version: str
    owner: str
    audience: str
    n_passages: int
    changed_at: datetime | None
    problem: FileProblem | None
    is_live: bool = True


def list_sources(
    sources: Mapping[str, Source],
    changes: Mapping[str, datetime],
    problems: Mapping[str, FileProblem],
    *,
    with_failed: bool,
) -> tuple[ListedSource, ...]:
    """Return the lines by name.

    Args:
        sources: those that the visitor may see.
        changes: when each last changed.
        problems: of the last ingestion.
        with_failed: also name files that failed and were never live: nobody can tell who may see
            them, so only owners do.
    """
    lines = [
        ListedSource(
            source=name,
            title=source.title or name,
            language=source.language,
            version=source.version,
            owner=source.owner,
            audience=source.audience,
            n_passages=source.n_passages,
            changed_at=changes.get(name),
            problem=problems.get(name) if with_failed else None,
        )
        for name, source in sources.items()
    ]
    if with_failed:
        lines += [
            ListedSource(
                source=name,
                title=name,
                language="",
                version="",
                owner="",
                audience="",
                n_passages=0,
                changed_at=None,
                problem=problem,
                is_live=False,
            )
            for name, problem in problems.items()
            if name not in sources
        ]
    return tuple(sorted(lines, key=lambda line: line.source))


def matching(
    lines: tuple[ListedSource, ...],
    *,
    words: str = "",
    language: str = "",
    audience: str = "",
    only_problems: bool = False,
) -> tuple[ListedSource, ...]:
    """Return the lines whose name, title, owner or version holds all of `words`; "": any."""
    wanted = words.casefold().split()
    return tuple(
        line
        for line in lines
        if all(word in _searched(line) for word in wanted)
        and language in ("", line.language)
        and audience in ("", line.audience)
        and (line.problem is not None or not only_problems)
    )


def _searched(line: ListedSource) -> str:
    return "\n".join((line.source, line.title, line.owner, line.version)).casefold()


def last_changes(home: Path, live: str) -> dict[str, datetime]:
    """Return when each source of the generation `live` got the content that it has.

    That is when the oldest generation was made since which it is the same; file times are no
    guide: checkouts and mounted shares set them as they like.
    """
    found: dict[str, datetime] = {}
    pending: dict[str, str] | None = None
    names = [name for name in generations.list_names(home) if name <= live]
    for name in reversed(names):
        try:
            manifest = generations.read_manifest(home, name)
        except IndexUnusable:
            continue
        if pending is None:
            pending = {source: record.sha256 for source, record in manifest.sources.items()}
        made_at = read_time(manifest.created_at)
        pending = {
            source: sha256
            for source, sha256 in pending.items()
            if source in manifest.sources and manifest.sources[source].sha256 == sha256
        }
        if made_at is not None:
            found |= dict.fromkeys(pending, made_at)
        if not pending:
            break
    return found
