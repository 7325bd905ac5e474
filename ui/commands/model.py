"""`study model`: fetch the model's files, serve them, and say what runs."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.errors import BusyError
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.model_server import RunningServer

app = typer.Typer(name="model", help="Fetch and serve the model.", no_args_is_help=True)


@app.command()
def fetch(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A known name, a path or a hub id; that of the settings by default.",
            show_default=False,
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check all bytes; fetch damaged ones again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a model's files into the cache; goes on where it was interrupted."""
    from assistant import weights
    from assistant.settings import Settings

    settings = Settings.load()
    wanted = name or settings.model.name
    with terminal.progress() as bars:
        path = weights.resolve(
            wanted,
            cache=settings.cache,
            offline=settings.offline,
            progress=bars.add(wanted, "bytes"),
            verify=verify,
        )
    if as_json:
        terminal.print_json({"name": wanted, "path": str(path)})
    else:
        terminal.print_result(str(path))


@app.command()
def serve(
    engine: Annotated[
        Literal["auto", "vllm", "llamacpp"] | None,
        typer.Option("--engine", help="Instead of STUDY_MODEL__ENGINE.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the model until Ctrl-C; the page and `study ask` find it by themselves."""
    from assistant.model_server import find_running
    from assistant.settings import Settings
    from ui.serving import new_server, server_options, watch

    settings = Settings.load()
    if running := find_running(settings.home):
        raise BusyError(
            f"A model server already runs at {running.url}.",
            hint="Use that one, or set STUDY_HOME to run a second one.",
        )
    with terminal.progress() as bars:
        options = server_options(
            settings, report=bars.add(settings.model.name, "bytes"), engine=engine
        )
    terminal.note(f"Starting the model server ({options.engine}) …")
    with new_server(settings, options, warms_up=True) as server:
        running = server.wait_ready()
        if as_json:
            terminal.print_json(_as_json(running))
        else:
            terminal.print_result(running.url)
            sys.stdout.flush()
            terminal.note(f"{running.model} is served at {running.url} until Ctrl-C.")
        try:
            watch(server)
        except KeyboardInterrupt:
            terminal.note("Stopped.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Say whether the model's files are here, and which server runs."""
    from assistant import weights
    from assistant.model_server import find_running
    from assistant.settings import Settings

    settings = Settings.load()
    path = weights.find(settings.model.name, cache=settings.cache)
    running = find_running(settings.home)
    if as_json:
        terminal.print_json(
            {
                "model": settings.model.name,
                "path": None if path is None else str(path),
                "url": settings.model.url,
                "server": None if running is None else _as_json(running),
            }
        )
        return
    where = path or "not here; `study model fetch` fetches it"
    terminal.print_result(f"Model:  {settings.model.name}\nFiles:  {where}")
    if settings.model.url:
        terminal.print_result(f"Server: {settings.model.url} (STUDY_MODEL__URL)")
    elif running is None:
        terminal.print_result("Server: none runs; `study model serve` starts one")
    else:
        terminal.print_result(
            f"Server: {running.url} ({running.engine}, process {running.pid})\n"
            f"Log:    {running.log}"
        )


def _as_json(running: "RunningServer") -> dict[str, object]:
    return {
        "url": running.url,
        "model": running.model,
        "engine": running.engine,
        "pid": running.pid,
        "log": str(running.log),
    }
