"""Materials → plan → generation, with the settings' embedder and cache: for ingest and publish."""

import getpass
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import IndexUnusable
from ui import terminal
from ui.publish_progress import Stages

if TYPE_CHECKING:
    from assistant.embedding import Embedder
    from assistant.generations import Source
    from assistant.records import Passage
    from assistant.settings import Settings
    from ingest.changes import Changes, FileChangeKind, Materials
    from ingest.pipeline import Build, BuildResult
    from ingest.plan import Live, Planned, Progress
    from ui.commands.engine import Engine

VECTOR_CACHE_FILE = "vectors.sqlite"


def plan_materials(
    settings: "Settings",
    roots: Sequence[Path],
    embedder: "Embedder",
    engine: "Engine",
    stages: Stages,
    *,
    rebuild: bool = False,
    drop_failed: bool = False,
    only: bool = False,
) -> "Planned":
    """Return what taking in `roots` comes to; writes nothing, and warns of files taken in twice.

    Args:
        settings: those in force.
        roots: folders and files.
        embedder: that of the settings.
        engine: where files are parsed.
        stages: where progress is shown.
        rebuild: read also what has not changed; a damaged index is left behind.
        drop_failed: let go of what the index holds of files that fail.
        only: let go of all that came from elsewhere.

    Raises:
        StudyError: nothing could be taken in.
    """
    from ingest.parse import Limits
    from ingest.plan import make_plan

    options = settings.ingest
    plan = make_plan(
        roots,
        parse=engine.parse,
        limits=Limits(
            max_file_bytes=int(options.max_file_mb * 1e6),
            max_unpacked_bytes=int(options.max_unpacked_mb * 1e6),
            timeout_s=options.timeout_s,
        ),
        max_tokens=options.passage_tokens,
        count_tokens=embedder.count_tokens,
        embedder=embedder.fingerprint,
        live=live_materials(settings.home, is_rebuilt=rebuild),
        drop_failed=drop_failed,
        only=only,
        rebuild=rebuild,
        progress=_counted(stages),
        announce=lambda reason: terminal.note(f"Everything is read and indexed anew: {reason}."),
    )
    if plan.twice:
        folders = sorted({plan.live.sources[source].root for source in plan.twice.values()})
        terminal.warn(
            f"{terminal.counted(len(plan.twice), 'file')} would be in the index twice: "
            f"what was taken in from {', '.join(folders)} stays.",
            "With --only, the index holds what is given and nothing else.",
        )
    return plan


def live_materials(home: Path, *, is_rebuilt: bool = False) -> "Live":
    """Return what is live; nothing before the first generation.

    Raises:
        IndexCorrupt: it is damaged, and not to be rebuilt.
    """
    from assistant import generations
    from ingest.plan import Live

    name = generations.current_name(home)
    if name is None:
        return Live()
    try:
        materials = materials_of(home, name)
    except IndexUnusable as error:
        if not is_rebuilt:
            raise
        terminal.warn(f"{error} The new index is built from the given files alone.")
        return Live()
    return Live(
        generation=name,
        sources=materials.sources,
        passages=materials.passages,
        shaped_by=generations.read_manifest(home, name).shaped_by,
    )


def materials_of(home: Path, name: str) -> "Materials":
    """Return the sources and passages of the generation `name`.

    Raises:
        IndexUnusable: there is none, or it is damaged.
    """
    from assistant.index import open_index
    from ingest.changes import Materials

    index = open_index(home, name, fingerprint=None)  # all of it, so that any damage shows
    sources, store = index.manifest.sources, index.passages
    del index  # its vectors are most of the memory
    passages: dict[str, list[Passage]] = {source: [] for source in sources}
    for passage in store.everything():
        passages.setdefault(passage.source, []).append(passage)
    return Materials(sources=sources, passages=passages)


def count_vectors(settings: "Settings", embedder: "Embedder", plan: "Planned") -> int:
    """Return how many vectors the plan's generation would have computed; writes nothing."""
    from assistant.embedded_texts import texts_to_embed
    from assistant.passage_store import key_of
    from assistant.vector_cache import VectorCache, count_missing

    if not plan.has_news:
        return 0
    # What is live is taken over; to look it up all the same takes long at 40,000 passages.
    of_sources = () if plan.rebuild else plan.live.passages.values()
    live = {key_of(passage) for passages in of_sources for passage in passages}
    new = [passage for passage in plan.passages if key_of(passage) not in live]
    cache = VectorCache(settings.cache / VECTOR_CACHE_FILE)
    return count_missing(embedder, texts_to_embed(new), cache)


def candidate_builder(
    settings: "Settings",
    embedder: "Embedder",
    engine: "Engine",
    stages: Stages,
    *,
    from_nothing: bool = False,
) -> "Build":
    """Return what builds a candidate of these settings, or finds the one that is there already.

    `from_nothing`: take nothing over from the live generation.
    """
    from assistant.index_build import build_generation
    from assistant.vector_cache import VectorCache, embed_ahead, embed_with_cache
    from ingest.pipeline import BuildResult

    cache = VectorCache(settings.cache / VECTOR_CACHE_FILE)

    def build(
        passages: "Sequence[Passage]",
        *,
        sources: "Mapping[str, Source]",
        roots: Sequence[str],
        shaped_by: Mapping[str, str],
    ) -> "BuildResult":
        if name := _same_candidate(settings.home, sources, shaped_by):
            return BuildResult(generation=name)
        n_computed, embed_s = 0, 0.0

        def compute(texts: Sequence[str]) -> None:
            nonlocal n_computed, embed_s
            started = time.perf_counter()
            report = stages.begin("embed", "Vectors of passages and sentences")
            n_computed = embed_ahead(embedder, texts, cache, report, engine.embed_batches)
            embed_s = time.perf_counter() - started
            stages.enter("index", "The index is written")

        manifest = build_generation(
            settings.home,
            passages,
            sources=sources,
            roots=roots,
            fingerprint=embedder.fingerprint,
            embed=lambda texts: embed_with_cache(embedder, texts, cache)[0],
            embed_ahead=compute,
            shaped_by=shaped_by,
            go_live=False,
            takes_over=not from_nothing,
        )
        return BuildResult(
            generation=manifest.name,
            n_vectors_computed=n_computed,
            n_vectors_reused=manifest.n_passages + manifest.n_sentences - n_computed,
            embed_s=embed_s,
        )

    return build


def _same_candidate(
    home: Path, sources: "Mapping[str, Source]", shaped_by: Mapping[str, str]
) -> str | None:
    """Return a candidate of the same content, whole; None if there is none."""
    from assistant import generations
    from ingest.plan import same_content

    for name in reversed(generations.list_names(home)):
        try:
            manifest = generations.read_manifest(home, name)
            if (
                generations.is_candidate(home, name)
                and manifest.shaped_by == dict(shaped_by)
                and same_content(manifest.sources, sources)
                and not generations.verify(home, name)
            ):
                return name
        except IndexUnusable:
            continue
    return None


def summary(changes: "Changes") -> str:
    """Return what changes in a few words: "1 file changed, 2 moved"."""
    kinds: tuple[FileChangeKind, ...] = ("added", "changed", "moved", "removed")
    counts = [(kind, len(changes.named(kind))) for kind in kinds]
    parts = [f"{n} {word}" for word, n in counts if n]
    return f"files: {', '.join(parts)}" if parts else "no file changed"


def user_name() -> str:
    """Return who runs this process, for the log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user has no name
        return "unknown"


def _counted(stages: Stages) -> "Progress":
    """Return what shows the stages that are counted in files."""
    labels = {"discover": "Files looked at", "parse": "Files read"}
    reports: dict[str, Callable[[int, int], None]] = {}

    def progress(stage: str, done: int, total: int, source: str) -> None:
        if stage in labels:
            if stage not in reports:
                reports[stage] = stages.begin("parse", labels[stage])
            reports[stage](done, total)

    return progress
