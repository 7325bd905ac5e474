"""`study ingest`: files to a generation of the index, with vectors kept from earlier runs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import IndexUnusable
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.embedding import Embedder
    from assistant.records import Passage
    from assistant.settings import Settings
    from ingest.pipeline import Build, Live
    from ingest.records import Report

VECTOR_CACHE_FILE = "vectors.sqlite"

_STAGES = {"discover": "Files looked at", "parse": "Files read"}
_MOST_LISTED = 20


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH…",
            help="Folders and files; those of STUDY_CORPUS by default.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read also the files that have not changed.")
    ] = False,
    drop_failed: Annotated[
        bool,
        typer.Option("--drop-failed", help="Remove what the index holds of files that fail now."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take files into the index; what has not changed costs nothing.

    The former index stays in use until the new one is complete, and for `study index rollback`.

    Example: study ingest corpus notes/lecture.pdf --dry-run
    """
    from assistant.settings import Settings

    settings = Settings.load()
    with terminal.progress() as bars:
        report = ingest_materials(
            settings,
            paths or settings.corpus,
            bars,
            dry_run=dry_run,
            rebuild=rebuild,
            drop_failed=drop_failed,
        )
    if as_json:
        terminal.print_json(report.to_json())
    else:
        terminal.print_result("\n".join(report_lines(report)))
    if report.failures:
        raise typer.Exit(1)


def _note_problems(settings: "Settings", report: "Report") -> None:
    """Note what failed, for the Library page to show; that this fails is no failure."""
    from contextlib import suppress

    from ui.library.problems import keep_problems
    from ui.library.records import FileProblem

    problems = [
        FileProblem(source=each.source, message=each.reason, hint=each.hint)
        for each in report.failures
    ]
    with suppress(OSError):
        keep_problems(settings.home, problems)


def ingest_materials(
    settings: "Settings",
    roots: Sequence[Path],
    bars: terminal.Bars,
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    drop_failed: bool = False,
) -> "Report":
    """Return the report on taking `roots` into the index of these settings.

    Args:
        settings: those in force.
        roots: folders and files.
        bars: where progress is shown.
        dry_run: change nothing.
        rebuild: read also what has not changed; a damaged index is left behind.
        drop_failed: let go of what the index holds of files that fail.

    Raises:
        StudyError: nothing could be taken in, or another process is at it.
    """
    from assistant import generations
    from assistant.wiring import open_settings_embedder
    from ingest.parse import Limits
    from ingest.parser_pool import n_workers
    from ingest.pipeline import ingest as take_in

    options = settings.ingest
    embedder = open_settings_embedder(settings)
    with generations.writing(settings.home):
        live = _live(settings.home, is_rebuilt=rebuild)
        report = take_in(
            roots,
            build=_builder(settings, embedder, bars),
            limits=Limits(
                max_file_bytes=int(options.max_file_mb * 1e6),
                max_unpacked_bytes=int(options.max_unpacked_mb * 1e6),
                timeout_s=options.timeout_s,
            ),
            max_tokens=options.passage_tokens,
            count_tokens=embedder.count_tokens,
            workers=n_workers(options.workers),
            live=live,
            drop_failed=drop_failed,
            # Vectors of another embedder can't stay beside the new ones.
            rebuild=rebuild or live.shaped_by.get("embedder") != embedder.fingerprint,
            dry_run=dry_run,
            progress=_stages(bars),
        )
    if not dry_run:
        _note_problems(settings, report)
    return report


def _live(home: Path, *, is_rebuilt: bool) -> "Live":
    """Return what is live; nothing before the first generation.

    Raises:
        IndexCorrupt: it is damaged, and not to be rebuilt.
    """
    from assistant import generations
    from assistant.index import open_index
    from ingest.pipeline import Live

    name = generations.current_name(home)
    if name is None:
        return Live()
    try:
        index = open_index(home, name, fingerprint=None)
    except IndexUnusable as error:
        if not is_rebuilt:
            raise
        terminal.warn(f"{error} The new index is built from the given files alone.")
        return Live()
    passages: dict[str, list[Passage]] = {}
    for passage in index.passages.everything():
        passages.setdefault(passage.source, []).append(passage)
    manifest = index.manifest
    return Live(
        generation=manifest.name,
        sources=manifest.sources,
        passages=passages,
        shaped_by=manifest.shaped_by,
    )


def _builder(settings: "Settings", embedder: "Embedder", bars: terminal.Bars) -> "Build":
    """Return what builds a generation of these settings with `embedder`, vectors kept."""
    from assistant.embedding import FloatArray
    from assistant.generations import Source
    from assistant.index_build import build_generation
    from assistant.records import Passage
    from assistant.vector_cache import VectorCache, embed_with_cache
    from ingest.pipeline import BuildResult

    cache = VectorCache(settings.cache / VECTOR_CACHE_FILE)

    def build(
        passages: Sequence[Passage],
        *,
        sources: Mapping[str, Source],
        roots: Sequence[str],
        shaped_by: Mapping[str, str],
    ) -> BuildResult:
        labels = iter(("Vectors of passages", "Vectors of sentences"))
        n_computed = n_texts = 0

        def embed(texts: Sequence[str]) -> FloatArray:
            nonlocal n_computed, n_texts
            vectors, n_new = embed_with_cache(embedder, texts, cache, bars.add(next(labels)))
            n_computed, n_texts = n_computed + n_new, n_texts + len(texts)
            return vectors

        manifest = build_generation(
            settings.home,
            passages,
            sources=sources,
            roots=roots,
            fingerprint=embedder.fingerprint,
            embed=embed,
            shaped_by=shaped_by,
        )
        return BuildResult(
            generation=manifest.name,
            n_vectors_computed=n_computed,
            n_vectors_reused=n_texts - n_computed,
        )

    return build


def _stages(bars: terminal.Bars) -> Callable[[str, int, int, str], None]:
    """Return what shows the stages that are counted in files."""
    reports: dict[str, terminal.Report] = {}

    def progress(stage: str, done: int, total: int, source: str) -> None:
        if stage in _STAGES:
            if stage not in reports:
                reports[stage] = bars.add(_STAGES[stage])
            reports[stage](done, total)

    return progress


def report_lines(report: "Report", *, lists_skipped: bool = True) -> list[str]:
    """Return what people want to know of an ingestion, a line each."""
    counts = {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
    }
    lines = [
        f"{terminal.counted(report.n_files, 'file')}: "
        + ", ".join(f"{len(names)} {word}" for word, names in counts.items())
        + f", {len(report.failures)} failed."
    ]
    for word, sign in (("added", "+"), ("changed", "~"), ("removed", "-")):
        lines += _listed([f"  {sign} {name}" for name in counts[word]])
    kept = set(report.kept)
    for failure in report.failures:
        lines.append(f"  ! {failure.source}: {failure.reason} {failure.hint}".rstrip())
        if failure.source in kept:
            lines.append("    What the index held of it stays.")
    if lists_skipped:
        lines += _listed(
            [f"    left out: {each.source} ({each.reason})" for each in report.skipped]
        )
    return [terminal.printable(line) for line in [*lines, _outcome(report)]]


def _outcome(report: "Report") -> str:
    has_news = report.added or report.changed or report.removed
    if report.dry_run:
        return "Nothing was written (dry run)." if has_news else "There would be nothing to do."
    if "build" not in report.seconds:
        return (
            f"Nothing to do: the index {report.generation} is up to date."
            if report.generation
            else "Nothing was indexed."
        )
    passages = terminal.counted(report.n_passages, "passage")
    vectors = terminal.counted(report.n_vectors_computed, "vector")
    took = terminal.duration(sum(report.seconds.values()))
    return (
        f"The index {report.generation} is live: {passages}; "
        f"{vectors} computed, {report.n_vectors_reused} reused; {took}."
    )


def _listed(lines: Sequence[str]) -> list[str]:
    """Return the first of `lines`, and how many more there are."""
    more = len(lines) - _MOST_LISTED
    return [*lines[:_MOST_LISTED], *([f"  … and {more} more"] if more > 0 else [])]
