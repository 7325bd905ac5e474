"""From folders to a generation of the index: what is new is parsed, what is not is kept.

What builds the generation is passed in, so that this file knows no embedder and no index. What is
to be built is decided in `ingest/plan.py`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

from assistant.generations import Source
from assistant.records import Passage
from ingest.changes import PassageCounts
from ingest.plan import Planned
from ingest.records import FileFailure, Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an ingestion did, or with `dry_run` would do.

    `n_files` were found and supported. `added`, `changed` and `unchanged` name the sources taken
    in; `moved` gives the new name by the old one; `removed` those that went; `kept` those that
    failed or can't be looked for, of which what was live stays. `n_passages` counts the whole
    generation, `passages` what came to what. `rebuild` says why all was read anew, "" if it
    wasn't. `generation` is "" if there is none; the live one if nothing had changed. `seconds`
    gives each stage's time: "discover", "parse" (waiting for parsers beside "chunk", which goes on
    meanwhile), "chunk", and if a generation was built "embed" and "index".
    """

    n_files: int
    n_passages: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    passages: PassageCounts = field(default_factory=PassageCounts)
    failures: tuple[FileFailure, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    rebuild: str = ""
    generation: str = ""
    n_vectors_computed: int = 0
    n_vectors_reused: int = 0
    dry_run: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the report as values that JSON can hold."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What a build gave: the generation's name, and how many vectors were computed and reused.

    `embed_s`: the seconds that they took.
    """

    generation: str
    n_vectors_computed: int = 0
    n_vectors_reused: int = 0
    embed_s: float = 0.0


class Build(Protocol):
    """Builds a generation; see `assistant/index_build.py`."""

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


def carry_out(plan: Planned, build: Build) -> Report:
    """Return the report on what `plan` came to; builds nothing where nothing is new.

    Call while holding the right to write the index.
    """
    if not plan.has_news:
        return report_on(plan)
    started = time.perf_counter()
    result = build(plan.passages, sources=plan.sources, roots=plan.roots, shaped_by=plan.shaped_by)
    return report_on(plan, result, build_s=time.perf_counter() - started)


def report_on(
    plan: Planned,
    result: BuildResult | None = None,
    *,
    build_s: float | None = None,
    dry_run: bool = False,
) -> Report:
    """Return what is told of `plan`, and of what was built of it, if anything was."""
    result = result or BuildResult(generation=plan.live.generation)
    changes = plan.changes
    seconds = dict(plan.seconds)
    if build_s is not None:
        seconds |= {"embed": result.embed_s, "index": build_s - result.embed_s}
    failed_and_gone = {failure.source for failure in plan.failures} & (
        plan.live.sources.keys() - plan.sources.keys()
    )
    return Report(
        n_files=plan.n_files,
        n_passages=len(plan.passages),
        added=changes.named("added"),
        changed=changes.named("changed"),
        moved=changes.moves,
        unchanged=plan.unchanged,
        removed=tuple(sorted({*changes.named("removed"), *failed_and_gone})),
        kept=plan.kept,
        passages=changes.passages,
        failures=plan.failures,
        skipped=plan.skipped,
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        rebuild=plan.rebuild,
        generation=result.generation,
        n_vectors_computed=result.n_vectors_computed,
        n_vectors_reused=result.n_vectors_reused,
        dry_run=dry_run,
    )
