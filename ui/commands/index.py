"""`study index`: the generations of the index: which is live, what differs, whole or not, back."""

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import IndexMissing, IndexUnusable
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

app = typer.Typer(
    name="index", help="Look at the index's generations, check them, go back.", no_args_is_help=True
)

ByOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who, for the log; you by default.")
]
NameArgument = Annotated[
    str | None, typer.Argument(help="The generation; see `study index list`.", show_default=False)
]


@app.command("list")
def list_generations(as_json: JsonOption = False) -> None:
    """List all generations, the oldest first."""
    from assistant import generations
    from assistant.settings import Settings

    home = Settings.load().home
    live = generations.current_name(home)
    rows = [_described(home, name, live) for name in generations.list_names(home)]
    if as_json:
        terminal.print_json({"live": live, "generations": rows})
        return
    if not rows:
        terminal.note(f"There is no index in {home}. {generations.BUILD_HINT}")
    for row in rows:
        sign = "*" if row["live"] else " "
        if "error" in row:
            terminal.print_result(f"{sign} {row['name']}  {row['error']}")
            continue
        terminal.print_result(
            f"{sign} {row['name']}  {row['n_sources']} files, {row['n_passages']} passages, "
            f"{row['created_at']}{_role(row)}"
        )


def _role(row: "Mapping[str, object]") -> str:
    if row["live"]:
        return "  (live)"
    return "  (candidate, never live)" if row["candidate"] else ""


def _described(home: "Path", name: str, live: str | None) -> dict[str, object]:
    from assistant import generations

    row: dict[str, object] = {
        "name": name,
        "live": name == live,
        "candidate": generations.is_candidate(home, name),
    }
    try:
        manifest = generations.read_manifest(home, name)
    except IndexUnusable as error:
        return {**row, "error": str(error)}
    return {
        **row,
        "created_at": manifest.created_at,
        "n_sources": len(manifest.sources),
        "n_passages": manifest.n_passages,
        "n_sentences": manifest.n_sentences,
        "embedder": manifest.shaped_by.get("embedder", ""),
    }


@app.command()
def verify(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """Check every file of a generation (the live one by default) against its sha256."""
    from assistant import generations
    from assistant.settings import Settings

    home = Settings.load().home
    name = name or _live(home)
    problems = generations.verify(home, name)
    if as_json:
        terminal.print_json({"name": name, "problems": problems})
    elif problems:
        terminal.print_result("\n".join(f"{name}: {problem}" for problem in problems))
        terminal.note(f"Hint: {generations.REBUILD_HINT}")
    else:
        terminal.print_result(f"{name}: all files are as they were written.")
    if problems:
        raise typer.Exit(1)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="The generation to start from.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The generation to end with.")],
    as_json: JsonOption = False,
) -> None:
    """Show what changed from one generation to another, and the evaluation cases that rest on it.

    Example: study index diff 20261122-195936 20261122-220353
    """
    from assistant import generations
    from assistant.settings import Settings
    from ingest.changes import find_changes
    from ui.commands.materials import materials_of
    from ui.commands.plan_view import plan_json, plan_lines

    settings = Settings.load()
    a, b = (generations.read_manifest(settings.home, name) for name in (before, after))
    changes = find_changes(materials_of(settings.home, before), materials_of(settings.home, after))
    shape = "; ".join(
        f"{name} was {a.shaped_by.get(name, 'unknown')} and is {b.shaped_by.get(name, 'unknown')}"
        for name in generations.differences(a.shaped_by, b.shaped_by)
    )
    plan = plan_json(changes, settings, rebuild=shape)
    if as_json:
        terminal.print_json(plan)
    else:
        terminal.print_result("\n".join(plan_lines(plan, counts_vectors=False)))


@app.command()
def rollback(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="GENERATION",
            help="The generation; that before the live one by default.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="For the log.")] = "",
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an older generation live again: the one that was live before, by default.

    The next `study publish` or `study ingest` takes in again what it lacks.
    """
    from assistant import audit, generations
    from assistant.settings import Settings
    from ui.commands.materials import user_name

    home = Settings.load().home
    with generations.writing(home):
        former = generations.current_name(home) if to else _live(home)
        target = to or _one_before(home)
        if generations.is_candidate(home, target):
            raise IndexUnusable(
                f"Generation {target} never was live.",
                hint="`study publish` measures it; with --force it goes live unmeasured.",
            )
        problems = generations.verify(home, target)
        if problems:
            raise IndexUnusable(
                f"Generation {target} is damaged: {problems[0]}",
                hint="Choose another one: study index list.",
            )
        if target != former:
            entry = audit.Entry(
                at=audit.now(),
                by=by or user_name(),
                action="rollback",
                former=former,
                to=target,
                reason=reason,
            )
            audit.switch(home, entry)
    if as_json:
        terminal.print_json({"live": target, "former": former})
    else:
        terminal.print_result(f"{target} is live; it was {former or 'none'}.")


@app.command()
def prune(
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Former generations to keep; STUDY_PUBLISH__KEEP_GENERATIONS."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete old generations; the live one, the last ones before it and new candidates stay."""
    from assistant.settings import Settings
    from ui.commands.pruning import prune_generations

    settings = Settings.load()
    options = settings.publish
    gone, freed_bytes = prune_generations(
        settings.home,
        keep=keep or options.keep_generations,
        keep_candidates_s=options.keep_days * 86400,
        dry_run=dry_run,
    )
    if as_json:
        terminal.print_json({"removed": gone, "bytes": freed_bytes, "dry_run": dry_run})
        return
    verb = "would go" if dry_run else "went"
    what = terminal.counted(len(gone), "generation")
    terminal.print_result(f"{what} {verb}, {freed_bytes / 1e6:.0f} MB.")
    for name in gone:
        terminal.print_result(f"  - {name}")


def _live(home: "Path") -> str:
    from assistant import generations

    name = generations.current_name(home)
    if name is None:
        raise IndexMissing("Nothing has been ingested yet.", hint=generations.BUILD_HINT)
    return name


def _one_before(home: "Path") -> str:
    from assistant import audit, generations

    live = _live(home)
    names = [name for name in generations.list_names(home) if not _is_no_target(home, name, live)]
    logged = audit.was_live_before(home, live)
    if logged in names:
        return str(logged)
    older = [name for name in names if name < live]
    if not older:
        raise IndexMissing(
            f"There is no generation before {live}.", hint="`study index list` shows them all."
        )
    return older[-1]


def _is_no_target(home: "Path", name: str, live: str) -> bool:
    from assistant import generations

    return name == live or generations.is_candidate(home, name)
