"""`study index`: the generations of the index; which is live, whether they are whole, and back."""

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import IndexMissing, IndexUnusable
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(
    name="index", help="Look at the index's generations, check them, go back.", no_args_is_help=True
)

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
            f"{row['created_at']}{'  (live)' if row['live'] else ''}"
        )


def _described(home: "Path", name: str, live: str | None) -> dict[str, object]:
    from assistant import generations

    row: dict[str, object] = {"name": name, "live": name == live}
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
def rollback(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """Make an older generation live again: the one before the live one by default.

    The next `study ingest` takes in again what it lacks.
    """
    from assistant import generations
    from assistant.settings import Settings

    home = Settings.load().home
    with generations.writing(home):
        target = name or _one_before(home)
        problems = generations.verify(home, target)
        if problems:
            raise IndexUnusable(
                f"Generation {target} is damaged: {problems[0]}",
                hint="Choose another one: study index list.",
            )
        former = generations.current_name(home)
        generations.publish(home, target)
    if as_json:
        terminal.print_json({"live": target, "former": former})
    else:
        terminal.print_result(f"{target} is live; it was {former or 'none'}.")


def _live(home: "Path") -> str:
    from assistant import generations

    name = generations.current_name(home)
    if name is None:
        raise IndexMissing("Nothing has been ingested yet.", hint=generations.BUILD_HINT)
    return name


def _one_before(home: "Path") -> str:
    from assistant import generations

    live = _live(home)
    older = [name for name in generations.list_names(home) if name < live]
    if not older:
        raise IndexMissing(
            f"There is no generation before {live}.", hint="`study index list` shows them all."
        )
    return older[-1]
