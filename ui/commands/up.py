"""`study up`: everything at once: the index, the page, the model; until Ctrl-C.

The model's files are fetched while the index is built: one waits for the network, the other for
the processor. The page is there as soon as the index is, and answers with extracts until the
model is ready.
"""

import json
import os
import threading
import time
import webbrowser
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from assistant.errors import (
    BusyError,
    IndexCorrupt,
    IndexUnusable,
    IngestError,
    ModelUnreachable,
    StudyError,
)
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.model_server import ModelServer
    from assistant.server_commands import ServerOptions
    from assistant.settings import Settings
    from ui.page_server import Page

LOCK_FILE = "up.lock"
STATE_FILE = "up.json"

_LOOK_EVERY_S = 0.5

Result = TypeVar("Result")


def up(
    no_open: Annotated[bool, typer.Option("--no-open", help="Don't open a browser.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Port of the page; 0: any.", show_default=False
        ),
    ] = None,
    steps_before: Annotated[int, typer.Option("--steps-before", min=0, hidden=True)] = 0,
    as_json: JsonOption = False,
) -> None:
    """Start everything: index the materials, open the page, serve the model; until Ctrl-C.

    What is there already is used; interrupted work goes on where it was.
    """
    from filelock import FileLock, Timeout

    from assistant.settings import Settings

    settings = Settings.load()
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _say_it_runs(home, as_json=as_json)
        return
    try:
        with ExitStack() as stack:
            page, server = _start(
                settings,
                stack,
                terminal.Steps(4, n_before=steps_before),
                port=settings.web.port if port is None else port,
                opens_browser=not no_open,
                as_json=as_json,
            )
            try:
                _watch(page, server)
            except KeyboardInterrupt:
                terminal.note("Stopping …")
        terminal.note("Stopped.")
    finally:
        (home / STATE_FILE).unlink(missing_ok=True)
        lock.release()


def _start(
    settings: "Settings",
    stack: ExitStack,
    steps: terminal.Steps,
    *,
    port: int,
    opens_browser: bool,
    as_json: bool,
) -> "tuple[Page, ModelServer | None]":
    """Return the page and the model's server, if it is ours; `stack` stops them."""
    from assistant.model_server import find_running
    from ui.serving import server_options

    with terminal.progress() as bars:
        steps.begin("Settings")
        terminal.note(f"  state in {settings.home}, models in {settings.cache}")
        fetched: Future[ServerOptions] | None = None
        if settings.model.url is None and find_running(settings.home) is None:
            report = bars.add(settings.model.name, "bytes")
            fetched = in_background(partial(server_options, settings, report=report))
        steps.begin(f"Index of {', '.join(str(root) for root in settings.corpus)}")
        _index(settings, bars)
        steps.begin("Page")
        page = _open_page(settings, stack, port, opens_browser=opens_browser, as_json=as_json)
        steps.begin(f"Model {settings.model.name}")
        url, server = _model(settings, stack, fetched, page, as_json=as_json)
    if url is not None:
        terminal.note("  Ready.")
    terminal.note("  Ctrl-C stops everything.")
    return page, server


def _index(settings: "Settings", bars: terminal.Bars) -> None:
    """Have an index of the materials; what is wrong with some files only warns.

    One that was published, or gone back to, is left as it is: a start must not undo that.

    Raises:
        StudyError: there is none, and none can be built.
    """
    from assistant import generations
    from ui.commands.ingest import ingest_materials, report_lines

    if live := _published(settings):
        terminal.note(f"  {live} was published; `study publish` takes in what has changed.")
        return
    try:
        try:
            report = ingest_materials(settings, settings.corpus, bars)
        except IndexCorrupt:
            report = ingest_materials(settings, settings.corpus, bars, rebuild=True)
    except (IngestError, BusyError) as error:
        live = generations.current_name(settings.home)
        if live is None:
            raise
        terminal.warn(str(error), f"The index stays as it is ({live}).")
        return
    for line in report_lines(report, lists_skipped=False):
        terminal.note(f"  {line}")


def _published(settings: "Settings") -> str | None:
    """Return the live generation if it was made so by hand, and can be used; else None."""
    from assistant import audit, generations
    from assistant.wiring import open_settings_embedder

    log = audit.read(settings.home)
    if not log or log[-1].action == "ingest":
        return None
    try:
        live = generations.current_name(settings.home)
        if live is None or generations.verify(settings.home, live):
            return None
        built_with = generations.read_manifest(settings.home, live).shaped_by.get("embedder")
    except IndexUnusable:
        return None
    return live if built_with == open_settings_embedder(settings).fingerprint else None


def _open_page(
    settings: "Settings", stack: ExitStack, wanted_port: int, *, opens_browser: bool, as_json: bool
) -> "Page":
    from assistant.generations import write_atomically
    from ui.page_server import LOG_FILE, choose_port, has_display, serve_page

    host = settings.web.host
    port = choose_port(host, wanted_port)
    if wanted_port not in (0, port):
        terminal.note(f"  Port {wanted_port} is taken; the page takes {port}.")
    page = stack.enter_context(serve_page(host=host, port=port, log=settings.home / LOG_FILE))
    state = {"url": page.url, "pid": os.getpid()}
    write_atomically(settings.home / STATE_FILE, json.dumps(state))
    if as_json:
        terminal.print_json({"event": "page", "url": page.url})
    else:
        terminal.print_result(f"  The page is at {page.url}")
    if opens_browser and has_display(os.environ):
        webbrowser.open(page.url)
    return page


def _model(
    settings: "Settings",
    stack: ExitStack,
    fetched: "Future[ServerOptions] | None",
    page: "Page",
    *,
    as_json: bool,
) -> "tuple[str | None, ModelServer | None]":
    """Return the address of the model's server, None without one, and the server if it is ours."""
    from ui.page_server import PageEnded

    server: ModelServer | None = None
    try:
        if fetched is None:
            url = _url_of_other(settings)
        else:
            url, server = _serve_model(settings, stack, fetched, page)
    except PageEnded:
        raise
    except StudyError as error:
        terminal.warn(f"{error} {error.hint}".rstrip(), "The page answers with extracts.")
        if as_json:
            terminal.print_json({"event": "model", "error": str(error), "hint": error.hint})
        return None, None
    if as_json:
        terminal.print_json({"event": "model", "url": url})
    return url, server


def _url_of_other(settings: "Settings") -> str:
    """Return the address of a server that somebody else runs.

    Raises:
        ModelUnreachable: it doesn't answer.
    """
    from assistant.model_server import find_running
    from ui.serving import require_healthy

    if settings.model.url is not None:
        require_healthy(settings)
        terminal.note(f"  {settings.model.url} answers.")
        return settings.model.url
    running = find_running(settings.home)
    if running is None:
        raise ModelUnreachable(
            "The model server that ran has stopped.", hint="Run `study model serve`."
        )
    terminal.note(f"  {running.url} serves it already.")
    return running.url


def _serve_model(
    settings: "Settings", stack: ExitStack, fetched: "Future[ServerOptions]", page: "Page"
) -> "tuple[str, ModelServer | None]":
    from ui.serving import new_server, wait_or_start

    while not fetched.done():
        page.check()
        time.sleep(_LOOK_EVERY_S)
    options = fetched.result()
    terminal.note(f"  starting the server ({options.engine}); until then answers are extracts")
    server = new_server(settings, options, warms_up=True)
    if other := wait_or_start(server, settings):
        return other.url, None
    stack.callback(server.stop)
    while server.state == "starting":
        page.check()
        time.sleep(_LOOK_EVERY_S)
    return server.wait_ready().url, server


def _watch(page: "Page", server: "ModelServer | None") -> None:
    """Return never, as long as the page lives; say once if the model's server gives up.

    Raises:
        PageEnded: the page's process is gone.
    """
    while True:
        page.check()
        if server is not None and server.state == "failed":
            terminal.warn(f"The model server gave up; see {server.log}.", "Answers are extracts.")
            server = None
        time.sleep(_LOOK_EVERY_S)


def _say_it_runs(home: Path, *, as_json: bool) -> None:
    """Print where the page of the `study up` that runs already is."""
    try:
        url = str(json.loads((home / STATE_FILE).read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        url = ""
    if as_json:
        terminal.print_json({"event": "page", "url": url or None, "already_running": True})
    elif url:
        terminal.print_result(f"`study up` runs already: the page is at {url}")
    else:
        terminal.note("`study up` runs already; its page is not there yet.")


def in_background(work: Callable[[], Result]) -> "Future[Result]":
    """Return the future result of `work`, done in a thread that doesn't outlive the program."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, name="background", daemon=True).start()
    return future
