"""`study publish`: a candidate of the materials, measured, and live only if the gate holds."""

from pathlib import Path
from typing import Annotated

import typer

from ui import terminal
from ui.command_group import JsonOption


def publish(  # noqa: PLR0917
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
    force: Annotated[
        bool, typer.Option("--force", help="Go live without being measured; needs a reason.")
    ] = False,
    reason: Annotated[str, typer.Option(help="For the log.")] = "",
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who, for the log; you by default.")
    ] = None,
    drop_failed: Annotated[
        bool,
        typer.Option("--drop-failed", help="Remove what the index holds of files that fail now."),
    ] = False,
    only: Annotated[
        bool,
        typer.Option("--only", help="Remove what the index holds from other folders and files."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a candidate, measure it against the live index, and let it go live if the gate holds.

    The smoke set and every case whose evidence changed are asked of both. Stopped, it goes on where
    it was when it is run again. `study index rollback` takes it back.

    Example: study publish corpus --dry-run
    """
    from assistant.settings import Settings
    from ui.commands.materials import user_name
    from ui.commands.publication import Request, publish_materials
    from ui.commands.publication_view import show_outcome

    if force and not reason.strip():
        raise typer.BadParameter("Say why: --force --reason TEXT.", param_hint="--reason")
    settings = Settings.load()
    request = Request(
        roots=paths or settings.corpus,
        by=by or user_name(),
        reason=reason.strip(),
        is_forced=force,
        drops_failed=drop_failed,
        drops_others=only,
    )
    if dry_run:
        from ui.commands.ingest import show_plan

        show_plan(
            settings,
            request.roots,
            rebuild=False,
            drop_failed=drop_failed,
            only=only,
            as_json=as_json,
            only_plan=True,
        )
        return
    with terminal.progress() as bars:
        outcome = publish_materials(settings, request, bars)
    show_outcome(outcome, as_json=as_json)
    if outcome.failures or not (outcome.published or outcome.candidate is None):
        raise typer.Exit(1)
