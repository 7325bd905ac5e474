"""`study ingest`: files to a generation of the index, with vectors kept from earlier runs."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui import terminal
from ui.command_group import JsonOption
from ui.publish_progress import Stages

if TYPE_CHECKING:
    from assistant.embedding import Embedder
    from assistant.settings import Settings
    from ingest.pipeline import Report
    from ingest.plan import ParseFiles

_MOST_LISTED = 20


def ingest(  # noqa: PLR0917
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
    only: Annotated[
        bool,
        typer.Option("--only", help="Remove what the index holds from other folders and files."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on: publish what changes, through the gate; see publish."),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"] | None,
        typer.Option(help="Where files are read and embedded: here, or on a Ray cluster."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take files into the index; what has not changed costs nothing.

    The former index stays in use until the new one is complete, and for `study index rollback`. It
    goes live at once: `study publish` measures it before.

    Example: study ingest corpus notes/lecture.pdf --dry-run
    """
    from assistant.settings import Settings
    from ui.commands.materials import user_name
    from ui.commands.watch import watch_materials

    settings = _with_engine(Settings.load(), engine)
    roots = paths or settings.corpus
    if watch:
        if dry_run or rebuild or drop_failed or only:
            raise typer.BadParameter("It goes with PATH and --json alone.", param_hint="--watch")
        watch_materials(settings, roots, by=user_name(), as_json=as_json)
        return
    if dry_run:
        show_plan(
            settings,
            roots,
            rebuild=rebuild,
            drop_failed=drop_failed,
            only=only,
            as_json=as_json,
        )
        return
    with terminal.progress() as bars:
        report = ingest_materials(
            settings, roots, bars, rebuild=rebuild, drop_failed=drop_failed, only=only
        )
    if as_json:
        terminal.print_json(report.to_json())
    else:
        terminal.print_result("\n".join(report_lines(report)))
    if report.failures:
        raise typer.Exit(1)


def _with_engine(settings: "Settings", engine: Literal["local", "ray"] | None) -> "Settings":
    """Return the settings with the engine that was asked for, if one was."""
    if engine is None:
        return settings
    options = settings.ingest.model_copy(update={"engine": engine})
    return settings.model_copy(update={"ingest": options})


def show_plan(
    settings: "Settings",
    roots: Sequence[Path],
    *,
    rebuild: bool,
    drop_failed: bool,
    only: bool,
    as_json: bool,
    only_plan: bool = False,
) -> None:
    """Print what an ingestion would change; nothing is written. `only_plan`: JSON without report.

    Raises:
        typer.Exit: a file fails.
    """
    from assistant.wiring import open_settings_embedder
    from ingest.pipeline import report_on
    from ui.commands.engine import opened_engine
    from ui.commands.materials import count_vectors, plan_materials
    from ui.commands.plan_view import plan_json, plan_lines

    embedder = open_settings_embedder(settings)
    with terminal.progress() as bars, opened_engine(settings, embedder) as engine:
        plan = plan_materials(
            settings,
            roots,
            embedder,
            engine,
            Stages(bars),
            rebuild=rebuild,
            drop_failed=drop_failed,
            only=only,
        )
    report = report_on(plan, dry_run=True)
    values = plan_json(
        plan.changes,
        settings,
        n_vectors=count_vectors(settings, embedder, plan),
        rebuild=plan.rebuild,
    )
    if as_json:
        told = {} if only_plan else report.to_json()
        terminal.print_json({**told, "plan": values})
    else:
        terminal.print_result("\n".join(report_lines(report, *plan_lines(values))))
    if report.failures:
        raise typer.Exit(1)


def _note_problems(settings: "Settings", report: "Report") -> None:
    """Note what failed, for the Library page to show; that this fails is no failure."""
    from contextlib import suppress

    from ui.library.problems import keep_problems
    from ui.library.records import FileProblem

    problems = [
        FileProblem(source=each.source, place=each.place, message=each.reason, hint=each.hint)
        for each in report.failures
    ]
    with suppress(OSError):
        keep_problems(settings.home, problems)


def ingest_materials(
    settings: "Settings",
    roots: Sequence[Path],
    bars: terminal.Bars,
    *,
    rebuild: bool = False,
    drop_failed: bool = False,
    only: bool = False,
    embedder: "Embedder | None" = None,
    parse: "ParseFiles | None" = None,
) -> "Report":
    """Return the report on taking `roots` into the index of these settings; it goes live at once.

    Args:
        settings: those in force.
        roots: folders and files.
        bars: where progress is shown.
        embedder: instead of opening that of the settings.
        parse: instead of that of the engine.
        rebuild: read also what has not changed; a damaged index is left behind.
        drop_failed: let go of what the index holds of files that fail.
        only: let go of all that came from elsewhere.

    Raises:
        StudyError: nothing could be taken in, or another process is at it.
    """
    from assistant import audit, generations
    from assistant.wiring import open_settings_embedder
    from ingest.pipeline import carry_out
    from ui.commands.engine import opened_engine
    from ui.commands.materials import candidate_builder, plan_materials, summary, user_name

    embedder, stages = embedder or open_settings_embedder(settings), Stages(bars)
    with generations.writing(settings.home), opened_engine(settings, embedder) as engine:
        audit.heal(settings.home)
        plan = plan_materials(
            settings,
            roots,
            embedder,
            replace(engine, parse=parse) if parse else engine,
            stages,
            rebuild=rebuild,
            drop_failed=drop_failed,
            only=only,
        )
        report = carry_out(
            plan, candidate_builder(settings, embedder, engine, stages, from_nothing=rebuild)
        )
        if plan.has_news:
            entry = audit.Entry(
                at=audit.now(),
                by=user_name(),
                action="ingest",
                former=generations.current_name(settings.home),
                to=report.generation,
                summary=summary(plan.changes),
            )
            audit.switch(settings.home, entry)
    _note_problems(settings, report)
    return report


def report_lines(report: "Report", *plan: str, lists_skipped: bool = True) -> list[str]:
    """Return what people want to know of an ingestion, a line each.

    The lines of `plan`, if there are any, stand for the lists of files.
    """
    counts = {
        "added": report.added,
        "changed": report.changed,
        "moved": tuple(f"{new} (was {old})" for old, new in report.moved.items()),
        "removed": report.removed,
        "unchanged": report.unchanged,
    }
    lines = [
        f"{terminal.counted(report.n_files, 'file')}: "
        + ", ".join(f"{len(names)} {word}" for word, names in counts.items())
        + f", {len(report.failures)} failed.",
        f"{terminal.counted(report.n_passages, 'passage')}: "
        + ", ".join(f"{n} {word}" for word, n in asdict(report.passages).items())
        + ".",
    ]
    if plan:
        lines += plan
    else:
        for word, sign in (("added", "+"), ("changed", "~"), ("moved", ">"), ("removed", "-")):
            lines += _listed([f"  {sign} {name}" for name in counts[word]])
    kept = set(report.kept)
    for failure in report.failures:
        where = f"{failure.source}, {failure.place}" if failure.place else failure.source
        lines.append(f"  ! {where}: {failure.reason} {failure.hint}".rstrip())
        if failure.source in kept or failure.source.endswith("/"):
            lines.append("    What the index held of it stays.")
    if lists_skipped:
        lines += _listed(
            [f"    left out: {each.source} ({each.reason})" for each in report.skipped]
        )
    return [terminal.printable(line) for line in [*lines, _outcome(report)]]


def _outcome(report: "Report") -> str:
    has_news = report.added or report.changed or report.moved or report.removed or report.rebuild
    if report.dry_run:
        return "Nothing was written (dry run)." if has_news else "There would be nothing to do."
    if "index" not in report.seconds:
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
